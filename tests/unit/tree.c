/* SPDX-License-Identifier: MIT */
/*
 * Call trees in the store: what is put is got, field by field, alone or in a pack; what is dropped
 * is gone from both; what is damaged is an error.
 */
#include <errno.h>
#include <ftw.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "given.h"
#include "store-tree.h"
#include "store.h"

static char dir[] = "/tmp/test-tree-XXXXXX";
static struct store *store;
static uint64_t state = 20270304;

/* xorshift64*: the same numbers everywhere. */
static uint64_t pick(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 2685821657736338717u >> 16) % below;
}

static struct uuid id_of(const char *what, uint64_t number)
{
	struct uuid id;

	uuid_derive(&id, what, &number, sizeof(number));
	return id;
}

static json_t *any_value(unsigned int depth)
{
	static const char *const texts[] = {"2027-03-04", "15:30", "", "Färben & Föhnen",
					    "[NAME_REDACTED]"};

	switch (pick(depth > 3 ? 7 : 9)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(pick(2));
	case 2:
		return json_integer((json_int_t)pick(UINT64_MAX) - (json_int_t)pick(UINT64_MAX));
	case 3:
		return json_real((double)pick(1000000) / 7);
	case 4:
		return json_string("App\\Models\\Appointment");
	case 5:
	case 6:
		return json_string(texts[pick(5)]);
	case 7:
		return json_pack("[o, o]", any_value(depth + 1), any_value(depth + 1));
	default:
		return json_pack("{s:s, s:i, s:o}", "@class", "App\\Models\\Appointment", "@id",
				 (int)pick(999), "wert", any_value(depth + 1));
	}
}

static json_t *any_args(void)
{
	switch (pick(5)) {
	case 0:
		return json_null();
	case 1:
		return json_object();
	case 2:
		return json_pack("[o]", any_value(0));
	case 3:
		return json_pack("{s:o, s:o}", "datum", any_value(0), "1", any_value(0));
	default:
		return json_pack("{s:o}", "request", any_value(0));
	}
}

static json_t *exception(int n)
{
	json_t *previous = n ? exception(n - 1) : json_null();

	return json_pack("{s:s, s:s, s:i, s:[{s:s, s:i}], s:o, s:n}", "class", "RuntimeException",
			 "message", "booking service said 503", "code", n, "trace", "file",
			 "/srv/app/X.php", "line", 17, "previous", previous, "caught");
}

static json_t *nullable(const char *text)
{
	return pick(3) ? json_string(text) : json_null();
}

/* A call around `at`: the shape is the caller's. */
static json_t *any_call(json_int_t id, json_int_t parent, json_int_t depth, json_int_t start,
			json_int_t duration)
{
	static const char *const lefts[] = {"return",  "discarded", "exception", "yield",
					    "unwound", "exit",	    "open",	 "continued"};
	static const char *const kinds[] = {"function",	 "method",  "static",  "closure",
					    "generator", "include", "internal"};
	const char *left = lefts[pick(8)];
	json_t *call = json_pack("{s:I, s:I, s:I}", "id", id, "parent", parent, "depth", depth);
	char name[24];

	snprintf(name, sizeof(name), "function%d", (int)pick(40));
	json_object_set_new(call, "class", nullable("App\\Services\\Übersicht"));
	json_object_set_new(call, "function", json_string(name));
	json_object_set_new(call, "file", nullable("/srv/app/Services/Übersicht.php"));
	json_object_set_new(call, "line", json_integer((json_int_t)pick(300)));
	json_object_set_new(call, "kind", nullable(kinds[pick(7)]));
	json_object_set_new(call, "args", any_args());
	json_object_set_new(call, "result", any_value(0));
	json_object_set_new(call, "exception",
			    left[0] == 'e' ? exception((int)pick(3)) : json_null());
	json_object_set_new(call, "start_ns", json_integer(start));
	json_object_set_new(call, "duration_ns", json_integer(duration));
	json_object_set_new(call, "self_ns", json_integer(0));
	json_object_set_new(call, "note", pick(9) ? json_null() : json_pack("{s:s}", "kind", "db"));
	json_object_set_new(call, "left", json_string(left));
	return call;
}

