/* SPDX-License-Identifier: MIT */
#include "timeline.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "present.h"

static int append_presented(const json_t *record, void *userdata)
{
	return json_array_append_new(userdata, present_record(record)) < 0 ? -ENOMEM : 0;
}

int timeline_records(struct store_txn *txn, enum store_kind kind, const struct uuid *session,
		     json_t **ret)
{
	_cleanup_(json_decrefp) json_t *records = json_array();
	int r;

	if (!records)
		return -ENOMEM;
	r = store_each_record(txn, kind, session, append_presented, records);
	if (r)
		return r;
	*ret = steal(&records);
	return 0;
}

int timeline_session(struct store_txn *txn, const struct uuid *id, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *stored = NULL;
	json_t *session;
	int r = store_get_session(txn, id, &stored);

	if (r)
		return r;
	session = present_record(stored);
	if (!session)
		return -ENOMEM;
	*ret = session;
	return 0;
}

/* The three fields that every entry is read by come first; the event's own follow. */
static int append_entry(const json_t *event, void *userdata)
{
	_cleanup_(json_decrefp) json_t *entry = json_object();
	_cleanup_(json_decrefp) json_t *shown = present_record(event);

	if (!entry || !shown)
		return -ENOMEM;
	json_object_set(entry, "offset_ms", json_object_get(shown, "call_offset_ms"));
	json_object_set(entry, "occurred_at", json_object_get(shown, "occurred_at"));
	json_object_set(entry, "type", json_object_get(shown, "event_type"));
	if (json_object_update(entry, shown) < 0)
		return -ENOMEM;
	return json_array_append(userdata, entry) < 0 ? -ENOMEM : 0;
}

int timeline_build(struct store_txn *txn, const struct uuid *id, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *session = NULL, *entries = json_array();
	json_t *completeness, *document;
	int r = timeline_session(txn, id, &session);

	if (!r && !entries)
		r = -ENOMEM;
	if (!r)
		r = store_each_record(txn, STORE_EVENTS, id, append_entry, entries);
	if (r)
		return r;
	completeness = json_object_get(session, "completeness");
	document = json_pack("{s:O, s:O, s:O}", "call", session, "timeline", entries,
			     "completeness", completeness ? completeness : json_null());
	if (!document)
		return -ENOMEM;
	*ret = document;
	return 0;
}

/* What a call's function traces and errors come to. */
struct sums {
	json_int_t functions, succeeded, failed, timed_out, pending;
	json_int_t queries, requests, php_calls;
	double function_ms, query_ms, request_ms, slowest_ms;
	json_t *slowest_name;
	json_int_t errors, critical, booking_failures, terminating, unresolved;
	const char *severity;
};

static double number(const json_t *record, const char *name)
{
	return json_number_value(json_object_get(record, name));
}

static bool text_is(const json_t *record, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text && strcmp(text, wanted) == 0;
}

static int add_function(const json_t *function, void *userdata)
{
	struct sums *sums = userdata;
	const json_t *duration = json_object_get(function, "duration_ms");
	const json_t *metadata = json_object_get(function, "metadata");

	sums->functions++;
	sums->succeeded += text_is(function, "status", "success");
	sums->failed += text_is(function, "status", "error");
	sums->timed_out += text_is(function, "status", "timeout");
	sums->pending += text_is(function, "status", "pending");
	sums->queries += (json_int_t)number(function, "db_query_count");
	sums->query_ms += number(function, "db_query_time_ms");
	sums->requests += (json_int_t)number(function, "external_api_calls");
	sums->request_ms += number(function, "external_api_time_ms");
	sums->php_calls += json_integer_value(json_object_get(metadata, "call_count"));
	sums->function_ms += json_number_value(duration);
	if (json_is_number(duration) &&
	    (!sums->slowest_name || json_number_value(duration) > sums->slowest_ms)) {
		json_decref(sums->slowest_name);
		sums->slowest_name = json_incref(json_object_get(function, "function_name"));
		sums->slowest_ms = json_number_value(duration);
	}
	return 0;
}

