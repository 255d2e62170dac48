/* SPDX-License-Identifier: MIT */
/*
 * Two calls: their chains beside each other, then where they diverge and what led there.
 */
#include <string.h>

#include "cleanup.h"
#include "comparison.h"
#include "header.h"
#include "phrase.h"
#include "terminal.h"

#define MARK_WIDTH 2
#define GAP	   2
#define INDENT	   2
#define PATH_SHOWN 6 /* callers of where PHP calls diverge, the innermost */

static const char *const sides[] = {"a", "b"};
static const char *const names[] = {"A", "B"};

static void add_side_name(struct text *out, int side)
{
	text_style(out, BOLD);
	text_add(out, names[side]);
	text_style(out, PLAIN);
	text_add(out, "  ");
}

/* The call's own lines, behind its letter. */
static void add_call(struct text *out, const json_t *session, int side, int width)
{
	_cleanup_(text_deinit) struct text header = {.color = out->color};

	header_add(&header, session, width - 3);
	for (size_t i = 0; i < header.line_count; i++) {
		if (!i)
			add_side_name(out, side);
		text_pad(out, 3);
		text_add_line(out, &header, i, width - 3);
		text_newline(out);
	}
}

/* "✓ 2 book_appointment_v17  112 ms", or a dash. */
static void add_function(struct text *out, const json_t *function, int width)
{
	struct text time = {.color = out->color};
	int end = out->column + width;

	if (!json_is_object(function)) {
		text_add(out, "–");
		return;
	}
	phrase_ms(&time, json_object_get(function, "duration_ms"));
	text_newline(&time);
	phrase_status_mark(out, field_text(function, "status"));
	text_addf(out, " %.0f ", field_number(function, "execution_sequence"));
	if (!text_error(&time)) {
		text_add_cut(out, field_text(function, "function_name"),
			     end - out->column - 1 - time.lines[0].width);
		text_pad(out, end - time.lines[0].width);
		text_add_line(out, &time, 0, width);
	}
	text_deinit(&time);
}

static bool has(const json_t *step, const char *wanted)
{
	const json_t *difference;
	size_t i;

	json_array_foreach (json_object_get(step, "differences"), i, difference)
		if (strcmp(json_string_value(difference), wanted) == 0)
			return true;
	return false;
}

static bool parts(const json_t *step)
{
	return has(step, "missing_in_a") || has(step, "missing_in_b") || has(step, "version") ||
	       has(step, "status");
}

/* "=" the same, "~" other values, "≠" something else ran or came of it. */
static void add_mark(struct text *out, const json_t *step)
{
	bool same = !json_array_size(json_object_get(step, "differences"));

	text_style(out, parts(step) ? RED : same ? GREEN : YELLOW);
	text_add(out, parts(step) ? "≠" : same ? "=" : "~");
	text_style(out, PLAIN);
	text_pad(out, MARK_WIDTH);
}

static void add_steps(struct text *out, const json_t *steps, int width)
{
	int half = (width - MARK_WIDTH - GAP) / 2;
	const json_t *step;
	size_t i;

	text_style(out, BOLD);
	text_pad(out, MARK_WIDTH);
	text_add(out, "A");
	text_pad(out, MARK_WIDTH + half + GAP);
	text_add(out, "B");
	text_newline(out);
	json_array_foreach (steps, i, step) {
		add_mark(out, step);
		add_function(out, json_object_get(step, "a"), half);
		text_pad(out, MARK_WIDTH + half + GAP);
		add_function(out, json_object_get(step, "b"), half);
		text_newline(out);
	}
}

/* What is long goes on in lines of its own. */
static void add_sentence(struct text *out, struct text *sentence, int indent, int lines, int width)
{
	_cleanup_(freep) char *s = NULL;

	text_newline(sentence);
	if (!text_error(sentence))
		s = strndup(sentence->data, sentence->lines[0].size);
	text_pad(out, indent);
	if (s)
		text_add_wrapped(out, s, width, lines);
	text_newline(out);
	text_deinit(sentence);
	*sentence = (struct text){0};
}

