/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moment.h"

#define DEFAULT_DB "/var/lib/calltrace"

static const char *const formats[] = {"text", "json", "ndjson", "csv", NULL};
static const char *const kinds[] = {"call", "request", "all", NULL};
static const char *const call_statuses[] = {"in_progress",   "completed", "failed",
					    "not_connected", "abandoned", NULL};
static const char *const function_statuses[] = {"pending", "success", "error", "timeout", NULL};
static const char *const severities[] = {"low", "medium", "high", "critical", NULL};
static const char *const exports[] = {"json", "ndjson", "csv", "sqlite", NULL};
static const char *const tables[] = {"calls", "events", "functions", "segments", "errors", NULL};
static const char *const error_types[] = {"function_error", "api_error", "validation_error",
					  "system_error", NULL};
/* As enum stats_by and enum stats_sort have them. */
static const char *const groupings[] = {"function", "base", "call", "company", NULL};
static const char *const orders[] = {"calls", "errors", "error_rate", "total", "avg", "p50",
				     "p95",   "p99",	"max",	      "name",  NULL};
static const char *const compared[] = {"auto", "function", "call", "range", NULL};

enum type {
	FLAG,	 /* bool */
	TEXT,	 /* const char * */
	WORD,	 /* const char *, one of the choices */
	CHOICE,	 /* int, the place of one of the choices */
	MOMENT,	 /* uint64_t */
	COUNT,	 /* size_t */
	COLUMNS, /* int */
	NUMBER,	 /* double */
};

#define AT(field) offsetof(struct options, field)

static const struct option {
	const char *name, *metavar;
	enum type type;
	size_t at;
	int commands;
	const char *help;
	const char *const *choices;
} table[] = {
	{"db", "DIR", TEXT, AT(db), OF_ALL, "the store; default " DEFAULT_DB},
	{"format", "F", CHOICE, AT(format), OF_ALL, "text, json; of lists also ndjson, csv",
	 formats},
	{"width", "N", COLUMNS, AT(width), OF_ALL,
	 "columns of text; default $COLUMNS, the terminal's, or 80"},
	{"since", "TIME", MOMENT, AT(query.since), OF_LISTS | OF_COMPARE | OF_EXPORT,
	 "from then on: 2026-11-23T00:26 (UTC), or ago: 30m, 2h, 7d"},
	{"until", "TIME", MOMENT, AT(query.until), OF_LISTS | OF_COMPARE | OF_EXPORT,
	 "before then"},
	{"as", "WHAT", CHOICE, AT(as), OF_COMPARE,
	 "what A and B are: auto (default), function, call, range", compared},
	{"limit", "N", COUNT, AT(query.limit), OF_LISTS | OF_EXPORT, "no more than N"},
	{"status", "S", WORD, AT(status), OF_CALLS | OF_EXPORT,
	 "in_progress, completed, failed, not_connected, abandoned", call_statuses},
	{"status", "S", WORD, AT(status), OF_FUNCTIONS | OF_STATS,
	 "pending, success, error, timeout", function_statuses},
	{"by", "WHAT", CHOICE, AT(by), OF_STATS,
	 "function (default), base (all its versions), call, company", groupings},
	{"sort", "FIGURE", CHOICE, AT(sort), OF_STATS,
	 "calls (default), errors, error_rate, total, avg, p50, p95, p99, max, name", orders},
	{"company", "ID", TEXT, AT(query.company),
	 OF_CALLS | OF_SEARCH | OF_STATS | OF_COMPARE | OF_EXPORT, "of this company"},
	{"customer", "ID", TEXT, AT(query.customer), OF_CALLS | OF_EXPORT, "of this customer"},
	{"correlation", "ID", TEXT, AT(query.correlation), OF_CALLS | OF_EXPORT,
	 "with a request of this X-Correlation-ID, X-Request-ID or trace id"},
	{"with-errors", NULL, FLAG, AT(query.with_errors), OF_CALLS | OF_EXPORT,
	 "with at least one error"},
	{"in-progress", NULL, FLAG, AT(in_progress), OF_CALLS | OF_EXPORT, "not ended yet"},
	{"kind", "K", CHOICE, AT(kind), OF_CALLS | OF_EXPORT,
	 "call (default), request (of no call), all", kinds},
	{"function", "NAME", TEXT, AT(query.function), OF_FUNCTIONS | OF_STATS | OF_COMPARE,
	 "of this name; without a version suffix, all versions"},
	{"slow", "MS", NUMBER, AT(query.slow_ms), OF_FUNCTIONS,
	 "that took MS milliseconds or longer"},
	{"role", "R", TEXT, AT(query.role), OF_TRANSCRIPT | OF_SEARCH,
	 "said by: agent, user, transfer_target; or dtmf, sms, injected"},
	{"call", "CALL", TEXT, AT(call), OF_SEARCH, "of this call"},
	{"severity", "S", WORD, AT(query.severity), OF_ERRORS, "low, medium, high, critical",
	 severities},
	{"code", "CODE", TEXT, AT(query.code), OF_ERRORS, "of this error code"},
	{"type", "T", WORD, AT(query.type), OF_ERRORS,
	 "function_error, api_error, validation_error, system_error", error_types},
	{"unresolved", NULL, FLAG, AT(query.unresolved), OF_ERRORS, "not resolved yet"},
	{"booking-failures", NULL, FLAG, AT(query.booking_failures), OF_ERRORS,
	 "because of which a booking failed"},
	{"terminating", NULL, FLAG, AT(query.terminating), OF_ERRORS, "that ended the call"},
	{"note", "TEXT", TEXT, AT(note), OF_RESOLVE, "what was found, or done about it; no names"},
	{"to", "F", CHOICE, AT(to), OF_EXPORT, "json, ndjson, csv, sqlite", exports},
	{"table", "T", CHOICE, AT(table), OF_EXPORT,
	 "of csv: calls, events (default), functions, segments, errors", tables},
	{"output", "FILE", TEXT, AT(output), OF_EXPORT,
	 "or -o FILE; default stdout, but sqlite needs one"},
	{"test", NULL, FLAG, AT(test), OF_REDACT,
	 "stdin (JSON, a document a line, or text) redacted, and why on stderr"},
	{"help", NULL, FLAG, AT(help), OF_ALL, "this help"},
	{"version", NULL, FLAG, AT(version), OF_ALL, "the version"},
};

