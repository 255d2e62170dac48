/* SPDX-License-Identifier: MIT */
/*
 * Full-text search in a store: what the index finds is what reading everything finds, in whatever
 * order it came and however often it changed.
 */
#include <errno.h>
#include <unistd.h>

#include "cleanup.h"
#include "scratch.h"
#include "search.h"
#include "store-terms.h"

#define MINUTE 60000000000ll

static void put_session(struct store_txn *txn, const char *call, json_int_t at)
{
	struct uuid id = id_of(call);
	char text[UUID_TEXT];
	_cleanup_(json_decrefp) json_t *session = NULL;

	uuid_format(&id, text);
	session = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "id", text, "kind", "call", "call_id",
			    call, "started_at", at, "first_seen_at", at, "company_id",
			    call[strlen(call) - 1] & 1 ? "odd" : "even");
	CHECK_INT(store_put_session(txn, session), 0);
}

static void add_segment(json_t *list, json_int_t at, const char *role, const char *text)
{
	CHECK(json_array_append_new(
		      list, json_pack("{s:I, s:I, s:s, s:s}", "occurred_at",
				      at + (json_int_t)json_array_size(list) * 1000000000,
				      "segment_sequence", (json_int_t)json_array_size(list) + 1,
				      "role", role, "text", text)) == 0);
}

static void put_segments(struct store_txn *txn, const char *call, const json_t *list)
{
	struct uuid id = id_of(call);

	CHECK_INT(store_put_records(txn, STORE_SEGMENTS, &id, list), 0);
}

/* Segments of one call, NULL-terminated; the agent begins. */
static void say(struct store_txn *txn, const char *call, json_int_t at, const char *const *texts)
{
	_cleanup_(json_decrefp) json_t *list = json_array();

	put_session(txn, call, at);
	for (size_t i = 0; texts[i]; i++)
		add_segment(list, at, i % 2 ? "user" : "agent", texts[i]);
	put_segments(txn, call, list);
}

#define SAY(txn, call, at, ...) say(txn, call, at, (const char *const[]){__VA_ARGS__, NULL})

static void check_sound(void)
{
	_cleanup_(json_decrefp) json_t *report = NULL;
	struct store_txn *txn = begin(false);

	CHECK_INT(store_check(txn, NULL, &report), 0);
	if (json_array_size(json_object_get(report, "problems")))
		json_dumpf(report, stderr, JSON_INDENT(1));
	CHECK_INT(json_array_size(json_object_get(report, "problems")), 0);
	store_abort(txn);
}

struct found {
	char text[1 << 16];
	int left;
};

static int add_found(const struct store_match *match, void *userdata)
{
	struct found *found = userdata;

	CHECK(match->span_count);
	sprintf(found->text + strlen(found->text), "%s%s/%lld", *found->text ? " " : "",
		json_string_value(json_object_get(match->session, "call_id")),
		json_integer_value(json_object_get(match->segment, "segment_sequence")));
	return --found->left ? 0 : 17;
}

static void find(struct store_txn *txn, const char *text, const struct store_search_filter *filter,
		 int limit, struct found *ret)
{
	struct search search;
	const char *why;
	int r;

	*ret = (struct found){.left = limit};
	CHECK_INT(search_parse(&search, text, &why), 0);
	r = store_search(txn, &search, filter, add_found, ret);
	CHECK_INT(r, limit && !ret->left ? 17 : 0);
}

static void check_found_with(const char *text, const struct store_search_filter *filter, int limit,
			     const char *wanted)
{
	static struct found found;
	struct store_txn *txn = begin(false);

	find(txn, text, filter, limit, &found);
	CHECK_STR(found.text, wanted);
	store_abort(txn);
}

static void check_found(const char *text, const char *wanted)
{
	check_found_with(text, &(struct store_search_filter){0}, 0, wanted);
}

static void talk(struct store_txn *txn)
{
	SAY(txn, "a", 10 * MINUTE, "Guten Tag, hier ist der Salon.",
	    "Ich möchte einen Termin für morgen.", "Morgen um zehn ist ein Termin frei.");
	SAY(txn, "b", 20 * MINUTE, "Hello, this is the salon.", "Is there an appointment today?",
	    "Herr Öttinger has one at 16:30.");
	SAY(txn, "c", 15 * MINUTE, "Guten Tag.", "Guten Morgen, Oettinger hier.");
}

