/* SPDX-License-Identifier: MIT */
/* PHP values as msgpack. */

#include "values.h"

#include "functions.h"
#include "worker.h"

#include <calltrace/secret.h>
#include <math.h>
#include <stdio.h>

#define MAX_KEY	     256
#define MAX_HIDDEN   64
#define HIDDEN_LEAST 3 /* a shorter one is everywhere */

/* Nothing more is begun behind this; what is open is closed in the slack. */
static uint8_t *limit;

static struct {
	const char *text;
	size_t n;
} hidden[MAX_HIDDEN];

static unsigned n_hidden;

static void pack_zval(struct pack *k, const struct zval *v, unsigned depth);

void values_begin(struct pack *k)
{
	limit = k->p + worker.settings.max_call_bytes;
}

static bool spent(const struct pack *k)
{
	return k->p >= limit;
}

static void pack_cut_bytes(struct pack *k)
{
	pack_map(k, 1);
	pack_text(k, CT_KEY_CUT);
	pack_text(k, "bytes");
}

/* The length of the longest prefix that is whole UTF-8 (RFC 3629), at most n. */
static size_t utf8_prefix(const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i = 0;

	while (i < n) {
		uint64_t eight;
		unsigned more;
		uint8_t c = p[i];

		if (n - i >= 8 && (memcpy(&eight, p + i, 8), !(eight & 0x8080808080808080ull))) {
			i += 8;
			continue;
		}
		if (c < 0x80) {
			i++;
			continue;
		}
		more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		if (c < 0xc2 || c > 0xf4 || n - i <= more)
			break;
		if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) ||
		    (c == 0xf0 && p[i + 1] < 0x90) || (c == 0xf4 && p[i + 1] > 0x8f))
			break;
		for (unsigned j = 1; j <= more; j++)
			if ((p[i + j] & 0xc0) != 0x80)
				return i;
		i += 1 + more;
	}
	return i;
}

static void pack_either(struct pack *k, const char *s, size_t n, bool text)
{
	if (text)
		pack_str(k, s, n);
	else
		pack_bin(k, s, n);
}

void value_hide(const char *text)
{
	size_t n = strlen(text);

	if (n_hidden == MAX_HIDDEN || n < HIDDEN_LEAST)
		return;
	hidden[n_hidden].text = text;
	hidden[n_hidden++].n = n;
}

static bool is_hidden(const char *s, size_t n)
{
	for (unsigned i = 0; i < n_hidden; i++)
		if (hidden[i].n == n && !memcmp(hidden[i].text, s, n))
			return true;
	return false;
}

void value_pack_string(struct pack *k, const char *s, size_t n)
{
	size_t room = limit > k->p ? (size_t)(limit - k->p) : 0;
	size_t keep = worker.settings.max_string < room ? worker.settings.max_string : room;
	size_t whole;

	if (__builtin_expect(n_hidden != 0, 0) && is_hidden(s, n)) {
		pack_text(k, CT_SECRET);
		return;
	}
	if (n <= keep) {
		pack_either(k, s, n, utf8_prefix(s, n) == n);
		return;
	}
	/* Cut between characters; three bytes may be the beginning of one. */
	whole = utf8_prefix(s, keep);
	pack_map(k, 3);
	pack_text(k, CT_KEY_CUT);
	pack_text(k, "string");
	pack_text(k, "bytes");
	pack_uint(k, n);
	pack_text(k, "value");
	pack_either(k, s, keep - whole <= 3 ? whole : keep, keep - whole <= 3);
}

static void pack_float(struct pack *k, double v)
{
	if (isfinite(v)) {
		pack_double(k, v);
		return;
	}
	pack_map(k, 1);
	pack_text(k, CT_KEY_FLOAT);
	pack_text(k, isnan(v) ? "NAN" : v > 0 ? "INF" : "-INF");
}

static void pack_cut_array(struct pack *k, const char *what, uint32_t count)
{
	pack_map(k, 2);
	pack_text(k, CT_KEY_CUT);
	pack_text(k, what);
	pack_text(k, "count");
	pack_uint(k, count);
}

/* The i-th place of an array: false where it is a hole. */
static bool place(const struct zarr *arr, uint32_t i, struct zbucket *ret)
{
	ret->val = *zarr_at(arr, i);
	ret->h = zarr_is_packed(arr) ? i : arr->buckets[i].h;
	ret->key = zarr_is_packed(arr) ? NULL : arr->buckets[i].key;
	return ret->val.type != Z_UNDEF;
}

static bool is_list(const struct zarr *arr)
{
	struct zbucket b;
	uint64_t next = 0;

	for (uint32_t i = 0; i < arr->used; i++) {
		if (!place(arr, i, &b))
			continue;
		if (b.key || b.h != next++)
			return false;
		if (next > worker.settings.max_elements) /* more will not be shown */
			return true;
	}
	return true;
}

