/* SPDX-License-Identifier: MIT */
#include "store-json.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "value.h"

#define DEPTH_MAX 512

struct reader {
	const uint8_t *at, *end;
};

/* What an item begins with. */
struct item {
	enum { ITEM_PLAIN, ITEM_INTEGER, ITEM_REAL, ITEM_TEXT, ITEM_ARRAY, ITEM_OBJECT } kind;
	union {
		json_int_t integer;
		double real;
		size_t size; /* bytes of a text, elements of an array, members of an object */
		uint8_t plain;
	};
	const char *text;
};

static int append(void *userdata, const char *data, size_t size)
{
	return buffer_add(userdata, data, size);
}

int json_write(const json_t *json, struct buffer *out)
{
	msgpack_packer packer;

	msgpack_packer_init(&packer, out, append);
	return value_pack(&packer, json) ? -ENOMEM : 0;
}

/* Big-endian. */
static int take_number(struct reader *reader, size_t bytes, uint64_t *ret)
{
	uint64_t number = 0;

	if ((size_t)(reader->end - reader->at) < bytes)
		return -EBADMSG;
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | *reader->at++;
	*ret = number;
	return 0;
}

static int take_integer(struct reader *reader, size_t bytes, bool negative, struct item *item)
{
	unsigned int shift = 64 - 8 * (unsigned int)bytes;
	uint64_t number;
	int r = take_number(reader, bytes, &number);

	if (r)
		return r;
	if (!negative && number > INT64_MAX)
		return -EBADMSG;
	item->kind = ITEM_INTEGER;
	item->integer = negative ? (int64_t)(number << shift) >> shift : (int64_t)number;
	return 0;
}

static int take_real(struct reader *reader, struct item *item)
{
	uint64_t bits = 0;
	int r = take_number(reader, sizeof(bits), &bits);

	item->kind = ITEM_REAL;
	memcpy(&item->real, &bits, sizeof(bits));
	return r;
}

/* `small`: the size stands in the item's first byte. */
static int take_text(struct reader *reader, size_t bytes, uint64_t small, struct item *item)
{
	uint64_t size = small;
	int r = bytes ? take_number(reader, bytes, &size) : 0;

	if (r || size > (size_t)(reader->end - reader->at))
		return -EBADMSG;
	item->kind = ITEM_TEXT;
	item->size = size;
	item->text = (const char *)reader->at;
	reader->at += size;
	return 0;
}

/* Each element takes at least one byte: a size that promises more than there is allocates nothing.
 */
static int take_nested(struct reader *reader, size_t bytes, uint64_t small, bool object,
		       struct item *item)
{
	uint64_t size = small;
	int r = bytes ? take_number(reader, bytes, &size) : 0;

	if (r || size > (size_t)(reader->end - reader->at) >> object)
		return -EBADMSG;
	item->kind = object ? ITEM_OBJECT : ITEM_ARRAY;
	item->size = size;
	return 0;
}

/* Only what value_pack() writes. */
static int take_wide(struct reader *reader, uint8_t type, struct item *item)
{
	switch (type) {
	case 0xc0:
	case 0xc2:
	case 0xc3:
		item->kind = ITEM_PLAIN;
		item->plain = type;
		return 0;
	case 0xcb:
		return take_real(reader, item);
	case 0xcc ... 0xcf:
		return take_integer(reader, 1u << (type - 0xcc), false, item);
	case 0xd0 ... 0xd3:
		return take_integer(reader, 1u << (type - 0xd0), true, item);
	case 0xd9 ... 0xdb:
		return take_text(reader, 1u << (type - 0xd9), 0, item);
	case 0xdc ... 0xdd:
		return take_nested(reader, type == 0xdc ? 2 : 4, 0, false, item);
	case 0xde ... 0xdf:
		return take_nested(reader, type == 0xde ? 2 : 4, 0, true, item);
	default:
		return -EBADMSG;
	}
}

static int take(struct reader *reader, struct item *item)
{
	uint8_t type;

	if (reader->at == reader->end)
		return -EBADMSG;
	type = *reader->at++;
	if (type >= 0xc0 && type < 0xe0)
		return take_wide(reader, type, item);
	if (type >= 0xa0 && type < 0xc0)
		return take_text(reader, 0, type & 0x1f, item);
	if (type >= 0x80 && type < 0xa0)
		return take_nested(reader, 0, type & 0x0f, type < 0x90, item);
	item->kind = ITEM_INTEGER;
	item->integer = (int8_t)type;
	return 0;
}

