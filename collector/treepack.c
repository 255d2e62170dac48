/* SPDX-License-Identifier: MIT */
/*
 * The value: a version, the sizes of what follows, then zstd frames of the head and of each kind of
 * column, and the ids. The head has the codes of all rows, each once, and of each row what is in no
 * stream: is its request the one before it, which codes it has, how much of each stream is its own.
 */
#include "treepack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "cleanup.h"
#include "store.h"

#define VERSION 1
/* A pack is written once: 15 takes a tenth less than 9, and a quarter of a second. */
#define LEVEL 15
/* A pack is full long before; a row of its own may be COLUMNS_MAX. */
#define STREAM_MAX (2u * COLUMNS_MAX)

enum { SAME_REQUEST, SAME_SESSION, OTHER_SESSION };

int zip(struct span bytes, int level, struct buffer *out)
{
	size_t bound = ZSTD_compressBound(bytes.size), n;
	int r = buffer_reserve(out, bound);

	if (r < 0)
		return r;
	n = ZSTD_compress(out->data + out->size, bound, bytes.data, bytes.size, level);
	if (ZSTD_isError(n))
		return -ENOMEM;
	out->size += n;
	return 0;
}

int unzip(struct span packed, size_t max, struct buffer *ret)
{
	/* The two error values of this function are larger than any size. */
	unsigned long long size = ZSTD_getFrameContentSize(packed.data, packed.size);
	int r;

	if (size > max)
		return -EBADMSG;
	ret->size = 0;
	r = buffer_reserve(ret, size);
	if (r < 0)
		return r;
	if (ZSTD_decompress(ret->data, size, packed.data, packed.size) != size)
		return -EBADMSG;
	ret->size = size;
	return 0;
}

void treepack_writer_deinit(struct treepack_writer *writer)
{
	codes_deinit(&writer->codes);
	buffer_deinit(&writer->rows);
	buffer_deinit(&writer->ids);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buffer_deinit(&writer->streams[i]);
}

size_t treepack_size(const struct treepack_writer *writer)
{
	size_t size = writer->rows.size + writer->codes.bytes.size;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		size += writer->streams[i].size;
	return size;
}

static int add_ids(struct treepack_writer *writer, const struct treepack_row *row)
{
	int same = OTHER_SESSION, r = 0;

	if (writer->count && memcmp(writer->session, row->session, PACK_SESSION) == 0)
		same = memcmp(writer->request, row->request, PACK_REQUEST) == 0 ? SAME_REQUEST
										: SAME_SESSION;
	if (same == OTHER_SESSION)
		r = buffer_add(&writer->ids, row->session, PACK_SESSION);
	if (r == 0 && same != SAME_REQUEST)
		r = buffer_add(&writer->ids, row->request, PACK_REQUEST);
	memcpy(writer->session, row->session, PACK_SESSION);
	memcpy(writer->request, row->request, PACK_REQUEST);
	return r < 0 ? r : varint_add(&writer->rows, (uint64_t)same);
}

static int add_codes(struct treepack_writer *writer, const struct columns *columns)
{
	int r = varint_add(&writer->rows, columns->code_count);

	for (size_t i = 0; i < columns->code_count && r == 0; i++) {
		uint32_t code;

		r = codes_add(&writer->codes, columns->codes[i], &code);
		if (r == 0)
			r = varint_add(&writer->rows, code);
	}
	return r;
}

int treepack_add(struct treepack_writer *writer, const struct treepack_row *row)
{
	const uint64_t numbers[] = {row->chunk, row->columns.flags, row->columns.calls};
	int r = add_ids(writer, row);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && r == 0; i++)
		r = varint_add(&writer->rows, numbers[i]);
	if (r == 0)
		r = add_codes(writer, &row->columns);
	for (size_t i = 0; i < COLUMN_COUNT && r == 0; i++) {
		const struct span *column = &row->columns.column[i];

		r = varint_add(&writer->rows, column->size);
		if (r == 0)
			r = buffer_add(&writer->streams[i], column->data, column->size);
	}
	writer->count++;
	return r;
}

static int head_of(const struct treepack_writer *writer, struct buffer *head)
{
	int r = varint_add(head, writer->codes.count);

	for (size_t i = 0; i < writer->codes.count && r == 0; i++) {
		struct span code = codes_get(&writer->codes, (uint32_t)i);

		r = varint_add(head, code.size);
		if (r == 0)
			r = buffer_add(head, code.data, code.size);
	}
	if (r == 0)
		r = varint_add(head, writer->count);
	return r < 0 ? r : buffer_add(head, writer->rows.data, writer->rows.size);
}

int treepack_finish(const struct treepack_writer *writer, struct buffer *out)
{
	_cleanup_(buffer_deinit) struct buffer head = BUFFER_INIT, frames = BUFFER_INIT;
	static const uint8_t version = VERSION;
	size_t ends[COLUMN_COUNT + 1];
	int r = head_of(writer, &head);

	if (r == 0)
		r = zip((struct span){head.data, head.size}, LEVEL, &frames);
	ends[0] = frames.size;
	for (size_t i = 0; i < COLUMN_COUNT && r == 0; i++) {
		const struct buffer *stream = &writer->streams[i];

		r = zip((struct span){stream->data, stream->size}, LEVEL, &frames);
		ends[i + 1] = frames.size;
	}
	if (r == 0)
		r = buffer_add(out, &version, 1);
	for (size_t i = 0; i <= COLUMN_COUNT && r == 0; i++)
		r = varint_add(out, ends[i] - (i ? ends[i - 1] : 0));
	if (r == 0)
		r = buffer_add(out, frames.data, frames.size);
	return r < 0 ? r : buffer_add(out, writer->ids.data, writer->ids.size);
}