#define OPTIONS (sizeof(table) / sizeof(table[0]))

static int complain(const struct option *option, const char *value)
{
	fprintf(stderr, "trace-dump: --%s %s: not understood: %s\n", option->name, value,
		option->help);
	return -EINVAL;
}

static int choose(const struct option *option, const char *value, int *ret)
{
	for (int i = 0; option->choices[i]; i++) {
		if (strcmp(option->choices[i], value) == 0) {
			*ret = i;
			return 0;
		}
	}
	return complain(option, value);
}

static int set_count(const struct option *option, const char *value, unsigned long most,
		     unsigned long *ret)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || !n || n > most)
		return complain(option, value);
	*ret = n;
	return 0;
}

static int set_moment(const struct option *option, const char *value, uint64_t *ret)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!moment_parse(value, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, ret))
		return complain(option, value);
	return 0;
}

static int set_number(const struct option *option, const char *value, double *ret)
{
	char *end;
	double n = strtod(value, &end);

	if (end == value || *end || !isfinite(n) || n < 0)
		return complain(option, value);
	*ret = n;
	return 0;
}

static int set_option(struct options *options, const struct option *option, const char *value)
{
	void *at = (char *)options + option->at;
	unsigned long n;
	int r, choice;

	switch (option->type) {
	case FLAG:
		*(bool *)at = true;
		return 0;
	case TEXT:
		*(const char **)at = value;
		return 0;
	case WORD:
		/* Whose choices they are is known with the command: options_fit(). */
		*(const char **)at = value;
		return 0;
	case CHOICE:
		return choose(option, value, at);
	case MOMENT:
		return set_moment(option, value, at);
	case COUNT:
		return set_count(option, value, SIZE_MAX, at);
	case COLUMNS:
		r = set_count(option, value, 1000, &n);
		choice = r ? 0 : (int)n;
		*(int *)at = choice;
		return r;
	default:
		return set_number(option, value, at);
	}
}

/* The option an argument names, and its value behind "=" (NULL: none). */
static const struct option *find_option(const char *arg, int commands, const char **ret_value)
{
	const char *name = arg + 2, *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);

	for (size_t i = 0; i < OPTIONS; i++) {
		if (!(table[i].commands & commands) || strlen(table[i].name) != n ||
		    strncmp(table[i].name, name, n) != 0)
			continue;
		*ret_value = equals ? equals + 1 : NULL;
		return &table[i];
	}
	return NULL;
}

