/* SPDX-License-Identifier: MIT */
/*
 * Text for a terminal, and moments as people write them.
 */
#include "text.h"

#include "check.h"
#include "cleanup.h"
#include "moment.h"

static void check_line(const struct text *text, size_t line, const char *wanted, int width)
{
	_cleanup_(freep) char *s = NULL;

	CHECK_INT(text_error(text), 0);
	CHECK(line < text->line_count);
	s = strndup(text->data + text->lines[line].start, text->lines[line].size);
	CHECK_STR(s, wanted);
	CHECK_INT(text->lines[line].width, width);
}

static void check_added(const char *s, const char *wanted, int width)
{
	_cleanup_(text_deinit) struct text text = {0};

	text_add(&text, s);
	text_newline(&text);
	check_line(&text, 0, wanted, width);
}

static void test_widths(void)
{
	check_added("Färben", "Färben", 6);
	check_added("日本語", "日本語", 6);
	check_added("👍", "👍", 2);
	check_added("e\xcc\x81", "e\xcc\x81", 1); /* a combining accent */
}

static void test_nothing_is_obeyed(void)
{
	check_added("\033[31mred", "␛[31mred", 8);
	check_added("\033]0;title\a", "␛]0;title␇", 10);
	check_added("\xc2\x9b"
		    "2J",
		    "�2J", 3); /* CSI in one character */
	check_added("a\nb\tc\r", "a↵b c↵", 6);
	check_added("\x7f", "␡", 1);
	check_added("\xe2\x80\xae"
		    "abc",
		    "�abc", 4); /* right to left from here */
	check_added("\xff\xc3(", "��(", 3);
	check_added("\xc0\x80\xed\xa0\x80", "��", 2); /* overlong, surrogate */
	check_added("\xf4\x90\x80\x80", "�", 1);
}

static void check_cut(const char *s, int width, const char *wanted, const char *wanted_tail)
{
	_cleanup_(text_deinit) struct text text = {0};

	text_add_cut(&text, s, width);
	text_newline(&text);
	text_add_tail(&text, s, width);
	text_newline(&text);
	check_line(&text, 0, wanted, text_width(wanted));
	check_line(&text, 1, wanted_tail, text_width(wanted_tail));
	CHECK(text.lines[0].width <= width && text.lines[1].width <= width);
}

static void test_cuts(void)
{
	check_cut("abcdef", 6, "abcdef", "abcdef");
	check_cut("abcdef", 5, "abcd…", "…cdef");
	check_cut("日本語", 5, "日本…", "…本語");
	check_cut("日本語", 4, "日…", "…語");
	check_cut("abc", 1, "…", "…");
}

static void test_wraps(void)
{
	_cleanup_(text_deinit) struct text text = {0};

	text_add(&text, "> ");
	text_add_wrapped(&text, "one two three\nfour Donaudampfschiff", 11, 0);
	text_newline(&text);
	check_line(&text, 0, "> one two", 9);
	check_line(&text, 1, "  three", 7);
	check_line(&text, 2, "  four", 6);
	check_line(&text, 3, "  Donaudamp", 11);
	check_line(&text, 4, "  fschiff", 9);
	text_add_wrapped(&text, "one two three four five", 10, 2);
	text_newline(&text);
	check_line(&text, 5, "one two", 7);
	check_line(&text, 6, "three fou…", 10);
}

static void test_styles_end_with_their_line(void)
{
	_cleanup_(text_deinit) struct text text = {.color = true}, other = {.color = true};

	text_style(&text, RED);
	text_add(&text, "abcdef");
	text_newline(&text);
	check_line(&text, 0, "\033[31mabcdef\033[0m", 6);
	text_add_line(&other, &text, 0, 4);
	text_newline(&other);
	check_line(&other, 0, "\033[31mabc…\033[0m", 4);
}

static void test_moments(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{"45s", 1795393600 - 45},
		{"30m", 1795393600 - 1800},
		{"2h", 1795393600 - 7200},
		{"7d", 1795393600 - 604800},
		{"99999999999999999999w", 0},
		{"2026-11-23", 1795392000},
		{"2026-11-23T00:26:57Z", 1795393617},
		{"2026-11-23 00:26", 1795393560},
		{"2026-11-23T01:26:57+01:00", 1795393617},
		{"2026-11-22T19:26:57-0500", 1795393617},
	};
	static const char *const bad[] = {
		"",
		"2",
		"h",
		"2x",
		"2hh",
		"-2h",
		"2026",
		"2026-13-01",
		"2026-11-23T",
		"2026-11-23X00:00",
		"2026-11-23T25:00",
		"2026-11-23T00:26:57+",
		"2026-11-23T00:26:57Zz",
		"1969-01-01",
	};
	uint64_t now = 1795393600ull * 1000000000, ns;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK(moment_parse(good[i].text, now, &ns));
		CHECK_INT(ns, good[i].seconds * 1000000000);
	}
	CHECK(moment_parse("2026-11-23T00:26:57.123456Z", now, &ns));
	CHECK_INT(ns, 1795393617123456000);
	ns = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (moment_parse(bad[i], now, &ns))
			CHECK_STR(bad[i], "refused");
	CHECK_INT(ns, 7);
}

int main(void)
{
	text_init_locale();
	test_widths();
	test_nothing_is_obeyed();
	test_cuts();
	test_wraps();
	test_styles_end_with_their_line();
	test_moments();
	return 0;
}
