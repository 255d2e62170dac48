/* SPDX-License-Identifier: MIT */
/*
 * trace-dump search: what was said, in all calls, newest first.
 */
#include "search.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "list.h"
#include "phrase.h"
#include "speech.h"

static const char *const csv[] = {
	"id",
	"call_session_id",
	"call_id",
	"started_at",
	"event_id",
	"occurred_at",
	"call_offset_ms",
	"segment_sequence",
	"role",
	"text",
	"spans",
	"word_count",
	"duration_ms",
	"related_function_trace_id",
	"sentiment",
	"metadata",
	NULL,
};

static void cell_time(struct text *text, const json_t *match)
{
	phrase_time(text, json_object_get(match, "occurred_at"));
}

static void cell_call(struct text *text, const json_t *match)
{
	const char *call = field_text(match, "call_id");

	text_add(text, *call ? call : field_text(match, "call_session_id"));
}

static void cell_offset(struct text *text, const json_t *match)
{
	const json_t *at = json_object_get(match, "call_offset_ms");

	if (json_is_number(at))
		phrase_offset(text, json_number_value(at));
}

static void cell_role(struct text *text, const json_t *match)
{
	speech_role(text, field_text(match, "role"));
}

/* The byte at which a character begins. */
static size_t byte_of(const char *s, size_t character)
{
	size_t i = 0;

	for (; s[i]; i++)
		if ((s[i] & 0xc0) != 0x80 && !character--)
			break;
	return i;
}

static size_t span_at(const json_t *spans, const char *said, size_t i, size_t end)
{
	json_int_t at = json_integer_value(json_array_get(json_array_get(spans, i), end));

	return byte_of(said, (size_t)at);
}

/* From where the text is shown: a third of the room is what was said before the first hit, more
 * when little follows. */
static size_t begin(const char *said, size_t hit, int width)
{
	int rest = width - text_width(said + hit), room = rest > width / 3 ? rest : width / 3;
	size_t at = hit;

	while (at) {
		char character[8] = {0};
		size_t start = at - 1;

		while (start && at - start < 4 && (said[start] & 0xc0) == 0x80)
			start--;
		memcpy(character, said + start, at - start);
		room -= text_width(character);
		/* The ellipsis takes one. */
		if (room < (start ? 1 : 0))
			break;
		at = start;
	}
	return at;
}

static void add_piece(struct text *text, const char *said, size_t from, size_t to)
{
	_cleanup_(freep) char *piece = to > from ? strndup(said + from, to - from) : NULL;

	if (piece)
		text_add(text, piece);
}

static void add_said(struct text *text, const char *said, size_t at, const json_t *spans)
{
	for (size_t i = 0; i < json_array_size(spans); i++) {
		size_t start = span_at(spans, said, i, 0), end = span_at(spans, said, i, 1);

		add_piece(text, said, at, start);
		text_style(text, YELLOW);
		add_piece(text, said, start, end);
		text_style(text, PLAIN);
		at = end;
	}
	add_piece(text, said, at, strlen(said));
}

static void fit_text(struct text *out, const json_t *match, int width)
{
	const json_t *spans = json_object_get(match, "spans");
	const char *said = field_text(match, "text");
	_cleanup_(text_deinit) struct text text = {.color = out->color};
	size_t at = begin(said, span_at(spans, said, 0, 0), width);

	if (at)
		text_add(&text, "…");
	add_said(&text, said, at, spans);
	text_newline(&text);
	if (text_error(&text))
		out->failed = true;
	else
		text_add_line(out, &text, 0, width);
}

static const struct list_column columns[] = {
	{"TIME (UTC)", cell_time, false, 19, 100}, {"CALL", cell_call, false, 20},
	{"OFFSET", cell_offset, true, 12},	   {"WHO", cell_role, false, 6},
	{"TEXT", NULL, false, 0, .fit = fit_text}, {NULL},
};

static const struct list_shape shape = {"matches", csv, columns};

int command_search(struct context *context)
{
	_cleanup_(json_decrefp) json_t *matches = NULL;
	struct query query = context->options->query;
	const char *text = context->options->args[0], *why;
	struct search search;
	int r;

	if (search_parse(&search, text, &why) < 0) {
		fprintf(stderr, "trace-dump: search: %s; see trace-dump(1)\n", why);
		return COMMAND_USAGE;
	}
	query.session = context->has_session ? &context->session : NULL;
	r = query_search(context->txn, &search, &query, &matches);
	return r ? r : list_print(context->options, &shape, matches);
}
