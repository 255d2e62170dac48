/* SPDX-License-Identifier: MIT */
/*
 * Facts: numbers as LEB128, then the function's and the company's name, each with its NUL. Status,
 * duration, queries, outbound calls and their times in microseconds.
 */
#include <errno.h>
#include <string.h>

#include "record.h"
#include "store-index.h"
#include "varint.h"

#define NUMBERS	 6
#define NAME_MAX 500

static const char *const statuses[] = {
	[STORE_PENDING] = "pending",
	[STORE_SUCCESS] = "success",
	[STORE_ERROR] = "error",
	[STORE_TIMEOUT] = "timeout",
};

#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static uint64_t status_of(const json_t *function)
{
	const char *status = json_string_value(json_object_get(function, "status")) ?: "";

	for (uint64_t i = 0; i < STATUSES; i++)
		if (strcmp(statuses[i], status) == 0)
			return i;
	return STORE_PENDING;
}

static uint64_t microseconds(const json_t *function, const char *field)
{
	double us = json_number_value(json_object_get(function, field)) * 1000;

	return us > 0 && us < 9e15 ? (uint64_t)(us + 0.5) : 0;
}

static uint64_t count(const json_t *function, const char *field)
{
	json_int_t n = json_integer_value(json_object_get(function, field));

	return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint64_t)n;
}

static size_t put_name(uint8_t *p, const char *name)
{
	size_t size = strlen(name);

	/* Cut between characters: it is text still. */
	if (size > NAME_MAX)
		for (size = NAME_MAX; size && (name[size] & 0xc0) == 0x80;)
			size--;
	memcpy(p, name, size);
	p[size] = 0;
	return size + 1;
}

size_t fact_encode(uint8_t ret[FACT_MAX], const json_t *function, const char *company)
{
	const uint64_t numbers[NUMBERS] = {
		status_of(function),
		microseconds(function, "duration_ms"),
		count(function, "db_query_count"),
		count(function, "external_api_calls"),
		microseconds(function, "db_query_time_ms"),
		microseconds(function, "external_api_time_ms"),
	};
	size_t size = 0;

	for (size_t i = 0; i < NUMBERS; i++)
		size += varint_put(ret + size, numbers[i]);
	size += put_name(ret + size, get_text(function, "function_name"));
	return size + put_name(ret + size, company);
}

static const char *get_name(const uint8_t **p, const uint8_t *end)
{
	const char *name = (const char *)*p;
	const uint8_t *nul = *p ? memchr(*p, 0, (size_t)(end - *p)) : NULL;

	*p = nul ? nul + 1 : NULL;
	return nul ? name : NULL;
}

int fact_decode(struct store_fact *ret, const struct posting *at, struct bytes value)
{
	const uint8_t *p = value.data, *end = p + value.size;
	uint64_t numbers[NUMBERS] = {0};
	const char *name, *company;

	for (size_t i = 0; i < NUMBERS; i++)
		p = varint_get(p, end, &numbers[i]);
	name = get_name(&p, end);
	company = get_name(&p, end);
	if (!name || !company || numbers[0] >= STATUSES)
		return -EBADMSG;
	*ret = (struct store_fact){
		.session = at->session,
		.sequence = at->seq,
		.started_at = at->time,
		.status = (enum store_status)numbers[0],
		.duration_us = numbers[1],
		.db_query_count = (uint32_t)numbers[2],
		.external_api_calls = (uint32_t)numbers[3],
		.db_query_us = numbers[4],
		.external_api_us = numbers[5],
		.function_name = name,
		.company_id = company,
	};
	return 0;
}
