/* SPDX-License-Identifier: MIT */
/*
 * What the user set: CALLTRACE, CALLTRACE_SOCKET, CALLTRACE_CONFIG and the file that names, read
 * once, in the process that becomes php-fpm's master, or in a php-cli. libcalltrace(7) documents
 * each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_LIST 32

/* Those that are traced. */
#define SAPI_FPM 1u
#define SAPI_CLI 2u

struct settings {
	bool off;
	bool log;	/* one line on stderr, php-fpm's error log, about what the agent decided */
	unsigned sapis; /* SAPI_* */
	char socket[108];
	uint64_t ring_size;
	uint32_t max_string;
	uint32_t max_elements;
	uint32_t max_depth;
	uint32_t max_call_bytes;
	uint32_t max_calls; /* of a request */
	uint64_t max_body;
	uint64_t max_output;
	/* Path parts of code that is not the application's: a file whose path contains one is
	 * `off`. */
	char *vendor[SETTINGS_LIST];
	unsigned n_vendor;
	/* Globs of Class::method or function. */
	char *handlers[SETTINGS_LIST];
	unsigned n_handlers;
	/* The same: what is a request of its own within a run of php-cli. */
	char *units[SETTINGS_LIST];
	unsigned n_units;
};

/* Never fails: what cannot be read keeps its default; the first line that could not be understood
 * is kept for the one line of log. */
void settings_load(struct settings *settings);
const char *settings_problem(void);
/* SAPI_* by the engine's name for it, 0 for any other. */
unsigned settings_sapi(const char *name);