static json_int_t number(const json_t *call, const char *field)
{
	return json_integer_value(json_object_get(call, field));
}

static void set(json_t *call, const char *field, json_int_t value)
{
	json_integer_set(json_object_get(call, field), value);
}

/* A tree as a producer has it; `odd`: with numbers that none has. */
static json_t *any_tree(size_t count, size_t deepest, bool odd)
{
	json_t *calls = json_array();
	json_int_t open[64] = {0}, now = 0;
	size_t depth = 0;

	for (size_t i = 0; i < count; i++) {
		json_t *call;

		for (; depth && (depth == deepest || pick(3) == 0); depth--) {
			json_t *left = json_array_get(calls, (size_t)open[depth] - 1);

			now += (json_int_t)pick(3000);
			set(left, "duration_ns", now - number(left, "start_ns"));
		}
		now += (json_int_t)pick(100000);
		call = any_call((json_int_t)i + 1, open[depth], (json_int_t)depth, now, 0);
		json_array_append_new(calls, call);
		open[++depth] = (json_int_t)i + 1;
	}
	for (; depth; depth--) {
		json_t *left = json_array_get(calls, (size_t)open[depth] - 1);

		set(left, "duration_ns", now - number(left, "start_ns"));
	}
	for (size_t i = count; i > 0; i--) {
		json_t *call = json_array_get(calls, i - 1);
		json_int_t parent = number(call, "parent");

		set(call, "self_ns", number(call, "self_ns") + number(call, "duration_ns"));
		if (parent) {
			json_t *around = json_array_get(calls, (size_t)parent - 1);

			set(around, "self_ns",
			    number(around, "self_ns") - number(call, "duration_ns"));
		}
		if (odd && !pick(5))
			set(call, "self_ns", (json_int_t)pick(100));
		if (odd && !pick(5))
			set(call, "depth", (json_int_t)pick(100));
		if (odd && !pick(5))
			set(call, "start_ns", (json_int_t)pick(INT64_MAX));
		if (odd && !pick(5))
			set(call, "duration_ns", (json_int_t)pick(INT64_MAX));
	}
	return calls;
}

static void put(struct store_txn *txn, uint64_t session, uint64_t request, const json_t *calls)
{
	struct uuid s = id_of("session", session), r = id_of("request", request);

	given_put(txn, &s, &r, calls);
}

static void is(struct store_txn *txn, uint64_t session, uint64_t request, const json_t *wanted)
{
	struct uuid s = id_of("session", session), r = id_of("request", request);
	_cleanup_(json_decrefp) json_t *calls = NULL;
	_cleanup_(freep) char *a = NULL, *b = NULL;

	CHECK_INT(store_get_tree(txn, &s, &r, &calls), 0);
	if (json_equal(calls, wanted) && !json_array_size(calls))
		return;
	CHECK(json_equal(calls, wanted));
	a = json_dumps(json_array_get(calls, 0), JSON_COMPACT);
	b = json_dumps(json_array_get(wanted, 0), JSON_COMPACT);
	CHECK_STR(a, b); /* in the same order */
}

static struct store_txn *begin(bool write)
{
	struct store_txn *txn;

	CHECK_INT(store_begin(store, write, &txn), 0);
	return txn;
}

static size_t rows(struct store_txn *txn, enum table table)
{
	uint64_t entries, pages;

	CHECK_INT(table_size(txn, table, &entries, &pages), 0);
	return entries;
}

static json_int_t check(struct store_txn *write, size_t problems)
{
	_cleanup_(json_decrefp) json_t *report = NULL;
	struct store_txn *txn;

	CHECK_INT(store_commit(write), 0);
	txn = begin(false);
	CHECK_INT(store_check(txn, NULL, &report), 0);
	if (json_array_size(json_object_get(report, "problems")) != problems)
		json_dumpf(report, stderr, JSON_INDENT(1));
	CHECK_INT(json_array_size(json_object_get(report, "problems")), problems);
	store_abort(txn);
	return number(report, "tree_chunks");
}

