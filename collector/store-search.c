/* SPDX-License-Identifier: MIT */
/*
 * Full-text search: for every word of a search its places, newest first, leapt along until all are
 * at one segment; then that is read, and must match.
 */
#include <errno.h>
#include <string.h>

#include "search.h"
#include "store-json.h"
#include "store-record.h"
#include "store-terms.h"

/* Places are collected a window of time at a time, which grows where there are few and shrinks
 * where there are many: a search that finds enough soon reads little. */
#define SPAN_FIRST (1ull << 18) /* 5 hours */
#define FEW	   256
#define MANY	   4096
#define TOO_MANY   65536

/* No call is longer: a segment was said at most so long after its session began. */
#define CALL_MAX_NS (12ull * 3600 * 1000000000)

struct source {
	struct store_txn *txn;
	struct key prefixes[PREFIX_TERMS + 1];
	size_t prefix_count;
	struct places places; /* of the window, newest first */
	size_t at;
	uint64_t low;  /* the window's first bucket */
	uint64_t span; /* 0: there was no window yet */
	bool follows;  /* in its clause, the source before it */
};

static void source_deinit(struct source *source)
{
	free(source->places.list);
}

static int newest_first(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one > other ? -1 : one < other;
}

static void sort(struct places *places)
{
	size_t n = 0;

	if (places->count)
		qsort(places->list, places->count, sizeof(*places->list), newest_first);
	for (size_t i = 0; i < places->count; i++) {
		if (n && places->list[n - 1] >> PLACE_WORDS == places->list[i] >> PLACE_WORDS)
			places->list[n - 1] |= places->list[i] & PLACE_ALL;
		else
			places->list[n++] = places->list[i];
	}
	places->count = n;
}

static void fit_span(struct source *source)
{
	if (!source->span)
		source->span = SPAN_FIRST;
	else if (source->places.count < FEW && source->span <= BUCKET_MAX / 4)
		source->span *= 4;
	else if (source->places.count > MANY && source->span >= 4)
		source->span /= 4;
}

static int collect(struct source *source, uint64_t high)
{
	int r = 0;

	source->low = high >= source->span ? high - source->span + 1 : 0;
	source->places.count = source->at = 0;
	for (size_t i = 0; !r && i < source->prefix_count; i++)
		r = places_collect(&source->places, source->txn, &source->prefixes[i], source->low,
				   high);
	return r;
}

/* The window that ends with `high`. */
static int fill(struct source *source, uint64_t high)
{
	int r;

	fit_span(source);
	r = collect(source, high);
	while (!r && source->places.count > TOO_MANY && source->span > 1) {
		source->span = source->span > 16 ? source->span / 16 : 1;
		r = collect(source, high);
	}
	if (!r)
		sort(&source->places);
	return r;
}

/* The newest place, with all its words, that is not newer than `most`, which is never more than
 * before. STORE_NONE. */
static int source_seek(struct source *source, uint64_t most, uint64_t *ret)
{
	for (;;) {
		struct places *places = &source->places;
		int r;

		if (!source->span || place_bucket(most) < source->low) {
			r = fill(source, place_bucket(most));
			if (r)
				return r;
		}
		while (source->at < places->count && places->list[source->at] > most)
			source->at++;
		if (source->at < places->count) {
			*ret = places->list[source->at] | PLACE_ALL;
			return 0;
		}
		if (!source->low)
			return STORE_NONE;
		most = place_of(source->low, 0, 0) - 1;
	}
}

struct sources {
	struct source list[SEARCH_WORDS_MAX];
	size_t count;
};

static void sources_deinit(struct sources *sources)
{
	while (sources->count)
		source_deinit(&sources->list[--sources->count]);
}

static void add_term(struct source *source, const struct form *term, bool whole)
{
	struct key *prefix = &source->prefixes[source->prefix_count++];

	prefix->size = 0;
	key_add(prefix, term->text, term->size);
	if (whole)
		key_add(prefix, "", 1);
}

static void source_init(struct source *source, struct store_txn *txn, const struct forms *forms,
			bool prefix)
{
	static const struct term unread = {TERM_UNREAD, sizeof(TERM_UNREAD) - 1};
	struct form terms[PREFIX_TERMS];
	size_t n = prefix ? prefix_terms(terms, forms) : 0;

	*source = (struct source){.txn = txn};
	for (size_t i = 0; i < n; i++)
		add_term(source, &terms[i], false);
	for (size_t i = 0; !prefix && i < 2; i++)
		if (forms->terms[i].size)
			add_term(source, &forms->terms[i], true);
	term_prefix(&source->prefixes[source->prefix_count++], &unread);
}

