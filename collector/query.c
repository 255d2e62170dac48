/* SPDX-License-Identifier: MIT */
#include "query.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "present.h"

/* Ends a walk: the limit is reached. */
#define ENOUGH 100
/* Functions run after their call began: calls that began this long before the range may have some
 * in it. */
#define LONGEST_CALL_NS (24 * 3600 * 1000000000ull)

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

	return time >= query->range.since && (!query->range.until || time < query->range.until);
}

static int add_call(const json_t *session, void *userdata)
{
	struct list *list = userdata;
	const struct query *query = list->query;

	if (!is(session, "call_status", query->status) ||
	    !is(session, "company_id", query->company) ||
	    !is(session, "customer_id", query->customer))
		return 0;
	if (query->with_errors && !json_integer_value(json_object_get(session, "error_count")))
		return 0;
	return add(list, session);
}

static bool is_function(const json_t *function, const char *wanted)
{
	return is(function, "function_name", wanted) ||
	       is(json_object_get(function, "metadata"), "base_name", wanted);
}

static int add_function(const json_t *function, void *userdata)
{
	struct list *list = userdata;
	const struct query *query = list->query;

	if (!is_function(function, query->function) || !is(function, "status", query->status) ||
	    !in_range(query, function, "started_at"))
		return 0;
	if (query->slow_ms > 0 &&
	    json_number_value(json_object_get(function, "duration_ms")) < query->slow_ms)
		return 0;
	return add(list, function);
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

	return in_range(list->query, segment, "occurred_at") ? add(list, segment) : 0;
}

static int add_functions_of(const json_t *session, void *userdata)
{
	struct list *list = userdata;
	const char *text = json_string_value(json_object_get(session, "id"));
	struct uuid id;

	if (!text || !uuid_parse(&id, text))
		return -EBADMSG;
	return store_each_record(list->txn, STORE_FUNCTIONS, &id, add_function, list);
}

static int walk_calls(struct list *list)
{
	return store_each_session_in(list->txn, &list->query->range, add_call, list);
}

static int walk_functions(struct list *list)
{
	struct store_filter range = list->query->range;

	if (list->query->session)
		return store_each_record(list->txn, STORE_FUNCTIONS, list->query->session,
					 add_function, list);
	range.since -= range.since < LONGEST_CALL_NS ? range.since : LONGEST_CALL_NS;
	return store_each_session_in(list->txn, &range, add_functions_of, list);
}

static int walk_errors(struct list *list)
{
	if (list->query->session)
		return store_each_record(list->txn, STORE_ERRORS, list->query->session, add_error,
					 list);
	return store_each_error_in(list->txn, &list->query->range, add_error, list);
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
