/* SPDX-License-Identifier: MIT */
/* Exceptions and PHP's errors. */

#include "exceptions.h"

#include "catches.h"
#include "frame.h"
#include "objects.h"
#include "run.h"
#include "stacktext.h"
#include "stream.h"
#include "values.h"

#include <string.h>

#define MAX_TRACE  40
#define MAX_CHAIN  5
#define MAX_THROWS 500 /* a request */
#define MAX_ERRORS 200

/* The properties that Exception and Error declare, in this order in every PHP 8
 * (Zend/zend_exceptions.stub.php). */
enum { MESSAGE, STRING, CODE, FILE_, LINE, TRACE, PREVIOUS, BASE };

static void (*next_throw)(struct zobj *);
static uint32_t thrown, errors;

const struct zobj *exception_previous(const struct zobj *exception)
{
	const struct zval *previous = zval_deref(&exception->slots[PREVIOUS]);

	return previous->type == Z_OBJECT ? previous->obj : NULL;
}

static void pack_base(struct pack *k, const struct zobj *obj, unsigned slot)
{
	const struct zval *v = zval_deref(&obj->slots[slot]);

	if (v->type == Z_STRING || v->type == Z_LONG)
		value_pack(k, v);
	else
		pack_nil(k);
}

static void pack_found(struct pack *k, const struct zarr *arr, const char *key)
{
	const struct zval *v = zarr_find(arr, key);

	if (v && v->type == Z_STRING)
		value_pack_name(k, v->str->val, strlen(v->str->val), VALUE_NAME);
	else if (v && v->type == Z_LONG)
		pack_int(k, v->lval);
	else if (!strcmp(key, "line"))
		pack_uint(k, 0);
	else
		pack_nil(k);
}

/* Without the arguments that a trace holds when zend.exception_ignore_args is off. */
static void pack_trace(struct pack *k, const struct zobj *obj)
{
	const struct zval *trace = zval_deref(&obj->slots[TRACE]);
	const struct zarr *arr = trace->type == Z_ARRAY ? trace->arr : NULL;
	uint32_t places = !arr ? 0 : arr->used < MAX_TRACE ? arr->used : MAX_TRACE;
	uint8_t *at = pack_open(k, false);
	uint16_t n = 0;

	for (uint32_t i = 0; i < places && !values_spent(k); i++) {
		const struct zval *v = zval_deref(zarr_at(arr, i));

		if (v->type != Z_ARRAY)
			continue;
		pack_array(k, 5);
		pack_found(k, v->arr, "file");
		pack_found(k, v->arr, "line");
		pack_found(k, v->arr, "class");
		pack_found(k, v->arr, "function");
		pack_found(k, v->arr, "type");
		n++;
	}
	if (arr && n < arr->count) {
		value_pack_cut(k, "array", arr->count);
		n++;
	}
	pack_close(k, at, n);
}

static void pack_exception(struct pack *k, struct zobj *obj, unsigned chain)
{
	const struct zval *previous = zval_deref(&obj->slots[PREVIOUS]);
	uint8_t *at = pack_open(k, true);
	uint16_t n = 6;

	pack_text(k, "class");
	value_pack_name(k, obj->ce->name->val, strlen(obj->ce->name->val), VALUE_NAME);
	pack_text(k, "message");
	pack_base(k, obj, MESSAGE);
	pack_text(k, "code");
	pack_base(k, obj, CODE);
	pack_text(k, "file");
	pack_base(k, obj, FILE_);
	pack_text(k, "line");
	pack_base(k, obj, LINE);
	pack_text(k, "trace");
	pack_trace(k, obj);
	n += value_pack_properties(k, "properties", obj, BASE);
	if (previous->type != Z_OBJECT) {
		pack_text(k, "previous");
		pack_nil(k);
		n++;
	} else if (chain + 1 < MAX_CHAIN && object_is_throwable(previous->obj)) {
		pack_text(k, "previous");
		pack_exception(k, previous->obj, chain + 1);
		n++;
	}
	pack_close(k, at, n);
}

static void pack_throw(struct zobj *obj)
{
	uint64_t now = clock_ticks();
	struct pack k;

	if (thrown == MAX_THROWS ||
	    !frame_begin(&k, CT_FRAME_MAX / 2, RING_KEEP, 4, CT_FRAME_THROW, now)) {
		ring_lose(&worker.ring, CT_LOST_ERRORS, 1);
		return;
	}
	thrown++;
	values_begin(&k);
	pack_uint(&k, obj->handle);
	pack_exception(&k, obj, 0);
	if (!frame_commit(&k, now))
		ring_lose(&worker.ring, CT_LOST_ERRORS, 1);
}

static void exception_thrown(struct zobj *obj)
{
	if (worker.recording && obj && object_is_throwable(obj)) {
		catch_thrown(obj);
		pack_throw(obj);
	}
	if (next_throw)
		next_throw(obj);
}

/* PHP's own text of an uncaught exception has everybody's arguments. */
static void pack_message(struct pack *k, const struct zstr *message)
{
	static char text[64 << 10]; /* max_string is at most 60000 */
	size_t n = stacktext_without_arguments(text, sizeof(text), message->val, message->len);

	value_pack_text(k, text, n, worker.settings.max_string);
}

static void error_raised(int type, const char *file, uint32_t line, struct zstr *message)
{
	uint64_t now;
	struct pack k;

	stream_warned(message->val, message->len);
	/* Not what the application masks, with error_reporting or @. */
	if (!(ZAT(zend.eg, zend.at->eg_error_reporting, int) & type))
		return;
	/* A script that cannot be compiled runs no code. */
	if (!worker.recording && !run_notable())
		return;
	now = clock_ticks();
	if (errors == MAX_ERRORS || !frame_begin(&k, worker.settings.max_string + 4096u, RING_KEEP,
						 6, CT_FRAME_ERROR, now)) {
		ring_lose(&worker.ring, CT_LOST_ERRORS, 1);
		return;
	}
	errors++;
	values_begin(&k);
	pack_int(&k, type);
	pack_message(&k, message);
	value_pack_name(&k, file ? file : "", file ? strlen(file) : 0, VALUE_NAME);
	pack_uint(&k, line);
	if (!frame_commit(&k, now))
		ring_lose(&worker.ring, CT_LOST_ERRORS, 1);
}

void exceptions_reset(void)
{
	thrown = 0;
	errors = 0;
}

void exceptions_install(void)
{
	next_throw = *zend.throw_hook;
	*zend.throw_hook = exception_thrown;
	zend_observe_errors(error_raised);
	catches_install(worker.mechanism);
}
