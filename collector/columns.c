/* SPDX-License-Identifier: MIT */
#include "columns.h"

#include <errno.h>
#include <stdlib.h>

void columns_deinit(struct columns *columns)
{
	free(columns->codes);
	columns->codes = NULL;
}

int columns_write(const struct columns *columns, struct buffer *out)
{
	size_t start = out->size;
	int r = varint_add(out, columns->flags);

	if (r == 0)
		r = varint_add(out, columns->calls);
	if (r == 0)
		r = varint_add(out, columns->code_count);
	for (size_t i = 0; i < columns->code_count && r == 0; i++) {
		r = varint_add(out, columns->codes[i].size);
		if (r == 0)
			r = buffer_add(out, columns->codes[i].data, columns->codes[i].size);
	}
	for (size_t i = 0; i < COLUMN_COUNT && r == 0; i++)
		r = varint_add(out, columns->column[i].size);
	for (size_t i = 0; i < COLUMN_COUNT && r == 0; i++)
		r = buffer_add(out, columns->column[i].data, columns->column[i].size);
	return r == 0 && out->size - start > COLUMNS_MAX ? -E2BIG : r;
}

int columns_read(struct columns *ret, struct span bytes)
{
	struct cursor cursor = cursor_of(bytes);
	struct columns columns = {.flags = cursor_varint(&cursor)};
	uint64_t sizes[COLUMN_COUNT];

	columns.calls = cursor_varint(&cursor);
	columns.code_count = cursor_varint(&cursor);
	/* A code has more than a byte. */
	if (cursor.bad || columns.calls > COLUMNS_CALLS_MAX || columns.code_count > bytes.size)
		return -EBADMSG;
	columns.codes = calloc(columns.code_count + 1, sizeof(*columns.codes));
	if (!columns.codes)
		return -ENOMEM;
	for (size_t i = 0; i < columns.code_count; i++)
		columns.codes[i] = cursor_bytes(&cursor, cursor_varint(&cursor));
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		sizes[i] = cursor_varint(&cursor);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		columns.column[i] = cursor_bytes(&cursor, sizes[i]);
	if (cursor.bad || cursor.p != cursor.end) {
		columns_deinit(&columns);
		return -EBADMSG;
	}
	*ret = columns;
	return 0;
}
