/* SPDX-License-Identifier: MIT */
/*
 * A transcript's entries, in causal order, with their times, and the requests that belong to tool
 * calls.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum role {
	ROLE_OTHER, /* says nothing: unknown, or the same invocation once more */
	ROLE_AGENT,
	ROLE_USER,
	ROLE_TRANSFER_TARGET,
	ROLE_DTMF,
	ROLE_SMS,
	ROLE_INJECTED,
	ROLE_INVOCATION,
	ROLE_RESULT,
	ROLE_TRANSITION,
};

struct entry {
	const json_t *json;
	enum role role;
	int64_t at_ns; /* since the call's start; never before the entry before */
	int64_t end_ns;
	int64_t given_ns;  /* when the provider says that it was, TIME_UNKNOWN */
	int64_t lasted_ns; /* as the provider says; 0: unknown */
	bool timed;	   /* at_ns was given or is a request's, else it is derived */
	ssize_t request;   /* the first function input of an invocation; -1: none seen */
	ssize_t other;	   /* an invocation's result, a result's invocation; -1: none */
	ssize_t led_to;	   /* the function input that a segment led to; -1: none */
	int64_t served_ns; /* what an invocation's requests took; TIME_UNKNOWN: one still runs */
};

#define TIME_UNKNOWN INT64_MIN

/* Which invocation a request belongs to, and where it stands. */
struct binding {
	ssize_t entry;	       /* -1: none seen */
	ssize_t segment;       /* the entry that led to it; -1: unknown */
	unsigned int attempt;  /* from 1 */
	unsigned int attempts; /* at this tool call */
	int64_t at_ns;	       /* since the call's start */
	int64_t latest_ns;     /* nothing of it is later: something that it led to comes then */
	bool derived;	       /* the clocks contradict: it stands where the transcript has it */
	int64_t given_ns;      /* when it came, if it had to be moved; TIME_UNKNOWN */
};

struct call_clock;

struct transcript {
	struct entry *entries;
	size_t count;
	struct binding *bindings; /* one for each function input */
	size_t binding_count;
	json_t *numbers; /* input's id → its number */
};

/* `functions` is an array of the call's function inputs in order of time; afterwards in the order
 * that they were called. */
int transcript_read(struct transcript *ret, const json_t *list, json_t *functions,
		    const struct call_clock *clock);
void transcript_deinit(struct transcript *transcript);
bool entry_is(const struct entry *entry, const char *role);
/* Was it moved away from when the provider says that it was? */
bool entry_moved(const struct entry *entry);
/* Of a function input; NULL: it is none. */
const struct binding *transcript_binding(const struct transcript *transcript, const json_t *input);
/* Of a function input from 1, in the order that they were called; 0: it is none. */
json_int_t transcript_sequence(const struct transcript *transcript, const json_t *input);
/* From an invocation to its result, as the provider saw it; TIME_UNKNOWN. */
int64_t transcript_tool_time(const struct transcript *transcript, ssize_t invocation);
/* What the tool call came to: the result's text as JSON where it is that, NULL: none seen. A new
 * reference. */
json_t *transcript_result(const struct transcript *transcript, ssize_t invocation);
