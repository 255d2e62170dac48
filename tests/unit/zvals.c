/* SPDX-License-Identifier: MIT */
#include "zvals.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* All of them hang on one list, so that none is a leak. */
static void **last, **kept;

void zvals_keep(void)
{
	kept = last;
}

void zvals_free(void)
{
	while (last != kept) {
		void **before = *last;

		free(last);
		last = before;
	}
}

void *zvals_make(size_t n)
{
	void **made = calloc(1, sizeof(*made) * 2 + n);

	made[0] = last;
	last = made;
	return made + 2;
}

/* Times 33, as the engine does it. */
static uint64_t hash_of(const char *text, size_t n)
{
	uint64_t h = 5381;

	for (size_t i = 0; i < n; i++)
		h = h * 33 + (uint8_t)text[i];
	return h | 0x8000000000000000ull;
}

struct zstr *zstr_of(const char *text, size_t n)
{
	struct zstr *s = zvals_make(sizeof(*s) + n + 1);

	s->len = n;
	s->hash = hash_of(text, n);
	memcpy(s->val, text, n);
	return s;
}

struct zval zval_bytes(const char *text, size_t n)
{
	return (struct zval){.str = zstr_of(text, n), .type_info = Z_STRING};
}

struct zval zval_text(const char *text)
{
	return zval_bytes(text, strlen(text));
}

struct zval zval_int(int64_t v)
{
	return (struct zval){.lval = v, .type_info = Z_LONG};
}

struct zval zval_float(double v)
{
	return (struct zval){.dval = v, .type_info = Z_DOUBLE};
}

struct zval zval_plain(uint8_t type)
{
	return (struct zval){.type_info = type};
}

struct zval zval_map(unsigned n, ...)
{
	struct zarr *arr = zvals_make(sizeof(*arr));
	va_list ap;

	arr->buckets = zvals_make((n ? n : 1) * sizeof(*arr->buckets));
	arr->used = arr->count = n;
	va_start(ap, n);
	for (unsigned i = 0; i < n; i++) {
		const char *key = va_arg(ap, const char *);

		arr->buckets[i].key = zstr_of(key, strlen(key));
		arr->buckets[i].h = arr->buckets[i].key->hash;
		arr->buckets[i].val = va_arg(ap, struct zval);
	}
	va_end(ap);
	return (struct zval){.arr = arr, .type_info = Z_ARRAY};
}

struct zval zval_list(unsigned n, struct zval of)
{
	struct zarr *arr = zvals_make(sizeof(*arr));

	arr->flags = ZARR_PACKED;
	arr->packed = zvals_make((n ? n : 1) * sizeof(*arr->packed));
	arr->used = arr->count = n;
	for (unsigned i = 0; i < n; i++)
		arr->packed[i] = of;
	return (struct zval){.arr = arr, .type_info = Z_ARRAY};
}

struct zval zval_reference(struct zval to)
{
	struct zref *ref = zvals_make(sizeof(*ref));

	ref->val = to;
	return (struct zval){.ref = ref, .type_info = Z_REFERENCE};
}

static const char *resource_types[16];

static const char *type_of_resource(struct zres *res)
{
	return resource_types[res->handle % 16];
}

struct zval zval_resource(int32_t handle, const char *type)
{
	struct zres *res = zvals_make(sizeof(*res));

	res->handle = handle;
	resource_types[handle % 16] = type;
	return (struct zval){.res = res, .type_info = Z_RESOURCE};
}

struct zclass *zclass_of(const char *name, struct zclass *parent, unsigned n,
			 const char *const *properties)
{
	struct zclass *ce = zvals_make(512);
	struct zprop **table = zvals_make((n + 1) * sizeof(*table));

	ce->type = ZCLASS_USER;
	ce->name = zstr_of(name, strlen(name));
	ce->parent = parent;
	ce->n_slots = (int)n;
	for (unsigned i = 0; i < n; i++) {
		size_t class = properties[i][0] ? 0 : strlen(properties[i] + 1) + 2;
		size_t len = class + strlen(properties[i] + class);

		table[i] = zvals_make(sizeof(*table[i]));
		table[i]->name = zstr_of(properties[i], len);
	}
	ZAT(ce, zend.at->class_props, struct zprop **) = table;
	ZAT(ce, zend.at->class_file, struct zstr *) = zstr_of("/srv/app/Model.php", 18);
	return ce;
}

