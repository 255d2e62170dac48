/* SPDX-License-Identifier: MIT */
#include "present.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

#define NS_PER_S 1000000000ll

void present_time(int64_t ns, char ret[PRESENT_TIME])
{
	int64_t below = ns % NS_PER_S;
	time_t seconds = (ns - below) / NS_PER_S;
	struct tm tm;
	size_t n;

	if (below < 0) {
		below += NS_PER_S;
		seconds--;
	}
	/* 64 bits of nanoseconds end in the year 2262. */
	gmtime_r(&seconds, &tm);
	n = strftime(ret, PRESENT_TIME, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + n, PRESENT_TIME - n, ".%06uZ", (unsigned int)(below / 1000) % 1000000);
}

static bool is_time(const char *name, const json_t *value)
{
	size_t n = strlen(name);

	return json_is_integer(value) && n > 3 && strcmp(name + n - 3, "_at") == 0;
}

json_t *present_record(const json_t *record)
{
	_cleanup_(json_decrefp) json_t *shown = json_object();
	const char *name;
	json_t *value;
	char text[PRESENT_TIME];

	if (!shown)
		return NULL;
	json_object_foreach ((json_t *)record, name, value) {
		if (is_time(name, value)) {
			present_time(json_integer_value(value), text);
			if (json_object_set_new_nocheck(shown, name, json_string(text)) < 0)
				return NULL;
		} else if (json_object_set_nocheck(shown, name, value) < 0) {
			return NULL;
		}
	}
	return steal(&shown);
}
