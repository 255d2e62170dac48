/* SPDX-License-Identifier: MIT */
/*
 * trace-dump functions: function traces, of one call in execution order, or of all calls.
 */
#include "cleanup.h"
#include "fields.h"
#include "list.h"
#include "phrase.h"

static void cell_started(struct text *text, const json_t *function)
{
	phrase_time(text, json_object_get(function, "started_at"));
}

/* Enough of it to be unique, as trace-dump takes prefixes. */
static void cell_session(struct text *text, const json_t *function)
{
	text_addf(text, "%.13s", field_text(function, "call_session_id"));
}

static void cell_sequence(struct text *text, const json_t *function)
{
	phrase_value(text, json_object_get(function, "execution_sequence"), 6);
}

static void cell_offset(struct text *text, const json_t *function)
{
	if (json_is_number(json_object_get(function, "call_offset_ms")))
		phrase_offset(text, field_number(function, "call_offset_ms"));
}

static void cell_name(struct text *text, const json_t *function)
{
	text_add(text, field_text(function, "function_name"));
}

static void cell_status(struct text *text, const json_t *function)
{
	phrase_status_mark(text, field_text(function, "status"));
	text_add(text, " ");
	text_add(text, field_text(function, "status"));
}

static void cell_duration(struct text *text, const json_t *function)
{
	phrase_ms(text, json_object_get(function, "duration_ms"));
}

static void cell_provider(struct text *text, const json_t *function)
{
	phrase_ms(text,
		  json_object_get(json_object_get(function, "metadata"), "provider_duration_ms"));
}

static void cell_database(struct text *text, const json_t *function)
{
	phrase_value(text, json_object_get(function, "db_query_count"), 6);
}

static void cell_external(struct text *text, const json_t *function)
{
	phrase_value(text, json_object_get(function, "external_api_calls"), 6);
}

static void cell_failure(struct text *text, const json_t *function)
{
	text_add(text, field_text(json_object_get(function, "error_details"), "message"));
}

static const struct list_column of_call[] = {
	{"#", cell_sequence, true, 6},		 {"OFFSET", cell_offset, true, 14},
	{"FUNCTION", cell_name, false, 40},	 {"STATUS", cell_status, false, 9},
	{"DURATION", cell_duration, true, 10},	 {"PROVIDER", cell_provider, true, 10, 100},
	{"SQL", cell_database, true, 6, 100},	 {"HTTP", cell_external, true, 6, 100},
	{"FAILURE", cell_failure, false, 0, 72}, {NULL},
};

static const struct list_column of_all[] = {
	{"STARTED (UTC)", cell_started, false, 19},
	{"CALL", cell_session, false, 13},
	{"#", cell_sequence, true, 6},
	{"FUNCTION", cell_name, false, 40},
	{"STATUS", cell_status, false, 9, 72},
	{"DURATION", cell_duration, true, 10},
	{"FAILURE", cell_failure, false, 0, 120},
	{NULL},
};

int command_functions(struct context *context)
{
	struct list_shape shape = {"functions", function_fields,
				   context->has_session ? of_call : of_all};
	_cleanup_(json_decrefp) json_t *functions = NULL;
	struct query query = context->options->query;
	int r;

	query.session = context->has_session ? &context->session : NULL;
	query.status = context->options->status;
	r = query_functions(context->txn, &query, &functions);
	return r ? r : list_print(context->options, &shape, functions);
}
