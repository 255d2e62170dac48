/* SPDX-License-Identifier: MIT */
#include "functions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "value.h"

#define FUNCTIONS_MAX 65536u

struct functions {
	struct function *at[FUNCTIONS_MAX];
};

static void function_free(struct function *function)
{
	if (!function)
		return;
	free(function->class);
	free(function->name);
	free(function->file);
	free(function->kind);
	json_decref(function->params);
	free(function);
}

CLEANUP_DEFINE(struct function *, function_free);

int functions_new(struct functions **ret)
{
	struct functions *functions = calloc(1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	*ret = functions;
	return 0;
}

void functions_free(struct functions *functions)
{
	if (!functions)
		return;
	for (unsigned int i = 0; i < FUNCTIONS_MAX; i++)
		function_free(functions->at[i]);
	free(functions);
}

/* Text that is always a valid JSON string; absent stays NULL. */
static int copy_text(char **ret, struct span text)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	const char *plain;

	if (!text.data)
		return 0;
	json = value_text(text.data, text.size);
	plain = json_is_object(json) ? json_string_value(json_object_get(json, "@bin"))
				     : json_string_value(json);
	*ret = plain ? strdup(plain) : NULL;
	return *ret ? 0 : -ENOMEM;
}

int functions_define(struct functions *functions, const struct frame *frame)
{
	_cleanup_(function_freep) struct function *function = calloc(1, sizeof(*function));
	uint32_t fn = frame->function.fn;

	if (!function)
		return -ENOMEM;
	function->line = frame->function.line;
	function->flags = frame->function.flags;
	function->params = value_to_json(frame->function.params);
	if (!function->params || copy_text(&function->class, frame->function.class) < 0 ||
	    copy_text(&function->name, frame->function.name) < 0 ||
	    copy_text(&function->file, frame->function.file) < 0 ||
	    copy_text(&function->kind, frame->function.kind) < 0)
		return -ENOMEM;
	function_free(functions->at[fn]);
	functions->at[fn] = steal(&function);
	return 0;
}

const struct function *functions_get(const struct functions *functions, uint32_t fn)
{
	return fn < FUNCTIONS_MAX ? functions->at[fn] : NULL;
}

char *function_title(const struct function *function)
{
	char *title;

	if (!function)
		return strdup("?");
	if (asprintf(&title, "%s%s%s", function->class ? function->class : "",
		     function->class ? "::" : "", function->name) < 0)
		return NULL;
	return title;
}

const char *function_form(const struct function *function)
{
	if (!function)
		return "function";
	if (function->flags & CT_FN_INCLUDE)
		return "include";
	if (function->flags & CT_FN_GENERATOR)
		return "generator";
	if (function->flags & CT_FN_CLOSURE)
		return "closure";
	if (function->flags & CT_FN_INTERNAL)
		return "internal";
	if (function->flags & CT_FN_STATIC)
		return "static";
	return function->class ? "method" : "function";
}
