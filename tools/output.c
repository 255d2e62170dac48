/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "value.h"

/* jansson escapes the control characters below space. Those that it leaves, DEL and U+0080 to
 * U+009F, some terminals obey: they stand only inside strings, where an escape means the same. */
struct escaper {
	FILE *file;
	bool after_c2;
};

/* Where the first byte is that may not stay, after a 0xc2 perhaps; `size` when there is none. */
static size_t plain_bytes(const char *data, size_t size)
{
	size_t i = 0;

	while (i < size && data[i] != 0x7f && data[i] != '\xc2')
		i++;
	return i;
}

static int put_escaped(const char *data, size_t size, void *userdata)
{
	struct escaper *escaper = userdata;

	for (size_t i = 0; i < size; i++) {
		size_t n = escaper->after_c2 ? 0 : plain_bytes(data + i, size - i);
		unsigned char c;

		fwrite(data + i, 1, n, escaper->file);
		i += n;
		if (i == size)
			break;
		c = (unsigned char)data[i];
		if (escaper->after_c2 && c < 0xa0)
			fprintf(escaper->file, "\\u%04x", c);
		else if (escaper->after_c2)
			fprintf(escaper->file, "\xc2%c", c);
		else if (c == 0x7f)
			fputs("\\u007f", escaper->file);
		escaper->after_c2 = c == 0xc2 && !escaper->after_c2;
	}
	return ferror(escaper->file) ? -1 : 0;
}

int output_value(FILE *file, const json_t *value, size_t flags)
{
	struct escaper escaper = {file, false};

	if (json_dump_callback(value, put_escaped, &escaper, flags | value_precision(value)) < 0)
		return ferror(file) ? -EIO : -ENOMEM;
	return 0;
}

int output_json(const json_t *document)
{
	int r = output_value(stdout, document, JSON_INDENT(2));

	putchar('\n');
	return r;
}

int output_ndjson(const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach ((json_t *)records, i, record) {
		int r = output_value(stdout, record, JSON_COMPACT);

		putchar('\n');
		if (r)
			return r;
	}
	return 0;
}

/* On a terminal nothing may be obeyed; in a file the data stay what they are. */
static void put_cell_char(FILE *file, char c, bool terminal)
{
	unsigned char u = (unsigned char)c;

	if (terminal && ((u < 0x20 && u != '\n') || u == 0x7f))
		c = '?';
	putc(c, file);
}

static void put_cell(struct output_csv *csv, const char *text, size_t size)
{
	bool quote = false;

	for (size_t i = 0; i < size; i++)
		quote |= text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
	if (quote)
		putc('"', csv->file);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			putc('"', csv->file);
		/* C1 controls: 0xc2, then 0x80 to 0x9f. */
		if (csv->terminal && text[i] == '\xc2' && i + 1 < size &&
		    (unsigned char)text[i + 1] < 0xa0) {
			putc('?', csv->file);
			i++;
			continue;
		}
		put_cell_char(csv->file, text[i], csv->terminal);
	}
	if (quote)
		putc('"', csv->file);
}

static int put_value(struct output_csv *csv, const json_t *value)
{
	_cleanup_(freep) char *text = NULL;

	if (!value || json_is_null(value))
		return 0;
	if (json_is_string(value)) {
		put_cell(csv, json_string_value(value), json_string_length(value));
		return 0;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | value_precision(value));
	if (!text)
		return -ENOMEM;
	put_cell(csv, text, strlen(text));
	return 0;
}

void output_csv_begin(struct output_csv *ret, FILE *file, const char *const *columns)
{
	*ret = (struct output_csv){file, columns, isatty(fileno(file)) == 1};
	for (size_t i = 0; columns[i]; i++)
		fprintf(file, "%s%s", i ? "," : "", columns[i]);
	fputs("\r\n", file);
}

int output_csv_row(struct output_csv *csv, const json_t *record)
{
	for (size_t i = 0; csv->columns[i]; i++) {
		int r;

		if (i)
			putc(',', csv->file);
		r = put_value(csv, json_object_get(record, csv->columns[i]));
		if (r)
			return r;
	}
	fputs("\r\n", csv->file);
	return 0;
}

int output_csv(const json_t *records, const char *const *columns)
{
	struct output_csv csv;
	json_t *record;
	size_t i;

	output_csv_begin(&csv, stdout, columns);
	json_array_foreach ((json_t *)records, i, record) {
		int r = output_csv_row(&csv, record);

		if (r)
			return r;
	}
	return 0;
}
