/* SPDX-License-Identifier: MIT */
/*
 * Calls whose end was never told: after a time without a request they are abandoned, until
 * something comes after all.
 */
#pragma once

#include "writer.h"

/* Those in progress that nothing was heard of since `now_ns - after_ns`, times since the epoch; in
 * a batch of its own. 0 or a negative errno. */
int abandon_idle(struct store *store, struct writer *writer, uint64_t now_ns, uint64_t after_ns);
