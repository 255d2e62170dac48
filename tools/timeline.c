/* SPDX-License-Identifier: MIT */
/*
 * trace-dump timeline: what was said and what ran, on one time axis.
 *
 * A failing function is told once, with its error: an error event whose function is on the timeline
 * is folded into it. All others stand alone.
 */
#include "timeline.h"

#include <errno.h>
#include <math.h>

#include "cleanup.h"
#include "command.h"
#include "header.h"
#include "invocation.h"
#include "layout.h"
#include "output.h"
#include "phrase.h"
#include "speech.h"
#include "terminal.h"

struct view {
	struct layout layout;
	const char *call;  /* as the user wrote it */
	json_t *functions; /* id -> function trace */
	json_t *errors;	   /* function trace's id -> error */
};

static void view_deinit(struct view *view)
{
	layout_deinit(&view->layout);
	json_decref(view->functions);
	json_decref(view->errors);
}

/* Records by the id under `key`. */
static int index_records(struct store_txn *txn, const struct uuid *session, enum store_kind kind,
			 const char *key, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *records = NULL, *index = json_object();
	json_t *record;
	size_t i;
	int r = timeline_records(txn, kind, session, &records);

	if (r || !index)
		return r ? r : -ENOMEM;
	json_array_foreach (records, i, record) {
		const char *id = json_string_value(json_object_get(record, key));

		if (id && !json_object_get(index, id) && json_object_set(index, id, record) < 0)
			return -ENOMEM;
	}
	*ret = steal(&index);
	return 0;
}

static const char *function_of(const json_t *entry)
{
	return field_text(json_object_get(entry, "metadata"), "function_trace_id");
}

static bool is_folded(const struct view *view, const json_t *entry)
{
	return field_is(entry, "type", "error") &&
	       json_object_get(view->functions, function_of(entry));
}

static void add_function(struct view *view, struct text *out, const json_t *entry, int width)
{
	const json_t *function = json_object_get(view->functions, function_of(entry));

	if (function) {
		invocation_add(out, function, json_object_get(view->errors, function_of(entry)),
			       view->call, width);
		return;
	}
	invocation_add_unseen(out, entry, width);
}

static void add_transition(struct view *view, struct text *out, const json_t *entry, int width)
{
	const char *trigger = field_text(entry, "transition_trigger");

	text_style(out, BLUE);
	text_add(out, "⇢ ");
	if (*field_text(entry, "from_node")) {
		text_add_cut(out, field_text(entry, "from_node"), (width - 5) / 2);
		text_add(out, " → ");
	}
	text_add_cut(out, field_text(entry, "to_node"), width - out->column);
	text_style(out, DIM);
	if (*trigger && width - out->column > 12) {
		text_add(out, " (");
		text_add_cut(out, trigger, width - out->column - 1);
		text_add(out, ")");
	}
	text_newline(out);
}

/* A message so much behind what it tells was not just on its way. */
#define LATE_MS 2000

static void add_lifecycle(struct view *view, struct text *out, const json_t *entry, int width)
{
	const json_t *metadata = json_object_get(entry, "metadata");
	const json_t *details = json_object_get(metadata, "details");
	json_int_t status = json_integer_value(json_object_get(metadata, "http_status"));
	json_int_t deliveries = json_integer_value(json_object_get(metadata, "deliveries"));
	double delay = json_number_value(json_object_get(metadata, "delivery_delay_ms"));

	text_add(out, "● ");
	text_add_cut(out, field_text(metadata, "event"), width - 24);
	if (status && (status < 200 || status > 299)) {
		text_style(out, RED);
		text_addf(out, "  answered with %lld", (long long)status);
	}
	text_style(out, DIM);
	if (deliveries > 1)
		text_addf(out, "  ×%lld", (long long)deliveries);
	if (delay >= LATE_MS) {
		text_add(out, "  came ");
		phrase_ms_number(out, delay);
		text_add(out, " later");
	}
	text_newline(out);
	if (json_object_size(details)) {
		text_pad(out, 2);
		phrase_arguments(out, details, width - 2);
		text_newline(out);
	}
}

static void add_error(struct view *view, struct text *out, const json_t *entry, int width)
{
	text_style(out, RED);
	text_add(out, "✗ ");
	if (*field_text(entry, "error_code")) {
		text_add_cut(out, field_text(entry, "error_code"), width / 2);
		text_add(out, ": ");
	}
	text_add_wrapped(out, field_text(entry, "error_message"), width, 4);
	text_newline(out);
}

static void add_speech(struct view *view, struct text *out, const json_t *entry, int width)
{
	speech_add(out, field_text(entry, "transcript_role"), field_text(entry, "transcript_text"),
		   width);
}

