/* SPDX-License-Identifier: MIT */
/*
 * The check: walks every table, follows every index both ways, and says in words what does not fit.
 */
#include <errno.h>
#include <string.h>

#include "agents.h"
#include "store-record.h"
#include "store-terms.h"
#include "store-tree.h"
#include "unfold.h"

/* A store that is damaged all over is described well enough by its first problems. */
#define PROBLEMS_MAX 100
#define TELL_EVERY   64 /* entries */

CLEANUP_DEFINE(struct unfold *, unfold_free);

struct check {
	struct store_txn *txn;
	const struct store_progress *progress;
	json_t *problems;
	json_t *lost;
	json_t *agents;
	json_int_t records[STORE_KINDS];
	json_int_t entries; /* that the index should have */
	json_int_t postings, found_postings;

	struct unfold *tree; /* that the chunks are of */
	uint32_t chunks;     /* of it */
	json_int_t all_chunks;
	json_int_t packed, listed; /* sessions in packs */
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

static int check_json(struct check *check, enum table table, const struct walk *walk, json_t **ret)
{
	int r = json_from_bytes(walk->value, ret);

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

static int check_entries(struct check *check, enum table table, const struct walk *walk,
			 const struct entries *entries)
{
	check->entries += (json_int_t)entries->count;
	return entries_are_there(check->txn, entries)
		       ? 0
		       : problem(check, table, &walk->key, "missing in the index");
}

static int check_terms(struct check *check, const struct walk *walk, const struct uuid *session)
{
	bool right;
	size_t count;
	int r = terms_check(check->txn, session, &right, &count);

	if (r)
		return r;
	check->postings += (json_int_t)count;
	return right ? 0
		     : problem(check, TABLE_SESSIONS, &walk->key,
			       "what it says is missing in the full-text index");
}

static int check_session(struct check *check, const struct walk *walk)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	struct entries entries;
	struct uuid id;
	int r;

	if (walk->key.size != sizeof(id))
		return check_size(check, TABLE_SESSIONS, walk, sizeof(id));
	r = object_from_packed(check->txn, walk->value, &session);
	if (r)
		return r == -EBADMSG ? problem(check, TABLE_SESSIONS, &walk->key,
					       "the record cannot be read")
				     : r;
	memcpy(&id, walk->key.data, sizeof(id));
	entries_of_session(&entries, &id, session);
	r = check_entries(check, TABLE_SESSIONS, walk, &entries);
	return r ? r : check_terms(check, walk, &id);
}

static int check_list_index(struct check *check, const struct walk *walk, enum store_kind kind,
			    const struct uuid *session, const json_t *list)
{
	_cleanup_(json_decrefp) json_t *owner = NULL;
	struct entries entries;
	json_t *record;
	size_t i;
	int r = session_of(check->txn, session, &owner);

	json_array_foreach ((json_t *)list, i, record) {
		if (r)
			break;
		record_entries(&entries, kind, session, i, record, session_company(owner));
		if (entries.count)
			r = check_entries(check, TABLE_RECORDS, walk, &entries);
	}
	return r;
}

static int check_list(struct check *check, const struct walk *walk, enum store_kind kind,
		      const struct uuid *session, struct bytes text)
{
	_cleanup_(json_decrefp) json_t *list = NULL;
	int r = record_list_of(text, &list);

	if (r)
		return r == -EBADMSG ? problem(check, TABLE_RECORDS, &walk->key,
					       "the list cannot be read")
				     : r;
	check->records[kind] += (json_int_t)json_array_size(list);
	return check_list_index(check, walk, kind, session, list);
}

static int check_records(struct check *check, const struct walk *walk)
{
	_cleanup_(record_lists_deinit) struct record_lists lists = {0};
	struct uuid session;
	struct key owner;
	int r;

	if (walk->key.size != sizeof(session))
		return check_size(check, TABLE_RECORDS, walk, sizeof(session));
	part(&owner, walk, 0, sizeof(session));
	memcpy(&session, walk->key.data, sizeof(session));
	r = check_present(check, TABLE_RECORDS, walk, TABLE_SESSIONS, &owner,
			  "belongs to no session");
	if (!r)
		r = record_lists_of(check->txn, walk->value, &lists);
	if (r == -EBADMSG)
		return problem(check, TABLE_RECORDS, &walk->key, "the lists cannot be read");
	for (size_t i = 0; i < STORE_KINDS && !r; i++)
		r = check_list(check, walk, (enum store_kind)i, &session, lists.list[i]);
	return r;
}

static int check_index(struct check *check, const struct walk *walk)
{
	struct posting at;
	struct key key = {0};

	if (posting_of(&walk->key, &at) < 0)
		return problem(check, TABLE_INDEX, &walk->key, "the key has a wrong size");
	key_add(&key, at.session.bytes, sizeof(at.session.bytes));
	return check_present(check, TABLE_INDEX, walk, TABLE_SESSIONS, &key,
			     "points at no session");
}

static int check_block(struct check *check, const struct walk *walk)
{
	size_t count;
	int r = block_count(&walk->key, &walk->value, &count);

	if (r)
		return r == -EBADMSG
			       ? problem(check, TABLE_TERMS, &walk->key, "the block cannot be read")
			       : r;
	check->found_postings += (json_int_t)count;
	return 0;
}

static int check_resolution(struct check *check, const struct walk *walk)
{
	_cleanup_(json_decrefp) json_t *resolution = NULL;
	int r = object_from_packed(check->txn, walk->value, &resolution);

	return r == -EBADMSG
		       ? problem(check, TABLE_RESOLUTIONS, &walk->key, "the record cannot be read")
		       : r;
}

static int tree_problem(struct check *check, enum table table, const struct walk *walk, int r)
{
	return r == -EBADMSG ? problem(check, table, &walk->key, "the chunk cannot be read") : r;
}

/* The tree that the chunks before were of is over. */
static int end_tree(struct check *check, enum table table, const struct bytes *key)
{
	_cleanup_(json_decrefp) json_t *calls = NULL;
	int r = check->tree ? unfold_finish(check->tree, &calls) : 0;

	unfold_free(steal(&check->tree));
	check->chunks = 0;
	return r == -EBADMSG ? problem(check, table, key, "the tree before it has no end") : r;
}

static int check_chunk(struct check *check, enum table table, const struct walk *walk,
		       uint32_t chunk, const struct columns *columns)
{
	int r = chunk ? 0 : end_tree(check, table, &walk->key);

	check->all_chunks++;
	if (!r && !chunk)
		r = unfold_new(&check->tree);
	if (!r)
		r = check->tree && chunk == check->chunks++ ? unfold_add(check->tree, columns)
							    : -EBADMSG;
	if (r)
		unfold_free(steal(&check->tree));
	return r;
}

static int check_tree(struct check *check, const struct walk *walk)
{
	_cleanup_(chunk_row_deinit) struct chunk_row row = {0};
	int r;

	if (walk->key.size != CHUNK_KEY)
		return check_size(check, TABLE_TREES, walk, CHUNK_KEY);
	r = chunk_row_read(&row, walk->value);
	if (!r)
		r = check_chunk(check, TABLE_TREES, walk,
				bytes_u32((const uint8_t *)walk->key.data + 32), &row.columns);
	return tree_problem(check, TABLE_TREES, walk, r);
}

static int check_row(struct check *check, const struct walk *walk, const struct treepack_row *row,
		     struct treepack_row *last)
{
	if (!last->columns.calls || memcmp(last->session, row->session, PACK_SESSION) != 0) {
		*last = *row;
		if (!is_packed(check->txn, row->session, bytes_u32(walk->key.data)))
			return problem(check, TABLE_PACKS, &walk->key, "a session is not listed");
		check->packed++;
	}
	return check_chunk(check, TABLE_PACKS, walk, row->chunk, &row->columns);
}

static int check_pack(struct check *check, const struct walk *walk)
{
	_cleanup_(treepack_close) struct treepack pack = {0};
	struct treepack_row last = {0};
	int r;

	if (walk->key.size != 4)
		return check_size(check, TABLE_PACKS, walk, 4);
	r = treepack_open(&pack, (struct span){walk->value.data, walk->value.size});
	if (!r)
		r = treepack_load(&pack);
	while (!r && !(r = treepack_next(&pack)))
		r = check_row(check, walk, &pack.row, &last);
	return r == STORE_NONE ? 0 : tree_problem(check, TABLE_PACKS, walk, r);
}

/* Every session of a pack was found listed; what is listed beyond these is in no pack. */
static int check_packed(struct check *check, const struct walk *walk)
{
	if (walk->key.size != PACK_SESSION || walk->value.size % 4)
		return problem(check, TABLE_PACKED, &walk->key, "the list has a wrong size");
	check->listed += (json_int_t)walk->value.size / 4;
	return 0;
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
	int r = check_json(check, TABLE_RINGS, walk, &state);

	if (!r)
		r = add_lost(check->lost, json_object_get(state, "lost"));
	return r ? r : agents_add(check->agents, json_object_get(state, "process"));
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
	{NULL, TABLE_RECORDS, check_records},
	{"index_entries", TABLE_INDEX, check_index},
	{"term_blocks", TABLE_TERMS, check_block},
	{"resolutions", TABLE_RESOLUTIONS, check_resolution},
	{NULL, TABLE_TREES, check_tree},
	{"tree_packs", TABLE_PACKS, check_pack},
	{NULL, TABLE_PACKED, check_packed},
	{"rings", TABLE_RINGS, check_ring},
	{"definitions", TABLE_DEFS, check_def},
};

static int walk_table(struct check *check, enum table table, check_fn fn, json_int_t *ret)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	json_int_t n = 0;
	uint64_t of = 0;
	int r = walk_init(&walk, check->txn, table, &all, false);

