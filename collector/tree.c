/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "columns.h"
#include "note.h"
#include "value.h"

json_t *json_ms(uint64_t ns)
{
	return json_real((double)(ns / 1000) / 1000);
}

/* By parameter name; what came past the parameters under its number. */
static json_t *args_by_name(const struct function *function, json_t *args)
{
	size_t params = function ? json_array_size(function->params) : 0, i;
	bool variadic = function && (function->flags & CT_FN_VARIADIC);
	json_t *object, *value;
	char number[24];

	if (!params)
		return args;
	object = json_object();
	json_array_foreach (args, i, value) {
		const char *name = json_string_value(json_array_get(function->params, i));

		if (variadic && i + 1 >= params) {
			const char *rest =
				json_string_value(json_array_get(function->params, params - 1));

			if (i + 1 == params && rest)
				json_object_set_new(object, rest, json_array());
			json_array_append(json_object_get(object, rest ? rest : ""), value);
			continue;
		}
		snprintf(number, sizeof(number), "%zu", i);
		json_object_set(object, name ? name : number, value);
	}
	json_decref(args);
	return object;
}

static json_t *raw_args(const struct request *request, const struct functions *functions,
			const struct echo *echo, const struct php_call *call)
{
	struct span span = request_value(request, call->args, call->args_size);

	if (!span.data)
		return NULL;
	return args_by_name(functions_get(functions, call->fn),
			    echo_replace(echo, value_to_json(span)));
}

static json_t *raw_result(const struct request *request, const struct echo *echo,
			  const struct php_call *call)
{
	struct span span = request_value(request, call->result, call->result_size);

	return span.data ? echo_replace(echo, value_to_json(span)) : NULL;
}

int tree_learn(const struct request *request, const struct functions *functions,
	       const struct echo *echo, struct redact *redact)
{
	for (size_t i = 0; i < request->call_count; i++) {
		const struct php_call *call = &request->calls[i];
		_cleanup_(json_decrefp) json_t *args = raw_args(request, functions, echo, call);
		_cleanup_(json_decrefp) json_t *result = raw_result(request, echo, call);

		redact_learn(redact, args, REDACT_PHP);
		redact_learn(redact, result, REDACT_PHP);
	}
	return 0;
}

static json_t *caught_by(const struct functions *functions, const struct php_throw *thrown)
{
	const struct function *function = functions_get(functions, thrown->caught_fn);
	_cleanup_(freep) char *title = function ? function_title(function) : NULL;

	if (!thrown->caught)
		return json_null();
	return json_pack("{s:s?, s:s?, s:I}", "function", title, "file",
			 function ? function->file : NULL, "line", (json_int_t)thrown->caught_line);
}

/* A member that is text for everybody who shows it: bytes that are none are escaped, what was cut
 * ends in an ellipsis. */
static json_t *text_of(const json_t *value)
{
	const char *bytes = json_string_value(json_object_get(value, "@bin"));

	if (bytes)
		return json_string(bytes);
	if (json_object_get(value, CT_KEY_CUT)) {
		_cleanup_(json_decrefp) json_t *text = text_of(json_object_get(value, "value"));

		return json_sprintf("%s…", json_string_value(text) ?: "");
	}
	return value ? json_incref((json_t *)value) : json_null();
}

/* Frames come as arrays; records have objects. How many there were is told where not all are here.
 */
static json_t *trace_objects(const json_t *trace)
{
	static const char *const members[] = {"file", "line", "class", "function", "type"};
	json_t *objects = json_array(), *frame;
	size_t i;

	json_array_foreach (trace, i, frame) {
		json_t *object = json_is_object(frame) ? json_incref(frame) : json_object();

		for (size_t m = 0; m < json_array_size(frame) && m < 5; m++)
			json_object_set_new(object, members[m], text_of(json_array_get(frame, m)));
		json_array_append_new(objects, object);
	}
	return objects;
}

static json_t *exception_object(const json_t *map, unsigned int depth)
{
	static const char *const members[] = {"class", "message", "code", "file", "line"};
	const json_t *previous = json_object_get(map, "previous");
	json_t *properties = json_object_get(map, "properties"), *object = json_object();

	for (size_t m = 0; m < 5; m++)
		json_object_set_new(object, members[m], text_of(json_object_get(map, members[m])));
	json_object_set_new(object, "trace", trace_objects(json_object_get(map, "trace")));
	if (json_is_object(properties))
		json_object_set(object, "properties", properties);
	json_object_set_new(object, "previous",
			    json_is_object(previous) && depth < VALUE_DEPTH
				    ? exception_object(previous, depth + 1)
				    : json_null());
	return object;
}

json_t *tree_exception(const struct request *request, const struct functions *functions,
		       struct redact *redact, size_t i)
{
	const struct php_throw *thrown = &request->thrown[i];
	_cleanup_(json_decrefp) json_t *map =
		value_to_json(request_value(request, thrown->map, thrown->map_size));
	_cleanup_(json_decrefp) json_t *object = exception_object(map, 0);
	json_t *redacted = redact_json(redact, object, REDACT_PHP);

	json_object_set_new(redacted, "caught", caught_by(functions, thrown));
	json_object_set_new(redacted, "offset_ms", json_ms(thrown->at_ns));
	return redacted;
}

static json_t *redacted_result(const struct function *function, struct redact *redact,
			       const json_t *result)
{
	if (!result)
		return NULL;
	/* getCustomerName() tells what its text is; an array's keys tell it better. */
	if (json_is_string(result) && function)
		return redact_under(redact, function->name, result, REDACT_PHP);
	return redact_json(redact, result, REDACT_PHP);
}

