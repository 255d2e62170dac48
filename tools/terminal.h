/* SPDX-License-Identifier: MIT */
/*
 * What stdout is: how wide, and whether colour is welcome there.
 */
#pragma once

#include <stdbool.h>

#define TERMINAL_NARROWEST 40

/* `asked` (--width), or $COLUMNS, or the terminal's, or 80. */
int terminal_width(int asked);
/* Only on a terminal, unless $NO_COLOR is set (no-color.org) or $TERM is "dumb". */
bool terminal_color(void);
