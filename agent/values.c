/* SPDX-License-Identifier: MIT */
/* PHP values as msgpack. */

#include "values.h"

#include "encode.h"
#include "objects.h"
#include "text.h"
#include "worker.h"

#include <calltrace/frame.h>
#include <math.h>

#define FEW_ARGS 15

struct encode encode;

uint8_t *value_put_secret(uint8_t *p)
{
	return put_text(p, CT_SECRET);
}

uint8_t *value_put_cut(uint8_t *p, const char *what, uint64_t count)
{
	p = put_nested(p, true, 2);
	p = put_text(p, CT_KEY_CUT);
	p = put_text(p, what);
	p = put_text(p, "count");
	return put_uint(p, count);
}

static uint8_t *put_cut_bytes(uint8_t *p)
{
	p = put_nested(p, true, 1);
	p = put_text(p, CT_KEY_CUT);
	return put_text(p, "bytes");
}

static uint8_t *put_string(uint8_t *p, const char *s, size_t n)
{
	if (n <= TEXT_SHORT && !strings_hidden) {
		struct text_words w = text_load(s, n);

		if (__builtin_expect(text_is_plain(w), 1)) {
			*p = (uint8_t)(0xa0 | n);
			memcpy(p + 1, &w, sizeof(w));
			return p + 1 + n;
		}
	}
	return string_put(p, s, n);
}

static uint8_t *put_float(uint8_t *p, double v)
{
	if (__builtin_expect(isfinite(v), 1))
		return put_double(p, v);
	p = put_nested(p, true, 1);
	p = put_text(p, CT_KEY_FLOAT);
	return put_text(p, isnan(v) ? "NAN" : v > 0 ? "INF" : "-INF");
}

static uint8_t *put_resource(uint8_t *p, struct zres *res)
{
	const char *type = zend.resource_type(res);

	p = put_nested(p, true, 2);
	p = put_text(p, CT_KEY_RESOURCE);
	p = put_uint(p, res->handle);
	p = put_text(p, "type");
	if (!type)
		return put_text(p, "closed");
	return value_put_name(p, type, strlen(type), MAX_NAME);
}

/* Longer than most. */
static __attribute__((noinline)) uint8_t *put_long_key(uint8_t *p, const struct zstr *key,
						       bool *ret_secret)
{
	*ret_secret = text_names_secret(key->val, key->len);
	return value_put_name(p, key->val, key->len, MAX_NAME);
}

static inline uint8_t *put_key(uint8_t *p, const struct zstr *key, uint64_t hash, bool *ret_secret)
{
	const struct text_name *name;

	if (__builtin_expect(key->len > TEXT_NAME, 0))
		return put_long_key(p, key, ret_secret);
	name = text_name(key->val, key->len, hash);
	*ret_secret = name->secret;
	if (__builtin_expect(name->binary, 0))
		return put_bytes(put_bin_head(p, key->len), key->val, key->len);
	*p = (uint8_t)(0xa0 | key->len);
	memcpy(p + 1, name->words, sizeof(name->words));
	return p + 1 + key->len;
}

uint8_t *value_put_key(uint8_t *p, const struct zstr *key, bool *ret_secret)
{
	return put_key(p, key, key->hash, ret_secret);
}

static uint8_t *put_array(uint8_t *p, const struct zarr *arr, unsigned depth);

static inline uint8_t *put_value(uint8_t *p, const struct zval *v, unsigned depth)
{
	if (__builtin_expect(v->type >= Z_REFERENCE, 0))
		v = zval_deref(v);
	if (__builtin_expect(encode_spent(p), 0))
		return put_cut_bytes(p);
	switch (v->type) {
	case Z_FALSE:
	case Z_TRUE:
		*p = v->type == Z_TRUE ? 0xc3 : 0xc2;
		return p + 1;
	case Z_LONG:
		return put_int(p, v->lval);
	case Z_DOUBLE:
		return put_float(p, v->dval);
	case Z_STRING:
		return put_string(p, v->str->val, v->str->len);
	case Z_ARRAY:
		return put_array(p, v->arr, depth);
	case Z_OBJECT:
		return object_put(p, v->obj, depth);
	case Z_RESOURCE:
		return put_resource(p, v->res);
	default:
		*p = 0xc0;
		return p + 1;
	}
}