static void test_questions(void)
{
	static const struct store_search_filter of_user = {.role = "user"},
						odd = {.company = "odd"};
	struct store_search_filter range = {.since = 15 * MINUTE, .until = 20 * MINUTE + 1};
	struct uuid c = id_of("c");
	struct store_search_filter of_c = {.session = &c};
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	talk(txn);
	CHECK_INT(store_commit(txn), 0);
	check_found("salon", "b/1 a/1");
	check_found("morgen", "c/2 a/3 a/2");
	check_found("MORGEN Termin", "a/3 a/2");
	check_found("\"guten tag\"", "c/1 a/1");
	check_found("\"tag guten\"", "");
	check_found("\"tag hier ist der salon\" guten", "a/1");
	check_found("\"ich einen\"", "");
	check_found("guten -morgen", "c/1 a/1");
	check_found("ottinger", "b/3 c/2");
	check_found("Öttinger", "b/3 c/2");
	check_found("ött*", "b/3 c/2");
	check_found("t*", "b/2 b/1 c/1 a/3 a/2 a/1");
	check_found("16:30", "b/3");
	check_found("30:16", "");
	check_found("nichts", "");
	check_found("zzz*", "");
	check_found_with("morgen", &of_user, 0, "c/2 a/2");
	check_found_with("guten", &odd, 0, "c/2 c/1 a/1");
	check_found_with("guten", &of_c, 0, "c/2 c/1");
	check_found_with("salon", &range, 0, "b/1");
	check_found_with("guten", &range, 0, "c/2 c/1");
	check_found_with("t*", &(struct store_search_filter){0}, 2, "b/2 b/1");
	check_sound();
}

static void test_changes(void)
{
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	talk(txn);
	SAY(txn, "c", 15 * MINUTE, "Guten Tag.", "Guten Abend.");
	CHECK_INT(store_commit(txn), 0);
	check_found("ottinger", "b/3");
	check_found("abend", "c/2");
	check_sound();
	/* The session moves, and takes what it said with it. */
	txn = begin(true);
	put_session(txn, "c", 25 * MINUTE);
	CHECK_INT(store_commit(txn), 0);
	check_found("guten", "c/2 c/1 a/1");
	check_sound();
	txn = begin(true);
	SAY(txn, "c", 25 * MINUTE, NULL);
	CHECK_INT(store_commit(txn), 0);
	check_found("guten", "a/1");
	check_sound();
}

/* Calls that begin in the same 67 ms share their postings. */
static void test_one_moment(void)
{
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	SAY(txn, "a", MINUTE, "eins zwei", "drei");
	SAY(txn, "b", MINUTE, "zwei", "eins zwei");
	SAY(txn, "c", MINUTE + 1, "zwei", "zwei", "eins");
	CHECK_INT(store_commit(txn), 0);
	check_found("drei", "a/2");
	check_found("eins zwei -drei -nichts zw*",
		    id_of("a").bytes[0] > id_of("b").bytes[0] ? "a/1 b/2" : "b/2 a/1");
	check_found("eins -zwei", "c/3");
	check_sound();
	txn = begin(true);
	SAY(txn, "a", MINUTE, "zwei");
	SAY(txn, "b", MINUTE, NULL);
	CHECK_INT(store_commit(txn), 0);
	check_found("eins", "c/3");
	check_found("drei", "");
	check_sound();
}

/* What is behind the bound is not indexed, and found. */
static void test_endless_talk(void)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	_cleanup_(freep) char *text = calloc(1, 1 << 20);
	struct store_txn *txn;

	fresh_store();
	for (unsigned int i = 0; i < TERMS_WORDS_MAX; i++)
		sprintf(text + strlen(text + (i ? i * 6 : 0)) + (i ? i * 6 : 0), "w%04x ", i);
	txn = begin(true);
	put_session(txn, "a", MINUTE);
	add_segment(list, MINUTE, "user", "Anfang");
	add_segment(list, MINUTE, "user", text);
	add_segment(list, MINUTE, "user", "Das Ende");
	put_segments(txn, "a", list);
	CHECK_INT(store_commit(txn), 0);
	check_found("anfang", "a/1");
	check_found("w0000 w7fff", "a/2");
	check_found("ende", "a/3");
	check_found("en*", "a/3");
	check_found("ende anfang", "");
	check_sound();
}

static void test_hostile_text(void)
{
	static char text[1 << 18];
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	memset(text, 'x', sizeof(text) - 1);
	SAY(txn, "a", MINUTE, text,
	    "a\xef\xbf\xbd"
	    "b\xc2\x85"
	    "c",
	    "👍🏽 \xe2\x80\xaeverkehrt", "");
	memset(text, 0xcc, sizeof(text) - 2);
	for (size_t i = 1; i < sizeof(text) - 2; i += 2)
		text[i] = (char)0x81;
	text[sizeof(text) - 2] = 0;
	SAY(txn, "b", MINUTE * 2, text);
	CHECK_INT(store_commit(txn), 0);
	check_found("xxx*", "a/1");
	check_found("\"a b c\"", "a/2");
	check_found("verkehrt", "a/3");
	check_sound();
}

