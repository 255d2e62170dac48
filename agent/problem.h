/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a line of the settings, or odd. The agent goes on without it, keeps the first
 * for its one line of log and counts the others; calltrace-agent-check(8) shows them all.
 */
#pragma once

#include <stdbool.h>

struct problem {
	bool odd;		  /* understood and done, but hardly what was meant */
	unsigned line;		  /* 0: of the file as a whole */
	const char *what;	  /* what is wrong and what would be right */
	const char *about;	  /* the word in question, or NULL */
	const char *const *known; /* those that could stand there, ended by NULL; or NULL */
};

typedef void (*problem_fn)(void *userdata, const struct problem *problem);
