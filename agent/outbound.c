/* SPDX-License-Identifier: MIT */
/* Internal functions that talk to the outside. */

#include "outbound.h"

#include "calls.h"
#include "catches.h"
#include "functions.h"
#include "note.h"
#include "run.h"

#include <errno.h>
#include <string.h>

#define ASK_ARGS 3

#define REPLACED_MAX  2048
#define REPLACED_SIZE 4096 /* a power of two, for few collisions */

/* dl() has loaded a module, until the request's end. */
static void learn_module(const struct zframe *frame, const struct zval *result)
{
	(void)frame;
	if (result->type == Z_TRUE)
		outbound_install();
}

static const struct outbound_role loads = {.learn = learn_module};
static const struct outbound modules[] = {{NULL, "dl", "", &loads, OUTBOUND_SILENT, 0}, {0}};

static const struct outbound *const tables[] = {outbound_http,	outbound_streams,   outbound_db,
						outbound_cache, outbound_processes, modules};

/*
 * By class and name: a class that extends an internal one has copies of its functions, which the
 * engine makes at any time, and a closure of one has another. Not by the address of the name,
 * which opcache moves to its own memory; its hash stays.
 */
static struct replaced {
	const struct zclass *scope;
	uint64_t name;
	zend_handler_fn handler;
	const struct outbound *what;
	struct fn *fn;
} replaced[REPLACED_SIZE];

static unsigned n_replaced;

struct zfunc *outbound_find(const char *class, const char *name)
{
	const struct zarr *functions = ZAT(zend.cg, ZCG_FUNCTIONS, struct zarr *);
	const struct zval *v;

	if (class) {
		v = zarr_find(ZAT(zend.cg, ZCG_CLASSES, struct zarr *), class);
		if (!v)
			return NULL;
		functions = (const struct zarr *)((const char *)v->ptr + zend.at->class_functions);
	}
	v = zarr_find(functions, name);
	return v && ((struct zfunc *)v->ptr)->type == ZFUNC_INTERNAL ? v->ptr : NULL;
}

/*
 * By the handler itself, in a frame of our own: the engine's way to call a function lets observers
 * see it, and signal handlers that wait run. What it throws nobody sees.
 */
struct zval outbound_ask(struct zfunc *f, struct zobj *obj, uint32_t n, const struct zval *args)
{
	struct zframe **current = &ZAT(zend.eg, zend.at->eg_frame, struct zframe *);
	void (*throw_hook)(struct zobj *) = *zend.throw_hook;
	struct zval result = {.type_info = Z_UNDEF};
	union {
		struct zframe frame;
		struct zval slots[ZFRAME_SLOTS + ASK_ARGS];
	} call = {.frame = {.return_value = &result, .func = f, .prev = *current}};

	if (!f || zend_exception() || n > ASK_ARGS)
		return result;
	result.type_info = Z_NULL;
	call.frame.This =
		(struct zval){.obj = obj, .type_info = obj ? Z_OBJECT_COUNTED : 0, .u2 = n};
	memcpy(call.slots + ZFRAME_SLOTS, args, n * sizeof(*args));
	*zend.throw_hook = NULL;
	*current = &call.frame;
	ZAT(f, zend.at->fn_handler, zend_handler_fn)(&call.frame, &result);
	if (zend_exception())
		zend.clear_exception();
	*current = call.frame.prev;
	*zend.throw_hook = throw_hook;
	return result;
}

const struct zval *outbound_arg(const struct zframe *frame, uint32_t i)
{
	static const struct zval none = {.type_info = Z_UNDEF};

	return i < zend_n_args(frame) ? zval_deref(zend_arg(frame, i)) : &none;
}

const struct zval *outbound_arg_behind(const struct zframe *frame, uint32_t i)
{
	return outbound_arg(frame, frame->This.type == Z_OBJECT ? i - 1 : i);
}

struct zobj *outbound_object(const struct zframe *frame)
{
	const struct zval *first = outbound_arg(frame, 0);

	if (frame->This.type == Z_OBJECT)
		return frame->This.obj;
	return first->type == Z_OBJECT ? first->obj : NULL;
}

static struct replaced *place_of(const struct zclass *scope, uint64_t name)
{
	uint64_t i = name ^ (uintptr_t)scope >> 4;

	while (replaced[i % REPLACED_SIZE].handler && (replaced[i % REPLACED_SIZE].name != name ||
						       replaced[i % REPLACED_SIZE].scope != scope))
		i++;
	return &replaced[i % REPLACED_SIZE];
}

/* A closure of a function may be bound to an object and has a class then. */
static struct replaced *replaced_by(const struct zfunc *f)
{
	struct replaced *found = place_of(f->scope, f->name->hash);

	return found->handler ? found : place_of(NULL, f->name->hash);
}

/* A note of what is to be done with the result. Only for a call that is recorded. */
static void note_before(const struct outbound *what, const struct zframe *frame)
{
	struct note note;

	if (what->role && what->role->before)
		what->role->before(frame, what->kind);
	else if (note_begin(&note, frame, what->kind))
		note_end(&note);
}

static void run_silent(const struct replaced *r, struct zframe *frame, struct zval *result)
{
	int saved = errno;

	if (r->what->role->before)
		r->what->role->before(frame, r->what->kind);
	errno = saved;
	r->handler(frame, result);
	saved = errno;
	if (r->what->role->learn && worker.recording && !zend_exception())
		r->what->role->learn(frame, result);
	errno = saved;
}

