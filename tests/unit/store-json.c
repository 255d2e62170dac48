/* SPDX-License-Identifier: MIT */
/*
 * JSON in values: what was written is read, whole and one element alone; what is damaged is an
 * error, and nothing worse.
 */
#include "store-json.h"

#include <errno.h>

#include "check.h"
#include "cleanup.h"
#include "store.h"

static const char *const samples[] = {
	"null",
	"[true,false,null,0,-1,127,128,255,256,65535,65536,-32,-33,-128,-129,-32768,-32769]",
	"[2147483647,2147483648,4294967295,4294967296,9223372036854775807,-9223372036854775808]",
	"[0.1,-1.5e300,64.967,1795393617000000000]",
	"{\"\":{},\"a\":[],\"Ö\":\"Käthe \\u0000 \\u2028 😀\",\"0\":[[[[{\"x\":[1,2,[3]]}]]]]}",
	"[{\"id\":\"one\"},{\"id\":\"two\",\"list\":[1,{\"deep\":[\"x\"]}]},{\"id\":\"three\"}]",
};

static json_t *load(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	CHECK(json);
	return json;
}

static struct bytes written(const json_t *json, struct buffer *buffer)
{
	CHECK_INT(json_write(json, buffer), 0);
	return (struct bytes){buffer->data, buffer->size};
}

static void check_same(const json_t *json)
{
	_cleanup_(buffer_deinit) struct buffer buffer = BUFFER_INIT;
	_cleanup_(json_decrefp) json_t *back = NULL;

	CHECK_INT(json_read(written(json, &buffer), &back), 0);
	CHECK(json_equal((json_t *)json, back));
}

static void check_elements(const json_t *list)
{
	_cleanup_(buffer_deinit) struct buffer buffer = BUFFER_INIT;
	struct json_walk walk;
	struct bytes element, text;

	CHECK_INT(json_walk_init(&walk, written(list, &buffer)), 0);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *want = json_array_get(list, i);
		_cleanup_(json_decrefp) json_t *back = NULL;

		CHECK_INT(json_walk_next(&walk, &element), 0);
		CHECK_INT(json_read(element, &back), 0);
		CHECK(json_equal(want, back));
		if (!json_object_get(want, "id"))
			continue;
		CHECK_INT(json_text(element, "id", &text), 0);
		CHECK_INT(text.size, strlen(json_string_value(json_object_get(want, "id"))));
		CHECK_INT(json_text(element, "list", &text), STORE_NONE);
		CHECK_INT(json_text(element, "i", &text), STORE_NONE);
	}
	CHECK_INT(json_walk_next(&walk, &element), STORE_NONE);
	CHECK_INT(json_walk_init(&walk, (struct bytes){NULL, 0}), 0);
	CHECK_INT(json_walk_next(&walk, &element), STORE_NONE);
}

/* Whatever comes out: no crash, no leak, and nothing of what was cut off. */
static void check_damaged(const json_t *json)
{
	_cleanup_(buffer_deinit) struct buffer buffer = BUFFER_INIT;
	struct bytes bytes = written(json, &buffer), element, text;
	struct json_walk walk;
	uint8_t *data = buffer.data;

	for (size_t n = 0; n < bytes.size; n++) {
		/* A copy of its own size, so that a sanitizer sees what is read behind it. */
		_cleanup_(freep) void *copy = memcpy(malloc(n + !n), data, n);
		json_t *back = NULL;

		CHECK_INT(json_read((struct bytes){copy, n}, &back), -EBADMSG);
		CHECK(!back);
	}
	for (size_t i = 0; i < bytes.size * 8; i++) {
		json_t *back = NULL;

		data[i / 8] ^= (uint8_t)(1 << i % 8);
		if (json_read(bytes, &back) == 0)
			json_decref(back);
		if (json_walk_init(&walk, bytes) == 0)
			while (json_walk_next(&walk, &element) == 0)
				(void)json_text(element, "id", &text);
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void test_too_deep(void)
{
	uint8_t bytes[2000];
	json_t *back = NULL;

	memset(bytes, 0x91, sizeof(bytes));
	bytes[sizeof(bytes) - 1] = 0xc0;
	CHECK_INT(json_read((struct bytes){bytes, sizeof(bytes)}, &back), -EBADMSG);
	CHECK_INT(json_read((struct bytes){bytes + sizeof(bytes) - 400, 400}, &back), 0);
	json_decref(back);
}

static void test_promises(void)
{
	static const uint8_t array[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0};
	static const uint8_t object[] = {0xdf, 0x00, 0x00, 0x00, 0x02, 0xa0, 0xc0};
	static const uint8_t text[] = {0xdb, 0x7f, 0xff, 0xff, 0xff, 'a'};
	static const uint8_t utf8[] = {0xa1, 0xff}, key[] = {0x81, 0x01, 0xc0};
	static const uint8_t nan[] = {0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0}, more[] = {0xc0, 0xc0};
	static const struct bytes all[] = {
		{array, sizeof(array)}, {object, sizeof(object)}, {text, sizeof(text)},
		{utf8, sizeof(utf8)},	{key, sizeof(key)},	  {nan, sizeof(nan)},
		{more, sizeof(more)},
	};
	json_t *back = NULL;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		CHECK_INT(json_read(all[i], &back), -EBADMSG);
	CHECK(!back);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		_cleanup_(json_decrefp) json_t *json = load(samples[i]);

		check_same(json);
		check_damaged(json);
		if (json_is_array(json))
			check_elements(json);
	}
	test_too_deep();
	test_promises();
	return 0;
}
