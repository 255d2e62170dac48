/* SPDX-License-Identifier: MIT */
/* Which requests are recorded. */

#include "sample.h"

#include "glob.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define ALL (1ull << 32)

static uint64_t state; /* 0: not seeded */

static bool wrong(struct problem *ret, const char *what, const char *about)
{
	ret->what = what;
	ret->about = about;
	return false;
}

/* `10%`, `0.5%`: digits and a point, in every locale. To four places; more round down. */
static bool parse_share(const char *text, uint64_t *ret)
{
	uint64_t parts = 0; /* of a million */
	int places = -1;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; *text != '%'; text++) {
		if (*text == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (!isdigit((unsigned char)*text) || parts > 100 * 10000)
			return false;
		if (places < 4)
			parts = parts * 10 + (uint64_t)(*text - '0');
		places += places >= 0;
	}
	for (places = places < 0 ? 0 : places; places < 4; places++)
		parts *= 10;
	*ret = parts * ALL / 1000000;
	return !text[1] && parts <= 1000000;
}

bool samples_add(struct samples *samples, char *text, struct problem *ret)
{
	size_t word = strcspn(text, " \t");
	char *pattern = text + word;
	uint64_t share;

	while (isspace((unsigned char)*pattern))
		*pattern++ = 0;
	if (!parse_share(text, &share))
		return wrong(ret, "a share is 0% to 100%, then a path where it is of some", text);
	if (*pattern && *pattern != '/' && *pattern != '*')
		return wrong(ret, "a path begins with / or *", pattern);
	pattern = *pattern && samples->n < SAMPLES_MAX ? strdup(pattern) : pattern;
	if (samples->n == SAMPLES_MAX || !pattern)
		return wrong(ret, "too many: there is no place for more than 32 samples", NULL);
	samples->item[samples->n].of_2_32 = share;
	samples->item[samples->n++].pattern = *pattern ? pattern : NULL;
	return true;
}

static void seed(void)
{
	struct timespec now;

	if (getrandom(&state, sizeof(state), GRND_NONBLOCK) < (ssize_t)sizeof(state)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		state = (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
	}
	state |= 1;
}

/* xorshift64*; only the upper half is good. */
static uint32_t draw(void)
{
	if (!state)
		seed();
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 0x2545f4914f6cdd1dull >> 32);
}

bool samples_draw(const struct samples *samples, const char *path, size_t len)
{
	const struct glob_text text = {.name = path, .name_len = len};

	for (unsigned i = 0; i < samples->n; i++) {
		const char *pattern = samples->item[i].pattern;

		if (!pattern || glob_match(pattern, &text, GLOB_BELOW))
			return draw() < samples->item[i].of_2_32;
	}
	return true;
}

void samples_forked(void)
{
	state = 0;
}
