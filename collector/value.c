/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* One item's head: how many bytes it takes with its payload, how many items follow inside it. */
struct head {
	uint64_t bytes;
	uint64_t inside;
	uint64_t payload; /* where str or bin bytes begin */
	uint8_t type;
};

static uint64_t big_endian(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Heads with a length of `n` bytes behind the type. */
static int head_sized(struct head *head, struct span at, unsigned int n, unsigned int extra)
{
	if (at.size < 1 + n)
		return -EBADMSG;
	head->payload = 1 + n + extra;
	head->bytes = head->payload + big_endian(at.data + 1, n);
	return 0;
}

static int head_nested(struct head *head, struct span at, unsigned int n, unsigned int each)
{
	if (at.size < 1 + n)
		return -EBADMSG;
	head->bytes = 1 + n;
	head->inside = big_endian(at.data + 1, n) * each;
	return 0;
}

static int head_wide(struct head *head, struct span at)
{
	static const uint8_t fixed[] = {
		[0xca - 0xc0] = 4, [0xcb - 0xc0] = 8, [0xcc - 0xc0] = 1,  [0xcd - 0xc0] = 2,
		[0xce - 0xc0] = 4, [0xcf - 0xc0] = 8, [0xd0 - 0xc0] = 1,  [0xd1 - 0xc0] = 2,
		[0xd2 - 0xc0] = 4, [0xd3 - 0xc0] = 8, [0xd4 - 0xc0] = 2,  [0xd5 - 0xc0] = 3,
		[0xd6 - 0xc0] = 5, [0xd7 - 0xc0] = 9, [0xd8 - 0xc0] = 17,
	};
	uint8_t t = head->type;

	switch (t) {
	case 0xc1:
		return -EBADMSG;
	case 0xc4 ... 0xc6:
		return head_sized(head, at, 1u << (t - 0xc4), 0);
	case 0xc7 ... 0xc9:
		return head_sized(head, at, 1u << (t - 0xc7), 1);
	case 0xd9 ... 0xdb:
		return head_sized(head, at, 1u << (t - 0xd9), 0);
	case 0xdc ... 0xdd:
		return head_nested(head, at, t == 0xdc ? 2 : 4, 1);
	case 0xde ... 0xdf:
		return head_nested(head, at, t == 0xde ? 2 : 4, 2);
	default:
		head->bytes = 1 + (t - 0xc0 < (int)sizeof(fixed) ? fixed[t - 0xc0] : 0);
		return 0;
	}
}

static int head_read(struct head *ret, struct span at)
{
	struct head head = {.bytes = 1, .payload = 1};
	int r = 0;

	if (!at.size)
		return -EBADMSG;
	head.type = at.data[0];
	if (head.type >= 0x80 && head.type <= 0x8f)
		head.inside = 2 * (head.type & 0x0fu);
	else if (head.type >= 0x90 && head.type <= 0x9f)
		head.inside = head.type & 0x0fu;
	else if (head.type >= 0xa0 && head.type <= 0xbf)
		head.bytes += head.type & 0x1fu;
	else if (head.type >= 0xc0 && head.type <= 0xdf)
		r = head_wide(&head, at);
	if (r < 0)
		return r;
	/* Each item inside takes at least one byte. */
	if (head.bytes > at.size || head.inside > at.size - head.bytes)
		return -EBADMSG;
	*ret = head;
	return 0;
}

ssize_t value_check(struct span bytes)
{
	uint64_t left[VALUE_DEPTH + 1] = {1};
	struct span at = bytes;
	unsigned int depth = 0;
	struct head head;
	int r;

	for (;;) {
		while (!left[depth]) {
			if (!depth)
				return bytes.size - at.size;
			depth--;
		}
		r = head_read(&head, at);
		if (r < 0)
			return r;
		left[depth]--;
		at.data += head.bytes;
		at.size -= head.bytes;
		if (!head.inside)
			continue;
		if (++depth > VALUE_DEPTH)
			return -EBADMSG;
		left[depth] = head.inside;
	}
}

static bool is_array(uint8_t type)
{
	return (type >= 0x90 && type <= 0x9f) || type == 0xdc || type == 0xdd;
}

static bool is_map(uint8_t type)
{
	return (type >= 0x80 && type <= 0x8f) || type == 0xde || type == 0xdf;
}

static struct span next(struct span *at)
{
	ssize_t n = value_check(*at);
	struct span item = {at->data, n > 0 ? n : 0};

	at->data += item.size;
	at->size -= item.size;
	return item;
}

ssize_t value_elements(struct span array, struct span *ret, size_t max)
{
	struct head head;
	size_t n = 0;
	int r = head_read(&head, array);

	if (r < 0 || !is_array(head.type))
		return -EBADMSG;
	array.data += head.bytes;
	array.size -= head.bytes;
	for (; n < head.inside && n < max; n++)
		ret[n] = next(&array);
	return n;
}

int value_uint(struct span value, uint64_t *ret)
{
	struct head head;
	int r = head_read(&head, value);

	if (r < 0)
		return r;
	if (head.type <= 0x7f)
		*ret = head.type;
	else if (head.type >= 0xcc && head.type <= 0xcf)
		*ret = big_endian(value.data + 1, head.bytes - 1);
	else if (head.type >= 0xd0 && head.type <= 0xd3 && !(value.data[1] & 0x80))
		*ret = big_endian(value.data + 1, head.bytes - 1);
	else
		return -EBADMSG;
	return 0;
}

int value_bytes(struct span value, struct span *ret)
{
	struct head head;
	int r = head_read(&head, value);

	if (r < 0)
		return r;
	if (!(head.type >= 0xa0 && head.type <= 0xbf) &&
	    !(head.type >= 0xc4 && head.type <= 0xc6) && !(head.type >= 0xd9 && head.type <= 0xdb))
		return -EBADMSG;
	*ret = (struct span){value.data + head.payload, head.bytes - head.payload};
	return 0;
}

bool value_is_nil(struct span value)
{
	return !value.data || (value.size && value.data[0] == 0xc0);
}

struct span value_get(struct span map, const char *key)
{
	struct span name, found = {0};
	struct head head;

	if (!map.data || head_read(&head, map) < 0 || !is_map(head.type))
		return found;
	map.data += head.bytes;
	map.size -= head.bytes;
	for (uint64_t i = 0; i < head.inside; i += 2) {
		struct span k = next(&map), v = next(&map);

		if (value_bytes(k, &name) == 0 && span_is(name, key))
			return v;
	}
	return found;
}

json_t *value_text(const void *data, size_t size)
{
	_cleanup_(buffer_deinit) struct buffer text = BUFFER_INIT;
	const uint8_t *p = data;
	json_t *json = NULL;
	char hex[5];
	int r = 0;

	if (!memchr(data ? data : "", 0, size))
		json = json_stringn(data ? data : "", size);
	if (json)
		return json;
	for (size_t i = 0; i < size && r == 0; i++) {
		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\') {
			r = buffer_add(&text, p + i, 1);
			continue;
		}
		snprintf(hex, sizeof(hex), "\\x%02x", p[i]);
		r = buffer_add(&text, hex, 4);
	}
	if (r < 0)
		return NULL;
	return json_pack("{s:I, s:s%}", "@bytes", (json_int_t)size, "@bin",
			 text.data ? (char *)text.data : "", text.size);
}

