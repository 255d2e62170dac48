/* SPDX-License-Identifier: MIT */
#include "trouble.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "note.h"
#include "record.h"
#include "value.h"

#define TEXT_MAX   4096 /* of a message, when what has it is too large */
#define FRAMES_MAX 30
#define CHAIN_MAX  8

/* A list that is being filled within its bounds. */
struct budget {
	size_t count, bytes;
	json_int_t dropped;
};

static bool take(struct budget *budget, size_t count, size_t bytes, const json_t *item)
{
	size_t size = json_dumpb(item, NULL, 0, JSON_COMPACT);

	if (budget->count == count || size > bytes - budget->bytes) {
		budget->dropped++;
		return false;
	}
	budget->count++;
	budget->bytes += size;
	return true;
}

static void cut_text(json_t *object, const char *key)
{
	const json_t *text = json_object_get(object, key);

	if (json_string_length(text) > TEXT_MAX)
		json_object_set_new(
			object, key,
			record_cut(json_string_value(text), json_string_length(text), TEXT_MAX));
}

static void cut_exception(json_t *exception)
{
	unsigned int depth = 0;

	json_object_set_new(exception, "cut", json_true());
	for (; json_is_object(exception); exception = json_object_get(exception, "previous")) {
		json_t *trace = json_object_get(exception, "trace");

		cut_text(exception, "message");
		while (json_array_size(trace) > FRAMES_MAX)
			json_array_remove(trace, json_array_size(trace) - 1);
		if (++depth == CHAIN_MAX)
			json_object_set_new(exception, "previous", json_null());
	}
}

static void cut_traces(json_t *exception)
{
	for (; json_is_object(exception); exception = json_object_get(exception, "previous"))
		json_array_clear(json_object_get(exception, "trace"));
}

static json_t *bounded_exception(const struct request *request, const struct functions *functions,
				 struct redact *redact, size_t i)
{
	json_t *exception = tree_exception(request, functions, redact, i);
	json_t *caught = json_object_get(exception, "caught");

	if (json_is_object(caught))
		json_object_set_new(caught, "offset_ms", json_ms(request->thrown[i].caught_at_ns));
	if (json_dumpb(exception, NULL, 0, JSON_COMPACT) > TROUBLE_EXCEPTION_BYTES)
		cut_exception(exception);
	if (json_dumpb(exception, NULL, 0, JSON_COMPACT) > TROUBLE_EXCEPTION_BYTES)
		cut_traces(exception);
	return exception;
}

static bool is_app(const struct functions *functions, uint16_t fn)
{
	const struct function *function = functions_get(functions, fn);

	return function && (function->flags & CT_FN_APP);
}

/* Which exceptions tell why the answer is what it is: those before it that the application caught,
 * or that left it. What a library threw and caught itself tells nothing. */
static bool *find_telling(const struct request *request, const struct functions *functions)
{
	bool *telling = calloc(request->thrown_count + 1, sizeof(*telling));

	for (size_t i = 0; telling && i < request->call_count; i++) {
		const struct php_call *call = &request->calls[i];

		if (call->thrown && is_app(functions, call->fn))
			telling[call->thrown - 1] = true;
	}
	for (size_t i = 0; telling && i < request->thrown_count; i++) {
		const struct php_throw *thrown = &request->thrown[i];

		if (!thrown->caught || is_app(functions, thrown->caught_fn))
			telling[i] = true;
		if (request->output_complete && thrown->at_ns > request->output_end_ns)
			telling[i] = false;
	}
	return telling;
}