/* Entries that are no transcript but were spoken, typed or put in beside it. */
static void add_aside(struct view *view, struct text *out, const json_t *entry, int width)
{
	const char *digit = field_text(json_object_get(entry, "metadata"), "digit");

	speech_add(out, field_text(entry, "type"),
		   *digit ? digit : field_text(entry, "transcript_text"), width);
}

/* Of a type that this version does not know. */
static void add_unknown(struct view *view, struct text *out, const json_t *entry, int width)
{
	text_add(out, "● ");
	text_add_cut(out, field_text(entry, "type"), width - 2);
	text_newline(out);
}

static const struct {
	const char *type;
	enum side side;
	void (*add)(struct view *view, struct text *out, const json_t *entry, int width);
} types[] = {
	{"function_call", RIGHT, add_function},
	{"transcript", LEFT, add_speech},
	{"flow_transition", RIGHT, add_transition},
	{"error", RIGHT, add_error},
	{"lifecycle", RIGHT, add_lifecycle},
	{"dtmf", LEFT, add_aside},
	{"sms", LEFT, add_aside},
	{"injected", LEFT, add_aside},
	{"", RIGHT, add_unknown},
};

static int add_entry(struct view *view, const json_t *entry)
{
	const json_t *at = json_object_get(entry, "offset_ms");
	double offset = json_number_value(at);
	struct text *text;
	size_t i = 0;

	if (is_folded(view, entry))
		return 0;
	while (*types[i].type && !field_is(entry, "type", types[i].type))
		i++;
	text = layout_add(&view->layout, types[i].side, json_is_number(at) ? &offset : NULL);
	if (!text)
		return -ENOMEM;
	types[i].add(view, text, entry, layout_width(&view->layout, types[i].side));
	return text_error(text);
}

/* Whether a function on the timeline has told of it. */
static bool is_told(const struct view *view, const json_t *hole)
{
	const char *request = field_text(hole, "request_id"), *id;
	json_t *function;

	json_object_foreach (view->functions, id, function)
		if (*request &&
		    field_is(json_object_get(function, "metadata"), "request_id", request))
			return true;
	return false;
}

static json_t *untold(const struct view *view, const json_t *completeness)
{
	json_t *rest = json_copy((json_t *)completeness), *holes = json_array(), *hole;
	size_t i;

	json_array_foreach (json_object_get(completeness, "holes"), i, hole)
		if (!is_told(view, hole))
			json_array_append(holes, hole);
	json_object_set_new(rest, "holes", holes);
	return rest;
}

static int add_gaps(struct view *view, const json_t *completeness)
{
	_cleanup_(json_decrefp) json_t *rest = untold(view, completeness);
	struct text *text = layout_add(&view->layout, RIGHT, NULL);

	if (!text)
		return -ENOMEM;
	header_add_gaps(text, rest, 0, layout_width(&view->layout, RIGHT));
	if (!text->line_count)
		view->layout.count--;
	return text_error(text);
}

static double largest_offset(const json_t *entries)
{
	double largest = 0;
	json_t *entry;
	size_t i;

	json_array_foreach ((json_t *)entries, i, entry)
		if (fabs(field_number(entry, "offset_ms")) > fabs(largest))
			largest = field_number(entry, "offset_ms");
	return largest;
}

static int print_text(struct context *context, struct view *view, const json_t *document)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	const json_t *entries = json_object_get(document, "timeline"), *entry;
	int width = terminal_width(context->options->width), r = 0;
	size_t i;

	layout_init(&view->layout, width, out.color, largest_offset(entries));
	header_add(&out, json_object_get(document, "call"), width);
	text_newline(&out);
	json_array_foreach (entries, i, entry) {
		r = add_entry(view, entry);
		if (r)
			return r;
	}
	r = add_gaps(view, json_object_get(document, "completeness"));
	if (r)
		return r;
	if (!view->layout.count) {
		text_add(&out, "nothing is on its timeline; its PHP calls: trace-dump tree ");
		text_add(&out, view->call);
		text_newline(&out);
	}
	layout_render(&view->layout, &out);
	text_write(&out, stdout);
	return text_error(&out);
}

int command_timeline(struct context *context)
{
	_cleanup_(view_deinit) struct view view = {.call = context->options->args[0]};
	_cleanup_(json_decrefp) json_t *document = NULL;
	int r = timeline_build(context->txn, &context->session, &document);

	if (!r && context->options->format == FORMAT_JSON)
		return output_json(document);
	if (!r)
		r = index_records(context->txn, &context->session, STORE_FUNCTIONS, "id",
				  &view.functions);
	if (!r)
		r = index_records(context->txn, &context->session, STORE_ERRORS,
				  "function_trace_id", &view.errors);
	return r ? r : print_text(context, &view, document);
}
