/* SPDX-License-Identifier: MIT */
/*
 * What the user set: the file, `name = value` lines, `#` and `;` comments. One table says what
 * there is. A line that cannot be understood is told and left out; the others count.
 */

#include "settings.h"

#include <calltrace/ring.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* Below it the largest frames have no room. */
#define RING_SMALLEST (1u << 20)

enum kind { BOOL, BYTES, COUNT, SOCKET, SAPIS, OBSERVER, PROFILE, RULE, SAMPLE, PARTS, NAMES };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset;
	uint64_t min, max;
} table[] = {
#define AT(field) offsetof(struct settings, field)
	{"off", BOOL, AT(off)},
	{"log", BOOL, AT(log)},
	{"crashes", BOOL, AT(crashes)},
	{"sapis", SAPIS, AT(sapis)},
	{"observer", OBSERVER, AT(observer)},
	{"socket", SOCKET, AT(socket)},
	{"ring_size", BYTES, AT(ring_size), RING_SMALLEST, CT_RING_MAX},
	{"max_string", COUNT, AT(max_string), 16, 60000},
	{"max_elements", COUNT, AT(max_elements), 1, 10000},
	{"max_depth", COUNT, AT(max_depth), 0, 16},
	{"max_call_bytes", COUNT, AT(max_call_bytes), 256, 65536},
	{"max_calls", COUNT, AT(max_calls), 1, 10000000},
	{"max_body", BYTES, AT(max_body), 0, CT_RING_MAX},
	{"max_output", BYTES, AT(max_output), 0, CT_RING_MAX},
	{"profile", PROFILE, AT(rules.profile)},
	{"rule", RULE, AT(rules)},
	{"sample", SAMPLE, AT(samples)},
	{"vendor", PARTS, AT(rules.vendor)},
	{"handler", NAMES, AT(rules.handlers)},
	{"unit", NAMES, AT(rules.units)},
#undef AT
};

#define N_SETTINGS (sizeof(table) / sizeof(*table))

/* By enum observer. */
static const char *const observer_words[] = {"auto", "on", "off", NULL};
static const char *const sapi_names[] = {"fpm-fcgi", "cli", NULL};

struct reading {
	struct settings *settings;
	problem_fn tell;
	void *userdata;
	unsigned line;
	unsigned seen[N_SETTINGS]; /* in which line */
	char text[128];		   /* of a problem that is told */
};

static void complain(struct reading *reading, struct problem problem)
{
	problem.line = reading->line;
	reading->tell(reading->userdata, &problem);
}

static bool wrong(struct problem *ret, const char *what, const char *about)
{
	ret->what = what;
	ret->about = about;
	return false;
}

/* A number with K, M or G behind it. */
static bool parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || !isdigit((unsigned char)*text))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && __builtin_mul_overflow(v, 1ull << 10 * (unit - units + 1), &v))
		return false;
	*ret = v;
	return !end[unit != NULL];
}

static void print_size(char *ret, size_t n, uint64_t v)
{
	unsigned unit = 0;

	for (; v && !(v & 1023) && unit < 3; unit++)
		v >>= 10;
	snprintf(ret, n, "%llu%.1s", (unsigned long long)v, &"\0KMG"[unit]);
}

static bool set_number(struct reading *reading, const struct setting *setting, const char *text,
		       struct problem *ret)
{
	void *field = (char *)reading->settings + setting->offset;
	char min[24], max[24];
	uint64_t v;

	if (!parse_size(text, &v) || v < setting->min || v > setting->max) {
		print_size(min, sizeof(min), setting->min);
		print_size(max, sizeof(max), setting->max);
		snprintf(reading->text, sizeof(reading->text), "%s is a number from %s to %s",
			 setting->name, min, max);
		return wrong(ret, reading->text, text);
	}
	if (setting->kind == BYTES)
		*(uint64_t *)field = v;
	else
		*(uint32_t *)field = (uint32_t)v;
	if (field == &reading->settings->ring_size && v & (v - 1))
		complain(reading, (struct problem){.odd = true,
						   .what = "not a power of two: the one below it "
							   "is used",
						   .about = text});
	return true;
}

static bool set_bool(bool *field, const char *text, struct problem *ret)
{
	static const char *const words[] = {"yes",   "no", "on", "off", "true",
					    "false", "1",  "0",	 NULL};

	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*field = !(i & 1);
		return true;
	}
	ret->known = words;
	return wrong(ret, "neither yes nor no", text);
}

static bool set_socket(char *field, const char *text, struct problem *ret)
{
	if (*text != '/')
		return wrong(ret, "the path of a socket begins with /", text);
	if (strlen(text) >= sizeof(((struct settings *)0)->socket))
		return wrong(ret, "the path of a socket has at most 107 bytes", text);
	strcpy(field, text);
	return true;
}

unsigned settings_sapi(const char *name)
{
	for (unsigned i = 0; sapi_names[i]; i++)
		if (!strcmp(sapi_names[i], name))
			return 1u << i;
	return 0;
}