static void pack_key(struct pack *k, const struct zbucket *b)
{
	if (!b->key)
		pack_int(k, (int64_t)b->h);
	else
		pack_either(k, b->key->val, b->key->len < MAX_KEY ? b->key->len : MAX_KEY,
			    utf8_prefix(b->key->val, b->key->len) == b->key->len &&
				    b->key->len < MAX_KEY);
}

/* Most keys are literals of the program, asked for again and again. */
static bool is_secret_key(const struct zstr *key)
{
	static struct {
		const struct zstr *key;
		uint64_t hash; /* opcache may start anew and put another string there */
		bool secret;
	} memo[512];
	unsigned slot = (unsigned)((uintptr_t)key >> 4) % 512;

	if (memo[slot].key == key && memo[slot].hash == key->hash)
		return memo[slot].secret;
	bool secret = ct_secret_key(key->val, key->len);

	if (key->type_info & ZSTR_PERMANENT && key->hash) {
		memo[slot].key = key;
		memo[slot].hash = key->hash;
		memo[slot].secret = secret;
	}
	return secret;
}

static void pack_member(struct pack *k, bool secret, const struct zval *v, unsigned depth)
{
	v = zval_deref(v);
	/* A flag under such a name tells nobody anything. */
	if (secret && v->type != Z_NULL && v->type != Z_FALSE && v->type != Z_TRUE)
		pack_text(k, CT_SECRET);
	else
		pack_zval(k, v, depth);
}

static void pack_array_value(struct pack *k, const struct zarr *arr, unsigned depth)
{
	bool list = is_list(arr);
	struct zbucket b;
	uint16_t n = 0;
	uint32_t i;
	uint8_t *at;

	if (depth >= worker.settings.max_depth && arr->count) {
		pack_cut_array(k, "depth", arr->count);
		return;
	}
	at = pack_open(k, !list);
	for (i = 0; i < arr->used && n < worker.settings.max_elements && !spent(k); i++) {
		if (!place(arr, i, &b))
			continue;
		if (!list)
			pack_key(k, &b);
		if (b.key)
			pack_member(k, is_secret_key(b.key), &b.val, depth + 1);
		else
			pack_zval(k, &b.val, depth + 1);
		n++;
	}
	if (n < arr->count) {
		if (!list)
			pack_text(k, CT_KEY_CUT);
		pack_cut_array(k, spent(k) ? "bytes" : "array", arr->count);
		n++;
	}
	pack_close(k, at, n);
}

static bool class_extends(const struct zclass *ce, const struct zclass *base)
{
	for (; ce; ce = ce->parent)
		if (ce == base)
			return true;
	return false;
}

bool value_is_throwable(const struct zobj *obj)
{
	return class_extends(obj->ce, *zend.exception_class) ||
	       class_extends(obj->ce, *zend.error_class);
}

static bool class_is_app(const struct zclass *ce)
{
	return ce->type == ZCLASS_USER &&
	       fn_file_is_app(ZAT(ce, zend.at->class_file, struct zstr *));
}

static void pack_name_pair(struct pack *k, const char *key, const struct zstr *name)
{
	pack_text(k, key);
	pack_str(k, name->val, strnlen(name->val, MAX_KEY));
}

static void pack_enum(struct pack *k, const struct zobj *obj)
{
	const struct zval *name = &obj->slots[0];
	bool backed = obj->ce->n_slots > 1;
	char text[MAX_KEY];

	snprintf(text, sizeof(text), "%s::%s", obj->ce->name->val,
		 name->type == Z_STRING ? name->str->val : "?");
	pack_map(k, backed ? 2 : 1);
	pack_text(k, CT_KEY_ENUM);
	pack_text(k, text);
	if (backed) {
		pack_text(k, "value");
		pack_zval(k, &obj->slots[1], worker.settings.max_depth);
	}
}

static void pack_closure(struct pack *k, struct zobj *obj)
{
	const struct zfunc *f = zend.closure_function(obj);
	char text[1024];

	if (f->type == ZFUNC_INTERNAL)
		snprintf(text, sizeof(text), "%s", f->name ? f->name->val : "?");
	else
		snprintf(text, sizeof(text), "%s:%u", zend_file(f)->val, zend_line(f));
	pack_map(k, 1);
	pack_text(k, CT_KEY_CLOSURE);
	pack_text(k, text);
}

/* Properties are in order of declaration, ancestors first. Those of a framework's base class are
 * many and mostly settings: of these only arrays that hold something are shown (an Eloquent model's
 * attributes). */
static uint32_t foreign_slots(const struct zclass *ce)
{
	for (ce = ce->parent; ce; ce = ce->parent)
		if (!class_is_app(ce))
			return (uint32_t)ce->n_slots;
	return 0;
}