static void sources_init(struct sources *sources, struct store_txn *txn,
			 const struct search *search)
{
	for (size_t i = 0; i < search->clause_count; i++) {
		if (search->clauses[i].excluded)
			continue;
		for (size_t k = 0; k < search->clauses[i].count; k++) {
			size_t word = search->clauses[i].first + k;

			source_init(&sources->list[sources->count], txn, &search->words[word].forms,
				    search->words[word].prefix);
			sources->list[sources->count++].follows = k > 0;
		}
	}
}

/* The newest place that all have and that is not newer than `most`. */
static int meet(struct sources *sources, uint64_t most, uint64_t *ret)
{
	uint64_t place = most, found;

	for (size_t i = 0, same = 0; same < sources->count; i = (i + 1) % sources->count) {
		int r = source_seek(&sources->list[i], place, &found);

		if (r)
			return r;
		same = found == place ? same + 1 : 1;
		place = found;
	}
	*ret = place;
	return 0;
}

/* Where all are, may the words of each phrase stand next to each other? */
static bool adjacent(const struct sources *sources)
{
	uint32_t words = 0;

	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = &sources->list[i];
		uint32_t own = source->places.list[source->at] & PLACE_ALL;

		words = source->follows ? (words << 1 | words >> 7) & own : own;
		if (!words)
			return false;
	}
	return true;
}

/* Behind a place, one segment earlier. */
static uint64_t before(uint64_t place)
{
	return place - PLACE_ALL - 1;
}

static int next_place(struct sources *sources, uint64_t most, uint64_t *place)
{
	int r = meet(sources, most, place);

	while (!r && !adjacent(sources))
		r = meet(sources, before(*place), place);
	return r;
}

struct finder {
	struct store_txn *txn;
	const struct search *search;
	const struct store_search_filter *filter;
	int (*each)(const struct store_match *match, void *userdata);
	void *userdata;
};

static bool segment_fits(const struct store_search_filter *filter, const json_t *segment)
{
	const char *role = json_string_value(json_object_get(segment, "role"));
	json_int_t at = json_integer_value(json_object_get(segment, "occurred_at"));
	uint64_t time = at > 0 ? (uint64_t)at : 0;

	return (!filter->role || (role && strcmp(role, filter->role) == 0)) &&
	       time >= filter->since && (!filter->until || time < filter->until);
}

static bool session_fits(const struct store_search_filter *filter, const json_t *session)
{
	return !filter->company || strcmp(filter->company, session_company(session)) == 0;
}

/* One session, read when the first of its segments matches. */
struct reading {
	const struct finder *finder;
	const struct uuid *id;
	json_t *session;
};

static void reading_deinit(struct reading *reading)
{
	json_decref(reading->session);
}

static int give(struct reading *reading, const json_t *segment, const struct search_span *spans,
		size_t count)
{
	const struct finder *finder = reading->finder;
	struct store_match match = {.segment = segment, .spans = spans, .span_count = count};
	int r = reading->session ? 0
				 : store_get_session(finder->txn, reading->id, &reading->session);

	if (r)
		return r == STORE_NONE ? -EBADMSG : r;
	match.session = reading->session;
	return session_fits(finder->filter, match.session) ? finder->each(&match, finder->userdata)
							   : 0;
}

/* Made JSON of when its text matches. */
static int give_matching(struct reading *reading, const struct bytes *bytes,
			 const struct search_span *spans, size_t count)
{
	_cleanup_(json_decrefp) json_t *segment = NULL;
	int r = json_read(*bytes, &segment);

	if (r)
		return r;
	return segment_fits(reading->finder->filter, segment) ? give(reading, segment, spans, count)
							      : 0;
}

static int try_segment(struct reading *reading, const struct bytes *segment)
{
	_cleanup_(freep) struct search_span *spans = NULL;
	struct bytes said;
	int r = json_text(*segment, "text", &said);

	if (r)
		return r == STORE_NONE ? 0 : r;
	r = search_match(reading->finder->search, said.data, said.size, &spans);
	return r > 0 ? give_matching(reading, segment, spans, (size_t)r) : r;
}

