/* SPDX-License-Identifier: MIT */
/*
 * Form fields, as PHP reads them: "a=b&call[call_id]=c&list[]=1" is {"a": "b", "call": {"call_id":
 * "c"}, "list": ["1"]}. All values are text.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* A new object. Of a name that is repeated the last value counts; fields beyond PHP's own limits
 * (1000 of them, brackets 64 deep) are left out. */
json_t *form_parse(const char *text, size_t size);
