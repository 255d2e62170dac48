/* SPDX-License-Identifier: MIT */
/*
 * trace-dump transcript: what was said.
 */
#include <errno.h>

#include "cleanup.h"
#include "fields.h"
#include "layout.h"
#include "list.h"
#include "phrase.h"
#include "speech.h"
#include "terminal.h"

static const struct list_shape shape = {"segments", segment_fields, NULL};

static int add_segments(struct layout *layout, const json_t *segments)
{
	const json_t *segment;
	size_t i;

	json_array_foreach (segments, i, segment) {
		const json_t *at = json_object_get(segment, "call_offset_ms");
		double offset = json_number_value(at);
		struct text *text = layout_add(layout, LEFT, json_is_number(at) ? &offset : NULL);

		if (!text)
			return -ENOMEM;
		speech_add(text, field_text(segment, "role"), field_text(segment, "text"),
			   layout_width(layout, LEFT));
	}
	return 0;
}

/* Lines longer than this are hard to read, however wide the terminal is. */
#define WIDEST 100

static int print_text(const struct options *options, const json_t *segments)
{
	const json_t *last = json_array_get(segments, json_array_size(segments) - 1);
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	_cleanup_(layout_deinit) struct layout layout;
	int width = terminal_width(options->width);
	int r;

	layout_init(&layout, width < WIDEST ? width : WIDEST, out.color,
		    field_number(last, "call_offset_ms"));
	r = add_segments(&layout, segments);
	if (r)
		return r;
	layout_render(&layout, &out);
	text_write(&out, stdout);
	return text_error(&out);
}

int command_transcript(struct context *context)
{
	_cleanup_(json_decrefp) json_t *segments = NULL;
	const struct options *options = context->options;
	struct query query = options->query;
	int r;

	query.session = &context->session;
	r = query_segments(context->txn, &query, &segments);
	if (r)
		return r;
	if (options->format == FORMAT_TEXT && json_array_size(segments))
		return print_text(options, segments);
	return list_print(options, &shape, segments);
}