static void add_what(struct text *text, const json_t *divergence)
{
	const json_t *a = json_object_get(divergence, "a"), *b = json_object_get(divergence, "b");
	const char *kind = field_text(divergence, "kind");

	if (strcmp(kind, "missing_in_a") == 0)
		text_addf(text, "%s ran in B only", field_text(b, "function_name"));
	else if (strcmp(kind, "missing_in_b") == 0)
		text_addf(text, "%s ran in A only", field_text(a, "function_name"));
	else if (strcmp(kind, "version") == 0)
		text_addf(text, "%s in A, %s in B", field_text(a, "function_name"),
			  field_text(b, "function_name"));
	else if (strcmp(kind, "status") == 0)
		text_addf(text, "%s: %s in A, %s in B", field_text(a, "function_name"),
			  field_text(a, "status"), field_text(b, "status"));
	else if (strcmp(kind, "result") == 0)
		text_addf(text, "%s answered something else", field_text(a, "function_name"));
	else
		text_addf(text, "%s was called with something else",
			  field_text(a, "function_name"));
}

static void add_values(struct text *out, const char *label, const json_t *a, const json_t *b,
		       int width)
{
	const json_t *values[] = {a, b};

	text_pad(out, INDENT);
	text_add_cut(out, label, width - INDENT);
	text_newline(out);
	for (int side = 0; side < 2; side++) {
		text_pad(out, 2 * INDENT);
		add_side_name(out, side);
		if (values[side] && !json_is_null(values[side]))
			phrase_value(out, values[side], width - out->column);
		else
			text_add(out, "–");
		text_newline(out);
	}
}

static void add_arguments(struct text *out, const json_t *divergence, int width)
{
	const json_t *argument;
	size_t i;

	json_array_foreach (json_object_get(divergence, "arguments"), i, argument)
		add_values(out,
			   *field_text(argument, "name") ? field_text(argument, "name")
							 : "arguments",
			   json_object_get(argument, "a"), json_object_get(argument, "b"), width);
}

/* What was said last before it, and where in the flow the call was. */
static void add_context(struct text *out, const json_t *divergence, int width)
{
	const json_t *contexts = json_object_get(divergence, "context");

	for (int side = 0; side < 2; side++) {
		const json_t *context = json_object_get(contexts, sides[side]);
		const json_t *said = json_object_get(context, "said");
		struct text sentence = {0};

		if (!json_is_object(said) && !*field_text(context, "node"))
			continue;
		text_addf(&sentence, "before it in %s", names[side]);
		if (*field_text(context, "node"))
			text_addf(&sentence, ", node %s", field_text(context, "node"));
		if (json_is_object(said))
			text_addf(&sentence, ": %s: “%s”", field_text(said, "role"),
				  field_text(said, "text"));
		add_sentence(out, &sentence, INDENT, 3, width);
	}
}

static void add_divergence(struct text *out, const json_t *divergence, int width)
{
	struct text sentence = {0};

	text_newline(out);
	if (!json_is_object(divergence)) {
		text_add(out,
			 "The chains do not diverge: the same functions with the same values.");
		text_newline(out);
		return;
	}
	text_style(out, BOLD);
	text_add(out, "First divergence");
	text_newline(out);
	text_addf(&sentence, "step %.0f, ", field_number(divergence, "step"));
	add_what(&sentence, divergence);
	add_sentence(out, &sentence, INDENT, 0, width);
	add_arguments(out, divergence, width);
	add_context(out, divergence, width);
}

static void add_php_name(struct text *text, const json_t *call)
{
	if (*field_text(call, "class"))
		text_addf(text, "%s::", field_text(call, "class"));
	text_add(text, field_text(call, "function"));
}

