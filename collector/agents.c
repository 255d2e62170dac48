/* SPDX-License-Identifier: MIT */
#include "agents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "log.h"
#include "record.h"

#define TOLD 16

/* Producers are not trusted with the log's lines. */
static void plain(char *text)
{
	for (char *c = text; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
}

/* The text was not among the last. */
static bool is_news(const char *text)
{
	static char told[TOLD][512];
	static unsigned int next;

	for (unsigned int i = 0; i < TOLD; i++)
		if (!strncmp(told[i], text, sizeof(told[i]) - 1))
			return false;
	snprintf(told[next++ % TOLD], sizeof(told[0]), "%s", text);
	return true;
}

static void tell(unsigned int pid, char *text)
{
	plain(text);
	if (is_news(text))
		log_warning("process %u: %s", pid, text);
}

const char *agents_effect(const json_t *notice)
{
	const char *off = get_text(notice, "off");

	if (!strcmp(off, "everything"))
		return "nothing is recorded";
	return *off ? "functions are not recorded" : "at a risk";
}

static void tell_notice(const json_t *process, const json_t *notice, unsigned int pid)
{
	const char *issue = get_text(notice, "issue"), *remedy = get_text(notice, "remedy");
	char text[512];

	snprintf(text, sizeof(text), "PHP %.32s: %s: %.160s%s%.48s%s%s%.160s",
		 get_text(process, "php"), agents_effect(notice), get_text(notice, "why"),
		 *issue ? " (" : "", issue, *issue ? ")" : "", *remedy ? "; remedy: " : "", remedy);
	tell(pid, text);
}

void agents_tell(const json_t *process, unsigned int pid)
{
	const char *settings = get_text(process, "settings");
	char text[512];
	json_t *notice;
	size_t i;

	if (*settings) {
		snprintf(text, sizeof(text), "its agent's settings: %s", settings);
		tell(pid, text);
	}
	json_array_foreach (json_object_get(process, "notices"), i, notice)
		tell_notice(process, notice, pid);
}

static json_t *text_or_null(const json_t *process, const char *key)
{
	const json_t *text = json_object_get(process, key);

	return json_is_string(text) ? json_incref((json_t *)text) : json_null();
}

static json_t *notices_of(const json_t *process)
{
	const json_t *notices = json_object_get(process, "notices");
	json_t *list = json_array();
	const json_t *notice;
	size_t i;

	json_array_foreach (notices, i, notice) {
		json_t *one = json_pack("{s:o, s:o, s:o, s:o}", "off", text_or_null(notice, "off"),
					"why", text_or_null(notice, "why"), "issue",
					text_or_null(notice, "issue"), "remedy",
					text_or_null(notice, "remedy"));

		if (json_array_append_new(list, one) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* Without how many there are. */
static json_t *describe(const json_t *process)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "php", text_or_null(process, "php"),
			 "sapi", text_or_null(process, "sapi"), "mechanism",
			 text_or_null(process, "mechanism"), "agent",
			 text_or_null(process, "agent"), "settings",
			 text_or_null(process, "settings"), "notices", notices_of(process));
}

static bool says_the_same(const json_t *agent, const json_t *description)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)description, key, value)
		if (!json_equal(json_object_get(agent, key), value))
			return false;
	return true;
}

int agents_add(json_t *agents, const json_t *process)
{
	_cleanup_(json_decrefp) json_t *description = NULL;
	json_t *agent;
	size_t i;

	if (!json_is_object(process))
		return 0;
	description = describe(process);
	if (!description)
		return -ENOMEM;
	json_array_foreach (agents, i, agent) {
		json_t *count = json_object_get(agent, "processes");

		if (says_the_same(agent, description))
			return json_integer_set(count, json_integer_value(count) + 1);
	}
	if (json_object_set_new(description, "processes", json_integer(1)) < 0)
		return -ENOMEM;
	return json_array_append(agents, description) < 0 ? -ENOMEM : 0;
}
