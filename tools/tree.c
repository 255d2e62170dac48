/* SPDX-License-Identifier: MIT */
/*
 * trace-dump tree: the PHP calls inside a function trace, with arguments, results, self and total
 * time.
 */
#include <errno.h>
#include <string.h>

#include "calltree.h"
#include "cleanup.h"
#include "command.h"
#include "failure.h"
#include "header.h"
#include "output.h"
#include "phrase.h"
#include "terminal.h"
#include "timeline.h"

/* Deeper calls are drawn as deep as this. */
#define DEPTH_SHOWN 48
#define TIME_WIDTH  9
/* A place in less than this says nothing. */
#define PLACE_LEAST 16

/* Which calls are the last of their parent, as boxes are drawn by; and whose exception came from a
 * call inside. */
struct shape {
	bool *last;
	bool *passed_on;
};

static void shape_deinit(struct shape *shape)
{
	free(shape->last);
	free(shape->passed_on);
}

static size_t depth_of(const json_t *call)
{
	json_int_t depth = json_integer_value(json_object_get(call, "depth"));

	if (depth < 1)
		return 0;
	return depth > DEPTH_SHOWN ? DEPTH_SHOWN : (size_t)depth;
}

static bool same_exception(const json_t *a, const json_t *b)
{
	a = json_object_get(a, "exception");
	b = json_object_get(b, "exception");
	return json_is_object(a) && json_is_object(b) &&
	       field_is(a, "class", field_text(b, "class")) &&
	       field_is(a, "message", field_text(b, "message"));
}

/* Backwards: `below` has the call that comes next at each depth, as long as the parent is the same.
 */
static int shape_init(struct shape *shape, const json_t *calls)
{
	const json_t *below[DEPTH_SHOWN + 2] = {0};
	size_t n = json_array_size(calls);

	shape->last = calloc(n + 1, sizeof(bool));
	shape->passed_on = calloc(n + 1, sizeof(bool));
	if (!shape->last || !shape->passed_on)
		return -ENOMEM;
	for (size_t i = n; i-- > 0;) {
		const json_t *call = json_array_get(calls, i);
		size_t depth = depth_of(call);

		shape->last[i] = !below[depth];
		shape->passed_on[i] = below[depth + 1] && same_exception(call, below[depth + 1]);
		if (!below[depth])
			below[depth] = call;
		memset(below + depth + 1, 0, sizeof(below) - (depth + 1) * sizeof(below[0]));
	}
	return 0;
}

static void add_time(struct text *out, const json_t *call, const char *field)
{
	struct text time = {0};

	phrase_ms_number(&time, field_number(call, field) / 1e6);
	text_newline(&time);
	if (!text_error(&time)) {
		text_pad(out, out->column + TIME_WIDTH - time.lines[0].width);
		text_add_line(out, &time, 0, TIME_WIDTH);
	}
	text_deinit(&time);
}

/* The lines that go on below the call. */
static void add_stems(struct text *out, const bool *open, size_t depth)
{
	text_style(out, DIM);
	for (size_t i = 1; i <= depth; i++)
		text_add(out, open[i] ? "│ " : "  ");
	text_style(out, PLAIN);
}

static void add_boxes(struct text *out, const bool *open, size_t depth, bool last)
{
	if (depth > 1)
		add_stems(out, open, depth - 1);
	text_style(out, DIM);
	if (depth)
		text_add(out, last ? "└ " : "├ ");
	text_style(out, PLAIN);
}

/* PHP puts the namespace before {closure}, where the class already tells it. */
static const char *function_name(const json_t *call)
{
	const char *name = field_text(call, "function"), *closure = strstr(name, "{closure");

	return closure && *field_text(call, "class") ? closure : name;
}

/* What has no name of its own is told by where it is. */
static void add_name(struct text *out, const json_t *call, int width)
{
	const char *class = field_text(call, "class"), *function = function_name(call);
	_cleanup_(freep) char *name = NULL;
	int start = out->column;

	if (asprintf(&name, "%s%s%s", class, *class ? "::" : "", function) < 0) {
		name = NULL;
		return;
	}
	text_add_tail(out, name, width);
	if (*function != '{' || width - (out->column - start) < PLACE_LEAST)
		return;
	text_add(out, " ");
	text_style(out, DIM);
	phrase_place(out, call, width - (out->column - start));
	text_style(out, PLAIN);
}

/* Without its namespace: what stands before it is the longer part of the line already. */
static const char *short_class(const json_t *exception)
{
	const char *class = field_text(exception, "class");
	const char *slash = strrchr(class, '\\');

	return slash ? slash + 1 : class;
}