static void keep_exceptions(const struct request *request, const struct functions *functions,
			    struct redact *redact, const bool *telling, json_t **kept,
			    struct budget *budget)
{
	/* The telling ones from the last, which is the cause; then the others as they came. */
	for (size_t n = 0; n < 2 * request->thrown_count; n++) {
		bool first = n < request->thrown_count;
		size_t i = first ? request->thrown_count - 1 - n : n - request->thrown_count;
		_cleanup_(json_decrefp) json_t *exception = NULL;

		if (telling[i] != first)
			continue;
		if (budget->count == TROUBLE_EXCEPTIONS) {
			budget->dropped++;
			continue;
		}
		exception = bounded_exception(request, functions, redact, i);
		if (take(budget, TROUBLE_EXCEPTIONS, TROUBLE_EXCEPTIONS_BYTES, exception))
			kept[i] = steal(&exception);
	}
}

static int add_exceptions(json_t *trouble, const struct request *request,
			  const struct functions *functions, struct redact *redact,
			  struct budget *budget)
{
	_cleanup_(freep) bool *telling = find_telling(request, functions);
	_cleanup_(freep) json_t **kept = calloc(request->thrown_count + 1, sizeof(*kept));
	json_t *list = json_array(), *places = json_array(), *cause = json_null();

	if (telling && kept)
		keep_exceptions(request, functions, redact, telling, kept, budget);
	for (size_t i = 0; telling && kept && i < request->thrown_count; i++) {
		if (!kept[i])
			continue;
		if (telling[i]) {
			cause = json_integer((json_int_t)json_array_size(list));
			json_array_append_new(places, cause);
		}
		json_array_append_new(list, kept[i]);
	}
	json_object_set(trouble, "cause", cause);
	json_object_set_new(trouble, "telling", places);
	return json_object_set_new(trouble, "exceptions", list);
}

static json_t *redacted_string(struct redact *redact, const char *text)
{
	_cleanup_(freep) char *out = text ? redact_text(redact, text) : NULL;

	return out ? json_string(out) : json_null();
}

struct kept_error {
	size_t i;
	json_int_t count;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_notice(const struct php_error *error)
{
	return !(error->type & (PHP_FATAL | PHP_WARNING));
}

static bool same_error(const struct php_error *a, const struct php_error *b)
{
	return a->type == b->type && a->line == b->line && same_text(a->file, b->file) &&
	       same_text(a->message, b->message);
}

static json_t *error_object(const struct php_error *error, struct redact *redact, json_int_t count)
{
	json_t *object = json_pack(
		"{s:I, s:o, s:o, s:I, s:o, s:I}", "type", (json_int_t)(error->type & PHP_TYPES),
		"message", redacted_string(redact, error->message), "file",
		redacted_string(redact, error->file), "line", (json_int_t)error->line, "offset_ms",
		json_ms(error->at_ns), "count", count);

	cut_text(object, "message");
	cut_text(object, "file");
	return object;
}

/* One that repeats another is counted there. False: there is no room for it. */
static bool keep_error(const struct request *request, struct kept_error *kept, size_t *count,
		       size_t i)
{
	for (size_t k = 0; k < *count; k++) {
		if (!same_error(&request->errors[kept[k].i], &request->errors[i]))
			continue;
		kept[k].count++;
		return true;
	}
	if (*count == TROUBLE_PHP_ERRORS)
		return false;
	kept[(*count)++] = (struct kept_error){i, 1};
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct kept_error *x = a, *y = b;

	return x->i < y->i ? -1 : x->i > y->i;
}

/* What is no mere notice has the room first. */
static int add_errors(json_t *trouble, const struct request *request, struct redact *redact,
		      struct budget *budget)
{
	struct kept_error kept[TROUBLE_PHP_ERRORS];
	json_t *list = json_array();
	size_t count = 0;

