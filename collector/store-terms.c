/* SPDX-License-Identifier: MIT */
#include "store-terms.h"

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "store-json.h"
#include "store-record.h"

/* A term in a segment. */
struct said {
	size_t at; /* in the bytes */
	uint32_t segment;
	uint8_t size;
	uint8_t words; /* where in the segment: struct posted */
};

struct terms {
	struct buffer bytes;
	struct said *list;
	size_t count, capacity;
};

static void terms_deinit(struct terms *terms)
{
	buffer_deinit(&terms->bytes);
	free(terms->list);
}

static int add_term(struct terms *terms, const void *data, size_t size, uint32_t segment,
		    uint8_t words)
{
	if (array_grow(&terms->list, terms->count, &terms->capacity, sizeof(*terms->list)) < 0)
		return -ENOMEM;
	terms->list[terms->count++] =
		(struct said){terms->bytes.size, segment, (uint8_t)size, words};
	return buffer_add(&terms->bytes, data, size);
}

/* `place`: how many words of the segment were before it. */
static int add_word(struct terms *terms, const char *word, size_t size, uint32_t segment,
		    size_t *place)
{
	struct forms forms;
	int r = 0;

	word_forms(&forms, word, size);
	for (size_t i = 0; !r && i < 2; i++)
		if (forms.terms[i].size)
			r = add_term(terms, forms.terms[i].text, forms.terms[i].size, segment,
				     (uint8_t)(1u << *place % 8));
	/* What is nothing but marks is no word to a search either. */
	*place += forms.full[0].size != 0;
	return r;
}

static int add_words(struct terms *terms, const struct bytes *said, uint32_t number, size_t *words)
{
	struct word word;
	size_t at = 0, place = 0;
	int r = 0;

	while (!r && word_next(said->data, said->size, &at, &word)) {
		if (++*words > TERMS_WORDS_MAX)
			return add_term(terms, TERM_UNREAD, strlen(TERM_UNREAD), number, PLACE_ALL);
		r = add_word(terms, (const char *)said->data + word.start, word.end - word.start,
			     number, &place);
	}
	return r;
}

/* Of a list of segments as it is stored. */
static int add_list(struct terms *terms, struct bytes list)
{
	struct bytes segment, said;
	struct json_walk walk;
	uint32_t number = 0;
	size_t words = 0;
	int r = json_walk_init(&walk, list);

	while (!r && !(r = json_walk_next(&walk, &segment))) {
		if (number++ == SEGMENT_MAX)
			return -E2BIG;
		r = json_text(segment, "text", &said);
		if (!r)
			r = add_words(terms, &said, number, &words);
		r = r == STORE_NONE ? 0 : r;
	}
	return r == STORE_NONE ? 0 : r;
}

static struct term term_at(const struct terms *terms, size_t i)
{
	return (struct term){terms->bytes.data + terms->list[i].at, terms->list[i].size};
}

static int compare_terms(const struct term *a, const struct term *b)
{
	int r = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);

	return r ? r : (int)a->size - (int)b->size;
}

static int compare_said(const void *a, const void *b, void *bytes)
{
	const struct said *one = a, *other = b;
	struct term left = {(uint8_t *)bytes + one->at, one->size};
	struct term right = {(uint8_t *)bytes + other->at, other->size};
	int r = compare_terms(&left, &right);

	return r ? r : (one->segment > other->segment) - (one->segment < other->segment);
}

static void sort(struct terms *terms)
{
	size_t n = 0;

	if (terms->count)
		qsort_r(terms->list, terms->count, sizeof(*terms->list), compare_said,
			terms->bytes.data);
	for (size_t i = 0; i < terms->count; i++)
		if (n && !compare_said(&terms->list[n - 1], &terms->list[i], terms->bytes.data))
			terms->list[n - 1].words |= terms->list[i].words;
		else
			terms->list[n++] = terms->list[i];
	terms->count = n;
}

/* One term's segments: those from `from` to before `to` in the list. */
struct group {
	size_t from, to;
};

static struct group group_at(const struct terms *terms, size_t from)
{
	struct group group = {from, from};
	struct term first;

	if (from == terms->count)
		return group;
	first = term_at(terms, from);
	for (; group.to < terms->count; group.to++) {
		struct term term = term_at(terms, group.to);

		if (compare_terms(&first, &term))
			break;
	}
	return group;
}

static bool same_segments(const struct terms *a, const struct group *one, const struct terms *b,
			  const struct group *other)
{
	size_t n = one->to - one->from;

	if (n != other->to - other->from)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a->list[one->from + i].segment != b->list[other->from + i].segment ||
		    a->list[one->from + i].words != b->list[other->from + i].words)
			return false;
	return true;
}

static struct posted *segments_of(const struct terms *terms, const struct group *group)
{
	struct posted *segments = malloc((group->to - group->from + 1) * sizeof(*segments));

