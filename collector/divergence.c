/* SPDX-License-Identifier: MIT */
#include "divergence.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "align.h"
#include "cleanup.h"
#include "record.h"

/* The calls of one side: node 0 is the request, the others are calls in order of entry. */
struct tree {
	const json_t *calls;
	size_t count; /* of nodes */
	size_t *first, *next, *last;
};

static void tree_deinit(struct tree *tree)
{
	free(tree->first);
	free(tree->next);
	free(tree->last);
}

static const json_t *call_of(const struct tree *tree, size_t node)
{
	return json_array_get(tree->calls, node - 1);
}

/* The node with this id: ids ascend. What has no parent here is the request's. */
static size_t node_of(const struct tree *tree, int64_t id, size_t before)
{
	size_t low = 1, high = before;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (get_int(call_of(tree, middle), "id") < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < before && get_int(call_of(tree, low), "id") == id ? low : 0;
}

static int tree_init(struct tree *tree, const json_t *calls)
{
	size_t n = json_array_size(calls) + 1;

	*tree = (struct tree){calls, n, calloc(n, sizeof(size_t)), calloc(n, sizeof(size_t)),
			      calloc(n, sizeof(size_t))};
	if (!tree->first || !tree->next || !tree->last)
		return -ENOMEM;
	for (size_t i = 1; i < n; i++) {
		size_t parent = node_of(tree, get_int(call_of(tree, i), "parent"), i);

		if (tree->last[parent])
			tree->next[tree->last[parent]] = i;
		else
			tree->first[parent] = i;
		tree->last[parent] = i;
	}
	return 0;
}

static int callees(const struct tree *tree, size_t node, size_t **ret, size_t *ret_count)
{
	size_t n = 0, *list;

	for (size_t i = tree->first[node]; i; i = tree->next[i])
		n++;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	n = 0;
	for (size_t i = tree->first[node]; i; i = tree->next[i])
		list[n++] = i;
	*ret = list;
	*ret_count = n;
	return 0;
}

struct search {
	struct tree trees[2];
	size_t limit, count, too_deep;
	json_t *path;  /* names of the calls on the way to where it is looked */
	json_t *found; /* the first `limit` */
	json_t *first;
};

static bool same_field(const json_t *a, const json_t *b, const char *field)
{
	return strcmp(get_text(a, field), get_text(b, field)) == 0;
}

/* One says whether its result was recorded, no more. */
static const char *left_of(const json_t *call)
{
	const char *left = get_text(call, "left");

	return strcmp(left, "discarded") == 0 ? "return" : left;
}

static bool same_outcome(const json_t *a, const json_t *b)
{
	return strcmp(left_of(a), left_of(b)) == 0 &&
	       same_field(json_object_get(a, "exception"), json_object_get(b, "exception"),
			  "class");
}

/* Two lists of siblings, to be aligned. */
struct siblings {
	const struct search *search;
	size_t *lists[2];
};

static void siblings_deinit(struct siblings *siblings)
{
	free(siblings->lists[0]);
	free(siblings->lists[1]);
}

static unsigned int price_of(size_t a, size_t b, void *userdata)
{
	const struct siblings *siblings = userdata;
	const json_t *left = call_of(&siblings->search->trees[0], siblings->lists[0][a]);
	const json_t *right = call_of(&siblings->search->trees[1], siblings->lists[1][b]);

	if (!same_field(left, right, "class") || !same_field(left, right, "function") ||
	    !same_field(left, right, "kind"))
		return ALIGN_NEVER;
	return same_outcome(left, right) ? 0 : 1;
}

/* Of the first outbound call that it made. */
static json_t *outbound_of(const json_t *call, const char *field)
{
	const json_t *note = json_object_get(call, "note");

	return get_copy(json_is_array(note) ? json_array_get(note, 0) : note, field);
}

/* A call without its values. */
static json_t *describe(const json_t *call)
{
	const json_t *exception = json_object_get(call, "exception");
	json_t *thrown =
		json_is_object(exception)
			? json_pack("{s:O*, s:O*}", "class", json_object_get(exception, "class"),
				    "message", json_object_get(exception, "message"))
			: json_null();

	if (!call)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
			 get_copy(call, "id"), "class", get_copy(call, "class"), "function",
			 get_copy(call, "function"), "kind", get_copy(call, "kind"), "file",
			 get_copy(call, "file"), "line", get_copy(call, "line"), "left",
			 get_copy(call, "left"), "exception", thrown, "outbound_status",
			 outbound_of(call, "status"), "outbound_error", outbound_of(call, "error"));
}

/* Of values, `field` says which. */
static int report(struct search *search, const char *kind, const json_t *a, const json_t *b,
		  const char *field)
{
	_cleanup_(json_decrefp) json_t *divergence = NULL;
	bool wanted = search->count < search->limit;

	search->count++;
	if (!wanted && (field || search->first))
		return 0;
	divergence = json_pack("{s:s, s:o, s:o, s:o}", "kind", kind, "path",
			       json_copy(search->path), "a", describe(a), "b", describe(b));
	if (!divergence)
		return -ENOMEM;
	if (field && (json_object_set_new(divergence, "a_value", get_copy(a, field)) < 0 ||
		      json_object_set_new(divergence, "b_value", get_copy(b, field)) < 0))
		return -ENOMEM;
	if (!field && !search->first)
		search->first = json_incref(divergence);
	return wanted && json_array_append(search->found, divergence) < 0 ? -ENOMEM : 0;
}

