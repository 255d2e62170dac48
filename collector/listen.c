/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "cleanup.h"

#define BACKLOG 128
#define FDS_MAX 16

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

/* Only what nobody answers on is stale. */
static int remove_stale(const struct sockaddr_un *address)
{
	_cleanup_(closep) int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static void make_parent(const char *path)
{
	_cleanup_(freep) char *copy = strdup(path);

	/* When it cannot be made, bind() says so. */
	if (copy && mkdir(dirname(copy), 0755) == 0)
		chmod(copy, 0755);
}

int listen_open(const char *path)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un address;
	int r = sd_listen_fds(1);

	if (r == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_SEQPACKET, 1, NULL, 0) > 0)
		return SD_LISTEN_FDS_START;
	r = address_of(path, &address);
	if (r < 0)
		return r;
	make_parent(path);
	r = remove_stale(&address);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	/* Who may is decided by the peer's credentials. */
	if (chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}

bool user_allowed(const struct config *config, uid_t uid)
{
	bool allowed = uid == 0 || uid == geteuid();

	for (unsigned int i = 0; i < config->allow_count; i++)
		allowed = allowed || uid == config->allow[i];
	return allowed;
}

int peer_check(int fd, const struct config *config, pid_t *ret_pid, uid_t *ret_uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	*ret_pid = peer.pid;
	*ret_uid = peer.uid;
	return user_allowed(config, peer.uid) ? 0 : -EACCES;
}

/* The first descriptor of a message; all others are closed. */
static int take_fds(struct msghdr *message)
{
	int first = -1, fds[FDS_MAX];

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || n > FDS_MAX)
			continue;
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
		for (size_t i = 0; i < n; i++) {
			if (first < 0)
				first = fds[i];
			else
				close(fds[i]);
		}
	}
	return first;
}

int peer_receive(int fd, struct ct_ring_hello *ret, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct ct_ring_hello hello;
	struct iovec iov = {&hello, sizeof(hello)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	_cleanup_(closep) int offered = -1;
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : -ECONNRESET;
	offered = take_fds(&message);
	if (n == 0)
		return -ECONNRESET;
	if (n == 1 && offered < 0 && *(const char *)&hello == CT_RING_WAKE)
		return PEER_WAKE;
	if (n != sizeof(hello) || offered < 0 || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EPROTO;
	*ret = hello;
	*ret_fd = offered;
	offered = -1;
	return PEER_HELLO;
}
