/* SPDX-License-Identifier: MIT */
/* Requests, as they pass over the FastCGI connection. */

#include "request.h"

#include "calls.h"
#include "exceptions.h"
#include "fastcgi.h"
#include "frame.h"
#include "link.h"
#include "params.h"
#include "worker.h"

#include <calltrace/version.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_PARAMS (128u << 10) /* of all parameters together, as sent */
#define CHUNK	   (64u << 10)	/* of a body */

int request_fd = -1;

static struct fastcgi in, out;

static struct {
	bool open; /* between REQUEST and END */
	bool aborted;
	bool answered; /* END_REQUEST was written */
	bool params_done, body_done;
	uint64_t content_length, body, body_recorded, output, output_recorded;
	uint8_t *params; /* MAX_PARAMS, mapped once */
	size_t n_params;
	uint64_t woken_at; /* ring.head at the last wake */
} now_served;

static void wake(void)
{
	now_served.woken_at = worker.ring.head;
	link_wake();
}

/* A large request is read while it runs, or the ring fills up. */
static void wake_if_much(void)
{
	if (worker.ring.head - now_served.woken_at > worker.ring.size / 8)
		wake();
}

static void write_process(void)
{
	struct pack k;

	if (!ring_reserve(&worker.ring, &k, 1024, RING_FRAME))
		return;
	pack_array(&k, 3);
	pack_uint(&k, CT_FRAME_PROCESS);
	pack_uint(&k, CT_FRAME_VERSION);
	pack_map(&k, 6);
	pack_text(&k, "pid");
	pack_uint(&k, (uint64_t)getpid());
	pack_text(&k, "php");
	pack_text(&k, zend_php_version());
	pack_text(&k, "zend_api");
	pack_uint(&k, zend.at->api);
	pack_text(&k, "sapi");
	pack_text(&k, zend.sapi);
	pack_text(&k, "mechanism");
	pack_text(&k, worker.functions ? "execute_ex" : "none");
	pack_text(&k, "agent");
	pack_text(&k, CT_VERSION);
	ring_commit(&worker.ring, &k);
}

/* The worker's own, at its first request. */
static bool have_ring(void)
{
	const int rw = PROT_READ | PROT_WRITE, private = MAP_PRIVATE | MAP_ANONYMOUS;
	static bool failed;

	if (worker.ring.header)
		return true;
	if (failed)
		return false;
	if (!now_served.params) {
		void *params = mmap(NULL, MAX_PARAMS, rw, private, -1, 0);
		void *open = mmap(NULL, WORKER_DEPTH * sizeof(*worker.open), rw, private, -1, 0);

		failed = params == MAP_FAILED || open == MAP_FAILED;
		if (failed)
			return false;
		now_served.params = params;
		worker.open = open;
	}
	if (ring_init(&worker.ring, worker.settings.ring_size) < 0) {
		failed = true;
		return false;
	}
	worker.ring_serial++;
	strcpy(worker.ring.header->socket, worker.settings.socket);
	write_process();
	return true;
}

static void begin(void)
{
	uint64_t realtime = clock_ns(CLOCK_REALTIME), monotonic = clock_ns(CLOCK_MONOTONIC);
	struct pack k;

	now_served.open = now_served.aborted = now_served.answered = false;
	now_served.params_done = now_served.body_done = false;
	now_served.content_length = now_served.body = now_served.body_recorded = 0;
	now_served.output = now_served.output_recorded = 0;
	now_served.n_params = 0;
	if (!have_ring())
		return;
	worker.seq++;
	/* Room for the beginning and the end, or nothing of it. */
	if (!ring_reserve(&worker.ring, &k, 16384, RING_FRAME)) {
		ring_lose(&worker.ring, CT_LOST_REQUESTS, 1);
		link_wake();
		return;
	}
	worker.last_tick = clock_ticks();
	pack_array(&k, 5);
	pack_uint(&k, CT_FRAME_REQUEST);
	pack_uint(&k, worker.seq);
	pack_uint(&k, realtime);
	pack_uint(&k, monotonic);
	pack_uint(&k, clock_hz());
	ring_commit(&worker.ring, &k);
	calls_reset();
	exceptions_reset();
	worker.request++;
	worker.recording = true;
	now_served.open = true;
	now_served.woken_at = worker.ring.head;
}

static void write_lost(uint64_t now)
{
	static const char *const names[] = {
#define X(id, name) name,
		CT_LOST_KINDS(X)
#undef X
	};
	unsigned n = 0;
	struct pack k;

	if (!worker.ring.lost_any)
		return;
	for (unsigned i = 0; i < CT_LOST_COUNT; i++)
		n += worker.ring.lost[i] != 0;
	if (!frame_begin(&k, 512, RING_FRAME, 3, CT_FRAME_LOST, now))
		return;
	pack_map(&k, n);
	for (unsigned i = 0; i < CT_LOST_COUNT; i++) {
		if (!worker.ring.lost[i])
			continue;
		pack_text(&k, names[i]);
		pack_uint(&k, worker.ring.lost[i]);
	}
	if (!frame_commit(&k, now))
		return;
	memset(worker.ring.lost, 0, sizeof(worker.ring.lost));
	worker.ring.lost_any = false;
}

static void end(enum ct_end how)
{
	uint64_t now;
	struct pack k;

	if (!now_served.open)
		return;
	now_served.open = false;
	worker.recording = false;
	worker.request++;
	calls_close();
	now = clock_ticks();
	write_lost(now);
	if (frame_begin(&k, 32, RING_FRAME, 3, CT_FRAME_END, now)) {
		pack_uint(&k, how);
		frame_commit(&k, now);
	}
	wake();
}

