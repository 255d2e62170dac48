/* SPDX-License-Identifier: MIT */
#include "calltree.h"

#include <errno.h>

#include "cleanup.h"
#include "value.h"

static const struct {
	const char *name;
	enum { TEXT, TEXT_OR_NULL, NUMBER, ANY } type;
} fields[] = {
	{"id", NUMBER},		 {"parent", NUMBER},	 {"depth", NUMBER},
	{"class", TEXT_OR_NULL}, {"function", TEXT},	 {"file", TEXT_OR_NULL},
	{"line", NUMBER},	 {"kind", TEXT_OR_NULL}, {"args", ANY},
	{"result", ANY},	 {"exception", ANY},	 {"start_ns", NUMBER},
	{"duration_ns", NUMBER}, {"self_ns", NUMBER},	 {"note", ANY},
	{"left", TEXT_OR_NULL},
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static bool has_type(size_t field, const json_t *value)
{
	switch (fields[field].type) {
	case TEXT:
		return json_is_string(value);
	case TEXT_OR_NULL:
		return json_is_string(value) || json_is_null(value);
	case NUMBER:
		return json_is_integer(value);
	default:
		return value;
	}
}

/* Elements behind those known here are a later version's. */
static int append_call(json_t *calls, const json_t *call)
{
	_cleanup_(json_decrefp) json_t *object = json_object();

	if (!object)
		return -ENOMEM;
	if (json_array_size(call) < FIELDS)
		return -EBADMSG;
	for (size_t i = 0; i < FIELDS; i++) {
		json_t *value = json_array_get(call, i);

		if (!has_type(i, value))
			return -EBADMSG;
		if (json_object_set_nocheck(object, fields[i].name, value) < 0)
			return -ENOMEM;
	}
	return json_array_append(calls, object) < 0 ? -ENOMEM : 0;
}

static int append_chunk(json_t *calls, const void *data, size_t size)
{
	struct span bytes = {data, size};
	_cleanup_(json_decrefp) json_t *chunk = NULL;
	json_t *call;
	size_t i;

	if (value_check(bytes) != (ssize_t)size)
		return -EBADMSG;
	chunk = value_to_json(bytes);
	if (!json_is_array(chunk))
		return chunk ? -EBADMSG : -ENOMEM;
	json_array_foreach (chunk, i, call) {
		int r = append_call(calls, call);

		if (r)
			return r;
	}
	return 0;
}

int calltree_build(struct store_txn *txn, const struct uuid *request, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *calls = json_array();

	if (!calls)
		return -ENOMEM;
	for (uint32_t i = 0;; i++) {
		_cleanup_(freep) void *data = NULL;
		size_t size;
		int r = store_get_tree(txn, request, i, &data, &size);

		if (r == STORE_NONE)
			break;
		if (!r)
			r = append_chunk(calls, data, size);
		if (r)
			return r;
	}
	*ret = steal(&calls);
	return 0;
}

/* The calls of the request that a record's metadata names. */
static int calls_of(struct store_txn *txn, const json_t *record, json_t **ret)
{
	const json_t *metadata = json_object_get(record, "metadata");
	const char *text = json_string_value(json_object_get(metadata, "request_id"));
	json_t *none;
	struct uuid request;

	if (text && uuid_parse(&request, text))
		return calltree_build(txn, &request, ret);
	none = json_array();
	if (!none)
		return -ENOMEM;
	*ret = none;
	return 0;
}

/* `document`, which it takes, with the record's calls. */
static int add_calls(struct store_txn *txn, const json_t *record, json_t *document, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *own = document;
	json_t *calls;
	int r = calls_of(txn, record, &calls);

	if (r)
		return r;
	if (json_object_set_new(own, "calls", calls) < 0)
		return -ENOMEM;
	*ret = steal(&own);
	return 0;
}

int calltree_of_function(struct store_txn *txn, json_t *function, json_t **ret)
{
	return add_calls(txn, function, json_pack("{s:O}", "function", function), ret);
}

int calltree_of_request(struct store_txn *txn, json_t *session, json_t **ret)
{
	return add_calls(txn, session, json_pack("{s:O, s:n}", "call", session, "function"), ret);
}