/* How a call was left: "threw RuntimeException: …". */
static void add_outcome(struct text *text, const json_t *call)
{
	static const struct {
		const char *left, *reads;
	} others[] = {
		{"return", "returned"}, {"discarded", "returned"},  {"yield", "yielded"},
		{"exit", "exited"},	{"unwound", "was unwound"}, {"open", "was never left"},
	};
	const json_t *exception = json_object_get(call, "exception");
	double status = field_number(call, "outbound_status");
	double error = field_number(call, "outbound_error");

	if (error > 0)
		text_addf(text, "(outbound failed, curl error %.0f) ", error);
	else if (status > 0)
		text_addf(text, "(outbound %.0f) ", status);
	if (json_is_object(exception)) {
		text_addf(text, "threw %s: %s", field_text(exception, "class"),
			  field_text(exception, "message"));
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (field_is(call, "left", others[i].left))
			text_add(text, others[i].reads);
}

static void add_php_what(struct text *text, const json_t *divergence)
{
	const json_t *a = json_object_get(divergence, "a"), *b = json_object_get(divergence, "b");
	const char *kind = field_text(divergence, "kind");

	if (strcmp(kind, "different_call") == 0) {
		add_php_name(text, a);
		text_add(text, " in A, ");
		add_php_name(text, b);
		text_add(text, " in its place in B");
		return;
	}
	add_php_name(text, json_is_object(a) ? a : b);
	if (strcmp(kind, "only_in_a") == 0) {
		text_add(text, " was called in A only");
	} else if (strcmp(kind, "only_in_b") == 0) {
		text_add(text, " was called in B only");
	} else if (strcmp(kind, "outcome") == 0 || strcmp(kind, "outbound") == 0) {
		text_add(text, " ");
		add_outcome(text, a);
		text_add(text, " in A, ");
		add_outcome(text, b);
		text_add(text, " in B");
	} else if (strcmp(kind, "arguments") == 0) {
		text_add(text, " was called with other arguments");
	} else {
		text_add(text, " returned something else");
	}
}

/* The callers, innermost first: as many as say where it is. */
static void add_path(struct text *out, const json_t *path, int width)
{
	size_t n = json_array_size(path);

	for (size_t i = n; i-- > 0 && n - i <= PATH_SHOWN;) {
		text_pad(out, 2 * INDENT);
		text_style(out, DIM);
		text_add(out, "in ");
		text_add_tail(out, json_string_value(json_array_get(path, i)), width - out->column);
		text_newline(out);
	}
	if (n > PATH_SHOWN) {
		text_pad(out, 2 * INDENT);
		text_addf(out, "… %zu more", n - PATH_SHOWN);
		text_newline(out);
	}
}

static void add_php_divergence(struct text *out, const json_t *divergence, int width)
{
	struct text sentence = {0};

	add_php_what(&sentence, divergence);
	add_sentence(out, &sentence, INDENT, 4, width);
	add_path(out, json_object_get(divergence, "path"), width);
	if (json_object_get(divergence, "a_value"))
		add_values(out, field_text(divergence, "kind"),
			   json_object_get(divergence, "a_value"),
			   json_object_get(divergence, "b_value"), width);
}

/* The first that is not of a value, and the first value before it. */
static void add_php(struct text *out, const json_t *php, int width)
{
	const json_t *first = json_object_get(php, "first_divergence");
	const json_t *earliest = json_array_get(json_object_get(php, "divergences"), 0);
	double n = field_number(php, "divergence_count");

	if (!json_is_object(php))
		return;
	text_newline(out);
	text_style(out, BOLD);
	text_addf(out, "PHP calls inside step %.0f", field_number(php, "step"));
	text_newline(out);
	text_pad(out, INDENT);
	text_addf(out, "%.0f in A, %.0f in B, %.0f divergence%s", field_number(php, "a_call_count"),
		  field_number(php, "b_call_count"), n, n == 1 ? "" : "s");
	text_newline(out);
	if (json_is_object(first))
		add_php_divergence(out, first, width);
	if (earliest && !json_equal(first, earliest))
		add_php_divergence(out, earliest, width);
	if (field_number(php, "too_deep_count") > 0) {
		text_pad(out, INDENT);
		text_addf(out, "%.0f calls were too deep to be looked into",
			  field_number(php, "too_deep_count"));
		text_newline(out);
	}
}

int comparison_print_calls(const struct options *options, const json_t *comparison)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	const json_t *steps = json_object_get(comparison, "steps");
	int width = terminal_width(options->width);

	for (int side = 0; side < 2; side++)
		add_call(&out, json_object_get(comparison, sides[side]), side, width);
	text_newline(&out);
	if (json_array_size(steps)) {
		add_steps(&out, steps, width);
		add_divergence(&out, json_object_get(comparison, "first_divergence"), width);
		add_php(&out, json_object_get(comparison, "php"), width);
	} else {
		text_add(&out, "No function ran in either.");
		text_newline(&out);
	}
	text_write(&out, stdout);
	return text_error(&out);
}
