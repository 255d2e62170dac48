/* SPDX-License-Identifier: MIT */
/*
 * The index: for every question that lists are asked, its answers in order of time.
 *
 * An entry's key is what kind of record it leads to ('c' sessions of calls, 'r' sessions of other
 * requests, 'f' function traces, 'e' errors), a facet (a letter of that kind: below), the facet's
 * value and a NUL, then where the record is: its time, its session, its place in it. Several facets
 * together are answered by leaping from one's entries to the other's, so a question costs what its
 * rarest facet has and no more.
 */
#pragma once

#include "store-table.h"

enum {
	INDEX_CALLS = 'c',
	INDEX_REQUESTS = 'r',
	INDEX_FUNCTIONS = 'f',
	INDEX_ERRORS = 'e',
};

enum {
	FACET_ALL = 'a', /* no value. Of functions: with a fact */

	FACET_NAME = 'n',	 /* sessions: call id or session id, as text */
	FACET_STATUS = 's',	 /* sessions, functions */
	FACET_COMPANY = 'o',	 /* sessions */
	FACET_CUSTOMER = 'u',	 /* sessions */
	FACET_WITH_ERRORS = 'e', /* sessions; no value */
	FACET_CORRELATION = 'i', /* sessions */

	FACET_BASE_NAME = 'b', /* functions, with a fact */

	FACET_ID = 'd',		/* errors: their id */
	FACET_SEVERITY = 'v',	/* errors */
	FACET_CODE = 'k',	/* errors */
	FACET_TYPE = 't',	/* errors */
	FACET_UNRESOLVED = 'p', /* errors; no value, nor have the two below */
	FACET_BOOKING = 'g',
	FACET_TERMINATING = 'x',
};

/* Where a record is. */
struct posting {
	uint64_t time;
	struct uuid session;
	uint64_t seq; /* from 1; sessions: 0 */
};

#define POSTING_SIZE 32
/* Values are cut to this: whoever asks for a longer one looks at the record as well. */
#define FACET_VALUE_MAX (KEY_MAX - 2 - 1 - POSTING_SIZE)

struct facet {
	char what, name;
	const char *value; /* NULL: none */
};

void facet_prefix(struct key *ret, const struct facet *facet);
/* A prefix of values, for names that are not written in full. */
void facet_value_prefix(struct key *ret, const struct facet *facet);
/* -EBADMSG: the key is none of the index. */
int posting_of(const struct bytes *key, struct posting *ret);

#define FACETS_MAX 8

/* A session's names and its correlation ids. */
#define ENTRIES_MAX (STORE_CORRELATION_MAX + 16)
#define FACT_MAX    1200

/* Every entry that a record has in the index. */
struct entries {
	struct {
		struct key key;
		bool fact;
	} list[ENTRIES_MAX];
	size_t count;
	uint8_t fact[FACT_MAX];
	size_t fact_size;
};

void entries_of_session(struct entries *ret, const struct uuid *id, const json_t *session);
void entries_of_function(struct entries *ret, const struct posting *at, const json_t *function,
			 const char *company);
void entries_of_error(struct entries *ret, const struct posting *at, const json_t *error);
/* Writes what differs. Either may be empty. */
int entries_replace(struct store_txn *txn, const struct entries *before,
		    const struct entries *after);
/* Is all of it in the index as it should be? */
bool entries_are_there(struct store_txn *txn, const struct entries *entries);
/* Everything of this kind that leads to the session: walks all of the kind, for repairs. */
int index_drop_session(struct store_txn *txn, char what, const struct uuid *session);

/* The entries that all of some facets have, newest first. */
struct index_walk {
	struct walk walks[FACETS_MAX];
	size_t count;
	uint64_t since, until; /* since <= time < until; 0 is no bound */
	bool started;
	/* After index_next() returned 0. */
	struct posting at;
	struct bytes value; /* of the first facet's entry */
};

/* At least one facet. */
int index_walk_init(struct index_walk *walk, struct store_txn *txn, const struct facet *facets,
		    size_t count, uint64_t since, uint64_t until);
void index_walk_deinit(struct index_walk *walk);
/* STORE_NONE behind the last. */
int index_next(struct index_walk *walk);

/* Facts (store-fact.c): what is kept of a function trace beside its place. */
size_t fact_encode(uint8_t ret[FACT_MAX], const json_t *function, const char *company);
/* Borrows from `value`. -EBADMSG. */
int fact_decode(struct store_fact *ret, const struct posting *at, struct bytes value);

/* "" when it has none. */
const char *session_company(const json_t *session);
/* The time a session is sorted by. */
uint64_t session_time(const json_t *session);
