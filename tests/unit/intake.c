/* SPDX-License-Identifier: MIT */
/*
 * End to end without PHP: a daemon in a child process, a producer that hands a ring over the
 * socket, and the store that has the call afterwards, and nothing personal.
 */
#include "intake.h"
#include "abandon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "frames.h"

static char dir[] = "/tmp/calltrace-test-XXXXXX";
static char socket_path[128], db[128];

static pid_t start(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		struct config config;
		struct store *store = NULL;
		struct profile *profile = NULL;
		struct writer *writer = NULL;
		int r;

		CHECK_INT(config_init(&config), 0);
		CHECK_INT(config_set(&config.db, db), 0);
		CHECK_INT(config_set(&config.socket, socket_path), 0);
		CHECK_INT(store_open(&store, db, STORE_CREATE), 0);
		CHECK_INT(profile_open(&profile, NULL), 0);
		CHECK_INT(writer_new(&writer, store, profile), 0);
		r = intake_run(&config, store, writer);
		writer_free(writer);
		profile_close(profile);
		store_close(store);
		config_deinit(&config);
		exit(r == 0 ? 0 : 1);
	}
	return pid;
}

static void stop(pid_t pid, int signal)
{
	int status;

	CHECK_INT(kill(pid, signal), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(signal == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, socket_path, strlen(socket_path));
	CHECK(fd >= 0);
	for (unsigned int i = 0; i < 2000; i++) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		poll(NULL, 0, 5);
	}
	CHECK(!"nobody listens");
	return -1;
}

struct fake {
	struct ct_ring_header *header;
	uint8_t *data;
	int fd;
};