/* By rank: alphabetically "low" would beat "critical". */
static const char *worse(const char *a, const char *b)
{
	static const char *const ranks[] = {"critical", "high", "medium", "low"};

	for (size_t i = 0; i < sizeof(ranks) / sizeof(ranks[0]); i++)
		if ((a && strcmp(a, ranks[i]) == 0) || (b && strcmp(b, ranks[i]) == 0))
			return ranks[i];
	return NULL;
}

static int add_error(const json_t *error, void *userdata)
{
	struct sums *sums = userdata;

	sums->errors++;
	sums->critical += text_is(error, "severity", "critical");
	sums->booking_failures += json_is_true(json_object_get(error, "booking_failed"));
	sums->terminating += json_is_true(json_object_get(error, "call_terminated"));
	sums->unresolved += !json_is_true(json_object_get(error, "resolved"));
	sums->severity =
		worse(sums->severity, json_string_value(json_object_get(error, "severity")));
	return 0;
}

static json_t *ms_or_null(const struct sums *sums, double ms)
{
	return sums->slowest_name ? json_real(ms) : json_null();
}

static json_t *debug_view(json_t *session, const struct sums *sums)
{
	return json_pack(
		"{s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:O?, s:I, s:I, s:o, s:s?}", "session_id",
		json_object_get(session, "id"), "call_id", json_object_get(session, "call_id"),
		"started_at", json_object_get(session, "started_at"), "call_status",
		json_object_get(session, "call_status"), "function_call_count",
		json_object_get(session, "function_call_count"), "error_count",
		json_object_get(session, "error_count"), "avg_response_time_ms",
		json_object_get(session, "avg_response_time_ms"), "traced_functions",
		sums->functions, "logged_errors", sums->errors, "slowest_function_ms",
		ms_or_null(sums, sums->slowest_ms), "highest_error_severity", sums->severity);
}

static json_t *performance(json_t *session, const struct sums *sums)
{
	return json_pack(
		"{s:O?, s:O?, s:O?, s:O?, s:O?, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:f, s:I}",
		"duration_ms", json_object_get(session, "duration_ms"), "avg_response_time_ms",
		json_object_get(session, "avg_response_time_ms"), "max_response_time_ms",
		json_object_get(session, "max_response_time_ms"), "min_response_time_ms",
		json_object_get(session, "min_response_time_ms"), "slowest_function",
		sums->slowest_name, "slowest_function_ms", ms_or_null(sums, sums->slowest_ms),
		"function_time_ms", ms_or_null(sums, sums->function_ms), "succeeded",
		sums->succeeded, "failed", sums->failed, "timed_out", sums->timed_out, "pending",
		sums->pending, "db_query_count", sums->queries, "db_query_time_ms", sums->query_ms,
		"external_api_calls", sums->requests, "external_api_time_ms", sums->request_ms,
		"php_call_count", sums->php_calls);
}

static json_t *error_totals(const struct sums *sums)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", sums->errors, "critical",
			 sums->critical, "booking_failures", sums->booking_failures,
			 "call_terminating", sums->terminating, "unresolved", sums->unresolved);
}

static void sums_deinit(struct sums *sums)
{
	json_decref(sums->slowest_name);
}

int timeline_show(struct store_txn *txn, const struct uuid *id, json_t **ret)
{
	_cleanup_(sums_deinit) struct sums sums = {0};
	_cleanup_(json_decrefp) json_t *session = NULL;
	json_t *document;
	int r = timeline_session(txn, id, &session);

	if (!r)
		r = store_each_record(txn, STORE_FUNCTIONS, id, add_function, &sums);
	if (!r)
		r = store_each_record(txn, STORE_ERRORS, id, add_error, &sums);
	if (r)
		return r;
	document = json_pack("{s:O, s:o, s:o, s:o}", "call", session, "debug",
			     debug_view(session, &sums), "performance", performance(session, &sums),
			     "errors", error_totals(&sums));
	if (!document)
		return -ENOMEM;
	*ret = document;
	return 0;
}
