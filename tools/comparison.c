/* SPDX-License-Identifier: MIT */
#include "comparison.h"

#include <math.h>
#include <string.h>

#include "cleanup.h"
#include "list.h"
#include "phrase.h"
#include "terminal.h"

#define LABEL_WIDTH  13
#define FIGURE_WIDTH 13

/* A figure as it is written. */
typedef void (*figure_fn)(struct text *text, double value);

static void add_number(struct text *text, double value)
{
	text_addf(text, "%.0f", value);
}

static void add_percent(struct text *text, double value)
{
	text_addf(text, "%.*f%%", fabs(value) < 0.00095 && value != 0 ? 3 : 1, value * 100);
}

static void add_hundredths(struct text *text, double value)
{
	text_addf(text, "%.2f", value * 100);
}

static void add_points(struct text *text, double value)
{
	text_addf(text, "%.2f pts", value * 100);
}

static void add_difference(struct text *text, figure_fn add, double value)
{
	text_add(text, value < 0 ? "−" : value > 0 ? "+" : "±");
	add(text, fabs(value));
}

/* Takes what is in `cell` and leaves it empty. */
static void put_right(struct text *out, struct text *cell, int end)
{
	text_newline(cell);
	if (!text_error(cell)) {
		text_pad(out, end - cell->lines[0].width);
		text_add_line(out, cell, 0, FIGURE_WIDTH + 1);
	}
	text_deinit(cell);
	*cell = (struct text){0};
}

static void begin_row(struct text *out, const char *label)
{
	text_add_cut(out, label, LABEL_WIDTH);
}

static void add_row(struct text *out, const json_t *comparison, const char *label,
		    const char *field, figure_fn add, figure_fn difference, int width)
{
	const json_t *a = json_object_get(json_object_get(comparison, "a"), field);
	const json_t *b = json_object_get(json_object_get(comparison, "b"), field);
	struct text cell = {0};

	begin_row(out, label);
	if (json_is_number(a))
		add(&cell, json_number_value(a));
	put_right(out, &cell, LABEL_WIDTH + FIGURE_WIDTH);
	if (json_is_number(b))
		add(&cell, json_number_value(b));
	put_right(out, &cell, LABEL_WIDTH + 2 * FIGURE_WIDTH);
	if (difference && json_is_number(a) && json_is_number(b) &&
	    width >= LABEL_WIDTH + 3 * FIGURE_WIDTH) {
		add_difference(&cell, difference, json_number_value(b) - json_number_value(a));
		put_right(out, &cell, LABEL_WIDTH + 3 * FIGURE_WIDTH);
	}
	text_newline(out);
}

static void add_interval(struct text *text, const json_t *side)
{
	const json_t *low = json_object_get(side, "error_rate_ci95_low");
	double high = field_number(side, "error_rate_ci95_high");

	if (json_is_number(low))
		text_addf(text, "%.1f–%.1f%%", json_number_value(low) * 100, high * 100);
}

static void add_intervals(struct text *out, const json_t *comparison)
{
	const json_t *rate = json_object_get(comparison, "error_rate");
	struct text cell = {0};

	begin_row(out, "  95% within");
	add_interval(&cell, json_object_get(rate, "a"));
	put_right(out, &cell, LABEL_WIDTH + FIGURE_WIDTH);
	add_interval(&cell, json_object_get(rate, "b"));
	put_right(out, &cell, LABEL_WIDTH + 2 * FIGURE_WIDTH);
	text_newline(out);
}

static void add_titles(struct text *out, int width)
{
	struct text cell = {0};

	text_style(out, BOLD);
	text_add(&cell, "A");
	put_right(out, &cell, LABEL_WIDTH + FIGURE_WIDTH);
	text_add(&cell, "B");
	put_right(out, &cell, LABEL_WIDTH + 2 * FIGURE_WIDTH);
	if (width >= LABEL_WIDTH + 3 * FIGURE_WIDTH) {
		text_add(&cell, "B − A");
		put_right(out, &cell, LABEL_WIDTH + 3 * FIGURE_WIDTH);
	}
	text_newline(out);
}