/* The index against reading everything: calls of random words, changed and moved in random order.
 */

static uint64_t seed = 42;

static unsigned int any(unsigned int below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed % below);
}

static const char *const vocabulary[] = {
	"der",	  "die",     "ist",	"Termin",  "morgen", "für",	"fuer",	    "Müller",
	"Muller", "Mueller", "Straße",	"strasse", "16:30",  "möchte",	"Öttinger", "appointment",
	"today",  "Term",    "Termine", "guest",   "Gust",   "früh",	"Ärger",    "due",
	"du",	  "é",	     "x",	"Quelle",  "neuer",  "selten1", "selten2",  "selten3",
};

#define VOCABULARY (sizeof(vocabulary) / sizeof(vocabulary[0]))

/* The first words are common, the last rare. */
static const char *any_word(void)
{
	unsigned int n = any(VOCABULARY);

	return vocabulary[n * (any(VOCABULARY) + 1) / VOCABULARY];
}

static void any_call(struct store_txn *txn, unsigned int call)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	json_int_t at = (json_int_t)any(400) * MINUTE / (any(4) ? 1 : 600) + MINUTE;
	char name[16];

	sprintf(name, "call%u", call);
	put_session(txn, name, at);
	for (unsigned int i = any(8); i; i--) {
		char text[512] = "";

		for (unsigned int k = any(12); k; k--)
			sprintf(text + strlen(text), "%s%s", any_word(), any(9) ? " " : ", ");
		add_segment(list, at, any(2) ? "agent" : "user", text);
	}
	put_segments(txn, name, list);
}

struct scan {
	struct store_txn *txn;
	const struct search *search;
	const struct store_search_filter *filter;
	struct found *found;
};

static int scan_session(const json_t *session, void *userdata)
{
	struct scan *scan = userdata;
	struct store_search_filter filter = *scan->filter;
	struct uuid id;

	CHECK(uuid_parse(&id, json_string_value(json_object_get(session, "id"))));
	filter.session = &id;
	return store_search(scan->txn, scan->search, &filter, add_found, scan->found);
}

static void any_search(char *ret)
{
	static const char *const forms[] = {"%s ", "%s ", "%s ", "%s* ", "-%s ", "\"%s %s\" "};

	strcpy(ret, vocabulary[any(VOCABULARY)]);
	strcat(ret, " ");
	for (unsigned int i = any(3); i; i--) {
		char word[32];

		strcpy(word, vocabulary[any(VOCABULARY)]);
		if (any(3) == 0)
			word[1 + any((unsigned int)strlen(word))] = 0;
		if ((word[strlen(word) - 1] & 0xc0) == 0xc0)
			word[strlen(word) - 1] = 0;
		sprintf(ret + strlen(ret), forms[any(6)], *word ? word : "x",
			vocabulary[any(VOCABULARY)]);
	}
}

static void compare_with_scan(void)
{
	static const struct store_filter all;
	static struct found by_index, by_scan;
	struct store_txn *txn = begin(false);
	size_t hits = 0;

	for (int i = 0; i < 500; i++) {
		struct store_search_filter filter = {
			.since = any(4) ? 0 : any(400) * MINUTE,
			.until = any(4) ? 0 : any(400) * MINUTE,
			.role = any(4) ? NULL : "user",
			.company = any(4) ? NULL : "odd",
		};
		struct search search;
		struct scan scan = {txn, &search, &filter, &by_scan};
		char text[512];
		const char *why;

		any_search(text);
		by_scan = (struct found){0};
		CHECK_INT(search_parse(&search, text, &why), 0);
		CHECK_INT(store_each_session(txn, &all, scan_session, &scan), 0);
		find(txn, text, &filter, 0, &by_index);
		if (strcmp(by_index.text, by_scan.text) != 0)
			fprintf(stderr, "search %d: %s\n", i, text);
		CHECK_STR(by_index.text, by_scan.text);
		hits += *by_index.text != 0;
	}
	CHECK(hits > 100);
	store_abort(txn);
}

static void test_against_scan(void)
{
	fresh_store();
	for (int round = 0; round < 20; round++) {
		struct store_txn *txn = begin(true);

		for (int i = 0; i < 40; i++)
			any_call(txn, any(150));
		CHECK_INT(store_commit(txn), 0);
	}
	check_sound();
	compare_with_scan();
}

