/* SPDX-License-Identifier: MIT */
/*
 * What a ring's PROCESS and FUNCTION frames said: valid for the ring's whole life.
 */
#pragma once

#include <jansson.h>

#include "decode.h"

struct function {
	char *class; /* NULL: none; file and kind as well */
	char *name;
	char *file;
	char *kind;
	json_t *params; /* array of names */
	uint32_t line;
	uint32_t flags; /* CT_FN_* */
};

struct functions;

int functions_new(struct functions **ret);
void functions_free(struct functions *functions);
/* Of a FUNCTION frame. A number that is defined again has its new meaning from then on. */
int functions_define(struct functions *functions, const struct frame *frame);
/* NULL when it was never defined. Borrowed, until it is defined again. */
const struct function *functions_get(const struct functions *functions, uint32_t fn);
/* "Class::method", "function", "{closure}", or "?" for NULL; to be freed. */
char *function_title(const struct function *function);
/* "function", "method", …: docs/store.md. */
const char *function_form(const struct function *function);
