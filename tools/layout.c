/* SPDX-License-Identifier: MIT */
/*
 * A row has at most one block that begins in it, because it has one offset. So a block begins below
 * the beginning of the one before it and below the end of the one above it, whatever is beside.
 */
#include "layout.h"

#include <limits.h>
#include <stdlib.h>

#include "phrase.h"

#define GAP 2

void layout_init(struct layout *layout, int width, bool color, double last_offset_ms)
{
	struct text sample = {0};
	int room;

	*layout = (struct layout){.width = width, .color = color};
	phrase_offset(&sample, last_offset_ms);
	layout->offset_width = sample.column > 9 ? sample.column : 9;
	text_deinit(&sample);
	layout->two = width >= LAYOUT_TWO_COLUMNS;
	room = width - layout->offset_width - GAP;
	layout->left = layout->two ? (room - 3) * 2 / 5 : room;
	layout->right = layout->two ? room - 3 - layout->left : room;
}

void layout_deinit(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		text_deinit(&layout->blocks[i].text);
	free(layout->blocks);
	*layout = (struct layout){0};
}

int layout_width(const struct layout *layout, enum side side)
{
	return side == LEFT ? layout->left : layout->right;
}

struct text *layout_add(struct layout *layout, enum side side, const double *offset_ms)
{
	struct block *blocks = layout->blocks;

	if (layout->count == layout->capacity) {
		size_t capacity = layout->capacity ? layout->capacity * 2 : 64;

		blocks = reallocarray(blocks, capacity, sizeof(*blocks));
		if (!blocks)
			return NULL;
		layout->blocks = blocks;
		layout->capacity = capacity;
	}
	blocks += layout->count++;
	*blocks = (struct block){
		.side = layout->two ? side : LEFT,
		.has_offset = offset_ms,
		.offset_ms = offset_ms ? *offset_ms : 0,
		.text.color = layout->color,
	};
	return &blocks->text;
}

/* The block that a column is showing, and how much of it is shown. */
struct column {
	const struct block *block;
	size_t line;
};

static bool busy(const struct column *column)
{
	return column->block && column->line < column->block->text.line_count;
}

static void put_offset(const struct layout *layout, struct text *out, const struct block *block)
{
	struct text offset = {0};

	if (!block || !block->has_offset)
		return;
	phrase_offset(&offset, block->offset_ms);
	text_newline(&offset);
	if (!text_error(&offset)) {
		text_pad(out, layout->offset_width - offset.lines[0].width);
		text_style(out, DIM);
		text_add_line(out, &offset, 0, INT_MAX / 2);
		text_style(out, PLAIN);
	}
	text_deinit(&offset);
}

static void put_column(struct text *out, struct column *column, int width)
{
	if (busy(column))
		text_add_line(out, &column->block->text, column->line++, width);
}

static void put_row(const struct layout *layout, struct text *out, struct column columns[2],
		    const struct block *begins)
{
	int left = layout->offset_width + GAP;

	put_offset(layout, out, begins);
	text_pad(out, left);
	put_column(out, &columns[LEFT], layout->left);
	if (layout->two) {
		text_pad(out, left + layout->left + 1);
		text_style(out, DIM);
		text_add(out, "│");
		text_style(out, PLAIN);
		text_pad(out, left + layout->left + 3);
		put_column(out, &columns[RIGHT], layout->right);
	}
	text_newline(out);
}

void layout_render(const struct layout *layout, struct text *out)
{
	struct column columns[2] = {0};
	size_t next = 0;

	while (next < layout->count || busy(&columns[LEFT]) || busy(&columns[RIGHT])) {
		const struct block *begins = NULL;

		if (next < layout->count && !busy(&columns[layout->blocks[next].side])) {
			begins = &layout->blocks[next++];
			columns[begins->side] = (struct column){begins, 0};
		}
		put_row(layout, out, columns, begins);
	}
}