/* How the call was left, and with what; at most as wide as a line. */
static void add_outcome(struct text *out, const json_t *call, bool passed_on, int width)
{
	static const struct {
		const char *left, *reads;
	} others[] = {
		{"open", " … still in it when the worker died"},
		{"continued", " … went on"},
		{"unwound", " ⇡ unwound by a fatal error"},
		{"exit", " ⇡ exit()"},
		{"yield", " ⇠ yield"},
	};
	const json_t *exception = json_object_get(call, "exception");

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (field_is(call, "left", others[i].left))
			text_add(out, others[i].reads);
	if (json_is_object(exception)) {
		text_style(out, RED);
		text_add(out, " ✗ ");
		text_add(out, short_class(exception));
		if (!passed_on) {
			text_add(out, ": ");
			text_add_cut(out, field_text(exception, "message"), width);
		}
	} else if (field_is(call, "left", "return")) {
		text_add(out, " → ");
		phrase_value(out, json_object_get(call, "result"), width);
	}
	text_newline(out);
}

static void add_arguments(struct text *out, const json_t *call, int width)
{
	const json_t *args = json_object_get(call, "args");

	if (json_is_object(args) || json_is_array(args))
		phrase_arguments(out, args, width);
	else if (!field_is(call, "kind", "include"))
		text_add_cut(out, "()", width);
}

/* Where not all fits, the arguments are cut first, to no less than two fifths; then what came of
 * the call. */
static void add_signature(struct text *out, const json_t *call, bool passed_on, int width)
{
	struct text outcome = {.color = out->color};
	int room = width - out->column, least;

	add_name(out, call, room > 40 ? room * 2 / 3 : room);
	room = width - out->column;
	least = room * 2 / 5;
	add_outcome(&outcome, call, passed_on, room);
	if (!text_error(&outcome)) {
		int rest = room - outcome.lines[0].width;

		add_arguments(out, call, rest > least ? rest : least);
		text_add_line(out, &outcome, 0, width - out->column);
	}
	text_deinit(&outcome);
}

/* "redis GET key", "process ls -l", "socket tcp://db:1", whatever the kind has. */
static void add_other_note(struct text *out, const json_t *note, int width)
{
	static const char *const members[] = {"command", "key", "dsn", "host", "database"};

	text_add(out, field_text(note, "kind"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *value = json_object_get(note, members[i]);

		if (!value || width - out->column < PLACE_LEAST)
			continue;
		text_add(out, " ");
		if (json_is_string(value))
			text_add_cut(out, json_string_value(value), width - out->column);
		else
			phrase_value(out, value, width - out->column);
	}
	if (json_is_integer(json_object_get(note, "exit_status")))
		text_addf(out, " → exit %lld",
			  (long long)json_integer_value(json_object_get(note, "exit_status")));
}

static void add_note_failure(struct text *out, const json_t *note, int width)
{
	if (!json_is_true(json_object_get(note, "failed")))
		return;
	text_style(out, RED);
	text_add(out, " ✗ ");
	text_add_cut(out, field_text(note, "message"), width - out->column);
}

/* What it is about, and how many rows. */
static void add_subject(struct text *out, const json_t *note, int width)
{
	const json_t *rows = json_object_get(note, "rows");

	if (*field_text(note, "url")) {
		json_t *us = json_object_get(note, "total_us"),
		       *outbound = json_copy((json_t *)note);

		if (outbound && json_is_number(us))
			json_object_set_new(outbound, "duration_ms",
					    json_real(json_number_value(us) / 1000));
		failure_add_outbound(out, outbound, width);
		json_decref(outbound);
		return;
	}
	if (*field_text(note, "sql"))
		text_add_cut(out, field_text(note, "sql"), width - out->column);
	else
		add_other_note(out, note, width);
	if (json_is_integer(rows))
		text_addf(out, " → %lld row%s", (long long)json_integer_value(rows),
			  json_integer_value(rows) == 1 ? "" : "s");
	add_note_failure(out, note, width);
}

/* The calls between the application's and this one, which are not in the tree. */
static void add_between(struct text *out, const json_t *note, int width)
{
	const json_t *stack = json_object_get(note, "stack");
	size_t n = json_array_size(stack);

	text_add(out, "  ");
	text_style(out, DIM);
	text_add(out, "through");
	for (size_t i = n - 1; i-- > 0 && width - out->column >= PLACE_LEAST;) {
		const json_t *call = json_array_get(stack, i);

		text_add(out, i + 2 == n ? " " : " › ");
		if (json_object_get(call, "omitted"))
			text_add(out, "…");
		else
			add_name(out, call, width - out->column);
	}
	text_newline(out);
}

static void begin_note(struct text *out, const bool *open, size_t depth)
{
	text_pad(out, 2 * TIME_WIDTH + 3);
	add_stems(out, open, depth);
}

static void add_note(struct text *out, const json_t *note, const bool *open, size_t depth,
		     int width)
{
	begin_note(out, open, depth);
	text_add(out, "  ");
	text_style(out, BLUE);
	add_subject(out, note, width);
	text_newline(out);
	if (json_array_size(json_object_get(note, "stack")) < 2)
		return;
	begin_note(out, open, depth);
	add_between(out, note, width);
}

static void add_call(struct text *out, const json_t *call, bool *open, bool last, bool passed_on,
		     int width)
{
	const json_t *note = json_object_get(call, "note");
	size_t depth = depth_of(call);

	open[depth] = !last;
	add_time(out, call, "duration_ns");
	text_pad(out, TIME_WIDTH + 1);
	add_time(out, call, "self_ns");
	text_pad(out, 2 * TIME_WIDTH + 3);
	add_boxes(out, open, depth, last);
	add_signature(out, call, passed_on, width);
	text_newline(out);
	if (json_is_object(note))
		add_note(out, note, open, depth, width);
	for (size_t i = 0; i < json_array_size(note); i++)
		add_note(out, json_array_get(note, i), open, depth, width);
}

static int add_calls(struct text *out, const json_t *calls, int width)
{
	_cleanup_(shape_deinit) struct shape shape = {0};
	bool open[DEPTH_SHOWN + 1] = {false};
	const json_t *call;
	size_t i;
	int r = shape_init(&shape, calls);

	if (r)
		return r;
	text_style(out, DIM);
	text_add(out, "    total      self");
	text_newline(out);
	json_array_foreach (calls, i, call)
		add_call(out, call, open, shape.last[i], shape.passed_on[i], width);
	return 0;
}

static void add_function_title(struct text *out, const json_t *function, int width)
{
	phrase_status_mark(out, field_text(function, "status"));
	text_addf(out, " %lld ",
		  (long long)json_integer_value(json_object_get(function, "execution_sequence")));
	text_style(out, BOLD);
	text_add_cut(out, field_text(function, "function_name"), width - 24);
	text_style(out, PLAIN);
	text_add(out, "  ");
	phrase_ms(out, json_object_get(function, "duration_ms"));
	text_newline(out);
}

static int add_tree(struct text *out, const json_t *document, int width)
{
	const json_t *function = json_object_get(document, "function");
	const json_t *calls = json_object_get(document, "calls");

	const json_t *session = json_object_get(document, "call");

	if (json_is_object(function)) {
		add_function_title(out, function, width);
	} else {
		header_add(out, session, width);
		header_add_gaps(out, json_object_get(session, "completeness"), 0, width);
	}
	if (json_array_size(calls))
		return add_calls(out, calls, width);
	text_add(out, "no PHP calls were recorded");
	text_newline(out);
	return 0;
}

static int print_text(const struct options *options, const json_t *trees)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	int width = terminal_width(options->width), r;
	const json_t *tree;
	size_t i;

	json_array_foreach (trees, i, tree) {
		if (i)
			text_newline(&out);
		r = add_tree(&out, tree, width);
		if (r)
			return r;
	}
	text_write(&out, stdout);
	return text_error(&out);
}

