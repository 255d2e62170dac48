/* SPDX-License-Identifier: MIT */
#include "wordcount.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>
#include <uniwbrk.h>

#include "cleanup.h"

/* Written without spaces between words. */
static bool is_unspaced(ucs4_t c)
{
	static const char *const names[] = {"Hiragana", "Katakana", "Thai",
					    "Lao",	"Khmer",    "Myanmar"};
	const uc_script_t *script;

	if (c < 0xe00)
		return false;
	if (uc_is_property_ideographic(c))
		return true;
	script = uc_script(c);
	for (size_t i = 0; script && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(script->name, names[i]) == 0)
			return true;
	return false;
}

/* A dash between words; a hyphen is within one. U+2026 is an ellipsis. */
static bool separates(ucs4_t c)
{
	return uc_is_property_white_space(c) || (c >= 0x2012 && c <= 0x2015) || c == 0x2026;
}

size_t word_count(const char *text)
{
	size_t size = strlen(text), words = 0;
	_cleanup_(freep) char *breaks = calloc(size + 1, 1);
	bool counted = false;
	int n;

	if (!breaks)
		return 0;
	u8_wordbreaks((const uint8_t *)text, size, breaks);
	for (size_t i = 0; i < size; i += (size_t)n) {
		ucs4_t c;

		n = u8_mbtouc(&c, (const uint8_t *)text + i, size - i);
		if (separates(c)) {
			counted = false;
		} else if (is_unspaced(c)) {
			words += breaks[i] && uc_is_alnum(c);
			counted = false;
		} else if (uc_is_alnum(c) && !counted) {
			words++;
			counted = true;
		}
	}
	return words;
}
