/* SPDX-License-Identifier: MIT */
#include "failure.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "phrase.h"

#define MESSAGE_LINES 3
#define CHAIN_MAX     4

static void begin(struct text *out, int indent, enum style style)
{
	text_pad(out, indent);
	text_style(out, style);
}

static void add_message(struct text *out, const json_t *details, int indent, int width)
{
	const char *message = field_text(details, "message");

	/* An exception's own message stands below, behind its class. */
	if (!*message ||
	    strcmp(message, field_text(json_object_get(details, "cause"), "message")) == 0)
		return;
	begin(out, indent, RED);
	text_add_wrapped(out, message, width, MESSAGE_LINES);
	text_newline(out);
}

void failure_add_exception(struct text *out, const json_t *exception, int width, int lines)
{
	_cleanup_(freep) char *s = NULL;

	if (asprintf(&s, "%s: %s", field_text(exception, "class"),
		     field_text(exception, "message")) < 0)
		s = NULL;
	else
		text_add_wrapped(out, s, width, lines);
}

static void add_thrown(struct text *out, const json_t *exception, int indent, int width)
{
	if (!*field_text(exception, "file"))
		return;
	begin(out, indent, DIM);
	text_add(out, "thrown at ");
	phrase_place(out, exception, width - out->column);
	text_newline(out);
}

static void add_caught(struct text *out, const json_t *caught, int indent, int width)
{
	begin(out, indent, DIM);
	if (!json_is_object(caught)) {
		text_add(out, "caught nowhere: it left the request");
		text_newline(out);
		return;
	}
	text_add(out, "caught in ");
	text_add_tail(out, field_text(caught, "function"), width - out->column);
	if (width - out->column < 24 && *field_text(caught, "file")) {
		text_newline(out);
		begin(out, indent + 10, DIM);
	} else {
		text_add(out, " ");
	}
	phrase_place(out, caught, width - out->column);
	text_newline(out);
}

/* The exception, where it came from and went; then what it was thrown because of. */
static void add_cause(struct text *out, const json_t *cause, int indent, int width)
{
	begin(out, indent, YELLOW);
	failure_add_exception(out, cause, width, MESSAGE_LINES);
	text_newline(out);
	add_thrown(out, cause, indent + 2, width);
	add_caught(out, json_object_get(cause, "caught"), indent + 2, width);
	for (int i = 0; i < CHAIN_MAX; i++) {
		cause = json_object_get(cause, "previous");
		if (!json_is_object(cause))
			return;
		begin(out, indent, PLAIN);
		text_add(out, "because of ");
		failure_add_exception(out, cause, width, MESSAGE_LINES);
		text_newline(out);
		add_thrown(out, cause, indent + 2, width);
	}
}

void failure_add_outbound(struct text *out, const json_t *outbound, int width)
{
	const json_t *status = json_object_get(outbound, "status");
	const json_t *ms = json_object_get(outbound, "duration_ms");
	const json_t *error = json_object_get(outbound, "error");
	struct text outcome = {0};

	if (json_is_integer(status) && json_integer_value(status))
		text_addf(&outcome, " → %lld", (long long)json_integer_value(status));
	else if (!json_is_false(json_object_get(outbound, "failed")))
		text_add(&outcome, " → no answer");
	if (*field_text(outbound, "message")) {
		text_add(&outcome, ": ");
		text_add_cut(&outcome, field_text(outbound, "message"), 60);
	} else if (json_is_string(error) || (json_is_integer(error) && json_integer_value(error))) {
		text_add(&outcome, json_is_string(error) ? " " : " curl error ");
		phrase_value(&outcome, error, 40);
	}
	if (json_is_number(ms)) {
		text_add(&outcome, " in ");
		phrase_ms(&outcome, ms);
	}
	text_newline(&outcome);
	text_add(out, field_text(outbound, "method"));
	text_add(out, " ");
	if (!text_error(&outcome)) {
		text_add_cut(out, field_text(outbound, "url"),
			     width - out->column - outcome.lines[0].width);
		text_add_line(out, &outcome, 0, width);
	}
	text_deinit(&outcome);
}

static void add_php_error(struct text *out, const json_t *error, int indent, int width)
{
	const json_t *type = json_object_get(error, "type");

	begin(out, indent, YELLOW);
	text_add(out, "PHP ");
	if (json_is_string(type))
		text_add(out, json_string_value(type));
	else
		phrase_value(out, type, 8);
	text_add(out, ": ");
	text_add_wrapped(out, field_text(error, "message"), width, MESSAGE_LINES);
	if (field_number(error, "count") > 1)
		text_addf(out, " (%.0f times)", field_number(error, "count"));
	text_newline(out);
	if (!*field_text(error, "file"))
		return;
	begin(out, indent + 2, DIM);
	text_add(out, "at ");
	phrase_place(out, error, width - out->column);
	text_newline(out);
}

static void add_calls(struct text *out, const json_t *names, int indent, int width)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *call = json_string_value(name);

		begin(out, indent, PLAIN);
		text_add(out, "in ");
		text_add_tail(out, call ? call : "?", width - out->column);
		text_newline(out);
	}
}

