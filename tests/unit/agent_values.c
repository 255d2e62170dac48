/* SPDX-License-Identifier: MIT */
/*
 * What the agent makes of values: strings, arrays, objects as PHP has them in memory, each
 * allocated to the byte, so that a sanitizer sees what is read past an end.
 */
#include "../../agent/values.h"

#include "../../agent/functions.h"
#include "../../agent/interpose.h"
#include "../../agent/objects.h"
#include "../../agent/stacktext.h"
#include "../../agent/worker.h"
#include "check.h"
#include "zvals.h"

#include <math.h>
#include <msgpack.h>
#include <unistd.h>

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

#define SECRET "\"[SECRET_REDACTED]\""

/* Packed into a buffer of its own that ends where the agent was told it ends. */
static size_t pack(struct zval value, size_t room, uint8_t **ret)
{
	uint8_t *bytes = malloc(room);
	struct pack k = {.p = bytes, .end = bytes + room};

	values_begin(&k);
	value_pack(&k, &value);
	CHECK(k.full || k.p <= k.end);
	*ret = bytes;
	return k.full ? 0 : (size_t)(k.p - bytes);
}

/* As msgpack-c prints it. */
static char *printed(const uint8_t *bytes, size_t n)
{
	static char text[1 << 17];
	msgpack_unpacked unpacked;
	size_t at = 0;
	FILE *out = fmemopen(text, sizeof(text), "w");

	msgpack_unpacked_init(&unpacked);
	CHECK_INT(msgpack_unpack_next(&unpacked, (const char *)bytes, n, &at),
		  MSGPACK_UNPACK_SUCCESS);
	CHECK_INT(at, n);
	msgpack_object_print(out, unpacked.data);
	fclose(out);
	msgpack_unpacked_destroy(&unpacked);
	return text;
}

static void check(struct zval value, const char *expected)
{
	uint8_t *bytes;
	size_t n = pack(value, 1 << 16, &bytes);

	CHECK_STR(printed(bytes, n), expected);
	free(bytes);
}

static void check_text(const char *text, const char *expected)
{
	char quoted[4096];

	snprintf(quoted, sizeof(quoted), "\"%s\"", expected);
	check(zval_text(text), quoted);
}

static void test_scalars(void)
{
	static const struct {
		int64_t v;
		size_t n;
	} integers[] = {
		{0, 1},		{127, 1},   {128, 2},	     {255, 2},	      {256, 3},
		{65535, 3},	{65536, 5}, {4294967295, 5}, {4294967296, 9}, {INT64_MAX, 9},
		{-1, 1},	{-32, 1},   {-33, 5},	     {INT32_MIN, 5},  {INT32_MIN - 1ll, 9},
		{INT64_MIN, 9},
	};
	char expected[32];
	uint8_t *bytes;

	for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++) {
		CHECK_INT(pack(zval_int(integers[i].v), 1 << 12, &bytes), integers[i].n);
		free(bytes);
		snprintf(expected, sizeof(expected), "%lld", (long long)integers[i].v);
		check(zval_int(integers[i].v), expected);
	}
	check(zval_float(-0.0), "-0.000000");
	check(zval_float(NAN), "{\"@float\"=>\"NAN\"}");
	check(zval_float(-INFINITY), "{\"@float\"=>\"-INF\"}");
	check(zval_plain(Z_UNDEF), "nil");
	check(zval_plain(Z_NULL), "nil");
	check(zval_plain(Z_TRUE), "true");
	check(zval_plain(11), "nil"); /* a constant expression */
	check(zval_reference(zval_reference(zval_int(5))), "5");
	check(zval_resource(5, "stream"), "{\"@resource\"=>5, \"type\"=>\"stream\"}");
	check(zval_resource(6, NULL), "{\"@resource\"=>6, \"type\"=>\"closed\"}");
}

