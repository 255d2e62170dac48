/* SPDX-License-Identifier: MIT */
/*
 * Statistics: what the function traces that are asked about come to, all of them and in groups.
 * docs/stats.md has the figures.
 */
#pragma once

#include "store.h"

enum stats_by {
	STATS_BY_FUNCTION,
	STATS_BY_BASE, /* all versions of a function together */
	STATS_BY_CALL,
	STATS_BY_COMPANY,
};

/* The largest first, names in their order; what is equal in the order of names. */
enum stats_sort {
	STATS_SORT_CALLS,
	STATS_SORT_ERRORS, /* and timeouts */
	STATS_SORT_ERROR_RATE,
	STATS_SORT_TOTAL,
	STATS_SORT_AVG,
	STATS_SORT_P50,
	STATS_SORT_P95,
	STATS_SORT_P99,
	STATS_SORT_MAX,
	STATS_SORT_NAME,
};

struct stats_query {
	struct store_fact_filter filter;
	const char *company; /* NULL: of any */
	enum stats_by by;
	enum stats_sort sort;
	size_t limit; /* of groups; 0: none */
};

/* {"by", "percentile_method", "group_count": before the limit, "ungrouped_count": traces that came
 * when there were GROUPS_MAX groups (they are in the total), "total": figures, "groups": [{what
 * names the group, figures}]}; presented. */
int stats_build(struct store_txn *txn, const struct stats_query *query, json_t **ret);
