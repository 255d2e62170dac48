/* SPDX-License-Identifier: MIT */
/*
 * Blocks of text on one time axis: side by side where there is room, else below each other.
 */
#pragma once

#include "text.h"

#define LAYOUT_TWO_COLUMNS 120 /* from this width on */

enum side { LEFT, RIGHT };

struct block {
	enum side side;
	bool has_offset;
	double offset_ms;
	struct text text;
};

struct layout {
	int width;
	int offset_width;
	int left, right; /* widths of the columns; in one column both are the whole */
	bool two;
	bool color;
	struct block *blocks;
	size_t count, capacity;
};

/* `last_offset_ms` is the largest in either direction: how wide offsets are. */
void layout_init(struct layout *layout, int width, bool color, double last_offset_ms);
void layout_deinit(struct layout *layout);
/* A new block to write to, at most layout_width(side) wide; in time order. NULL: no memory. Valid
 * until the next. */
struct text *layout_add(struct layout *layout, enum side side, const double *offset_ms);
int layout_width(const struct layout *layout, enum side side);
void layout_render(const struct layout *layout, struct text *out);