static void add_cut_off(struct text *out, const json_t *cut_off, const char *after, int indent,
			int width)
{
	begin(out, indent, RED);
	text_add(out, "the worker died");
	if (json_is_number(json_object_get(cut_off, after))) {
		text_add(out, " after ");
		phrase_ms(out, json_object_get(cut_off, after));
	}
	text_newline(out);
	add_calls(out, json_object_get(cut_off, "open_calls"), indent + 2, width);
}

void failure_add(struct text *out, const json_t *details, int indent, int width)
{
	const json_t *item;
	size_t i;

	add_message(out, details, indent, width);
	if (json_is_object(json_object_get(details, "cause")))
		add_cause(out, json_object_get(details, "cause"), indent, width);
	json_array_foreach (json_object_get(details, "outbound"), i, item) {
		begin(out, indent, PLAIN);
		failure_add_outbound(out, item, width);
		text_newline(out);
	}
	json_array_foreach (json_object_get(details, "php_errors"), i, item)
		add_php_error(out, item, indent, width);
	item = json_object_get(details, "cut_off");
	if (json_is_object(item))
		add_cut_off(out, item, "after_ms", indent, width);
}

static void add_link_outbound(struct text *out, const json_t *link, int indent, int width)
{
	begin(out, indent, PLAIN);
	failure_add_outbound(out, link, width);
	if (json_is_true(json_object_get(link, "recovered"))) {
		text_newline(out);
		begin(out, indent + 2, DIM);
		text_add(out, "tried again with success");
	}
	text_newline(out);
}

static void add_link_exception(struct text *out, const json_t *link, int indent, int width)
{
	begin(out, indent, YELLOW);
	failure_add_exception(out, link, width, MESSAGE_LINES);
	text_newline(out);
	add_thrown(out, link, indent + 2, width);
}

static void add_link_caught(struct text *out, const json_t *link, int indent, int width)
{
	add_caught(out, link, indent + 2, width);
}

static void add_link_gave_up(struct text *out, const json_t *link, int indent, int width)
{
	static const char *const how[][2] = {
		{"hangup", "the provider hung up"},
		{"retry", "the provider called it again"},
		{"result", "the provider went on with a result of its own"},
	};

	begin(out, indent, RED);
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		if (field_is(link, "by", how[i][0]))
			text_add_cut(out, how[i][1], width - indent);
	text_newline(out);
}

static void add_link_died(struct text *out, const json_t *link, int indent, int width)
{
	add_cut_off(out, link, "offset_ms", indent, width);
}

static void add_link_crash(struct text *out, const json_t *link, int indent, int width)
{
	const json_t *line;
	size_t i;

	begin(out, indent, RED);
	text_addf(out, "the worker crashed%s: %s, %s",
		  json_is_true(json_object_get(link, "in_agent")) ? " in calltrace's agent" : "",
		  field_text(link, "signal"), field_text(link, "reason"));
	if (*field_text(link, "address"))
		text_addf(out, ": %s", field_text(link, "address"));
	if (*field_text(link, "thread"))
		text_addf(out, ", in thread %s", field_text(link, "thread"));
	text_newline(out);
	if (*field_text(link, "file")) {
		begin(out, indent + 2, DIM);
		text_add(out, "at ");
		phrase_place(out, link, width - out->column);
		text_newline(out);
	}
	json_array_foreach (json_object_get(link, "native"), i, line) {
		begin(out, indent + 2, DIM);
		text_add_cut(out, json_string_value(line), width - out->column);
		text_newline(out);
	}
	add_calls(out, json_object_get(link, "open_calls"), indent + 2, width);
}

static void add_link_answer(struct text *out, const json_t *link, int indent, int width)
{
	const json_t *error = json_object_get(link, "error");

	begin(out, indent, PLAIN);
	text_add(out, "answered");
	if (json_is_integer(json_object_get(link, "http_status")))
		text_addf(out, " %.0f", field_number(link, "http_status"));
	if (error && !json_is_null(error)) {
		text_add(out, ": ");
		phrase_value(out, error, width - out->column);
	}
	text_newline(out);
}

void failure_add_marks(struct text *out, const json_t *error)
{
	if (json_is_true(json_object_get(json_object_get(error, "metadata"), "handled")))
		text_add(out, " · handled");
	if (json_is_true(json_object_get(error, "booking_failed")))
		text_add(out, " · the booking failed");
	if (json_is_true(json_object_get(error, "call_terminated")))
		text_add(out, " · it ended the call");
	if (json_is_true(json_object_get(error, "resolved")))
		text_add(out, " · resolved");
}

void failure_add_chain(struct text *out, const json_t *chain, int indent, int width)
{
	static const struct {
		const char *kind;
		void (*add)(struct text *out, const json_t *link, int indent, int width);
	} kinds[] = {
		{"outbound", add_link_outbound},   {"php_error", add_php_error},
		{"exception", add_link_exception}, {"caught", add_link_caught},
		{"gave_up", add_link_gave_up},	   {"worker_died", add_link_died},
		{"crash", add_link_crash},	   {"answer", add_link_answer},
	};
	const json_t *link;
	size_t i;

	json_array_foreach (chain, i, link)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (field_is(link, "kind", kinds[k].kind))
				kinds[k].add(out, link, indent, width);
}
