/* SPDX-License-Identifier: MIT */
/*
 * Two sets of function traces compared: of two functions, or of two times. docs/stats.md,
 * "compare".
 */
#pragma once

#include "store.h"

/* Neither side's filter asks for a session. */
struct compare_query {
	struct store_fact_filter sides[2]; /* A, B */
	const char *company;		   /* NULL: of any */
	bool by_function;		   /* also each function with itself */
};

/* {"a", "b", "error_rate", "duration", "test_count", "ungrouped_count", "functions": [{
 * "function_name", "a", "b", "error_rate", "duration"}], the most called first; null without
 * by_function}. "a" and "b" have the figures of their traces. */
int compare_facts(struct store_txn *txn, const struct compare_query *query, json_t **ret);