static void fake_open(struct fake *fake, uint64_t size, uint8_t id)
{
	fake->fd = memfd_create("ring", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	CHECK(fake->fd >= 0);
	CHECK_INT(ftruncate(fake->fd, CT_RING_HEADER + size), 0);
	CHECK_INT(fcntl(fake->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	fake->header =
		mmap(NULL, CT_RING_HEADER + size, PROT_READ | PROT_WRITE, MAP_SHARED, fake->fd, 0);
	CHECK(fake->header != MAP_FAILED);
	fake->data = (uint8_t *)fake->header + CT_RING_HEADER;
	*fake->header = (struct ct_ring_header){.magic = CT_RING_MAGIC,
						.version = CT_RING_VERSION,
						.header_size = CT_RING_HEADER,
						.data_size = size,
						.pid = getpid()};
	memset(fake->header->ring_id, id, 16);
}

static void fake_close(struct fake *fake)
{
	munmap(fake->header, CT_RING_HEADER + fake->header->data_size);
	close(fake->fd);
}

static void fake_write(struct fake *fake, struct frames *frames)
{
	uint64_t mask = fake->header->data_size - 1;

	for (size_t i = 0; i < frames->out.size; i++)
		fake->data[(fake->header->head + i) & mask] = frames->out.data[i];
	__atomic_store_n(&fake->header->head, fake->header->head + frames->out.size,
			 __ATOMIC_RELEASE);
	msgpack_sbuffer_clear(&frames->out);
}

static void fake_offer(const struct fake *fake, int fd)
{
	struct ct_ring_hello hello = {
		CT_RING_MAGIC, CT_RING_VERSION, getpid(), fake->header->data_size, {0}};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {&hello, sizeof(hello)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	memcpy(hello.ring_id, fake->header->ring_id, 16);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fake->fd, sizeof(int));
	CHECK_INT(sendmsg(fd, &message, 0), sizeof(hello));
}

/* Everything but `left` bytes was stored and given back. */
static void wait_released(const struct fake *fake, uint64_t left)
{
	for (unsigned int i = 0; i < 2000; i++) {
		if (__atomic_load_n(&fake->header->tail, __ATOMIC_ACQUIRE) + left ==
		    fake->header->head)
			return;
		poll(NULL, 0, 5);
	}
	CHECK(!"not released");
}

static void wait_closed(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CHECK_INT(poll(&p, 1, 10000), 1);
	CHECK(p.revents & (POLLHUP | POLLIN));
}

static int take_one(const json_t *record, void *userdata)
{
	json_array_append(userdata, (json_t *)record);
	return 0;
}

/* "key" of the i-th record of a kind, as text to be freed. */
static char *look(enum store_kind kind, size_t i, const char *pointer)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	struct store *store = NULL;
	struct store_txn *txn = NULL;
	struct uuid session;
	char *found;

	CHECK_INT(store_open(&store, db, STORE_READ), 0);
	CHECK_INT(store_begin(store, false, &txn), 0);
	if (store_find_call(txn, CALL_ID, &session) == 0)
		store_each_record(txn, kind, &session, take_one, list);
	found = json_dumps(json_at(json_array_get(list, i), pointer),
			   JSON_ENCODE_ANY | JSON_COMPACT);
	store_abort(txn);
	store_close(store);
	return found;
}

#define CHECK_LOOK(kind, i, pointer, want)                           \
	do {                                                         \
		_cleanup_(freep) char *got = look(kind, i, pointer); \
		CHECK_STR(got, want);                                \
	} while (0)

static void wait_look(enum store_kind kind, size_t i, const char *pointer, const char *want)
{
	for (unsigned int n = 0; n < 1000; n++) {
		_cleanup_(freep) char *got = look(kind, i, pointer);

		if (got && strcmp(got, want) == 0)
			return;
		poll(NULL, 0, 10);
	}
	CHECK_LOOK(kind, i, pointer, want);
}

static void nothing_personal(void)
{
	static const char *const planted[] = {"17604069012", "ttinger", "Kathe", "u00d6ttinger",
					      "%C3%96ttinger"};
	char path[256];
	_cleanup_(freep) char *bytes = malloc(1 << 24);
	FILE *file;
	size_t n;

	/* The file, for what is there as it is, and what it has packed. */
	snprintf(path, sizeof(path), "%s/data.mdb", db);
	file = fopen(path, "r");
	CHECK(file);
	n = fread(bytes, 1, 1 << 24, file);
	fclose(file);
	for (size_t i = 0; i < sizeof(planted) / sizeof(*planted); i++)
		CHECK(!memmem(bytes, n, planted[i], strlen(planted[i])));
	for (int kind = STORE_EVENTS; kind <= STORE_REQUESTS; kind++) {
		_cleanup_(freep) char *text = NULL;

		for (size_t i = 0; freep(&text), (text = look(kind, i, "")); i++)
			for (size_t k = 0; k < sizeof(planted) / sizeof(*planted); k++)
				CHECK(!strstr(text, planted[k]));
	}
}

static void test_call(void)
{
	struct frames frames;
	struct fake fake;
	pid_t daemon = start();
	int fd = dial();

	frames_init(&frames);
	fake_open(&fake, CT_RING_MIN, 1);
	add_functions(&frames);
	add_failing_booking(&frames, 1, 1772442020200000000);
	fake_write(&fake, &frames);
	fake_offer(&fake, fd);
	CHECK_INT(send(fd, "w", 1, 0), 1);
	wait_released(&fake, 0);
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/function_name", "\"book_appointment_v17\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/status", "\"error\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/error_details/cause/class",
		   "\"Illuminate\\\\Http\\\\Client\\\\RequestException\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/error_details/cause/message",
		   "\"HTTP request returned 503 for [NAME_REDACTED]\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/error_details/code", "\"HTTP_503\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/external_api_calls", "1");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/input_params/date", "\"2026-03-04\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/metadata/handler", "\"App\\\\Handler::handle\"");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/metadata/argument_call_id/matches", "false");
	CHECK_LOOK(STORE_FUNCTIONS, 0, "/call_offset_ms", "20000.0");
	CHECK_LOOK(STORE_ERRORS, 0, "/severity", "\"critical\"");
	CHECK_LOOK(STORE_ERRORS, 0, "/error_type", "\"api_error\"");

	/* Running, then the collector is killed, comes back, and the worker dies. */
	add_request(&frames, 2, 1772442030200000000);
	add_params(&frames, "POST", "/api/retell/function", NULL);
	add_body(&frames,
		 "{\"name\":\"cancel\",\"call\":{\"call_id\":\"" CALL_ID "\"},\"args\":{}}");
	add_enter(&frames, 1, "cancel");
	fake_write(&fake, &frames);
	send(fd, "w", 1, 0);
	wait_look(STORE_FUNCTIONS, 1, "/status", "\"pending\"");
	CHECK(fake.header->tail < fake.header->head);
	stop(daemon, SIGKILL);
	close(fd);
	daemon = start();
	fd = dial();
	add_enter(&frames, 2, "x");
	fake_write(&fake, &frames);
	fake_offer(&fake, fd);
	wait_look(STORE_FUNCTIONS, 1, "/status", "\"pending\"");
	close(fd);
	wait_look(STORE_FUNCTIONS, 1, "/status", "\"error\"");
	CHECK_LOOK(STORE_FUNCTIONS, 1, "/error_details/cut_off/open_calls",
		   "[\"App\\\\Handler::handle\",\"App\\\\Booking::book\"]");
	CHECK_LOOK(STORE_FUNCTIONS, 2, "/id", NULL);
	wait_released(&fake, 0);
	stop(daemon, SIGTERM);
	nothing_personal();
	fake_close(&fake);
	frames_deinit(&frames);
}

