/* SPDX-License-Identifier: MIT */
/*
 * Where two requests' PHP calls diverge: both trees side by side, callee by callee, and what is not
 * the same in the order in which it happened.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* Deeper calls are not looked into. */
#define DIVERGENCE_DEPTH 2000

/* Of calls as calltree_build() gives them: {"divergence_count", "too_deep_count": calls below
 * DIVERGENCE_DEPTH were left out, "first_divergence": the first that is not of a value, or null,
 * "divergences": the first `limit`}. A divergence is {"kind", "path": [names of the callers,
 * outermost first], "a", "b": the calls without their values, or null}; its kind is
 *
 *   "only_in_a", "only_in_b"    a call that the other did not make
 *   "different_call"            in its place another call
 *   "outcome"                   one returned, the other threw (or threw another class), exited, …;
 *                               the outbound call may have come to something else as well
 *   "outbound"                  the status or failure of an outbound call
 *   "arguments", "result"       values: "a_value", "b_value"; of "result" also the message of an
 *                               exception
 *
 * -ENOMEM. */
int divergence_find(const json_t *calls_a, const json_t *calls_b, size_t limit, json_t **ret);
