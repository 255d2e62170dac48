/* SPDX-License-Identifier: MIT */
/*
 * trace-dump: asks a store. Data goes to stdout, messages to stderr.
 */
#include <calltrace/version.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "target.h"

enum { EXIT_FOUND = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_STORE = 3 };

static const struct command commands[] = {
	{"calls", "", "calls, newest first", OF_CALLS, NO_CALL, false, command_calls},
	{"show", "CALL", "one call: its figures, performance, errors", OF_SHOW, NEEDS_CALL, false,
	 command_show},
	{"timeline", "CALL", "what was said and what ran, on one time axis", OF_TIMELINE,
	 NEEDS_CALL, false, command_timeline},
	{"functions", "[CALL]", "function traces in execution order", OF_FUNCTIONS, MAY_CALL, false,
	 command_functions},
	{"tree", "CALL[/SEQ]", "the PHP calls inside a function trace", OF_TREE, NEEDS_CALL, true,
	 command_tree},
	{"transcript", "CALL", "what was said", OF_TRANSCRIPT, NEEDS_CALL, false,
	 command_transcript},
	{"search", "TEXT", "full-text search in what was said", OF_SEARCH, NEEDS_WORD, false,
	 command_search},
	{"errors", "[CALL]", "the error log", OF_ERRORS, MAY_CALL, false, command_errors},
	{"errors resolve", "ID", "marks an error as resolved", OF_RESOLVE, NEEDS_WORD, false,
	 command_errors_resolve, .writes = true},
	{"errors reopen", "ID", "marks it as open again", OF_RESOLVE, NEEDS_WORD, false,
	 command_errors_reopen, .writes = true},
	{"stats", "[CALL]", "counts, error rates and durations, by function, call or company",
	 OF_STATS, MAY_CALL, false, command_stats},
	{"compare", "A B", "two functions, two times or two calls", OF_COMPARE, NEEDS_TWO, false,
	 command_compare},
	{"export", "[CALL]", "whole calls, for other programs", OF_EXPORT, MAY_CALL, false,
	 command_export, .usage = export_usage},
	{"redact", "--test", "what redaction makes of the data on stdin, and why", OF_REDACT,
	 NO_CALL, false, command_redact, .storeless = true, .usage = redact_usage},
	{"check", "", "the store's integrity, space and losses", OF_CHECK, NO_CALL, false,
	 command_check},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void general_help(FILE *file)
{
	fprintf(file, "usage: trace-dump [--db DIR] [--format F] COMMAND …\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(file, "  %-14s %-11s %s\n", commands[i].name, commands[i].arguments,
			commands[i].summary);
	fprintf(file,
		"\nCALL is a call id, a session id, the beginning of either, or @latest.\n"
		"Exit status: 0, 1 nothing found, 2 wrong usage, 3 the store cannot be read.\n"
		"trace-dump COMMAND --help tells a command's options.\n");
}

static void command_help(const struct command *command, FILE *file)
{
	fprintf(file, "usage: trace-dump [OPTION…] %s%s%s\n%s\n\n", command->name,
		*command->arguments ? " " : "", command->arguments, command->summary);
	options_help(command->bit, file);
}

/* "errors resolve" is a command of its own; its second word is no argument then. */
static const struct command *find_two_words(struct options *options)
{
	size_t n = strlen(options->command);

	for (size_t i = 0; options->arg_count && i < COMMANDS; i++) {
		if (strncmp(commands[i].name, options->command, n) != 0 ||
		    commands[i].name[n] != ' ' ||
		    strcmp(commands[i].name + n + 1, options->args[0]) != 0)
			continue;
		options->args[0] = options->args[1];
		options->arg_count--;
		return &commands[i];
	}
	return NULL;
}

static const struct command *find_command(struct options *options)
{
	const struct command *command = find_two_words(options);
	const char *name = options->command;

	if (command)
		return command;
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	fprintf(stderr, "trace-dump: unknown command %s; see trace-dump --help\n", name);
	return NULL;
}

static int fail_usage(const struct command *command, const char *why)
{
	fprintf(stderr, "trace-dump: %s: %s; usage: trace-dump %s %s\n", command->name, why,
		command->name, command->arguments);
	return EXIT_USAGE;
}

static int fail_store(const char *db, int r)
{
	static const struct {
		int error;
		const char *hint;
	} hints[] = {
		{-ENOENT, "there is no store; is calltraced running, is --db right?"},
		{-ENOTDIR, "not a directory; is --db right?"},
		{-EACCES, "permission denied; read it as root or as a member of the store's group, "
			  "write it as root or as calltraced's user"},
		{-EPERM, "permission denied; read it as root or as a member of the store's group, "
			 "write it as root or as calltraced's user"},
		{-EROFS, "the file system is read-only"},
		{-ENOSPC, "the disk is full"},
		{-EPROTO, "written by another version; use the trace-dump of that calltraced"},
		{-EBADMSG,
		 "damaged, or no store; trace-dump check tells more, if it can be opened"},
		{-EUSERS, "too many readers; end some of the programs that read it"},
		{-ENOMEM, "not enough memory or address space (see ulimit -v)"},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].error == r) {
			fprintf(stderr, "trace-dump: %s: %s\n", db, hints[i].hint);
			return EXIT_STORE;
		}
	}
	fprintf(stderr, "trace-dump: %s: %s\n", db, strerror(-r));
	return EXIT_STORE;
}

