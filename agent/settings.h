/* SPDX-License-Identifier: MIT */
/*
 * What the user set: CALLTRACE, CALLTRACE_SOCKET, CALLTRACE_CONFIG and the file that names, read
 * once, in the process that becomes php-fpm's master, or in a php-cli. agent.conf(5) documents
 * each.
 */
#pragma once

#include "problem.h"
#include "rules.h"
#include "sample.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_FILE "/etc/calltrace/agent.conf"

/* Those that are traced. */
#define SAPI_FPM 1u
#define SAPI_CLI 2u

/* Whether functions are recorded where that takes an observer, under the JIT. */
enum observer { OBSERVER_AUTO, OBSERVER_ON, OBSERVER_OFF };

struct settings {
	bool off;
	bool log;     /* one line on stderr, php-fpm's error log, about what the agent decided */
	bool crashes; /* have handlers */
	enum observer observer; /* auto: unless this PHP is known to crash (gates.h) */
	unsigned sapis;		/* SAPI_* */
	char socket[108];
	uint64_t ring_size;
	uint32_t max_string;
	uint32_t max_elements;
	uint32_t max_depth;
	uint32_t max_call_bytes;
	uint32_t max_calls; /* of a request */
	uint64_t max_body;
	uint64_t max_output;
	struct samples samples;
	struct rules rules;
};

/* Never fails: what cannot be read keeps its default. The rules are not sealed yet. */
void settings_load(struct settings *settings);
/* What could not be understood, in a few words for the one line of log; NULL: nothing. */
const char *settings_problem(void);

/* The parts of it, for who reads a file to check it: the defaults; then a file, whose problems are
 * told as they come, false with errno where it cannot be read; then the lists that it left empty.
 */
void settings_init(struct settings *settings);
bool settings_read(struct settings *settings, const char *path, problem_fn tell, void *userdata);
void settings_finish(struct settings *settings);

/* SAPI_* by the engine's name for it, 0 for any other. */
unsigned settings_sapi(const char *name);
