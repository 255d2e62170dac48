/* SPDX-License-Identifier: MIT */
/*
 * UUIDs of records. They are derived from what they name, so that two hosts, or one host twice,
 * give the same thing the same id: version 8 (RFC 9562, custom) over XXH3's 128 bits of a name
 * within a domain.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uuid {
	uint8_t bytes[16];
};

#define UUID_TEXT 37 /* with the terminating NUL */

/* `domain` is what kind of thing it is ("session", "request", …); `name` identifies it among these.
 */
void uuid_derive(struct uuid *ret, const char *domain, const void *name, size_t size);
void uuid_format(const struct uuid *uuid, char ret[UUID_TEXT]);
bool uuid_parse(struct uuid *ret, const char *text);
