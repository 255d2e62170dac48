/* SPDX-License-Identifier: MIT */
/*
 * Which tool call of the transcript a request belongs to: a payload tells an invocation's id only
 * when it came with the transcript, and bare arguments never do.
 */
#pragma once

#include "transcript.h"

/* Sets what entries and bindings say of each other; of `functions` in order of time. */
int binding_find(struct transcript *t, const json_t *functions);