/* One term in so many calls that its blocks split, in order and not; then away with them. */
static void test_blocks(void)
{
	_cleanup_(json_decrefp) json_t *none = json_array();
	static struct found found;
	struct store_txn *txn;
	char name[16];

	fresh_store();
	txn = begin(true);
	for (unsigned int i = 0; i < 3000; i++) {
		sprintf(name, "c%u", i * 7919 % 3000);
		SAY(txn, name, (json_int_t)(i * 7919 % 3000) * MINUTE, "immer", "immer wieder");
	}
	CHECK_INT(store_commit(txn), 0);
	check_sound();
	check_found_with("immer", &(struct store_search_filter){0}, 3, "c2999/2 c2999/1 c2998/2");
	txn = begin(false);
	find(txn, "wieder immer", &(struct store_search_filter){0}, 0, &found);
	store_abort(txn);
	CHECK(strlen(found.text) > 3000 * 4);
	txn = begin(true);
	for (unsigned int i = 0; i < 3000; i++) {
		sprintf(name, "c%u", i);
		if (i != 1234)
			put_segments(txn, name, none);
	}
	CHECK_INT(store_commit(txn), 0);
	check_found("immer", "c1234/2 c1234/1");
	check_sound();
}

/* The same in any order of coming is the same bytes of findings. */
static void test_order_of_coming(void)
{
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	SAY(txn, "c", 70 * MINUTE, "Guten");
	SAY(txn, "b", 20 * MINUTE, "Hello, this is the salon.");
	talk(txn);
	SAY(txn, "a", 90 * MINUTE, "Guten Tag");
	talk(txn);
	CHECK_INT(store_commit(txn), 0);
	check_found("salon", "b/1 a/1");
	check_found("guten", "c/2 c/1 a/1");
	check_sound();
}

static size_t problems(void)
{
	_cleanup_(json_decrefp) json_t *report = NULL;
	struct store_txn *txn = begin(false);
	size_t n;

	CHECK_INT(store_check(txn, NULL, &report), 0);
	n = json_array_size(json_object_get(report, "problems"));
	store_abort(txn);
	return n;
}

static void test_damage(void)
{
	static const struct term salon = {"salon", 5}, ghost = {"ghost", 5};
	static const struct posted one[] = {{1, 1 << 5}}, two[] = {{2, 1}};
	struct uuid a = id_of("a");
	struct key key = {0};
	struct store_txn *txn;

	fresh_store();
	txn = begin(true);
	talk(txn);
	CHECK(postings_are(txn, &salon, bucket_of(10 * MINUTE), one, 1));
	CHECK(!postings_are(txn, &salon, bucket_of(10 * MINUTE), two, 1));
	/* One posting too many, one wrong: found and reported, harmless to who searches. */
	CHECK_INT(postings_set(txn, &ghost, bucket_of(10 * MINUTE), one, 1), 0);
	CHECK_INT(store_commit(txn), 0);
	CHECK_INT(problems(), 1);
	check_found("ghost", "");
	txn = begin(true);
	CHECK_INT(postings_set(txn, &ghost, bucket_of(10 * MINUTE), NULL, 0), 0);
	CHECK_INT(postings_set(txn, &salon, bucket_of(10 * MINUTE), two, 1), 0);
	CHECK_INT(store_commit(txn), 0);
	CHECK_INT(problems(), 1);
	/* Lists that cannot be read are forgotten when they are put again. */
	txn = begin(true);
	key_add(&key, a.bytes, sizeof(a.bytes));
	CHECK_INT(table_put(txn, TABLE_RECORDS, &key, "junk", 4), 0);
	SAY(txn, "a", 10 * MINUTE, "Neues");
	CHECK_INT(store_commit(txn), 0);
	CHECK_INT(problems(), 0);
	check_found("salon", "b/1");
	check_found("neues", "a/1");
	/* So is a session that cannot be read. */
	txn = begin(true);
	CHECK_INT(table_put(txn, TABLE_SESSIONS, &key, "junk", 4), 0);
	put_session(txn, "a", 30 * MINUTE);
	CHECK_INT(store_commit(txn), 0);
	CHECK_INT(problems(), 0);
	check_found("neues", "a/1");
	/* A block that cannot be read is an error of who searches there. */
	txn = begin(true);
	term_prefix(&key, &salon);
	key_add(&key, "\0\0\0\0\1", 5);
	CHECK_INT(table_put(txn, TABLE_TERMS, &key, "\xff", 1), 0);
	CHECK_INT(store_commit(txn), 0);
	CHECK(problems() > 0);
	txn = begin(false);
	{
		struct search search;
		const char *why;
		struct found found = {0};

		CHECK_INT(search_parse(&search, "salon", &why), 0);
		CHECK_INT(store_search(txn, &search, &(struct store_search_filter){0}, add_found,
				       &found),
			  -EBADMSG);
	}
	store_abort(txn);
}

int main(void)
{
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/store", dir);
	test_questions();
	test_changes();
	test_one_moment();
	test_endless_talk();
	test_hostile_text();
	test_blocks();
	test_order_of_coming();
	test_against_scan();
	test_damage();
	store_close(store);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}
