/* SPDX-License-Identifier: MIT */
/*
 * The check: walks every table, follows every index both ways, and says in words what does not fit.
 */
#include <errno.h>
#include <string.h>

#include "store-table.h"

/* A store that is damaged all over is described well enough by its first problems. */
#define PROBLEMS_MAX 100

struct check {
	struct store_txn *txn;
	json_t *problems;
	json_t *lost;
};

typedef int (*check_fn)(struct check *check, const struct walk *walk);

static void hex_text(const struct bytes *key, char *ret, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = key->data;

	for (size_t i = 0; i < key->size && size > 2; i++, size -= 2) {
		*ret++ = digits[p[i] >> 4];
		*ret++ = digits[p[i] & 15];
	}
	*ret = 0;
}

static int problem(struct check *check, enum table table, const struct bytes *key, const char *what)
{
	char text[129];

	if (json_array_size(check->problems) >= PROBLEMS_MAX)
		return 0;
	hex_text(key, text, sizeof(text));
	if (json_array_append_new(check->problems,
				  json_sprintf("%s %s: %s", table_name(table), text, what)) < 0)
		return -ENOMEM;
	return 0;
}

static int check_json(struct check *check, enum table table, const struct walk *walk, size_t head,
		      json_t **ret)
{
	struct bytes value = walk->value;
	int r = -EBADMSG;

	if (value.size >= head) {
		value.data = (const uint8_t *)value.data + head;
		value.size -= head;
		r = json_from_bytes(value, ret);
	}
	return r == -EBADMSG ? problem(check, table, &walk->key, "the record cannot be read") : r;
}

static int check_size(struct check *check, enum table table, const struct walk *walk, size_t size)
{
	return walk->key.size == size
		       ? 0
		       : problem(check, table, &walk->key, "the key has a wrong size");
}

static int check_present(struct check *check, enum table table, const struct walk *walk,
			 enum table other, const struct key *key, const char *what)
{
	struct bytes value;
	int r = key->size ? table_get(check->txn, other, key, &value) : STORE_NONE;

	return r == STORE_NONE ? problem(check, table, &walk->key, what) : r;
}

static void part(struct key *key, const struct walk *walk, size_t from, size_t size)
{
	key->size = 0;
	if (walk->key.size >= from + size)
		key_add(key, (const uint8_t *)walk->key.data + from, size);
}

static int check_session(struct check *check, const struct walk *walk)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	struct uuid id;
	int r = check_size(check, TABLE_SESSIONS, walk, sizeof(id));

	if (!r)
		r = check_json(check, TABLE_SESSIONS, walk, 0, &session);
	if (r || !session || walk->key.size != sizeof(id))
		return r;
	memcpy(&id, walk->key.data, sizeof(id));
	r = session_is_indexed(check->txn, session, &id);
	return r == STORE_NONE ? problem(check, TABLE_SESSIONS, &walk->key, "missing in an index")
			       : r;
}

static int check_session_index(struct check *check, enum table table, const struct walk *walk)
{
	struct key key;

	part(&key, walk, walk->key.size < 16 ? 0 : walk->key.size - 16, 16);
	if (!key.size)
		return problem(check, table, &walk->key, "the key has a wrong size");
	return check_present(check, table, walk, TABLE_SESSIONS, &key, "points at no session");
}

static int check_by_time(struct check *check, const struct walk *walk)
{
	return check_session_index(check, TABLE_SESSIONS_BY_TIME, walk);
}

static int check_by_name(struct check *check, const struct walk *walk)
{
	return check_session_index(check, TABLE_SESSIONS_BY_NAME, walk);
}

static int check_record(struct check *check, enum table table, const struct walk *walk, size_t size,
			size_t head)
{
	_cleanup_(json_decrefp) json_t *record = NULL;
	struct key session;
	int r = check_size(check, table, walk, size);

	if (!r)
		r = check_json(check, table, walk, head, &record);
	part(&session, walk, 0, 16);
	if (r || !session.size)
		return r;
	return check_present(check, table, walk, TABLE_SESSIONS, &session, "belongs to no session");
}

static int check_event(struct check *check, const struct walk *walk)
{
	return check_record(check, TABLE_EVENTS, walk, 24, 0);
}

static int check_function(struct check *check, const struct walk *walk)
{
	return check_record(check, TABLE_FUNCTIONS, walk, 24, 0);
}

static int check_segment(struct check *check, const struct walk *walk)
{
	return check_record(check, TABLE_SEGMENTS, walk, 24, 0);
}

static int check_request(struct check *check, const struct walk *walk)
{
	return check_record(check, TABLE_REQUESTS, walk, 40, 0);
}

