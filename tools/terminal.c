/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL  80
#define WIDEST 1000

static int in_bounds(long width)
{
	if (width > WIDEST)
		return WIDEST;
	return width < TERMINAL_NARROWEST ? TERMINAL_NARROWEST : (int)width;
}

int terminal_width(int asked)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n = columns ? strtol(columns, NULL, 10) : 0;

	if (asked)
		return in_bounds(asked);
	if (n > 0)
		return in_bounds(n);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return in_bounds(size.ws_col);
	return USUAL;
}

bool terminal_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(STDOUT_FILENO) == 1;
}
