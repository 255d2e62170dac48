/* SPDX-License-Identifier: MIT */
/* What the user set, through one table. The file is `name = value` lines, `#` and `;` comments. */

#include "settings.h"

#include <calltrace/ring.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char problem[160];

/* Below it the largest frames have no room. */
#define RING_SMALLEST (1u << 20)

enum kind { BOOL, BYTES, COUNT, TEXT, LIST, SAPIS };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t n_offset; /* LIST */
	uint64_t min, max;
} table[] = {
#define AT(field) offsetof(struct settings, field)
	{"off", BOOL, AT(off), 0, 0, 0},
	{"log", BOOL, AT(log), 0, 0, 0},
	{"sapis", SAPIS, AT(sapis), 0, 0, 0},
	{"socket", TEXT, AT(socket), 0, 0, sizeof(((struct settings *)0)->socket)},
	{"ring_size", BYTES, AT(ring_size), 0, RING_SMALLEST, CT_RING_MAX},
	{"max_string", COUNT, AT(max_string), 0, 16, 60000},
	{"max_elements", COUNT, AT(max_elements), 0, 1, 10000},
	{"max_depth", COUNT, AT(max_depth), 0, 0, 16},
	{"max_call_bytes", COUNT, AT(max_call_bytes), 0, 256, 65536},
	{"max_calls", COUNT, AT(max_calls), 0, 1, 10000000},
	{"max_body", BYTES, AT(max_body), 0, 0, CT_RING_MAX},
	{"max_output", BYTES, AT(max_output), 0, 0, CT_RING_MAX},
	{"vendor", LIST, AT(vendor), AT(n_vendor), 0, 0},
	{"handler", LIST, AT(handlers), AT(n_handlers), 0, 0},
	{"unit", LIST, AT(units), AT(n_units), 0, 0},
#undef AT
};

static void complain(const char *what, const char *about)
{
	if (!problem[0])
		snprintf(problem, sizeof(problem), "%s: %.100s", what, about);
}

/* A number with K, M or G behind it. */
static bool parse_size(const char *text, uint64_t *ret)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	switch (*end) {
	case 'G':
		v <<= 10; /* fall through */
	case 'M':
		v <<= 10; /* fall through */
	case 'K':
		v <<= 10;
		end++;
	}
	*ret = v;
	return !*end;
}

static bool parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = {"on", "yes", "true", "1"};
	static const char *const no[] = {"off", "no", "false", "0"};

	for (unsigned i = 0; i < 4; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*ret = !strcmp(text, yes[i]);
			return true;
		}
	}
	return false;
}

static bool set_list(struct settings *settings, const struct setting *setting, const char *text)
{
	char **list = (char **)((char *)settings + setting->offset);
	unsigned *n = (unsigned *)((char *)settings + setting->n_offset);

	if (*n == SETTINGS_LIST)
		return false;
	list[*n] = strdup(text);
	if (!list[*n])
		return false;
	++*n;
	return true;
}

unsigned settings_sapi(const char *name)
{
	static const char *const names[] = {"fpm-fcgi", "cli"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return 1u << i;
	return 0;
}

/* Names with blanks or commas between them. */
static bool parse_sapis(char *text, unsigned *ret)
{
	unsigned sapis = 0;
	char *rest;

	for (char *name = strtok_r(text, " \t,", &rest); name;
	     name = strtok_r(NULL, " \t,", &rest)) {
		if (!settings_sapi(name))
			return false;
		sapis |= settings_sapi(name);
	}
	if (sapis)
		*ret = sapis;
	return sapis != 0;
}

static bool set(struct settings *settings, const struct setting *setting, char *text)
{
	void *field = (char *)settings + setting->offset;
	uint64_t v = 0;

	switch (setting->kind) {
	case BOOL:
		return parse_bool(text, field);
	case BYTES:
	case COUNT:
		if (!parse_size(text, &v) || v < setting->min || v > setting->max)
			return false;
		if (setting->kind == BYTES)
			*(uint64_t *)field = v;
		else
			*(uint32_t *)field = (uint32_t)v;
		return true;
	case TEXT:
		if (strlen(text) >= setting->max)
			return false;
		strcpy(field, text);
		return true;
	case LIST:
		return set_list(settings, setting, text);
	case SAPIS:
		return parse_sapis(text, field);
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

static void read_line(struct settings *settings, char *line)
{
	char *name = trim(line), *value = strchr(name, '=');

	if (!*name || *name == '#' || *name == ';')
		return;
	if (!value) {
		complain("not understood", name);
		return;
	}
	*value++ = 0;
	name = trim(name);
	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].name, name))
			continue;
		if (!set(settings, &table[i], trim(value)))
			complain("bad value", name);
		return;
	}
	complain("unknown setting", name);
}

static void read_file(struct settings *settings, const char *path, bool must_exist)
{
	FILE *file = fopen(path, "re");
	char line[1024];

	if (!file) {
		if (must_exist)
			complain("cannot read", path);
		return;
	}
	while (fgets(line, sizeof(line), file))
		read_line(settings, line);
	fclose(file);
}

/* Rings are powers of two; 5M becomes 4M. */
static uint64_t power_of_two(uint64_t v)
{
	return v ? 1ull << (63 - __builtin_clzll(v)) : 0;
}

/* Where the file has none. */
static void default_list(char **list, unsigned *n, const char *const *defaults)
{
	for (bool empty = !*n; empty && defaults[*n]; ++*n)
		list[*n] = (char *)defaults[*n];
}

void settings_load(struct settings *settings)
{
	static const char *const vendor[] = {"/vendor/", "/usr/share/", "/usr/lib/", "phar://",
					     NULL};
	static const char *const handlers[] = {"*FunctionCallHandler::*", "*Controller::*",
					       "*\\Jobs\\*::handle", "*\\Commands\\*::handle",
					       NULL};
	static const char *const units[] = {
		"Illuminate\\Queue\\Worker::process",
		"Laravel\\Octane\\Worker::handle",
		"Symfony\\Component\\Messenger\\Worker::handleMessage",
		NULL,
	};
	const char *file = secure_getenv("CALLTRACE_CONFIG");
	const char *socket = secure_getenv("CALLTRACE_SOCKET");
	const char *state = secure_getenv("CALLTRACE");

	memset(settings, 0, sizeof(*settings));
	settings->sapis = SAPI_FPM;
	strcpy(settings->socket, "/run/calltrace/agent.sock");
	settings->ring_size = CT_RING_DEFAULT;
	settings->max_string = 4096;
	settings->max_elements = 64;
	settings->max_depth = 5;
	settings->max_call_bytes = 16384;
	settings->max_calls = 200000;
	settings->max_body = 2u << 20;
	settings->max_output = 1u << 20;

	read_file(settings, file ? file : "/etc/calltrace/agent.conf", file != NULL);
	if (socket && strlen(socket) < sizeof(settings->socket))
		strcpy(settings->socket, socket);
	else if (socket)
		complain("path too long", "CALLTRACE_SOCKET");
	if (state && !strcmp(state, "off"))
		settings->off = true;
	settings->ring_size = power_of_two(settings->ring_size);

	default_list(settings->vendor, &settings->n_vendor, vendor);
	default_list(settings->handlers, &settings->n_handlers, handlers);
	default_list(settings->units, &settings->n_units, units);
}

const char *settings_problem(void)
{
	return problem[0] ? problem : NULL;
}
