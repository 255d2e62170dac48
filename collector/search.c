/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "buffer.h"
#include "cleanup.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The words of one clause. */
static int add_clause(struct search *search, const char *text, size_t size, bool excluded)
{
	size_t at = 0, first = search->word_count;
	struct word word;

	while (word_next(text, size, &at, &word)) {
		struct forms forms;

		word_forms(&forms, text + word.start, word.end - word.start);
		if (!forms.full[0].size)
			continue;
		if (search->word_count == SEARCH_WORDS_MAX)
			return -E2BIG;
		search->words[search->word_count].forms = forms;
		search->words[search->word_count++].prefix =
			word.end < size && text[word.end] == '*';
	}
	if (search->word_count == first)
		return 0;
	search->clauses[search->clause_count].first = first;
	search->clauses[search->clause_count].count = search->word_count - first;
	search->clauses[search->clause_count++].excluded = excluded;
	return 0;
}

/* One clause from `text` on, which is not empty: how long it is; 0: its quote is not closed. */
static size_t clause_size(const char *text, size_t *ret_start, size_t *ret_end)
{
	size_t start = 0, end;
	const char *close;

	if (text[start] == '-')
		start++;
	if (text[start] == '"') {
		close = strchr(text + ++start, '"');
		if (!close)
			return 0;
		*ret_start = start;
		*ret_end = (size_t)(close - text);
		return *ret_end + 1;
	}
	for (end = start; text[end] && !is_space(text[end]) && text[end] != '"';)
		end++;
	*ret_start = start;
	*ret_end = end;
	return end;
}

static bool has_wanted(const struct search *search)
{
	for (size_t i = 0; i < search->clause_count; i++)
		if (!search->clauses[i].excluded)
			return true;
	return false;
}

static const char *parse(struct search *ret, const char *text)
{
	if (strlen(text) > SEARCH_TEXT_MAX)
		return "it is longer than 1024 bytes";
	if (u8_check((const uint8_t *)text, strlen(text)))
		return "it is not UTF-8";
	while (*text) {
		size_t start, end, size;

		if (is_space(*text)) {
			text++;
			continue;
		}
		size = clause_size(text, &start, &end);
		if (!size)
			return "a \" is not closed";
		if (add_clause(ret, text + start, end - start, *text == '-') < 0)
			return "it has more than 32 words";
		text += size;
	}
	if (!ret->word_count)
		return "it has no word";
	return has_wanted(ret) ? NULL : "it says only what must not be there";
}

int search_parse(struct search *ret, const char *text, const char **ret_why)
{
	const char *why;

	ret->word_count = ret->clause_count = 0;
	why = parse(ret, text);
	if (!why)
		return 0;
	*ret_why = why;
	return -EINVAL;
}

/* A word of the text, and which words of the search it is: a bit each. */
struct seen {
	size_t start, end;
	uint32_t is;
};

static uint32_t compare(const struct search *search, const struct forms *forms)
{
	uint32_t is = 0;

	for (size_t i = 0; i < search->word_count; i++)
		if (search->words[i].prefix ? forms_begin(forms, &search->words[i].forms)
					    : forms_meet(forms, &search->words[i].forms))
			is |= 1u << i;
	return is;
}

static int read_text(const struct search *search, const char *text, size_t size, struct seen **ret,
		     size_t *ret_count)
{
	_cleanup_(freep) struct seen *seen = NULL;
	size_t count = 0, capacity = 0, at = 0;
	struct forms forms;
	struct word word;

	while (word_next(text, size, &at, &word)) {
		word_forms(&forms, text + word.start, word.end - word.start);
		if (!forms.full[0].size)
			continue;
		if (array_grow(&seen, count, &capacity, sizeof(*seen)) < 0)
			return -ENOMEM;
		seen[count++] = (struct seen){word.start, word.end, compare(search, &forms)};
	}
	*ret = steal(&seen);
	*ret_count = count;
	return 0;
}

static bool fits(const struct seen *seen, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(seen[i].is & 1u << (first + i)))
			return false;
	return true;
}

struct spans {
	struct search_span *list;
	size_t count, capacity;
};

static int add_span(struct spans *spans, size_t start, size_t end)
{
	if (array_grow(&spans->list, spans->count, &spans->capacity, sizeof(*spans->list)) < 0)
		return -ENOMEM;
	spans->list[spans->count++] = (struct search_span){start, end};
	return 0;
}

/* How often the clause is there, up to INT_MAX; -ENOMEM. */
static int find_clause(const struct search *search, size_t clause, const struct seen *seen,
		       size_t count, struct spans *spans)
{
	size_t first = search->clauses[clause].first, n = search->clauses[clause].count;
	int found = 0;

	for (size_t i = 0; i + n <= count && found < INT_MAX; i++) {
		if (!fits(seen + i, first, n))
			continue;
		if (add_span(spans, seen[i].start, seen[i + n - 1].end) < 0)
			return -ENOMEM;
		found++;
	}
	return found;
}

static int by_start(const void *a, const void *b)
{
	const struct search_span *one = a, *other = b;

	return one->start < other->start ? -1 : one->start > other->start;
}

static void merge(struct spans *spans)
{
	size_t n = 0;

	qsort(spans->list, spans->count, sizeof(*spans->list), by_start);
	for (size_t i = 0; i < spans->count; i++) {
		struct search_span *last = n ? &spans->list[n - 1] : NULL;

		if (!last || spans->list[i].start >= last->end)
			spans->list[n++] = spans->list[i];
		else if (spans->list[i].end > last->end)
			last->end = spans->list[i].end;
	}
	spans->count = n;
}

static int find_all(const struct search *search, const struct seen *seen, size_t count,
		    struct spans *spans)
{
	for (size_t i = 0; i < search->clause_count; i++) {
		int found = find_clause(search, i, seen, count, spans);

		if (found < 0)
			return found;
		if (search->clauses[i].excluded ? found : !found)
			return 0;
	}
	merge(spans);
	return spans->count > INT_MAX ? INT_MAX : (int)spans->count;
}

int search_match(const struct search *search, const char *text, size_t size,
		 struct search_span **ret)
{
	_cleanup_(freep) struct seen *seen = NULL;
	struct spans spans = {0};
	size_t count;
	int r = read_text(search, text, size, &seen, &count);

	if (!r)
		r = find_all(search, seen, count, &spans);
	if (r > 0)
		*ret = spans.list;
	else
		free(spans.list);
	return r;
}
