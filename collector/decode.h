/* SPDX-License-Identifier: MIT */
/*
 * Decodes one record into a frame. The bytes are hostile: the whole structure is checked before
 * anything is read, and nothing is allocated. What a frame points to lives in the record's bytes.
 */
#pragma once

#include <calltrace/frame.h>
#include <calltrace/ring.h>

#include "buffer.h"

struct frame {
	unsigned int type; /* enum ct_frame_type */
	uint64_t dt;	   /* ticks; 0 for frames without */
	union {
		struct {
			uint64_t version;
			struct span info; /* map */
		} process;
		struct {
			uint32_t fn;
			uint32_t line;
			uint32_t flags;
			struct span class; /* text; absent when nil, file and kind as well */
			struct span name;
			struct span file;
			struct span params; /* array */
			struct span kind;
		} function;
		struct {
			uint64_t seq;
			uint64_t realtime_ns;
			uint64_t monotonic_ns;
			uint64_t hz;
		} request;
		struct span map;   /* PARAMS, NOTE, RUN, CRASH */
		struct span bytes; /* BODY, OUTPUT, CALLS */
		struct {
			uint64_t total;
			uint64_t recorded;
		} end_of; /* BODY_END, OUTPUT_END */
		struct {
			uint32_t fn;
			struct span args; /* array; absent where not recorded */
		} enter;
		uint32_t fiber;
		struct {
			uint32_t how;
			uint64_t exception; /* with CT_LEAVE_EXCEPTION */
			struct span value;  /* else */
		} leave;
		struct {
			uint64_t exception;
			struct span map;
		} throw;
		struct {
			uint64_t exception;
			uint32_t fn;
			uint32_t line;
		} catch;
		struct {
			uint32_t type;
			uint32_t line;
			struct span message; /* text */
			struct span file;
		} error;
		struct {
			uint32_t how;
			int32_t exit_status; /* -1: none told */
		} end;
		uint64_t lost[CT_LOST_COUNT];
	};
};

/* DECODE_UNKNOWN: well-formed, of a type this version does not know. -EBADMSG: not a frame. */
enum { DECODE_UNKNOWN = 1 };
int decode_frame(struct frame *ret, struct span record);
