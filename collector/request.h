/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request, or one run of php-cli, as a producer recorded it, put together from its frames:
 * parameters, body, response, the tree of PHP calls, exceptions and PHP errors. Values stay
 * msgpack, copied into the request's own memory; nothing is redacted yet.
 *
 * Everything is bounded. What does not fit is counted in `lost`, like what the producer itself
 * could not record.
 */
#pragma once

#include "functions.h"
#include "lane.h"
#include "uuid.h"

#define REQUEST_CALLS_MAX 200000u
#define REQUEST_BYTES_MAX (64u << 20) /* of values, and as much of body and response */

enum request_state {
	REQUEST_OPEN,
	REQUEST_DONE,
	REQUEST_ABORTED,
	REQUEST_EXIT,
	REQUEST_CUT_OFF, /* the producer is gone, or crashed */
};

enum call_left {
	CALL_RETURN,
	CALL_DISCARDED,
	CALL_EXCEPTION,
	CALL_YIELD,
	CALL_UNWOUND,
	CALL_EXIT,
	CALL_OPEN,
	CALL_CONTINUED, /* left after the request, by a run that went on */
};

/* One entry of a PHP function. Its id is its place + 1; parent 0 is the request. */
struct php_call {
	uint32_t parent;
	uint32_t thrown; /* place in `thrown` + 1, 0 none */
	uint32_t depth;
	uint16_t fn;
	uint8_t left; /* enum call_left */
	uint64_t start_ns;
	uint64_t duration_ns;
	uint64_t inside_ns;	/* of its direct children */
	size_t args, args_size; /* in `values`; size 0: not recorded */
	size_t result, result_size;
};

struct php_throw {
	uint64_t number;
	uint64_t at_ns;
	uint64_t caught_at_ns;
	uint32_t call; /* id of the innermost open call, 0 none */
	uint32_t caught_fn;
	uint32_t caught_line;
	bool caught;
	size_t map, map_size;
};

struct php_error {
	uint32_t type;
	uint32_t line;
	uint64_t at_ns;
	char *message;
	char *file;
};

struct php_note {
	uint32_t call;
	bool goes_on;	     /* a piece of an earlier one (note.h) */
	uint32_t more, last; /* its next piece, and of the first also the last one; 0: none */
	uint64_t id;	     /* 0: has none */
	uint64_t at_ns;
	size_t map, map_size;
};

struct request {
	struct uuid id;
	uint64_t seq;
	uint64_t started_at; /* ns since the epoch */
	enum request_state state;

	json_t *params; /* object of strings; NULL until they came */
	struct buffer body;
	uint64_t body_total;
	bool body_complete;
	struct buffer output;
	uint64_t output_total;
	bool output_complete;
	uint64_t now_ns; /* since the start, at the latest frame */
	uint64_t output_end_ns;
	json_t *run;	 /* of a RUN: object; NULL where it came over HTTP */
	int exit_status; /* -1: not known */

	struct php_call *calls;
	size_t call_count, call_capacity;
	struct php_throw *thrown;
	size_t thrown_count, thrown_capacity;
	struct php_error *errors;
	size_t error_count, error_capacity;
	struct php_note *notes;
	size_t note_count, note_capacity;
	struct {
		uint64_t at_ns;
		size_t map, map_size; /* size 0: there was none */
	} crash;
	uint64_t lost[CT_LOST_COUNT];

	/* Of the assembly. */
	struct buffer values;
	struct lanes lanes; /* of open calls */
	uint64_t ticks, hz;
};

/* Of a REQUEST frame. */
int request_new(struct request **ret, const uint8_t ring_id[16], const struct frame *frame);
void request_free(struct request *request);
/* Any later frame of the request. An END closes it. */
int request_add(struct request *request, const struct frame *frame);
/* Its producer is gone, since `at_ns` (since the epoch; 0: unknown, its last frame is the end).
 * When the answer was sent, it is done all the same. */
void request_cut_off(struct request *request, uint64_t at_ns);

/* The number of names in CT_LOST_KINDS, e.g. "calls". */
const char *lost_name(unsigned int kind);

static inline struct span request_value(const struct request *request, size_t at, size_t size)
{
	return (struct span){size ? request->values.data + at : NULL, size};
}