static void add_figures(struct text *out, const json_t *comparison, int width)
{
	static const struct {
		const char *label, *field;
		figure_fn add, difference;
	} rows[] = {
		{"calls", "call_count", add_number, NULL},
		{"errors", "error_count", add_number, NULL},
		{"timeouts", "timeout_count", add_number, NULL},
		{"pending", "pending_count", add_number, NULL},
		{"error rate", "error_rate", add_percent, add_points},
		{"average", "avg_duration_ms", phrase_ms_number, phrase_ms_number},
		{"p50", "p50_duration_ms", phrase_ms_number, phrase_ms_number},
		{"p95", "p95_duration_ms", phrase_ms_number, phrase_ms_number},
		{"p99", "p99_duration_ms", phrase_ms_number, phrase_ms_number},
		{"max", "max_duration_ms", phrase_ms_number, phrase_ms_number},
	};

	add_titles(out, width);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		add_row(out, comparison, rows[i].label, rows[i].field, rows[i].add,
			rows[i].difference, width);
		if (strcmp(rows[i].field, "error_rate") == 0)
			add_intervals(out, comparison);
	}
}

static void add_p(struct text *text, double p)
{
	if (p < 0.001)
		text_add(text, "p < 0.001");
	else
		text_addf(text, "p = %.*f", p < 0.0995 ? 3 : 2, p);
}

/* What was tested, and what came of it. */
static void add_test(struct text *text, const json_t *found, double tests)
{
	text_addf(text, ". %s: ", field_text(found, "test"));
	add_p(text, field_number(found, "p_value"));
	if (tests > 1) {
		text_addf(text, "; corrected for %.0f tests (Holm), ", tests);
		add_p(text, field_number(found, "adjusted_p_value"));
	}
	text_add(text, ".");
}

static void add_errors(struct text *text, const json_t *found, double tests)
{
	double difference = field_number(found, "error_rate_difference");

	if (!json_is_number(json_object_get(found, "p_value"))) {
		text_addf(text, " (%.0f and %.0f that are finished).",
			  field_number(json_object_get(found, "a"), "finished_count"),
			  field_number(json_object_get(found, "b"), "finished_count"));
		return;
	}
	if (difference == 0) {
		text_add(text, ": both fail as often");
	} else {
		text_addf(text, ": B fails %s often, by %.2f percentage points",
			  difference > 0 ? "more" : "less", fabs(difference) * 100);
	}
	text_add(text, " (95% interval ");
	add_difference(text, add_hundredths, field_number(found, "error_rate_difference_ci95_low"));
	text_add(text, " to ");
	add_difference(text, add_hundredths,
		       field_number(found, "error_rate_difference_ci95_high"));
	text_add(text, ")");
	add_test(text, found, tests);
}

static void add_durations(struct text *text, const json_t *found, double tests)
{
	double shift = field_number(found, "shift_ms");

	if (!json_is_number(json_object_get(found, "p_value"))) {
		text_addf(text, " (%.0f and %.0f that have a duration).",
			  field_number(json_object_get(found, "a"), "measured_count"),
			  field_number(json_object_get(found, "b"), "measured_count"));
		return;
	}
	text_add(text, ": B is ");
	if (shift == 0) {
		text_add(text, "as fast");
	} else {
		phrase_ms_number(text, fabs(shift));
		text_add(text, shift > 0 ? " slower" : " faster");
	}
	if (json_is_number(json_object_get(found, "shift_ci95_low_ms"))) {
		text_add(text, " (Hodges-Lehmann, 95% interval ");
		add_difference(text, phrase_ms_number, field_number(found, "shift_ci95_low_ms"));
		text_add(text, " to ");
		add_difference(text, phrase_ms_number, field_number(found, "shift_ci95_high_ms"));
		text_add(text, ")");
	}
	text_addf(text, "; of a call of each, B's is the slower in %.0f%%",
		  field_number(found, "b_slower_share") * 100);
	add_test(text, found, tests);
	if (json_is_true(json_object_get(found, "sampled")))
		text_addf(text, " Of a sample of %.0f and %.0f.",
			  field_number(json_object_get(found, "a"), "measured_count"),
			  field_number(json_object_get(found, "b"), "measured_count"));
}

static enum style verdict_style(const json_t *found)
{
	return field_is(found, "verdict", "real") ? YELLOW : PLAIN;
}

static void add_finding(struct text *out, const char *label, const json_t *found,
			void (*add)(struct text *text, const json_t *found, double tests),
			double tests, int width)
{
	_cleanup_(text_deinit) struct text sentence = {0};
	_cleanup_(freep) char *s = NULL;

	add(&sentence, found, tests);
	text_newline(&sentence);
	s = text_error(&sentence) ? NULL : strndup(sentence.data, sentence.lines[0].size);
	begin_row(out, label);
	text_pad(out, LABEL_WIDTH);
	text_style(out, verdict_style(found));
	text_add(out, field_text(found, "verdict"));
	text_style(out, PLAIN);
	text_newline(out);
	text_pad(out, 2);
	if (s)
		text_add_wrapped(out, s + strspn(s, ": "), width, 0);
	text_newline(out);
}

