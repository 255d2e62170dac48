/* SPDX-License-Identifier: MIT */
#include "store-pack.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "cleanup.h"
#include "store-dictionary.h"
#include "store-json.h"

/* Above 3 the gain is a few percent for several times the work. */
#define LEVEL 3

enum { PACKED_ZSTD_1 = 1 };

struct pack {
	ZSTD_CCtx *compress;
	ZSTD_DCtx *decompress;
	ZSTD_CDict *compress_with;
	ZSTD_DDict *decompress_with;
};

CLEANUP_DEFINE(struct pack *, pack_free);

void pack_free(struct pack *pack)
{
	if (!pack)
		return;
	ZSTD_freeCCtx(pack->compress);
	ZSTD_freeDCtx(pack->decompress);
	ZSTD_freeCDict(pack->compress_with);
	ZSTD_freeDDict(pack->decompress_with);
	free(pack);
}

int pack_new(struct pack **ret)
{
	_cleanup_(pack_freep) struct pack *pack = calloc(1, sizeof(*pack));

	if (!pack)
		return -ENOMEM;
	pack->decompress = ZSTD_createDCtx();
	pack->decompress_with = ZSTD_createDDict(store_dictionary, sizeof(store_dictionary));
	if (!pack->decompress || !pack->decompress_with)
		return -ENOMEM;
	*ret = steal(&pack);
	return 0;
}

/* Only who writes needs it: digesting a dictionary for compression takes its time. */
static int prepare(struct pack *pack)
{
	if (!pack->compress)
		pack->compress = ZSTD_createCCtx();
	if (!pack->compress_with)
		pack->compress_with =
			ZSTD_createCDict(store_dictionary, sizeof(store_dictionary), LEVEL);
	return pack->compress && pack->compress_with ? 0 : -ENOMEM;
}

int pack_bytes(struct pack *pack, struct bytes bytes, struct buffer *out)
{
	static const uint8_t head = PACKED_ZSTD_1;
	size_t bound = ZSTD_compressBound(bytes.size), n;
	_cleanup_(freep) void *packed = bytes.size <= PACK_MAX ? malloc(bound) : NULL;
	int r = packed ? prepare(pack) : bytes.size > PACK_MAX ? -E2BIG : -ENOMEM;

	if (r < 0)
		return r;
	n = ZSTD_compress_usingCDict(pack->compress, packed, bound, bytes.data, bytes.size,
				     pack->compress_with);
	if (ZSTD_isError(n) || buffer_add(out, &head, sizeof(head)) < 0)
		return -ENOMEM;
	return buffer_add(out, packed, n);
}

int pack_json(struct pack *pack, const json_t *json, struct buffer *out)
{
	_cleanup_(buffer_deinit) struct buffer bytes = BUFFER_INIT;
	int r = json_write(json, &bytes);

	return r ? r : pack_bytes(pack, (struct bytes){bytes.data, bytes.size}, out);
}

int unpack_bytes(struct pack *pack, struct bytes value, struct bytes *ret)
{
	_cleanup_(freep) char *data = NULL;
	unsigned long long size;
	const uint8_t *packed = value.data;

	if (!value.size || packed[0] != PACKED_ZSTD_1)
		return -EBADMSG;
	/* The two error values of this function are larger than any size. */
	size = ZSTD_getFrameContentSize(packed + 1, value.size - 1);
	if (size > PACK_MAX)
		return -EBADMSG;
	data = malloc(size + 1);
	if (!data)
		return -ENOMEM;
	if (ZSTD_decompress_usingDDict(pack->decompress, data, size, packed + 1, value.size - 1,
				       pack->decompress_with) != size)
		return -EBADMSG;
	*ret = (struct bytes){steal(&data), size};
	return 0;
}

int unpack_json(struct pack *pack, struct bytes value, json_t **ret)
{
	struct bytes bytes;
	int r = unpack_bytes(pack, value, &bytes);

	if (r)
		return r;
	r = json_read(bytes, ret);
	free((void *)bytes.data);
	return r;
}
