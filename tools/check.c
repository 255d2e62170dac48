/* SPDX-License-Identifier: MIT */
/*
 * trace-dump check: whether the store holds together, what it takes, and what producers lost.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "agents.h"
#include "cleanup.h"
#include "command.h"
#include "output.h"
#include "phrase.h"
#include "record.h"
#include "terminal.h"

#define LABEL_WIDTH 16

static void add_counts(struct text *out, const json_t *report)
{
	static const char *const counts[] = {
		"sessions", "events",	   "functions", "segments",    "errors",
		"requests", "tree_chunks", "rings",	"definitions",
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		text_add(out, counts[i]);
		text_pad(out, LABEL_WIDTH);
		text_addf(out, "%.0f", field_number(report, counts[i]));
		text_newline(out);
	}
}

static void add_space(struct text *out, const json_t *report)
{
	text_add(out, "space");
	text_pad(out, LABEL_WIDTH);
	text_addf(out, "%.1f MiB used, %.1f MiB free in the file, up to %.0f GiB",
		  field_number(report, "used_bytes") / (1 << 20),
		  field_number(report, "free_bytes") / (1 << 20),
		  field_number(report, "map_bytes") / (1 << 30));
	text_newline(out);
}

/* The largest first. */
static void add_tables(struct text *out, const json_t *sizes)
{
	size_t n = json_object_size(sizes);
	const char *name, *best;
	json_int_t above = INT64_MAX, bytes;
	json_t *size;

	text_add(out, "tables");
	text_pad(out, LABEL_WIDTH);
	for (size_t i = 0; i < n; i++, above = bytes) {
		bytes = -1;
		json_object_foreach ((json_t *)sizes, name, size) {
			json_int_t value = json_integer_value(size);

			if (value < above && value > bytes) {
				bytes = value;
				best = name;
			}
		}
		if (bytes < 1 << 20)
			break;
		text_addf(out, "%s%s %.1f MiB", i ? ", " : "", best, (double)bytes / (1 << 20));
	}
	if (out->column == LABEL_WIDTH)
		text_add(out, "each less than 1 MiB");
	text_newline(out);
}

static void add_lost(struct text *out, const json_t *lost)
{
	const char *kind;
	json_t *count;

	text_add(out, "lost");
	text_pad(out, LABEL_WIDTH);
	json_object_foreach ((json_t *)lost, kind, count) {
		if (!json_integer_value(count))
			continue;
		text_add(out, out->column > LABEL_WIDTH ? ", " : "");
		text_addf(out, "%lld ", (long long)json_integer_value(count));
		text_add(out, kind);
	}
	if (out->column == LABEL_WIDTH)
		text_add(out, "nothing");
	text_newline(out);
}

static void add_notice(struct text *out, const json_t *notice)
{
	const char *issue = get_text(notice, "issue"), *remedy = get_text(notice, "remedy");

	text_add(out, "  ");
	text_style(out, YELLOW);
	text_add(out, agents_effect(notice));
	text_style(out, PLAIN);
	text_add(out, ": ");
	text_add(out, get_text(notice, "why"));
	text_add(out, *issue ? " (" : "");
	text_add(out, issue);
	text_add(out, *issue ? ")" : "");
	text_newline(out);
	if (!*remedy)
		return;
	text_add(out, "  remedy: ");
	text_add(out, remedy);
	text_newline(out);
}

/* The processes whose rings there are: which PHP, how its functions are seen, and what is not. */
static void add_agents(struct text *out, const json_t *agents)
{
	const json_t *agent, *notice;
	size_t i, j;

	json_array_foreach (agents, i, agent) {
		const char *settings = get_text(agent, "settings");

		text_add(out, i ? "" : "agents");
		text_pad(out, LABEL_WIDTH);
		text_addf(out, "%.0f in PHP ", field_number(agent, "processes"));
		text_add(out, get_text(agent, "php"));
		text_add(out, " ");
		text_add(out, get_text(agent, "sapi"));
		text_add(out, ", ");
		text_add(out, get_text(agent, "mechanism"));
		text_newline(out);
		if (*settings) {
			text_add(out, "  settings: ");
			text_add(out, settings);
			text_newline(out);
		}
		json_array_foreach (json_object_get(agent, "notices"), j, notice)
			add_notice(out, notice);
	}
}

static void add_problems(struct text *out, const json_t *problems)
{
	const json_t *problem;
	size_t i;

	text_add(out, "problems");
	text_pad(out, LABEL_WIDTH);
	text_style(out, json_array_size(problems) ? RED : GREEN);
	if (json_array_size(problems))
		text_addf(out, "%zu", json_array_size(problems));
	else
		text_add(out, "none");
	text_newline(out);
	json_array_foreach (problems, i, problem) {
		text_add(out, "  ");
		text_add(out, json_string_value(problem));
		text_newline(out);
	}
}

static int print_text(const json_t *report)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};

	add_counts(&out, report);
	add_space(&out, report);
	add_tables(&out, json_object_get(report, "table_bytes"));
	add_lost(&out, json_object_get(report, "lost"));
	add_agents(&out, json_object_get(report, "agents"));
	add_problems(&out, json_object_get(report, "problems"));
	text_write(&out, stdout);
	return text_error(&out);
}

/* Where somebody watches; a glance is shorter than a second. */
static void tell(const char *what, uint64_t done, uint64_t of, void *userdata)
{
	struct timespec now;
	time_t *said = userdata;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec == *said)
		return;
	*said = now.tv_sec;
	fprintf(stderr, "\r%s: %llu of %llu\033[K", what, (unsigned long long)done,
		(unsigned long long)of);
}

static int check_store(struct store_txn *txn, json_t **ret)
{
	time_t said = 0;
	const struct store_progress progress = {tell, &said};
	bool watched = isatty(STDERR_FILENO);
	int r = store_check(txn, watched ? &progress : NULL, ret);

	if (said)
		fputs("\r\033[K", stderr);
	return r;
}

int command_check(struct context *context)
{
	_cleanup_(json_decrefp) json_t *report = NULL;
	int r = check_store(context->txn, &report);

	if (!r)
		r = context->options->format == FORMAT_JSON ? output_json(report)
							    : print_text(report);
	if (r)
		return r;
	return json_array_size(json_object_get(report, "problems")) ? COMMAND_NOTHING : 0;
}