	if (!r)
		r = table_entries(check->txn, table, &of);
	while (!r && !(r = walk_next(&walk))) {
		if (check->progress && n % TELL_EVERY == 0)
			check->progress->tell(table_name(table), (uint64_t)n, of,
					      check->progress->userdata);
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

		/* Its last tree. */
		if (!r)
			r = end_tree(check, walks[i].table, &(struct bytes){"", 0});

		if (r)
			return r;
		if (walks[i].counted &&
		    json_object_set_new(document, walks[i].counted, json_integer(n)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_records(struct check *check, json_t *document)
{
	static const char *const names[] = {
		[STORE_EVENTS] = "events",     [STORE_FUNCTIONS] = "functions",
		[STORE_SEGMENTS] = "segments", [STORE_ERRORS] = "errors",
		[STORE_REQUESTS] = "requests",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_set_new(document, names[i], json_integer(check->records[i])) < 0)
			return -ENOMEM;
	return json_object_set_new(document, "tree_chunks", json_integer(check->all_chunks)) < 0
		       ? -ENOMEM
		       : 0;
}

static int check_surplus(struct check *check, enum table table, json_int_t found, json_int_t wanted)
{
	if (found <= wanted)
		return 0;
	return json_array_append_new(check->problems,
				     json_sprintf("%s: %lld entries lead to no record",
						  table_name(table), (long long)(found - wanted))) <
			       0
		       ? -ENOMEM
		       : 0;
}

/* Every record found all of its entries; what is beyond these leads nowhere. */
static int check_entry_counts(struct check *check, const json_t *document)
{
	json_int_t found = json_integer_value(json_object_get(document, "index_entries"));
	int r = check_surplus(check, TABLE_INDEX, found, check->entries);

	if (!r)
		r = check_surplus(check, TABLE_TERMS, check->found_postings, check->postings);
	return r ? r : check_surplus(check, TABLE_PACKED, check->listed, check->packed);
}

static int add_bytes(struct store_txn *txn, json_t *document)
{
	json_t *sizes = json_object();
	int r = json_object_set_new(document, "table_bytes", sizes) < 0 ? -ENOMEM : 0;

	for (enum table table = 0; table < TABLE_COUNT && !r; table++) {
		uint64_t bytes;

		r = table_bytes(txn, table, &bytes);
		if (!r && json_object_set_new(sizes, table_name(table),
					      json_integer((json_int_t)bytes)) < 0)
			r = -ENOMEM;
	}
	return r;
}

int store_check(struct store_txn *txn, const struct store_progress *progress, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *document = json_pack("{s:i}", "schema", STORE_SCHEMA);
	_cleanup_(json_decrefp) json_t *problems = json_array();
	_cleanup_(json_decrefp) json_t *lost = json_object();
	_cleanup_(json_decrefp) json_t *agents = json_array();
	struct check check = {.txn = txn,
			      .progress = progress,
			      .problems = problems,
			      .lost = lost,
			      .agents = agents};
	struct table_stat stat;
	int r;

	if (!document || !problems || !lost || !agents)
		return -ENOMEM;
	r = check_tables(&check, document);
	if (!r)
		r = add_records(&check, document);
	if (!r)
		r = check_entry_counts(&check, document);
	if (!r)
		r = add_bytes(txn, document);
	if (!r)
		r = table_stat(txn, &stat);
	if (r)
		return r;
	if (json_object_set_new(document, "map_bytes", json_integer(stat.map_bytes)) < 0 ||
	    json_object_set_new(document, "used_bytes", json_integer(stat.used_bytes)) < 0 ||
	    json_object_set_new(document, "free_bytes", json_integer(stat.free_bytes)) < 0 ||
	    json_object_set(document, "lost", lost) < 0 ||
	    json_object_set(document, "agents", agents) < 0 ||
	    json_object_set(document, "problems", problems) < 0)
		return -ENOMEM;
	*ret = steal(&document);
	return 0;
}
