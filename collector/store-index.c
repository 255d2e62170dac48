/* SPDX-License-Identifier: MIT */
#include "store-index.h"

#include <errno.h>
#include <string.h>

void facet_value_prefix(struct key *ret, const struct facet *facet)
{
	const char *value = facet->value ?: "";
	size_t size = strlen(value);

	ret->size = 0;
	key_add(ret, &facet->what, 1);
	key_add(ret, &facet->name, 1);
	key_add(ret, value, size < FACET_VALUE_MAX ? size : FACET_VALUE_MAX);
}

void facet_prefix(struct key *ret, const struct facet *facet)
{
	facet_value_prefix(ret, facet);
	key_add(ret, "", 1);
}

static void add_posting(struct key *key, const struct posting *at)
{
	key_add_u64(key, at->time);
	key_add(key, at->session.bytes, sizeof(at->session.bytes));
	key_add_u64(key, at->seq);
}

int posting_of(const struct bytes *key, struct posting *ret)
{
	const uint8_t *p;

	if (key->size < 3 + POSTING_SIZE)
		return -EBADMSG;
	p = (const uint8_t *)key->data + key->size - POSTING_SIZE;
	ret->time = bytes_u64(p);
	memcpy(ret->session.bytes, p + 8, sizeof(ret->session.bytes));
	ret->seq = bytes_u64(p + 24);
	return 0;
}

static void add_entry(struct entries *entries, char what, char name, const char *value,
		      const struct posting *at, bool fact)
{
	struct facet facet = {what, name, value};
	struct key *key;

	if (entries->count == ENTRIES_MAX)
		return;
	entries->list[entries->count].fact = fact;
	key = &entries->list[entries->count++].key;
	facet_prefix(key, &facet);
	add_posting(key, at);
}

static void add_text(struct entries *entries, char what, char name, const json_t *record,
		     const char *field, const struct posting *at)
{
	const char *text = json_string_value(json_object_get(record, field));

	if (text && *text)
		add_entry(entries, what, name, text, at, false);
}

uint64_t session_time(const json_t *session)
{
	const json_t *at = json_object_get(session, "started_at");
	json_int_t ns;

	if (!json_is_integer(at))
		at = json_object_get(session, "first_seen_at");
	ns = json_integer_value(at);
	return ns > 0 ? (uint64_t)ns : 0;
}

const char *session_company(const json_t *session)
{
	return json_string_value(json_object_get(session, "company_id")) ?: "";
}

static void add_names(struct entries *ret, char what, const struct uuid *id, const json_t *session,
		      const struct posting *at)
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	add_entry(ret, what, FACET_NAME, text, at, false);
	add_text(ret, what, FACET_NAME, session, "call_id", at);
}

void entries_of_session(struct entries *ret, const struct uuid *id, const json_t *session)
{
	const char *kind = json_string_value(json_object_get(session, "kind"));
	char what = kind && strcmp(kind, "request") == 0 ? INDEX_REQUESTS : INDEX_CALLS;
	struct posting at = {session_time(session), *id, 0};
	const json_t *ids = json_object_get(json_object_get(session, "metadata"),
					    "correlation_ids"),
		     *correlation;
	size_t i;

	ret->count = ret->fact_size = 0;
	add_entry(ret, what, FACET_ALL, NULL, &at, false);
	add_names(ret, what, id, session, &at);
	add_text(ret, what, FACET_STATUS, session, "call_status", &at);
	add_text(ret, what, FACET_COMPANY, session, "company_id", &at);
	add_text(ret, what, FACET_CUSTOMER, session, "customer_id", &at);
	if (json_integer_value(json_object_get(session, "error_count")) > 0)
		add_entry(ret, what, FACET_WITH_ERRORS, NULL, &at, false);
	json_array_foreach ((json_t *)ids, i, correlation)
		if (json_string_length(correlation))
			add_entry(ret, what, FACET_CORRELATION, json_string_value(correlation), &at,
				  false);
}

void entries_of_function(struct entries *ret, const struct posting *at, const json_t *function,
			 const char *company)
{
	const json_t *metadata = json_object_get(function, "metadata");

	ret->count = 0;
	ret->fact_size = fact_encode(ret->fact, function, company);
	add_entry(ret, INDEX_FUNCTIONS, FACET_ALL, NULL, at, true);
	add_entry(ret, INDEX_FUNCTIONS, FACET_BASE_NAME,
		  json_string_value(json_object_get(metadata, "base_name")), at, true);
	add_text(ret, INDEX_FUNCTIONS, FACET_STATUS, function, "status", at);
}

void entries_of_error(struct entries *ret, const struct posting *at, const json_t *error)
{
	ret->count = ret->fact_size = 0;
	add_entry(ret, INDEX_ERRORS, FACET_ALL, NULL, at, false);
	add_text(ret, INDEX_ERRORS, FACET_ID, error, "id", at);
	add_text(ret, INDEX_ERRORS, FACET_SEVERITY, error, "severity", at);
	add_text(ret, INDEX_ERRORS, FACET_CODE, error, "error_code", at);
	add_text(ret, INDEX_ERRORS, FACET_TYPE, error, "error_type", at);
	if (!json_is_true(json_object_get(error, "resolved")))
		add_entry(ret, INDEX_ERRORS, FACET_UNRESOLVED, NULL, at, false);
	if (json_is_true(json_object_get(error, "booking_failed")))
		add_entry(ret, INDEX_ERRORS, FACET_BOOKING, NULL, at, false);
	if (json_is_true(json_object_get(error, "call_terminated")))
		add_entry(ret, INDEX_ERRORS, FACET_TERMINATING, NULL, at, false);
}

