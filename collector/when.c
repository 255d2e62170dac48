/* SPDX-License-Identifier: MIT */
#include "when.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECONDS_BELOW 1e11
#define SANE_MS	      4e12

/* "Z", "+01:00", "+0100", "+01", "". */
static bool read_zone(const char *text, int *ret_s)
{
	int hours, minutes = 0, n = 0;

	*ret_s = 0;
	if (!*text || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	if (sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) < 2 || text[1 + n])
		if ((n = 0, sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &n)) < 2 || text[1 + n])
			if ((n = 0, minutes = 0, sscanf(text + 1, "%2d%n", &hours, &n)) < 1 ||
			    text[1 + n])
				return false;
	if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
		return false;
	*ret_s = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
	return true;
}

/* "2026-03-02T09:00:00.137Z" */
static bool read_iso(const char *text, int64_t *ret_ms)
{
	struct tm tm = {0};
	double fraction = 0, unit = 0.1;
	int n = 0, zone;

	if (sscanf(text, "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) < 6 ||
	    !n)
		return false;
	text += n;
	if (*text == '.' || *text == ',')
		for (text++; isdigit((unsigned char)*text); text++, unit /= 10)
			fraction += unit * (*text - '0');
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
	    tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60 || !read_zone(text, &zone))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret_ms = ((int64_t)timegm(&tm) - zone) * 1000 + (int64_t)(fraction * 1000 + 0.5);
	return true;
}

static bool read_number(const json_t *json, double *ret)
{
	const char *text = json_string_value(json);
	char *end;

	if (json_is_number(json)) {
		*ret = json_number_value(json);
		return isfinite(*ret);
	}
	/* As forms have them. */
	if (!text || !*text || strlen(text) > 24 || strspn(text, "0123456789.") != strlen(text))
		return false;
	*ret = strtod(text, &end);
	return !*end;
}

bool when_read(const json_t *json, int64_t *ret_ms)
{
	double number;

	if (!read_number(json, &number))
		return json_is_string(json) && read_iso(json_string_value(json), ret_ms);
	if (number > 0 && number < SECONDS_BELOW)
		number *= 1000;
	if (number <= 0 || number > SANE_MS)
		return false;
	*ret_ms = (int64_t)(number + 0.5);
	return true;
}

bool length_read(const json_t *json, const char *unit, double *ret_ms)
{
	double number;

	if (!read_number(json, &number) || number < 0)
		return false;
	if (unit && strcmp(unit, "s") == 0)
		number *= 1000;
	else if (unit && strcmp(unit, "min") == 0)
		number *= 60000;
	*ret_ms = number;
	return number < SANE_MS;
}
