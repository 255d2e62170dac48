/* SPDX-License-Identifier: MIT */
/*
 * UUIDs derived from names. The hash is not cryptographic: whoever may choose names (callers of the
 * traced application) could make two collide, which costs them their own records and nobody else's.
 */
#include "uuid.h"

#include <string.h>
#include <xxhash.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool dash_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_derive(struct uuid *ret, const char *domain, const void *name, size_t size)
{
	XXH64_hash_t seed = XXH3_64bits(domain, strlen(domain));
	XXH128_canonical_t bytes;

	XXH128_canonicalFromHash(&bytes, XXH3_128bits_withSeed(size ? name : "", size, seed));
	memcpy(ret->bytes, bytes.digest, sizeof(ret->bytes));
	ret->bytes[6] = (ret->bytes[6] & 0x0f) | 0x80; /* version 8 */
	ret->bytes[8] = (ret->bytes[8] & 0x3f) | 0x80; /* the variant of RFC 9562 */
}

void uuid_format(const struct uuid *uuid, char ret[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = ret;

	for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
		if (dash_before(i))
			*p++ = '-';
		*p++ = digits[uuid->bytes[i] >> 4];
		*p++ = digits[uuid->bytes[i] & 15];
	}
	*p = 0;
}

bool uuid_parse(struct uuid *ret, const char *text)
{
	struct uuid uuid;

	for (size_t i = 0; i < sizeof(uuid.bytes); i++) {
		int high, low;

		if (dash_before(i) && *text++ != '-')
			return false;
		high = hex(text[0]);
		low = high < 0 ? -1 : hex(text[1]);
		if (low < 0)
			return false;
		uuid.bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return false;
	*ret = uuid;
	return true;
}
