/* SPDX-License-Identifier: MIT */
/*
 * What it takes to encode a call's values, apart from the call itself: nanoseconds each, the least
 * of many rounds. `--loop CASE N` does one of them N times, for perf.
 */
#include "../../agent/values.h"

#include "../../agent/interpose.h"
#include "../../agent/worker.h"
#include "../unit/zvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS 300
#define TIMES  2000

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

static uint8_t room[1 << 17];

static void encode(struct zframe *frame, const struct zval *result)
{
	struct pack k = {.p = room, .end = room + sizeof(room)};

	values_begin(&k);
	values_pack_args(&k, frame, 0);
	if (result) {
		values_begin(&k);
		value_pack(&k, result);
	}
	/* What was written is used. */
	__asm__ volatile("" : : "r"(k.p) : "memory");
}

struct kind {
	const char *name;
	struct zframe *frame;
	struct zval result;
};

static double measure(const struct kind *kind)
{
	double least = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = clock_ns(CLOCK_MONOTONIC), ns;

		for (int i = 0; i < TIMES; i++)
			encode(kind->frame, &kind->result);
		ns = clock_ns(CLOCK_MONOTONIC) - start;
		if ((double)ns / TIMES < least)
			least = (double)ns / TIMES;
	}
	return least;
}

static struct zframe *call_with(unsigned n, struct zval a, struct zval b)
{
	static const char *const params[] = {"a", "b"};
	struct zframe *frame = zframe_of("f", params, n);

	zframe_args(frame)[0] = a;
	zframe_args(frame)[1] = b;
	return frame;
}

int main(int argc, char **argv)
{
	static char text[4001], json[4001];
	struct zval none = zval_plain(Z_NULL), row;
	size_t n = 0;

	zvals_engine();
	settings_load(&worker.settings);
	memset(text, 'x', sizeof(text) - 1);
	while (n + 40 < sizeof(json))
		n += (size_t)sprintf(json + n, "{\"service\":\"Schnitt\",\"minutes\":45},");
	row = zval_map(8, "id", zval_int(1), "service", zval_text("Schnitt"), "slot",
		       zval_text("2026-03-04 16:15"), "price", zval_float(39.5), "paid",
		       zval_plain(Z_FALSE), "note", none, "salon", zval_text("Mitte"), "minutes",
		       zval_int(45));

	const struct kind kinds[] = {
		{"two scalars", call_with(2, zval_int(1234), zval_text("x")), zval_int(1234)},
		{"eight keys", call_with(1, row, none), zval_int(1)},
		{"ten rows of eight keys", call_with(1, zval_list(10, row), none), zval_int(1)},
		{"4,000 bytes of text", call_with(1, zval_text(text), none), zval_int(1)},
		{"4,000 bytes of JSON", call_with(1, zval_text(json), none), zval_int(1)},
	};

	if (argc == 4) {
		const struct kind *kind = &kinds[atoi(argv[2])];

		for (long i = atol(argv[3]); i; i--)
			encode(kind->frame, &kind->result);
		return 0;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		printf("%-24s %8.1f ns\n", kinds[i].name, measure(&kinds[i]));
	return 0;
}
