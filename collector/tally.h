/* SPDX-License-Identifier: MIT */
/*
 * A tally: what a number of function traces come to.
 */
#pragma once

#include <jansson.h>

#include "quantile.h"
#include "store.h"

struct tally {
	uint64_t count, by_status[STORE_TIMEOUT + 1];
	struct quantile durations; /* µs, of what is finished and has one */
	double duration_us;	   /* their sum */
	uint64_t db_query_count, external_api_calls;
	double db_query_us, external_api_us;
	double measured_db_us, measured_external_us; /* of what has a duration */
	uint64_t first_at, last_at;		     /* the earliest and the latest start */
};

/* Zeroed is empty. */
void tally_deinit(struct tally *tally);
/* -ENOMEM. */
int tally_add(struct tally *tally, const struct store_fact *fact);
/* As if all of `from` had been added here. -ENOMEM. */
int tally_merge(struct tally *tally, const struct tally *from);

/* What came to an end: all but the pending. */
uint64_t tally_finished(const struct tally *tally);
/* Errors and timeouts. */
uint64_t tally_failed(const struct tally *tally);

/* Puts the figures into `object`, named as docs/stats.md says; times are integers still. What
 * nothing is known of is null. -ENOMEM. */
int tally_describe(struct tally *tally, json_t *object);
