/* SPDX-License-Identifier: MIT */
/*
 * Text for a terminal: UTF-8 whose width on the screen is known, in lines.
 *
 * Everything that comes out of the store is hostile to a terminal: what is added has its control
 * characters, and those that turn the direction of writing, replaced by something visible. Styles
 * are added apart and end with their line.
 *
 * An allocation that fails is remembered and shows once, in text_error().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE, CYAN };

struct text_line {
	size_t start, size; /* in data, without the newline */
	int width;
};

struct text {
	char *data;
	size_t size, capacity;
	struct text_line *lines; /* the finished ones */
	size_t line_count, line_capacity;
	size_t line_start;
	int column; /* of the unfinished line */
	bool color;
	bool styled;
	bool failed;
};

/* Once per process: widths need a UTF-8 locale, whatever the user's is. The output is UTF-8 always.
 */
void text_init_locale(void);

void text_deinit(struct text *text);
/* 0, or -ENOMEM when something is missing. */
int text_error(const struct text *text);

void text_style(struct text *text, enum style style);
void text_add(struct text *text, const char *s);
/* At most `width` columns: what is longer ends in …, or begins with it. */
void text_add_cut(struct text *text, const char *s, int width);
void text_add_tail(struct text *text, const char *s, int width);
/* Words, in lines up to column `end` that begin at the current column; at most `max` lines when not
 * 0. */
void text_add_wrapped(struct text *text, const char *s, int end, int max);
void text_addf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Spaces up to a column. */
void text_pad(struct text *text, int column);
void text_newline(struct text *text);
/* A line of another text with its styles, at most `width` columns of it. */
void text_add_line(struct text *text, const struct text *from, size_t line, int width);

int text_width(const char *s);
/* Writes the finished lines. Errors stay with the file. */
void text_write(const struct text *text, FILE *file);
