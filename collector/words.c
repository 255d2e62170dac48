/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "cleanup.h"

/* Of what is longer, as it is written, only the beginning is folded: it makes more than a form. */
#define FOLDED_MAX (4 * WORD_MAX)

#define SOFT_HYPHEN 0xad

/* One character: its size. What is not UTF-8 is U+FFFD, a byte long. */
static size_t decode(const char *text, size_t size, ucs4_t *ret)
{
	int n;

	if ((uint8_t)*text < 0x80) {
		*ret = (uint8_t)*text;
		return 1;
	}
	n = u8_mbtoucr(ret, (const uint8_t *)text, size);
	if (n > 0)
		return (size_t)n;
	*ret = 0xfffd;
	return 1;
}

static bool of_word(ucs4_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	/* What German has: no need of tables. */
	if (c >= 0xc0 && c < 0x100)
		return c != 0xd7 && c != 0xf7;
	return c == SOFT_HYPHEN ||
	       uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
							   UC_CATEGORY_MASK_N);
}

static bool alone(ucs4_t c)
{
	return c >= 0x2e80 && uc_is_property_ideographic(c);
}

bool word_next(const char *text, size_t size, size_t *at, struct word *ret)
{
	size_t i = *at, n = 0;
	ucs4_t c = 0;

	for (; i < size; i += n) {
		n = decode(text + i, size - i, &c);
		if (of_word(c))
			break;
	}
	*at = i;
	if (i >= size)
		return false;
	ret->start = i;
	do {
		i += n;
		if (alone(c) || i >= size)
			break;
		n = decode(text + i, size - i, &c);
	} while (of_word(c) && !alone(c));
	*at = ret->end = i;
	return true;
}

static void add(struct form *form, const char *bytes, size_t size)
{
	if (form->size + size > WORD_MAX)
		return;
	memcpy(form->text + form->size, bytes, size);
	form->size = (uint8_t)(form->size + size);
}

/* Letters that fall apart: as they are written out, and without what distinguishes them. */
static const struct {
	ucs4_t c;
	const char *out, *plain;
} letters[] = {
	{0xe4, "ae", "a"},  {0xf6, "oe", "o"}, {0xfc, "ue", "u"},   {0xdf, "ss", "ss"},
	{0xe6, "ae", "ae"}, {0xf8, "oe", "o"}, {0x153, "oe", "oe"}, {0x142, "l", "l"},
	{0x111, "d", "d"},  {0x131, "i", "i"},
};

/* The base of a Latin or Greek letter with marks. Other scripts' marks are part of their words. */
static ucs4_t base_of(ucs4_t c)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];

	while (c >= 0xc0 && (c < 0x400 || (c >= 0x1e00 && c < 0x2000)) &&
	       uc_canonical_decomposition(c, parts) > 0)
		c = parts[0];
	return c;
}

static void add_char(struct form full[2], ucs4_t c)
{
	char bytes[6];
	int n;

	if (c < 0x80) {
		bytes[0] = (char)c;
		add(&full[0], bytes, 1);
		add(&full[1], bytes, 1);
		return;
	}
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i].c != c)
			continue;
		add(&full[0], letters[i].out, strlen(letters[i].out));
		add(&full[1], letters[i].plain, strlen(letters[i].plain));
		return;
	}
	if ((c >= 0x300 && c < 0x370) || c == SOFT_HYPHEN)
		return;
	n = u8_uctomb((uint8_t *)bytes, base_of(c), sizeof(bytes));
	if (n > 0) {
		add(&full[0], bytes, (size_t)n);
		add(&full[1], bytes, (size_t)n);
	}
}

/* Only ASCII, and À to ÿ: no need of tables. False: there is something else. */
static bool fold_latin(struct form full[2], const char *word, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t c = (uint8_t)word[i];
		ucs4_t wide = c;

		if (c == 0xc3 && i + 1 < size)
			wide = 0xc0 | ((uint8_t)word[++i] & 0x3f);
		else if (c >= 0x80)
			return false;
		if ((wide >= 'A' && wide <= 'Z') || (wide >= 0xc0 && wide <= 0xde))
			wide += 0x20;
		add_char(full, wide);
	}
	return true;
}

