/* SPDX-License-Identifier: MIT */
/*
 * The store: what is put is got, indices follow, readers work beside a writer and without one, and
 * what is damaged is an error.
 */
#include <errno.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"
#include "store-table.h"
#include "store.h"

static char dir[] = "/tmp/test-store-XXXXXX";
static char path[64];
static struct store *store;

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

static void fresh_store(void)
{
	store_close(store);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	CHECK_INT(store_open(&store, path, true), 0);
}

static struct store_txn *begin(bool write)
{
	struct store_txn *txn;

	CHECK_INT(store_begin(store, write, &txn), 0);
	return txn;
}

static struct uuid id_of(const char *name)
{
	struct uuid id;

	uuid_derive(&id, "session", name, strlen(name));
	return id;
}

static void put_session(struct store_txn *txn, const char *call, const char *kind, json_int_t at)
{
	struct uuid id = id_of(call);
	char text[UUID_TEXT];
	_cleanup_(json_decrefp) json_t *session = NULL;

	uuid_format(&id, text);
	session = json_pack("{s:s, s:s, s:s?, s:n, s:I}", "id", text, "kind", kind, "call_id",
			    strcmp(kind, "call") == 0 ? call : NULL, "started_at", "first_seen_at",
			    at);
	CHECK_INT(store_put_session(txn, session), 0);
}

static int append_id(const json_t *record, void *userdata)
{
	json_t *name = json_object_get(record, "call_id");

	return json_array_append(userdata,
				 json_is_string(name) ? name : json_object_get(record, "id"));
}

static int append(const json_t *record, void *userdata)
{
	return json_array_append(userdata, (json_t *)record);
}

static void check_found(struct store_txn *txn, const char *written, const char *call)
{
	struct uuid found = {0}, id = id_of(call);

	CHECK_INT(store_find_call(txn, written, &found), 0);
	CHECK(memcmp(&found, &id, sizeof(id)) == 0);
}

/* Commits what `txn` wrote and gives a reader of it. */
static struct store_txn *read_back(struct store_txn *txn)
{
	CHECK_INT(store_commit(txn), 0);
	return begin(false);
}

static void check_problems(struct store_txn *txn, size_t problems)
{
	_cleanup_(json_decrefp) json_t *report = NULL;

	CHECK_INT(store_check(txn, &report), 0);
	if (json_array_size(json_object_get(report, "problems")) != problems)
		json_dumpf(report, stderr, JSON_INDENT(1));
	CHECK_INT(json_array_size(json_object_get(report, "problems")), problems);
}

static void test_sessions_in_order(void)
{
	static const struct store_filter range = {STORE_ONLY_CALLS, 15, 40};
	_cleanup_(json_decrefp) json_t *seen = json_array(), *some = json_array();
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_session(txn, "call_a", "call", 10);
	put_session(txn, "call_b", "call", 30);
	put_session(txn, "page", "request", 20);
	put_session(txn, "call_c", "call", 40);
	/* It moves: the index must forget where it was. */
	put_session(txn, "call_a", "call", 35);

	txn = read_back(txn);
	CHECK_INT(store_each_session(txn, append_id, seen), 0);
	CHECK_INT(json_array_size(seen), 4);
	CHECK_STR(json_string_value(json_array_get(seen, 0)), "call_c");
	CHECK_STR(json_string_value(json_array_get(seen, 1)), "call_a");
	CHECK_STR(json_string_value(json_array_get(seen, 2)), "call_b");
	CHECK_INT(store_each_session_in(txn, &range, append_id, some), 0);
	CHECK_INT(json_array_size(some), 2);
	CHECK_STR(json_string_value(json_array_get(some, 0)), "call_a");
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_find_call(void)
{
	struct uuid id, untouched = {{7}};
	char text[UUID_TEXT];
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_find_call(txn, "@latest", &untouched), STORE_NONE);
	put_session(txn, "page", "request", 90);
	check_found(txn, "@latest", "page");
	put_session(txn, "call_12", "call", 10);
	put_session(txn, "call_123", "call", 20);
	put_session(txn, "call_4", "call", 5);
	check_found(txn, "@latest", "call_123");
	check_found(txn, "call_12", "call_12");
	check_found(txn, "call_123", "call_123");
	check_found(txn, "call_4", "call_4");
	CHECK_INT(store_find_call(txn, "call_1", &untouched), STORE_AMBIGUOUS);
	CHECK_INT(store_find_call(txn, "nope", &untouched), STORE_NONE);
	CHECK_INT(store_find_call(txn, "", &untouched), STORE_NONE);
	id = id_of("call_4");
	uuid_format(&id, text);
	check_found(txn, text, "call_4");
	text[13] = 0;
	for (char *p = text; *p; p++)
		*p = *p >= 'a' && *p <= 'f' ? *p - 32 : *p;
	check_found(txn, text, "call_4");
	CHECK_INT(untouched.bytes[0], 7);
	store_abort(txn);
}

