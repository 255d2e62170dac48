/* SPDX-License-Identifier: MIT */
/* Reads a FastCGI stream as it passes. */

#include "fastcgi.h"

#include <string.h>

static void begin_record(struct fastcgi *stream, const struct fastcgi_events *events,
			 void *userdata)
{
	const uint8_t *h = stream->header;

	stream->have = 0;
	if (h[0] != 1) { /* version */
		stream->broken = true;
		return;
	}
	stream->type = h[1];
	stream->content_left = (uint16_t)(h[4] << 8 | h[5]);
	stream->padding_left = h[6];
	events->record(userdata, stream->type, stream->content_left);
	if (!stream->content_left)
		events->end(userdata, stream->type);
}

void fastcgi_feed(struct fastcgi *stream, const void *data, size_t n,
		  const struct fastcgi_events *events, void *userdata)
{
	const uint8_t *p = data, *end = p + n;

	while (p < end && !stream->broken) {
		size_t left = (size_t)(end - p), take;

		if (stream->content_left) {
			take = left < stream->content_left ? left : stream->content_left;
			events->content(userdata, stream->type, p, take);
			stream->content_left -= (uint16_t)take;
			if (!stream->content_left)
				events->end(userdata, stream->type);
		} else if (stream->padding_left) {
			take = left < stream->padding_left ? left : stream->padding_left;
			stream->padding_left -= (uint8_t)take;
		} else {
			take = sizeof(stream->header) - stream->have;
			take = left < take ? left : take;
			memcpy(stream->header + stream->have, p, take);
			stream->have += (uint8_t)take;
			if (stream->have == sizeof(stream->header))
				begin_record(stream, events, userdata);
		}
		p += take;
	}
}

/* One byte below 128, or four with the highest bit set. */
static bool pair_length(const uint8_t *data, size_t n, size_t *at, uint32_t *ret)
{
	if (*at >= n)
		return false;
	if (data[*at] < 0x80) {
		*ret = data[(*at)++];
		return true;
	}
	if (n - *at < 4)
		return false;
	*ret = (uint32_t)(data[*at] & 0x7f) << 24 | (uint32_t)data[*at + 1] << 16 |
	       (uint32_t)data[*at + 2] << 8 | data[*at + 3];
	*at += 4;
	return true;
}

bool fastcgi_pair(const uint8_t *data, size_t n, size_t *at, struct fastcgi_pair *ret)
{
	size_t p = *at;

	if (!pair_length(data, n, &p, &ret->name_len) ||
	    !pair_length(data, n, &p, &ret->value_len) ||
	    (uint64_t)ret->name_len + ret->value_len > n - p)
		return false;
	ret->name = (const char *)data + p;
	ret->value = ret->name + ret->name_len;
	*at = p + ret->name_len + ret->value_len;
	return true;
}
