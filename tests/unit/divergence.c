/* SPDX-License-Identifier: MIT */
/*
 * Sequences aligned, against the cheapest of all alignments; and where trees of PHP calls diverge.
 */
#include "divergence.h"

#include <stdbool.h>
#include <stdint.h>

#include "align.h"
#include "check.h"
#include "cleanup.h"
#include "draw.h"

struct words {
	const char *a, *b;
};

/* Small letters and capitals of the same are the same function with another outcome. */
static unsigned int price_of(size_t a, size_t b, void *userdata)
{
	const struct words *words = userdata;
	char left = words->a[a], right = words->b[b];

	if (left == right)
		return 0;
	return (left | 32) == (right | 32) ? 2 : ALIGN_NEVER;
}

/* "a=a", "b-" only in A, "-c" only in B. */
static char *aligned(const char *a, const char *b, unsigned int *ret_cost)
{
	struct words words = {a, b};
	_cleanup_(freep) struct align_step *steps = NULL;
	char *text = calloc(1, 4 * (strlen(a) + strlen(b)) + 1), *end = text;
	size_t n, i = 0, j = 0;

	CHECK_INT(align(strlen(a), strlen(b), price_of, &words, &steps, &n), 0);
	*ret_cost = 0;
	for (size_t k = 0; k < n; k++) {
		const struct align_step *step = &steps[k];

		/* Each place once, in order. */
		CHECK(step->a == ALIGN_NONE || step->a == i++);
		CHECK(step->b == ALIGN_NONE || step->b == j++);
		*ret_cost += step->a == ALIGN_NONE || step->b == ALIGN_NONE
				     ? ALIGN_ALONE
				     : price_of(step->a, step->b, &words);
		end += sprintf(end, "%c%c ", step->a == ALIGN_NONE ? '-' : a[step->a],
			       step->b == ALIGN_NONE ? '-' : b[step->b]);
	}
	CHECK(i == strlen(a) && j == strlen(b));
	return text;
}

static void check_aligned(const char *a, const char *b, const char *wanted)
{
	unsigned int cost;
	_cleanup_(freep) char *text = aligned(a, b, &cost);

	CHECK_STR(text, wanted);
}

static void test_alignments(void)
{
	check_aligned("", "", "");
	check_aligned("abc", "abc", "aa bb cc ");
	check_aligned("abc", "", "a- b- c- ");
	check_aligned("", "ab", "-a -b ");
	check_aligned("abc", "ac", "aa b- cc ");
	check_aligned("ac", "abc", "aa -b cc ");
	check_aligned("abc", "axc", "aa b- -x cc ");
	check_aligned("abBc", "abc", "aa bb B- cc ");
	check_aligned("aBc", "abc", "aa Bb cc ");
	check_aligned("abcabc", "abc", "aa bb cc a- b- c- ");
}

/* Every alignment there is. */
static unsigned int cheapest(const struct words *words, size_t i, size_t j)
{
	unsigned int best, other;

	if (!words->a[i] && !words->b[j])
		return 0;
	best = 1000;
	if (words->a[i])
		best = cheapest(words, i + 1, j) + ALIGN_ALONE;
	if (words->b[j]) {
		other = cheapest(words, i, j + 1) + ALIGN_ALONE;
		best = other < best ? other : best;
	}
	if (words->a[i] && words->b[j] && price_of(i, j, (void *)words) != ALIGN_NEVER) {
		other = cheapest(words, i + 1, j + 1) + price_of(i, j, (void *)words);
		best = other < best ? other : best;
	}
	return best;
}

static void test_cheapest(void)
{
	char a[8], b[8];

	for (int round = 0; round < 500; round++) {
		unsigned int n = draw(7), m = draw(7), cost;
		_cleanup_(freep) char *text = NULL;

		for (unsigned int i = 0; i < n; i++)
			a[i] = "abABc"[draw(5)];
		for (unsigned int i = 0; i < m; i++)
			b[i] = "abABc"[draw(5)];
		a[n] = b[m] = 0;
		text = aligned(a, b, &cost);
		CHECK_INT(cost, cheapest(&(struct words){a, b}, 0, 0));
	}
}

/* Too long for the best: near is good enough, and nothing is lost. */
static void test_long(void)
{
	_cleanup_(freep) char *a = calloc(1, 5001), *b = calloc(1, 5001), *text = NULL;
	unsigned int cost;

	for (size_t i = 0; i < 5000; i++)
		a[i] = b[i] = (char)('a' + draw(26));
	/* One more at the front, one less at the end. */
	memmove(b + 1, b, 4999);
	b[0] = '#';
	a[4999] = '!';
	text = aligned(a, b, &cost);
	CHECK_INT(cost, 2 * ALIGN_ALONE);
}

