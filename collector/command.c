/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* An argument with the name that it has a value for, in itself or from the option before it. */
struct option {
	char *name;	   /* NULL: none */
	const char *value; /* points into the argument */
};

static void option_deinit(struct option *option)
{
	free(option->name);
}

static const char *undashed(const char *text)
{
	return text + strspn(text, "-");
}

static int option_init(struct option *ret, const json_t *arguments, size_t i)
{
	const char *text = json_string_value(json_array_get(arguments, i));
	const char *before = i ? json_string_value(json_array_get(arguments, i - 1)) : NULL;
	const char *equals = text ? strchr(text, '=') : NULL;

	*ret = (struct option){0};
	if (equals) {
		ret->value = equals + 1;
		ret->name = strndup(undashed(text), equals - undashed(text));
	} else if (text && *text != '-' && before && *before == '-' && !strchr(before, '=')) {
		ret->value = text;
		ret->name = strdup(undashed(before));
	} else {
		return 0;
	}
	return ret->name ? 0 : -1;
}

void command_learn(struct redact *redact, const json_t *arguments)
{
	for (size_t i = 0; i < json_array_size(arguments); i++) {
		_cleanup_(option_deinit) struct option option;
		_cleanup_(json_decrefp) json_t *named = NULL;

		if (option_init(&option, arguments, i) < 0 || !option.name)
			continue;
		named = json_pack("{s:s}", option.name, option.value);
		redact_learn(redact, named, REDACT_PAYLOAD);
	}
}

static json_t *redacted_argument(struct redact *redact, const json_t *arguments, size_t i)
{
	_cleanup_(option_deinit) struct option option;
	_cleanup_(json_decrefp) json_t *value = NULL, *clean = NULL;
	const json_t *argument = json_array_get(arguments, i);
	const char *text = json_string_value(argument);

	if (option_init(&option, arguments, i) < 0)
		return NULL;
	if (!option.name)
		return redact_json(redact, argument, REDACT_PAYLOAD);
	value = json_string(option.value);
	clean = redact_under(redact, option.name, value, REDACT_PAYLOAD);
	return clean ? json_sprintf("%.*s%s", (int)(option.value - text), text,
				    json_string_value(clean) ?: "")
		     : NULL;
}

json_t *command_redacted(struct redact *redact, const json_t *arguments)
{
	_cleanup_(json_decrefp) json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(arguments); i++)
		if (json_array_append_new(list, redacted_argument(redact, arguments, i)) < 0)
			return NULL;
	return steal(&list);
}
