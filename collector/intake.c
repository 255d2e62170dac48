/* SPDX-License-Identifier: MIT */
#include "intake.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "abandon.h"
#include "adopt.h"
#include "cleanup.h"
#include "listen.h"
#include "orphans.h"
#include "producer.h"

#define SOON_US		5000u	 /* a wake waits so long for others */
#define POLL_US		100000u	 /* rings whose producer could not wake us */
#define SEARCH_US	5000000u /* rings that nobody offered, living and dead */
#define ORPHANS_EVERY	12	 /* searches */
#define CONNECTIONS_MAX 4096
#define MESSAGES_MAX	64 /* of one connection at a time */

struct connection {
	struct intake *intake;
	struct connection *next;
	sd_event_source *source;
	struct producer *producer; /* NULL until it offered a ring */
	uint8_t ring_id[16];
	pid_t pid;
	int fd; /* of the socket; of the process, where the ring was adopted */
	bool adopted;
	bool woken;
	bool ended;
};

struct intake {
	const struct config *config;
	struct store *store;
	struct writer *writer;
	sd_event *event;
	sd_event_source *soon;
	sd_event_source *poll;
	sd_event_source *search;
	unsigned int searches;
	struct connection *connections;
	unsigned int count;
	time_t complained_at;
	unsigned int unsaid;
	int fd;
};

CLEANUP_DEFINE(struct store_txn *, store_abort);

static void connection_free(struct connection *connection)
{
	sd_event_source_unref(connection->source);
	producer_free(connection->producer);
	if (connection->fd >= 0)
		close(connection->fd);
	free(connection);
}

/* At most one line a second about peers that misbehave. */
static void complain(struct intake *intake, const char *what, pid_t pid)
{
	time_t now = time(NULL);

	if (now == intake->complained_at) {
		intake->unsaid++;
		return;
	}
	if (intake->unsaid)
		log_warning("%u more complaints were not logged", intake->unsaid);
	log_warning("process %d: %s", (int)pid, what);
	intake->complained_at = now;
	intake->unsaid = 0;
}

static void soon(struct intake *intake)
{
	uint64_t now;
	int enabled;

	if (sd_event_source_get_enabled(intake->soon, &enabled) < 0 || enabled != SD_EVENT_OFF)
		return;
	sd_event_now(intake->event, CLOCK_MONOTONIC, &now);
	sd_event_source_set_time(intake->soon, now + SOON_US);
	sd_event_source_set_enabled(intake->soon, SD_EVENT_ONESHOT);
}

static int read_one(struct intake *intake, struct connection *connection)
{
	int r = producer_read(connection->producer, intake->writer);

	if (r == -EPROTO || r == -EBADMSG) {
		complain(intake, "its ring holds what is no frame; dropped", connection->pid);
		connection->ended = true;
		r = 0;
	}
	if (r == 0 && connection->ended)
		r = producer_finish(connection->producer, intake->writer);
	return r < 0 ? r : producer_put(connection->producer, intake->writer);
}

static bool wants_reading(const struct connection *connection, bool all)
{
	return connection->producer && (connection->woken || connection->ended ||
					(all && producer_busy(connection->producer)));
}

static void drop_ended(struct intake *intake)
{
	for (struct connection **p = &intake->connections; *p;) {
		struct connection *connection = *p;

		if (!connection->ended) {
			p = &connection->next;
			continue;
		}
		*p = connection->next;
		intake->count--;
		connection_free(connection);
	}
}

static void rolled_back(struct intake *intake)
{
	for (struct connection *c = intake->connections; c; c = c->next)
		if (c->producer)
			producer_rolled_back(c->producer);
}

static int batch(struct intake *intake, bool all)
{
	int r = writer_begin(intake->writer);

	if (r < 0)
		return r;
	for (struct connection *c = intake->connections; c && r == 0; c = c->next)
		if (wants_reading(c, all))
			r = read_one(intake, c);
	if (r < 0) {
		writer_abort(intake->writer);
		return r;
	}
	return writer_commit(intake->writer);
}

