/* SPDX-License-Identifier: MIT */
#include "orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* The ring of all zeros stands for those that are gone. */
static const uint8_t gone[16];

struct orphan {
	uint8_t ring_id[16];
	json_t *state;
};

struct orphans {
	struct orphan *list;
	size_t count;
	bool (*connected)(const uint8_t ring_id[16], void *userdata);
	void *userdata;
};

static void orphans_deinit(struct orphans *orphans)
{
	for (size_t i = 0; i < orphans->count; i++)
		json_decref(orphans->list[i].state);
	free(orphans->list);
}

static int collect(const uint8_t ring_id[16], const json_t *state, void *userdata)
{
	struct orphans *orphans = userdata;
	struct orphan *list;

	if (memcmp(ring_id, gone, 16) == 0 || orphans->connected(ring_id, orphans->userdata))
		return 0;
	list = realloc(orphans->list, (orphans->count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	orphans->list = list;
	memcpy(list[orphans->count].ring_id, ring_id, 16);
	list[orphans->count++].state = json_deep_copy(state);
	return 0;
}

static bool process_gone(const json_t *state)
{
	pid_t pid = (pid_t)json_integer_value(json_object_get(state, "pid"));

	return pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH);
}

static int add_lost(struct store_txn *txn, const json_t *state)
{
	_cleanup_(json_decrefp) json_t *sum = NULL;
	const char *kind;
	json_t *count, *lost;
	int r = store_get_ring(txn, gone, &sum);

	if (r < 0)
		return r;
	if (r == STORE_NONE)
		sum = json_pack("{s:i, s:i, s:i, s:n, s:{}}", "position", 0, "pid", 0, "seen_at", 0,
				"process", "lost");
	lost = json_object_get(sum, "lost");
	json_object_foreach (json_object_get(state, "lost"), kind, count)
		json_object_set_new(lost, kind,
				    json_integer(json_integer_value(json_object_get(lost, kind)) +
						 json_integer_value(count)));
	return store_put_ring(txn, gone, sum);
}

/* With its process the ring is gone: the memory lived in the two of us. */
static int close_one(struct writer *writer, const struct orphan *orphan)
{
	struct store_txn *txn = writer_txn(writer);
	const json_t *pending = json_object_get(orphan->state, "pending");
	int r = json_is_object(pending) ? writer_cut_off(writer, pending) : 0;

	if (r < 0)
		return r;
	if (process_gone(orphan->state)) {
		r = add_lost(txn, orphan->state);
		return r < 0 ? r : store_drop_ring(txn, orphan->ring_id);
	}
	return 0;
}

int orphans_close(struct writer *writer,
		  bool (*connected)(const uint8_t ring_id[16], void *userdata), void *userdata)
{
	_cleanup_(orphans_deinit) struct orphans orphans = {.connected = connected,
							    .userdata = userdata};
	int r = writer_begin(writer);

	if (r == 0)
		r = store_each_ring(writer_txn(writer), collect, &orphans);
	for (size_t i = 0; i < orphans.count && r == 0; i++)
		r = close_one(writer, &orphans.list[i]);
	if (r < 0 || !orphans.count) {
		writer_abort(writer);
		return r < 0 ? r : 0;
	}
	return writer_commit(writer);
}