static void test_alone(void)
{
	struct store_txn *txn = begin(true);

	for (uint64_t i = 0; i < 60; i++) {
		_cleanup_(json_decrefp) json_t *tree = any_tree(pick(90), 1 + pick(40), i % 3 == 0);

		put(txn, i, i, tree);
		is(txn, i, i, tree);
	}
	CHECK_INT(rows(txn, TABLE_PACKS), 0);
	store_abort(txn);
}

static void test_replaced_and_dropped(void)
{
	_cleanup_(json_decrefp) json_t *large = any_tree(4100, 30, false);
	_cleanup_(json_decrefp) json_t *small = any_tree(3, 3, false), *none = json_array();
	struct uuid session = id_of("session", 1), request = id_of("request", 1);
	struct store_txn *txn = begin(true);

	put(txn, 1, 1, large);
	put(txn, 1, 2, small);
	CHECK_INT(rows(txn, TABLE_TREES), 4);
	is(txn, 1, 1, large);
	is(txn, 2, 1, none); /* another session's */
	put(txn, 1, 1, small);
	CHECK_INT(rows(txn, TABLE_TREES), 2);
	is(txn, 1, 1, small);
	CHECK_INT(store_drop_tree(txn, &session, &request), 0);
	is(txn, 1, 1, none);
	is(txn, 1, 2, small);
	CHECK_INT(store_drop_trees(txn, &session), 0);
	CHECK_INT(rows(txn, TABLE_TREES), 0);
	store_abort(txn);
}

#define PACKED	     2100
#define EACH_SESSION 300

/* Several requests a session, enough of them for packs. */
static void test_packed(void)
{
	_cleanup_(json_decrefp) json_t *trees = json_array(), *none = json_array();
	struct uuid session, request;
	struct store_txn *txn = begin(true);
	size_t waiting;

	for (size_t i = 0; i < PACKED; i++) {
		json_array_append_new(trees, any_tree(1 + pick(15), 1 + pick(10), i % 7 == 0));
		put(txn, i / EACH_SESSION, i, json_array_get(trees, i));
	}
	CHECK(rows(txn, TABLE_PACKS) > 0);
	waiting = rows(txn, TABLE_TREES);
	CHECK(waiting < PACKED);
	for (size_t i = 0; i < PACKED; i += 1 + pick(20))
		is(txn, i / EACH_SESSION, i, json_array_get(trees, i));
	CHECK_INT(check(txn, 0), PACKED);

	/* Put again, out of its pack. */
	txn = begin(true);
	put(txn, 0, 1, json_array_get(trees, 5));
	is(txn, 0, 1, json_array_get(trees, 5));
	is(txn, 0, 0, json_array_get(trees, 0));
	CHECK_INT(check(txn, 0), PACKED);

	txn = begin(true);
	session = id_of("session", 1);
	request = id_of("request", EACH_SESSION + 1);
	CHECK_INT(store_drop_tree(txn, &session, &request), 0);
	is(txn, 1, EACH_SESSION + 1, none);
	is(txn, 1, EACH_SESSION + 2, json_array_get(trees, EACH_SESSION + 2));
	for (size_t i = 0; i < PACKED / EACH_SESSION; i++) {
		session = id_of("session", i);
		CHECK_INT(store_drop_trees(txn, &session), 0);
		is(txn, i, EACH_SESSION * i, none);
		if (i % 9 == 0 && i + 1 < PACKED / EACH_SESSION)
			is(txn, i + 1, EACH_SESSION * (i + 1),
			   json_array_get(trees, EACH_SESSION * (i + 1)));
	}
	CHECK_INT(rows(txn, TABLE_TREES), 0);
	CHECK_INT(rows(txn, TABLE_PACKS), 0);
	CHECK_INT(rows(txn, TABLE_PACKED), 0);
	store_abort(txn);
	txn = begin(true);
	for (size_t i = 0; i < PACKED / EACH_SESSION; i++) {
		session = id_of("session", i);
		CHECK_INT(store_drop_trees(txn, &session), 0);
	}
	CHECK_INT(check(txn, 0), 0);
}

