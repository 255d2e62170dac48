/* SPDX-License-Identifier: MIT */
#include "header.h"

#include <string.h>

#include "phrase.h"

#define DOT " · "

static void add_part(struct text *out, const char *label, const char *value)
{
	if (!*value)
		return;
	if (out->column)
		text_add(out, DOT);
	text_add(out, label);
	text_add(out, value);
}

/* A part that does not fit begins a new line. */
static void part_fits(struct text *out, int part, int width)
{
	if (out->column && out->column + 3 + part > width)
		text_newline(out);
}

static void add_agent(struct text *out, const json_t *session)
{
	const json_t *metadata = json_object_get(session, "metadata");
	const json_t *version = json_object_get(session, "agent_version");

	if (*field_text(metadata, "agent_name"))
		add_part(out, "", field_text(metadata, "agent_name"));
	else
		add_part(out, "", field_text(session, "agent_id"));
	if (json_is_integer(version))
		text_addf(out, " v%lld", (long long)json_integer_value(version));
}

static void add_request(struct text *out, const json_t *session, int width)
{
	text_style(out, BOLD);
	phrase_request(out, json_object_get(session, "metadata"), width);
	text_style(out, PLAIN);
	text_newline(out);
	text_add(out, field_text(session, "id"));
}

static void add_identity(struct text *out, const json_t *session, int width)
{
	if (field_is(session, "kind", "request")) {
		add_request(out, session, width);
	} else {
		text_style(out, BOLD);
		text_add_cut(out, field_text(session, "call_id"), width);
		text_style(out, PLAIN);
		part_fits(out, 24, width);
		add_agent(out, session);
	}
	text_newline(out);
}

static void add_course(struct text *out, const json_t *session)
{
	const char *status = field_text(session, "call_status");
	const json_t *at = json_object_get(session, "started_at");

	text_style(out, phrase_style(status));
	text_add(out, status);
	text_style(out, PLAIN);
	if (*field_text(session, "disconnection_reason"))
		text_addf(out, " (%s)", field_text(session, "disconnection_reason"));
	if (json_is_number(json_object_get(session, "duration_ms"))) {
		text_add(out, DOT);
		phrase_ms(out, json_object_get(session, "duration_ms"));
	}
	text_add(out, DOT);
	phrase_time(out, json_is_string(at) ? at : json_object_get(session, "first_seen_at"));
	text_add(out, " UTC");
	text_newline(out);
}

static void add_count(struct text *out, const json_t *session, const char *field, const char *one,
		      const char *many)
{
	json_int_t n = json_integer_value(json_object_get(session, field));

	if (out->column)
		text_add(out, DOT);
	text_addf(out, "%lld %s", (long long)n, n == 1 ? one : many);
}

static void add_counters(struct text *out, const json_t *session, int width)
{
	add_count(out, session, "transcript_segment_count", "segment", "segments");
	add_count(out, session, "function_call_count", "function call", "function calls");
	text_style(out, field_number(session, "error_count") > 0 ? RED : PLAIN);
	add_count(out, session, "error_count", "error", "errors");
	text_style(out, PLAIN);
	if (json_is_number(json_object_get(session, "avg_response_time_ms"))) {
		part_fits(out, 34, width);
		text_add(out, out->column ? DOT "answers " : "answers ");
		phrase_ms(out, json_object_get(session, "avg_response_time_ms"));
		text_add(out, " avg, ");
		phrase_ms(out, json_object_get(session, "max_response_time_ms"));
		text_add(out, " max");
	}
	text_newline(out);
}

static void add_customer(struct text *out, const json_t *session, int width)
{
	add_part(out, "company ", field_text(session, "company_id"));
	part_fits(out, 9 + text_width(field_text(session, "customer_id")), width);
	add_part(out, "customer ", field_text(session, "customer_id"));
	part_fits(out, 5 + text_width(field_text(session, "current_flow_node")), width);
	add_part(out, "node ", field_text(session, "current_flow_node"));
	if (out->column)
		text_newline(out);
}

void header_add(struct text *out, const json_t *session, int width)
{
	add_identity(out, session, width);
	if (field_is(session, "kind", "request"))
		return;
	add_course(out, session);
	add_counters(out, session, width);
	add_customer(out, session, width);
}

static void begin_gap(struct text *out, int indent)
{
	text_pad(out, indent);
	text_style(out, YELLOW);
	text_add(out, "⚠ ");
}

void header_add_hole(struct text *out, const json_t *hole, int indent, int width)
{
	static const struct {
		const char *kind, *reads;
	} kinds[] = {
		{"calls", "PHP calls were not recorded: too many, or the ring too full"},
		{"values", "values were not recorded: the ring was too full"},
		{"deep", "calls were nested too deep to record"},
		{"fibers", "switches into fibers, where nothing is recorded"},
		{"body_bytes", "bytes of the request's body were not recorded"},
		{"output_bytes", "bytes of the response were not recorded"},
		{"errors", "PHP errors or exceptions were not recorded"},
		{"functions", "functions could not be defined"},
		{"requests", "whole requests were not recorded"},
		{"internal", "failures of the recorder itself"},
	};
	const char *reads = field_text(hole, "kind");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, reads) == 0)
			reads = kinds[i].reads;
	begin_gap(out, indent);
	text_addf(out, "%.0f ", field_number(hole, "count"));
	text_add_wrapped(out, reads, width, 2);
	text_newline(out);
}

static void add_requests(struct text *out, const json_t *completeness, const char *field,
			 const char *reads, int indent)
{
	double n = field_number(completeness, field);

	if (!(n > 0))
		return;
	begin_gap(out, indent);
	text_addf(out, "%.0f request%s %s", n, n > 1 ? "s" : "", reads);
	text_newline(out);
}

void header_add_gaps(struct text *out, const json_t *completeness, int indent, int width)
{
	const json_t *hole;
	size_t i;

	json_array_foreach (json_object_get(completeness, "holes"), i, hole)
		header_add_hole(out, hole, indent, width);
	add_requests(out, completeness, "cut_off", "cut off: the worker died", indent);
	add_requests(out, completeness, "pending", "still running", indent);
}
