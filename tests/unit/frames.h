/* SPDX-License-Identifier: MIT */
/*
 * A producer for tests: frames packed by msgpack-c, not by the agent, as docs/frames.md describes
 * them.
 */
#pragma once

#include <calltrace/frame.h>
#include <calltrace/ring.h>
#include <msgpack.h>
#include <string.h>

#include "check.h"

struct frames {
	msgpack_sbuffer out;   /* records, one after the other */
	msgpack_sbuffer frame; /* the one being packed */
	msgpack_packer pk;
};

static inline void frames_init(struct frames *f)
{
	msgpack_sbuffer_init(&f->out);
	msgpack_sbuffer_init(&f->frame);
	msgpack_packer_init(&f->pk, &f->frame, msgpack_sbuffer_write);
}

static inline void frames_deinit(struct frames *f)
{
	msgpack_sbuffer_destroy(&f->out);
	msgpack_sbuffer_destroy(&f->frame);
}

static inline msgpack_packer *frame_begin(struct frames *f, unsigned int type, size_t elements)
{
	msgpack_sbuffer_clear(&f->frame);
	msgpack_pack_array(&f->pk, elements);
	msgpack_pack_uint32(&f->pk, type);
	return &f->pk;
}

/* The same with the usual microsecond since the frame before. */
static inline msgpack_packer *frame_timed(struct frames *f, unsigned int type, size_t elements)
{
	frame_begin(f, type, elements);
	msgpack_pack_uint64(&f->pk, 1000);
	return &f->pk;
}

static inline void frame_end(struct frames *f)
{
	uint32_t n = f->frame.size;
	unsigned char length[4] = {n & 0xff, n >> 8 & 0xff, n >> 16 & 0xff, n >> 24 & 0xff};

	msgpack_sbuffer_write(&f->out, (char *)length, 4);
	msgpack_sbuffer_write(&f->out, f->frame.data, n);
}

static inline void text(msgpack_packer *pk, const char *s)
{
	if (s)
		msgpack_pack_str_with_body(pk, s, strlen(s));
	else
		msgpack_pack_nil(pk);
}

static inline void text_pair(msgpack_packer *pk, const char *key, const char *value)
{
	text(pk, key);
	text(pk, value);
}

static inline void add_process(struct frames *f)
{
	msgpack_packer *pk = frame_begin(f, CT_FRAME_PROCESS, 3);

	msgpack_pack_uint32(pk, CT_FRAME_VERSION);
	msgpack_pack_map(pk, 1);
	text(pk, "php");
	text(pk, "8.2.36");
	frame_end(f);
}

static inline void add_function(struct frames *f, uint32_t fn, const char *class, const char *name,
				uint32_t flags, const char *param, const char *kind)
{
	msgpack_packer *pk = frame_begin(f, CT_FRAME_FUNCTION, 9);

	msgpack_pack_uint32(pk, fn);
	text(pk, class);
	text(pk, name);
	text(pk, "/srv/app/Booking.php");
	msgpack_pack_uint32(pk, 10 * fn);
	msgpack_pack_uint32(pk, flags);
	msgpack_pack_array(pk, param ? 1 : 0);
	if (param)
		text(pk, param);
	text(pk, kind);
	frame_end(f);
}

static inline void add_request(struct frames *f, uint64_t seq, uint64_t realtime_ns)
{
	msgpack_packer *pk = frame_begin(f, CT_FRAME_REQUEST, 5);

	msgpack_pack_uint64(pk, seq);
	msgpack_pack_uint64(pk, realtime_ns);
	msgpack_pack_uint64(pk, 1);
	msgpack_pack_uint64(pk, 1000000000);
	frame_end(f);
}

static inline void add_params(struct frames *f, const char *method, const char *uri,
			      const char *signature)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_PARAMS, 3);

	msgpack_pack_map(pk, signature ? 4 : 3);
	text(pk, "REQUEST_METHOD");
	text(pk, method);
	text(pk, "REQUEST_URI");
	text(pk, uri);
	text(pk, "CONTENT_TYPE");
	text(pk, "application/json");
	if (signature) {
		text(pk, "HTTP_X_RETELL_SIGNATURE");
		text(pk, signature);
	}
	frame_end(f);
}

static inline void add_piece(struct frames *f, unsigned int type, unsigned int end_type,
			     const char *bytes)
{
	msgpack_packer *pk = frame_timed(f, type, 3);

	msgpack_pack_bin_with_body(pk, bytes, strlen(bytes));
	frame_end(f);
	pk = frame_timed(f, end_type, 4);
	msgpack_pack_uint64(pk, strlen(bytes));
	msgpack_pack_uint64(pk, strlen(bytes));
	frame_end(f);
}

static inline void add_body(struct frames *f, const char *body)
{
	add_piece(f, CT_FRAME_BODY, CT_FRAME_BODY_END, body);
}

static inline void add_output(struct frames *f, const char *output)
{
	add_piece(f, CT_FRAME_OUTPUT, CT_FRAME_OUTPUT_END, output);
}

static inline void add_enter(struct frames *f, uint32_t fn, const char *arg)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_ENTER, arg ? 4 : 3);

	msgpack_pack_uint32(pk, fn);
	if (arg) {
		msgpack_pack_array(pk, 1);
		text(pk, arg);
	}
	frame_end(f);
}

static inline void add_leave(struct frames *f)
{
	frame_timed(f, CT_FRAME_LEAVE, 2);
	frame_end(f);
}

static inline void add_leave_how(struct frames *f, uint32_t how, uint64_t exception)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_LEAVE, 4);

	msgpack_pack_uint32(pk, how);
	msgpack_pack_uint64(pk, exception);
	frame_end(f);
}

