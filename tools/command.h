/* SPDX-License-Identifier: MIT */
/*
 * The commands of trace-dump: each builds documents from the store and prints them. One file each.
 */
#pragma once

#include "options.h"
#include "text.h"

struct context {
	const struct options *options;
	struct store_txn *txn;
	struct uuid session; /* of the command's CALL, when it has one */
	bool has_session;
	unsigned long sequence; /* of CALL/SEQ; 0: none */
};

/* Every list prints at most this: nothing was found (exit status 1). Problems count as found by
 * `check`. */
enum {
	COMMAND_NOTHING = 1,
	COMMAND_USAGE = 2,  /* a message was written to stderr */
	COMMAND_FAILED = 3, /* a message was written */
};

/* The session of what a user wrote for a CALL. COMMAND_NOTHING: a message was written. */
int command_find_call(struct store_txn *txn, const char *call, struct uuid *ret);

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	int bit; /* OF_* */
	enum { NO_CALL, MAY_CALL, NEEDS_CALL, NEEDS_WORD, NEEDS_TWO } call;
	bool takes_sequence; /* CALL/SEQ */
	/* 0, COMMAND_* (the exit status), or negative errno as from the store. */
	int (*run)(struct context *context);
	bool writes;	/* into the store; it commits context->txn itself, and sets it to NULL */
	bool storeless; /* there is no transaction */
	/* What is wrong with the options, before anything is opened; NULL: nothing. */
	const char *(*usage)(const struct options *options);
};

int command_calls(struct context *context);
int command_show(struct context *context);
int command_timeline(struct context *context);
int command_functions(struct context *context);
int command_tree(struct context *context);
int command_transcript(struct context *context);
int command_search(struct context *context);
int command_errors(struct context *context);
int command_errors_resolve(struct context *context);
int command_errors_reopen(struct context *context);
int command_stats(struct context *context);
int command_export(struct context *context);
const char *export_usage(const struct options *options);
int command_compare(struct context *context);
int command_redact(struct context *context);
const char *redact_usage(const struct options *options);
int command_check(struct context *context);
