/* SPDX-License-Identifier: MIT */
/*
 * Invented phone calls to a salon, as Retell tells them: every call says, wants and gets something
 * else. Persons, numbers and addresses are made of parts that belong to nobody.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "random.h"

enum talk_kind { TALK_STARTED, TALK_CHECK, TALK_BOOK, TALK_CANCEL, TALK_ENDED, TALK_ANALYZED };

struct talk {
	struct random random;
	char call_id[40];
	char name[64], phone[24], email[80], address[80];
	char date[16], time[8], service[48], company[24], customer[16];
	int agent_version;
	bool english;
	uint64_t start_ns; /* since the epoch */
	double now;	   /* seconds since then */
	double ended;
	json_t *entries; /* transcript_with_tool_calls so far */
	int tool_calls;

	/* The request that comes next. */
	int steps[8]; /* enum talk_kind */
	int step, step_count;
	bool retried;
	/* After talk_next(). */
	enum talk_kind kind;
	bool fails;
	char function[32];
};

void talk_begin(struct talk *talk, uint64_t number, uint64_t start_ns);
void talk_end(struct talk *talk);
/* Talks on until the backend is called the next time: false at the end. */
bool talk_next(struct talk *talk);
/* When that is, in nanoseconds since the epoch. */
uint64_t talk_time(const struct talk *talk);
/* Its body: a new reference. */
json_t *talk_body(const struct talk *talk);
/* What the backend answered. */
void talk_answered(struct talk *talk, const char *response, double seconds);