static void end_served(void)
{
	end(now_served.aborted || !now_served.answered ? CT_END_ABORTED : CT_END_DONE);
}

/* A piece of a body, as long as the limit and the ring allow. */
static void write_bytes(enum ct_frame_type type, const uint8_t *data, size_t n, uint64_t max,
			uint64_t *total, uint64_t *recorded, enum ct_lost lost, uint64_t now)
{
	*total += n;
	while (n) {
		size_t take = n < CHUNK ? n : CHUNK;
		struct pack k;

		/* Once there is a gap, what follows is no use. */
		if (*recorded + n != *total || *recorded + take > max ||
		    !frame_begin(&k, take + 64, RING_BODY, 3, type, now)) {
			ring_lose(&worker.ring, lost, n);
			return;
		}
		pack_bin(&k, data, take);
		if (!frame_commit(&k, now))
			return;
		*recorded += take;
		data += take;
		n -= take;
	}
	wake_if_much();
}

static void write_totals(enum ct_frame_type type, uint64_t total, uint64_t recorded, uint64_t now)
{
	struct pack k;

	if (!frame_begin(&k, 48, RING_FRAME, 4, type, now))
		return;
	pack_uint(&k, total);
	pack_uint(&k, recorded);
	frame_commit(&k, now);
}

static void end_body(void)
{
	now_served.body_done = true;
	write_totals(CT_FRAME_BODY_END, now_served.body, now_served.body_recorded, clock_ticks());
	wake();
}

/* PHP stops reading at CONTENT_LENGTH; the record that ends the stream comes by later, or never. */
static void end_body_if_whole(void)
{
	if (now_served.params_done && !now_served.body_done &&
	    now_served.body >= now_served.content_length)
		end_body();
}

static void in_record(void *userdata, uint8_t type, uint16_t length)
{
	if (type == FCGI_BEGIN_REQUEST) {
		end_served();
		begin();
	} else if (type == FCGI_ABORT_REQUEST) {
		now_served.aborted = true;
	} else if (!now_served.open || length) {
		return;
	} else if (type == FCGI_PARAMS && !now_served.params_done) {
		now_served.params_done = true;
		now_served.content_length = params_write(now_served.params, now_served.n_params);
		end_body_if_whole();
	} else if (type == FCGI_STDIN && !now_served.body_done) {
		end_body();
	}
}

static void in_content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	if (!now_served.open)
		return;
	if (type == FCGI_PARAMS) {
		size_t room = MAX_PARAMS - now_served.n_params;

		n = n < room ? n : room;
		memcpy(now_served.params + now_served.n_params, data, n);
		now_served.n_params += n;
	} else if (type == FCGI_STDIN) {
		write_bytes(CT_FRAME_BODY, data, n, worker.settings.max_body, &now_served.body,
			    &now_served.body_recorded, CT_LOST_BODY, clock_ticks());
		end_body_if_whole();
	}
}

static void out_content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	if (now_served.open && type == FCGI_STDOUT)
		write_bytes(CT_FRAME_OUTPUT, data, n, worker.settings.max_output,
			    &now_served.output, &now_served.output_recorded, CT_LOST_OUTPUT,
			    *(const uint64_t *)userdata);
}

static void out_end(void *userdata, uint8_t type)
{
	if (!now_served.open || type != FCGI_END_REQUEST || now_served.answered)
		return;
	now_served.answered = true;
	write_totals(CT_FRAME_OUTPUT_END, now_served.output, now_served.output_recorded,
		     *(const uint64_t *)userdata);
	wake();
}

static void ignore_record(void *userdata, uint8_t type, uint16_t length)
{
}

static void ignore_end(void *userdata, uint8_t type)
{
}

static const struct fastcgi_events in_events = {in_record, in_content, ignore_end};
static const struct fastcgi_events out_events = {ignore_record, out_content, out_end};

bool request_waits(void)
{
	return !zend_current_frame();
}

void request_before_accept(void)
{
	end_served();
	request_fd = -1;
}

void request_accepted(int fd)
{
	memset(&in, 0, sizeof(in));
	memset(&out, 0, sizeof(out));
	request_fd = fd;
}

void request_before_read(void)
{
	if (now_served.answered)
		end_served();
}

void request_read(const void *data, ssize_t n)
{
	if (n > 0)
		fastcgi_feed(&in, data, (size_t)n, &in_events, NULL);
	else if (now_served.open && !now_served.body_done && errno != EINTR && errno != EAGAIN)
		now_served.aborted = true;
}

/* As of when the write began: at its end the client may have had the answer for long. */
void request_written(const void *data, ssize_t n, uint64_t began)
{
	if (n > 0)
		fastcgi_feed(&out, data, (size_t)n, &out_events, &began);
	else if (n < 0 && now_served.open && errno != EINTR && errno != EAGAIN)
		now_served.aborted = true;
}

void request_closed(void)
{
	request_fd = -1;
}

void request_exit(void)
{
	end(now_served.answered ? CT_END_DONE : CT_END_EXIT);
}

void request_forked(void)
{
	worker.recording = false;
	worker.request++;
	now_served.open = false;
	request_fd = -1;
	link_close();
	ring_deinit(&worker.ring, false);
	worker.seq = 0;
	calls_reset();
}