struct segments {
	struct bytes *list;
	size_t count, capacity;
};

static void segments_deinit(struct segments *segments)
{
	free(segments->list);
}

static int split(struct segments *segments, struct bytes list)
{
	struct bytes segment;
	struct json_walk walk;
	int r = json_walk_init(&walk, list);

	while (!r && !(r = json_walk_next(&walk, &segment))) {
		if (array_grow(&segments->list, segments->count, &segments->capacity,
			       sizeof(segment)) < 0)
			return -ENOMEM;
		segments->list[segments->count++] = segment;
	}
	return r == STORE_NONE ? 0 : r;
}

/* All segments, or only those of the places. */
static int try_session(const struct finder *finder, const struct uuid *session,
		       const struct places *places)
{
	_cleanup_(record_lists_deinit) struct record_lists lists = {0};
	_cleanup_(reading_deinit) struct reading reading = {finder, session, NULL};
	_cleanup_(segments_deinit) struct segments segments = {0};
	int r = record_lists_get(finder->txn, session, STORE_SEGMENTS, &lists);
	size_t n;

	if (!r)
		r = split(&segments, lists.list[STORE_SEGMENTS]);
	n = places ? places->count : segments.count;
	for (size_t i = 0; !r && i < n; i++) {
		size_t number = places ? place_segment(places->list[i]) : n - i;

		/* It may be another session's of the same bucket. */
		if (number <= segments.count)
			r = try_segment(&reading, &segments.list[number - 1]);
	}
	return r == STORE_NONE ? 0 : r;
}

static int try_bucket(const struct finder *finder, uint64_t bucket, const struct places *places)
{
	_cleanup_(freep) struct posting *sessions = NULL;
	size_t count = 0;
	int r = bucket_sessions(finder->txn, bucket, &sessions, &count);

	for (size_t i = 0; !r && i < count; i++)
		r = try_session(finder, &sessions[i].session, places);
	return r;
}

/* All places of one bucket; `place` is the newest, and becomes the next bucket's. */
static int take_bucket(struct sources *sources, struct places *places, uint64_t *place)
{
	uint64_t bucket = place_bucket(*place);
	int r = 0;

	places->count = 0;
	while (!r && place_bucket(*place) == bucket) {
		r = places_add(places, *place);
		if (!r)
			r = next_place(sources, before(*place), place);
	}
	return r;
}

static void places_deinit(struct places *places)
{
	free(places->list);
}

static int find(const struct finder *finder, struct sources *sources, uint64_t newest)
{
	_cleanup_(places_deinit) struct places places = {0};
	uint64_t since = finder->filter->since, place;
	uint64_t oldest = since > CALL_MAX_NS ? bucket_of(since - CALL_MAX_NS) : 0;
	int r = next_place(sources, place_of(newest, SEGMENT_MAX, PLACE_ALL), &place), more = r;

	while (!r && !more && place_bucket(place) >= oldest) {
		uint64_t bucket = place_bucket(place);

		more = take_bucket(sources, &places, &place);
		r = more < 0 ? more : try_bucket(finder, bucket, &places);
	}
	return r == STORE_NONE ? 0 : r;
}

static int newest_of(struct store_txn *txn, char what, uint64_t *time)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	struct facet all = {what, FACET_ALL, NULL};
	int r = index_walk_init(&walk, txn, &all, 1, 0, 0);

	if (!r)
		r = index_next(&walk);
	if (!r && walk.at.time > *time)
		*time = walk.at.time;
	return r == STORE_NONE ? 0 : r;
}

int store_search(struct store_txn *txn, const struct search *search,
		 const struct store_search_filter *filter,
		 int (*each)(const struct store_match *match, void *userdata), void *userdata)
{
	_cleanup_(sources_deinit) struct sources sources = {.count = 0};
	const struct finder finder = {txn, search, filter, each, userdata};
	uint64_t newest = 0;
	int r;

	if (filter->session)
		return try_session(&finder, filter->session, NULL);
	r = newest_of(txn, INDEX_CALLS, &newest);
	if (!r)
		r = newest_of(txn, INDEX_REQUESTS, &newest);
	if (r)
		return r;
	if (filter->until && filter->until < newest)
		newest = filter->until;
	sources_init(&sources, txn, search);
	return find(&finder, &sources, bucket_of(newest));
}