/* A request of many calls: deep, and with an exception that leaves them. */
struct many {
	size_t next, count;
	json_t *args, *thrown;
};

static int next_of_many(struct store_call *ret, void *userdata)
{
	struct many *many = userdata;
	size_t i = many->next++, deep = i % 5000;

	if (i == many->count)
		return STORE_NONE;
	json_integer_set(json_object_get(many->args, "i"), (json_int_t)i);
	*ret = (struct store_call){
		.parent = deep ? i : 0,
		.depth = deep,
		.line = 7,
		.function = "f",
		.left = "exception",
		.args = many->args,
		.exception = many->thrown,
		.start_ns = i * 100,
		.duration_ns = (5000 - deep) * 100,
		.self_ns = 100,
	};
	return 0;
}

static void put_many(struct store_txn *txn, const struct uuid *request, size_t count)
{
	_cleanup_(json_decrefp) json_t *args = json_pack("{s:i}", "i", 0), *thrown = exception(5);
	struct many many = {0, count, args, thrown};
	struct uuid session = id_of("session", 1);

	CHECK_INT(store_put_tree(txn, &session, request, next_of_many, &many), 0);
}

static void test_many_calls(void)
{
	struct uuid session = id_of("session", 1), request = id_of("request", 1),
		    larger = id_of("request", 2);
	_cleanup_(json_decrefp) json_t *calls = NULL;
	struct store_txn *txn = begin(true);
	json_t *last;

	put_many(txn, &request, 150000);
	CHECK_INT(store_get_tree(txn, &session, &request, &calls), 0);
	CHECK_INT(json_array_size(calls), 150000);
	last = json_array_get(calls, 149999);
	CHECK_INT(number(last, "parent"), 149999);
	CHECK_INT(number(last, "depth"), 4999);
	CHECK_INT(number(last, "start_ns"), 14999900);
	CHECK_INT(number(last, "self_ns"), 100);
	CHECK_INT(number(json_object_get(last, "args"), "i"), 149999);
	CHECK(json_is_object(json_object_get(last, "exception")));
	put_many(txn, &larger, 1000000);
	CHECK(rows(txn, TABLE_TREES) + rows(txn, TABLE_PACKS) > 0);
	CHECK_INT(store_drop_trees(txn, &session), 0);
	CHECK_INT(rows(txn, TABLE_TREES), 0);
	CHECK_INT(rows(txn, TABLE_PACKS), 0);
	store_abort(txn);
}

static json_t *nested(unsigned int depth)
{
	return json_pack("[o]", depth ? nested(depth - 1) : json_null());
}

static void test_what_cannot_be_put(void)
{
	struct uuid session = id_of("session", 1), request = id_of("request", 1);
	const struct {
		const char *field;
		json_t *value;
	} bad[] = {
		{"parent", json_integer(1)}, {"parent", json_integer(9)}, {"left", json_null()},
		{"left", json_string("so")}, {"function", json_null()},	  {"result", nested(40)},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_(json_decrefp) json_t *tree = any_tree(1, 1, false);
		struct store_txn *txn = begin(true);

		json_object_set_new(json_array_get(tree, 0), bad[i].field, bad[i].value);
		CHECK_INT(given_try(txn, &session, &request, tree), -EINVAL);
		store_abort(txn);
	}
}

/* Any byte of a tree, waiting or packed, may be another: an error or another tree, never a crash.
 */