	for (size_t i = group->from; segments && i < group->to; i++)
		segments[i - group->from] =
			(struct posted){terms->list[i].segment, terms->list[i].words};
	return segments;
}

static int post(struct store_txn *txn, uint64_t bucket, const struct term *term,
		const struct terms *terms, const struct group *group)
{
	_cleanup_(freep) struct posted *segments = segments_of(terms, group);

	if (!segments)
		return -ENOMEM;
	return postings_set(txn, term, bucket, segments, group->to - group->from);
}

/* Writes what differs. */
static int replace(struct store_txn *txn, uint64_t bucket, struct terms *before,
		   struct terms *after)
{
	struct group old = {0}, new = {0};
	int r = 0;

	sort(before);
	sort(after);
	while (!r && (old.from < before->count || new.from < after->count)) {
		struct term left, right;
		int order;

		old = group_at(before, old.from);
		new = group_at(after, new.from);
		left = old.to > old.from ? term_at(before, old.from) : (struct term){0};
		right = new.to > new.from ? term_at(after, new.from) : (struct term){0};
		order = !left.size ? 1 : !right.size ? -1 : compare_terms(&left, &right);
		if (order > 0)
			old.to = old.from;
		if (order < 0)
			new.to = new.from;
		if (!same_segments(before, &old, after, &new))
			r = post(txn, bucket, order > 0 ? &right : &left, after, &new);
		old.from = old.to;
		new.from = new.to;
	}
	return r;
}

static int add_posting(struct posting **list, size_t *count, const struct posting *at)
{
	struct posting *grown = reallocarray(*list, *count + 1, sizeof(**list));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*count)++] = *at;
	return 0;
}

static int add_sessions(struct store_txn *txn, char what, uint64_t bucket, struct posting **list,
			size_t *count)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	struct facet all = {what, FACET_ALL, NULL};
	/* All later times are in the last bucket: it has no end. */
	uint64_t until = bucket < BUCKET_MAX ? (bucket + 1) << BUCKET_SHIFT : 0;
	int r = index_walk_init(&walk, txn, &all, 1, bucket << BUCKET_SHIFT, until);

	while (!r && !(r = index_next(&walk)))
		r = add_posting(list, count, &walk.at);
	return r == STORE_NONE ? 0 : r;
}

static int newest_first(const void *a, const void *b)
{
	const struct posting *one = a, *other = b;

	if (one->time != other->time)
		return one->time > other->time ? -1 : 1;
	return -memcmp(&one->session, &other->session, sizeof(one->session));
}

int bucket_sessions(struct store_txn *txn, uint64_t bucket, struct posting **ret, size_t *ret_count)
{
	struct posting *list = NULL;
	size_t count = 0;
	int r = add_sessions(txn, INDEX_CALLS, bucket, &list, &count);

	if (!r)
		r = add_sessions(txn, INDEX_REQUESTS, bucket, &list, &count);
	if (r) {
		free(list);
		return r;
	}
	if (count)
		qsort(list, count, sizeof(*list), newest_first);
	*ret = list;
	*ret_count = count;
	return 0;
}

static int add_session(struct store_txn *txn, const struct uuid *session, struct terms *terms)
{
	_cleanup_(record_lists_deinit) struct record_lists lists = {0};
	int r = record_lists_get(txn, session, STORE_SEGMENTS, &lists);

	if (!r)
		r = add_list(terms, lists.list[STORE_SEGMENTS]);
	/* Lists that cannot be read say nothing. */
	return r == STORE_NONE || r == -EBADMSG ? 0 : r;
}

/* What the other sessions of the bucket say. */
static int add_others(struct store_txn *txn, const struct posting *sessions, size_t count,
		      const struct uuid *session, struct terms *terms)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++)
		if (memcmp(&sessions[i].session, session, sizeof(*session)) != 0)
			r = add_session(txn, &sessions[i].session, terms);
	return r;
}

/* A session says something else in a bucket. */
static int change(struct store_txn *txn, const struct uuid *session, uint64_t bucket,
		  struct bytes before, struct bytes after)
{
	_cleanup_(terms_deinit) struct terms old = {0}, new = {0};
	_cleanup_(freep) struct posting *sessions = NULL;
	size_t count = 0;
	int r = bucket_sessions(txn, bucket, &sessions, &count);

	if (!r)
		r = add_others(txn, sessions, count, session, &old);
	if (!r)
		r = add_others(txn, sessions, count, session, &new);
	if (!r)
		r = add_list(&old, before);
	if (!r)
		r = add_list(&new, after);
	return r ? r : replace(txn, bucket, &old, &new);
}

