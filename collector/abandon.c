/* SPDX-License-Identifier: MIT */
#include "abandon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "record.h"

#define BATCH_MAX 500 /* the others follow in the next */

CLEANUP_DEFINE(struct store_txn *, store_abort);

struct idle {
	uint64_t since;
	json_t *sessions; /* id → call id */
};

/* One whose request still runs is not idle: when its worker dies that is noticed elsewhere. */
static bool is_idle(const json_t *session, uint64_t since)
{
	return (uint64_t)get_int(session, "last_seen_at") <= since &&
	       !get_int(json_object_get(session, "completeness"), "pending");
}

static int collect(const json_t *session, void *userdata)
{
	struct idle *idle = userdata;

	if (!is_idle(session, idle->since))
		return 0;
	if (json_object_set(idle->sessions, get_text(session, "id"),
			    json_object_get(session, "call_id")) < 0)
		return -ENOMEM;
	return json_object_size(idle->sessions) == BATCH_MAX ? STORE_NONE : 0;
}

static int find_idle(struct store *store, struct idle *idle)
{
	struct store_filter filter = {
		.kind = STORE_ONLY_CALLS, .status = "in_progress", .until = idle->since};
	_cleanup_(store_abortp) struct store_txn *txn = NULL;
	int r = store_begin(store, false, &txn);

	if (r == 0)
		r = store_each_session(txn, &filter, collect, idle);
	return r < 0 ? r : 0;
}

static int abandon(struct writer *writer, const json_t *sessions, uint64_t now_ns)
{
	const char *id;
	json_t *call_id;
	struct uuid session;
	int r = writer_begin(writer);

	if (r < 0)
		return r;
	json_object_foreach ((json_t *)sessions, id, call_id) {
		if (!uuid_parse(&session, id) || !json_is_string(call_id))
			continue;
		r = writer_abandon(writer, &session, json_string_value(call_id), (int64_t)now_ns);
		if (r < 0 && !writer_error_is_local(r)) {
			writer_abort(writer);
			return r;
		}
	}
	return writer_commit(writer);
}

int abandon_idle(struct store *store, struct writer *writer, uint64_t now_ns, uint64_t after_ns)
{
	_cleanup_(json_decrefp) json_t *sessions = json_object();
	struct idle idle = {now_ns > after_ns ? now_ns - after_ns : 0, sessions};
	int r = sessions ? 0 : -ENOMEM;

	/* 0 would be no bound. */
	if (r == 0 && idle.since)
		r = find_idle(store, &idle);
	if (r < 0 || !json_object_size(sessions))
		return r;
	return abandon(writer, sessions, now_ns);
}
