/* SPDX-License-Identifier: MIT */
/*
 * trace-dump stats: what function traces come to, by function, call or company.
 */
#include "stats.h"

#include <errno.h>

#include "cleanup.h"
#include "list.h"
#include "output.h"
#include "phrase.h"

/* What names a group stands first; the columns of the figures follow. */
#define CSV_FIGURES                                                                         \
	"call_count", "success_count", "error_count", "timeout_count", "pending_count",     \
		"error_rate", "total_duration_ms", "avg_duration_ms", "min_duration_ms",    \
		"p50_duration_ms", "p95_duration_ms", "p99_duration_ms", "max_duration_ms", \
		"percentiles", "db_query_count", "db_query_time_ms", "db_time_share",       \
		"external_api_calls", "external_api_time_ms", "external_time_share",        \
		"first_seen_at", "last_seen_at", NULL

static const char *const csv_function[] = {"function_name", "base_name", CSV_FIGURES};
static const char *const csv_base[] = {"base_name", CSV_FIGURES};
static const char *const csv_call[] = {"call_session_id", "call_id", "company_id", CSV_FIGURES};
static const char *const csv_company[] = {"company_id", CSV_FIGURES};

static void add_name(struct text *text, const json_t *group, const char *field, const char *none)
{
	if (json_object_get(group, "is_total"))
		text_addf(text, "all %lld",
			  (long long)json_integer_value(json_object_get(group, "is_total")));
	else
		text_add(text, *field_text(group, field) ? field_text(group, field) : none);
}

static void cell_function(struct text *text, const json_t *group)
{
	add_name(text, group, "function_name", "–");
}

static void cell_base(struct text *text, const json_t *group)
{
	add_name(text, group, "base_name", "–");
}

static void cell_call(struct text *text, const json_t *group)
{
	add_name(text, group, "call_id", field_text(group, "call_session_id"));
}

static void cell_company(struct text *text, const json_t *group)
{
	add_name(text, group, "company_id", "–");
}

static void cell_calls(struct text *text, const json_t *group)
{
	text_addf(text, "%.0f", field_number(group, "call_count"));
}

static void cell_failed(struct text *text, const json_t *group)
{
	double failed = field_number(group, "error_count") + field_number(group, "timeout_count");

	text_style(text, failed > 0 ? RED : PLAIN);
	text_addf(text, "%.0f", failed);
	text_style(text, PLAIN);
}

static void cell_timeouts(struct text *text, const json_t *group)
{
	text_addf(text, "%.0f", field_number(group, "timeout_count"));
}

static void cell_pending(struct text *text, const json_t *group)
{
	text_addf(text, "%.0f", field_number(group, "pending_count"));
}

static void add_share(struct text *text, const json_t *group, const char *field, int digits)
{
	const json_t *share = json_object_get(group, field);

	if (json_is_number(share))
		text_addf(text, "%.*f%%", digits, json_number_value(share) * 100);
}

static void cell_error_rate(struct text *text, const json_t *group)
{
	add_share(text, group, "error_rate", 1);
}

static void cell_database(struct text *text, const json_t *group)
{
	add_share(text, group, "db_time_share", 0);
}

static void cell_external(struct text *text, const json_t *group)
{
	add_share(text, group, "external_time_share", 0);
}

static void cell_total(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "total_duration_ms"));
}

static void cell_avg(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "avg_duration_ms"));
}

static void cell_p50(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "p50_duration_ms"));
}

static void cell_p95(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "p95_duration_ms"));
}

static void cell_p99(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "p99_duration_ms"));
}

static void cell_max(struct text *text, const json_t *group)
{
	phrase_ms(text, json_object_get(group, "max_duration_ms"));
}

static void cell_last(struct text *text, const json_t *group)
{
	phrase_time(text, json_object_get(group, "last_seen_at"));
}