uint8_t *value_put(uint8_t *p, const struct zval *v, unsigned depth)
{
	return put_value(p, v, depth);
}

uint8_t *value_put_member(uint8_t *p, bool secret, const struct zval *v, unsigned depth)
{
	if (secret && zval_deref(v)->type > Z_TRUE)
		return value_put_secret(p);
	return value_put(p, v, depth);
}

/* Of an array, what is written of it. */
struct part {
	uint32_t places; /* looked at: a hole is no element, but takes its time */
	uint32_t count;	 /* elements there are */
	uint32_t n;	 /* elements written */
};

static inline bool part_is_full(const struct part *part, const uint8_t *p)
{
	return part->n == worker.settings.max_elements || encode_spent(p);
}

/* Are the keys 0, 1, 2, …, as far as they are shown? */
static bool is_list(const struct zarr *arr, uint32_t places)
{
	uint64_t next = 0;

	if (arr->flags & ZARR_PACKED && arr->used == arr->count)
		return true;
	for (uint32_t i = 0; i < places && next <= worker.settings.max_elements; i++) {
		if (zarr_at(arr, i)->type == Z_UNDEF)
			continue;
		if (zarr_is_packed(arr) ? i != next
					: arr->buckets[i].key || arr->buckets[i].h != next)
			return false;
		next++;
	}
	return true;
}

static uint8_t *put_list(uint8_t *p, const struct zarr *arr, struct part *part, unsigned depth)
{
	bool packed = zarr_is_packed(arr);

	for (uint32_t i = 0; i < part->places; i++) {
		const struct zval *v = packed ? &arr->packed[i] : &arr->buckets[i].val;

		if (v->type == Z_UNDEF)
			continue;
		if (part_is_full(part, p))
			break;
		p = put_value(p, v, depth);
		part->n++;
	}
	return p;
}

/* A list with holes. */
static uint8_t *put_numbered(uint8_t *p, const struct zarr *arr, struct part *part, unsigned depth)
{
	for (uint32_t i = 0; i < part->places; i++) {
		if (arr->packed[i].type == Z_UNDEF)
			continue;
		if (part_is_full(part, p))
			break;
		p = put_uint(p, i);
		p = value_put(p, &arr->packed[i], depth);
		part->n++;
	}
	return p;
}

static uint8_t *put_map(uint8_t *p, const struct zarr *arr, struct part *part, unsigned depth)
{
	const struct zbucket *b = arr->buckets, *end = b + part->places;

	for (; b < end; b++) {
		bool secret = false;

		if (b->val.type == Z_UNDEF)
			continue;
		if (b->val.type == Z_INDIRECT && b->val.zv->type == Z_UNDEF) {
			part->count--; /* a variable without a value */
			continue;
		}
		if (part_is_full(part, p))
			break;
		if (b->key)
			p = put_key(p, b->key, b->h, &secret);
		else
			p = put_int(p, (int64_t)b->h);
		if (__builtin_expect(secret, 0))
			p = value_put_member(p, true, &b->val, depth);
		else
			p = put_value(p, &b->val, depth);
		part->n++;
	}
	return p;
}

/* The head is one byte or three, as `most`, which `n` may fall short of, needs it. */
static inline uint8_t *open_nested(uint8_t *p, uint32_t most)
{
	return p + (most < 16 ? 1 : 3);
}

static inline void close_nested(uint8_t *at, bool map, uint32_t most, uint32_t n)
{
	if (most < 16)
		put_nested(at, map, n);
	else
		put_tagged(at, map ? 0xde : 0xdc, n, 2);
}

static uint8_t *put_array(uint8_t *p, const struct zarr *arr, unsigned depth)
{
	const uint32_t shown = worker.settings.max_elements;
	struct part part = {arr->used, arr->count, 0};
	uint32_t most = part.count < shown ? part.count : shown + 1;
	uint8_t *head = p;
	bool list;

	if (!part.count)
		return put_nested(p, false, 0);
	if (encode_is_open(arr, depth))
		return value_put_cut(p, "recursion", part.count);
	if (depth >= worker.settings.max_depth)
		return value_put_cut(p, "depth", part.count);
	encode.open[depth] = arr;
	if (part.places > shown + MAX_PLACES)
		part.places = shown + MAX_PLACES;
	list = is_list(arr, part.places);
	p = open_nested(p, most);
	if (list)
		p = put_list(p, arr, &part, depth + 1);
	else if (zarr_is_packed(arr))
		p = put_numbered(p, arr, &part, depth + 1);
	else
		p = put_map(p, arr, &part, depth + 1);
	if (__builtin_expect(part.n < part.count, 0)) {
		if (!list)
			p = put_text(p, CT_KEY_CUT);
		p = value_put_cut(p, encode_spent(p) ? "bytes" : "array", part.count);
		part.n++;
	}
	close_nested(head, !list, most, part.n);
	return p;
}

