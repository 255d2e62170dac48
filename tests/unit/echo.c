/* SPDX-License-Identifier: MIT */
/*
 * What PHP values repeat of the payload is named, and only that.
 */
#include "echo.h"

#include "check.h"
#include "cleanup.h"

static const char body[] =
	"{\"call\":{\"call_id\":\"call_1234567890123456\",\"transcript\":\"Agent: Guten Tag, hier ist "
	"der Salon. Wie kann ich Ihnen helfen?\\nUser: Färben, bitte.\\n\",\"transcript_object\":[{"
	"\"role\":\"agent\",\"content\":\"Guten Tag\",\"words\":[{\"word\":\"Guten\",\"start\":1.0,"
	"\"end\":1.5}],\"more\":{}},{\"role\":\"user\",\"content\":\"Färben\",\"words\":[]}]},"
	"\"name\":\"book\",\"args\":{}}";

static struct echo echo;

#define SAID \
	"Agent: Guten Tag, hier ist der Salon. Wie kann ich Ihnen helfen?\\nUser: Färben, bitte.\\n"
#define FIRST                                                                                       \
	"{\"role\":\"agent\",\"content\":\"Guten Tag\",\"words\":[{\"word\":\"Guten\",\"start\":1," \
	"\"end\":1.5}],\"more\":[]}"
#define SECOND "{\"role\":\"user\",\"content\":\"Färben\",\"words\":[]}"

/* `value` as JSON, and what it becomes; NULL: it stays. */
static void check(const char *value, const char *want)
{
	json_t *json = json_loads(value, JSON_DECODE_ANY, NULL), *before = json_deep_copy(json);
	_cleanup_(json_decrefp) json_t *expected =
		want ? json_loads(want, JSON_DECODE_ANY, NULL) : json_incref(before);
	_cleanup_(freep) char *text = NULL;

	CHECK(json && expected);
	json = echo_replace(&echo, json);
	text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!json_equal(json, expected))
		CHECK_STR(text, want ? want : value);
	json_decref(json);
	json_decref(before);
}

int main(void)
{
	_cleanup_(json_decrefp) json_t *payload = json_loads(body, 0, NULL);
	struct match match = {.kind = INPUT_FUNCTION, .call = json_object_get(payload, "call")};
	struct request request = {.body = {(uint8_t *)body, sizeof(body) - 1, 0}};
	struct profile *profile;

	CHECK_INT(profile_open(&profile, NULL), 0);
	CHECK(payload);
	echo_init(&echo, profile, &request, &match);
	CHECK_INT(echo.count, 2);

	/* Alone, in arguments, and as PHP has it: one empty array, integers for whole floats. */
	check("[\"book\",{\"call_id\":\"call_1234567890123456\",\"transcript\":\"" SAID "\"}]",
	      "[\"book\",{\"call_id\":\"call_1234567890123456\",\"transcript\":{\"@call\":"
	      "\"/transcript\"}}]");
	check("{\"list\":[" FIRST "," SECOND "]}", "{\"list\":{\"@call\":\"/transcript_object\"}}");

	/* Cut by the agent's limits. */
	check("[{\"@cut\":\"string\",\"bytes\":86,\"value\":\"Agent: Guten Tag, hier ist der Salon. "
	      "Wie kann ich Ihnen helfen\"}]",
	      "[{\"@call\":\"/transcript\"}]");
	check("{\"list\":[" FIRST ",{\"@cut\":\"array\",\"count\":2}]}",
	      "{\"list\":{\"@call\":\"/transcript_object\"}}");
	check("[[{\"role\":\"agent\",\"content\":\"Guten Tag\",\"words\":{\"@cut\":\"depth\",\"count\":"
	      "1},\"@cut\":{\"@cut\":\"array\",\"count\":4}},{\"@cut\":\"bytes\"}]]",
	      "[{\"@call\":\"/transcript_object\"}]");

	/* Something else: changed, shorter, longer, another word, a cut that says nothing. */
	check("[\"Guten Tag\",{\"@cut\":\"bytes\"},{\"@cut\":\"depth\",\"count\":3}]", NULL);
	check("[[" FIRST "]]", NULL);
	check("[[" FIRST "," SECOND "," SECOND "]]", NULL);
	check("[[{\"role\":\"agent\",\"content\":\"Guten Abend\",\"words\":[]},{\"@cut\":\"array\","
	      "\"count\":2}]]",
	      NULL);
	check("[{\"@cut\":\"string\",\"bytes\":900,\"value\":\"Agent: Guten Tag, hier ist die Bäckerei. "
	      "Wie kann ich Ihnen helfen\"}]",
	      NULL);
	check("[[],{},null,\"\"]", NULL);

	/* The body: whole, its start, and another's. */
	{
		json_t *whole = json_pack("[s]", body), *start, *other;
		json_t *named = json_pack("[{s:I}]", "@body", (json_int_t)sizeof(body) - 1);

		start = json_pack("[{s:s, s:i, s:s#}]", "@cut", "string", "bytes",
				  (int)sizeof(body) - 1, "value", body, 100);
		other = json_pack("[s#]", body, 100);
		whole = echo_replace(&echo, whole);
		start = echo_replace(&echo, start);
		other = echo_replace(&echo, other);
		CHECK(json_equal(whole, named));
		CHECK(json_equal(start, named));
		CHECK(json_is_string(json_array_get(other, 0)));
		json_decref(named);

		/* Of a request of no call nothing else keeps it. */
		match = (struct match){.kind = INPUT_REQUEST};
		echo_init(&echo, profile, &request, &match);
		json_decref(whole);
		whole = echo_replace(&echo, json_pack("[s]", body));
		CHECK(json_is_string(json_array_get(whole, 0)));
		json_decref(whole);
		json_decref(start);
		json_decref(other);
	}
	CHECK(!echo_replace(&echo, NULL));
	profile_close(profile);
	return 0;
}
