/* SPDX-License-Identifier: MIT */
/*
 * A transcript's entries, in causal order, with their times and the requests that belong to tool
 * calls.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct entry {
	const json_t *json;
	int64_t at_ns; /* since the call's start */
	int64_t end_ns;
	bool timed; /* at_ns is known, else derived */
};

/* Which invocation a request belongs to. */
struct binding {
	ssize_t entry;	      /* -1: none seen */
	unsigned int attempt; /* from 1 */
};

struct call_clock;

struct transcript {
	struct entry *entries;
	size_t count;
	struct binding *bindings; /* one for each function input */
};

/* `functions` is an array of the call's function inputs in order of time. */
int transcript_read(struct transcript *ret, const json_t *list, const json_t *functions,
		    const struct call_clock *clock);
void transcript_deinit(struct transcript *transcript);
bool entry_is(const struct entry *entry, const char *role);
