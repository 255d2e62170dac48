/* SPDX-License-Identifier: MIT */
/*
 * What somebody said, as a block of text.
 */
#pragma once

#include <jansson.h>

#include "text.h"

/* Who said it, in the role's colour. */
void speech_role(struct text *out, const char *role);
void speech_add(struct text *out, const char *role, const char *said, int width);