static const char *left_name(unsigned int left)
{
	static const char *const names[] = LEFT_NAMES;

	return names[left];
}

/* A request's calls one by one; what the last one was made of lives until the next. */
/* When a call is entered and left is known to no better than the agent's own work between them, a
 * quarter of a microsecond. What is below is noise, and noise is what does not compress. */
#define STEP_NS 256u

struct calls {
	const struct request *request;
	const struct functions *functions;
	const struct echo *echo;
	struct redact *redact;
	size_t next;
	uint32_t *noted;     /* the first note of each call and the next of each note, + 1 */
	uint32_t *next_note; /* of the same call */
	uint64_t *inside;    /* nanoseconds of each call's direct children, in steps */
	json_t **exceptions; /* one may leave thousands of calls: made once */
	json_t *args, *result, *note;
};

static void forget(struct calls *calls)
{
	json_decref(steal(&calls->args));
	json_decref(steal(&calls->result));
	json_decref(steal(&calls->note));
}

static void calls_deinit(struct calls *calls)
{
	forget(calls);
	for (size_t i = 0; calls->exceptions && i < calls->request->thrown_count; i++)
		json_decref(calls->exceptions[i]);
	free(calls->exceptions);
	free(calls->noted);
	free(calls->next_note);
	free(calls->inside);
}

static uint64_t in_steps(uint64_t ns)
{
	return (ns + STEP_NS / 2) / STEP_NS * STEP_NS;
}

static uint64_t duration_of(const struct php_call *call)
{
	return in_steps(call->start_ns + call->duration_ns) - in_steps(call->start_ns);
}

static int calls_init(struct calls *calls, const struct request *request,
		      const struct functions *functions, const struct echo *echo,
		      struct redact *redact)
{
	*calls = (struct calls){request, functions, echo, redact};
	calls->noted = calloc(request->call_count + 1, sizeof(*calls->noted));
	calls->next_note = calloc(request->note_count + 1, sizeof(*calls->next_note));
	calls->exceptions = calloc(request->thrown_count + 1, sizeof(*calls->exceptions));
	calls->inside = calloc(request->call_count + 1, sizeof(*calls->inside));
	if (!calls->noted || !calls->next_note || !calls->exceptions || !calls->inside)
		return -ENOMEM;
	for (size_t i = request->note_count; i-- > 0;) {
		uint32_t *first = &calls->noted[request->notes[i].call];

		if (!note_is_whole(&request->notes[i]))
			continue;
		calls->next_note[i] = *first;
		*first = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < request->call_count; i++)
		calls->inside[request->calls[i].parent] += duration_of(&request->calls[i]);
	return 0;
}

static const json_t *exception_of(struct calls *calls, const struct php_call *call)
{
	json_t **exception;

	if (!call->thrown)
		return NULL;
	exception = &calls->exceptions[call->thrown - 1];
	if (!*exception)
		*exception = tree_exception(calls->request, calls->functions, calls->redact,
					    call->thrown - 1);
	return *exception;
}

/* One note as it is, several of one call as an array. */
static json_t *notes_of(const struct calls *calls, uint32_t first)
{
	_cleanup_(json_decrefp) json_t *notes = json_array();

	for (uint32_t i = first; i; i = calls->next_note[i - 1]) {
		_cleanup_(json_decrefp) json_t *note =
			note_json(calls->request, calls->functions, i - 1);

		json_array_append_new(notes, redact_json(calls->redact, note, REDACT_PHP));
	}
	if (json_array_size(notes) == 1)
		return json_incref(json_array_get(notes, 0));
	return steal(&notes);
}

static void make_values(struct calls *calls, const struct php_call *call,
			const struct function *function)
{
	_cleanup_(json_decrefp) json_t *args =
		raw_args(calls->request, calls->functions, calls->echo, call);
	_cleanup_(json_decrefp) json_t *result = raw_result(calls->request, calls->echo, call);

	calls->args = args ? redact_json(calls->redact, args, REDACT_PHP) : NULL;
	calls->result = redacted_result(function, calls->redact, result);
	if (calls->noted[calls->next])
		calls->note = notes_of(calls, calls->noted[calls->next]);
}

/* Files may hold what a closure or an eval brought; names of code hold no values. */
static int next_call(struct store_call *ret, void *userdata)
{
	struct calls *calls = userdata;
	const struct php_call *call;
	const struct function *function;
	uint64_t duration, inside;

	forget(calls);
	if (calls->next == calls->request->call_count)
		return STORE_NONE;
	call = &calls->request->calls[calls->next++];
	duration = duration_of(call);
	inside = calls->inside[calls->next];
	function = functions_get(calls->functions, call->fn);
	make_values(calls, call, function);
	*ret = (struct store_call){
		.parent = call->parent,
		.depth = call->depth,
		.class = function ? function->class : NULL,
		.function = function ? function->name : "?",
		.file = function ? function->file : NULL,
		.line = function ? function->line : 0,
		.kind = function_form(function),
		.left = left_name(call->left),
		.args = calls->args,
		.result = calls->result,
		.exception = exception_of(calls, call),
		.note = calls->note,
		.start_ns = in_steps(call->start_ns),
		.duration_ns = duration,
		.self_ns = duration > inside ? duration - inside : 0,
	};
	return 0;
}

int tree_put(struct store_txn *txn, const struct uuid *session, const struct request *request,
	     const struct functions *functions, const struct echo *echo, struct redact *redact)
{
	_cleanup_(calls_deinit) struct calls calls;
	int r = calls_init(&calls, request, functions, echo, redact);

	return r ? r : store_put_tree(txn, session, &request->id, next_call, &calls);
}
