/* SPDX-License-Identifier: MIT */
#include "list.h"

#include <errno.h>

#include "cleanup.h"
#include "output.h"
#include "terminal.h"

#define COLUMNS_MAX 16
#define GAP	    2
#define LAST_LEAST  10

/* One cell is one line of its own text, so that its width is known before the row is put together.
 */
struct grid {
	const struct list_column *columns[COLUMNS_MAX];
	size_t count; /* of cells in a row */
	size_t shown; /* all, or all but the last */
	int widths[COLUMNS_MAX];
};

static void grid_init(struct grid *grid, const struct list_column *columns, int width)
{
	*grid = (struct grid){0};
	for (; columns->title && grid->count < COLUMNS_MAX; columns++) {
		if (columns->from > width)
			continue;
		grid->widths[grid->count] = text_width(columns->title);
		grid->columns[grid->count++] = columns;
	}
}

static void add_cells(const struct grid *grid, struct text *cells, const json_t *record)
{
	for (size_t i = 0; i < grid->count; i++) {
		if (grid->columns[i]->cell)
			grid->columns[i]->cell(cells, record);
		text_newline(cells);
	}
}

static int at_most(int n, int most)
{
	return most && n > most ? most : n;
}

static void measure(struct grid *grid, const struct text *cells)
{
	for (size_t i = 0; i < cells->line_count; i++) {
		size_t column = i % grid->count;
		int width = at_most(cells->lines[i].width, grid->columns[column]->most);

		if (width > grid->widths[column])
			grid->widths[column] = width;
	}
}

/* A last column that takes what is left is not worth showing where little is. */
static void fit(struct grid *grid, int width)
{
	int used = 0;

	grid->shown = grid->count;
	if (grid->columns[grid->count - 1]->most)
		return;
	for (size_t i = 0; i + 1 < grid->count; i++)
		used += grid->widths[i] + GAP;
	if (width - used < LAST_LEAST)
		grid->shown--;
}

static void put_cell(struct text *out, const struct grid *grid, size_t column,
		     const struct text *cells, size_t line, int width)
{
	const struct list_column *shape = grid->columns[column];
	int room = shape->most ? grid->widths[column] : width - out->column;
	int cell_width = cells->lines[line].width;

	if (shape->right)
		text_pad(out, out->column + grid->widths[column] - cell_width);
	text_add_line(out, cells, line, room);
}

static void put_row(struct text *out, const struct grid *grid, const struct text *cells, size_t row,
		    const json_t *record, int width)
{
	int column = 0;

	for (size_t i = 0; i < grid->shown; i++) {
		text_pad(out, column);
		if (grid->columns[i]->fit)
			grid->columns[i]->fit(out, record, width - column);
		else
			put_cell(out, grid, i, cells, row * grid->count + i, width);
		column = out->column > column + grid->widths[i] ? out->column
								: column + grid->widths[i];
		column += GAP;
	}
	text_newline(out);
}

static void put_titles(struct text *out, const struct grid *grid)
{
	int column = 0;

	text_style(out, BOLD);
	for (size_t i = 0; i < grid->shown; i++) {
		int width = text_width(grid->columns[i]->title);

		text_pad(out, column + (grid->columns[i]->right ? grid->widths[i] - width : 0));
		text_add(out, grid->columns[i]->title);
		column += grid->widths[i] + GAP;
	}
	text_newline(out);
}

int list_print_text(const struct options *options, const struct list_column *columns,
		    const json_t *records)
{
	int width = terminal_width(options->width);
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	_cleanup_(text_deinit) struct text cells = {.color = out.color};
	struct grid grid;
	json_t *record;
	size_t i;

	grid_init(&grid, columns, width);
	json_array_foreach ((json_t *)records, i, record)
		add_cells(&grid, &cells, record);
	if (text_error(&cells))
		return -ENOMEM;
	measure(&grid, &cells);
	fit(&grid, width);
	put_titles(&out, &grid);
	json_array_foreach ((json_t *)records, i, record)
		put_row(&out, &grid, &cells, i, record, width);
	text_write(&out, stdout);
	return text_error(&out);
}

static int print(const struct options *options, const struct list_shape *shape, json_t *records)
{
	_cleanup_(json_decrefp) json_t *document = NULL;

	switch (options->format) {
	case FORMAT_JSON:
		document = json_pack("{s:O}", shape->name, records);
		return document ? output_json(document) : -ENOMEM;
	case FORMAT_NDJSON:
		return output_ndjson(records);
	case FORMAT_CSV:
		return output_csv(records, shape->csv);
	default:
		return json_array_size(records) ? list_print_text(options, shape->columns, records)
						: 0;
	}
}

int list_print(const struct options *options, const struct list_shape *shape, json_t *records)
{
	int r = print(options, shape, records);

	return r ? r : json_array_size(records) ? 0 : COMMAND_NOTHING;
}
