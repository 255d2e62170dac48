/* SPDX-License-Identifier: MIT */
/*
 * Words, and the forms under which the same word is written.
 *
 * A word is a run of letters, marks and digits; an ideograph is one of its own. Everything else
 * separates, and so do bytes that are not UTF-8: "don't" is two words next to each other.
 *
 * Case is folded and compatibility forms are one (NFKC). German umlauts have two spellings, ä is ae
 * and a; other diacritics are left away. So a word has two full forms. Its terms are what is
 * indexed and compared: in words of five letters and more, ae, oe and ue inside are a, o and u as
 * well, so that "Öttinger", "Oettinger" and "Ottinger" have a term in common. At the end of a word
 * (true), and ue behind a, e or q (Bauer, neuer, Quelle), these letters are no umlaut.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In bytes; forms are cut to this, so what two longer words differ in behind it does not count. */
#define WORD_MAX 64

struct word {
	size_t start, end; /* bytes of the text */
};

/* The next word from `*at` on, which moves behind it. False: there is none. */
bool word_next(const char *text, size_t size, size_t *at, struct word *ret);

struct form {
	uint8_t size; /* 0: none */
	char text[WORD_MAX];
};

struct forms {
	struct form full[2]; /* the second is none when it is the same */
	struct form terms[2];
};

/* Of one word. */
void word_forms(struct forms *ret, const char *word, size_t size);
bool form_is(const struct form *a, const struct form *b);
bool form_begins(const struct form *form, const struct form *prefix);
/* Have they a term in common? */
bool forms_meet(const struct forms *a, const struct forms *b);
/* Does a form of the word begin with one of the prefix? */
bool forms_begin(const struct forms *word, const struct forms *prefix);

/* Of a prefix: with these at least one term of every word that it fits begins. `ret` has room for
 * four. */
#define PREFIX_TERMS 4
size_t prefix_terms(struct form ret[PREFIX_TERMS], const struct forms *prefix);
