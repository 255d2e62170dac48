/* SPDX-License-Identifier: MIT */
/*
 * Requests that were recorded from a real worker, and made anew with other contents: the calls and
 * their structure stay, what they say and how long they take does not.
 */
#pragma once

#include <msgpack.h>

#include "buffer.h"
#include "talk.h"

struct templates;

/* PATH: records as in a ring, of one worker: PROCESS, FUNCTION, and the whole requests of a call,
 * twice: what differs between the two is what differs between calls. `size`: PHP
 * calls that a function call's request has on average, to which recorded ones are cut by leaving
 * subtrees out; 0 leaves them whole. Exits with a message when it cannot be read. */
struct templates *templates_load(const char *path, double size);
void templates_free(struct templates *templates);

/* Appends the records of one worker's start: PROCESS and FUNCTION. */
void templates_start(const struct templates *templates, msgpack_sbuffer *out);
/* Appends the request that the talk makes now; the number of its PHP calls. `ret_response`, to be
 * freed, is the answer's body, `ret_seconds` how long it took. */
size_t templates_request(struct templates *templates, uint64_t seq, const struct talk *talk,
			 msgpack_sbuffer *out, char **ret_response, double *ret_seconds);
