/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "value.h"

#define CHUNK_CALLS 2000
#define CHUNK_BYTES (256u << 10)

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

/* Frames come as arrays; records have objects. */
static json_t *trace_objects(const json_t *trace)
{
	json_t *objects = json_array(), *frame;
	size_t i;

	json_array_foreach (trace, i, frame) {
		json_t *line = json_array_get(frame, 1);

		json_array_append_new(objects, json_pack("{s:O?, s:O?, s:O?, s:O?}", "file",
							 json_array_get(frame, 0), "line", line,
							 "class", json_array_get(frame, 2),
							 "function", json_array_get(frame, 3)));
	}
	return objects;
}

static json_t *exception_object(const json_t *map, unsigned int depth)
{
	const json_t *previous = json_object_get(map, "previous");
	json_t *object = json_pack(
		"{s:O?, s:O?, s:O?, s:O?, s:O?, s:o}", "class", json_object_get(map, "class"),
		"message", json_object_get(map, "message"), "code", json_object_get(map, "code"),
		"file", json_object_get(map, "file"), "line", json_object_get(map, "line"), "trace",
		trace_objects(json_object_get(map, "trace")));

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

/* One note as it is, several of one call as an array. Notes are in order of their calls' leaving,
 * not entering. */
static json_t *notes_of(const struct request *request, struct redact *redact, uint32_t id)
{
	_cleanup_(json_decrefp) json_t *notes = json_array();

	for (size_t i = 0; i < request->note_count; i++) {
		const struct php_note *note = &request->notes[i];
		_cleanup_(json_decrefp) json_t *map = NULL;

		if (note->call != id)
			continue;
		map = value_to_json(request_value(request, note->map, note->map_size));
		json_array_append_new(notes, redact_json(redact, map, REDACT_PHP));
	}
	if (json_array_size(notes) == 1)
		return json_incref(json_array_get(notes, 0));
	return json_array_size(notes) ? steal(&notes) : NULL;
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

static void pack_text(msgpack_packer *packer, const char *text)
{
	if (text)
		msgpack_pack_str_with_body(packer, text, strlen(text));
	else
		msgpack_pack_nil(packer);
}

/* Files may hold what a closure or an eval brought; names of code hold no values. */
static void pack_where(msgpack_packer *packer, const struct function *function)
{
	pack_text(packer, function ? function->class : NULL);
	pack_text(packer, function ? function->name : "?");
	pack_text(packer, function ? function->file : NULL);
	msgpack_pack_uint32(packer, function ? function->line : 0);
	pack_text(packer, function_form(function));
}

static const char *left_name(unsigned int left)
{
	static const char *const names[] = {"return",  "discarded", "exception", "yield",
					    "unwound", "exit",	    "open",	 "continued"};

	return names[left];
}

/* One exception may leave thousands of calls. */
static const json_t *made_once(const struct request *request, const struct functions *functions,
			       struct redact *redact, size_t i, json_t **exceptions)
{
	if (!exceptions[i])
		exceptions[i] = tree_exception(request, functions, redact, i);
	return exceptions[i];
}

static void pack_call(msgpack_packer *packer, const struct request *request,
		      const struct functions *functions, const struct echo *echo,
		      struct redact *redact, size_t i, const bool *noted, json_t **exceptions)
{
	const struct php_call *call = &request->calls[i];
	const struct function *function = functions_get(functions, call->fn);
	_cleanup_(json_decrefp) json_t *args = raw_args(request, functions, echo, call);
	_cleanup_(json_decrefp) json_t *args_out =
		args ? redact_json(redact, args, REDACT_PHP) : NULL;
	_cleanup_(json_decrefp) json_t *result = raw_result(request, echo, call);
	_cleanup_(json_decrefp) json_t *result_out = redacted_result(function, redact, result);
	const json_t *exception =
		call->thrown ? made_once(request, functions, redact, call->thrown - 1, exceptions)
			     : NULL;
	_cleanup_(json_decrefp) json_t *note =
		noted[i + 1] ? notes_of(request, redact, i + 1) : NULL;

	msgpack_pack_array(packer, 16);
	msgpack_pack_uint32(packer, i + 1);
	msgpack_pack_uint32(packer, call->parent);
	msgpack_pack_uint32(packer, call->depth);
	pack_where(packer, function);
	value_pack(packer, args_out);
	value_pack(packer, result_out);
	value_pack(packer, exception);
	msgpack_pack_uint64(packer, call->start_ns);
	msgpack_pack_uint64(packer, call->duration_ns);
	msgpack_pack_uint64(packer, call->duration_ns > call->inside_ns
					    ? call->duration_ns - call->inside_ns
					    : 0);
	value_pack(packer, note);
	pack_text(packer, left_name(call->left));
}

static size_t head_of(uint32_t calls, uint8_t head[5])
{
	head[0] = 0xdd;
	for (unsigned int i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(calls >> (24 - 8 * i));
	return 5;
}

/* The array's head goes in front of what is packed when its size is known. */
static int emit_chunk(uint32_t chunk, uint32_t calls, const msgpack_sbuffer *packed,
		      tree_emit_fn emit, void *userdata)
{
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;
	uint8_t head[5];
	int r = buffer_add(&out, head, head_of(calls, head));

	if (r == 0)
		r = buffer_add(&out, packed->data, packed->size);
	return r == 0 ? emit(chunk, out.data, out.size, userdata) : r;
}

int tree_encode(const struct request *request, const struct functions *functions,
		const struct echo *echo, struct redact *redact, tree_emit_fn emit, void *userdata)
{
	_cleanup_(freep) bool *noted = calloc(request->call_count + 1, sizeof(*noted));
	_cleanup_(msgpack_sbuffer_destroy) msgpack_sbuffer packed;
	_cleanup_(freep) json_t **exceptions =
		calloc(request->thrown_count + 1, sizeof(*exceptions));
	msgpack_packer packer;
	uint32_t chunk = 0, calls = 0;
	int r = noted && exceptions ? 0 : -ENOMEM;

	msgpack_sbuffer_init(&packed);
	msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
	for (size_t i = 0; noted && i < request->note_count; i++)
		noted[request->notes[i].call] = true;
	for (size_t i = 0; i < request->call_count && r == 0; i++) {
		pack_call(&packer, request, functions, echo, redact, i, noted, exceptions);
		if (++calls < CHUNK_CALLS && packed.size < CHUNK_BYTES &&
		    i + 1 < request->call_count)
			continue;
		r = emit_chunk(chunk++, calls, &packed, emit, userdata);
		msgpack_sbuffer_clear(&packed);
		calls = 0;
	}
	for (size_t i = 0; exceptions && i < request->thrown_count; i++)
		json_decref(exceptions[i]);
	return r;
}
