/* SPDX-License-Identifier: MIT */
#include "calltree.h"

#include <errno.h>

#include "cleanup.h"

/* The calls of the request that a record's metadata names, in the session of this id. */
static int calls_of(struct store_txn *txn, const json_t *record, const char *session_field,
		    json_t **ret)
{
	const char *owner = json_string_value(json_object_get(record, session_field));
	const json_t *metadata = json_object_get(record, "metadata");
	const char *text = json_string_value(json_object_get(metadata, "request_id"));
	struct uuid session, request;
	json_t *none;

	if (owner && text && uuid_parse(&session, owner) && uuid_parse(&request, text))
		return store_get_tree(txn, &session, &request, ret);
	none = json_array();
	if (!none)
		return -ENOMEM;
	*ret = none;
	return 0;
}

/* `document`, which it takes, with the record's calls. */
static int add_calls(struct store_txn *txn, const json_t *record, const char *session_field,
		     json_t *document, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *own = document;
	json_t *calls;
	int r = calls_of(txn, record, session_field, &calls);

	if (r)
		return r;
	if (json_object_set_new(own, "calls", calls) < 0)
		return -ENOMEM;
	*ret = steal(&own);
	return 0;
}

int calltree_of_function(struct store_txn *txn, json_t *function, json_t **ret)
{
	return add_calls(txn, function, "call_session_id", json_pack("{s:O}", "function", function),
			 ret);
}

int calltree_of_request(struct store_txn *txn, json_t *session, json_t **ret)
{
	return add_calls(txn, session, "id", json_pack("{s:O, s:n}", "call", session, "function"),
			 ret);
}
