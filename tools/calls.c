/* SPDX-License-Identifier: MIT */
/*
 * trace-dump calls: sessions, newest first.
 */
#include "cleanup.h"
#include "fields.h"
#include "list.h"
#include "phrase.h"

static void cell_started(struct text *text, const json_t *call)
{
	const json_t *at = json_object_get(call, "started_at");

	phrase_time(text, json_is_string(at) ? at : json_object_get(call, "first_seen_at"));
}

/* Of an id that means nothing to anybody, enough to name it by. */
static void cell_call(struct text *text, const json_t *call)
{
	if (*field_text(call, "call_id"))
		text_add(text, field_text(call, "call_id"));
	else
		text_addf(text, "%.13s", field_text(call, "id"));
}

static void cell_status(struct text *text, const json_t *call)
{
	text_style(text, phrase_style(field_text(call, "call_status")));
	text_add(text, field_text(call, "call_status"));
	text_style(text, PLAIN);
}

static void cell_duration(struct text *text, const json_t *call)
{
	phrase_ms(text, json_object_get(call, "duration_ms"));
}

static void cell_functions(struct text *text, const json_t *call)
{
	phrase_value(text, json_object_get(call, "function_call_count"), 12);
}

static void cell_errors(struct text *text, const json_t *call)
{
	const json_t *n = json_object_get(call, "error_count");

	text_style(text, json_integer_value(n) ? RED : PLAIN);
	phrase_value(text, n, 12);
	text_style(text, PLAIN);
}

static void cell_company(struct text *text, const json_t *call)
{
	text_add(text, field_text(call, "company_id"));
}

/* The last column is cut where the line ends; this much is never seen. */
#define ABOUT_MOST 500

/* What it was about: the agent's name, or of a request what was asked for. */
static void cell_about(struct text *text, const json_t *call)
{
	const json_t *metadata = json_object_get(call, "metadata");

	if (*field_text(metadata, "path")) {
		phrase_request(text, metadata, ABOUT_MOST);
	} else if (*field_text(metadata, "agent_name")) {
		text_add(text, field_text(metadata, "agent_name"));
	} else {
		text_add(text, field_text(call, "agent_id"));
	}
}

static const struct list_column columns[] = {
	{"STARTED (UTC)", cell_started, false, 19},
	{"CALL", cell_call, false, 64},
	{"STATUS", cell_status, false, 13},
	{"DURATION", cell_duration, true, 10, 92},
	{"FN", cell_functions, true, 6},
	{"ERR", cell_errors, true, 6},
	{"COMPANY", cell_company, false, 20, 120},
	{"ABOUT", cell_about, false, 0},
	{NULL},
};

static const struct list_shape shape = {"calls", session_fields, columns};

int command_calls(struct context *context)
{
	_cleanup_(json_decrefp) json_t *calls = NULL;
	struct query query = options_calls_query(context->options);
	int r = query_calls(context->txn, &query, &calls);

	return r ? r : list_print(context->options, &shape, calls);
}
