/* SPDX-License-Identifier: MIT */
/* What went wrong in a request is bounded, what explains most is kept, and what is not is counted.
 */
#include "trouble.h"

#include "assemble.h"
#include "cleanup.h"
#include "profile.h"

static struct functions *functions;
static struct frames f;

static void begin(void)
{
	msgpack_sbuffer_clear(&f.out);
	add_functions(&f);
	add_request(&f, 1, 1772442020200000000);
	add_enter(&f, 1, "a");
}

static json_t *trouble(void)
{
	struct request *request;
	struct redact *redact;
	json_t *json;

	add_leave(&f);
	add_end(&f, CT_END_DONE);
	request = assemble(&f, functions);
	CHECK_INT(redact_new(&redact), 0);
	json = trouble_build(request, functions, redact);
	CHECK(json);
	redact_free(redact);
	request_free(request);
	return json;
}

static json_int_t number(const json_t *json, const char *path)
{
	return json_integer_value(json_at(json, path));
}

static size_t bytes(const json_t *json, const char *name)
{
	return json_dumpb(json_object_get(json, name), NULL, 0, JSON_COMPACT);
}

/* A library throws and catches all the time; before that the application failed. */
static void test_exceptions(void)
{
	_cleanup_(json_decrefp) json_t *found = NULL;
	const json_t *cause;

	begin();
	for (unsigned int i = 1; i < 400; i++) {
		add_throw(&f, i, i == 100 ? "App\\Failed" : "Vendor\\Internal", "no");
		add_catch(&f, i, i == 100 ? 1 : 3);
	}
	found = trouble();
	CHECK_INT(json_array_size(json_object_get(found, "exceptions")), TROUBLE_EXCEPTIONS);
	CHECK_INT(number(found, "/dropped/exceptions"), 399 - TROUBLE_EXCEPTIONS);
	CHECK_INT(json_array_size(json_object_get(found, "telling")), 1);
	cause = json_array_get(json_object_get(found, "exceptions"), number(found, "/cause"));
	CHECK_STR(json_string_value(json_object_get(cause, "class")), "App\\Failed");
	CHECK(json_real_value(json_at(cause, "/caught/offset_ms")) >
	      json_real_value(json_at(cause, "/offset_ms")));
}

static void test_bytes(void)
{
	_cleanup_(json_decrefp) json_t *found = NULL;
	_cleanup_(freep) char *text = malloc(60001);
	const json_t *first;

	memset(text, 'x', 60000);
	text[60000] = 0;
	begin();
	for (unsigned int i = 1; i < 100; i++) {
		add_throw(&f, i, "App\\Failed", text);
		add_catch(&f, i, 1);
		text[0] = (char)('a' + i % 26);
		add_error(&f, 2, text);
	}
	found = trouble();
	first = json_array_get(json_object_get(found, "exceptions"), 0);
	CHECK(json_is_true(json_object_get(first, "cut")));
	CHECK_INT(strlen(json_string_value(json_object_get(first, "message"))), 4096 + 3);
	CHECK(bytes(found, "exceptions") <= TROUBLE_EXCEPTIONS_BYTES + TROUBLE_EXCEPTIONS + 2);
	CHECK_INT(json_array_size(json_object_get(found, "exceptions")) +
			  number(found, "/dropped/exceptions"),
		  99);
	CHECK(bytes(found, "php_errors") <= TROUBLE_PHP_ERRORS_BYTES + TROUBLE_PHP_ERRORS + 2);
	CHECK(number(found, "/dropped/php_errors") > 0);
}

/* A warning in a loop is one; a fatal error has its place whatever notices came before. */
static void test_php_errors(void)
{
	_cleanup_(json_decrefp) json_t *found = NULL;
	const json_t *list;
	char text[32];

	begin();
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "Undefined variable $%u", i);
		add_error(&f, 8, text);
		add_error(&f, 2, "Undefined array key \"a\"");
	}
	add_error(&f, 1, "Allowed memory size");
	found = trouble();
	list = json_object_get(found, "php_errors");
	CHECK_INT(json_array_size(list), TROUBLE_PHP_ERRORS);
	CHECK_INT(number(json_array_get(list, 1), "/count"), 200);
	CHECK_INT(number(json_array_get(list, TROUBLE_PHP_ERRORS - 1), "/type"), 1);
	CHECK_INT(number(found, "/dropped/php_errors"), 202 - TROUBLE_PHP_ERRORS);
}

/* The last are kept; what was tried again with success is marked. */
static void test_outbound(void)
{
	_cleanup_(json_decrefp) json_t *found = NULL;
	const json_t *list;
	char url[64];

	begin();
	for (unsigned int i = 0; i < 80; i++) {
		snprintf(url, sizeof(url), "https://api.example.com/%u", i);
		add_note_http(&f, url, 503);
	}
	add_note_http(&f, "https://api.example.com/79", 200);
	found = trouble();
	list = json_object_get(found, "outbound");
	CHECK_INT(json_array_size(list), TROUBLE_OUTBOUND);
	CHECK_INT(number(found, "/dropped/outbound"), 80 - TROUBLE_OUTBOUND);
	CHECK(json_is_true(json_object_get(json_array_get(list, 49), "recovered")));
	CHECK(json_is_false(json_object_get(json_array_get(list, 48), "recovered")));
	CHECK_STR(json_string_value(json_object_get(json_array_get(list, 48), "url")),
		  "https://api.example.com/78");
}

int main(void)
{
	frames_init(&f);
	CHECK_INT(functions_new(&functions), 0);
	test_exceptions();
	test_bytes();
	test_php_errors();
	test_outbound();
	functions_free(functions);
	frames_deinit(&f);
	return 0;
}
