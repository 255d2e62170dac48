/* SPDX-License-Identifier: MIT */
#include "query.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "present.h"
#include "record.h"
#include "search.h"

/* Ends a walk: the limit is reached. */
#define ENOUGH 100
struct list {
	struct store_txn *txn;
	const struct query *query;
	json_t *found;
};

static bool is(const json_t *record, const char *field, const char *wanted)
{
	const char *text = json_string_value(json_object_get(record, field));

	return !wanted || (text && strcmp(text, wanted) == 0);
}

static bool is_true(const json_t *record, const char *field)
{
	return json_is_true(json_object_get(record, field));
}

static int add(struct list *list, const json_t *record)
{
	if (json_array_append_new(list->found, present_record(record)) < 0)
		return -ENOMEM;
	return list->query->limit && json_array_size(list->found) >= list->query->limit ? ENOUGH
											: 0;
}

static bool in_range(const struct query *query, const json_t *record, const char *field)
{
	json_int_t at = json_integer_value(json_object_get(record, field));
	uint64_t time = at > 0 ? (uint64_t)at : 0;

	return time >= query->since && (!query->until || time < query->until);
}

static int add_record(const json_t *record, void *userdata)
{
	return add(userdata, record);
}

static int add_error(const json_t *error, void *userdata)
{
	struct list *list = userdata;
	const struct query *query = list->query;

	if (!is(error, "severity", query->severity) || !is(error, "error_code", query->code) ||
	    !is(error, "error_type", query->type) || !in_range(query, error, "occurred_at"))
		return 0;
	if ((query->unresolved && is_true(error, "resolved")) ||
	    (query->booking_failures && !is_true(error, "booking_failed")) ||
	    (query->terminating && !is_true(error, "call_terminated")))
		return 0;
	return add(list, error);
}

static int add_segment(const json_t *segment, void *userdata)
{
	struct list *list = userdata;

	return in_range(list->query, segment, "occurred_at") &&
			       is(segment, "role", list->query->role)
		       ? add(list, segment)
		       : 0;
}

struct counted {
	store_each_fn each;
	void *userdata;
	size_t count, limit;
};

static int give_counted(const json_t *session, void *userdata)
{
	struct counted *counted = userdata;
	int r = counted->each(session, counted->userdata);

	return r ? r : ++counted->count == counted->limit ? ENOUGH : 0;
}

int query_each_call(struct store_txn *txn, const struct query *query, store_each_fn each,
		    void *userdata)
{
	struct counted counted = {each, userdata, 0, query->limit};
	const struct store_filter filter = {
		.kind = query->kind,
		.since = query->since,
		.until = query->until,
		.status = query->status,
		.company = query->company,
		.customer = query->customer,
		.correlation = query->correlation,
		.with_errors = query->with_errors,
	};
	int r = store_each_session(txn, &filter, give_counted, &counted);

	return r == ENOUGH ? 0 : r;
}

static int walk_calls(struct list *list)
{
	return query_each_call(list->txn, list->query, add_record, list);
}

static int walk_functions(struct list *list)
{
	const struct query *query = list->query;
	const struct store_fact_filter filter = {
		.function = query->function,
		.status = query->status,
		.slow_us = query->slow_ms > 0 ? (uint64_t)(query->slow_ms * 1000 + 0.5) : 0,
		.session = query->session,
		.since = query->since,
		.until = query->until,
	};

	return store_each_function(list->txn, &filter, add_record, list);
}

static int walk_errors(struct list *list)
{
	const struct query *query = list->query;
	const struct store_error_filter filter = {
		.since = query->since,
		.until = query->until,
		.severity = query->severity,
		.code = query->code,
		.type = query->type,
		.unresolved = query->unresolved,
		.booking_failures = query->booking_failures,
		.terminating = query->terminating,
	};

	if (query->session)
		return store_each_record(list->txn, STORE_ERRORS, query->session, add_error, list);
	return store_each_error(list->txn, &filter, add_error, list);
}

static int walk_segments(struct list *list)
{
	return store_each_record(list->txn, STORE_SEGMENTS, list->query->session, add_segment,
				 list);
}

static int collect(struct store_txn *txn, const struct query *query, int (*walk)(struct list *list),
		   json_t **ret)
{
	_cleanup_(json_decrefp) json_t *found = json_array();
	struct list list = {txn, query, found};
	int r;

	if (!found)
		return -ENOMEM;
	r = walk(&list);
	if (r && r != ENOUGH)
		return r;
	*ret = steal(&found);
	return 0;
}

int query_calls(struct store_txn *txn, const struct query *query, json_t **ret)
{
	return collect(txn, query, walk_calls, ret);
}

int query_functions(struct store_txn *txn, const struct query *query, json_t **ret)
{
	return collect(txn, query, walk_functions, ret);
}

int query_errors(struct store_txn *txn, const struct query *query, json_t **ret)
{
	return collect(txn, query, walk_errors, ret);
}

int query_segments(struct store_txn *txn, const struct query *query, json_t **ret)
{
	return collect(txn, query, walk_segments, ret);
}

static json_t *present_spans(const char *text, const struct search_span *spans, size_t count)
{
	_cleanup_(json_decrefp) json_t *shown = json_array();
	size_t at = 0, characters = 0, start;

	for (size_t i = 0; shown && i < count; i++) {
		for (; at < spans[i].start; at++)
			characters += (text[at] & 0xc0) != 0x80;
		start = characters;
		for (; at < spans[i].end; at++)
			characters += (text[at] & 0xc0) != 0x80;
		if (json_array_append_new(shown, json_pack("[I, I]", (json_int_t)start,
							   (json_int_t)characters)) < 0)
			return NULL;
	}
	return steal(&shown);
}

static int add_match(const struct store_match *match, void *userdata)
{
	_cleanup_(json_decrefp) json_t *found = json_copy((json_t *)match->segment);
	const char *text = json_string_value(json_object_get(match->segment, "text"));

	if (json_object_set_new(found, "call_id", get_copy(match->session, "call_id")) < 0 ||
	    json_object_set_new(found, "started_at", get_copy(match->session, "started_at")) < 0 ||
	    json_object_set_new(found, "spans",
				present_spans(text, match->spans, match->span_count)) < 0)
		return -ENOMEM;
	return add(userdata, found);
}

int query_search(struct store_txn *txn, const struct search *search, const struct query *query,
		 json_t **ret)
{
	_cleanup_(json_decrefp) json_t *found = json_array();
	struct list list = {txn, query, found};
	const struct store_search_filter filter = {
		.since = query->since,
		.until = query->until,
		.role = query->role,
		.company = query->company,
		.session = query->session,
	};
	int r = found ? store_search(txn, search, &filter, add_match, &list) : -ENOMEM;

	if (r && r != ENOUGH)
		return r;
	*ret = steal(&found);
	return 0;
}
