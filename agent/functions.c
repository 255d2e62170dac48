/* SPDX-License-Identifier: MIT */
/* Functions by number, and the rules. */

#include "functions.h"

#include "worker.h"

#include <calltrace/secret.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS	   8192
#define MEMO	   1024
#define MAX_ID	   65535
#define MAX_PARAMS 64

struct fn fn_off;

static struct fn *buckets[BUCKETS];
static uint32_t last_id;

/* Most functions of a request are vendor code in few files. */
static struct {
	const struct zstr *file;
	uint64_t hash; /* opcache may start anew and put another string there */
	bool app;
} memo[MEMO];

static bool path_is_app(const char *path)
{
	for (unsigned i = 0; i < worker.settings.n_vendor; i++)
		if (strstr(path, worker.settings.vendor[i]))
			return false;
	return true;
}

bool fn_file_is_app(const struct zstr *file)
{
	unsigned slot = (unsigned)((uintptr_t)file >> 4) % MEMO;

	if (!file)
		return false;
	if (memo[slot].file == file && memo[slot].hash == file->hash)
		return memo[slot].app;
	bool app = path_is_app(file->val);

	/* Only what lives as long as the process can be known by its address. */
	if (file->type_info & ZSTR_PERMANENT && file->hash) {
		memo[slot].file = file;
		memo[slot].hash = file->hash;
		memo[slot].app = app;
	}
	return app;
}

static uint64_t hash_bytes(uint64_t h, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) /* FNV-1a */
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3ull;
	return (h ^ 0xff) * 0x100000001b3ull;
}

struct names {
	const char *class, *name, *file;
	size_t class_len, name_len, file_len;
	uint32_t line;
};

static void names_of(const struct zfunc *f, bool main, struct names *ret)
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

static bool same(const struct fn *fn, const struct names *n)
{
	const char *p = fn->names;

	return fn->line == n->line && !strncmp(p, n->class, n->class_len) && !p[n->class_len] &&
	       !strncmp(p += n->class_len + 1, n->name, n->name_len) && !p[n->name_len] &&
	       !strncmp(p += n->name_len + 1, n->file, n->file_len) && !p[n->file_len];
}

/* Of Class::method or function. */
static bool matches(const struct names *n, char *const *globs, unsigned count)
{
	char full[512];

	if (n->class_len + n->name_len + 3 > sizeof(full))
		return false;
	memcpy(full, n->class, n->class_len);
	memcpy(full + n->class_len, "::", 2);
	memcpy(full + n->class_len + 2, n->name, n->name_len);
	full[n->class_len + 2 + n->name_len] = 0;
	for (unsigned i = 0; i < count; i++)
		if (!fnmatch(globs[i], n->class_len ? full : full + 2, FNM_NOESCAPE))
			return true;
	return false;
}

/* Asked of every function of a run, vendor code and all: few have a unit's name. */
static bool is_unit(const struct zfunc *f)
{
	const char *name = f->name ? f->name->val : "";
	bool likely = false;
	struct names n;

	for (unsigned i = 0; i < worker.settings.n_units && !likely; i++) {
		const char *method = strstr(worker.settings.units[i], "::");

		method = method ? method + 2 : worker.settings.units[i];
		likely = strpbrk(method, "*?[") || !strcasecmp(method, name);
	}
	if (!likely || !*name)
		return false;
	names_of(f, false, &n);
	return matches(&n, worker.settings.units, worker.settings.n_units);
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
	return !(mask & ZTYPE_NOT_SCALAR) && !(mask & ZTYPE_MASK & ~ZTYPE_SCALAR);
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

static struct fn *make(const struct zfunc *f, const struct names *n, uint64_t hash)
{
	size_t size = n->class_len + n->name_len + n->file_len + 3;
	struct fn *fn = last_id < MAX_ID ? calloc(1, sizeof(*fn) + size) : NULL;
	char *p;

	if (!fn) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return &fn_off;
	}
	p = memcpy(fn->names, n->class, n->class_len);
	p = memcpy(p + n->class_len + 1, n->name, n->name_len);
	memcpy(p + n->name_len + 1, n->file, n->file_len);
	fn->id = ++last_id;
	fn->hash = hash;
	fn->line = n->line;
	fn->flags = flags_of(f, n->file_len && path_is_app(n->file));
	if (fn->flags & CT_FN_APP &&
	    matches(n, worker.settings.handlers, worker.settings.n_handlers)) {
		fn->flags |= CT_FN_HANDLER;
		fn->keep = true;
	}
	fn->lends_result = f->type != ZFUNC_INTERNAL && result_is_scalar(f);
	fn->secret_args = secret_args(f);
	fn->next = buckets[hash % BUCKETS];
	buckets[hash % BUCKETS] = fn;
	return fn;
}

