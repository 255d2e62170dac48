/* SPDX-License-Identifier: MIT */
/* Functions by number, and the rules. */

#include "functions.h"

#include "frame.h"
#include "values.h"
#include "worker.h"

#include <calltrace/secret.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS	   8192
#define MEMO	   1024
#define MAX_PARAMS 64

struct fn fn_off;
struct fn *fn_by_id[FN_IDS] = {&fn_off};

static struct fn *buckets[BUCKETS];
static uint32_t last_id;

/* Most functions of a request are vendor code in few files. */
struct file_memo {
	const struct zstr *file;
	uint64_t hash; /* opcache may start anew and put another string there */
	bool app, off; /* off: all of its functions are */
};

static struct file_memo file_of(const struct zstr *file)
{
	static struct file_memo memo[MEMO];
	struct file_memo *known = &memo[(uintptr_t)file >> 4 & (MEMO - 1)];
	const struct rules *rules = &worker.settings.rules;
	struct file_memo is = {.file = file};
	enum fn_mode mode;

	if (!file)
		return is;
	if (known->file == file && known->hash == file->hash)
		return *known;
	is.hash = file->hash;
	is.app = rules_path_is_app(rules, file->val, file->len);
	is.off = rules_decide_file(rules, file->val, file->len, &mode) && mode == FN_OFF;
	/* Only what lives as long as the process can be known by its address. */
	if (file->type_info & ZSTR_PERMANENT && file->hash)
		*known = is;
	return is;
}

bool fn_file_is_app(const struct zstr *file)
{
	return file_of(file).app;
}

static uint64_t hash_bytes(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) /* FNV-1a */
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3ull;
	return (h ^ 0xff) * 0x100000001b3ull;
}

static void names_of(const struct zfunc *f, bool main, struct fn_names *ret)
{
	const struct zstr *file = f->type == ZFUNC_INTERNAL ? NULL : zend_file(f);
	const char *plain = main ? "{main}" : "{include}";

	/* A file included by a method has its class for a scope. An anonymous class's name goes on
	 * behind a NUL, with what file and line say better. */
	ret->class = f->scope && f->name ? f->scope->name->val : "";
	ret->class_len = strlen(ret->class);
	ret->name = f->name ? f->name->val : plain;
	ret->name_len = strlen(ret->name);
	ret->file = file ? file->val : "";
	ret->file_len = strlen(ret->file);
	ret->line = f->type == ZFUNC_INTERNAL ? 0 : zend_line(f);
}

static bool same(const struct fn *fn, const struct fn_names *n)
{
	const char *p = fn->names;

	return fn->line == n->line && !strncmp(p, n->class, n->class_len) && !p[n->class_len] &&
	       !strncmp(p += n->class_len + 1, n->name, n->name_len) && !p[n->name_len] &&
	       !strncmp(p += n->name_len + 1, n->file, n->file_len) && !p[n->file_len];
}

static uint64_t secret_args(const struct zfunc *f)
{
	uint32_t n = f->n_args + !!(f->flags & ZFN_VARIADIC);
	uint64_t mask = 0;

	for (uint32_t i = 0; i < n && i < 64; i++) {
		/* Internal functions name their parameters in C strings, and have their own policy.
		 */
		const struct zstr *name = f->type == ZFUNC_INTERNAL ? NULL : f->args[i].name;

		if ((name && ct_secret_key(name->val, name->len)) ||
		    (f->attributes &&
		     zend.parameter_attribute(f->attributes, "sensitiveparameter", 18, i)))
			mask |= i < f->n_args ? 1ull << i
					      : ~0ull << i; /* a variadic has the rest */
	}
	return mask;
}

/* Could the engine, told to discard the result, have an object to destroy? Then it must do so
 * itself. */
static bool result_is_scalar(const struct zfunc *f)
{
	uint32_t mask;

	if (!(f->flags & ZFN_HAS_RETURN_TYPE) || f->flags & (ZFN_GENERATOR | ZFN_BY_REFERENCE))
		return false;
	mask = f->args[-1].type_mask;
	return !(mask & zend.at->type_complex) && !(mask & zend.at->type_mask & ~ZTYPE_SCALAR);
}

static uint16_t flags_of(const struct zfunc *f, bool app)
{
	uint16_t flags = 0;

	flags |= f->type == ZFUNC_INTERNAL ? CT_FN_INTERNAL : 0;
	flags |= f->flags & ZFN_STATIC ? CT_FN_STATIC : 0;
	flags |= f->flags & ZFN_CLOSURE ? CT_FN_CLOSURE : 0;
	flags |= f->flags & ZFN_GENERATOR ? CT_FN_GENERATOR : 0;
	flags |= f->flags & ZFN_VARIADIC ? CT_FN_VARIADIC : 0;
	flags |= f->name ? 0 : CT_FN_INCLUDE;
	flags |= app ? CT_FN_APP : 0;
	return flags;
}

static struct fn *make(const struct zfunc *f, const struct fn_names *n, uint64_t hash)
{
	size_t size = n->class_len + n->name_len + n->file_len + 3;
	struct fn *fn = last_id < FN_IDS - 1 ? calloc(1, sizeof(*fn) + size) : NULL;
	char *p;