static void cell_function(struct text *text, const json_t *pairing)
{
	text_add(text, field_text(pairing, "function_name"));
}

static void cell_count_a(struct text *text, const json_t *pairing)
{
	add_number(text, field_number(json_object_get(pairing, "a"), "call_count"));
}

static void cell_count_b(struct text *text, const json_t *pairing)
{
	add_number(text, field_number(json_object_get(pairing, "b"), "call_count"));
}

static void add_rate(struct text *text, const json_t *side)
{
	if (json_is_number(json_object_get(side, "error_rate")))
		add_percent(text, field_number(side, "error_rate"));
}

static void cell_rate_a(struct text *text, const json_t *pairing)
{
	add_rate(text, json_object_get(pairing, "a"));
}

static void cell_rate_b(struct text *text, const json_t *pairing)
{
	add_rate(text, json_object_get(pairing, "b"));
}

static void cell_p95_a(struct text *text, const json_t *pairing)
{
	phrase_ms(text, json_object_get(json_object_get(pairing, "a"), "p95_duration_ms"));
}

static void cell_p95_b(struct text *text, const json_t *pairing)
{
	phrase_ms(text, json_object_get(json_object_get(pairing, "b"), "p95_duration_ms"));
}

static void cell_shift(struct text *text, const json_t *pairing)
{
	const json_t *shift = json_object_get(json_object_get(pairing, "duration"), "shift_ms");

	if (json_is_number(shift))
		add_difference(text, phrase_ms_number, json_number_value(shift));
}

static void add_verdict(struct text *text, const json_t *found)
{
	text_style(text, verdict_style(found));
	text_add(text, field_is(found, "verdict", "real")	     ? "real"
		       : field_is(found, "verdict", "may be chance") ? "chance?"
								     : "too few");
	text_style(text, PLAIN);
}

static void cell_errors(struct text *text, const json_t *pairing)
{
	add_verdict(text, json_object_get(pairing, "error_rate"));
}

static void cell_duration(struct text *text, const json_t *pairing)
{
	add_verdict(text, json_object_get(pairing, "duration"));
}

static const struct list_column of_functions[] = {
	{"FUNCTION", cell_function, false, 30},
	{"A", cell_count_a, true, 9},
	{"B", cell_count_b, true, 9},
	{"RATE A", cell_rate_a, true, 6, 80},
	{"RATE B", cell_rate_b, true, 6, 80},
	{"ERRORS", cell_errors, false, 7},
	{"P95 A", cell_p95_a, true, 9, 110},
	{"P95 B", cell_p95_b, true, 9, 110},
	{"SHIFT", cell_shift, true, 9, 90},
	{"DURATION", cell_duration, false, 8},
	{NULL},
};

/* How long ago something was, said when it was. */
static void add_times(struct text *out, const json_t *side, int width)
{
	const json_t *since = json_object_get(side, "since_at");
	const json_t *until = json_object_get(side, "until_at");

	if (json_is_null(since) && json_is_null(until))
		return;
	if (out->column + 48 > width)
		text_newline(out);
	text_pad(out, 3);
	if (json_is_string(since)) {
		text_add(out, "from ");
		phrase_time(out, since);
	}
	if (json_is_string(until)) {
		text_add(out, json_is_string(since) ? " to " : "before ");
		phrase_time(out, until);
	}
}

static void add_label(struct text *out, const json_t *comparison, const char *side,
		      const char *name, int width)
{
	const json_t *own = json_object_get(comparison, side);

	text_style(out, BOLD);
	text_add(out, name);
	text_style(out, PLAIN);
	text_add(out, "  ");
	text_add_cut(out, field_text(own, "label"), width - 3);
	if (field_is(comparison, "kind", "range")) {
		text_add(out, "  ");
		add_times(out, own, width);
	}
	text_newline(out);
}

int comparison_print_facts(const struct options *options, const json_t *comparison)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	const json_t *functions = json_object_get(comparison, "functions");
	double tests = field_number(comparison, "test_count");
	int width = terminal_width(options->width);

	add_label(&out, comparison, "a", "A", width);
	add_label(&out, comparison, "b", "B", width);
	text_newline(&out);
	add_figures(&out, comparison, width);
	text_newline(&out);
	add_finding(&out, "errors", json_object_get(comparison, "error_rate"), add_errors, tests,
		    width);
	add_finding(&out, "duration", json_object_get(comparison, "duration"), add_durations, tests,
		    width);
	if (json_array_size(functions))
		text_newline(&out);
	text_write(&out, stdout);
	if (text_error(&out) || !json_array_size(functions))
		return text_error(&out);
	return list_print_text(options, of_functions, functions);
}
