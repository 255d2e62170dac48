/* SPDX-License-Identifier: MIT */
#include "uuid.h"
#include "check.h"

/* Ids are in stores and in people's notes: they must never change. The vectors are Python's
 * xxhash's: xxhash.xxh3_128(name, seed=xxhash.xxh3_64_intdigest(domain)), with version and variant
 * set. */
static void test_vectors(void)
{
	static const struct {
		const char *domain, *name, *text;
	} vectors[] = {
		{"session", "call_1", "cbeb8290-e507-8750-9385-2a02c3548947"},
	};
	struct uuid uuid;
	char text[UUID_TEXT];

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uuid_derive(&uuid, vectors[i].domain, vectors[i].name, strlen(vectors[i].name));
		uuid_format(&uuid, text);
		CHECK_STR(text, vectors[i].text);
	}
}

static void test_domains_differ(void)
{
	struct uuid a, b;

	uuid_derive(&a, "session", "x", 1);
	uuid_derive(&b, "request", "x", 1);
	CHECK(memcmp(&a, &b, sizeof(a)) != 0);
	uuid_derive(&a, "session", NULL, 0);
	CHECK(a.bytes[6] >> 4 == 8 && a.bytes[8] >> 6 == 2);
}

static void test_parse(void)
{
	static const char *const wrong[] = {
		"",
		"01234567-89ab-8def-8123-456789abcde",
		"01234567-89ab-8def-8123-456789abcdef0",
		"0123456789ab8def8123456789abcdef",
		"01234567-89ab-8def-8123-456789abcdeg",
		"01234567-89ab-8def-8123_456789abcdef",
	};
	struct uuid uuid = {{1}};
	char text[UUID_TEXT];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(!uuid_parse(&uuid, wrong[i]));
	CHECK(uuid.bytes[0] == 1);
	CHECK(uuid_parse(&uuid, "01234567-89AB-8def-8123-456789abcdef"));
	uuid_format(&uuid, text);
	CHECK_STR(text, "01234567-89ab-8def-8123-456789abcdef");
}

int main(void)
{
	test_vectors();
	test_domains_differ();
	test_parse();
	return 0;
}