static bool same_key(const struct key *a, const struct key *b)
{
	return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static const struct key *find_key(const struct entries *entries, const struct key *key)
{
	for (size_t i = 0; i < entries->count; i++)
		if (same_key(&entries->list[i].key, key))
			return &entries->list[i].key;
	return NULL;
}

static struct bytes value_of(const struct entries *entries, size_t i)
{
	if (!entries->list[i].fact)
		return (struct bytes){"", 0};
	return (struct bytes){entries->fact, entries->fact_size};
}

static bool has(struct store_txn *txn, const struct key *key, struct bytes value)
{
	struct bytes found;

	return table_get(txn, TABLE_INDEX, key, &found) == 0 && found.size == value.size &&
	       memcmp(found.data, value.data, value.size) == 0;
}

int entries_replace(struct store_txn *txn, const struct entries *before,
		    const struct entries *after)
{
	int r = 0;

	for (size_t i = 0; !r && i < before->count; i++)
		if (!find_key(after, &before->list[i].key))
			r = table_delete(txn, TABLE_INDEX, before->list[i].key.data,
					 before->list[i].key.size);
	for (size_t i = 0; !r && i < after->count; i++) {
		struct bytes value = value_of(after, i);

		if (find_key(before, &after->list[i].key) && has(txn, &after->list[i].key, value))
			continue;
		r = table_put(txn, TABLE_INDEX, &after->list[i].key, value.data, value.size);
	}
	return r;
}

bool entries_are_there(struct store_txn *txn, const struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (!has(txn, &entries->list[i].key, value_of(entries, i)))
			return false;
	return true;
}

static bool is_of_session(const struct bytes *key, const void *userdata)
{
	struct posting at;

	return posting_of(key, &at) == 0 && memcmp(&at.session, userdata, sizeof(at.session)) == 0;
}

int index_drop_session(struct store_txn *txn, char what, const struct uuid *session)
{
	struct key prefix = {1, {(uint8_t)what}};

	return table_delete_if(txn, TABLE_INDEX, &prefix, is_of_session, session);
}

int index_walk_init(struct index_walk *walk, struct store_txn *txn, const struct facet *facets,
		    size_t count, uint64_t since, uint64_t until)
{
	*walk = (struct index_walk){.since = since, .until = until};
	for (size_t i = 0; i < count; i++) {
		struct key prefix;
		int r;

		facet_prefix(&prefix, &facets[i]);
		r = walk_init(&walk->walks[i], txn, TABLE_INDEX, &prefix, true);
		if (r) {
			index_walk_deinit(walk);
			return r;
		}
		walk->count++;
	}
	return 0;
}

void index_walk_deinit(struct index_walk *walk)
{
	while (walk->count)
		walk_deinit(&walk->walks[--walk->count]);
}

static const uint8_t *tail_of(const struct walk *walk)
{
	return (const uint8_t *)walk->key.data + walk->prefix.size;
}

/* Steps from the newest, or from the first before `until`. */
static int start(const struct index_walk *walk, struct walk *one)
{
	struct key key = {0};

	if (!walk->until)
		return walk_next(one);
	key_add(&key, one->prefix.data, one->prefix.size);
	key_add_u64(&key, walk->until);
	return walk_seek(one, &key);
}

/* To the entry at `tail`, or the last before it. */
static int leap(struct walk *walk, const uint8_t tail[POSTING_SIZE])
{
	struct key key = {0};

	key_add(&key, walk->prefix.data, walk->prefix.size);
	key_add(&key, tail, POSTING_SIZE);
	key_add(&key, "", 1);
	return walk_seek(walk, &key);
}

static int checked(const struct walk *walk, int r)
{
	return !r && walk->key.size != walk->prefix.size + POSTING_SIZE ? -EBADMSG : r;
}

static int step_first(struct index_walk *walk)
{
	int r = 0;

	if (walk->started)
		return checked(&walk->walks[0], walk_next(&walk->walks[0]));
	walk->started = true;
	for (size_t i = 0; !r && i < walk->count; i++)
		r = checked(&walk->walks[i], start(walk, &walk->walks[i]));
	return r;
}

/* All at one entry: whoever is behind the oldest leaps there. */
static int meet(struct index_walk *walk)
{
	uint8_t oldest[POSTING_SIZE];

	memcpy(oldest, tail_of(&walk->walks[0]), sizeof(oldest));
	for (size_t i = 1, same = 1; same < walk->count; i = (i + 1) % walk->count) {
		struct walk *one = &walk->walks[i];
		int r = memcmp(tail_of(one), oldest, sizeof(oldest)) > 0
				? checked(one, leap(one, oldest))
				: 0;

		if (r)
			return r;
		if (memcmp(tail_of(one), oldest, sizeof(oldest)) == 0) {
			same++;
			continue;
		}
		memcpy(oldest, tail_of(one), sizeof(oldest));
		if (bytes_u64(oldest) < walk->since)
			return STORE_NONE;
		same = 1;
	}
	return 0;
}

int index_next(struct index_walk *walk)
{
	int r = step_first(walk);

	if (!r)
		r = meet(walk);
	if (r)
		return r;
	if (bytes_u64(tail_of(&walk->walks[0])) < walk->since)
		return STORE_NONE;
	walk->value = walk->walks[0].value;
	return posting_of(&walk->walks[0].key, &walk->at);
}
