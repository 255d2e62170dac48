/* SPDX-License-Identifier: MIT */
/*
 * Where exceptions are caught.
 *
 * With the hook the engine tells: the opcodes that catch one go through handlers of ours, which
 * costs what does not throw nothing. Under the JIT, which such handlers would switch off, it is
 * found out when the next recorded function is entered or left and no exception flies any more,
 * nor is put aside by a `finally`. What differs then is the line, which is the next call's, or 0;
 * and where code that is not recorded may have caught it.
 */
#pragma once

#include "worker.h"
#include "zend.h"

/* Before the first script is compiled. */
void catches_install(enum mechanism mechanism);
/* One is thrown, and about to be recorded. */
void catch_thrown(const struct zobj *obj);
void catch_look_entering(const struct zframe *frame);
/* A function is entered. */
static inline void catch_seen_entering(const struct zframe *frame)
{
	if (__builtin_expect(worker.lane.n_thrown, 0))
		catch_look_entering(frame);
}
/* The innermost call is about to be left. */
void catch_seen_leaving(const struct open_call *call);