/* Splits CALL/SEQ. A "/" that no number follows belongs to the call's id. */
static void split_sequence(char *call, unsigned long *ret)
{
	char *slash = strrchr(call, '/'), *end;
	unsigned long n;

	if (!slash || slash[1] < '0' || slash[1] > '9')
		return;
	n = strtoul(slash + 1, &end, 10);
	if (*end || !n)
		return;
	*slash = 0;
	*ret = n;
}

static int resolve(struct context *context, const struct command *command, const char *written)
{
	_cleanup_(freep) char *call = strdup(written);
	int r;

	if (!call)
		return -ENOMEM;
	if (command->takes_sequence)
		split_sequence(call, &context->sequence);
	r = command_find_call(context->txn, call, &context->session);
	context->has_session = !r;
	return r;
}

static int run(const struct command *command, const struct options *options, struct store *store)
{
	struct context context = {.options = options};
	bool words = command->call == NEEDS_WORD || command->call == NEEDS_TWO;
	const char *call = words ? options->call : options->args[0];
	int r = store_begin(store, command->writes, &context.txn);

	if (!r && call)
		r = resolve(&context, command, call);
	if (!r)
		r = command->run(&context);
	store_abort(context.txn);
	return r;
}

/* What was printed counts only if it arrived. A reader that went away (head) knows that it did. */
static int finish_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		fprintf(stderr, "trace-dump: cannot write the output: %s\n", strerror(errno));
	return EXIT_STORE;
}

static int open_and_run(const struct command *command, const struct options *options)
{
	struct store *store;
	int r = store_open(&store, options->db, command->writes ? STORE_WRITE : STORE_READ);

	if (r)
		return fail_store(options->db, r);
	r = run(command, options, store);
	/* A map that was full is larger in the next transaction. */
	if (r == -ENOSPC)
		r = run(command, options, store);
	store_close(store);
	if (r < 0 && !ferror(stdout))
		return fail_store(options->db, r);
	return finish_output(r > 0 ? r : EXIT_FOUND);
}

static int run_storeless(const struct command *command, const struct options *options)
{
	struct context context = {.options = options};
	int r = command->run(&context);

	return finish_output(r < 0 ? EXIT_STORE : r);
}

/* LMDB trusts its own pages: where they are damaged it faults, or an assertion of its fails. */
static void on_damage(int number)
{
	static const char text[] =
		"trace-dump: fault while reading: the store's file is damaged or was cut short\n"
		"(else this is a bug). Stop calltraced, move the store aside, start it anew.\n";

	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	target_abandon();
	(void)n; /* there is nothing else to say it with */
	_exit(EXIT_STORE);
}

static int check_usage(const struct command *command, const struct options *options)
{
	const char *wrong = command->usage ? command->usage(options) : NULL;
	bool list = command->bit & OF_LISTS;

	if (options->arg_count > (command->call == NO_CALL     ? 0
				  : command->call == NEEDS_TWO ? 2
							       : 1))
		return fail_usage(command, "too many arguments");
	if (command->call == NEEDS_CALL && !options->arg_count)
		return fail_usage(command, "which CALL?");
	if (command->call == NEEDS_WORD && !options->arg_count)
		return fail_usage(command, command->bit == OF_SEARCH ? "which TEXT?" : "which ID?");
	if (command->call == NEEDS_TWO && options->arg_count < 2)
		return fail_usage(command, "which two?");
	if (!list && options->format > FORMAT_JSON)
		return fail_usage(command, "--format ndjson and csv are for lists");
	return wrong ? fail_usage(command, wrong) : 0;
}

/* Lists are thousands of small values that live as long as the command: neither gathering what was
 * freed nor asking the kernel for a page at a time is worth it. */
static void tune_memory(void)
{
	mallopt(M_MXFAST, 0);
	mallopt(M_TOP_PAD, 1 << 22);
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options options;
	int r;

	tune_memory();
	signal(SIGBUS, on_damage);
	signal(SIGSEGV, on_damage);
	signal(SIGABRT, on_damage);
	text_init_locale();
	if (!options_parse(&options, argc, argv))
		return EXIT_USAGE;
	if (options.version) {
		printf("trace-dump %s\n", CT_VERSION);
		return finish_output(EXIT_FOUND);
	}
	if (!options.command) {
		general_help(options.help ? stdout : stderr);
		return options.help ? finish_output(EXIT_FOUND) : EXIT_USAGE;
	}
	command = find_command(&options);
	if (!command)
		return EXIT_USAGE;
	if (options.help) {
		command_help(command, stdout);
		return finish_output(EXIT_FOUND);
	}
	if (!options_fit(&options, argc, argv, command->bit))
		return EXIT_USAGE;
	r = check_usage(command, &options);
	if (r)
		return r;
	return command->storeless ? run_storeless(command, &options)
				  : open_and_run(command, &options);
}
