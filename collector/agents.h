/* SPDX-License-Identifier: MIT */
/*
 * What agents say of themselves in a PROCESS frame: which PHP they are in, how they see its
 * functions, and what they do not do there, why, and what helps (docs/frames.md).
 */
#pragma once

#include <jansson.h>

/* To the log: what is wrong with its settings, and its notices; each text once in a while, however
 * many workers have it. `process`: the frame's map. */
void agents_tell(const json_t *process, unsigned int pid);

/* Counts the process among those that say the same: {"php", "sapi", "mechanism", "agent",
 * "settings": string or null, "notices": [{"off", "why", "issue", "remedy"}, …], "processes": n}.
 * What is no map counts for nothing. */
int agents_add(json_t *agents, const json_t *process);

/* What a notice keeps off: "nothing is recorded", "functions are not recorded", or "at a risk". */
const char *agents_effect(const json_t *notice);
