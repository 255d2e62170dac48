/* SPDX-License-Identifier: MIT */
/* What PHP reads and jansson refuses; and what is no JSON stays none. */
#include "lenient.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static void parses(const char *from, const char *want)
{
	json_t *json = lenient_parse(from, strlen(from));
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	CHECK_STR(text ? text : "(none)", want);
	free(text);
	json_decref(json);
}

static void test_numbers(void)
{
	parses("{\"n\":9223372036854775807}", "{\"n\":9223372036854775807}");
	parses("{\"n\":9223372036854775808}", "{\"n\":{\"@uint\":\"9223372036854775808\"}}");
	parses("[-123456789012345678901,1]", "[{\"@int\":\"-123456789012345678901\"},1]");
	parses("[1e999,-1e999,1e-999]", "[{\"@float\":\"INF\"},{\"@float\":\"-INF\"},0.0]");
	parses("123456789012345678901", "{\"@uint\":\"123456789012345678901\"}");
}

static void test_text(void)
{
	parses("[\"a\\u0000b\",\"12345678901234567890123\"]", "[\"a\xef\xbf\xbd"
							      "b\",\"12345678901234567890123\"]");
	parses("{\"a\\u0000\":1}", "{\"a\xef\xbf\xbd\":1}");
	parses("[\"\\ud83d\\ude00\\u0000\"]", "[\"\xf0\x9f\x98\x80\xef\xbf\xbd\"]");
	parses("[\"\\ud83dx\",\"\\ude00\"]", "[\"\xef\xbf\xbdx\",\"\xef\xbf\xbd\"]");
	parses("[\"M\xfcller\",\"\xed\xa0\x80\",\"\xc3\"]",
	       "[\"M\xef\xbf\xbdller\",\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"\xef\xbf\xbd\"]");
	parses("\xef\xbb\xbf{\"a\":1}", "{\"a\":1}");
	parses("[\"\\\"\\\\\",\"\\u0000\"]", "[\"\\\"\\\\\",\"\xef\xbf\xbd\"]");
}

static void test_nesting(void)
{
	char text[4096] = "";
	json_t *json;

	for (unsigned int i = 0; i < 100; i++)
		strcat(text, i % 2 ? "{\"]\":" : "[");
	strcat(text, "1");
	for (unsigned int i = 100; i > 0; i--)
		strcat(text, (i - 1) % 2 ? "}" : "]");
	json = lenient_parse(text, strlen(text));
	CHECK(json_is_array(json));
	json_decref(json);
}

static void test_none(void)
{
	static const char *const texts[] = {
		"",	 "{",	    "[1e999",  "{\"a\\u0000\":",	 "[\"\\u",
		"[\"\\", "[1e999}", "1e999 x", "[99999999999999999999,]"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		parses(texts[i], "(none)");
}

int main(void)
{
	test_numbers();
	test_text();
	test_nesting();
	test_none();
	return 0;
}
