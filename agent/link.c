/* SPDX-License-Identifier: MIT */
/* The connection to the collector. */

#include "link.h"

#include "descriptor.h"
#include "interpose.h"
#include "worker.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RETRY_NS 1000000000u

static int sock = -1;
static uint64_t retry_at; /* CLOCK_MONOTONIC */

static bool send_ring(int fd)
{
	struct ct_ring_hello hello = {
		.magic = CT_RING_MAGIC,
		.version = CT_RING_VERSION,
		.pid = worker.ring.header->pid,
		.data_size = worker.ring.size,
	};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = &hello, .iov_len = sizeof(hello)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	memcpy(hello.ring_id, worker.ring.header->ring_id, sizeof(hello.ring_id));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &worker.ring.memfd, sizeof(int));
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(hello);
}

/* A stopped collector with a full backlog is EAGAIN, a missing one ECONNREFUSED or ENOENT: never a
 * wait. */
static void link_open(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int fd;

	if (now < retry_at)
		return;
	retry_at = now + RETRY_NS;
	fd = descriptor_apart(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return;
	memcpy(addr.sun_path, worker.settings.socket, sizeof(addr.sun_path));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || !send_ring(fd))
		real_close(fd);
	else
		sock = fd;
}

void link_wake(void)
{
	const char wake = CT_RING_WAKE;
	int saved = errno;

	if (!worker.ring.header)
		return;
	if (sock >= 0 && send(sock, &wake, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
	    errno != EINTR && errno != ENOBUFS)
		link_close();
	if (sock < 0)
		link_open();
	errno = saved;
}

void link_hurry(void)
{
	retry_at = 0;
}

void link_close(void)
{
	if (sock >= 0)
		real_close(sock);
	sock = -1;
}

int link_fd(void)
{
	return sock;
}