static int read_item(struct reader *reader, unsigned int depth, json_t **ret);

static int read_array(struct reader *reader, size_t size, unsigned int depth, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *array = json_array();

	for (size_t i = 0; i < size; i++) {
		json_t *element;
		int r = read_item(reader, depth + 1, &element);

		if (r)
			return r;
		if (json_array_append_new(array, element) < 0)
			return -ENOMEM;
	}
	*ret = steal(&array);
	return *ret ? 0 : -ENOMEM;
}

static int read_object(struct reader *reader, size_t size, unsigned int depth, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *object = json_object();

	for (size_t i = 0; i < size; i++) {
		struct item key;
		json_t *member;
		int r = take(reader, &key);

		if (!r && (key.kind != ITEM_TEXT || memchr(key.text, 0, key.size)))
			r = -EBADMSG;
		if (!r)
			r = read_item(reader, depth + 1, &member);
		if (r)
			return r;
		if (json_object_setn_new(object, key.text, key.size, member) < 0)
			return -EBADMSG;
	}
	*ret = steal(&object);
	return *ret ? 0 : -ENOMEM;
}

static int read_item(struct reader *reader, unsigned int depth, json_t **ret)
{
	struct item item;
	int r = depth > DEPTH_MAX ? -EBADMSG : take(reader, &item);

	if (r)
		return r;
	switch (item.kind) {
	case ITEM_ARRAY:
		return read_array(reader, item.size, depth, ret);
	case ITEM_OBJECT:
		return read_object(reader, item.size, depth, ret);
	case ITEM_TEXT:
		*ret = json_stringn(item.text, item.size);
		break;
	case ITEM_INTEGER:
		*ret = json_integer(item.integer);
		break;
	case ITEM_REAL:
		*ret = json_real(item.real);
		break;
	default:
		*ret = item.plain == 0xc0 ? json_null() : json_boolean(item.plain == 0xc3);
	}
	/* A text that is not UTF-8, a float that is no number. */
	return *ret ? 0 : -EBADMSG;
}

int json_read(struct bytes value, json_t **ret)
{
	struct reader reader = {value.data, (const uint8_t *)value.data + value.size};
	_cleanup_(json_decrefp) json_t *json = NULL;
	int r = read_item(&reader, 0, &json);

	if (r)
		return r;
	if (reader.at != reader.end)
		return -EBADMSG;
	*ret = steal(&json);
	return 0;
}

static int skip(struct reader *reader)
{
	for (uint64_t left = 1; left; left--) {
		struct item item;
		int r = take(reader, &item);

		if (r)
			return r;
		if (item.kind == ITEM_ARRAY || item.kind == ITEM_OBJECT)
			left += (uint64_t)item.size << (item.kind == ITEM_OBJECT);
	}
	return 0;
}

int json_walk_init(struct json_walk *walk, struct bytes array)
{
	struct reader reader = {array.data, (const uint8_t *)array.data + array.size};
	struct item item;

	*walk = (struct json_walk){0};
	if (!array.size)
		return 0;
	if (take(&reader, &item) || item.kind != ITEM_ARRAY)
		return -EBADMSG;
	*walk = (struct json_walk){reader.at, reader.end, item.size};
	return 0;
}

int json_walk_next(struct json_walk *walk, struct bytes *ret)
{
	struct reader reader = {walk->at, walk->end};
	int r = walk->left ? skip(&reader) : STORE_NONE;

	if (r)
		return r;
	*ret = (struct bytes){walk->at, (size_t)(reader.at - walk->at)};
	walk->at = reader.at;
	walk->left--;
	return 0;
}

int json_text(struct bytes object, const char *name, struct bytes *ret)
{
	struct reader reader = {object.data, (const uint8_t *)object.data + object.size};
	struct item item, key, member;

	if (take(&reader, &item) || item.kind != ITEM_OBJECT)
		return -EBADMSG;
	for (size_t i = 0; i < item.size; i++) {
		struct reader before;
		bool found;

		if (take(&reader, &key) || key.kind != ITEM_TEXT)
			return -EBADMSG;
		found = key.size == strlen(name) && memcmp(key.text, name, key.size) == 0;
		before = reader;
		if (skip(&reader))
			return -EBADMSG;
		if (!found)
			continue;
		if (take(&before, &member) || member.kind != ITEM_TEXT)
			return STORE_NONE;
		*ret = (struct bytes){member.text, member.size};
		return 0;
	}
	return STORE_NONE;
}
