/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum log_level highest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	highest = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	static int journal = -1;
	va_list args;

	if (level > highest)
		return;
	if (journal < 0)
		journal = getenv("JOURNAL_STREAM") != NULL;
	flockfile(stderr);
	if (journal)
		fprintf(stderr, "<%d>", level);
	else
		fputs("calltraced: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	funlockfile(stderr);
}
