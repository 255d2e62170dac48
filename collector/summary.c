/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "crash.h"
#include "note.h"
#include "record.h"
#include "trouble.h"

#define LIST_MAX 100

struct totals {
	uint64_t count;
	uint64_t ns;
};

/* The kinds that a producer may give an outbound call; as bits, those inside a call. */
#define KINDS(X) X(db) X(http) X(redis) X(socket) X(dns) X(process) X(mail)

enum kind {
#define X(name) KIND_##name,
	KINDS(X)
#undef X
		KIND_COUNT,
};

static const char *const kind_names[] = {
#define X(name) #name,
	KINDS(X)
#undef X
};

/* KIND_COUNT: none. */
static enum kind kind_named(const char *name)
{
	unsigned int kind = 0;

	while (kind < KIND_COUNT && strcmp(name, kind_names[kind]) != 0)
		kind++;
	return kind;
}

/* What its note says, else its function. */
static enum kind kind_of(const struct function *function, uint8_t noted)
{
	if (noted)
		return noted - 1;
	return kind_named(function && function->kind ? function->kind : "");
}

/* What asks the database something, as opposed to preparing, binding or fetching. */
static bool asks(const struct function *function)
{
	const char *name = function->name;

	return strcasestr(name, "exec") || strcasestr(name, "query");
}

/* A call that goes out, as opposed to setting a handle up. */
static bool goes_out(const struct function *function, bool noted)
{
	return noted || strcmp(function->name, "curl_exec") == 0 ||
	       (strncmp(function->name, "curl_", 5) != 0 &&
		strncmp(function->name, "stream_", 7) != 0);
}

static void add_call(struct totals *totals, enum kind kind, const struct function *function,
		     bool noted, uint64_t ns)
{
	if (kind == KIND_http && !goes_out(function, noted))
		return;
	totals[kind].count += kind != KIND_db || asks(function);
	totals[kind].ns += ns;
}

/* A transfer that overlaps with others is no call: the one that it was begun in does more. */
static void add_notes(const struct request *request, uint8_t *noted, struct totals *totals)
{
	for (size_t i = 0; i < request->note_count; i++) {
		const struct php_note *note = &request->notes[i];
		_cleanup_(json_decrefp) json_t *map = note_json(request, NULL, i);
		enum kind kind = kind_named(get_text(map, "kind"));

		if (!map || kind == KIND_COUNT)
			continue;
		if (!note->id) {
			noted[note->call] = (uint8_t)(kind + 1);
			continue;
		}
		totals[kind].count++;
		totals[kind].ns += (uint64_t)get_int(map, "total_us") * 1000;
	}
}

/* Only the innermost of calls of one kind count, so that none counts twice. */
static void add_up(const struct request *request, const struct functions *functions,
		   struct totals *totals)
{
	_cleanup_(freep) uint8_t *outer = calloc(request->call_count + 1, 1);
	_cleanup_(freep) uint8_t *noted = calloc(request->call_count + 1, 1);

	if (!outer || !noted)
		return;
	add_notes(request, noted, totals);
	for (size_t i = request->call_count; i > 0; i--) {
		const struct php_call *call = &request->calls[i - 1];
		const struct function *function = functions_get(functions, call->fn);
		enum kind kind = kind_of(function, noted[i]);
		bool innermost = kind != KIND_COUNT && !(outer[i] & 1u << kind);

		if (innermost && function)
			add_call(totals, kind, function, noted[i], call->duration_ns);
		outer[call->parent] |= outer[i] | (kind != KIND_COUNT ? 1u << kind : 0);
	}
}

static json_t *outbound_of(const struct totals *totals)
{
	json_t *kinds = json_object();

	for (unsigned int kind = 0; kind < KIND_COUNT; kind++)
		if (totals[kind].count)
			json_object_set_new(kinds, kind_names[kind],
					    json_pack("{s:I, s:o}", "count",
						      (json_int_t)totals[kind].count, "time_ms",
						      json_ms(totals[kind].ns)));
	return kinds;
}

static json_t *handler_of(const struct request *request, const struct functions *functions)
{
	const struct function *found = NULL;
	_cleanup_(freep) char *title = NULL;

	for (size_t i = 0; i < request->call_count; i++) {
		const struct function *function = functions_get(functions, request->calls[i].fn);

		/* Its construction comes first, and handles nothing. */
		if (!function || !(function->flags & CT_FN_HANDLER) ||
		    strcmp(function->name, "__construct") == 0)
			continue;
		if (!found)
			found = function;
		if (function->flags & CT_FN_APP) {
			found = function;
			break;
		}
	}
	title = found ? function_title(found) : NULL;
	return title ? json_string(title) : json_null();
}

/* Outermost first. */
static json_t *open_calls_of(const struct request *request, const struct functions *functions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < request->call_count && json_array_size(list) < LIST_MAX; i++) {
		_cleanup_(freep) char *title = NULL;

		if (request->calls[i].left != CALL_OPEN)
			continue;
		title = function_title(functions_get(functions, request->calls[i].fn));
		json_array_append_new(list, json_string(title));
	}
	return list;
}

int summary_build(json_t **ret, const struct request *request, const struct functions *functions,
		  struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *trouble = NULL;
	struct totals totals[KIND_COUNT] = {0};
	json_t *summary;

	trouble = trouble_build(request, functions, redact);
	add_up(request, functions, totals);
	summary = json_pack(
		"{s:I, s:o, s:I, s:o, s:I, s:o, s:o, s:o, s:o}", "call_count",
		(json_int_t)request->call_count, "handler", handler_of(request, functions),
		"db_query_count", (json_int_t)totals[KIND_db].count, "db_query_time_ms",
		json_ms(totals[KIND_db].ns), "external_api_calls",
		(json_int_t)totals[KIND_http].count, "external_api_time_ms",
		json_ms(totals[KIND_http].ns), "outbound_kinds", outbound_of(totals), "open_calls",
		open_calls_of(request, functions), "crash", crash_build(request, redact));
	if (!trouble || !summary || json_object_update(summary, trouble) < 0) {
		json_decref(summary);
		return -ENOMEM;
	}
	*ret = summary;
	return 0;
}
