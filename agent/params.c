/* SPDX-License-Identifier: MIT */
/* FastCGI parameters. */

#include "params.h"

#include "frame.h"
#include "values.h"

#include <calltrace/secret.h>

#define MAX_VALUE 8192
#define MAX_NAME  256
#define MASKS	  1024 /* what a value takes more with its secrets masked, and the heads */

/* "v=1772442020137,d=bd3c…": the time is worth keeping, the digest is a secret. */
static void pack_signature(struct pack *k, const char *value, size_t n)
{
	char text[64];
	size_t i = 2;

	if (n > 2 && (value[0] == 'v' || value[0] == 't') && value[1] == '=') {
		while (i < n && i < 32 && value[i] >= '0' && value[i] <= '9')
			i++;
		memcpy(text, value, i);
		if (i < n)
			memcpy(text + i, "," CT_SECRET, sizeof("," CT_SECRET) - 1);
		pack_str(k, text, i < n ? i + sizeof("," CT_SECRET) - 1 : i);
	} else {
		pack_text(k, CT_SECRET);
	}
}

static bool ends_with(const struct fastcgi_pair *pair, const char *suffix)
{
	size_t n = strlen(suffix);

	return pair->name_len >= n && !memcmp(pair->name + pair->name_len - n, suffix, n);
}

static void pack_param(struct pack *k, const struct fastcgi_pair *pair)
{
	size_t n = pair->value_len < MAX_VALUE ? pair->value_len : MAX_VALUE;

	value_pack_name(k, pair->name, pair->name_len, MAX_NAME);
	if (ends_with(pair, "SIGNATURE"))
		pack_signature(k, pair->value, n);
	else if (ct_secret_key(pair->name, pair->name_len))
		pack_text(k, CT_SECRET);
	else
		value_pack_text(k, pair->value, pair->value_len, MAX_VALUE);
}

static uint64_t number(const char *text, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && i < 18 && text[i] >= '0' && text[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	return v;
}

uint64_t params_write(const uint8_t *data, size_t n)
{
	uint64_t now = clock_ticks(), length = 0;
	struct fastcgi_pair pair;
	struct pack k;
	uint8_t *map = NULL;
	uint16_t count = 0;
	size_t at = 0;
	bool room = frame_begin(&k, CT_FRAME_MAX - 64, RING_KEEP, 3, CT_FRAME_PARAMS, now);

	if (room)
		map = pack_open(&k, true);
	while (fastcgi_pair(data, n, &at, &pair)) {
		if (pair.name_len == 14 && !memcmp(pair.name, "CONTENT_LENGTH", 14))
			length = number(pair.value, pair.value_len);
		if (!room || pack_room(&k) < MAX_VALUE + MAX_NAME + MASKS)
			continue;
		pack_param(&k, &pair);
		count++;
	}
	if (room)
		pack_close(&k, map, count);
	if (!room || !frame_commit(&k, now))
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
	return length;
}

bool params_get(const uint8_t *data, size_t n, const char *name, struct fastcgi_pair *ret)
{
	size_t name_len = strlen(name), at = 0;
	struct fastcgi_pair pair;

	while (fastcgi_pair(data, n, &at, &pair)) {
		if (pair.name_len != name_len || memcmp(pair.name, name, name_len) != 0)
			continue;
		*ret = pair;
		return true;
	}
	return false;
}
