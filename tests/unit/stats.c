/* SPDX-License-Identifier: MIT */
/*
 * Statistics of made-up traffic, against what a plain count over the same traffic says.
 */
#include "stats.h"

#include <math.h>

#include "check.h"
#include "cleanup.h"
#include "draw.h"
#include "traffic.h"

#define CALLS  300
#define T0     1790000000000000000u
#define MINUTE 60000000000u

static const char *const names[] = {"book_v16", "book_v17", "cancel", "check_v3", NULL};
static const char *const bases[] = {"book", "book", "cancel", "check"};
static const char *const companies[] = {"praxis", "salon", NULL};

static struct seen {
	int name, company, call;
	enum store_status status;
	uint64_t us, at;
} seen[CALLS * 4];
static size_t seen_count;

static void make(struct store_txn *txn, int call)
{
	struct invocation list[5] = {{0}};
	unsigned int company = draw(3);
	char id[32];

	for (unsigned int i = 0, n = 1 + draw(4); i < n; i++) {
		struct seen *one = &seen[seen_count++];

		*one = (struct seen){(int)draw(4),
				     (int)company,
				     call,
				     draw(4),
				     1000 + draw(100) * draw(1000),
				     T0 + (uint64_t)call * MINUTE + i * 1000};
		list[i] = (struct invocation){names[one->name], one->status, (double)one->us / 1000,
					      one->at};
	}
	snprintf(id, sizeof(id), "call_%03d", call);
	traffic_add(txn, id, companies[company], list);
}

/* Which of them a group has. */
struct want {
	int name, company, call; /* -1: any */
	const char *base;
	uint64_t since, until;
};

#define ALL ((struct want){-1, -1, -1})

static bool wanted(const struct want *want, const struct seen *one)
{
	return (want->name < 0 || want->name == one->name) &&
	       (want->company < 0 || want->company == one->company) &&
	       (want->call < 0 || want->call == one->call) &&
	       (!want->base || strcmp(want->base, bases[one->name]) == 0) &&
	       one->at >= want->since && (!want->until || one->at < want->until);
}