/* Gives one argument after the other; for an option, also its value, which it steps over. */
struct cursor {
	int argc, i;
	char **argv;
	bool only_words;
};

struct item {
	const char *word; /* or the option as written */
	const struct option *option;
	const char *value;
};

enum { ITEM_END, ITEM_WORD, ITEM_OPTION, ITEM_WRONG };

static int next_option(struct cursor *cursor, int commands, struct item *item)
{
	item->option = find_option(item->word, commands, &item->value);
	if (!item->option) {
		fprintf(stderr, "trace-dump: unknown option %s; see trace-dump --help\n",
			item->word);
		return ITEM_WRONG;
	}
	if (!item->option->metavar && item->value) {
		fprintf(stderr, "trace-dump: --%s takes no value\n", item->option->name);
		return ITEM_WRONG;
	}
	if (item->option->metavar && !item->value) {
		if (cursor->i == cursor->argc) {
			fprintf(stderr, "trace-dump: --%s needs a value: %s\n", item->option->name,
				item->option->help);
			return ITEM_WRONG;
		}
		item->value = cursor->argv[cursor->i++];
	}
	return ITEM_OPTION;
}

static int next_item(struct cursor *cursor, int commands, struct item *item)
{
	if (cursor->i == cursor->argc)
		return ITEM_END;
	*item = (struct item){.word = cursor->argv[cursor->i++]};
	if (!cursor->only_words && strcmp(item->word, "--") == 0) {
		cursor->only_words = true;
		return next_item(cursor, commands, item);
	}
	if (!cursor->only_words && strcmp(item->word, "-h") == 0)
		item->word = "--help";
	if (!cursor->only_words && strcmp(item->word, "-o") == 0)
		item->word = "--output";
	if (cursor->only_words || item->word[0] != '-' || !item->word[1])
		return ITEM_WORD;
	if (item->word[1] != '-') {
		fprintf(stderr, "trace-dump: unknown option %s; see trace-dump --help\n",
			item->word);
		return ITEM_WRONG;
	}
	return next_option(cursor, commands, item);
}

static bool add_word(struct options *options, const char *word)
{
	if (!options->command) {
		options->command = word;
		return true;
	}
	if (options->arg_count == sizeof(options->args) / sizeof(options->args[0])) {
		fprintf(stderr, "trace-dump: one argument too many: %s\n", word);
		return false;
	}
	options->args[options->arg_count++] = word;
	return true;
}

bool options_parse(struct options *ret, int argc, char **argv)
{
	struct options options = {.db = DEFAULT_DB, .to = -1, .table = -1};
	struct cursor cursor = {argc, 1, argv, false};
	struct item item;
	int what;

	while ((what = next_item(&cursor, OF_ALL, &item)) != ITEM_END) {
		if (what == ITEM_WRONG)
			return false;
		if (what == ITEM_WORD && !add_word(&options, item.word))
			return false;
		if (what == ITEM_OPTION && set_option(&options, item.option, item.value) < 0)
			return false;
	}
	*ret = options;
	return true;
}

bool options_fit(const struct options *options, int argc, char **argv, int command_bit)
{
	struct cursor cursor = {argc, 1, argv, false};
	struct item item;
	int what, choice;

	while ((what = next_item(&cursor, OF_ALL, &item)) != ITEM_END) {
		const struct option *own;

		if (what != ITEM_OPTION)
			continue;
		own = find_option(item.word, command_bit, &(const char *){NULL});
		if (!own) {
			fprintf(stderr, "trace-dump: %s takes no --%s; see trace-dump %s --help\n",
				options->command, item.option->name, options->command);
			return false;
		}
		if (own->type == WORD && choose(own, item.value, &choice) < 0)
			return false;
	}
	return true;
}

void options_help(int command_bits, FILE *file)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		char name[64];

		if (!(table[i].commands & command_bits))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", table[i].name, table[i].metavar ? " " : "",
			 table[i].metavar ? table[i].metavar : "");
		fprintf(file, "  %-20s %s\n", name, table[i].help);
	}
}

struct query options_calls_query(const struct options *options)
{
	static const int chosen[] = {STORE_ONLY_CALLS, STORE_ONLY_REQUESTS, STORE_ANY_KIND};
	struct query query = options->query;

	query.kind = chosen[options->kind];
	query.status = options->in_progress ? "in_progress" : options->status;
	return query;
}
