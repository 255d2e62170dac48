/* SPDX-License-Identifier: MIT */
#include "invocation.h"

#include "failure.h"
#include "header.h"
#include "phrase.h"

#define INDENT 2

static void add_title(struct text *out, const json_t *function, int width)
{
	const json_t *metadata = json_object_get(function, "metadata");
	json_int_t attempt = json_integer_value(json_object_get(metadata, "attempt"));
	json_int_t attempts = json_integer_value(json_object_get(metadata, "attempts"));

	phrase_status_mark(out, field_text(function, "status"));
	text_add(out, " ");
	text_style(out, BOLD);
	text_add_cut(out, field_text(function, "function_name"), width - 24);
	text_style(out, PLAIN);
	if (json_is_number(json_object_get(function, "duration_ms"))) {
		text_add(out, "  ");
		phrase_ms(out, json_object_get(function, "duration_ms"));
	}
	if (!field_is(function, "status", "success")) {
		text_add(out, "  ");
		text_style(out, phrase_style(field_text(function, "status")));
		text_add(out, field_text(function, "status"));
		text_style(out, PLAIN);
	}
	if (attempt > 1 || attempts > 1)
		text_addf(out, "  attempt %lld", (long long)attempt);
	if (attempts > 1)
		text_addf(out, " of %lld", (long long)attempts);
	text_newline(out);
}

static void add_arguments(struct text *out, const json_t *arguments, int width)
{
	if (json_object_size(arguments) || json_array_size(arguments)) {
		text_pad(out, INDENT);
		phrase_arguments(out, arguments, width - INDENT);
		text_newline(out);
	}
}

static void add_result(struct text *out, const json_t *result, int width)
{
	if (!result || json_is_null(result))
		return;
	text_pad(out, INDENT);
	text_add(out, "→ ");
	phrase_value(out, result, width - out->column);
	text_newline(out);
}

static void add_wait(struct text *out, const json_t *metadata)
{
	json_int_t attempts = json_integer_value(json_object_get(metadata, "attempts"));
	const json_t *overhead = json_object_get(metadata, "overhead_ms");

	if (!json_is_number(json_object_get(metadata, "provider_duration_ms")))
		return;
	text_pad(out, INDENT);
	text_style(out, DIM);
	text_add(out, "the provider waited ");
	phrase_ms(out, json_object_get(metadata, "provider_duration_ms"));
	/* Below zero its times are too coarse to tell. */
	if (json_is_number(overhead) && json_number_value(overhead) >= 0) {
		text_add(out, ", ");
		phrase_ms(out, overhead);
		text_add(out, attempts > 1 ? " of it on the way and between attempts"
					   : " of it on the way");
	}
	text_newline(out);
}

/* Its view of the tool call: of all attempts, so at the last one. */
static void add_provider(struct text *out, const json_t *function)
{
	const json_t *metadata = json_object_get(function, "metadata");

	if (!json_equal(json_object_get(metadata, "attempt"),
			json_object_get(metadata, "attempts")))
		return;
	add_wait(out, metadata);
	if (json_is_false(json_object_get(metadata, "result_successful")) &&
	    field_is(function, "status", "success")) {
		text_pad(out, INDENT);
		text_style(out, YELLOW);
		text_add(out, "the provider took it for a failure");
		text_newline(out);
	}
}

/* What the failure meant, from the error log. */
static void add_consequence(struct text *out, const json_t *error)
{
	if (!error)
		return;
	text_pad(out, INDENT);
	text_style(out, phrase_style(field_text(error, "severity")));
	text_addf(out, "%s %s", field_text(error, "severity"), field_text(error, "error_type"));
	failure_add_marks(out, error);
	text_newline(out);
}

static void add_work(struct text *text, const json_t *function, const char *count, const char *time,
		     const char *what)
{
	json_int_t n = json_integer_value(json_object_get(function, count));

	if (n <= 0)
		return;
	text_addf(text, ", %lld %s (", (long long)n, what);
	phrase_ms(text, json_object_get(function, time));
	text_add(text, ")");
}