static struct fn *intern(const struct zfunc *f, bool main)
{
	struct names n;
	uint64_t h = 0xcbf29ce484222325ull;

	names_of(f, main, &n);
	h = hash_bytes(h, n.class, n.class_len);
	h = hash_bytes(h, n.name, n.name_len);
	h = hash_bytes(h, n.file, n.file_len) ^ n.line;
	for (struct fn *fn = buckets[h % BUCKETS]; fn; fn = fn->next)
		if (fn->hash == h && same(fn, &n))
			return fn;
	return make(f, &n, h);
}

struct fn *fn_for(const struct zframe *frame)
{
	const struct zfunc *f = frame->func;
	bool app = fn_file_is_app(zend_file(f)), unit = worker.cli && is_unit(f);
	struct fn *fn;

	if (!app && !unit)
		return &fn_off;
	fn = intern(f, !frame->prev);
	if (fn == &fn_off)
		return fn;
	fn->mode = f->name && app ? FN_ARGS : FN_TIME;
	if (unit)
		fn->unit = fn->keep = true;
	return fn;
}

struct fn *fn_for_internal(const struct zfunc *f, const char *kind)
{
	struct fn *fn = intern(f, false);

	if (fn != &fn_off) {
		fn->mode = FN_ARGS;
		fn->kind = kind;
		fn->keep = true;
	}
	return fn;
}

struct fn *fn_named(const struct zfunc *f, bool main)
{
	return intern(f, main);
}

static void pack_params(struct pack *k, const struct zfunc *f)
{
	uint32_t n = f->n_args + !!(f->flags & ZFN_VARIADIC);

	n = n < MAX_PARAMS ? n : MAX_PARAMS;
	pack_array(k, n);
	for (uint32_t i = 0; i < n; i++) {
		if (f->type == ZFUNC_INTERNAL) {
			const char *name = (const char *)f->args[i].name;

			pack_str(k, name, strnlen(name, 64));
		} else {
			const struct zstr *name = f->args[i].name;

			pack_str(k, name->val, name->len < 64 ? name->len : 64);
		}
	}
}

bool fn_define(struct fn *fn, const struct zfunc *f)
{
	const char *class = fn->names, *name = class + strlen(class) + 1;
	const char *file = name + strlen(name) + 1;
	struct pack k;

	if (fn->ring_serial == worker.ring_serial)
		return true;
	if (!ring_reserve(&worker.ring, &k, 16384, fn->keep ? RING_KEEP : RING_DETAIL)) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return false;
	}
	pack_array(&k, 9);
	pack_uint(&k, CT_FRAME_FUNCTION);
	pack_uint(&k, fn->id);
	*class ? pack_text(&k, class) : pack_nil(&k);
	pack_text(&k, name);
	*file ? pack_text(&k, file) : pack_nil(&k);
	pack_uint(&k, fn->line);
	pack_uint(&k, fn->flags);
	pack_params(&k, f);
	fn->kind ? pack_text(&k, fn->kind) : pack_nil(&k);
	if (!ring_commit(&worker.ring, &k)) {
		ring_lose(&worker.ring, CT_LOST_FUNCTIONS, 1);
		return false;
	}
	fn->ring_serial = worker.ring_serial;
	return true;
}
