/* SPDX-License-Identifier: MIT */
/*
 * Reads a FastCGI stream (FastCGI Specification 1.0, section 3.3) as it passes: any split into
 * pieces, any number of records in one. It knows nothing of sockets or of PHP, holds no data, and
 * never fails: a stream that is not FastCGI is ignored from there on (`broken`).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FCGI_BEGIN_REQUEST = 1,
	FCGI_ABORT_REQUEST = 2,
	FCGI_END_REQUEST = 3,
	FCGI_PARAMS = 4,
	FCGI_STDIN = 5,
	FCGI_STDOUT = 6,
	FCGI_STDERR = 7,
};

/* One direction of one connection. All zero is the beginning. */
struct fastcgi {
	uint8_t header[8];
	uint8_t have; /* bytes of the header */
	uint8_t type;
	bool broken;
	uint16_t content_left;
	uint8_t padding_left;
};

struct fastcgi_events {
	/* A record's header is complete; `length` 0 ends a stream (PARAMS, STDIN, STDOUT). */
	void (*record)(void *userdata, uint8_t type, uint16_t length);
	/* A piece of its content. */
	void (*content)(void *userdata, uint8_t type, const uint8_t *data, size_t n);
	/* The content is complete; also after an empty one. */
	void (*end)(void *userdata, uint8_t type);
};

void fastcgi_feed(struct fastcgi *stream, const void *data, size_t n,
		  const struct fastcgi_events *events, void *userdata);

/* Walks name-value pairs (section 3.4): true while there was another whole one at *at. */
struct fastcgi_pair {
	const char *name, *value;
	uint32_t name_len, value_len;
};

bool fastcgi_pair(const uint8_t *data, size_t n, size_t *at, struct fastcgi_pair *ret);