#define FIGURES                                                                                    \
	{"CALLS", cell_calls, true, 10}, {"FAIL", cell_failed, true, 8},                           \
		{"TIMEOUT", cell_timeouts, true, 8, 140}, {"PENDING", cell_pending, true, 8, 140}, \
		{"RATE", cell_error_rate, true, 6}, {"AVG", cell_avg, true, 9},                    \
		{"P50", cell_p50, true, 9, 90}, {"P95", cell_p95, true, 9},                        \
		{"P99", cell_p99, true, 9, 100}, {"MAX", cell_max, true, 9},                       \
		{"TOTAL", cell_total, true, 10, 120}, {"SQL", cell_database, true, 4, 110},        \
		{"HTTP", cell_external, true, 4, 110}, {"LAST (UTC)", cell_last, false, 19, 160},  \
	{                                                                                          \
		NULL                                                                               \
	}

static const struct list_column of_functions[] = {{"FUNCTION", cell_function, false, 30}, FIGURES};
static const struct list_column of_bases[] = {{"FUNCTION", cell_base, false, 30}, FIGURES};
static const struct list_column of_calls[] = {{"CALL", cell_call, false, 30}, FIGURES};
static const struct list_column of_companies[] = {{"COMPANY", cell_company, false, 30}, FIGURES};

static const struct {
	const char *const *csv;
	const struct list_column *columns;
} shapes[] = {
	[STATS_BY_FUNCTION] = {csv_function, of_functions},
	[STATS_BY_BASE] = {csv_base, of_bases},
	[STATS_BY_CALL] = {csv_call, of_calls},
	[STATS_BY_COMPANY] = {csv_company, of_companies},
};

/* The groups, and below them all together: of all, also where --limit shows fewer. */
static int print_text(const struct options *options, const json_t *stats)
{
	_cleanup_(json_decrefp) json_t *rows = json_copy(json_object_get(stats, "groups"));
	_cleanup_(json_decrefp) json_t *total = json_copy(json_object_get(stats, "total"));
	json_t *count = json_object_get(stats, "group_count");

	if (!rows || !total || json_object_set(total, "is_total", count) < 0)
		return -ENOMEM;
	if (json_integer_value(count) > 1 && json_array_append(rows, total) < 0)
		return -ENOMEM;
	return list_print_text(options, shapes[options->by].columns, rows);
}

static int print_json(json_t *stats)
{
	_cleanup_(json_decrefp) json_t *document = json_pack("{s:O}", "stats", stats);

	return document ? output_json(document) : -ENOMEM;
}

static int print(const struct options *options, json_t *stats)
{
	const json_t *groups = json_object_get(stats, "groups");

	switch (options->format) {
	case FORMAT_JSON:
		return print_json(stats);
	case FORMAT_NDJSON:
		return output_ndjson(groups);
	case FORMAT_CSV:
		return output_csv(groups, shapes[options->by].csv);
	default:
		return json_array_size(groups) ? print_text(options, stats) : 0;
	}
}

static void warn_of_ungrouped(const json_t *stats)
{
	json_int_t n = json_integer_value(json_object_get(stats, "ungrouped_count"));

	if (n)
		fprintf(stderr,
			"trace-dump: too many groups; %lld function calls are in the total only\n",
			(long long)n);
}

int command_stats(struct context *context)
{
	const struct options *options = context->options;
	_cleanup_(json_decrefp) json_t *stats = NULL;
	struct stats_query query = {
		.filter =
			{
				.function = options->query.function,
				.status = options->status,
				.session = context->has_session ? &context->session : NULL,
				.since = options->query.since,
				.until = options->query.until,
			},
		.company = options->query.company,
		.by = (enum stats_by)options->by,
		.sort = (enum stats_sort)options->sort,
		.limit = options->query.limit,
	};
	int r = stats_build(context->txn, &query, &stats);

	if (r)
		return r;
	warn_of_ungrouped(stats);
	r = print(options, stats);
	return r ? r : json_array_size(json_object_get(stats, "groups")) ? 0 : COMMAND_NOTHING;
}
