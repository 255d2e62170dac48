/* SPDX-License-Identifier: MIT */
/*
 * What the list commands have in common: one array of records, in four formats.
 */
#pragma once

#include "command.h"

struct list_column {
	const char *title;
	/* Adds the record's cell. */
	void (*cell)(struct text *text, const json_t *record);
	bool right;
	int most; /* columns a cell may take; 0: what is left of the line (the last column) */
	int from; /* only where the line has so many columns */
	/* Of the last column, instead of `cell`: adds at most `width` columns. */
	void (*fit)(struct text *text, const json_t *record, int width);
};

struct list_shape {
	const char *name; /* of the array in the document */
	const char *const *csv;
	const struct list_column *columns; /* ends with a title of NULL */
};

/* As text, even when there are none. */
int list_print_text(const struct options *options, const struct list_column *columns,
		    const json_t *records);
/* Prints in the format that is asked for. COMMAND_NOTHING when the list is empty. */
int list_print(const struct options *options, const struct list_shape *shape, json_t *records);