/* Every length, with one byte of another kind at every place. */
static void test_short_strings(void)
{
	char text[70], expected[72];

	for (size_t n = 0; n < 70; n++) {
		for (size_t at = 0; at <= n; at++) {
			uint8_t *bytes;
			size_t packed;

			for (size_t i = 0; i < n; i++)
				text[i] = (char)('a' + i % 26);
			if (at < n)
				text[at] = (char)0xff;
			packed = pack(zval_bytes(text, n), 1 << 12, &bytes);
			CHECK_INT(packed, n + (at < n ? 2 : n < 32 ? 1 : 2));
			CHECK_INT(bytes[0], at < n ? 0xc4 : n < 32 ? 0xa0 | n : 0xd9);
			CHECK(!memcmp(bytes + packed - n, text, n));
			free(bytes);
			if (at < n)
				text[at] = ':';
			snprintf(expected, sizeof(expected), "\"%.*s\"", (int)n, text);
			check(zval_bytes(text, n), expected);
		}
	}
}

static void test_long_strings(void)
{
	char *text = malloc(100001);

	worker.settings.max_string = 16;
	check_text("sixteen letters!", "sixteen letters!");
	check(zval_text("seventeen letters"),
	      "{\"@cut\"=>\"string\", \"bytes\"=>17, \"value\"=>\"seventeen letter\"}");
	/* Between characters; or, where it is no text, to the byte. */
	check(zval_text("fifteen letter\xc3\xa4\xc3\xa4"),
	      "{\"@cut\"=>\"string\", \"bytes\"=>18, \"value\"=>\"fifteen letter\xc3\xa4\"}");
	check(zval_text("fifteen letters\xc3\xa4\xc3\xa4"),
	      "{\"@cut\"=>\"string\", \"bytes\"=>19, \"value\"=>\"fifteen letters\"}");
	check(zval_text("\xff"
			"ifteen letter\xc3\xa4\xc3\xa4"),
	      "{\"@cut\"=>\"string\", \"bytes\"=>18, \"value\"=>\"\\xffifteen letter\\xc3\\xa4\"}");
	worker.settings.max_string = 4096;
	memset(text, 'x', 100000);
	text[100000] = 0;
	{
		uint8_t *bytes;
		size_t n = pack(zval_text(text), 1 << 16, &bytes);

		CHECK(n > 4096 && n < 4096 + 64);
		free(bytes);
	}
	free(text);
}

