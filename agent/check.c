/* SPDX-License-Identifier: MIT */
/*
 * calltrace-agent-check: reads the agent's settings as the agent does, tells all that is wrong with
 * them, and what they decide about a function.
 */
#include "settings.h"

#include <calltrace/version.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char help[] =
	"Usage: calltrace-agent-check [--config FILE] [--cli] [FUNCTION PATH]\n"
	"\n"
	"Says whether the agent understands its settings; what it does not is left out there.\n"
	"With a function and the file it is in: how much of its calls is recorded, and by which\n"
	"rule.\n"
	"\n"
	"  --config FILE  settings (default $CALLTRACE_CONFIG, or " SETTINGS_FILE ")\n"
	"  --cli          as in php-cli, where units count\n"
	"  --version, --help\n";

struct arguments {
	const char *config, *function, *path;
	bool cli;
};

struct told {
	const char *path;
	unsigned n;
};

/* Positive: exit with that minus 1. */
static int parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"cli", no_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'l':
			ret->cli = true;
			break;
		case 'V':
			puts("calltrace-agent-check " CT_VERSION);
			return 1;
		case 'h':
			fputs(help, stdout);
			return 1;
		default:
			fputs("calltrace-agent-check: see calltrace-agent-check --help\n", stderr);
			return 1 + EXIT_USAGE;
		}
	}
	if (optind == argc)
		return 0;
	if (argc - optind != 2) {
		fputs("calltrace-agent-check: a function and the file it is in; see "
		      "calltrace-agent-check --help\n",
		      stderr);
		return 1 + EXIT_USAGE;
	}
	ret->function = argv[optind];
	ret->path = argv[optind + 1];
	return 0;
}

static void tell(void *userdata, const struct problem *problem)
{
	struct told *told = userdata;

	told->n += !problem->odd;
	fputs(told->path, stderr);
	if (problem->line)
		fprintf(stderr, ":%u", problem->line);
	fprintf(stderr, ": %s%s", problem->odd ? "note: " : "", problem->what);
	if (problem->about)
		fprintf(stderr, ": %s", problem->about);
	for (unsigned i = 0; problem->known && problem->known[i]; i++)
		fprintf(stderr, "%s%s", i ? ", " : " (known: ", problem->known[i]);
	fprintf(stderr, "%s\n", problem->known ? ")" : "");
}

/* `A\B::c` is a method, anything else a function. */
static void print_decision(const struct rules *rules, const char *function, const char *path)
{
	const char *colons = strstr(function, "::"), *name = colons ? colons + 2 : function;
	const struct fn_names names = {
		.class = colons ? function : "",
		.name = name,
		.file = path,
		.class_len = colons ? (size_t)(colons - function) : 0,
		.name_len = strlen(name),
		.file_len = strlen(path),
	};
	bool app = rules_path_is_app(rules, path, strlen(path));
	struct decision decision = rules_decide(rules, &names, app);

	printf("%s%s%s: ", rules_modes[decision.mode], decision.handler ? ", a handler" : "",
	       decision.unit ? ", a unit" : "");
	if (decision.rule)
		printf("the rule in line %u\n", decision.rule->line);
	else
		printf("no rule; profile %s, %s\n", rules_profiles[rules->profile],
		       app ? "a file of the application" : "a file of a library");
}

int main(int argc, char **argv)
{
	static struct settings settings; /* lives as long as we do, and so does what it holds */
	struct arguments arguments = {.config = getenv("CALLTRACE_CONFIG")};
	int r = parse(argc, argv, &arguments);
	struct told told;

	if (r > 0)
		return r - 1;
	told = (struct told){.path = arguments.config ? arguments.config : SETTINGS_FILE};
	settings_init(&settings);
	if (!settings_read(&settings, told.path, tell, &told)) {
		if (errno != ENOENT || arguments.config)
			tell(&told,
			     &(struct problem){.what = "cannot be read", .about = strerror(errno)});
		else
			fprintf(stderr, "%s: there is none; the defaults hold\n", told.path);
	}
	settings_finish(&settings);
	rules_seal(&settings.rules, arguments.cli);
	if (arguments.function)
		print_decision(&settings.rules, arguments.function, arguments.path);
	else if (!told.n)
		puts("settings are good");
	return told.n ? EXIT_USAGE : EXIT_SUCCESS;
}
