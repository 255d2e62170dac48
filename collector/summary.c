/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "crash.h"
#include "trouble.h"

#define LIST_MAX 100

struct totals {
	uint64_t count;
	uint64_t ns;
};

static const char *kind_of(const struct functions *functions, const struct php_call *call)
{
	const struct function *function = functions_get(functions, call->fn);

	return function && function->kind ? function->kind : "";
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

/* Only the innermost of calls of one kind count, so that none counts twice. */
static void add_up(const struct request *request, const struct functions *functions,
		   struct totals *db, struct totals *http)
{
	_cleanup_(freep) uint8_t *outer = calloc(request->call_count + 1, 1);
	_cleanup_(freep) uint8_t *noted = calloc(request->call_count + 1, 1);

	if (!outer || !noted)
		return;
	for (size_t i = 0; i < request->note_count; i++)
		noted[request->notes[i].call] = 1;
	for (size_t i = request->call_count; i > 0; i--) {
		const struct php_call *call = &request->calls[i - 1];
		const char *kind = kind_of(functions, call);
		bool is_db = strcmp(kind, "db") == 0, is_http = strcmp(kind, "http") == 0;
		const struct function *function = functions_get(functions, call->fn);

		outer[call->parent] |= outer[i] | (is_db ? 1 : 0) | (is_http ? 2 : 0);
		if (is_db && !(outer[i] & 1)) {
			db->count += asks(function);
			db->ns += call->duration_ns;
		}
		if (is_http && !(outer[i] & 2) && goes_out(function, noted[i])) {
			http->count++;
			http->ns += call->duration_ns;
		}
	}
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
	struct totals db = {0}, http = {0};
	json_t *summary;

	trouble = trouble_build(request, functions, redact);
	add_up(request, functions, &db, &http);
	summary = json_pack("{s:I, s:o, s:I, s:o, s:I, s:o, s:o, s:o}", "call_count",
			    (json_int_t)request->call_count, "handler",
			    handler_of(request, functions), "db_query_count", (json_int_t)db.count,
			    "db_query_time_ms", json_ms(db.ns), "external_api_calls",
			    (json_int_t)http.count, "external_api_time_ms", json_ms(http.ns),
			    "open_calls", open_calls_of(request, functions), "crash",
			    crash_build(request, redact));
	if (!trouble || !summary || json_object_update(summary, trouble) < 0) {
		json_decref(summary);
		return -ENOMEM;
	}
	*ret = summary;
	return 0;
}
