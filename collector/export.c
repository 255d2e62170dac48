/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <errno.h>

#include "cleanup.h"
#include "record.h"

struct walk {
	struct store_txn *txn;
	unsigned int lists;
	export_fn each;
	void *userdata;
};

static void call_deinit(struct export_call *call)
{
	for (size_t i = 0; i < RECORDS; i++)
		json_decref(call->lists[i]);
}

static int give(const json_t *session, void *userdata)
{
	_cleanup_(call_deinit) struct export_call call = {.session = session};
	const struct walk *walk = userdata;
	struct uuid id;
	int r = uuid_parse(&id, get_text(session, "id")) ? 0 : -EBADMSG;

	for (size_t i = RECORD_SESSION + 1; !r && i < RECORDS; i++)
		if (walk->lists & 1u << i)
			r = store_get_records(walk->txn, record_shapes[i].kind, &id,
					      &call.lists[i]);
	return r ? r : walk->each(&call, walk->userdata);
}

int export_calls(struct store_txn *txn, const struct query *query, unsigned int lists,
		 export_fn each, void *userdata)
{
	struct walk walk = {txn, lists, each, userdata};

	return query_each_call(txn, query, give, &walk);
}

int export_call(struct store_txn *txn, const struct uuid *session, unsigned int lists,
		export_fn each, void *userdata)
{
	_cleanup_(json_decrefp) json_t *stored = NULL;
	struct walk walk = {txn, lists, each, userdata};
	int r = store_get_session(txn, session, &stored);

	return r ? r : give(stored, &walk);
}
