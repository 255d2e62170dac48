/* SPDX-License-Identifier: MIT */
/*
 * Where a profile finds values, and times as providers write them.
 */
#include "source.h"

#include <string.h>

#include "check.h"
#include "cleanup.h"
#include "profile.h"
#include "when.h"

static void at_is(const char *time, int64_t expected)
{
	_cleanup_(json_decrefp) json_t *json = json_loads(time, JSON_DECODE_ANY, NULL);
	int64_t ms = -1;

	CHECK_INT(when_read(json, &ms), expected >= 0);
	CHECK_INT(ms, expected);
}

static void test_times(void)
{
	at_is("1772442000137", 1772442000137);
	at_is("1772442000", 1772442000000);
	at_is("1772442000.25", 1772442000250);
	at_is("\"1772442000137\"", 1772442000137);
	at_is("\"2026-03-02T09:00:00.137Z\"", 1772442000137);
	at_is("\"2026-03-02T10:00:00+01:00\"", 1772442000000);
	at_is("\"2026-03-02T10:00:00.5+0100\"", 1772442000500);
	at_is("\"2026-03-02T04:00:00-05\"", 1772442000000);
	at_is("\"2026-03-02 09:00:00\"", 1772442000000);
	at_is("\"2026-13-02T09:00:00Z\"", -1);
	at_is("\"2026-03-02\"", -1);
	at_is("\"2026-03-02T09:00:00 soon\"", -1);
	at_is("0", -1);
	at_is("-5", -1);
	at_is("1e300", -1);
	at_is("null", -1);
}

static void test_lengths(void)
{
	_cleanup_(json_decrefp) json_t *json = json_real(1.5);
	double ms = 0;

	CHECK(length_read(json, NULL, &ms) && ms == 1.5);
	CHECK(length_read(json, "s", &ms) && ms == 1500);
	CHECK(length_read(json, "min", &ms) && ms == 90000);
}

static void test_pointers(void)
{
	_cleanup_(json_decrefp) json_t *json =
		json_loads("{\"a\":[{\"b/c\":1},{\"~\":\"x\"}],\"\":2,\"n\":null}", 0, NULL);
	const struct origins origins = {.call = json, .bare = json_at(json, "/a/1")};
	_cleanup_(json_decrefp) json_t *list = json_pack("[s, s, s]", "args:/x", "call:/n", "/~0");

	CHECK_INT(json_integer_value(json_at(json, "/a/0/b~1c")), 1);
	CHECK_INT(json_integer_value(json_at(json, "/")), 2);
	CHECK(json_at(json, "") == json);
	CHECK(!json_at(json, "/n") && !json_at(json, "/a/2") && !json_at(json, "/a/x"));
	CHECK(!json_at(json, "a") && !json_at(json, "body:/a"));
	CHECK_STR(source_text(list, &origins), "x");
	CHECK(source_valid("header:x-tenant") && source_valid("call:/a") && source_valid("/a"));
	CHECK(!source_valid("header:X-Tenant") && !source_valid("query:") && !source_valid("a"));
}

static void test_call_ids(void)
{
	static const char *const none[] = {"",	      "  ",	 "null", "NULL", "{{call_id}}",
					   "unknown", "call_id", "$id",	 "%id%", "1"};
	struct profile *profile;

	CHECK_INT(profile_open(&profile, NULL), 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(!profile_call_id(profile, none[i]));
	CHECK(!profile_call_id(profile, NULL));
	CHECK(profile_call_id(profile, "call_5f0e1d2c3b4a") && profile_call_id(profile, "7"));
	CHECK_STR(profile_provider(profile), "retell");
	CHECK_STR(profile_provider(profile_named(profile, "vapi")), "vapi");
	profile_close(profile);
}

/* Those built in are what a file may say. */
static void test_builtin(const char *dir)
{
	static const char *const names[] = {"retell", "vapi"};
	char path[4096];

	for (size_t i = 0; i < 2; i++) {
		struct profile *profile;

		snprintf(path, sizeof(path), "%s/%s.json", dir, names[i]);
		CHECK_INT(profile_open(&profile, path), 0);
		profile_close(profile);
	}
}

int main(int argc, char **argv)
{
	test_times();
	test_lengths();
	test_pointers();
	test_call_ids();
	CHECK_INT(argc, 2);
	test_builtin(argv[1]);
	return 0;
}