/* "id parent function outcome", a call a line; the outcome is what it returned, or !Class. */
static json_t *tree_of(const char *text)
{
	json_t *calls = json_array();
	int id, parent, n;
	char function[32], outcome[32];

	for (; sscanf(text, "%d %d %31s %31s %n", &id, &parent, function, outcome, &n) == 4;
	     text += n) {
		bool threw = *outcome == '!';

		json_array_append_new(
			calls,
			json_pack("{s:i, s:i, s:n, s:s, s:s, s:{s:s}, s:s?, s:o, s:s}", "id", id,
				  "parent", parent, "class", "function", function, "kind",
				  "function", "args", "who", strcmp(function, "ask") ? "" : outcome,
				  "result", threw ? NULL : outcome, "exception",
				  threw ? json_pack("{s:s, s:s}", "class", outcome + 1, "message",
						    "no")
					: json_null(),
				  "left", threw ? "exception" : "return"));
	}
	return calls;
}

/* What is first, and how many there are: "kind function <caller". */
static void check_first(const char *a, const char *b, const char *wanted, int count)
{
	_cleanup_(json_decrefp) json_t *left = tree_of(a), *right = tree_of(b), *found = NULL;
	const json_t *first, *call, *path;
	char text[128] = "none";

	CHECK_INT(divergence_find(left, right, 3, &found), 0);
	first = json_object_get(found, "first_divergence");
	if (json_is_object(first)) {
		call = json_object_get(first, "a");
		path = json_object_get(first, "path");
		if (!json_is_object(call))
			call = json_object_get(first, "b");
		snprintf(text, sizeof(text), "%s %s",
			 json_string_value(json_object_get(first, "kind")),
			 json_string_value(json_object_get(call, "function")));
		for (size_t i = json_array_size(path); i-- > 0;)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " <%s",
				 json_string_value(json_array_get(path, i)));
	}
	CHECK_STR(text, wanted);
	CHECK_INT(json_integer_value(json_object_get(found, "divergence_count")), count);
	CHECK(json_array_size(json_object_get(found, "divergences")) <= 3);
}

static void test_trees(void)
{
	static const char good[] = "1 0 handle ok  2 1 find x  3 1 book y  4 3 post z";

	check_first(good, good, "none", 0);
	check_first("", "", "none", 0);
	check_first(good, "", "only_in_a handle", 1);
	check_first("", good, "only_in_b handle", 1);
	/* What threw first is inside; what it passed through comes after. */
	check_first(good, "1 0 handle !E  2 1 find x  3 1 book !E  4 3 post !E",
		    "outcome post <book <handle", 3);
	/* Caught where it was called. */
	check_first(good, "1 0 handle ok  2 1 find x  3 1 book y  4 3 post !E",
		    "outcome post <book <handle", 1);
	check_first("1 0 handle !F", "1 0 handle !E", "outcome handle", 1);
	/* Values diverge, and nothing else. */
	check_first(good, "1 0 handle no  2 1 find other  3 1 book y  4 3 post z", "none", 2);
	check_first("1 0 ask x", "1 0 ask y", "none", 2);
	/* Numbers are those of each tree, and mean nothing in the other. */
	check_first(good, "5 0 handle ok  7 5 find x  9 5 book y  11 9 post z", "none", 0);
	check_first(good, "1 0 handle ok  2 1 find x  3 1 find x  4 1 book y  5 4 post z",
		    "only_in_b find <handle", 1);
	check_first(good, "1 0 handle ok  2 1 find x  3 1 cancel y  4 3 post z",
		    "different_call book <handle", 1);
	/* A parent that is not there is the request. */
	check_first("1 0 handle ok  2 77 find x", "1 0 handle ok  2 0 find x", "none", 0);
}

/* Recursion ends before the stack does. */
static void test_depth(void)
{
	_cleanup_(json_decrefp) json_t *a = json_array(), *b = NULL, *found = NULL;

	for (int i = 1; i <= 5000; i++)
		json_array_append_new(a, json_pack("{s:i, s:i, s:s, s:s}", "id", i, "parent", i - 1,
						   "function", "f", "left", "return"));
	b = json_deep_copy(a);
	CHECK_INT(divergence_find(a, b, 3, &found), 0);
	CHECK_INT(json_integer_value(json_object_get(found, "divergence_count")), 0);
	CHECK_INT(json_integer_value(json_object_get(found, "too_deep_count")), 1);
}

int main(void)
{
	test_alignments();
	test_cheapest();
	test_long();
	test_trees();
	test_depth();
	return 0;
}
