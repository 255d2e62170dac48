/* SPDX-License-Identifier: MIT */
/*
 * trace-dump show: the debug view of one call.
 */
#include <errno.h>

#include "cleanup.h"
#include "command.h"
#include "failure.h"
#include "header.h"
#include "output.h"
#include "phrase.h"
#include "terminal.h"
#include "timeline.h"

#define LABEL_WIDTH  24
#define ERROR_INDENT 4

static void add_label(struct text *out, const char *label)
{
	text_add(out, "  ");
	text_add_cut(out, label, LABEL_WIDTH - 3);
	text_pad(out, LABEL_WIDTH);
}

static void add_title(struct text *out, const char *title)
{
	text_newline(out);
	text_style(out, BOLD);
	text_add(out, title);
	text_newline(out);
}

static void add_ms(struct text *out, const char *label, const json_t *object, const char *field)
{
	const json_t *ms = json_object_get(object, field);

	if (!json_is_number(ms))
		return;
	add_label(out, label);
	phrase_ms(out, ms);
	text_newline(out);
}

static void add_work(struct text *out, const char *label, const json_t *object, const char *count,
		     const char *time)
{
	add_label(out, label);
	phrase_value(out, json_object_get(object, count), 12);
	text_add(out, ", ");
	phrase_ms(out, json_object_get(object, time));
	text_newline(out);
}

static void add_count(struct text *out, const char *label, const json_t *object, const char *field)
{
	add_label(out, label);
	phrase_value(out, json_object_get(object, field), 12);
	text_newline(out);
}

static void add_outcomes(struct text *out, const json_t *performance)
{
	add_label(out, "function calls");
	text_addf(out, "%.0f succeeded, %.0f failed, %.0f timed out, %.0f pending",
		  field_number(performance, "succeeded"), field_number(performance, "failed"),
		  field_number(performance, "timed_out"), field_number(performance, "pending"));
	text_newline(out);
}

static void add_performance(struct text *out, const json_t *performance, int width)
{
	add_title(out, "Performance");
	add_outcomes(out, performance);
	add_ms(out, "answer, average", performance, "avg_response_time_ms");
	add_ms(out, "answer, fastest", performance, "min_response_time_ms");
	add_ms(out, "answer, slowest", performance, "max_response_time_ms");
	if (*field_text(performance, "slowest_function")) {
		add_label(out, "slowest function");
		text_add_cut(out, field_text(performance, "slowest_function"), width - LABEL_WIDTH);
		text_newline(out);
	}
	add_work(out, "SQL queries", performance, "db_query_count", "db_query_time_ms");
	add_work(out, "outbound calls", performance, "external_api_calls", "external_api_time_ms");
	add_count(out, "PHP calls", performance, "php_call_count");
}

static void add_errors(struct text *out, const json_t *errors, const json_t *debug)
{
	add_title(out, "Errors");
	add_count(out, "total", errors, "total");
	if (field_number(errors, "total") <= 0)
		return;
	add_label(out, "highest severity");
	text_style(out, phrase_style(field_text(debug, "highest_error_severity")));
	text_add(out, field_text(debug, "highest_error_severity"));
	text_newline(out);
	add_count(out, "critical", errors, "critical");
	add_count(out, "booking failures", errors, "booking_failures");
	add_count(out, "ended the call", errors, "call_terminating");
	add_count(out, "unresolved", errors, "unresolved");
}

static void add_error(struct text *out, const json_t *error, int width)
{
	const json_t *chain = json_object_get(json_object_get(error, "error_context"), "chain");

	text_add(out, "  ");
	phrase_offset(out, field_number(error, "call_offset_ms"));
	text_style(out, phrase_style(field_text(error, "severity")));
	text_addf(out, " %s ", field_text(error, "severity"));
	text_style(out, PLAIN);
	text_add_cut(out, field_text(error, "error_code"), width / 3);
	text_add(out, " ");
	text_add_cut(out, field_text(error, "affected_function"), width / 3);
	text_newline(out);
	text_pad(out, ERROR_INDENT);
	text_add(out, field_text(error, "error_type"));
	failure_add_marks(out, error);
	text_newline(out);
	if (json_array_size(chain)) {
		failure_add_chain(out, chain, ERROR_INDENT, width);
	} else {
		text_pad(out, ERROR_INDENT);
		text_add_wrapped(out, field_text(error, "error_message"), width, 3);
		text_newline(out);
	}
}

/* What has no line of its own above: a field a line, as it is. */
static void add_rest(struct text *out, const json_t *session, int width)
{
	static const char *const fields[] = {
		"id",
		"provider",
		"agent_id",
		"agent_version",
		"first_seen_at",
		"last_seen_at",
		"ended_at",
		"conversation_flow_id",
		"current_flow_node",
		"flow_state",
	};
	const char *name;
	json_t *value;

	add_title(out, "Record");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		value = json_object_get(session, fields[i]);
		if (!value || json_is_null(value))
			continue;
		add_label(out, fields[i]);
		phrase_value(out, value, width - LABEL_WIDTH);
		text_newline(out);
	}
	json_object_foreach (json_object_get(session, "metadata"), name, value) {
		if (json_is_null(value))
			continue;
		add_label(out, name);
		phrase_value(out, value, width - out->column);
		text_newline(out);
	}
}

static int print_text(const struct options *options, const json_t *document, const json_t *errors)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	const json_t *session = json_object_get(document, "call");
	int width = terminal_width(options->width);
	const json_t *error;
	size_t i;

	header_add(&out, session, width);
	header_add_gaps(&out, json_object_get(session, "completeness"), 0, width);
	add_performance(&out, json_object_get(document, "performance"), width);
	add_errors(&out, json_object_get(document, "errors"), json_object_get(document, "debug"));
	json_array_foreach (errors, i, error)
		add_error(&out, error, width);
	add_rest(&out, session, width);
	text_write(&out, stdout);
	return text_error(&out);
}

int command_show(struct context *context)
{
	_cleanup_(json_decrefp) json_t *document = NULL, *errors = NULL;
	int r = timeline_show(context->txn, &context->session, &document);

	if (r)
		return r;
	if (context->options->format == FORMAT_JSON)
		return output_json(document);
	r = timeline_records(context->txn, STORE_ERRORS, &context->session, &errors);
	return r ? r : print_text(context->options, document, errors);
}