/* A producer that breaks the rules loses its connection; the other one notices nothing. */
static void test_bad_producers(void)
{
	struct frames frames;
	struct fake good, bad;
	pid_t daemon = start();
	int fd = dial(), other = dial();

	frames_init(&frames);
	fake_open(&bad, CT_RING_MIN, 2);
	fake_open(&good, CT_RING_MIN, 3);
	add_process(&frames);
	fake_write(&good, &frames);
	fake_offer(&good, fd);

	bad.header->head = 3 * CT_RING_MIN;
	fake_offer(&bad, other);
	wait_closed(other);
	close(other);

	other = dial();
	bad.header->head = 5;
	memset(bad.data, 0xff, 16);
	fake_offer(&bad, other);
	wait_closed(other);
	close(other);

	other = dial();
	CHECK_INT(send(other, "no hello", 8, 0), 8);
	wait_closed(other);
	close(other);

	add_functions(&frames);
	fake_write(&good, &frames);
	send(fd, "w", 1, 0);
	wait_released(&good, 0);
	stop(daemon, SIGTERM);
	close(fd);
	fake_close(&good);
	fake_close(&bad);
	frames_deinit(&frames);
}

static void check_status(struct store *store, const char *status, uint64_t *last_seen)
{
	struct store_txn *txn;
	struct uuid session;
	json_t *record;

	CHECK_INT(store_begin(store, false, &txn), 0);
	CHECK_INT(store_find_call(txn, CALL_ID, &session), 0);
	CHECK_INT(store_get_session(txn, &session, &record), 0);
	CHECK_STR(json_string_value(json_object_get(record, "call_status")), status);
	CHECK(json_is_null(json_object_get(record, "ended_at")));
	*last_seen = (uint64_t)json_integer_value(json_object_get(record, "last_seen_at"));
	json_decref(record);
	store_abort(txn);
}

/* What test_call() left: nobody ever says that it ended. */
static void test_abandoned(void)
{
	const uint64_t hour = UINT64_C(3600000000000);
	struct profile *profile;
	struct writer *writer;
	struct store *store;
	uint64_t last, again;

	CHECK_INT(store_open(&store, db, STORE_CREATE), 0);
	CHECK_INT(profile_open(&profile, NULL), 0);
	CHECK_INT(writer_new(&writer, store, profile), 0);
	check_status(store, "in_progress", &last);
	CHECK_INT(abandon_idle(store, writer, last + hour - 1, hour), 0);
	check_status(store, "in_progress", &last);
	CHECK_INT(abandon_idle(store, writer, last + hour, hour), 0);
	check_status(store, "abandoned", &again);
	CHECK_INT(again, last);
	CHECK_INT(abandon_idle(store, writer, last + 2 * hour, hour), 0);
	check_status(store, "abandoned", &again);
	writer_free(writer);
	profile_close(profile);
	store_close(store);
}

/* A worker comes back to it. */
static void test_not_abandoned(void)
{
	struct frames frames;
	struct fake fake;
	pid_t daemon = start();
	int fd = dial();

	frames_init(&frames);
	fake_open(&fake, CT_RING_MIN, 4);
	add_process(&frames);
	add_functions(&frames);
	add_failing_booking(&frames, 1, (uint64_t)4102444800 * 1000000000);
	fake_write(&fake, &frames);
	fake_offer(&fake, fd);
	send(fd, "w", 1, 0);
	wait_released(&fake, 0);
	stop(daemon, SIGTERM);
	{
		struct store *store;
		uint64_t last;

		CHECK_INT(store_open(&store, db, STORE_READ), 0);
		check_status(store, "in_progress", &last);
		store_close(store);
	}
	close(fd);
	fake_close(&fake);
	frames_deinit(&frames);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(socket_path, sizeof(socket_path), "%s/s", dir);
	snprintf(db, sizeof(db), "%s/db", dir);
	test_call();
	test_abandoned();
	test_not_abandoned();
	test_bad_producers();
	return 0;
}
