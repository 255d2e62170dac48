/* SPDX-License-Identifier: MIT */
/* What the user set: the defaults, the file, the environment. */

#include "settings.h"

#include <calltrace/ring.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first, and how many more there were. */
static struct {
	char first[192];
	unsigned more;
} problems;

static void keep(void *userdata, const struct problem *problem)
{
	const char *path = userdata;
	char line[16] = "";

	if (problem->odd)
		return;
	if (problems.first[0]) {
		problems.more++;
		return;
	}
	if (problem->line)
		snprintf(line, sizeof(line), ":%u", problem->line);
	snprintf(problems.first, sizeof(problems.first), "%.60s%s: %s%s%.60s", path, line,
		 problem->what, problem->about ? ": " : "", problem->about ? problem->about : "");
}

const char *settings_problem(void)
{
	static char text[sizeof(problems.first) + 80];

	if (!problems.first[0])
		return NULL;
	snprintf(text, sizeof(text), "%s", problems.first);
	if (problems.more)
		snprintf(text, sizeof(text), "%s (and %u more: calltrace-agent-check)",
			 problems.first, problems.more);
	return text;
}

void settings_init(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	settings->crashes = true;
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
}

static void default_list(struct patterns *list, const char *const *defaults)
{
	for (bool empty = !list->n; empty && defaults[list->n]; list->n++)
		list->item[list->n] = (char *)defaults[list->n];
}

void settings_finish(struct settings *settings)
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

	/* Rings are powers of two; 5M becomes 4M. */
	settings->ring_size = 1ull << (63 - __builtin_clzll(settings->ring_size));
	default_list(&settings->rules.vendor, vendor);
	default_list(&settings->rules.handlers, handlers);
	default_list(&settings->rules.units, units);
}

void settings_load(struct settings *settings)
{
	const char *file = secure_getenv("CALLTRACE_CONFIG");
	const char *socket = secure_getenv("CALLTRACE_SOCKET");
	const char *state = secure_getenv("CALLTRACE");
	const char *path = file ? file : SETTINGS_FILE;

	settings_init(settings);
	if (!settings_read(settings, path, keep, (void *)path) && (file || errno != ENOENT))
		keep((void *)path, &(struct problem){.what = "cannot be read"});
	if (socket && strlen(socket) < sizeof(settings->socket))
		strcpy(settings->socket, socket);
	else if (socket)
		keep("CALLTRACE_SOCKET", &(struct problem){.what = "the path is too long"});
	if (state && !strcmp(state, "off"))
		settings->off = true;
	settings_finish(settings);
}