static int ascending(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static void check_figure(const json_t *figures, const char *name, double value)
{
	const json_t *figure = json_object_get(figures, name);

	if (!json_is_number(figure) ||
	    fabs(json_number_value(figure) - value) > 1e-9 * fabs(value) + 0.00051) {
		fprintf(stderr, "%s: not %f\n", name, value);
		json_dumpf(figures, stderr, JSON_INDENT(1));
		exit(1);
	}
}

/* No more than rounding to microseconds may be between them. */
static void check_figures(const json_t *figures, struct want want)
{
	double ms[CALLS * 4], total = 0, by[4] = {0}, count = 0;
	size_t n = 0;

	CHECK(json_is_object(figures));
	for (size_t i = 0; i < seen_count; i++) {
		if (!wanted(&want, &seen[i]))
			continue;
		count++;
		by[seen[i].status]++;
		if (seen[i].status != STORE_PENDING)
			total += ms[n++] = (double)seen[i].us / 1000;
	}
	qsort(ms, n, sizeof(ms[0]), ascending);
	check_figure(figures, "call_count", count);
	check_figure(figures, "success_count", by[STORE_SUCCESS]);
	check_figure(figures, "error_count", by[STORE_ERROR]);
	check_figure(figures, "timeout_count", by[STORE_TIMEOUT]);
	check_figure(figures, "pending_count", by[STORE_PENDING]);
	CHECK_STR(json_string_value(json_object_get(figures, "percentiles")), "exact");
	check_figure(figures, "db_query_count", 2 * (double)n);
	check_figure(figures, "total_duration_ms", total);
	if (!n) {
		CHECK(json_is_null(json_object_get(figures, "error_rate")));
		CHECK(json_is_null(json_object_get(figures, "p95_duration_ms")));
		CHECK(json_is_null(json_object_get(figures, "db_time_share")));
		return;
	}
	check_figure(figures, "error_rate", (by[STORE_ERROR] + by[STORE_TIMEOUT]) / (double)n);
	check_figure(figures, "avg_duration_ms", total / (double)n);
	check_figure(figures, "min_duration_ms", ms[0]);
	check_figure(figures, "p50_duration_ms", ms[(n * 50 + 99) / 100 - 1]);
	check_figure(figures, "p95_duration_ms", ms[(n * 95 + 99) / 100 - 1]);
	check_figure(figures, "p99_duration_ms", ms[(n * 99 + 99) / 100 - 1]);
	check_figure(figures, "max_duration_ms", ms[n - 1]);
	check_figure(figures, "external_api_calls", (double)n);
	CHECK(fabs(json_number_value(json_object_get(figures, "db_time_share")) - 0.25) < 0.01);
}

static json_t *build(struct store_txn *txn, struct stats_query query)
{
	json_t *stats;

	CHECK_INT(stats_build(txn, &query, &stats), 0);
	return stats;
}

static const json_t *group_named(const json_t *stats, const char *field, const char *name)
{
	const json_t *groups = json_object_get(stats, "groups"), *group;
	size_t i;

	json_array_foreach (groups, i, group) {
		const char *is = json_string_value(json_object_get(group, field));

		if (is == name || (is && name && strcmp(is, name) == 0))
			return group;
	}
	return NULL;
}

static void test_by_function(struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *stats = build(txn, (struct stats_query){0});
	const json_t *group;

	CHECK_INT(json_integer_value(json_object_get(stats, "group_count")), 4);
	check_figures(json_object_get(stats, "total"), ALL);
	for (int i = 0; names[i]; i++) {
		group = group_named(stats, "function_name", names[i]);
		check_figures(group, (struct want){i, -1, -1});
		CHECK_STR(json_string_value(json_object_get(group, "base_name")), bases[i]);
	}
}

static void test_by_base(struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *stats =
		build(txn, (struct stats_query){.by = STATS_BY_BASE});

	CHECK_INT(json_array_size(json_object_get(stats, "groups")), 3);
	for (int i = 1; i < 4; i++)
		check_figures(group_named(stats, "base_name", bases[i]),
			      (struct want){-1, -1, -1, bases[i]});
}

static void test_by_company(struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *stats =
		build(txn, (struct stats_query){.by = STATS_BY_COMPANY});
	_cleanup_(json_decrefp) json_t *salon =
		build(txn, (struct stats_query){.company = "salon"});

	CHECK_INT(json_array_size(json_object_get(stats, "groups")), 3);
	for (int i = 0; i < 3; i++)
		check_figures(group_named(stats, "company_id", companies[i]),
			      (struct want){-1, i, -1});
	check_figures(json_object_get(salon, "total"), (struct want){-1, 1, -1});
	check_figures(group_named(salon, "function_name", "cancel"), (struct want){2, 1, -1});
}

static void test_by_call(struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *stats =
		build(txn, (struct stats_query){.by = STATS_BY_CALL});
	struct uuid id = traffic_id("call_017");
	_cleanup_(json_decrefp) json_t *one =
		build(txn, (struct stats_query){.filter.session = &id});
	char name[32];

	CHECK_INT(json_array_size(json_object_get(stats, "groups")), CALLS);
	for (int i = 0; i < CALLS; i++) {
		snprintf(name, sizeof(name), "call_%03d", i);
		check_figures(group_named(stats, "call_id", name), (struct want){-1, -1, i});
	}
	check_figures(json_object_get(one, "total"), (struct want){-1, -1, 17});
}

static void test_filters(struct store_txn *txn)
{
	uint64_t since = T0 + 50 * MINUTE, until = T0 + 200 * MINUTE;
	_cleanup_(json_decrefp) json_t *range =
		build(txn, (struct stats_query){.filter = {.since = since, .until = until}});
	_cleanup_(json_decrefp) json_t *book =
		build(txn, (struct stats_query){.filter = {.function = "book", .since = since}});
	_cleanup_(json_decrefp) json_t *version =
		build(txn, (struct stats_query){.filter.function = "book_v17"});
	_cleanup_(json_decrefp) json_t *none =
		build(txn, (struct stats_query){.filter.function = "nix"});

	check_figures(json_object_get(range, "total"),
		      (struct want){-1, -1, -1, NULL, since, until});
	check_figures(json_object_get(book, "total"), (struct want){-1, -1, -1, "book", since});
	check_figures(json_object_get(version, "total"), (struct want){1, -1, -1});
	CHECK_INT(json_array_size(json_object_get(version, "groups")), 1);
	CHECK_INT(json_array_size(json_object_get(none, "groups")), 0);
	check_figures(json_object_get(none, "total"), (struct want){99, -1, -1});
	CHECK(json_is_null(json_object_get(json_object_get(none, "total"), "first_seen_at")));
}

static void check_order(struct store_txn *txn, enum stats_sort sort, const char *figure)
{
	_cleanup_(json_decrefp) json_t *stats =
		build(txn, (struct stats_query){.by = STATS_BY_CALL, .sort = sort, .limit = 100});
	const json_t *groups = json_object_get(stats, "groups"), *group;
	double before = INFINITY;
	size_t i;

	CHECK_INT(json_array_size(groups), 100);
	CHECK_INT(json_integer_value(json_object_get(stats, "group_count")), CALLS);
	json_array_foreach (groups, i, group) {
		double value = json_number_value(json_object_get(group, figure));

		CHECK(value <= before);
		before = value;
	}
}

static void test_orders(struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *by_name =
		build(txn, (struct stats_query){.sort = STATS_SORT_NAME, .limit = 3});

	check_order(txn, STATS_SORT_CALLS, "call_count");
	check_order(txn, STATS_SORT_ERROR_RATE, "error_rate");
	check_order(txn, STATS_SORT_TOTAL, "total_duration_ms");
	check_order(txn, STATS_SORT_AVG, "avg_duration_ms");
	check_order(txn, STATS_SORT_P50, "p50_duration_ms");
	check_order(txn, STATS_SORT_P95, "p95_duration_ms");
	check_order(txn, STATS_SORT_P99, "p99_duration_ms");
	check_order(txn, STATS_SORT_MAX, "max_duration_ms");
	for (size_t i = 0; i < 3; i++)
		CHECK_STR(json_string_value(json_object_get(
				  json_array_get(json_object_get(by_name, "groups"), i),
				  "function_name")),
			  names[i]);
}

/* A function's name is whatever somebody called: as long as it likes, and cut between characters.
 */
static void test_long_names(void)
{
	struct store_txn *txn = traffic_begin();
	struct invocation list[2] = {{NULL, STORE_SUCCESS, 1, T0}};
	_cleanup_(json_decrefp) json_t *stats = NULL;
	char name[1003] = "a";

	for (size_t i = 1; i + 2 < sizeof(name); i += 2)
		memcpy(name + i, "ü", 2);
	list[0].function = name;
	traffic_add(txn, "call_1", NULL, list);
	txn = traffic_read(txn);
	stats = build(txn, (struct stats_query){0});
	CHECK_INT(json_string_length(json_object_get(
			  json_array_get(json_object_get(stats, "groups"), 0), "function_name")),
		  499);
	traffic_end(txn);
}

int main(void)
{
	struct store_txn *txn = traffic_begin();

	for (int i = 0; i < CALLS; i++)
		make(txn, i);
	txn = traffic_read(txn);
	test_by_function(txn);
	test_by_base(txn);
	test_by_company(txn);
	test_by_call(txn);
	test_filters(txn);
	test_orders(txn);
	traffic_end(txn);
	test_long_names();
	return 0;
}
