/* SPDX-License-Identifier: MIT */
/* The agent's FastCGI reader: whole streams, every split of them, and garbage. */

#include "../../agent/fastcgi.h"

#include "check.h"

#include <stdint.h>

struct seen {
	char log[4096];
	size_t n;
};

static void put(struct seen *seen, const char *text, size_t n)
{
	CHECK(seen->n + n < sizeof(seen->log));
	memcpy(seen->log + seen->n, text, n);
	seen->n += n;
	seen->log[seen->n] = 0;
}

static void record(void *userdata, uint8_t type, uint16_t length)
{
	char text[32];

	put(userdata, text, (size_t)snprintf(text, sizeof(text), "<%u:%u ", type, length));
}

static void content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	CHECK(n > 0);
	put(userdata, (const char *)data, n);
}

static void end(void *userdata, uint8_t type)
{
	put(userdata, ">", 1);
}

static const struct fastcgi_events events = {record, content, end};

static const char stream[] = "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0" /* BEGIN_REQUEST */
			     "\1\4\0\1\0\6\2\0"
			     "params"
			     "xx"		/* PARAMS, padded */
			     "\1\4\0\1\0\0\0\0" /* its end */
			     "\1\5\0\1\0\4\0\0"
			     "body" /* STDIN */
			     "\1\5\0\1\0\0\3\0"
			     "xxx"; /* its end, padded */

#define STREAM_SIZE (sizeof(stream) - 1)

static const char *whole(void)
{
	static struct seen seen;
	struct fastcgi state = {0};

	seen.n = 0;
	fastcgi_feed(&state, stream, STREAM_SIZE, &events, &seen);
	CHECK(!state.broken);
	/* The content of BEGIN_REQUEST has NULs: compared as bytes from there on. */
	CHECK(!memcmp(seen.log, "<1:8 \0\1\1\0\0\0\0\0>", 14));
	CHECK_STR(seen.log + 14, "<4:6 params><4:0 ><5:4 body><5:0 >");
	return seen.log;
}

static void test_splits(void)
{
	const char *expected = whole();

	for (size_t i = 0; i <= STREAM_SIZE; i++) {
		for (size_t j = i; j <= STREAM_SIZE; j++) {
			struct fastcgi state = {0};
			struct seen seen = {.n = 0};

			fastcgi_feed(&state, stream, i, &events, &seen);
			fastcgi_feed(&state, stream + i, j - i, &events, &seen);
			fastcgi_feed(&state, stream + j, STREAM_SIZE - j, &events, &seen);
			CHECK(!memcmp(seen.log, expected, seen.n));
		}
	}
}

static void test_not_fastcgi(void)
{
	struct fastcgi state = {0};
	struct seen seen = {.n = 0};

	fastcgi_feed(&state, "GET / HTTP/1.1\r\n\r\n", 18, &events, &seen);
	CHECK(state.broken);
	fastcgi_feed(&state, stream, STREAM_SIZE, &events, &seen);
	CHECK_INT(seen.n, 0);
}

static void drop_record(void *userdata, uint8_t type, uint16_t length)
{
}

static void drop_content(void *userdata, uint8_t type, const uint8_t *data, size_t n)
{
	*(uint32_t *)userdata += data[0] + data[n - 1];
}

static void drop_end(void *userdata, uint8_t type)
{
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Nothing is read out of bounds: the sanitizers watch. */
static void test_garbage(void)
{
	static const struct fastcgi_events drop = {drop_record, drop_content, drop_end};
	uint32_t seed = 1, sum = 0;

	for (int round = 0; round < 20000; round++) {
		struct fastcgi state = {0};
		size_t n = random_next(&seed) % 300;
		uint8_t *bytes = malloc(n + 1);

		for (size_t i = 0; i < n; i++)
			bytes[i] = random_next(&seed) % 4 ? 1 : (uint8_t)random_next(&seed);
		fastcgi_feed(&state, bytes, n / 2, &drop, &sum);
		fastcgi_feed(&state, bytes + n / 2, n - n / 2, &drop, &sum);
		free(bytes);
	}
}

static void test_pairs(void)
{
	static const uint8_t good[] = "\4\5NAMEvalue\x80\0\0\1\0Xrest";
	struct fastcgi_pair pair;
	size_t at = 0;

	CHECK(fastcgi_pair(good, 17, &at, &pair));
	CHECK(pair.name_len == 4 && !memcmp(pair.name, "NAME", 4));
	CHECK(pair.value_len == 5 && !memcmp(pair.value, "value", 5));
	CHECK(fastcgi_pair(good, 17, &at, &pair));
	CHECK(pair.name_len == 1 && *pair.name == 'X' && pair.value_len == 0);
	CHECK(!fastcgi_pair(good, 17, &at, &pair));
	CHECK_INT(at, 17);

	for (size_t n = 0; n < 11; n++) {
		at = 0;
		CHECK(!fastcgi_pair(good, n, &at, &pair));
		CHECK_INT(at, 0);
	}
	at = 0;
	CHECK(!fastcgi_pair((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff....", 12, &at,
			    &pair));
}

int main(void)
{
	test_splits();
	test_not_fastcgi();
	test_garbage();
	test_pairs();
	return 0;
}
