/* SPDX-License-Identifier: MIT */
/*
 * trace-dump errors: the error log, of one call in order, or of all calls, newest first.
 */
#include "cleanup.h"
#include "fields.h"
#include "list.h"
#include "phrase.h"

static void cell_time(struct text *text, const json_t *error)
{
	phrase_time(text, json_object_get(error, "occurred_at"));
}

static void cell_session(struct text *text, const json_t *error)
{
	text_addf(text, "%.13s", field_text(error, "call_session_id"));
}

static void cell_severity(struct text *text, const json_t *error)
{
	text_style(text, phrase_style(field_text(error, "severity")));
	text_add(text, field_text(error, "severity"));
	text_style(text, PLAIN);
}

static void cell_type(struct text *text, const json_t *error)
{
	text_add(text, field_text(error, "error_type"));
}

static void cell_code(struct text *text, const json_t *error)
{
	text_add(text, field_text(error, "error_code"));
}

static void cell_function(struct text *text, const json_t *error)
{
	text_add(text, field_text(error, "affected_function"));
}

/* B: a booking failed, T: the call was terminated, R: resolved, H: handled, the answer was a
 * success.
 */
static void cell_flags(struct text *text, const json_t *error)
{
	const json_t *metadata = json_object_get(error, "metadata");

	text_add(text, json_is_true(json_object_get(error, "booking_failed")) ? "B" : "-");
	text_add(text, json_is_true(json_object_get(error, "call_terminated")) ? "T" : "-");
	text_add(text, json_is_true(json_object_get(error, "resolved")) ? "R" : "-");
	text_add(text, json_is_true(json_object_get(metadata, "handled")) ? "H" : "-");
}

static void cell_message(struct text *text, const json_t *error)
{
	text_add(text, field_text(error, "error_message"));
}

static const struct list_column of_call[] = {
	{"TIME (UTC)", cell_time, false, 19}, {"SEVERITY", cell_severity, false, 8},
	{"BTRH", cell_flags, false, 4},	      {"TYPE", cell_type, false, 16, 140},
	{"CODE", cell_code, false, 24, 140},  {"FUNCTION", cell_function, false, 24, 72},
	{"MESSAGE", cell_message, false, 0},  {NULL},
};

static const struct list_column of_all[] = {
	{"TIME (UTC)", cell_time, false, 19},
	{"CALL", cell_session, false, 13},
	{"SEVERITY", cell_severity, false, 8},
	{"BTRH", cell_flags, false, 4},
	{"TYPE", cell_type, false, 16, 140},
	{"CODE", cell_code, false, 24, 140},
	{"FUNCTION", cell_function, false, 24, 100},
	{"MESSAGE", cell_message, false, 0},
	{NULL},
};

int command_errors(struct context *context)
{
	struct list_shape shape = {"errors", error_fields, context->has_session ? of_call : of_all};
	_cleanup_(json_decrefp) json_t *errors = NULL;
	struct query query = context->options->query;
	int r;

	query.session = context->has_session ? &context->session : NULL;
	r = query_errors(context->txn, &query, &errors);
	return r ? r : list_print(context->options, &shape, errors);
}
