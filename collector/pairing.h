/* SPDX-License-Identifier: MIT */
/*
 * A pairing: two sets of function traces, and whether they differ by more than chance in how often
 * they fail and in how long they take.
 */
#pragma once

#include "sample.h"
#include "significance.h"
#include "tally.h"

/* What a test says. */
struct finding {
	bool enough; /* could so many calls tell? else nothing was tested */
	double p, adjusted;
};

struct pairing {
	struct tally tallies[2]; /* A, B */
	struct sample samples[2];

	/* After pairing_judge(). */
	struct finding errors, durations;
	struct rank_test ranks;
	struct shift shift;
};

/* Zeroed is empty. */
void pairing_deinit(struct pairing *pairing);
/* To A (0) or B (1). -ENOMEM. */
int pairing_add(struct pairing *pairing, int side, const struct store_fact *fact);
/* Nothing is added any more; adjusted is p. -ENOMEM. */
int pairing_judge(struct pairing *pairing);
/* Puts "a" and "b", the figures of docs/stats.md, "error_rate" and "duration", what the tests say;
 * figures in "a" and "b" stay. Times are presented. -ENOMEM. */
int pairing_describe(struct pairing *pairing, json_t *object);
