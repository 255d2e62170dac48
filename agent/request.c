/* SPDX-License-Identifier: MIT */
/* Requests, as they pass over the FastCGI connection. */

#include "request.h"

#include "fastcgi.h"
#include "frame.h"
#include "params.h"
#include "recording.h"
#include "zend.h"

#include <errno.h>
#include <sys/mman.h>

#define MAX_PARAMS (128u << 10) /* of all parameters together, as sent */
#define CHUNK	   (64u << 10)	/* of a body */

int request_fd = -1;

static struct fastcgi in, out;

static struct {
	bool aborted;
	bool answered;	/* END_REQUEST was written */
	bool has_begun; /* to send its parameters, by which it is decided whether it is recorded */
	bool body_done;
	struct moment at;
	uint64_t content_length, body, body_recorded, output, output_recorded;
	uint8_t *params; /* MAX_PARAMS, mapped once */
	size_t n_params;
} now_served;

static bool have_params(void)
{
	if (!now_served.params) {
		void *params = mmap(NULL, MAX_PARAMS, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		now_served.params = params == MAP_FAILED ? NULL : params;
	}
	return now_served.params;
}

static void begin(void)
{
	now_served.aborted = now_served.answered = now_served.body_done = false;
	now_served.content_length = now_served.body = now_served.body_recorded = 0;
	now_served.output = now_served.output_recorded = 0;
	now_served.n_params = 0;
	now_served.at = moment_now();
	now_served.has_begun = have_params();
}

/* Its path as the client wrote it. PHP runs nothing before all parameters are there. */
static bool is_sampled(void)
{
	struct fastcgi_pair uri = {0};
	const char *query;

	if (!worker.settings.samples.n)
		return true;
	if (params_get(now_served.params, now_served.n_params, "REQUEST_URI", &uri)) {
		query = memchr(uri.value, '?', uri.value_len);
		uri.value_len = query ? (size_t)(query - uri.value) : uri.value_len;
	}
	return samples_draw(&worker.settings.samples, uri.value, uri.value_len);
}

static void begin_recording(void)
{
	now_served.has_begun = false;
	if (is_sampled() && recording_begin(&now_served.at))
		now_served.content_length = params_write(now_served.params, now_served.n_params);
}

static void end_served(void)
{
	recording_end(now_served.aborted || !now_served.answered ? CT_END_ABORTED : CT_END_DONE,
		      NO_EXIT_STATUS);
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
	recording_wake_if_much();
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
	recording_wake();
}

/* PHP stops reading at CONTENT_LENGTH; the record that ends the stream comes by later, or never. */
static void end_body_if_whole(void)
{
	if (worker.recording && !now_served.body_done &&
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
	} else if (length) {
		return;
	} else if (type == FCGI_PARAMS && now_served.has_begun) {
		begin_recording();
		end_body_if_whole();
	} else if (type == FCGI_STDIN && worker.recording && !now_served.body_done) {
		end_body();
	}
}

static void in_content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	if (type == FCGI_PARAMS && now_served.has_begun) {
		size_t room = MAX_PARAMS - now_served.n_params;

		n = n < room ? n : room;
		memcpy(now_served.params + now_served.n_params, data, n);
		now_served.n_params += n;
	} else if (type == FCGI_STDIN && worker.recording) {
		write_bytes(CT_FRAME_BODY, data, n, worker.settings.max_body, &now_served.body,
			    &now_served.body_recorded, CT_LOST_BODY, clock_ticks());
		end_body_if_whole();
	}
}

static void out_content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	if (worker.recording && type == FCGI_STDOUT)
		write_bytes(CT_FRAME_OUTPUT, data, n, worker.settings.max_output,
			    &now_served.output, &now_served.output_recorded, CT_LOST_OUTPUT,
			    *(const uint64_t *)userdata);
}

static void out_end(void *userdata, uint8_t type)
{
	if (!worker.recording || type != FCGI_END_REQUEST || now_served.answered)
		return;
	now_served.answered = true;
	write_totals(CT_FRAME_OUTPUT_END, now_served.output, now_served.output_recorded,
		     *(const uint64_t *)userdata);
	recording_wake();
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
	else if (worker.recording && !now_served.body_done && errno != EINTR && errno != EAGAIN)
		now_served.aborted = true;
}

/* As of when the write began: at its end the client may have had the answer for long. */
void request_written(const void *data, ssize_t n, uint64_t began)
{
	if (n > 0)
		fastcgi_feed(&out, data, (size_t)n, &out_events, &began);
	else if (n < 0 && worker.recording && errno != EINTR && errno != EAGAIN)
		now_served.aborted = true;
}

void request_closed(void)
{
	request_fd = -1;
}

void request_exit(void)
{
	recording_end(now_served.answered ? CT_END_DONE : CT_END_EXIT, NO_EXIT_STATUS);
}

void request_forked(void)
{
	request_fd = -1;
}