/* Names with blanks or commas between them. */
static bool set_sapis(unsigned *field, char *text, struct problem *ret)
{
	unsigned sapis = 0;
	char *rest;

	ret->known = sapi_names;
	for (char *name = strtok_r(text, " \t,", &rest); name;
	     name = strtok_r(NULL, " \t,", &rest)) {
		if (!settings_sapi(name))
			return wrong(ret, "only fpm-fcgi and cli are traced", name);
		sapis |= settings_sapi(name);
	}
	if (!sapis)
		return wrong(ret, "fpm-fcgi, cli or both; off = yes switches the agent off", NULL);
	*field = sapis;
	return true;
}

/* The place of one of these words. */
static bool set_word(unsigned *field, const char *const *words, const char *text, const char *what,
		     struct problem *ret)
{
	for (unsigned i = 0; words[i]; i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*field = i;
		return true;
	}
	ret->known = words;
	return wrong(ret, what, text);
}

static bool set(struct reading *reading, const struct setting *setting, char *text,
		struct problem *ret)
{
	void *field = (char *)reading->settings + setting->offset;

	if (*text == '"' || *text == '\'')
		return wrong(ret, "values have no quotes around them", text);
	switch (setting->kind) {
	case BOOL:
		return set_bool(field, text, ret);
	case BYTES:
	case COUNT:
		return set_number(reading, setting, text, ret);
	case SOCKET:
		return set_socket(field, text, ret);
	case SAPIS:
		return set_sapis(field, text, ret);
	case OBSERVER:
		return set_word(field, observer_words, text, "an observer is auto, on or off", ret);
	case PROFILE:
		return set_word(field, rules_profiles, text,
				"a profile is default, handlers or everything", ret);
	case RULE:
		return rules_add(field, text, reading->line, ret);
	case SAMPLE:
		return samples_add(field, text, ret);
	case PARTS:
		return patterns_add_part(field, text, ret);
	case NAMES:
		return patterns_add_name(field, text, ret);
	}
	return false;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = 0;
	return text;
}

static void unknown(struct reading *reading, const char *name)
{
	static const char *names[N_SETTINGS + 1];

	for (unsigned i = 0; i < N_SETTINGS; i++)
		names[i] = table[i].name;
	complain(reading, (struct problem){.what = "there is no such setting",
					   .about = name,
					   .known = names});
}

/* What may be repeated adds up; of anything else the last counts. */
static void note_again(struct reading *reading, unsigned i)
{
	if (reading->seen[i] && table[i].kind < RULE) {
		snprintf(reading->text, sizeof(reading->text),
			 "set in line %u already; the last counts", reading->seen[i]);
		complain(reading, (struct problem){.what = reading->text, .about = table[i].name});
	}
	reading->seen[i] = reading->line;
}

static void read_line(struct reading *reading, char *line)
{
	char *name = trim(line), *value = strchr(name, '=');
	struct problem problem = {0};

	if (!*name || *name == '#' || *name == ';')
		return;
	if (!value) {
		wrong(&problem, "neither name = value nor a comment", name);
		complain(reading, problem);
		return;
	}
	*value++ = 0;
	name = trim(name);
	for (unsigned i = 0; i < N_SETTINGS; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		note_again(reading, i);
		if (!set(reading, &table[i], trim(value), &problem))
			complain(reading, problem);
		return;
	}
	unknown(reading, name);
}

/* `text` has a NUL at its end. */
static void read_lines(struct reading *reading, char *text, size_t n)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (n >= 3 && !memcmp(text, bom, 3)) {
		text += 3;
		n -= 3;
	}
	for (char *end, *stop = text + n; text < stop; text = end + 1) {
		end = memchr(text, '\n', (size_t)(stop - text));
		end = end ? end : stop;
		*end = 0;
		reading->line++;
		if (strlen(text) == (size_t)(end - text)) {
			read_line(reading, text);
			continue;
		}
		complain(reading,
			 (struct problem){.what = "a NUL byte; the file is text in UTF-8"});
	}
}

/* Of a FIFO there is nothing, at once. */
static char *read_whole(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *text = file ? malloc(FILE_MAX + 1) : NULL;
	int error;

	if (text)
		*ret_n = fread(text, 1, FILE_MAX, file);
	error = file && ferror(file) ? errno : 0;
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	if (text && error) {
		free(text);
		text = NULL;
		errno = error;
	}
	return text;
}

bool settings_read(struct settings *settings, const char *path, problem_fn tell, void *userdata)
{
	struct reading reading = {.settings = settings, .tell = tell, .userdata = userdata};
	size_t n = 0;
	char *text = read_whole(path, &n);

	if (!text)
		return false;
	text[n] = 0;
	read_lines(&reading, text, n);
	if (n == FILE_MAX) {
		reading.line = 0;
		complain(&reading, (struct problem){.what = "larger than 1 MiB: what comes behind "
							    "that is not read"});
	}
	free(text);
	return true;
}
