/* SPDX-License-Identifier: MIT */
#include "moment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ull

static bool parse_ago(const char *text, uint64_t now, uint64_t *ret)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
	char *end;
	uint64_t n;

	if (!isdigit((unsigned char)*text))
		return false;
	n = strtoull(text, &end, 10);
	if (!*end || end[1])
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t ns;

		if (*end != units[i].unit)
			continue;
		if (__builtin_mul_overflow(n, units[i].seconds * NS_PER_S, &ns) || ns > now)
			ns = now;
		*ret = now - ns;
		return true;
	}
	return false;
}

/* Exactly `n` digits. */
static bool digits(const char **text, int n, int *ret)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		char c = (*text)[i];

		if (!isdigit((unsigned char)c))
			return false;
		value = value * 10 + (c - '0');
	}
	*text += n;
	*ret = value;
	return true;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool parse_date(const char **text, struct tm *tm)
{
	if (!digits(text, 4, &tm->tm_year) || !take(text, '-') || !digits(text, 2, &tm->tm_mon) ||
	    !take(text, '-') || !digits(text, 2, &tm->tm_mday))
		return false;
	if (tm->tm_year < 1970 || tm->tm_year > 2261 || tm->tm_mon < 1 || tm->tm_mon > 12 ||
	    tm->tm_mday < 1 || tm->tm_mday > 31)
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return true;
}

static uint64_t parse_fraction(const char **text)
{
	uint64_t ns = 0, unit = NS_PER_S / 10;

	for (; isdigit((unsigned char)**text); (*text)++, unit /= 10)
		ns += unit * (uint64_t)(**text - '0');
	return ns;
}

static bool parse_clock(const char **text, struct tm *tm, uint64_t *ret_ns)
{
	if (!digits(text, 2, &tm->tm_hour) || !take(text, ':') || !digits(text, 2, &tm->tm_min))
		return false;
	if (take(text, ':') && !digits(text, 2, &tm->tm_sec))
		return false;
	if (take(text, '.'))
		*ret_ns = parse_fraction(text);
	return tm->tm_hour < 25 && tm->tm_min < 60 && tm->tm_sec < 61;
}

static bool parse_zone(const char **text, int *ret_seconds)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes = 0;

	if (take(text, 'Z') || !**text)
		return true;
	if (!take(text, '+') && !take(text, '-'))
		return false;
	if (!digits(text, 2, &hours))
		return false;
	take(text, ':');
	if (**text && !digits(text, 2, &minutes))
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool moment_parse(const char *text, uint64_t now, uint64_t *ret)
{
	struct tm tm = {0};
	uint64_t ns = 0;
	int zone = 0;
	time_t seconds;

	if (parse_ago(text, now, ret))
		return true;
	if (!parse_date(&text, &tm))
		return false;
	if (*text && !((take(&text, 'T') || take(&text, ' ')) && parse_clock(&text, &tm, &ns)))
		return false;
	if (!parse_zone(&text, &zone) || *text)
		return false;
	seconds = timegm(&tm) - zone;
	if (seconds < 0)
		return false;
	*ret = (uint64_t)seconds * NS_PER_S + ns;
	return true;
}

bool moment_parse_range(const char *text, uint64_t now, uint64_t *ret_since, uint64_t *ret_until)
{
	const char *dots = strstr(text, "..");
	uint64_t since = 0, until = 0;
	char first[64];

	if (!dots || (size_t)(dots - text) >= sizeof(first))
		return false;
	memcpy(first, text, (size_t)(dots - text));
	first[dots - text] = 0;
	if ((*first && !moment_parse(first, now, &since)) ||
	    (dots[2] && !moment_parse(dots + 2, now, &until)) || (dots[2] && until <= since))
		return false;
	*ret_since = since;
	*ret_until = until;
	return true;
}