	if (!fn) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return &fn_off;
	}
	p = memcpy(fn->names, n->class, n->class_len);
	p = memcpy(p + n->class_len + 1, n->name, n->name_len);
	memcpy(p + n->name_len + 1, n->file, n->file_len);
	fn->id = ++last_id;
	fn_by_id[fn->id] = fn;
	fn->hash = hash;
	fn->line = n->line;
	fn->flags = flags_of(f, rules_path_is_app(&worker.settings.rules, n->file, n->file_len));
	fn->lends_result = f->type != ZFUNC_INTERNAL && result_is_scalar(f);
	fn->secret_args = secret_args(f);
	fn->next = buckets[hash % BUCKETS];
	buckets[hash % BUCKETS] = fn;
	return fn;
}

static struct fn *intern(const struct zfunc *f, const struct fn_names *n)
{
	uint64_t h = 0xcbf29ce484222325ull;

	h = hash_bytes(h, n->class, n->class_len);
	h = hash_bytes(h, n->name, n->name_len);
	h = hash_bytes(h, n->file, n->file_len) ^ n->line;
	for (struct fn *fn = buckets[h % BUCKETS]; fn; fn = fn->next)
		if (fn->hash == h && same(fn, n))
			return fn;
	return make(f, n, h);
}

static struct decision decide(const struct zfunc *f, const struct fn_names *names)
{
	const struct file_memo file = file_of(zend_file(f));

	if (file.off)
		return (struct decision){.mode = FN_OFF};
	return rules_decide(&worker.settings.rules, names, file.app);
}

struct fn *fn_decide(const struct zfunc *f, bool main)
{
	struct decision decision;
	struct fn_names n;
	struct fn *fn;

	names_of(f, main, &n);
	decision = decide(f, &n);
	fn = decision.mode == FN_OFF ? &fn_off : intern(f, &n);
	if (fn == &fn_off)
		return fn;
	fn->mode = f->name ? decision.mode : FN_TIME;
	fn->scope = f->scope;
	fn->class_hash = f->scope ? f->scope->name->hash : 0;
	fn->unit = decision.unit;
	fn->flags |= decision.handler ? CT_FN_HANDLER : 0;
	fn->keep = decision.handler || decision.unit;
	return fn;
}

bool fn_is_off(const struct zfunc *f)
{
	struct fn_names n;

	/* A trait's function becomes one of each class that uses it. */
	if (f->scope && f->scope->flags & ZCLASS_TRAIT)
		return file_of(zend_file(f)).off;
	names_of(f, false, &n);
	return decide(f, &n).mode == FN_OFF;
}

struct fn *fn_named(const struct zfunc *f, bool main)
{
	struct fn_names n;

	names_of(f, main, &n);
	return intern(f, &n);
}

struct fn *fn_for_internal(const struct zfunc *f, const char *kind)
{
	struct fn *fn = fn_named(f, false);

	if (fn != &fn_off) {
		fn->mode = FN_ARGS;
		fn->kind = kind;
		fn->keep = true;
	}
	return fn;
}

static void pack_params(struct pack *k, const struct zfunc *f)
{
	uint32_t n = f->n_args + !!(f->flags & ZFN_VARIADIC);

	n = n < MAX_PARAMS ? n : MAX_PARAMS;
	pack_array(k, n);
	for (uint32_t i = 0; i < n; i++) {
		if (f->type == ZFUNC_INTERNAL) {
			const char *name = (const char *)f->args[i].name;

			value_pack_name(k, name, strlen(name), 64);
		} else {
			const struct zstr *name = f->args[i].name;

			value_pack_name(k, name->val, name->len, 64);
		}
	}
}

static void pack_name_or_nil(struct pack *k, const char *name)
{
	*name ? value_pack_name(k, name, strlen(name), VALUE_NAME) : pack_nil(k);
}

bool fn_define(struct fn *fn, const struct zfunc *f)
{
	const char *class = fn->names, *name = class + strlen(class) + 1;
	const char *file = name + strlen(name) + 1;
	struct pack k;

	if (fn->ring_serial == worker.ring_serial)
		return true;
	if (!frame_reserve(&k, 16384, fn->keep ? RING_KEEP : RING_DETAIL)) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return false;
	}
	pack_array(&k, 9);
	pack_uint(&k, CT_FRAME_FUNCTION);
	pack_uint(&k, fn->id);
	pack_name_or_nil(&k, class);
	value_pack_name(&k, name, strlen(name), VALUE_NAME);
	pack_name_or_nil(&k, file);
	pack_uint(&k, fn->line);
	pack_uint(&k, fn->flags);
	pack_params(&k, f);
	fn->kind ? pack_text(&k, fn->kind) : pack_nil(&k);
	if (!ring_commit(&worker.ring, &k)) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return false;
	}
	fn->ring_serial = worker.ring_serial;
	if (fn->mode == FN_TIME && !fn->keep && !(fn->flags & CT_FN_GENERATOR) && clock_uses_tsc)
		fn->timed = fn->ring_serial;
	return true;
}
