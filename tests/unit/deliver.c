/* SPDX-License-Identifier: MIT */
#include "deliver.h"

#include <ftw.h>
#include <unistd.h>

#include "check.h"
#include "cleanup.h"

static int take_one(const json_t *record, void *userdata)
{
	return json_array_append(userdata, (json_t *)record);
}

static json_t *everything(struct store *store, const char *call_id)
{
	static const char *const names[] = {
		[STORE_EVENTS] = "events",     [STORE_FUNCTIONS] = "functions",
		[STORE_SEGMENTS] = "segments", [STORE_ERRORS] = "errors",
		[STORE_REQUESTS] = "requests",
	};
	json_t *all = json_object(), *session = NULL;
	struct store_txn *txn;
	struct uuid id;

	CHECK_INT(store_begin(store, false, &txn), 0);
	CHECK_INT(store_find_call(txn, call_id, &id), 0);
	CHECK_INT(store_get_session(txn, &id, &session), 0);
	json_object_set_new(all, "session", session);
	for (int kind = STORE_EVENTS; kind <= STORE_REQUESTS; kind++) {
		json_t *list = json_array();

		CHECK_INT(store_each_record(txn, kind, &id, take_one, list), 0);
		json_object_set_new(all, names[kind], list);
	}
	store_abort(txn);
	return all;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

json_t *deliver(const struct profile *profile, const struct functions *functions,
		struct request *const *requests, const unsigned int *order, size_t n,
		const char *call_id)
{
	/* Where a commit need not wait for a disk. */
	char shared[] = "/dev/shm/calltrace-test-XXXXXX", plain[] = "/tmp/calltrace-test-XXXXXX";
	char *dir = access("/dev/shm", W_OK) == 0 ? shared : plain;
	struct store *store;
	struct writer *writer;
	json_t *all;

	CHECK(mkdtemp(dir));
	CHECK_INT(store_open(&store, dir, STORE_CREATE), 0);
	CHECK_INT(writer_new(&writer, store, profile), 0);
	for (size_t i = 0; i < n; i++) {
		CHECK_INT(writer_begin(writer), 0);
		CHECK_INT(writer_add(writer, requests[order[i]], functions), 0);
		CHECK_INT(writer_commit(writer), 0);
	}
	all = everything(store, call_id);
	writer_free(writer);
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return all;
}

static void swap(unsigned int *a, unsigned int *b)
{
	unsigned int t = *a;

	*a = *b;
	*b = t;
}

bool next_permutation(unsigned int *order, size_t n)
{
	size_t i = n - 1, k = n - 1;

	while (i && order[i - 1] > order[i])
		i--;
	if (!i)
		return false;
	while (order[k] < order[i - 1])
		k--;
	swap(&order[i - 1], &order[k]);
	for (size_t a = i, b = n - 1; a < b; a++, b--)
		swap(&order[a], &order[b]);
	return true;
}

static void differs(const char *path, const json_t *found, const json_t *wanted, const char *what)
{
	_cleanup_(freep) char *x = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
	_cleanup_(freep) char *y = wanted ? json_dumps(wanted, JSON_ENCODE_ANY) : NULL;

	fprintf(stderr, "%s: %s is %s, not %s\n", what, path, x ? x : "missing", y ? y : "missing");
	exit(1);
}

static void compare(const char *path, const json_t *found, const json_t *wanted, const char *what)
{
	const char *name;
	json_t *value;
	char inner[512];
	size_t i;

	if (!found || !wanted || json_typeof(found) != json_typeof(wanted))
		differs(path, found, wanted, what);
	json_object_foreach ((json_t *)wanted, name, value) {
		snprintf(inner, sizeof(inner), "%s/%s", path, name);
		compare(inner, json_object_get(found, name), value, what);
	}
	json_array_foreach ((json_t *)wanted, i, value) {
		snprintf(inner, sizeof(inner), "%s/%zu", path, i);
		compare(inner, json_array_get(found, i), value, what);
	}
	if (!json_equal(found, wanted))
		differs(path, found, wanted, what);
}

void check_same(const json_t *found, const json_t *wanted, const char *what)
{
	compare("", found, wanted, what);
}