/* As bytes: msgpack-c prints escapes of its own. */
static void check_bytes(const char *text, const char *expected)
{
	uint8_t *bytes;
	size_t n = pack(zval_text(text), 1 << 16, &bytes), m = strlen(expected);
	size_t head = m < 32 ? 1 : m < 256 ? 2 : 3;
	char *packed = strndup((char *)bytes + head, n - head);

	CHECK_STR(packed, expected);
	CHECK_INT(n, head + m);
	free(packed);
	free(bytes);
}
static void test_secrets_in_text(void)
{
	static const char *const pairs[][2] = {
		{"{\"password\": \"x\", \"n\": 1}",
		 "{\"password\": \"[SECRET_REDACTED]\", \"n\": 1}"},
		{"{\"password\":\"a\\\\\",\"n\":\"\\\"\"}",
		 "{\"password\":\"[SECRET_REDACTED]\",\"n\":\"\\\"\"}"},
		{"{\"password\":\"a\\\"b\"}", "{\"password\":\"[SECRET_REDACTED]\"}"},
		{"{\"a\":\"{\\\"pin\\\":\\\"12\\\",\\\"n\\\":1}\"}",
		 "{\"a\":\"{\\\"pin\\\":\\\"[SECRET_REDACTED]\\\",\\\"n\\\":1}\"}"},
		{"{\"pin\":1234,\"n\":1}", "{\"pin\":[SECRET_REDACTED],\"n\":1}"},
		{"{\"pin\":null,\"token\":true}", "{\"pin\":null,\"token\":true}"},
		{"{\"credentials\":{\"a\":[1,\"}\"]},\"n\":1}",
		 "{\"credentials\":[SECRET_REDACTED],\"n\":1}"},
		{"{\"password\":\"never closed", "{\"password\":\"[SECRET_REDACTED]"},
		{"{\"credentials\":{\"a\":[1", "{\"credentials\":[SECRET_REDACTED]"},
		{"user=hans&password=x&n=1", "user=hans&password=[SECRET_REDACTED]&n=1"},
		{"a?api_key=1&b=2", "a?api_key=[SECRET_REDACTED]&b=2"},
		{"user%5Bpassword%5D=x&b", "user%5Bpassword%5D=[SECRET_REDACTED]&b"},
		{"user[password]=x&b", "user[password]=[SECRET_REDACTED]&b"},
		{"Authorization: Bearer abc def", "Authorization: [SECRET_REDACTED]"},
		{"A: 1\r\nCookie: a=b; c=d\r\nB: 2", "A: 1\r\nCookie: [SECRET_REDACTED]\r\nB: 2"},
		{"HTTP_AUTHORIZATION=Bearer abc&x", "HTTP_AUTHORIZATION=[SECRET_REDACTED]&x"},
		{"mysql:host=h;password=x;port=1",
		 "mysql:host=h;password=[SECRET_REDACTED];port=1"},
		{"redis://:geheim@h:1/2", "redis://:[SECRET_REDACTED]@h:1/2"},
		{"https://u:pw@h/?token=t#x",
		 "https://u:[SECRET_REDACTED]@h/?token=[SECRET_REDACTED]#x"},
		{"'password' => 'it\\'s', 'n' => 1", "'password' => '[SECRET_REDACTED]', 'n' => 1"},
		{"SET password = 'it''s', n = 1", "SET password = '[SECRET_REDACTED]', n = 1"},
		{"[password] => x\n[n] => 1", "[password] => [SECRET_REDACTED]\n[n] => 1"},
		{"password      = x y", "password      = [SECRET_REDACTED] y"},
		/* Not a name and its value. */
		{"App\\Token::make", "App\\Token::make"},
		{"2026-03-04 16:15:00", "2026-03-04 16:15:00"},
		{"secret://x", "secret://x"},
		{"https://h/path:x@y", "https://h/path:x@y"},
		{"if (token == 1)", "if (token == 1)"},
		{"password=", "password="},
		{"password: ", "password: "},
		{"password = ?", "password = ?"},
		{"token=true&x", "token=true&x"},
		{"/v1/token:verify", "/v1/token:verify"},
		{"Authorization:Bearer x", "Authorization:[SECRET_REDACTED]"},
		{"{password:'x'}", "{password:'[SECRET_REDACTED]'}"},
		{"monkey=1", "monkey=1"},
		{"=x", "=x"},
		{":", ":"},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		check_bytes(pairs[i][0], pairs[i][1]);
}

/* More than are masked one by one: what comes after is left out. */
static void test_many_secrets(void)
{
	char text[4000], *p = text;
	uint8_t *bytes;
	size_t n;

	for (int i = 0; i < 200; i++)
		p += sprintf(p, "pin=%d&", 7000 + i);
	n = pack(zval_text(text), 1 << 16, &bytes);
	CHECK(memmem(bytes, n, "@cut", 4));
	CHECK(!memmem(bytes, n, "=7", 2));
	free(bytes);
}

static void test_arrays(void)
{
	struct zval self = zval_list(2, zval_int(1)), holes = zval_list(3, zval_int(1)), deep, many;
	uint8_t *bytes;
	size_t n;

	check(zval_list(0, zval_int(1)), "[]");
	check(zval_list(3, zval_text("x")), "[\"x\", \"x\", \"x\"]");
	check(zval_map(2, "a", zval_int(1), "password", zval_text("x")),
	      "{\"a\"=>1, \"password\"=>" SECRET "}");
	check(zval_map(2, "token", zval_plain(Z_TRUE), "pin", zval_plain(Z_NULL)),
	      "{\"token\"=>true, \"pin\"=>nil}");
	check(zval_map(1, "secrets", zval_list(2, zval_int(1))), "{\"secrets\"=>" SECRET "}");
	check(zval_map(1, "pin", zval_reference(zval_text("x"))), "{\"pin\"=>" SECRET "}");
	check(zval_map(1, "k\xff", zval_int(1)), "{\"k\\xff\"=>1}");
	check(zval_map(1, "", zval_int(1)), "{\"\"=>1}");

	self.arr->packed[1] = zval_reference(self);
	check(self, "[1, {\"@cut\"=>\"recursion\", \"count\"=>2}]");

	holes.arr->packed[1] = zval_plain(Z_UNDEF);
	holes.arr->count = 2;
	check(holes, "{0=>1, 2=>1}");
	holes.arr->packed[0] = holes.arr->packed[2] = zval_plain(Z_UNDEF);
	holes.arr->count = 0;
	check(holes, "[]");

	deep = zval_int(1);
	for (int i = 0; i < 8; i++)
		deep = zval_list(1, deep);
	check(deep, "[[[[[{\"@cut\"=>\"depth\", \"count\"=>1}]]]]]");

	/* Around the limit of elements, where the head gets longer, and at it. */
	for (unsigned count = 14; count < 18; count++) {
		n = pack(zval_list(count, zval_int(1)), 1 << 16, &bytes);
		CHECK_INT(n, count + (count < 16 ? 1 : 3));
		free(bytes);
	}
	worker.settings.max_elements = 15;
	check(zval_list(16, zval_int(1)),
	      "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, {\"@cut\"=>\"array\", "
	      "\"count\"=>16}]");
	worker.settings.max_elements = 1;
	check(zval_map(2, "a", zval_int(1), "b", zval_int(2)),
	      "{\"a\"=>1, \"@cut\"=>{\"@cut\"=>\"array\", \"count\"=>2}}");
	worker.settings.max_elements = 64;

	/* Nothing but holes: it is not searched to its end. */
	many = zval_list(100000, zval_plain(Z_UNDEF));
	many.arr->packed[99999] = zval_int(1);
	many.arr->count = 1;
	check(many, "[{\"@cut\"=>\"array\", \"count\"=>1}]");
}

static void test_long_keys(void)
{
	char key[301], expected[400];

	for (size_t n = 15; n < 35; n++) {
		memset(key, 'k', n);
		key[n] = 0;
		snprintf(expected, sizeof(expected), "{\"%s\"=>1}", key);
		check(zval_map(1, key, zval_int(1)), expected);
	}
	memset(key, 'k', 300);
	key[300] = 0;
	snprintf(expected, sizeof(expected), "{\"%.256s\"=>" SECRET "}", key);
	check(zval_map(1, key, zval_int(1)), expected);
	memcpy(key + 40, "_password", 10);
	snprintf(expected, sizeof(expected), "{\"%s\"=>" SECRET "}", key);
	check(zval_map(1, key, zval_int(1)), expected);
}

/* Two names that share a place of the memory are told apart, whoever comes first. */
static void test_names_that_collide(void)
{
	for (int i = 0; i < 6000; i++) {
		char name[32], expected[64];

		snprintf(name, sizeof(name), i % 3 ? "name%d" : "password_%d", i % 2000);
		snprintf(expected, sizeof(expected), "{\"%s\"=>%s}", name,
			 i % 3 ? "\"x\"" : SECRET);
		check(zval_map(1, name, zval_text("x")), expected);
	}
}

static void test_objects(void)
{
	static const char *const base[] = {"\0App\\Base\0x", "\0*\0p", "q"};
	static const char *const child[] = {"\0App\\Base\0x", "\0*\0p", "q", "\0App\\Child\0x",
					    "apiKey"};
	struct zclass *parent = zclass_of("App\\Base", NULL, 3, base);
	struct zclass *ce = zclass_of("App\\Child", parent, 5, child);
	struct zval obj = zval_object(ce, 7), other, dynamic, vendor;

	obj.obj->slots[0] = zval_int(1);
	obj.obj->slots[1] = zval_int(2);
	obj.obj->slots[3] = zval_text("own");
	obj.obj->slots[4] = zval_text("k");
	check(obj, "{\"@class\"=>\"App\\Child\", \"@id\"=>7, \"App\\Base::x\"=>1, \"p\"=>2, "
		   "\"x\"=>\"own\", \"apiKey\"=>" SECRET "}");
	obj.obj->slots[4] = zval_plain(Z_UNDEF);

	/* Each other's, and by way of a reference. */
	other = zval_object(parent, 8);
	other.obj->slots[2] = zval_reference(obj);
	obj.obj->slots[3] = other;
	check(obj, "{\"@class\"=>\"App\\Child\", \"@id\"=>7, \"App\\Base::x\"=>1, \"p\"=>2, "
		   "\"x\"=>{\"@class\"=>\"App\\Base\", \"@id\"=>8, \"q\"=>{\"@class\"=>"
		   "\"App\\Child\", \"@id\"=>7, \"@cut\"=>\"recursion\"}}}");

	dynamic = zval_object(zclass_of("App\\Other", parent, 3, base), 9);
	dynamic.obj->properties =
		zval_map(3, "x", zval_int(3), "pin", zval_int(4), "z", zval_int(5)).arr;
	dynamic.obj->slots[0] = zval_int(1);
	check(dynamic, "{\"@class\"=>\"App\\Other\", \"@id\"=>9, \"App\\Base::x\"=>1, "
		       "\"x\"=>3, \"pin\"=>" SECRET ", \"z\"=>5}");

	worker.settings.max_elements = 2;
	check(obj, "{\"@class\"=>\"App\\Child\", \"@id\"=>7, \"App\\Base::x\"=>1, \"p\"=>2, "
		   "\"@cut\"=>{\"@cut\"=>\"array\", \"count\"=>5}}");
	worker.settings.max_elements = 64;

	ZAT(ce, zend.at->class_file, struct zstr *) = zstr_of("/srv/vendor/x.php", 17);
	vendor = zval_object(ce, 10);
	check(vendor, "{\"@class\"=>\"App\\Child\", \"@id\"=>10}");
}

static void test_lazy_objects(void)
{
	static const char *const properties[] = {"a"};
	struct zend_layout php84 = *zend.at;
	const struct zend_layout *before = zend.at;
	struct zval ghost = zval_object(zclass_of("App\\Ghost", NULL, 1, properties), 3);

	ghost.obj->slots[0] = zval_int(1);
	ghost.obj->extra_flags = 1u << 31;
	check(ghost, "{\"@class\"=>\"App\\Ghost\", \"@id\"=>3, \"a\"=>1}"); /* padding in 8.2 */
	php84.object_lazy = zend_layout_of(20240924)->object_lazy;
	zend.at = &php84;
	check(ghost, "{\"@class\"=>\"App\\Ghost\", \"@id\"=>3, \"@lazy\"=>true}");
	zend.at = before;
}

static void test_enums(void)
{
	struct zclass *ce = zclass_of("App\\Suit", NULL, 0, NULL);
	struct zval unit, backed;

	ce->flags = zend.at->class_enum;
	ce->n_slots = 1;
	unit = zval_object(ce, 1);
	unit.obj->slots[0] = zval_text("Hearts");
	check(unit, "{\"@enum\"=>\"App\\Suit::Hearts\"}");
	ce->n_slots = 2;
	backed = zval_object(ce, 2);
	backed.obj->slots[0] = zval_text("Hearts");
	backed.obj->slots[1] = zval_text("H");
	check(backed, "{\"@enum\"=>\"App\\Suit::Hearts\", \"value\"=>\"H\"}");
}

static void check_args(const struct zframe *frame, uint64_t secret, const char *expected)
{
	uint8_t bytes[1 << 14];
	struct pack k = {.p = bytes, .end = bytes + sizeof(bytes)};

	values_begin(&k);
	values_pack_args(&k, frame, secret);
	CHECK(!k.full);
	CHECK_STR(printed(bytes, (size_t)(k.p - bytes)), expected);
}

static void test_arguments(void)
{
	static const char *const params[] = {"user", "pin", "rest"};
	struct zframe *frame = zframe_of("f", params, 3);
	struct zval *args = zframe_args(frame);

	args[0] = zval_text("hans");
	args[1] = zval_int(1234);
	args[2] = zval_int(5);
	check_args(frame, 0, "[\"hans\", 1234, 5]");
	check_args(frame, 2, "[\"hans\", " SECRET ", 5]");
	check_args(frame, ~3ull, "[\"hans\", 1234, " SECRET "]");

	/* What a variadic parameter collected by name stands in its place. */
	frame->This.u2 = 1;
	frame->This.type_info = ZCALL_EXTRA_NAMED;
	frame->extra_named = zval_map(2, "x", zval_int(1), "apiKey", zval_text("k")).arr;
	frame->func->n_args = 2;
	check_args(frame, 0, "[\"hans\", nil, {\"x\"=>1, \"apiKey\"=>" SECRET "}]");
	check_args(frame, ~3ull, "[\"hans\", nil, " SECRET "]");
	frame->This.type_info = 0;
	frame->This.u2 = 0;
	check_args(frame, 0, "[]");
}

/* Wherever the limit falls, what was begun is closed, and nothing is written past the room. */
static void test_limits(void)
{
	struct zval row = zval_map(4, "text", zval_text("some words"), "list",
				   zval_list(20, zval_int(1)), "float", zval_float(NAN), "long",
				   zval_text("more than sixteen letters \xc3\xa4 password=x&y"));
	struct zval rows = zval_list(20, row);
	size_t last = 0;

	for (uint32_t limit = 256; limit < 4096; limit++) {
		uint8_t *bytes;
		size_t n;

		worker.settings.max_call_bytes = limit;
		n = pack(rows, limit + VALUES_SLACK, &bytes);
		CHECK(n && n < limit + 600);
		printed(bytes, n);
		CHECK(n + 400 > last);
		last = n;
		free(bytes);
	}
	worker.settings.max_call_bytes = 16384;
	for (size_t room = 0; room < 2 * VALUES_SLACK; room++) {
		uint8_t *bytes;
		size_t n = pack(rows, room, &bytes);

		CHECK(!n == (room < VALUES_SLACK));
		if (n)
			printed(bytes, n);
		free(bytes);
	}
}

static void check_trace(const char *text, const char *expected)
{
	char *exact = strndup(text, strlen(text)), out[512];
	size_t n = stacktext_without_arguments(out, sizeof(out) - 1, exact, strlen(text));

	out[n] = 0;
	CHECK_STR(out, expected);
	CHECK_INT(stacktext_without_arguments(out, 5, exact, strlen(text)), n < 5 ? n : 5);
	free(exact);
}

static void test_stack_text(void)
{
	check_trace("no trace in it (at all)", "no trace in it (at all)");
	check_trace("Stack trace:\n#x", "Stack trace:\n#x");
	check_trace("Stack trace:\n#", "Stack trace:\n#");
	check_trace("Uncaught X: a (b) in /x.php:3\nStack trace:\n#0 /x (1).php(3): f('a', 'b')\n"
		    "#1 [internal function]: A->g(Array)\n#2 {main}\n  thrown",
		    "Uncaught X: a (b) in /x.php:3\nStack trace:\n#0 /x (1).php(3): f()\n"
		    "#1 [internal function]: A->g()\n#2 {main}\n  thrown");
	check_trace(
		"Stack trace:\n#0 /x.php(3): f('with\na line)', 'hunter2')\n#1 {main}\n\nNext Y: z"
		"\nStack trace:\n#0 /x.php(4): g('x')\n#1 {main}\n  thrown",
		"Stack trace:\n#0 /x.php(3): f()\n#1 {main}\n\nNext Y: z"
		"\nStack trace:\n#0 /x.php(4): g()\n#1 {main}\n  thrown");
}

static void test_text_only(void)
{
	uint8_t bytes[8192];
	struct pack k = {.p = bytes, .end = bytes + sizeof(bytes)};

	value_pack_text(&k, "password=hunter2 and much more", 30, 16);
	CHECK_STR(printed(bytes, (size_t)(k.p - bytes)), "\"password=[SECRET_REDACTED]…\"");
}

int main(void)
{
	zvals_engine();
	settings_load(&worker.settings);
	test_scalars();
	test_short_strings();
	test_long_strings();
	test_secrets_in_text();
	test_many_secrets();
	test_arrays();
	test_long_keys();
	test_names_that_collide();
	test_objects();
	test_lazy_objects();
	test_enums();
	test_arguments();
	test_limits();
	test_stack_text();
	test_text_only();
	return 0;
}
