/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of options, each with the commands that take it.
 */
#pragma once

#include <stdio.h>

#include "query.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV };

enum export_format { EXPORT_JSON, EXPORT_NDJSON, EXPORT_CSV, EXPORT_SQLITE };

struct options {
	const char *db;
	int format; /* enum format */
	int width;  /* 0: the terminal's */
	struct query query;
	int kind; /* of sessions: 0 call, 1 request, 2 all */
	bool in_progress;
	const char *note;
	const char *call; /* which one, for commands that take it as an option */
	int by, sort;	  /* enum stats_by, enum stats_sort */
	int as;		  /* what is compared: 0 what it looks like, 1 function, 2 call, 3 range */
	/* export */
	int to;	   /* enum export_format; -1: not given */
	int table; /* enum record; -1: not given */
	const char *output;
	const char *status;
	bool test; /* redact */
	bool help, version;

	const char *command;
	const char *args[2];
	size_t arg_count;
};

/* Which commands take an option: a bit each. */
enum {
	OF_CALLS = 1 << 0,
	OF_SHOW = 1 << 1,
	OF_TIMELINE = 1 << 2,
	OF_FUNCTIONS = 1 << 3,
	OF_TREE = 1 << 4,
	OF_TRANSCRIPT = 1 << 5,
	OF_ERRORS = 1 << 6,
	OF_CHECK = 1 << 7,
	OF_SEARCH = 1 << 8,
	OF_STATS = 1 << 9,
	OF_COMPARE = 1 << 10,
	OF_EXPORT = 1 << 11,
	OF_REDACT = 1 << 12,
	OF_RESOLVE = 1 << 13,
	OF_LISTS = OF_CALLS | OF_FUNCTIONS | OF_TRANSCRIPT | OF_ERRORS | OF_SEARCH | OF_STATS,
	OF_ALL = -1,
};

/* Options may stand before and after the command. False: a message was written to stderr. */
bool options_parse(struct options *ret, int argc, char **argv);
/* Whether every option that was given belongs to this command; else writes a message. */
bool options_fit(const struct options *options, int argc, char **argv, int command_bit);
/* The options of some commands, a line each. */
void options_help(int command_bits, FILE *file);
/* Which sessions calls and export are asked for. */
struct query options_calls_query(const struct options *options);
