/* SPDX-License-Identifier: MIT */
/*
 * What call trees take, column by column, in the packs of a store. usage: bench-trees STORE
 */
#include <stdio.h>

#include "cleanup.h"
#include "store-tree.h"

struct sums {
	uint64_t packs, rows, calls, ids, all;
	uint64_t packed[COLUMN_COUNT + 1], raw[COLUMN_COUNT + 1];
};

static int add_pack(struct sums *sums, struct bytes value)
{
	_cleanup_(treepack_close) struct treepack pack = {0};
	int r = treepack_open(&pack, (struct span){value.data, value.size});

	if (!r)
		r = treepack_load(&pack);
	if (r)
		return r;
	sums->packs++;
	sums->all += value.size;
	sums->ids += pack.ids.size;
	for (size_t i = 0; i <= COLUMN_COUNT; i++) {
		sums->packed[i] += pack.packed[i].size;
		sums->raw[i] += i ? pack.streams[i - 1].size : pack.head.size;
	}
	while (!(r = treepack_next(&pack))) {
		sums->rows++;
		sums->calls += pack.row.columns.calls;
	}
	return r == STORE_NONE ? 0 : r;
}

static int add_packs(struct sums *sums, struct store_txn *txn)
{
	_cleanup_(walk_deinit) struct walk walk = {0};
	struct key all = {0};
	int r = walk_init(&walk, txn, TABLE_PACKS, &all, false);

	while (!r && !(r = walk_next(&walk)))
		r = add_pack(sums, walk.value);
	return r == STORE_NONE ? 0 : r;
}

static void print(const struct sums *sums)
{
	static const char *const names[] = {"codes and rows", "shape",	      "rest",
					    "values",	      "times: sizes", "times: bits"};
	double calls = sums->calls ? (double)sums->calls : 1;

	printf("%llu packs, %llu chunks, %llu PHP calls; bytes per call, of so many uncompressed:\n",
	       (unsigned long long)sums->packs, (unsigned long long)sums->rows,
	       (unsigned long long)sums->calls);
	for (size_t i = 0; i <= COLUMN_COUNT; i++)
		printf("%-16s %8.3f %10.3f\n", names[i], sums->packed[i] / calls,
		       sums->raw[i] / calls);
	printf("%-16s %8.3f\n%-16s %8.3f\n", "ids", sums->ids / calls, "all", sums->all / calls);
}

int main(int argc, char **argv)
{
	struct sums sums = {0};
	struct store_txn *txn;
	struct store *store;
	int r = argc == 2 ? store_open(&store, argv[1], STORE_READ) : -1;

	if (r)
		return fprintf(stderr, "usage: bench-trees STORE\n"), 2;
	r = store_begin(store, false, &txn);
	if (!r) {
		r = add_packs(&sums, txn);
		store_abort(txn);
	}
	store_close(store);
	if (!r)
		print(&sums);
	return r ? 1 : 0;
}