static void test_long_call_ids(void)
{
	static char a[2000], b[2000];
	struct store_txn *txn;
	struct uuid id;

	memset(a, 'x', sizeof(a) - 1);
	memset(b, 'x', sizeof(b) - 1);
	b[1900] = 'y';
	fresh_store();
	txn = begin(true);
	put_session(txn, a, "call", 1);
	check_found(txn, a, a);
	put_session(txn, b, "call", 2);
	CHECK_INT(store_find_call(txn, a, &id), STORE_AMBIGUOUS);
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_session_needs_an_id(void)
{
	_cleanup_(json_decrefp) json_t *session = json_pack("{s:i}", "first_seen_at", 1);
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_put_session(txn, session), -EINVAL);
	store_abort(txn);
}

static void put_record(struct store_txn *txn, enum store_kind kind, const char *call, uint64_t seq,
		       const char *name, json_int_t at)
{
	struct uuid session = id_of(call), id = id_of(name);
	_cleanup_(json_decrefp) json_t *record = NULL;
	char text[UUID_TEXT];

	uuid_format(&id, text);
	record = json_pack("{s:s, s:s, s:I}", "id", text, "call_id", name, "occurred_at", at);
	CHECK_INT(store_put_record(txn, kind, &session, seq, record), 0);
}

static json_t *records(struct store_txn *txn, enum store_kind kind, const char *call)
{
	struct uuid session = id_of(call);
	json_t *array = json_array();

	CHECK_INT(store_each_record(txn, kind, &session, append_id, array), 0);
	return array;
}

static void test_records(void)
{
	_cleanup_(json_decrefp) json_t *events = NULL, *requests = NULL, *none = NULL,
				       *others = NULL;
	struct uuid session = id_of("a");
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_record(txn, STORE_EVENTS, "a", 300, "third", 0);
	put_record(txn, STORE_EVENTS, "a", 2, "replaced", 0);
	put_record(txn, STORE_EVENTS, "a", 2, "first", 0);
	put_record(txn, STORE_EVENTS, "b", 1, "of another", 0);
	put_record(txn, STORE_REQUESTS, "a", 5, "one", 0);
	put_record(txn, STORE_REQUESTS, "a", 5, "at the same time", 0);
	events = records(txn, STORE_EVENTS, "a");
	CHECK_INT(json_array_size(events), 2);
	CHECK_STR(json_string_value(json_array_get(events, 0)), "first");
	CHECK_STR(json_string_value(json_array_get(events, 1)), "third");
	requests = records(txn, STORE_REQUESTS, "a");
	CHECK_INT(json_array_size(requests), 2);
	CHECK_INT(store_drop_records(txn, STORE_EVENTS, &session), 0);
	none = records(txn, STORE_EVENTS, "a");
	CHECK_INT(json_array_size(none), 0);
	others = records(txn, STORE_EVENTS, "b");
	CHECK_INT(json_array_size(others), 1);
	store_abort(txn);
}

static void test_errors_by_time(void)
{
	static const struct store_filter range = {.since = 20, .until = 30};
	_cleanup_(json_decrefp) json_t *all = json_array(), *some = json_array(),
				       *left = json_array();
	struct uuid a = id_of("a");
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	put_session(txn, "a", "call", 1);
	put_session(txn, "b", "call", 1);
	put_record(txn, STORE_ERRORS, "a", 1, "early", 10);
	put_record(txn, STORE_ERRORS, "b", 1, "late", 30);
	put_record(txn, STORE_ERRORS, "a", 2, "moved", 40);
	put_record(txn, STORE_ERRORS, "a", 2, "moved", 20);
	CHECK_INT(store_each_error(txn, append_id, all), 0);
	CHECK_INT(json_array_size(all), 3);
	CHECK_STR(json_string_value(json_array_get(all, 0)), "late");
	CHECK_STR(json_string_value(json_array_get(all, 1)), "moved");
	CHECK_INT(store_each_error_in(txn, &range, append_id, some), 0);
	CHECK_INT(json_array_size(some), 1);
	CHECK_INT(store_drop_records(txn, STORE_ERRORS, &a), 0);
	CHECK_INT(store_each_error(txn, append_id, left), 0);
	CHECK_INT(json_array_size(left), 1);
	txn = read_back(txn);
	check_problems(txn, 0);
	store_abort(txn);
}