/* What it said in a bucket is not known: it says nothing any more. */
static int forget(struct store_txn *txn, const struct uuid *session, uint64_t bucket)
{
	_cleanup_(terms_deinit) struct terms old = {0}, new = {0};
	_cleanup_(freep) struct posting *sessions = NULL;
	size_t count = 0;
	int r = bucket_sessions(txn, bucket, &sessions, &count);

	if (!r)
		r = postings_drop(txn, bucket);
	if (!r)
		r = add_others(txn, sessions, count, session, &new);
	return r ? r : replace(txn, bucket, &old, &new);
}

/* Where it is posted: the time that the index has of it. STORE_NONE: there is no such session. */
static int posted_at(struct store_txn *txn, char what, const struct uuid *session, uint64_t *ret)
{
	_cleanup_(index_walk_deinit) struct index_walk walk = {0};
	char name[UUID_TEXT];
	struct facet facet = {what, FACET_NAME, name};
	int r;

	uuid_format(session, name);
	r = index_walk_init(&walk, txn, &facet, 1, 0, 0);
	/* Another call's id may be the same text. */
	while (!r && !(r = index_next(&walk))) {
		if (memcmp(&walk.at.session, session, sizeof(*session)) != 0)
			continue;
		*ret = walk.at.time;
		return 0;
	}
	return r;
}

static int bucket_of_session(struct store_txn *txn, const struct uuid *session, uint64_t *ret)
{
	uint64_t time;
	int r = posted_at(txn, INDEX_CALLS, session, &time);

	if (r == STORE_NONE)
		r = posted_at(txn, INDEX_REQUESTS, session, &time);
	if (!r)
		*ret = bucket_of(time);
	return r;
}

int terms_put_list(struct store_txn *txn, const struct uuid *session, struct bytes before,
		   struct bytes after)
{
	uint64_t bucket;
	int r = bucket_of_session(txn, session, &bucket);

	/* Without its session it has no time. */
	if (r)
		return r == STORE_NONE ? 0 : r;
	return change(txn, session, bucket, before, after);
}

int terms_forget(struct store_txn *txn, const struct uuid *session)
{
	uint64_t bucket;
	int r = bucket_of_session(txn, session, &bucket);

	return r ? (r == STORE_NONE ? 0 : r) : forget(txn, session, bucket);
}

int terms_move_session(struct store_txn *txn, const struct uuid *session, uint64_t time)
{
	_cleanup_(record_lists_deinit) struct record_lists lists = {0};
	uint64_t from = 0, to = bucket_of(time);
	struct bytes list, none = {0};
	int moves = bucket_of_session(txn, session, &from), r;

	if (moves < 0 || (!moves && from == to))
		return moves;
	r = record_lists_get(txn, session, STORE_SEGMENTS, &lists);
	if (r == -EBADMSG)
		return moves == STORE_NONE ? 0 : forget(txn, session, from);
	list = lists.list[STORE_SEGMENTS];
	if (r || !list.size)
		return r == STORE_NONE ? 0 : r;
	r = moves == STORE_NONE ? 0 : change(txn, session, from, list, none);
	return r ? r : change(txn, session, to, none, list);
}

/* Of the sessions of a bucket, the one that counts. */
static bool counts(const struct posting *sessions, size_t count, const struct uuid *session)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(&sessions[i].session, session, sizeof(*session)) < 0)
			return false;
	return true;
}

static int check_posted(struct store_txn *txn, uint64_t bucket, struct terms *terms,
			bool *ret_right, size_t *ret_count)
{
	size_t n = 0;

	sort(terms);
	for (struct group group = {0}; group.from < terms->count; group.from = group.to, n++) {
		_cleanup_(freep) struct posted *segments = NULL;
		struct term term = term_at(terms, group.from);

		group = group_at(terms, group.from);
		segments = segments_of(terms, &group);
		if (!segments)
			return -ENOMEM;
		if (!postings_are(txn, &term, bucket, segments, group.to - group.from))
			*ret_right = false;
	}
	*ret_count = n;
	return 0;
}

int terms_check(struct store_txn *txn, const struct uuid *session, bool *ret_right,
		size_t *ret_count)
{
	_cleanup_(terms_deinit) struct terms terms = {0};
	_cleanup_(freep) struct posting *sessions = NULL;
	size_t count = 0;
	uint64_t bucket;
	int r = bucket_of_session(txn, session, &bucket);

	*ret_right = true;
	*ret_count = 0;
	if (r)
		return r == STORE_NONE ? 0 : r;
	r = bucket_sessions(txn, bucket, &sessions, &count);
	if (!r)
		r = add_session(txn, session, &terms);
	if (!r)
		r = add_others(txn, sessions, count, session, &terms);
	if (!r)
		r = check_posted(txn, bucket, &terms, ret_right, ret_count);
	if (!counts(sessions, count, session))
		*ret_count = 0;
	return r;
}
