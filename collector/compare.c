/* SPDX-License-Identifier: MIT */
#include "compare.h"

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "groups.h"
#include "pairing.h"

struct compare {
	const struct compare_query *query;
	int side; /* that is being read */
	struct pairing all;
	struct groups groups;
	struct pairing *pairings; /* one for each group */
	size_t capacity;
	uint64_t ungrouped;
};

static void compare_deinit(struct compare *compare)
{
	for (size_t i = 0; i < compare->groups.count; i++)
		pairing_deinit(&compare->pairings[i]);
	free(compare->pairings);
	pairing_deinit(&compare->all);
	groups_deinit(&compare->groups);
}

static int reserve(struct compare *compare)
{
	size_t before = compare->capacity;
	int r = array_grow(&compare->pairings, compare->groups.count, &compare->capacity,
			   sizeof(*compare->pairings));

	if (r == 0)
		memset(compare->pairings + before, 0,
		       (compare->capacity - before) * sizeof(*compare->pairings));
	return r;
}

static int add_fact(const struct store_fact *fact, void *userdata)
{
	struct compare *compare = userdata;
	uint32_t group;
	int r;

	if (compare->query->company && strcmp(compare->query->company, fact->company_id) != 0)
		return 0;
	r = pairing_add(&compare->all, compare->side, fact);
	if (r || !compare->query->by_function)
		return r;
	/* Room first: a group without its pairing would be none. */
	r = reserve(compare);
	if (!r)
		r = groups_find(&compare->groups, fact->function_name, strlen(fact->function_name),
				&group);
	if (r == GROUPS_FULL) {
		compare->ungrouped++;
		return 0;
	}
	return r ? r : pairing_add(&compare->pairings[group], compare->side, fact);
}

static int judge(struct compare *compare)
{
	int r = pairing_judge(&compare->all);

	for (size_t i = 0; !r && i < compare->groups.count; i++)
		r = pairing_judge(&compare->pairings[i]);
	return r;
}

/* The findings of every test that was made: pointers into the pairings. */
static size_t list_findings(struct compare *compare, struct finding **ret)
{
	size_t n = 0;

	for (size_t i = 0; i <= compare->groups.count; i++) {
		struct pairing *pairing = i ? &compare->pairings[i - 1] : &compare->all;

		if (pairing->errors.enough)
			ret[n++] = &pairing->errors;
		if (pairing->durations.enough)
			ret[n++] = &pairing->durations;
	}
	return n;
}

/* Who asks often enough finds something by chance: p is corrected for how often was asked. */
static int adjust(struct compare *compare, size_t *ret_count)
{
	size_t most = 2 * ((size_t)compare->groups.count + 1), n;
	_cleanup_(freep) struct finding **findings = calloc(most, sizeof(*findings));
	_cleanup_(freep) double *p = calloc(most, sizeof(*p));
	int r;

	if (!findings || !p)
		return -ENOMEM;
	n = list_findings(compare, findings);
	for (size_t i = 0; i < n; i++)
		p[i] = findings[i]->p;
	r = holm_adjust(p, n);
	for (size_t i = 0; !r && i < n; i++)
		findings[i]->adjusted = p[i];
	*ret_count = n;
	return r;
}

struct place {
	const struct group *group;
	struct pairing *pairing;
};

static uint64_t count_of(const struct place *place)
{
	return place->pairing->tallies[0].count + place->pairing->tallies[1].count;
}

static int by_count(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (count_of(left) != count_of(right))
		return count_of(left) > count_of(right) ? -1 : 1;
	return strcmp(left->group->key, right->group->key);
}

static int append(json_t *list, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *object =
		json_pack("{s:s}", "function_name", place->group->key);
	/* It is no UTF-8. */
	int r = object ? pairing_describe(place->pairing, object) : -EBADMSG;

	if (r)
		return r;
	return json_array_append(list, object) < 0 ? -ENOMEM : 0;
}

static int list_functions(struct compare *compare, json_t *list)
{
	size_t n = compare->groups.count;
	_cleanup_(freep) struct place *places = calloc(n + 1, sizeof(*places));
	int r = 0;

	if (!places || !list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		places[i] = (struct place){&compare->groups.list[i], &compare->pairings[i]};
	qsort(places, n, sizeof(*places), by_count);
	for (size_t i = 0; !r && i < n; i++)
		r = append(list, &places[i]);
	return r;
}

static int describe(struct compare *compare, size_t tests, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *document = json_object(), *functions = json_array();
	int r = document ? pairing_describe(&compare->all, document) : -ENOMEM;

	if (!r)
		r = list_functions(compare, functions);
	if (r)
		return r;
	if (json_object_set_new(document, "test_count", json_integer((json_int_t)tests)) < 0 ||
	    json_object_set_new(document, "ungrouped_count",
				json_integer((json_int_t)compare->ungrouped)) < 0 ||
	    json_object_set(document, "functions",
			    compare->query->by_function ? functions : json_null()) < 0)
		return -ENOMEM;
	*ret = steal(&document);
	return 0;
}

int compare_facts(struct store_txn *txn, const struct compare_query *query, json_t **ret)
{
	_cleanup_(compare_deinit) struct compare compare = {.query = query};
	size_t tests;
	int r = 0;

	for (; !r && compare.side < 2; compare.side++)
		r = store_each_fact(txn, &query->sides[compare.side], add_fact, &compare);
	if (!r)
		r = judge(&compare);
	if (!r)
		r = adjust(&compare, &tests);
	return r ? r : describe(&compare, tests, ret);
}