static bool records_args(const struct outbound *what)
{
	return what->record == OUTBOUND_ARGS;
}

static void run_told(struct replaced *r, struct zframe *frame, struct zval *result, uintptr_t sp)
{
	const struct outbound_role *role = r->what->role;
	uint64_t secret = role && role->secret ? role->secret(frame) : 0;
	bool tells = r->what->record <= OUTBOUND_RESULT && !secret;
	struct open_call *call;
	uint32_t request;
	int saved = errno;

	call = call_enter_internal(r->fn, frame, r->what->secret | secret, sp);
	request = worker.request;
	if (call)
		note_before(r->what, frame);
	errno = saved;
	r->handler(frame, result);
	saved = errno;
	if (request != worker.request)
		return;
	if (role && !zend_exception()) {
		if (call && role->after)
			role->after(frame, result);
		if (role->learn)
			role->learn(frame, result);
	}
	if (call)
		call_leave(call, tells ? result : NULL);
	errno = saved;
}

static void run_handler(struct zframe *frame, struct zval *result)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct replaced *r = replaced_by(frame->func);
	const struct outbound_role *role;

	if (__builtin_expect(!r->handler, 0)) {
		result->type_info = Z_NULL;
		return;
	}
	role = r->what->role;
	if ((role && role->concerns && !role->concerns(frame)) ||
	    (!worker.recording && !(worker.run_waits && run_begin()))) {
		r->handler(frame, result);
		return;
	}
	if (r->what->record == OUTBOUND_SILENT) {
		run_silent(r, frame, result);
		return;
	}
	catch_seen_entering(frame);
	if (!r->fn) {
		r->fn = fn_for_internal(frame->func, r->what->kind);
		if (!records_args(r->what) && r->fn->mode == FN_ARGS)
			r->fn->mode = FN_TIME;
	}
	run_told(r, frame, result, sp);
}

static void replace(struct zfunc *f, const struct outbound *what)
{
	zend_handler_fn *handler = &ZAT(f, zend.at->fn_handler, zend_handler_fn);
	struct replaced *r;

	if (f->type != ZFUNC_INTERNAL || *handler == run_handler || !f->name || !f->name->hash)
		return;
	r = place_of(f->scope, f->name->hash);
	/* A module that comes and goes has its functions at a new place each time. */
	if (r->handler && r->what != what)
		return;
	if (!r->handler && n_replaced == REPLACED_MAX)
		return;
	n_replaced += !r->handler;
	*r = (struct replaced){f->scope, f->name->hash, *handler, what, r->fn};
	*handler = run_handler;
}

static struct zarr *methods_of(const struct zclass *ce)
{
	return (struct zarr *)((char *)ce + zend.at->class_functions);
}

static void replace_all(const struct zclass *ce, const struct outbound *what)
{
	const struct zarr *methods = methods_of(ce);

	for (uint32_t i = 0; i < methods->used; i++) {
		const struct zbucket *b = &methods->buckets[i];
		struct zfunc *f = b->val.ptr;

		if (b->val.type != Z_UNDEF && f->scope == ce && f->flags & ZFN_PUBLIC &&
		    what->role->method(f->name->val))
			replace(f, what);
	}
}

static void replace_in(const struct zclass *ce, const struct outbound *what)
{
	const struct zval *v;

	if (!strcmp(what->name, "*")) {
		replace_all(ce, what);
		return;
	}
	v = zarr_find(methods_of(ce), what->name);
	if (v)
		replace(v->ptr, what);
}

/* Internal classes that extend one of ours were given copies when they were registered. */
static void replace_inherited(const struct zclass *ce)
{
	const struct zarr *methods = methods_of(ce);

	for (uint32_t i = 0; i < methods->used; i++) {
		const struct zbucket *b = &methods->buckets[i];
		struct zfunc *f = b->val.ptr;
		const struct replaced *r;

		if (b->val.type == Z_UNDEF || f->type != ZFUNC_INTERNAL || f->scope == ce ||
		    !f->scope || !f->name)
			continue;
		r = place_of(f->scope, f->name->hash);
		if (r->handler && r->handler == ZAT(f, zend.at->fn_handler, zend_handler_fn))
			ZAT(f, zend.at->fn_handler, zend_handler_fn) = run_handler;
	}
}

static void replace_table(const struct outbound *what)
{
	for (; what->name; what++) {
		const struct zval *ce;
		struct zfunc *f;

		if (!what->class) {
			f = outbound_find(NULL, what->name);
			if (f)
				replace(f, what);
			continue;
		}
		ce = zarr_find(ZAT(zend.cg, ZCG_CLASSES, struct zarr *), what->class);
		if (ce && ((struct zclass *)ce->ptr)->type != ZCLASS_USER)
			replace_in(ce->ptr, what);
	}
}

void outbound_install(void)
{
	const struct zarr *classes = ZAT(zend.cg, ZCG_CLASSES, struct zarr *);

	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		replace_table(tables[i]);
	for (uint32_t i = 0; i < classes->used; i++) {
		const struct zclass *ce = classes->buckets[i].val.ptr;

		if (classes->buckets[i].val.type != Z_UNDEF && ce->type != ZCLASS_USER &&
		    ce->parent)
			replace_inherited(ce);
	}
}
