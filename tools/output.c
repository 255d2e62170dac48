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

static int put_escaped(const char *data, size_t size, void *userdata)
{
	struct escaper *escaper = userdata;

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)data[i];

		if (escaper->after_c2 && c < 0xa0)
			fprintf(escaper->file, "\\u%04x", c);
		else if (escaper->after_c2)
			fprintf(escaper->file, "\xc2%c", c);
		else if (c == 0x7f)
			fputs("\\u007f", escaper->file);
		else if (c != 0xc2)
			putc(c, escaper->file);
		escaper->after_c2 = c == 0xc2 && !escaper->after_c2;
	}
	return ferror(escaper->file) ? -1 : 0;
}

static int put_json(FILE *file, const json_t *json, size_t flags)
{
	struct escaper escaper = {file, false};

	if (json_dump_callback(json, put_escaped, &escaper, flags | value_precision(json)) < 0)
		return ferror(file) ? -EIO : -ENOMEM;
	return 0;
}

int output_json(const json_t *document)
{
	int r = put_json(stdout, document, JSON_INDENT(2));

	putchar('\n');
	return r;
}

int output_ndjson(const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach ((json_t *)records, i, record) {
		int r = put_json(stdout, record, JSON_COMPACT);

		putchar('\n');
		if (r)
			return r;
	}
	return 0;
}

/* On a terminal nothing may be obeyed; in a file the data stay what they are. */
static void put_cell_char(char c, bool terminal)
{
	unsigned char u = (unsigned char)c;

	if (terminal && ((u < 0x20 && u != '\n') || u == 0x7f))
		c = '?';
	putchar(c);
}

static void put_cell(const char *text, size_t size)
{
	bool terminal = isatty(STDOUT_FILENO) == 1;
	bool quote = false;

	for (size_t i = 0; i < size; i++)
		quote |= text[i] == '"' || text[i] == ',' || text[i] == '\n' || text[i] == '\r';
	if (quote)
		putchar('"');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			putchar('"');
		/* C1 controls: 0xc2, then 0x80 to 0x9f. */
		if (terminal && text[i] == '\xc2' && i + 1 < size &&
		    (unsigned char)text[i + 1] < 0xa0) {
			putchar('?');
			i++;
			continue;
		}
		put_cell_char(text[i], terminal);
	}
	if (quote)
		putchar('"');
}

static int put_value(const json_t *value)
{
	_cleanup_(freep) char *text = NULL;

	if (!value || json_is_null(value))
		return 0;
	if (json_is_string(value)) {
		put_cell(json_string_value(value), json_string_length(value));
		return 0;
	}
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | value_precision(value));
	if (!text)
		return -ENOMEM;
	put_cell(text, strlen(text));
	return 0;
}

static int put_row(const json_t *record, const char *const *columns)
{
	for (size_t i = 0; columns[i]; i++) {
		int r;

		if (i)
			putchar(',');
		r = put_value(json_object_get(record, columns[i]));
		if (r)
			return r;
	}
	fputs("\r\n", stdout);
	return 0;
}

int output_csv(const json_t *records, const char *const *columns)
{
	json_t *record;
	size_t i;

	for (i = 0; columns[i]; i++)
		printf("%s%s", i ? "," : "", columns[i]);
	fputs("\r\n", stdout);
	json_array_foreach ((json_t *)records, i, record) {
		int r = put_row(record, columns);

		if (r)
			return r;
	}
	return 0;
}