	for (int notices = 0; notices < 2; notices++)
		for (size_t i = 0; i < request->error_count; i++)
			if (is_notice(&request->errors[i]) == notices &&
			    !keep_error(request, kept, &count, i))
				budget->dropped++;
	qsort(kept, count, sizeof(*kept), by_place);
	for (size_t k = 0; k < count; k++) {
		_cleanup_(json_decrefp) json_t *error =
			error_object(&request->errors[kept[k].i], redact, kept[k].count);

		if (take(budget, TROUBLE_PHP_ERRORS, TROUBLE_PHP_ERRORS_BYTES, error))
			json_array_append(list, error);
	}
	return json_object_set_new(trouble, "php_errors", list);
}

/* By this another attempt at the same is known. */
static json_t *outbound_name(const json_t *note)
{
	return json_sprintf("%s %s", get_text(note, "method"), get_text(note, "url"));
}

static bool outbound_failed(const json_t *note)
{
	return get_int(note, "status") >= 400 || get_int(note, "error") != 0 ||
	       json_is_true(json_object_get(note, "failed"));
}

/* An exception may have left the call: then nothing is known. */
static bool outbound_succeeded(const json_t *note)
{
	return json_object_get(note, "status") || json_object_get(note, "error") ||
	       json_is_false(json_object_get(note, "failed"));
}

static double outbound_ms(const struct request *request, const struct php_note *note,
			  const json_t *map)
{
	if (!json_object_get(map, "total_us") && !note->id && note->call)
		return (double)request->calls[note->call - 1].duration_ns / 1e6;
	return (double)get_int(map, "total_us") / 1000;
}

static json_t *outbound_object(const struct request *request, const struct php_note *note,
			       const json_t *map, struct redact *redact, bool recovered)
{
	_cleanup_(json_decrefp) json_t *redacted = redact_json(redact, map, REDACT_PHP);
	json_t *message = json_object_get(redacted, "message");
	json_t *object = json_pack("{s:O?, s:O?, s:O?, s:O?, s:o, s:o, s:b}", "method",
				   json_object_get(redacted, "method"), "url",
				   json_object_get(redacted, "url"), "status",
				   json_object_get(redacted, "status"), "error",
				   json_object_get(redacted, "error"), "duration_ms",
				   json_real(outbound_ms(request, note, map)), "offset_ms",
				   json_ms(note->at_ns), "recovered", recovered);

	if (message)
		json_object_set(object, "message", message);
	cut_text(object, "url");
	cut_text(object, "message");
	return object;
}

/* From the last, so that it is known which were tried again with success, and since the last
 * explain most. */
static int add_outbound(json_t *trouble, const struct request *request, struct redact *redact,
			struct budget *budget)
{
	_cleanup_(json_decrefp) json_t *succeeded = json_object();
	json_t *list = json_array();

	for (size_t i = request->note_count; i > 0; i--) {
		const struct php_note *note = &request->notes[i - 1];
		_cleanup_(json_decrefp) json_t *map = note_json(request, NULL, i - 1);
		_cleanup_(json_decrefp) json_t *name = outbound_name(map), *item = NULL;

		if (!json_object_get(map, "url") || !name)
			continue;
		if (!outbound_failed(map)) {
			if (outbound_succeeded(map))
				json_object_set_new(succeeded, json_string_value(name),
						    json_true());
			continue;
		}
		item = outbound_object(request, note, map, redact,
				       json_object_get(succeeded, json_string_value(name)));
		if (take(budget, TROUBLE_OUTBOUND, TROUBLE_OUTBOUND_BYTES, item))
			json_array_insert(list, 0, item);
	}
	return json_object_set_new(trouble, "outbound", list);
}

json_t *trouble_build(const struct request *request, const struct functions *functions,
		      struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *trouble = json_object();
	struct budget exceptions = {0}, errors = {0}, outbound = {0};
	json_t *dropped;

	if (add_exceptions(trouble, request, functions, redact, &exceptions) < 0 ||
	    add_errors(trouble, request, redact, &errors) < 0 ||
	    add_outbound(trouble, request, redact, &outbound) < 0)
		return NULL;
	dropped = json_pack("{s:I, s:I, s:I}", "exceptions", exceptions.dropped, "php_errors",
			    errors.dropped, "outbound", outbound.dropped);
	return json_object_set_new(trouble, "dropped", dropped) < 0 ? NULL : steal(&trouble);
}