void treepack_close(struct treepack *pack)
{
	columns_deinit(&pack->row.columns);
	buffer_deinit(&pack->head);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		buffer_deinit(&pack->streams[i]);
	free(pack->codes);
	pack->codes = NULL;
}

static int read_codes(struct treepack *pack)
{
	pack->code_count = cursor_varint(&pack->cursor);
	if (pack->code_count > pack->head.size)
		return -EBADMSG;
	pack->codes = calloc(pack->code_count + 1, sizeof(*pack->codes));
	if (!pack->codes)
		return -ENOMEM;
	for (uint64_t i = 0; i < pack->code_count; i++)
		pack->codes[i] = cursor_bytes(&pack->cursor, cursor_varint(&pack->cursor));
	pack->left = cursor_varint(&pack->cursor);
	return pack->cursor.bad ? -EBADMSG : 0;
}

int treepack_open(struct treepack *pack, struct span bytes)
{
	struct cursor cursor = cursor_of(bytes);
	uint64_t sizes[COLUMN_COUNT + 1];
	int r;

	*pack = (struct treepack){0};
	if (cursor_byte(&cursor) != VERSION)
		return -EBADMSG;
	for (size_t i = 0; i <= COLUMN_COUNT; i++)
		sizes[i] = cursor_varint(&cursor);
	for (size_t i = 0; i <= COLUMN_COUNT; i++)
		pack->packed[i] = cursor_bytes(&cursor, sizes[i]);
	if (cursor.bad)
		return -EBADMSG;
	pack->ids = cursor_bytes(&cursor, (uint64_t)(cursor.end - cursor.p));
	r = unzip(pack->packed[0], STREAM_MAX, &pack->head);
	if (r < 0)
		return r;
	pack->cursor = cursor_of((struct span){pack->head.data, pack->head.size});
	return read_codes(pack);
}

int treepack_load(struct treepack *pack)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		int r = unzip(pack->packed[i + 1], STREAM_MAX, &pack->streams[i]);

		if (r < 0)
			return r;
		pack->rest[i] = (struct span){pack->streams[i].data, pack->streams[i].size};
	}
	pack->loaded = true;
	return 0;
}

static struct span take(struct span *from, uint64_t size, bool *bad)
{
	struct span taken = {from->data, size};

	if (size > from->size) {
		*bad = true;
		return (struct span){0};
	}
	from->data += size;
	from->size -= size;
	return taken;
}

static bool read_ids(struct treepack *pack)
{
	uint64_t same = cursor_varint(&pack->cursor);
	struct span session, request;
	bool bad = same > OTHER_SESSION;

	if (same == OTHER_SESSION) {
		session = take(&pack->ids, PACK_SESSION, &bad);
		if (!bad)
			memcpy(pack->row.session, session.data, PACK_SESSION);
	}
	if (same != SAME_REQUEST) {
		request = take(&pack->ids, PACK_REQUEST, &bad);
		if (!bad)
			memcpy(pack->row.request, request.data, PACK_REQUEST);
	}
	return !bad;
}

static int read_row_codes(struct treepack *pack, struct columns *columns)
{
	uint64_t count = cursor_varint(&pack->cursor);

	if (count > (uint64_t)(pack->cursor.end - pack->cursor.p))
		return -EBADMSG;
	columns->codes = calloc(count + 1, sizeof(*columns->codes));
	if (!columns->codes)
		return -ENOMEM;
	columns->code_count = count;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t code = cursor_varint(&pack->cursor);

		if (code >= pack->code_count)
			return -EBADMSG;
		columns->codes[i] = pack->codes[code];
	}
	return 0;
}

int treepack_next(struct treepack *pack)
{
	struct columns *columns = &pack->row.columns;
	uint64_t chunk;
	bool bad;
	int r;

	columns_deinit(columns);
	if (!pack->left)
		return pack->cursor.p == pack->cursor.end ? STORE_NONE : -EBADMSG;
	pack->left--;
	bad = !read_ids(pack);
	chunk = cursor_varint(&pack->cursor);
	*columns = (struct columns){.flags = cursor_varint(&pack->cursor)};
	columns->calls = cursor_varint(&pack->cursor);
	r = read_row_codes(pack, columns);
	for (size_t i = 0; i < COLUMN_COUNT && r == 0; i++) {
		uint64_t size = cursor_varint(&pack->cursor);

		if (pack->loaded)
			columns->column[i] = take(&pack->rest[i], size, &bad);
	}
	if (r < 0)
		return r;
	if (bad || pack->cursor.bad || chunk > UINT32_MAX || columns->calls > COLUMNS_CALLS_MAX)
		return -EBADMSG;
	pack->row.chunk = (uint32_t)chunk;
	return 0;
}

bool treepack_row_is(const struct treepack_row *row, const struct uuid *session,
		     const struct uuid *request)
{
	return memcmp(row->session, session->bytes, PACK_SESSION) == 0 &&
	       (!request || memcmp(row->request, request->bytes, PACK_REQUEST) == 0);
}