static json_t *from_float(double value)
{
	if (isfinite(value))
		return json_real(value);
	return json_pack("{s:s}", "@float", isnan(value) ? "NAN" : value < 0 ? "-INF" : "INF");
}

static json_t *from_uint(uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(text, sizeof(text), "%" PRIu64, value);
	return json_pack("{s:s}", "@uint", text);
}

static json_t *from_object(const msgpack_object *object);

static json_t *from_array(const msgpack_object_array *from)
{
	_cleanup_(json_decrefp) json_t *array = json_array();

	for (uint32_t i = 0; i < from->size; i++)
		if (json_array_append_new(array, from_object(&from->ptr[i])) < 0)
			return NULL;
	return steal(&array);
}

/* Keys are strings in JSON: integers are printed, bytes that are no text escaped. */
static int set_key(json_t *object, const msgpack_object *key, json_t *value)
{
	_cleanup_(json_decrefp) json_t *name = NULL;
	char number[24] = "";

	if (key->type == MSGPACK_OBJECT_STR || key->type == MSGPACK_OBJECT_BIN)
		name = value_text(key->via.str.ptr, key->via.str.size);
	else if (key->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		snprintf(number, sizeof(number), "%" PRIu64, key->via.u64);
	else if (key->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		snprintf(number, sizeof(number), "%" PRId64, key->via.i64);
	else
		snprintf(number, sizeof(number), "@key");
	if (json_is_object(name))
		return json_object_set_new(object, json_string_value(json_object_get(name, "@bin")),
					   value);
	return json_object_set_new(object, name ? json_string_value(name) : number, value);
}

static json_t *from_map(const msgpack_object_map *from)
{
	_cleanup_(json_decrefp) json_t *object = json_object();

	for (uint32_t i = 0; i < from->size; i++)
		if (set_key(object, &from->ptr[i].key, from_object(&from->ptr[i].val)) < 0)
			return NULL;
	return steal(&object);
}

static json_t *from_object(const msgpack_object *object)
{
	switch (object->type) {
	case MSGPACK_OBJECT_BOOLEAN:
		return json_boolean(object->via.boolean);
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		return from_uint(object->via.u64);
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		return json_integer(object->via.i64);
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
		return from_float(object->via.f64);
	case MSGPACK_OBJECT_STR:
	case MSGPACK_OBJECT_BIN:
		return value_text(object->via.str.ptr, object->via.str.size);
	case MSGPACK_OBJECT_ARRAY:
		return from_array(&object->via.array);
	case MSGPACK_OBJECT_MAP:
		return from_map(&object->via.map);
	default:
		return json_null();
	}
}

json_t *value_to_json(struct span value)
{
	msgpack_unpacked unpacked;
	msgpack_unpack_return r;
	json_t *json = NULL;
	size_t offset = 0;

	msgpack_unpacked_init(&unpacked);
	r = msgpack_unpack_next(&unpacked, (const char *)value.data, value.size, &offset);
	if (r == MSGPACK_UNPACK_SUCCESS || r == MSGPACK_UNPACK_EXTRA_BYTES)
		json = from_object(&unpacked.data);
	msgpack_unpacked_destroy(&unpacked);
	return json;
}

static int pack_object(msgpack_packer *packer, const json_t *json)
{
	const char *key;
	json_t *value;
	int r = msgpack_pack_map(packer, json_object_size(json));

	json_object_foreach ((json_t *)json, key, value) {
		r |= msgpack_pack_str_with_body(packer, key, strlen(key));
		r |= value_pack(packer, value);
	}
	return r;
}

static int pack_array(msgpack_packer *packer, const json_t *json)
{
	int r = msgpack_pack_array(packer, json_array_size(json));
	json_t *value;
	size_t i;

	json_array_foreach (json, i, value)
		r |= value_pack(packer, value);
	return r;
}

int value_pack(msgpack_packer *packer, const json_t *json)
{
	if (!json)
		return msgpack_pack_nil(packer);
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return pack_object(packer, json);
	case JSON_ARRAY:
		return pack_array(packer, json);
	case JSON_STRING:
		return msgpack_pack_str_with_body(packer, json_string_value(json),
						  json_string_length(json));
	case JSON_INTEGER:
		return msgpack_pack_int64(packer, json_integer_value(json));
	case JSON_REAL:
		return msgpack_pack_double(packer, json_real_value(json));
	case JSON_TRUE:
		return msgpack_pack_true(packer);
	case JSON_FALSE:
		return msgpack_pack_false(packer);
	default:
		return msgpack_pack_nil(packer);
	}
}

/* Digits that tell this double from all others: 15 hold most that people write, 17 hold all. */
static unsigned int digits_of(double value, unsigned int digits)
{
	char text[32];

	for (; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", (int)digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return digits;
}

static unsigned int digits_in(const json_t *json, unsigned int digits)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_real(json))
		return digits_of(json_real_value(json), digits);
	json_object_foreach ((json_t *)json, key, value)
		digits = digits_in(value, digits);
	json_array_foreach (json, i, value)
		digits = digits_in(value, digits);
	return digits;
}

size_t value_precision(const json_t *json)
{
	return JSON_REAL_PRECISION(digits_in(json, 15));
}