static void test_damage(void)
{
	static const enum table tables[] = {TABLE_TREES, TABLE_PACKS, TABLE_PACKED};
	struct store_txn *txn = begin(true);
	size_t errors = 0;

	for (size_t i = 0; i < 2058; i++) {
		_cleanup_(json_decrefp) json_t *tree = any_tree(1 + pick(4), 5, false);

		put(txn, i / 2, i, tree);
	}
	CHECK(rows(txn, TABLE_TREES) && rows(txn, TABLE_PACKS));
	CHECK_INT(store_commit(txn), 0);
	for (size_t i = 0; i < 300; i++) {
		enum table table = tables[i % 3];
		_cleanup_(walk_deinit) struct walk walk = {0};
		_cleanup_(freep) uint8_t *value = NULL;
		struct key key = {0}, all = {0};
		size_t size, skip;

		txn = begin(true);
		skip = pick(rows(txn, table));
		CHECK_INT(walk_init(&walk, txn, table, &all, false), 0);
		do
			CHECK_INT(walk_next(&walk), 0);
		while (skip--);
		key_add(&key, walk.key.data, walk.key.size);
		size = walk.value.size;
		value = malloc(size);
		memcpy(value, walk.value.data, size);
		walk_deinit(&walk);
		value[pick(size)] ^= (uint8_t)(1u << pick(8));
		CHECK_INT(table_put(txn, table, &key, value, pick(4) ? size : pick(size + 1)), 0);
		for (size_t k = 0; k < 3; k++) {
			size_t n = table == TABLE_TREES ? 2048 + pick(10) : pick(2048);
			struct uuid s = id_of("session", n / 2), r = id_of("request", n);
			_cleanup_(json_decrefp) json_t *calls = NULL;
			int ret = store_get_tree(txn, &s, &r, &calls);

			CHECK(ret == 0 || ret == -EBADMSG);
			CHECK(!ret == !!calls);
			errors += ret == -EBADMSG;
			ret = pick(9) ? 0 : store_drop_tree(txn, &s, &r);
			CHECK(ret == 0 || ret == -EBADMSG);
		}
		store_abort(txn);
	}
	CHECK(errors > 100);
}

/* Behind zstd, whose own checks find most: the columns themselves. */
static void test_damaged_columns(void)
{
	struct uuid session = id_of("session", 0), request = id_of("request", 0);
	_cleanup_(json_decrefp) json_t *tree = any_tree(30, 9, true);
	struct store_txn *txn = begin(true);
	_cleanup_(chunk_row_deinit) struct chunk_row row = {0};
	struct key key = {0};
	struct bytes value;

	put(txn, 0, 0, tree);
	key_add(&key, session.bytes, 16);
	key_add(&key, request.bytes, 16);
	key_add_u32(&key, 0);
	CHECK_INT(table_get(txn, TABLE_TREES, &key, &value), 0);
	CHECK_INT(chunk_row_read(&row, value), 0);
	for (size_t i = 0; i < 4000; i++) {
		_cleanup_(buffer_deinit) struct buffer bytes = BUFFER_INIT, packed = BUFFER_INIT;
		_cleanup_(json_decrefp) json_t *calls = NULL;
		int r;

		buffer_add(&bytes, row.bytes.data, row.bytes.size);
		for (size_t k = 1 + pick(3); k > 0; k--)
			bytes.data[pick(bytes.size)] = (uint8_t)pick(256);
		if (!pick(9))
			bytes.size = pick(bytes.size);
		CHECK_INT(zip((struct span){bytes.data, bytes.size}, 1, &packed), 0);
		CHECK_INT(table_put(txn, TABLE_TREES, &key, packed.data, packed.size), 0);
		r = store_get_tree(txn, &session, &request, &calls);
		CHECK(r == 0 || r == -EBADMSG);
	}
	store_abort(txn);
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	CHECK_INT(store_open(&store, dir, STORE_CREATE), 0);
	test_alone();
	test_replaced_and_dropped();
	test_packed();
	test_many_calls();
	test_what_cannot_be_put();
	test_damaged_columns();
	test_damage();
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