static inline void add_throw(struct frames *f, uint64_t number, const char *class,
			     const char *message)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_THROW, 4);

	msgpack_pack_uint64(pk, number);
	msgpack_pack_map(pk, 4);
	text(pk, "class");
	text(pk, class);
	text(pk, "message");
	text(pk, message);
	text(pk, "line");
	msgpack_pack_uint32(pk, 17);
	text(pk, "trace");
	msgpack_pack_array(pk, 1);
	msgpack_pack_array(pk, 4);
	text(pk, "/srv/app/Booking.php");
	msgpack_pack_uint32(pk, 30);
	text(pk, "App\\Booking");
	text(pk, "book");
	frame_end(f);
}

static inline void add_catch(struct frames *f, uint64_t number, uint32_t fn)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_CATCH, 5);

	msgpack_pack_uint64(pk, number);
	msgpack_pack_uint32(pk, fn);
	msgpack_pack_uint32(pk, 20);
	frame_end(f);
}

static inline void add_note_http(struct frames *f, const char *url, uint32_t status)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_NOTE, 3);

	msgpack_pack_map(pk, 5);
	text(pk, "kind");
	text(pk, "http");
	text(pk, "method");
	text(pk, "POST");
	text(pk, "url");
	text(pk, url);
	text(pk, "status");
	msgpack_pack_uint32(pk, status);
	text(pk, "total_us");
	msgpack_pack_uint32(pk, 1500);
	frame_end(f);
}

/* A transfer of a multi handle begins, from function 1, line 7, through 3. */
static inline void add_note_begun(struct frames *f, const char *url, uint32_t id)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_NOTE, 3);

	msgpack_pack_map(pk, 4);
	text(pk, "kind");
	text(pk, "http");
	text(pk, "id");
	msgpack_pack_uint32(pk, id);
	text(pk, "url");
	text(pk, url);
	text(pk, "stack");
	msgpack_pack_array(pk, 3);
	msgpack_pack_array(pk, 2);
	msgpack_pack_uint32(pk, 3);
	msgpack_pack_uint32(pk, 0);
	msgpack_pack_uint32(pk, 5);
	msgpack_pack_array(pk, 2);
	msgpack_pack_uint32(pk, 1);
	msgpack_pack_uint32(pk, 7);
	frame_end(f);
}

/* `id` 0: the one of the open call. */
static inline void add_note_more(struct frames *f, uint32_t id, const char *key, uint32_t value)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_NOTE, 3);

	msgpack_pack_map(pk, id ? 2 : 1);
	if (id) {
		text(pk, "id");
		msgpack_pack_uint32(pk, id);
	}
	text(pk, key);
	msgpack_pack_uint32(pk, value);
	frame_end(f);
}

static inline void add_error(struct frames *f, uint32_t type, const char *message)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_ERROR, 6);

	msgpack_pack_uint32(pk, type);
	text(pk, message);
	text(pk, "/srv/app/x.php");
	msgpack_pack_uint32(pk, 3);
	frame_end(f);
}

static inline void add_lost(struct frames *f, const char *kind, uint32_t count)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_LOST, 3);

	msgpack_pack_map(pk, 1);
	text(pk, kind);
	msgpack_pack_uint32(pk, count);
	frame_end(f);
}

static inline void add_end(struct frames *f, uint32_t how)
{
	msgpack_packer *pk = frame_timed(f, CT_FRAME_END, 3);

	msgpack_pack_uint32(pk, how);
	frame_end(f);
}

#define CALL_ID "call_0123456789abcdef0123456789a"

/* A booking that fails at the service behind it, caught by the application. */
static inline void add_failing_booking(struct frames *f, uint64_t seq, uint64_t realtime_ns)
{
	add_request(f, seq, realtime_ns);
	add_params(f, "POST", "/api/retell/function?phone=017604069012", "v=1772442020137");
	add_body(f, "{\"name\":\"book_appointment_v17\",\"call\":{\"call_id\":\"" CALL_ID
		    "\",\"from_number\":\"+4917604069012\",\"start_timestamp\":1772442000137},"
		    "\"args\":{\"customer_name\":\"Käthe Öttinger\",\"date\":\"2026-03-04\","
		    "\"call_id\":\"1\"}}");
	add_enter(f, 1, "book_appointment_v17");
	add_enter(f, 2, "Käthe Öttinger");
	add_enter(f, 3, NULL);
	add_note_http(f, "https://api.example.com/bookings?name=K%C3%A4the%20%C3%96ttinger", 503);
	add_leave(f);
	add_throw(f, 1, "Illuminate\\Http\\Client\\RequestException",
		  "HTTP request returned 503 for K\\u00e4the \\u00d6ttinger");
	add_leave_how(f, CT_LEAVE_EXCEPTION, 1);
	add_catch(f, 1, 1);
	add_leave(f);
	add_output(f, "Status: 200 OK\r\nContent-Type: application/json\r\n\r\n"
		      "{\"success\":false,\"error\":\"Buchung nicht m\\u00f6glich\"}");
	add_end(f, CT_END_DONE);
}

static inline void add_functions(struct frames *f)
{
	add_process(f);
	add_function(f, 1, "App\\Handler", "handle", CT_FN_APP | CT_FN_HANDLER, "function", NULL);
	add_function(f, 2, "App\\Booking", "book", CT_FN_APP, "customerName", NULL);
	add_function(f, 3, NULL, "curl_exec", CT_FN_INTERNAL, NULL, "http");
}
