/* SPDX-License-Identifier: MIT */
/*
 * What the agent does not do in this process, or does at a risk, why, and what to do about it: for
 * the PROCESS frame, from which the collector tells it.
 *
 * An inert agent has no ring of its own. Each worker, when it waits for a request, hands the
 * collector one that has nothing but that frame, and lets go of it; one that finds no collector
 * tries again, at most once a second.
 */
#pragma once

#include "pack.h"

/* From here on nothing is recorded. The text is copied; the first reason counts. */
void inert_because(const char *why);
/* That, if there is something that is not as the layout has it (doubt.h). */
bool doubted(const char *what);
/* NULL: it is not. */
const char *inert_reason(void);
void inert_tell(void);

/* The bits of gates.h. */
unsigned surroundings(void);
/* Before the mechanism is chosen: handles that are taken later mean nothing to an observer that
 * there is not. Then, when all are loaded: modules that are loaded later are a worker's own. */
void surroundings_settle(bool all_loaded);

/* The key and the list, if there are notices: how many pairs that is, 0 or 1; then they are packed.
 */
unsigned notices_any(void);
void notices_pack(struct pack *k);