/* The trees of the functions that are asked for: one, or all of the call. */
static int function_trees(struct context *context, json_t *trees)
{
	_cleanup_(json_decrefp) json_t *functions = NULL;
	json_t *function, *tree;
	size_t i;
	int r = timeline_records(context->txn, STORE_FUNCTIONS, &context->session, &functions);

	if (r)
		return r;
	json_array_foreach (functions, i, function) {
		json_int_t sequence =
			json_integer_value(json_object_get(function, "execution_sequence"));

		if (context->sequence && sequence != (json_int_t)context->sequence)
			continue;
		r = calltree_of_function(context->txn, function, &tree);
		if (r)
			return r;
		if (json_array_append_new(trees, tree) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A session that is one request of no call has one tree and no function. */
static int request_tree(struct context *context, json_t *trees)
{
	_cleanup_(json_decrefp) json_t *session = NULL;
	json_t *tree;
	int r = timeline_session(context->txn, &context->session, &session);

	if (r)
		return r;
	if (!field_is(session, "kind", "request"))
		return 0;
	r = calltree_of_request(context->txn, session, &tree);
	if (r)
		return r;
	return json_array_append_new(trees, tree) < 0 ? -ENOMEM : 0;
}

static int print_json(struct context *context, json_t *trees, bool one)
{
	_cleanup_(json_decrefp) json_t *document = NULL;

	if (one)
		return output_json(json_array_get(trees, 0));
	document = json_pack("{s:O}", "trees", trees);
	return document ? output_json(document) : -ENOMEM;
}

int command_tree(struct context *context)
{
	_cleanup_(json_decrefp) json_t *trees = json_array();
	bool one = context->sequence;
	int r = trees ? function_trees(context, trees) : -ENOMEM;

	if (!r && !json_array_size(trees) && !context->sequence) {
		r = request_tree(context, trees);
		one = true;
	}
	if (r)
		return r;
	if (!json_array_size(trees)) {
		fprintf(stderr, "trace-dump: no such function in this call; see trace-dump "
				"functions\n");
		return COMMAND_NOTHING;
	}
	if (context->options->format == FORMAT_JSON)
		return print_json(context, trees, one);
	return print_text(context->options, trees);
}
