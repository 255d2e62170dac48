/* SPDX-License-Identifier: MIT */
/*
 * What is searched for in transcripts, and whether a text has it.
 *
 * A search is words, all of which one text must have: `word`; `word*` for whatever begins so; "of a
 * phrase" in double quotes, next to each other; -word or -"a phrase" that must not be there. What
 * holds more than one word without a space ("16:30") is a phrase. Words are compared as words.h
 * says.
 */
#pragma once

#include "words.h"

#define SEARCH_TEXT_MAX	 1024 /* bytes */
#define SEARCH_WORDS_MAX 32

struct search {
	struct {
		struct forms forms;
		bool prefix;
	} words[SEARCH_WORDS_MAX];
	size_t word_count;
	struct {
		size_t first, count; /* of the words */
		bool excluded;
	} clauses[SEARCH_WORDS_MAX];
	size_t clause_count;
};

/* -EINVAL: `ret_why` says in words what is wrong, `ret` is undefined. */
int search_parse(struct search *ret, const char *text, const char **ret_why);

/* Where in the text: bytes. */
struct search_span {
	size_t start, end;
};

/* 0 when there is no match; else how many spans, in order, that do not overlap, in `ret`, to be
 * freed. -ENOMEM. */
int search_match(const struct search *search, const char *text, size_t size,
		 struct search_span **ret);