static void drain(struct intake *intake, bool all)
{
	bool any = false;
	int r;

	for (struct connection *c = intake->connections; c; c = c->next)
		any = any || wants_reading(c, all);
	if (any) {
		r = batch(intake, all);
		if (r < 0) {
			/* The rings keep what there is until the store takes it. */
			log_error("cannot store: %s", strerror(-r));
			rolled_back(intake);
			return;
		}
		for (struct connection *c = intake->connections; c; c = c->next) {
			if (c->producer)
				producer_committed(c->producer);
			c->woken = false;
		}
	}
	drop_ended(intake);
}

static int on_soon(sd_event_source *source, uint64_t usec, void *userdata)
{
	drain(userdata, false);
	return 0;
}

static int on_poll(sd_event_source *source, uint64_t usec, void *userdata)
{
	drain(userdata, true);
	sd_event_source_set_time(source, usec + POLL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static struct connection *find(const struct intake *intake, const uint8_t ring_id[16])
{
	for (struct connection *c = intake->connections; c; c = c->next)
		if (c->producer && memcmp(c->ring_id, ring_id, 16) == 0)
			return c;
	return NULL;
}

static bool connected(const uint8_t ring_id[16], void *userdata)
{
	return find(userdata, ring_id) != NULL;
}

/* The worker offers what was found before. */
static int take_over(struct connection *connection, struct connection *other)
{
	if (!other->adopted || other->pid != connection->pid)
		return -EPROTO;
	memcpy(connection->ring_id, other->ring_id, sizeof(connection->ring_id));
	connection->producer = steal(&other->producer);
	other->ended = true;
	return 0;
}

static int take_ring(struct connection *connection, const struct ct_ring_hello *hello, int fd)
{
	struct intake *intake = connection->intake;
	struct connection *other = find(intake, hello->ring_id);
	_cleanup_(store_abortp) struct store_txn *txn = NULL;
	struct ring *ring = NULL;
	int r;

	if (connection->producer)
		return -EPROTO;
	if (other)
		return take_over(connection, other);
	r = ring_open(&ring, fd, hello);
	if (r < 0)
		return r;
	r = store_begin(intake->store, false, &txn);
	if (r < 0) {
		ring_close(ring);
		return r;
	}
	memcpy(connection->ring_id, hello->ring_id, sizeof(connection->ring_id));
	return producer_new(&connection->producer, ring, (uint32_t)connection->pid, txn);
}

static int take_message(struct connection *connection)
{
	_cleanup_(closep) int fd = -1;
	struct ct_ring_hello hello;
	int r = peer_receive(connection->fd, &hello, &fd);

	if (r == PEER_HELLO)
		r = take_ring(connection, &hello, fd);
	if (r >= 0)
		connection->woken = true;
	return r < 0 ? r : 0;
}

static int on_message(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct connection *connection = userdata;
	int r = 0;

	for (unsigned int i = 0; i < MESSAGES_MAX && r == 0; i++)
		r = take_message(connection);
	if (r < 0 && r != -EAGAIN) {
		if (r != -ECONNRESET)
			complain(connection->intake, "its offer was refused", connection->pid);
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
		connection->ended = true;
	}
	soon(connection->intake);
	return 0;
}

/* Takes `fd` when it succeeds. */
static int connection_new(struct intake *intake, int fd, pid_t pid, sd_event_io_handler_t handler,
			  struct connection **ret)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int r;

	if (!connection)
		return -ENOMEM;
	connection->intake = intake;
	connection->pid = pid;
	connection->fd = -1;
	r = sd_event_add_io(intake->event, &connection->source, fd, EPOLLIN, handler, connection);
	if (r < 0) {
		connection_free(connection);
		return r;
	}
	connection->fd = fd;
	connection->next = intake->connections;
	intake->connections = connection;
	intake->count++;
	if (ret)
		*ret = connection;
	return 0;
}

/* The process whose ring was adopted is gone. */
static int on_gone(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct connection *connection = userdata;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	connection->ended = true;
	soon(connection->intake);
	return 0;
}

/* Nothing is said of what cannot be adopted: its worker will offer it, or is gone. */
static int adopt(int fd, const struct ct_ring_hello *hello, pid_t pid, void *userdata)
{
	struct intake *intake = userdata;
	struct connection *connection;
	int process;

	if (connected(hello->ring_id, intake) || intake->count >= CONNECTIONS_MAX)
		return 0;
	process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0)
		return 0;
	if (connection_new(intake, process, pid, on_gone, &connection) < 0) {
		close(process);
		return 0;
	}
	connection->adopted = true;
	connection->woken = take_ring(connection, hello, fd) == 0;
	connection->ended = !connection->woken;
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int on_search(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct intake *intake = userdata;
	int r = 0;

	/* A worker that cannot reach the socket, from a chroot say, is found all the same. */
	adopt_rings(intake->config, adopt, intake);
	if (intake->searches++ % ORPHANS_EVERY == 0)
		r = orphans_close(intake->writer, connected, intake);
	if (r < 0)
		log_error("cannot close what dead workers left open: %s", strerror(-r));
	r = abandon_idle(intake->store, intake->writer, now_ns(),
			 intake->config->abandon_after_s * UINT64_C(1000000000));
	if (r < 0)
		log_error("cannot mark calls as abandoned: %s", strerror(-r));
	sd_event_source_set_time(source, usec + SEARCH_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_connect(sd_event_source *source, int listening, uint32_t events, void *userdata)
{
	struct intake *intake = userdata;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;
	pid_t pid = 0;
	uid_t uid;

	if (fd < 0)
		return 0;
	r = peer_check(fd, intake->config, &pid, &uid);
	if (r < 0)
		complain(intake, "its user is not among allow_users; refused", pid);
	else if (intake->count >= CONNECTIONS_MAX)
		complain(intake, "too many connections; refused", pid);
	else if (connection_new(intake, fd, pid, on_message, NULL) == 0)
		return 0;
	close(fd);
	return 0;
}

static int add_timer(struct intake *intake, sd_event_source **ret, uint64_t after_us,
		     sd_event_time_handler_t handler)
{
	uint64_t now;
	int r = sd_event_now(intake->event, CLOCK_MONOTONIC, &now);

	/* 1: the loop has not run yet; the time is good all the same. */
	if (r < 0)
		return r;
	return sd_event_add_time(intake->event, ret, CLOCK_MONOTONIC, now + after_us, 1000, handler,
				 intake);
}

static int set_up(struct intake *intake)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	intake->fd = listen_open(intake->config->socket);
	if (intake->fd < 0)
		return intake->fd;
	r = sd_event_new(&intake->event);
	if (r >= 0)
		r = sd_event_add_signal(intake->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(intake->event, NULL, SIGINT, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_io(intake->event, NULL, intake->fd, EPOLLIN, on_connect, intake);
	if (r >= 0)
		r = add_timer(intake, &intake->soon, SOON_US, on_soon);
	if (r >= 0)
		r = add_timer(intake, &intake->poll, POLL_US, on_poll);
	if (r >= 0)
		r = add_timer(intake, &intake->search, SEARCH_US, on_search);
	return r < 0 ? r : 0;
}

static void tear_down(struct intake *intake)
{
	while (intake->connections) {
		struct connection *connection = intake->connections;

		intake->connections = connection->next;
		connection_free(connection);
	}
	sd_event_source_unref(intake->soon);
	sd_event_source_unref(intake->poll);
	sd_event_source_unref(intake->search);
	sd_event_unref(intake->event);
	if (intake->fd >= 0) {
		close(intake->fd);
		/* systemd's own stays for the next start. */
		if (intake->fd != SD_LISTEN_FDS_START)
			unlink(intake->config->socket);
	}
}

int intake_run(const struct config *config, struct store *store, struct writer *writer)
{
	struct intake intake = {.config = config, .store = store, .writer = writer, .fd = -1};
	int r = set_up(&intake);

	if (r == 0) {
		adopt_rings(config, adopt, &intake);
		sd_notify(0, "READY=1");
		log_info("listening on %s, store in %s", config->socket, config->db);
		r = sd_event_loop(intake.event);
		sd_notify(0, "STOPPING=1");
		drain(&intake, true);
	}
	tear_down(&intake);
	return r < 0 ? r : 0;
}
