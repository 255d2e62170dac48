/* SPDX-License-Identifier: MIT */
/*
 * Errors and function traces of all sessions, newest first, found by the index.
 */
#include <errno.h>
#include <string.h>

#include "record.h"
#include "store-record.h"

/* Neighbours in the index are often of one session. */
struct lists {
	struct store_txn *txn;
	enum store_kind kind;
	bool read;
	struct uuid session;
	struct record_lists lists;
	json_t *record;
};

static void lists_deinit(struct lists *lists)
{
	record_lists_deinit(&lists->lists);
	json_decref(lists->record);
}

static int record_at(struct lists *lists, const struct posting *at, const json_t **ret)
{
	int r = 0;

	json_decref(steal(&lists->record));
	if (!lists->read || memcmp(&lists->session, &at->session, sizeof(at->session)) != 0) {
		record_lists_deinit(&lists->lists);
		lists->lists = (struct record_lists){0};
		lists->session = at->session;
		r = record_lists_get(lists->txn, &at->session, lists->kind, &lists->lists);
		lists->read = r == 0;
	}
	if (!r)
		r = record_of(lists->lists.list[lists->kind], at->seq - 1, &lists->record);
	*ret = lists->record;
	return r == STORE_NONE ? -EBADMSG : r;
}

static int each_indexed(struct index_walk *walk, struct lists *lists, store_each_fn each,
			void *userdata)
{
	const json_t *record;
	int r;

	while (!(r = index_next(walk))) {
		r = record_at(lists, &walk->at, &record);
		if (!r)
			r = each(record, userdata);
		if (r)
			return r;
	}
	return r == STORE_NONE ? 0 : r;
}

static void add_facet(struct facet *facets, size_t *count, char what, char name, const char *value)
{
	facets[(*count)++] = (struct facet){what, name, value};
}

int store_each_error(struct store_txn *txn, const struct store_error_filter *filter,
		     store_each_fn each, void *userdata)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	_cleanup_(lists_deinit) struct lists lists = {.txn = txn, .kind = STORE_ERRORS};
	struct facet facets[FACETS_MAX];
	size_t n = 0;
	int r;

	if (filter->severity)
		add_facet(facets, &n, INDEX_ERRORS, FACET_SEVERITY, filter->severity);
	if (filter->code)
		add_facet(facets, &n, INDEX_ERRORS, FACET_CODE, filter->code);
	if (filter->type)
		add_facet(facets, &n, INDEX_ERRORS, FACET_TYPE, filter->type);
	if (filter->unresolved)
		add_facet(facets, &n, INDEX_ERRORS, FACET_UNRESOLVED, NULL);
	if (filter->booking_failures)
		add_facet(facets, &n, INDEX_ERRORS, FACET_BOOKING, NULL);
	if (filter->terminating)
		add_facet(facets, &n, INDEX_ERRORS, FACET_TERMINATING, NULL);
	if (!n)
		add_facet(facets, &n, INDEX_ERRORS, FACET_ALL, NULL);
	r = index_walk_init(&walk, txn, facets, n, filter->since, filter->until);
	return r ? r : each_indexed(&walk, &lists, each, userdata);
}

/* The facets that answer a question about functions; the first has facts. */
static size_t function_facets(const struct store_fact_filter *filter, struct facet *facets,
			      json_t **base)
{
	size_t n = 0;

	if (filter->function) {
		*base = base_name(filter->function);
		add_facet(facets, &n, INDEX_FUNCTIONS, FACET_BASE_NAME, json_string_value(*base));
	} else {
		add_facet(facets, &n, INDEX_FUNCTIONS, FACET_ALL, NULL);
	}
	if (filter->status)
		add_facet(facets, &n, INDEX_FUNCTIONS, FACET_STATUS, filter->status);
	return n;
}

static bool fits(const struct store_fact_filter *filter, const char *base,
		 const struct store_fact *fact)
{
	return fact->duration_us >= filter->slow_us &&
	       (!filter->function || strcmp(filter->function, base) == 0 ||
		strcmp(filter->function, fact->function_name) == 0);
}

/* Gives the fact, or with `lists` the record. */
struct facts {
	const struct store_fact_filter *filter;
	struct lists *lists;
	int (*each_fact)(const struct store_fact *fact, void *userdata);
	store_each_fn each;
	void *userdata;
};

static int give(const struct facts *facts, const struct store_fact *fact, const struct posting *at)
{
	const json_t *record;
	int r;

	if (facts->each_fact)
		return facts->each_fact(fact, facts->userdata);
	r = record_at(facts->lists, at, &record);
	return r ? r : facts->each(record, facts->userdata);
}

static int each_fact(struct store_txn *txn, const struct facts *facts)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	_cleanup_(json_decrefp) json_t *base = NULL;
	struct facet facets[FACETS_MAX];
	size_t n = function_facets(facts->filter, facets, &base);
	struct store_fact fact;
	int r = index_walk_init(&walk, txn, facets, n, facts->filter->since, facts->filter->until);

	while (!r && !(r = index_next(&walk))) {
		r = fact_decode(&fact, &walk.at, walk.value);
		if (!r && fits(facts->filter, json_string_value(base), &fact))
			r = give(facts, &fact, &walk.at);
	}
	return r == STORE_NONE ? 0 : r;
}

struct session_facts {
	const struct facts *facts;
	const char *company;
	json_t *base;
	uint64_t seq;
};

/* Of one session they are in its list. */
static int fact_of_record(const json_t *record, void *userdata)
{
	struct session_facts *walk = userdata;
	const struct store_fact_filter *filter = walk->facts->filter;
	const char *status = json_string_value(json_object_get(record, "status"));
	struct posting at = {record_time(record, "started_at"), *filter->session, ++walk->seq};
	uint8_t data[FACT_MAX];
	struct store_fact fact;
	int r = fact_decode(&fact, &at,
			    (struct bytes){data, fact_encode(data, record, walk->company)});

	if (r || !fits(filter, json_string_value(walk->base), &fact) || at.time < filter->since ||
	    (filter->until && at.time >= filter->until) ||
	    (filter->status && (!status || strcmp(status, filter->status) != 0)))
		return r;
	return walk->facts->each ? walk->facts->each(record, walk->facts->userdata)
				 : walk->facts->each_fact(&fact, walk->facts->userdata);
}

static int each_fact_of_session(struct store_txn *txn, const struct facts *facts)
{
	_cleanup_(json_decrefp) json_t *owner = NULL, *base = NULL;
	struct session_facts walk = {.facts = facts};
	int r = session_of(txn, facts->filter->session, &owner);

	if (r)
		return r;
	base = facts->filter->function ? base_name(facts->filter->function) : NULL;
	walk.base = base;
	walk.company = session_company(owner);
	return store_each_record(txn, STORE_FUNCTIONS, facts->filter->session, fact_of_record,
				 &walk);
}

int store_each_fact(struct store_txn *txn, const struct store_fact_filter *filter,
		    int (*each)(const struct store_fact *fact, void *userdata), void *userdata)
{
	struct facts facts = {.filter = filter, .each_fact = each, .userdata = userdata};

	return filter->session ? each_fact_of_session(txn, &facts) : each_fact(txn, &facts);
}

int store_each_function(struct store_txn *txn, const struct store_fact_filter *filter,
			store_each_fn each, void *userdata)
{
	_cleanup_(lists_deinit) struct lists lists = {.txn = txn, .kind = STORE_FUNCTIONS};
	struct facts facts = {
		.filter = filter, .lists = &lists, .each = each, .userdata = userdata};

	return filter->session ? each_fact_of_session(txn, &facts) : each_fact(txn, &facts);
}