void values_begin(struct pack *k)
{
	size_t room = pack_room(k), most = worker.settings.max_call_bytes;

	room = room > VALUES_SLACK ? room - VALUES_SLACK : 0;
	encode.limit = k->p + (most < room ? most : room);
}

bool values_spent(const struct pack *k)
{
	return k->full || encode_spent(k->p);
}

void value_pack(struct pack *k, const struct zval *value)
{
	if (pack_need(k, VALUES_SLACK))
		k->p = value_put(k->p, value, 0);
}

void value_pack_string(struct pack *k, const char *s, size_t n)
{
	if (pack_need(k, VALUES_SLACK))
		k->p = put_string(k->p, s, n);
}

void value_pack_cut(struct pack *k, const char *what, uint64_t count)
{
	if (pack_need(k, VALUES_SLACK))
		k->p = value_put_cut(k->p, what, count);
}

bool value_pack_properties(struct pack *k, const char *key, struct zobj *obj, uint32_t first)
{
	struct shown shown = {0};
	uint8_t *p = k->p;

	if (first >= (uint32_t)obj->ce->n_slots || object_is_foreign(obj) ||
	    !pack_need(k, VALUES_SLACK))
		return false;
	encode.open[0] = obj;
	p = put_text(p, key);
	p = object_put_slots(p + 3, obj, first, 0, &shown);
	if (!shown.n)
		return false;
	put_tagged(k->p + 1 + strlen(key), 0xde, shown.n, 2);
	k->p = p;
	return true;
}

static inline uint8_t *put_argument(uint8_t *p, const struct zval *v, bool secret)
{
	return __builtin_expect(secret, 0) ? value_put_secret(p) : put_value(p, v, 0);
}

/* The named arguments that a variadic parameter collected stand where that one does: behind the
 * parameters, those that were not passed among them. */
static uint8_t *put_extra_named(uint8_t *p, const struct zframe *frame, bool secret, uint32_t *n)
{
	for (; *n < frame->func->n_args && !encode_spent(p); ++*n)
		*p++ = 0xc0;
	++*n;
	return secret ? value_put_secret(p) : put_array(p, frame->extra_named, 0);
}

/* More than a few, or others than the parameters ask for. */
static __attribute__((noinline)) uint8_t *put_many_args(uint8_t *p, const struct zframe *frame,
							uint64_t secret, bool named)
{
	uint32_t passed = zend_n_args(frame), i = 0;
	uint32_t most = worker.settings.max_elements;
	uint8_t *head = p;

	p = open_nested(p, 16);
	for (; i < passed && i < most && !encode_spent(p); i++)
		p = put_argument(p, zend_arg(frame, i), secret >> (i < 63 ? i : 63) & 1);
	if (i < passed) {
		p = value_put_cut(p, encode_spent(p) ? "bytes" : "array", passed);
		i++;
	} else if (named) {
		p = put_extra_named(p, frame, secret >> 63, &i);
	}
	close_nested(head, false, 16, i);
	return p;
}

static uint8_t *put_args(uint8_t *p, const struct zframe *frame, uint64_t secret)
{
	const struct zval *v = (const struct zval *)frame + ZFRAME_SLOTS;
	uint32_t passed = zend_n_args(frame);
	bool named = frame->This.type_info & ZCALL_EXTRA_NAMED && frame->extra_named;

	if (passed > FEW_ARGS || passed > frame->func->n_args || named ||
	    passed > worker.settings.max_elements)
		return put_many_args(p, frame, secret, named);
	p = put_nested(p, false, passed);
	for (; passed; passed--, v++, secret >>= 1)
		p = put_argument(p, v, secret & 1);
	return p;
}

void values_pack_args(struct pack *k, const struct zframe *frame, uint64_t secret)
{
	if (pack_need(k, VALUES_SLACK))
		k->p = put_args(k->p, frame, secret);
}