/* What else went out; SQL and HTTP have fields of their own. */
static void add_other_work(struct text *text, const json_t *outbound)
{
	static const char *const kinds[][2] = {
		{"redis", "Redis"},	 {"socket", "sockets"}, {"dns", "DNS"},
		{"process", "programs"}, {"mail", "mail"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		add_work(text, json_object_get(outbound, kinds[i][0]), "count", "time_ms",
			 kinds[i][1]);
}

/* "└ 42 PHP calls, 3 SQL (1.2 ms), 1 HTTP (12 ms) — trace-dump tree CALL/2", the hint below where
 * it does not fit. */
static void add_folded(struct text *out, const json_t *function, const char *call, int width)
{
	const json_t *metadata = json_object_get(function, "metadata");
	json_int_t calls = json_integer_value(json_object_get(metadata, "call_count"));
	json_int_t sequence = json_integer_value(json_object_get(function, "execution_sequence"));
	int hint = 19 + text_width(call) + (sequence > 9 ? 2 : 1);

	if (calls <= 0)
		return;
	text_pad(out, INDENT);
	text_style(out, DIM);
	text_addf(out, "└ %lld PHP call%s", (long long)calls, calls == 1 ? "" : "s");
	add_work(out, function, "db_query_count", "db_query_time_ms", "SQL");
	add_work(out, function, "external_api_calls", "external_api_time_ms", "HTTP");
	add_other_work(out, json_object_get(metadata, "outbound"));
	if (out->column + hint <= width) {
		text_add(out, " — ");
	} else {
		text_newline(out);
		text_pad(out, INDENT + 2);
		text_style(out, DIM);
	}
	text_add(out, "trace-dump tree ");
	text_add(out, call);
	text_addf(out, "/%lld", (long long)sequence);
	text_newline(out);
}

static void add_suspicion(struct text *out, const json_t *function, int width)
{
	const json_t *carried =
		json_object_get(json_object_get(function, "metadata"), "argument_call_id");
	const json_t *matches = json_object_get(carried, "matches");

	if (!json_is_false(matches))
		return;
	text_pad(out, INDENT);
	text_style(out, YELLOW);
	text_add(out, "the arguments name another call: ");
	phrase_value(out, json_object_get(carried, "value"), width - out->column);
	text_newline(out);
}

void invocation_add(struct text *out, const json_t *function, const json_t *error, const char *call,
		    int width)
{
	const json_t *completeness =
		json_object_get(json_object_get(function, "metadata"), "completeness");
	const json_t *chain = json_object_get(json_object_get(error, "error_context"), "chain");
	const json_t *hole;
	size_t i;

	add_title(out, function, width);
	add_arguments(out, json_object_get(function, "input_params"), width);
	add_suspicion(out, function, width);
	add_result(out, json_object_get(function, "output_result"), width);
	add_provider(out, function);
	add_consequence(out, error);
	if (json_array_size(chain))
		failure_add_chain(out, chain, INDENT, width);
	else
		failure_add(out, json_object_get(function, "error_details"), INDENT, width);
	json_array_foreach (json_object_get(completeness, "holes"), i, hole)
		header_add_hole(out, hole, INDENT, width);
	add_folded(out, function, call, width);
}

void invocation_add_unseen(struct text *out, const json_t *event, int width)
{
	phrase_status_mark(out, field_text(event, "function_status"));
	text_add(out, " ");
	text_add_cut(out, field_text(event, "function_name"), width - 2);
	text_newline(out);
	add_arguments(out, json_object_get(event, "function_arguments"), width);
	add_result(out, json_object_get(event, "function_response"), width);
	add_wait(out, json_object_get(event, "metadata"));
	if (!json_is_true(json_object_get(json_object_get(event, "metadata"), "not_seen")))
		return;
	text_pad(out, INDENT);
	text_style(out, YELLOW);
	text_add_cut(out, "the provider called it, but no request came", width - INDENT);
	text_newline(out);
}