struct zval zval_object(struct zclass *ce, uint32_t handle)
{
	struct zobj *obj = zvals_make(sizeof(*obj) + (size_t)ce->n_slots * sizeof(struct zval));

	obj->handle = handle;
	obj->ce = ce;
	return (struct zval){.obj = obj, .type_info = Z_OBJECT};
}

struct zframe *zframe_of(const char *name, const char *const *params, unsigned n)
{
	struct zfunc *f = zvals_make(512);
	struct zframe *frame =
		zvals_make(sizeof(*frame) + 8 * sizeof(struct zval) + sizeof(struct zval));

	f->type = 2;
	f->name = zstr_of(name, strlen(name));
	f->n_args = n;
	f->args = (struct zarg *)zvals_make((n + 1) * sizeof(struct zarg)) + 1;
	for (unsigned i = 0; i < n; i++)
		f->args[i].name = zstr_of(params[i], strlen(params[i]));
	ZAT(f, zend.at->fn_file, struct zstr *) = zstr_of("/srv/app/Booking.php", 20);
	ZAT(f, zend.at->fn_line, uint32_t) = 12;
	frame->func = f;
	frame->This.u2 = n;
	return frame;
}

struct zval *zframe_args(struct zframe *frame)
{
	return (struct zval *)frame + ZFRAME_SLOTS;
}

static bool never(const struct zobj *obj)
{
	return false;
}

static struct zval *find_key(const struct zarr *arr, const char *key, size_t n)
{
	for (uint32_t i = 0; i < arr->used && !(arr->flags & ZARR_PACKED); i++)
		if (arr->buckets[i].key && arr->buckets[i].key->len == n &&
		    !memcmp(arr->buckets[i].key->val, key, n))
			return &arr->buckets[i].val;
	return NULL;
}

static struct zfunc *closure_function(struct zobj *obj)
{
	static struct zfunc *f;

	/* First called by zvals_engine(): it stays. */
	return f ? f : (f = zframe_of("{closure}", NULL, 0)->func);
}

static struct zval *closure_this(struct zval *closure)
{
	static struct zval none;

	return &none;
}

static void *no_attribute(struct zarr *attributes, const char *name, size_t n, uint32_t i)
{
	return NULL;
}

static int nothing_configured(const char *name, char **value)
{
	return -1;
}

void zvals_engine(void)
{
	static struct zclass *exception, *closure, *standard;
	static char globals[2048];
	static void (*hook)(struct zobj *);

	if (zend.eg)
		return;
	zend.at = zend_layout_of(20220829);
	exception = zclass_of("RuntimeException", NULL, 0, NULL);
	exception->type = 1;
	exception->n_slots = 7;
	closure = zclass_of("Closure", NULL, 0, NULL);
	standard = zclass_of("stdClass", NULL, 0, NULL);
	closure->type = standard->type = 1;
	zend.eg = globals;
	zend.sapi = "fpm-fcgi";
	zend.exception_class = zend.error_class = &exception;
	zend.closure_class = &closure;
	zend.standard_class = &standard;
	zend.is_unwind_exit = zend.is_graceful_exit = never;
	zend.closure_function = closure_function;
	closure_function(NULL);
	zend.closure_this = closure_this;
	zend.resource_type = type_of_resource;
	zend.parameter_attribute = no_attribute;
	zend.hash_find = find_key;
	zend.cfg_string = nothing_configured;
	zend.throw_hook = &hook;
	zend.observe_errors = (void *)never; /* takes a callback and does nothing with it */
	zvals_keep();
}