static void fold_any(struct form full[2], const char *word, size_t size)
{
	uint8_t room[FOLDED_MAX];
	size_t n = sizeof(room);
	uint8_t *folded = u8_casefold((const uint8_t *)word, size, NULL, UNINORM_NFKC, room, &n);
	ucs4_t c;

	for (size_t i = 0; folded && i < n;) {
		i += decode((const char *)folded + i, n - i, &c);
		add_char(full, c);
	}
	if (folded != room)
		free(folded);
}

/* No more than makes a form, and whole characters. */
static size_t beginning(const char *word, size_t size)
{
	size_t n = size < FOLDED_MAX ? size : FOLDED_MAX;

	while (n && n < size && ((uint8_t)word[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static bool is_umlaut(const struct form *form, size_t i)
{
	char c = form->text[i], before = i ? form->text[i - 1] : 0;

	if ((c != 'a' && c != 'o' && c != 'u') || i + 1 >= form->size || form->text[i + 1] != 'e')
		return false;
	return c != 'u' || (before != 'a' && before != 'e' && before != 'q');
}

/* Without the e of umlauts; one at the end only when `at_end` says so. */
static void reduce(struct form *ret, const struct form *form, bool at_end)
{
	ret->size = 0;
	for (size_t i = 0; i < form->size; i++) {
		add(ret, form->text + i, 1);
		if (is_umlaut(form, i) && (at_end || i + 2 < form->size))
			i++;
	}
}

#define REDUCED_LEAST 5

static void term_of(struct form *ret, const struct form *form)
{
	if (form->size < REDUCED_LEAST)
		*ret = *form;
	else
		reduce(ret, form, false);
}

bool form_is(const struct form *a, const struct form *b)
{
	return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

bool form_begins(const struct form *form, const struct form *prefix)
{
	return prefix->size && form->size >= prefix->size &&
	       memcmp(form->text, prefix->text, prefix->size) == 0;
}

void word_forms(struct forms *ret, const char *word, size_t size)
{
	struct form full[2] = {0};

	size = beginning(word, size);
	if (!fold_latin(full, word, size)) {
		memset(full, 0, sizeof(full));
		fold_any(full, word, size);
	}
	ret->full[0] = full[0];
	ret->full[1].size = ret->terms[1].size = 0;
	term_of(&ret->terms[0], &full[0]);
	if (form_is(&full[0], &full[1]))
		return;
	ret->full[1] = full[1];
	term_of(&ret->terms[1], &full[1]);
	if (form_is(&ret->terms[0], &ret->terms[1]))
		ret->terms[1].size = 0;
}

bool forms_meet(const struct forms *a, const struct forms *b)
{
	for (size_t i = 0; i < 4; i++) {
		const struct form *one = &a->terms[i / 2], *other = &b->terms[i % 2];

		if (one->size && form_is(one, other))
			return true;
	}
	return false;
}

static bool begins_with_one_of(const struct form *form, const struct forms *prefix)
{
	for (size_t i = 0; i < 2; i++)
		if (form_begins(form, &prefix->full[i]) || form_begins(form, &prefix->terms[i]))
			return true;
	return false;
}

bool forms_begin(const struct forms *word, const struct forms *prefix)
{
	for (size_t i = 0; i < 2; i++)
		if (begins_with_one_of(&word->full[i], prefix) ||
		    begins_with_one_of(&word->terms[i], prefix))
			return true;
	return false;
}

static void add_prefix(struct form ret[PREFIX_TERMS], size_t *count, const struct form *prefix)
{
	for (size_t i = 0; i < *count; i++) {
		if (form_begins(prefix, &ret[i]))
			return;
		if (form_begins(&ret[i], prefix))
			ret[i--] = ret[--*count];
	}
	if (prefix->size)
		ret[(*count)++] = *prefix;
}

size_t prefix_terms(struct form ret[PREFIX_TERMS], const struct forms *prefix)
{
	struct form reduced;
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		add_prefix(ret, &n, &prefix->full[i]);
		reduce(&reduced, &prefix->full[i], true);
		add_prefix(ret, &n, &reduced);
	}
	return n;
}