static void test_trees(void)
{
	_cleanup_(freep) char *big = calloc(1, 3 << 20), *back = NULL;
	struct uuid request = id_of("request");
	struct store_txn *txn;
	size_t size = 5;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_put_tree(txn, &request, 0, big, 3 << 20), 0);
	CHECK_INT(store_put_tree(txn, &request, 1, "abc", 3), 0);
	CHECK_INT(store_get_tree(txn, &request, 1, (void **)&back, &size), 0);
	CHECK(size == 3 && memcmp(back, "abc", 3) == 0);
	CHECK_INT(store_get_tree(txn, &request, 2, (void **)&back, &size), STORE_NONE);
	CHECK_INT(size, 3);
	CHECK_INT(store_put_tree(txn, &request, 2, big, STORE_CHUNK_MAX + 1u), -E2BIG);
	CHECK_INT(store_drop_tree(txn, &request), 0);
	CHECK_INT(store_get_tree(txn, &request, 0, (void **)&back, &size), STORE_NONE);
	store_abort(txn);
}

static int count_def(uint32_t fn, const void *frame, size_t size, void *userdata)
{
	CHECK_INT(size, 3);
	*(uint32_t *)userdata += fn;
	return 0;
}

static int count_ring(const uint8_t ring_id[16], const json_t *state, void *userdata)
{
	CHECK(json_is_object(state));
	++*(int *)userdata;
	return 0;
}

static void test_rings(void)
{
	static const uint8_t one[16] = {1}, two[16] = {2};
	_cleanup_(json_decrefp) json_t *state =
		json_pack("{s:i, s:{s:i}}", "position", 7, "lost", "calls", 3);
	_cleanup_(json_decrefp) json_t *back = NULL, *report = NULL;
	struct store_txn *txn;
	uint32_t sum = 0;
	int rings = 0;

	fresh_store();
	txn = begin(true);
	CHECK_INT(store_put_ring(txn, one, state), 0);
	CHECK_INT(store_put_ring(txn, two, state), 0);
	CHECK_INT(store_put_def(txn, one, 65535, "abc", 3), 0);
	CHECK_INT(store_put_def(txn, one, 1, "abc", 3), 0);
	CHECK_INT(store_get_ring(txn, one, &back), 0);
	CHECK(json_equal(state, back));
	CHECK_INT(store_each_def(txn, one, count_def, &sum), 0);
	CHECK_INT(sum, 65536);
	txn = read_back(txn);
	CHECK_INT(store_check(txn, &report), 0);
	store_abort(txn);
	txn = begin(true);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(report, "lost"), "calls")), 6);
	CHECK_INT(store_drop_ring(txn, one), 0);
	CHECK_INT(store_each_ring(txn, count_ring, &rings), 0);
	CHECK_INT(rings, 1);
	sum = 0;
	CHECK_INT(store_each_def(txn, one, count_def, &sum), 0);
	CHECK_INT(sum, 0);
	store_abort(txn);
}

static void damage(struct store_txn *txn, enum table table, const void *id, size_t id_size,
		   const void *tail, size_t tail_size)
{
	struct key key = {0};

	key_add(&key, id, id_size);
	key_add(&key, tail, tail_size);
	CHECK_INT(table_put(txn, table, &key, "{\"id\": [[[", 10), 0);
}

static void test_damage_is_an_error(void)
{
	_cleanup_(json_decrefp) json_t *seen = json_array();
	_cleanup_(freep) void *chunk = NULL;
	struct uuid id = id_of("a"), other = id_of("b");
	json_t *session = NULL;
	struct store_txn *txn;
	size_t size;

	fresh_store();
	txn = begin(true);
	put_session(txn, "a", "call", 10);
	put_session(txn, "b", "call", 20);
	damage(txn, TABLE_SESSIONS, &id, 16, "", 0);
	damage(txn, TABLE_EVENTS, &other, 16, "\0\0\0\0\0\0\0\1", 8);
	damage(txn, TABLE_ERRORS, &other, 16, "", 0);
	damage(txn, TABLE_TREES, &other, 16, "\0\0\0\0", 4);
	CHECK_INT(store_get_session(txn, &id, &session), -EBADMSG);
	CHECK_INT(store_each_session(txn, append_id, seen), -EBADMSG);
	CHECK_INT(store_each_record(txn, STORE_EVENTS, &other, append, seen), -EBADMSG);
	CHECK_INT(store_get_tree(txn, &other, 0, &chunk, &size), -EBADMSG);
	CHECK(!session && !chunk);
	txn = read_back(txn);
	check_problems(txn, 6); /* the error's key, record and index are three */
	store_abort(txn);
	txn = begin(true);

	/* Putting the session again repairs it, index and all. */
	put_session(txn, "a", "call", 30);
	json_array_clear(seen);
	CHECK_INT(store_each_session(txn, append_id, seen), 0);
	CHECK_INT(json_array_size(seen), 2);
	store_abort(txn);
}