static bool same_value(const json_t *a, const json_t *b, const char *field)
{
	a = json_object_get(a, field);
	b = json_object_get(b, field);
	return (!a && !b) || json_equal(a, b);
}

/* What an outbound call came to: without how long it took, and what it asked. */
static bool same_outbound_note(const json_t *a, const json_t *b)
{
	return same_value(a, b, "status") && same_value(a, b, "error");
}

static bool same_outbound(const json_t *a, const json_t *b)
{
	a = json_object_get(a, "note");
	b = json_object_get(b, "note");
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++)
		if (!same_outbound_note(json_array_get(a, i), json_array_get(b, i)))
			return false;
	return same_outbound_note(a, b);
}

static int compare_ends(struct search *search, const json_t *a, const json_t *b)
{
	const json_t *thrown_a = json_object_get(a, "exception");
	const json_t *thrown_b = json_object_get(b, "exception");
	bool same = same_outcome(a, b);
	int r = 0;

	if (!same)
		return report(search, "outcome", a, b, NULL);
	if (!same_outbound(a, b))
		r = report(search, "outbound", a, b, NULL);
	if (!r && !same_field(thrown_a, thrown_b, "message"))
		r = report(search, "result", a, b, "exception");
	else if (!r && !same_value(a, b, "result"))
		r = report(search, "result", a, b, "result");
	return r;
}

static json_t *name_of(const json_t *call)
{
	const char *class = get_text(call, "class");

	return json_sprintf("%s%s%s", class, *class ? "::" : "", get_text(call, "function"));
}

static int compare_callees(struct search *search, size_t a, size_t b);

/* Two calls of the same function. */
static int compare_calls(struct search *search, size_t a, size_t b)
{
	const json_t *left = call_of(&search->trees[0], a), *right = call_of(&search->trees[1], b);
	int r = 0;

	if (!same_value(left, right, "args"))
		r = report(search, "arguments", left, right, "args");
	if (r)
		return r;
	if (json_array_size(search->path) == DIVERGENCE_DEPTH) {
		search->too_deep++;
	} else {
		if (json_array_append_new(search->path, name_of(left)) < 0)
			return -ENOMEM;
		r = compare_callees(search, a, b);
		json_array_remove(search->path, json_array_size(search->path) - 1);
	}
	return r ? r : compare_ends(search, left, right);
}

static int compare_step(struct search *search, const struct siblings *siblings,
			const struct align_step *step)
{
	size_t a = step->a == ALIGN_NONE ? 0 : siblings->lists[0][step->a];
	size_t b = step->b == ALIGN_NONE ? 0 : siblings->lists[1][step->b];

	if (a && b)
		return compare_calls(search, a, b);
	return a ? report(search, "only_in_a", call_of(&search->trees[0], a), NULL, NULL)
		 : report(search, "only_in_b", NULL, call_of(&search->trees[1], b), NULL);
}

static int compare_callees(struct search *search, size_t a, size_t b)
{
	_cleanup_(siblings_deinit) struct siblings siblings = {.search = search};
	_cleanup_(freep) struct align_step *steps = NULL;
	size_t n_a, n_b, n = 0;
	int r = callees(&search->trees[0], a, &siblings.lists[0], &n_a);

	if (!r)
		r = callees(&search->trees[1], b, &siblings.lists[1], &n_b);
	if (!r)
		r = align(n_a, n_b, price_of, &siblings, &steps, &n);
	for (size_t i = 0; !r && i < n; i++) {
		/* Both alone at one place: one stands for the other. */
		if (i + 1 < n && steps[i].b == ALIGN_NONE && steps[i + 1].a == ALIGN_NONE) {
			r = report(search, "different_call",
				   call_of(&search->trees[0], siblings.lists[0][steps[i].a]),
				   call_of(&search->trees[1], siblings.lists[1][steps[i + 1].b]),
				   NULL);
			i++;
			continue;
		}
		r = compare_step(search, &siblings, &steps[i]);
	}
	return r;
}

static void search_deinit(struct search *search)
{
	tree_deinit(&search->trees[0]);
	tree_deinit(&search->trees[1]);
	json_decref(search->path);
	json_decref(search->found);
	json_decref(search->first);
}

int divergence_find(const json_t *calls_a, const json_t *calls_b, size_t limit, json_t **ret)
{
	_cleanup_(search_deinit) struct search search = {
		.limit = limit, .path = json_array(), .found = json_array()};
	json_t *document;
	int r = search.path && search.found ? tree_init(&search.trees[0], calls_a) : -ENOMEM;

	if (!r)
		r = tree_init(&search.trees[1], calls_b);
	if (!r)
		r = compare_callees(&search, 0, 0);
	if (r)
		return r;
	document = json_pack("{s:I, s:I, s:O?, s:O}", "divergence_count", (json_int_t)search.count,
			     "too_deep_count", (json_int_t)search.too_deep, "first_divergence",
			     search.first, "divergences", search.found);
	if (!document)
		return -ENOMEM;
	*ret = document;
	return 0;
}
