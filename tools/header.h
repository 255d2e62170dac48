/* SPDX-License-Identifier: MIT */
/*
 * The lines about a call that stand above what is told of it.
 */
#pragma once

#include <jansson.h>

#include "text.h"

void header_add(struct text *out, const json_t *session, int width);
/* What the recording lacks, a line each, `indent` columns in: nothing when it is complete. */
void header_add_gaps(struct text *out, const json_t *completeness, int indent, int width);
void header_add_hole(struct text *out, const json_t *hole, int indent, int width);