static int read_in_child(int (*child)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(child());
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int count_sessions(void)
{
	_cleanup_(json_decrefp) json_t *seen = json_array();
	struct store *reader;
	struct store_txn *txn;
	struct uuid id;

	CHECK_INT(store_open(&reader, path, false), 0);
	CHECK_INT(store_begin(reader, true, &txn), -EROFS);
	CHECK_INT(store_begin(reader, false, &txn), 0);
	CHECK_INT(store_each_session(txn, append_id, seen), 0);
	CHECK_INT(store_find_call(txn, "call_1", &id), 0);
	store_abort(txn);
	store_close(reader);
	return (int)json_array_size(seen);
}

static void test_readers(void)
{
	struct store_txn *txn, *uncommitted;
	struct store *none = NULL;
	struct stat st;
	char data[80];

	fresh_store();
	txn = begin(true);
	put_session(txn, "call_1", "call", 1);
	CHECK_INT(store_commit(txn), 0);
	uncommitted = begin(true);
	put_session(uncommitted, "call_2", "call", 2);
	CHECK_INT(read_in_child(count_sessions), 1);
	CHECK_INT(store_commit(uncommitted), 0);
	store_close(store);
	store = NULL;
	CHECK_INT(read_in_child(count_sessions), 2);

	snprintf(data, sizeof(data), "%s/lock.mdb", path);
	CHECK(stat(data, &st) == 0 && (st.st_mode & 0777) == 0660);
	snprintf(data, sizeof(data), "%s/data.mdb", path);
	CHECK(stat(data, &st) == 0 && (st.st_mode & 0777) == 0640);
	CHECK_INT(store_open(&none, "/nonexistent/store", false), -ENOENT);
	CHECK_INT(store_open(&none, "/nonexistent/store", true), -ENOENT);
	CHECK_INT(store_open(&none, data, false), -ENOTDIR);
	CHECK_INT(store_open(&none, "/proc", false), -ENOENT);
	CHECK(!none);
}

static void test_not_a_store(void)
{
	char data[80], garbage[8192];
	struct store *none = NULL;
	FILE *file;

	fresh_store();
	store_close(store);
	store = NULL;
	memset(garbage, 'g', sizeof(garbage));
	snprintf(data, sizeof(data), "%s/data.mdb", path);
	file = fopen(data, "w");
	CHECK(file && fwrite(garbage, sizeof(garbage), 1, file) == 1 && fclose(file) == 0);
	CHECK_INT(store_open(&none, path, false), -EBADMSG);
	CHECK(truncate(data, 0) == 0);
	CHECK_INT(store_open(&none, path, false), -ENOENT);
}

static void test_other_schema(void)
{
	struct key key = {0};
	struct store_txn *txn;
	struct store *none = NULL;

	fresh_store();
	txn = begin(true);
	key_add(&key, "schema", 6);
	CHECK_INT(table_put(txn, TABLE_META, &key, "\x63", 1), 0);
	CHECK_INT(store_commit(txn), 0);
	store_close(store);
	store = NULL;
	CHECK_INT(store_open(&none, path, false), -EPROTO);
	CHECK_INT(store_open(&none, path, true), -EPROTO);
}

#ifndef __SANITIZE_ADDRESS__ /* it needs address space without end */
static size_t address_space(void)
{
	_cleanup_(fclosep) FILE *statm = fopen("/proc/self/statm", "r");
	size_t pages;

	CHECK(statm && fscanf(statm, "%zu", &pages) == 1);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int fill(const char *chunk, size_t size)
{
	static const uint8_t ring[16];
	struct store_txn *txn = begin(true);
	int r = 0;

	for (uint32_t fn = 0; !r && fn < 24; fn++)
		r = store_put_def(txn, ring, fn, chunk, size);
	if (!r)
		return store_commit(txn);
	store_abort(txn);
	return r;
}

/* Little address space gives a small map; when it is full, the next transaction has a larger one.
 */
static void test_full_map_grows(void)
{
	_cleanup_(freep) char *chunk = calloc(1, 1 << 20);
	struct rlimit before, little;

	fresh_store();
	store_close(store);
	store = NULL;
	CHECK(chunk && getrlimit(RLIMIT_AS, &before) == 0);
	little = before;
	little.rlim_cur = address_space() + (28 << 20);
	CHECK(setrlimit(RLIMIT_AS, &little) == 0);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	CHECK_INT(store_open(&store, path, true), 0);
	CHECK(setrlimit(RLIMIT_AS, &before) == 0);
	CHECK_INT(fill(chunk, 1 << 20), -ENOSPC);
	CHECK_INT(fill(chunk, 1 << 20), 0);
}
#else
static void test_full_map_grows(void)
{
}
#endif

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/db", dir);
	test_sessions_in_order();
	test_find_call();
	test_long_call_ids();
	test_session_needs_an_id();
	test_records();
	test_errors_by_time();
	test_trees();
	test_rings();
	test_damage_is_an_error();
	test_readers();
	test_not_a_store();
	test_other_schema();
	test_full_map_grows();
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