static uint16_t pack_slots(struct pack *k, const struct zobj *obj, unsigned depth)
{
	struct zprop *const *props = ZAT(obj->ce, zend.at->class_props, struct zprop **);
	uint32_t foreign = foreign_slots(obj->ce);
	uint16_t n = 0;

	for (uint32_t i = 0; props && i < (uint32_t)obj->ce->n_slots && !spent(k); i++) {
		const struct zval *v = zval_deref(&obj->slots[i]);
		const char *name;

		if (!props[i] || v->type == Z_UNDEF || n >= worker.settings.max_elements)
			continue;
		if (i < foreign && (v->type != Z_ARRAY || !v->arr->count))
			continue;
		name = props[i]->name->val;
		if (!*name && props[i]->name->len) /* "\0Class\0name" */
			name += strlen(name + 1) + 2;
		pack_str(k, name, strnlen(name, MAX_KEY));
		pack_member(k, ct_secret_key(name, strlen(name)), v, depth + 1);
		n++;
	}
	return n;
}

/* Dynamic properties; declared ones are indirect there. */
static uint16_t pack_dynamic(struct pack *k, const struct zarr *arr, unsigned depth, uint16_t n)
{
	struct zbucket b;
	uint16_t first = n;

	for (uint32_t i = 0; i < arr->used && !spent(k); i++) {
		if (!place(arr, i, &b) || b.val.type == Z_INDIRECT || !b.key ||
		    n >= worker.settings.max_elements)
			continue;
		pack_key(k, &b);
		pack_member(k, is_secret_key(b.key), &b.val, depth + 1);
		n++;
	}
	return n - first;
}

static void pack_object(struct pack *k, struct zobj *obj, unsigned depth)
{
	static const char std_class[] = "stdClass";
	struct zclass *ce = obj->ce;
	uint16_t n = 0;
	uint8_t *at;

	if (ce->flags & ZCLASS_ENUM) {
		pack_enum(k, obj);
		return;
	}
	if (ce == *zend.closure_class) {
		pack_closure(k, obj);
		return;
	}
	at = pack_open(k, true);
	pack_name_pair(k, CT_KEY_CLASS, ce->name);
	pack_text(k, "@id");
	pack_uint(k, obj->handle);
	if (value_is_throwable(obj)) {
		pack_text(k, "message");
		pack_zval(k, &obj->slots[0], worker.settings.max_depth);
		n = 1;
	} else if (depth < worker.settings.max_depth &&
		   (class_is_app(ce) || !strcmp(ce->name->val, std_class))) {
		n = pack_slots(k, obj, depth);
		if (obj->properties)
			n += pack_dynamic(k, obj->properties, depth, n);
	}
	pack_close(k, at, n + 2);
}

static void pack_zval(struct pack *k, const struct zval *v, unsigned depth)
{
	v = zval_deref(v);
	if (spent(k)) {
		pack_cut_bytes(k);
		return;
	}
	switch (v->type) {
	case Z_FALSE:
	case Z_TRUE:
		pack_bool(k, v->type == Z_TRUE);
		break;
	case Z_LONG:
		pack_int(k, v->lval);
		break;
	case Z_DOUBLE:
		pack_float(k, v->dval);
		break;
	case Z_STRING:
		value_pack_string(k, v->str->val, v->str->len);
		break;
	case Z_ARRAY:
		pack_array_value(k, v->arr, depth);
		break;
	case Z_OBJECT:
		pack_object(k, v->obj, depth);
		break;
	case Z_RESOURCE:
		pack_map(k, 1);
		pack_text(k, CT_KEY_RESOURCE);
		pack_int(k, v->res->handle);
		break;
	default:
		pack_nil(k);
	}
}

void value_pack(struct pack *k, const struct zval *value)
{
	pack_zval(k, value, 0);
}

static void pack_extra_named(struct pack *k, const struct zarr *named, bool secret)
{
	if (secret)
		pack_text(k, CT_SECRET);
	else
		pack_array_value(k, named, 0);
}

void values_pack_args(struct pack *k, const struct zframe *frame, uint64_t secret)
{
	uint32_t passed = zend_n_args(frame), i;
	bool named = frame->This.type_info & ZCALL_EXTRA_NAMED;
	uint8_t *at = pack_open(k, false);
	uint16_t n = 0;

	for (i = 0; i < passed && n < worker.settings.max_elements && !spent(k); i++, n++) {
		if (secret & 1ull << (i < 63 ? i : 63))
			pack_text(k, CT_SECRET);
		else
			pack_zval(k, zend_arg(frame, i), 0);
	}
	if (i < passed) {
		pack_cut_array(k, spent(k) ? "bytes" : "array", passed);
		n++;
	} else if (named && frame->extra_named) {
		pack_extra_named(k, frame->extra_named, secret >> 63);
		n++;
	}
	pack_close(k, at, n);
}