static int check_error(struct check *check, const struct walk *walk)
{
	struct key index = {0};
	int r = check_record(check, TABLE_ERRORS, walk, 40, 8);

	if (r || walk->value.size < 8)
		return r;
	key_add(&index, walk->value.data, 8);
	key_add(&index, walk->key.data, walk->key.size);
	return check_present(check, TABLE_ERRORS, walk, TABLE_ERRORS_BY_TIME, &index,
			     "missing in the index by time");
}

static int check_error_index(struct check *check, const struct walk *walk)
{
	struct key key;

	part(&key, walk, 8, 40);
	return check_present(check, TABLE_ERRORS_BY_TIME, walk, TABLE_ERRORS, &key,
			     "points at no error");
}

static int check_tree(struct check *check, const struct walk *walk)
{
	_cleanup_(freep) void *data = NULL;
	struct uuid request;
	size_t size;
	int r;

	if (walk->key.size != 20)
		return check_size(check, TABLE_TREES, walk, 20);
	memcpy(&request, walk->key.data, sizeof(request));
	r = store_get_tree(check->txn, &request, bytes_u32((const uint8_t *)walk->key.data + 16),
			   &data, &size);
	return r == -EBADMSG ? problem(check, TABLE_TREES, &walk->key, "the chunk cannot be read")
			     : r;
}

static int add_lost(json_t *sums, const json_t *lost)
{
	const char *kind;
	json_t *count;

	json_object_foreach ((json_t *)lost, kind, count) {
		json_int_t sum = json_integer_value(json_object_get(sums, kind));

		if (__builtin_add_overflow(sum, json_integer_value(count), &sum))
			sum = INT64_MAX;
		if (json_object_set_new(sums, kind, json_integer(sum)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int check_ring(struct check *check, const struct walk *walk)
{
	_cleanup_(json_decrefp) json_t *state = NULL;
	int r = check_json(check, TABLE_RINGS, walk, 0, &state);

	return r ? r : add_lost(check->lost, json_object_get(state, "lost"));
}

static int check_def(struct check *check, const struct walk *walk)
{
	struct key ring;

	part(&ring, walk, 0, 16);
	return check_present(check, TABLE_DEFS, walk, TABLE_RINGS, &ring, "belongs to no ring");
}

static const struct {
	const char *counted; /* its name in the document; NULL for an index */
	enum table table;
	check_fn check;
} walks[] = {
	{"sessions", TABLE_SESSIONS, check_session},
	{NULL, TABLE_SESSIONS_BY_TIME, check_by_time},
	{NULL, TABLE_SESSIONS_BY_NAME, check_by_name},
	{"events", TABLE_EVENTS, check_event},
	{"functions", TABLE_FUNCTIONS, check_function},
	{"segments", TABLE_SEGMENTS, check_segment},
	{"errors", TABLE_ERRORS, check_error},
	{NULL, TABLE_ERRORS_BY_TIME, check_error_index},
	{"requests", TABLE_REQUESTS, check_request},
	{"tree_chunks", TABLE_TREES, check_tree},
	{"rings", TABLE_RINGS, check_ring},
	{"definitions", TABLE_DEFS, check_def},
};

static int walk_table(struct check *check, enum table table, check_fn fn, json_int_t *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	json_int_t n = 0;
	int r = walk_init(&walk, check->txn, table, &all, false);

	while (!r && !(r = walk_next(&walk))) {
		n++;
		r = fn(check, &walk);
	}
	if (r != STORE_NONE)
		return r;
	*ret = n;
	return 0;
}

static int check_tables(struct check *check, json_t *document)
{
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		json_int_t n;
		int r = walk_table(check, walks[i].table, walks[i].check, &n);

		if (r)
			return r;
		if (walks[i].counted &&
		    json_object_set_new(document, walks[i].counted, json_integer(n)) < 0)
			return -ENOMEM;
	}
	return 0;
}

int store_check(struct store_txn *txn, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *document = json_pack("{s:i}", "schema", STORE_SCHEMA);
	_cleanup_(json_decrefp) json_t *problems = json_array();
	_cleanup_(json_decrefp) json_t *lost = json_object();
	struct check check = {txn, problems, lost};
	struct table_stat stat;
	int r;

	if (!document || !problems || !lost)
		return -ENOMEM;
	r = check_tables(&check, document);
	if (!r)
		r = table_stat(txn, &stat);
	if (r)
		return r;
	if (json_object_set_new(document, "map_bytes", json_integer(stat.map_bytes)) < 0 ||
	    json_object_set_new(document, "used_bytes", json_integer(stat.used_bytes)) < 0 ||
	    json_object_set_new(document, "free_bytes", json_integer(stat.free_bytes)) < 0 ||
	    json_object_set(document, "lost", lost) < 0 ||
	    json_object_set(document, "problems", problems) < 0)
		return -ENOMEM;
	*ret = steal(&document);
	return 0;
}
