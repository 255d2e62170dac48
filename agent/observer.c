/* SPDX-License-Identifier: MIT */
/* The Zend observer. */

#include "observer.h"

#include "calls.h"
#include "catches.h"
#include "marks.h"
#include "outbound.h"
#include "run.h"

/* The open call that this frame's end ends. What lies above it was left untold: a fatal error came
 * between. NULL: its beginning was not recorded. */
static struct open_call *opened_by(const struct zframe *frame)
{
	struct open_call *call = worker.lane.top;

	if (!worker.recording)
		return NULL;
	if (call[-1].key == (uintptr_t)frame)
		return call - 1;
	if (worker.lane.unrecorded) {
		worker.lane.unrecorded--;
		return NULL;
	}
	while (--call > worker.lane.base)
		if (call->key == (uintptr_t)frame)
			return call;
	return NULL;
}

static void begin_timed(struct zframe *frame)
{
	struct open_call *call;
	struct fn *fn;

	if (!worker.recording)
		return;
	catch_seen_entering(frame);
	fn = fn_of(frame);
	if (fn_is_timed(fn))
		call = call_timed_enter(fn, (uintptr_t)frame);
	else
		call = call_enter(fn, frame, 0, (uintptr_t)frame);
	if (!call)
		worker.lane.unrecorded++;
}

/* A function that returns has a result, whether its caller wants it or not. */
static bool is_unwound(const struct fn *fn, const struct zval *result)
{
	return !result && !*worker.flying && !(fn->flags & CT_FN_GENERATOR);
}

static void end_timed(struct zframe *frame, struct zval *result)
{
	struct open_call *call = opened_by(frame);

	if (!call)
		return;
	if (__builtin_expect(is_unwound(fn_by_id[call->fn], result), 0))
		calls_unwound(call);
	else if (fn_is_timed(fn_by_id[call->fn]))
		call_timed_leave(call);
	else
		call_leave(call, NULL);
}

static void begin_recorded(struct zframe *frame)
{
	struct fn *fn;

	if (!worker.recording && !(worker.run_waits && run_begin()))
		return;
	catch_seen_entering(frame);
	fn = fn_of(frame);
	if (!call_enter(fn, frame, fn->secret_args, (uintptr_t)frame))
		worker.lane.unrecorded++;
}

/* As the hook has it: a result that the caller discards only where it is lent one. */
static void end_recorded(struct zframe *frame, struct zval *result)
{
	struct open_call *call = opened_by(frame);
	const struct fn *fn;

	if (!call)
		return;
	fn = fn_by_id[call->fn];
	if (is_unwound(fn, result)) {
		calls_unwound(call);
		return;
	}
	if (!call_has_values(fn, frame) || (!frame->return_value && !fn->lends_result))
		result = NULL;
	call_leave(call, result);
}

static void begin_unit(struct zframe *frame)
{
	run_unit_begin(fn_of(frame));
	begin_recorded(frame);
}

static void end_unit(struct zframe *frame, struct zval *result)
{
	bool exits = *worker.flying && zend_exits(*worker.flying);
	struct open_call *call = opened_by(frame);

	if (!call)
		return;
	end_recorded(frame, result);
	if (worker.in_unit && call == worker.lane.base + 1 && !exits)
		run_unit_end();
}

static struct zend_observers init(struct zframe *frame)
{
	static const struct zend_observers none, timed = {begin_timed, end_timed},
						 recorded = {begin_recorded, end_recorded},
						 unit = {begin_unit, end_unit};
	const struct zfunc *f = frame->func;
	const struct fn *fn;

	if (!f || f->type == ZFUNC_INTERNAL || f->flags & ZFN_TRAMPOLINE)
		return none;
	if (worker.run_waits)
		run_begin();
	fn = fn_of(frame);
	if (fn->mode == FN_OFF)
		return none;
	if (fn->unit)
		return unit;
	return fn->mode == FN_TIME ? timed : recorded;
}

void observer_install(void)
{
	zend.observe_calls(init);
}
