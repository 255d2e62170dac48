/* SPDX-License-Identifier: MIT */
/*
 * Comparisons of made-up traffic, against the tests of significance over a plain list of the same;
 * and how they read.
 *
 *	test-compare TRACE-DUMP GOLDEN [write]
 */
#include "compare.h"

#include <math.h>

#include "chains.h"
#include "check.h"
#include "cleanup.h"
#include "draw.h"
#include "golden.h"
#include "significance.h"
#include "sort.h"
#include "traffic.h"

#define CALLS  200
#define T0     1790000000000000000u
#define MINUTE 60000000000u
#define MIDDLE (T0 + CALLS / 2 * MINUTE)
#define END    (T0 + CALLS * MINUTE) /* the two calls come behind it */

/* What was put: of v16, v17, and of one that hardly ever ran, before and behind the middle. */
static struct seen {
	uint64_t us[CALLS * 2];
	size_t count, failed;
} seen[3][2];

static const char *const names[] = {"book_v16", "book_v17", "rare"};

static struct invocation make_one(int name, uint64_t at)
{
	struct seen *one = &seen[name][at >= MIDDLE];
	bool failed = draw(100) < (name == 1 ? 25 : 5);
	uint64_t us = 20000 + draw(300) * 100 + (name == 1 ? 12000 : 0);

	one->us[one->count++] = us;
	one->failed += failed;
	return (struct invocation){names[name], failed ? STORE_ERROR : STORE_SUCCESS,
				   (double)us / 1000, at};
}

static void make(struct store_txn *txn)
{
	for (int i = 0; i < CALLS; i++) {
		uint64_t at = T0 + (uint64_t)i * MINUTE;
		struct invocation list[4] = {{0}};
		char id[32];

		list[0] = make_one(0, at);
		list[1] = make_one(1, at + 1000);
		if (i % 100 < 3)
			list[2] = make_one(2, at + 2000);
		snprintf(id, sizeof(id), "traffic_%03d", i);
		traffic_add(txn, id, i % 2 ? "salon" : "praxis", list);
	}
}

/* Both halves. */
static struct seen whole(int name)
{
	struct seen all = seen[name][0];

	memcpy(all.us + all.count, seen[name][1].us, seen[name][1].count * sizeof(all.us[0]));
	all.count += seen[name][1].count;
	all.failed += seen[name][1].failed;
	return all;
}

static double number_at(const json_t *json, const char *part, const char *name)
{
	const json_t *number = json_object_get(json_object_get(json, part), name);

	CHECK(json_is_number(number));
	return json_number_value(number);
}

static const char *text_at(const json_t *json, const char *part, const char *name)
{
	return json_string_value(json_object_get(json_object_get(json, part), name));
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-12 + 1e-9 * fabs(b);
}

static void check_pairing(const json_t *json, struct seen a, struct seen b)
{
	struct rank_test ranks;
	struct shift shift;

	CHECK_INT((long long)number_at(json, "a", "call_count"), (long long)a.count);
	CHECK_INT((long long)number_at(json, "b", "error_count"), (long long)b.failed);
	CHECK(near(number_at(json, "error_rate", "p_value"),
		   fisher_test(a.failed, a.count, b.failed, b.count)));
	CHECK(near(number_at(json, "error_rate", "error_rate_difference"),
		   (double)b.failed / (double)b.count - (double)a.failed / (double)a.count));
	CHECK_INT(sort_u64(a.us, a.count), 0);
	CHECK_INT(sort_u64(b.us, b.count), 0);
	CHECK_INT(rank_test(a.us, a.count, b.us, b.count, &ranks), 0);
	CHECK_INT(shift_estimate(a.us, a.count, b.us, b.count, &shift), 0);
	CHECK(near(number_at(json, "duration", "p_value"), ranks.p));
	CHECK(near(number_at(json, "duration", "shift_ms"), shift.estimate / 1000));
	CHECK(near(number_at(json, "duration", "shift_ci95_low_ms"), shift.interval.low / 1000));
	CHECK(near(number_at(json, "duration", "b_slower_share"),
		   ranks.u / (double)(a.count * b.count)));
}

static void test_functions(struct store_txn *txn)
{
	const struct compare_query query = {
		{{.function = "book_v16", .until = END}, {.function = "book_v17", .until = END}}};
	_cleanup_(json_decrefp) json_t *found = NULL;

	CHECK_INT(compare_facts(txn, &query, &found), 0);
	check_pairing(found, whole(0), whole(1));
	CHECK_STR(text_at(found, "error_rate", "verdict"), "real");
	CHECK_STR(text_at(found, "duration", "verdict"), "real");
	CHECK_INT(json_integer_value(json_object_get(found, "test_count")), 2);
	CHECK(json_is_null(json_object_get(found, "functions")));
}

static void test_chance(struct store_txn *txn)
{
	/* The same function before and behind the middle. */
	const struct compare_query query = {
		{{.function = "book_v16", .until = MIDDLE},
		 {.function = "book_v16", .since = MIDDLE, .until = END}}};
	_cleanup_(json_decrefp) json_t *found = NULL;

	CHECK_INT(compare_facts(txn, &query, &found), 0);
	check_pairing(found, seen[0][0], seen[0][1]);
	CHECK_STR(text_at(found, "error_rate", "verdict"), "may be chance");
	CHECK_STR(text_at(found, "duration", "verdict"), "may be chance");
}

static void test_too_few(struct store_txn *txn)
{
	const struct compare_query query = {
		{{.function = "rare", .until = MIDDLE}, {.function = "rare", .since = MIDDLE}}};
	const struct compare_query none = {
		{{.function = "nix"}, {.function = "book", .until = END}}};
	_cleanup_(json_decrefp) json_t *found = NULL, *nothing = NULL;

	CHECK_INT(compare_facts(txn, &query, &found), 0);
	CHECK_STR(text_at(found, "error_rate", "verdict"), "too few calls to tell");
	CHECK_STR(text_at(found, "duration", "verdict"), "too few calls to tell");
	CHECK(json_is_null(json_object_get(json_object_get(found, "duration"), "p_value")));
	CHECK_INT(json_integer_value(json_object_get(found, "test_count")), 0);
	CHECK_INT(compare_facts(txn, &none, &nothing), 0);
	CHECK(json_is_null(json_object_get(json_object_get(nothing, "duration"), "shift_ms")));
	CHECK_INT((long long)number_at(nothing, "b", "call_count"), 2 * CALLS);
}

static void test_ranges(struct store_txn *txn)
{
	const struct compare_query query = {{{.until = MIDDLE}, {.since = MIDDLE, .until = END}},
					    .by_function = true};
	_cleanup_(json_decrefp) json_t *found = NULL;
	const json_t *functions, *one;
	double p[6];

	CHECK_INT(compare_facts(txn, &query, &found), 0);
	functions = json_object_get(found, "functions");
	CHECK_INT(json_array_size(functions), 3);
	for (int i = 0; i < 2; i++) {
		one = json_array_get(functions, (size_t)i);
		CHECK_STR(json_string_value(json_object_get(one, "function_name")), names[i]);
		check_pairing(one, seen[i][0], seen[i][1]);
	}
	/* Corrected over all that was tested: the whole, and two functions. */
	CHECK_INT(json_integer_value(json_object_get(found, "test_count")), 6);
	for (size_t i = 0; i < 3; i++) {
		one = i ? json_array_get(functions, i - 1) : found;
		p[2 * i] = number_at(one, "error_rate", "p_value");
		p[2 * i + 1] = number_at(one, "duration", "p_value");
	}
	CHECK_INT(holm_adjust(p, 6), 0);
	for (size_t i = 0; i < 3; i++) {
		one = i ? json_array_get(functions, i - 1) : found;
		CHECK(near(p[2 * i], number_at(one, "error_rate", "adjusted_p_value")));
		CHECK(near(p[2 * i + 1], number_at(one, "duration", "adjusted_p_value")));
	}
}

/* Calls in columns: id, parent, depth, class, function, file, line, kind, args, result, exception,
 * start_ns, duration_ns, self_ns, note, left. */
#define TREE_GOOD                                                                                 \
	"[[1, 0, 0, \"App\\\\Bookings\", \"handle\", \"Bookings.php\", 9, \"method\", {}, "       \
	"{\"booked\": true}, null, 0, 9000, 1000, null, \"return\"],"                             \
	"[2, 1, 1, \"App\\\\Calendar\", \"isFree\", \"Calendar.php\", 5, \"method\", "            \
	"{\"day\": \"2026-12-01\"}, true, null, 10, 100, 100, null, \"return\"],"                 \
	"[3, 1, 1, \"App\\\\Api\", \"post\", \"Api.php\", 7, \"method\", {}, {\"id\": 4}, null, " \
	"200, 8000, 8000, {\"status\": 201, \"error\": 0}, \"return\"]]"
#define TREE_BAD                                                                            \
	"[[1, 0, 0, \"App\\\\Bookings\", \"handle\", \"Bookings.php\", 9, \"method\", {}, " \
	"{\"booked\": false}, null, 0, 9000, 1000, null, \"return\"],"                      \
	"[2, 1, 1, \"App\\\\Calendar\", \"isFree\", \"Calendar.php\", 5, \"method\", "      \
	"{\"day\": \"2026-12-02\"}, true, null, 10, 100, 100, null, \"return\"],"           \
	"[3, 1, 1, \"App\\\\Api\", \"post\", \"Api.php\", 7, \"method\", {}, null, "        \
	"{\"class\": \"App\\\\ApiException\", \"message\": \"slot taken\"}, "               \
	"200, 8000, 8000, {\"status\": 409, \"error\": 0}, \"exception\"]]"

static void make_two_calls(struct store_txn *txn)
{
	static const uint64_t at = T0 + 5000 * MINUTE;
	const struct invocation good[] = {
		{"check", STORE_SUCCESS, 11, at, "{\"call_id\": \"call_good\"}", "true"},
		{"book_v17", STORE_SUCCESS, 52.5, at + 3000000000, "{\"day\": \"2026-12-01\"}",
		 "{\"booked\": true}", TREE_GOOD},
		{"confirm", STORE_SUCCESS, 3, at + 9000000000},
		{0},
	};
	const struct invocation bad[] = {
		{"check", STORE_SUCCESS, 12, at + MINUTE, "{\"call_id\": \"call_bad\"}", "true"},
		{"book_v17", STORE_ERROR, 61, at + MINUTE + 3000000000, "{\"day\": \"2026-12-02\"}",
		 "{\"booked\": false}", TREE_BAD},
		{0},
	};

	traffic_add(txn, "call_good", "salon", good);
	traffic_add(txn, "call_bad", "salon", bad);
	traffic_say(txn, "call_good", at + 2000000000, "Am ersten Dezember, bitte.", "Termin");
	traffic_say(txn, "call_bad", at + MINUTE + 2000000000, "Am zweiten, bitte.", "Termin");
}

static void check_difference(const json_t *found, size_t step, const char *wanted)
{
	const json_t *differences = json_object_get(
		json_array_get(json_object_get(found, "steps"), step), "differences");

	CHECK_STR(json_string_value(json_array_get(differences, 0)), wanted);
}

static void test_calls(struct store_txn *txn)
{
	struct uuid good = traffic_id("call_good"), bad = traffic_id("call_bad");
	_cleanup_(json_decrefp) json_t *found = NULL, *same = NULL;
	const json_t *first, *php;

	CHECK_INT(chains_compare(txn, &good, &bad, NULL, &found), 0);
	CHECK_INT(json_array_size(json_object_get(found, "steps")), 3);
	/* Each call's own id is no difference. */
	check_difference(found, 0, NULL);
	check_difference(found, 1, "status");
	check_difference(found, 2, "missing_in_b");
	first = json_object_get(found, "first_divergence");
	CHECK_STR(json_string_value(json_object_get(first, "kind")), "status");
	CHECK_INT(json_integer_value(json_object_get(first, "step")), 2);
	CHECK_STR(text_at(json_object_get(first, "context"), "b", "node"), "Termin");
	CHECK_STR(json_string_value(json_object_get(
			  json_array_get(json_object_get(first, "arguments"), 0), "name")),
		  "day");
	php = json_object_get(found, "php");
	CHECK_STR(text_at(php, "first_divergence", "kind"), "outcome");
	CHECK_STR(json_string_value(json_object_get(
			  json_object_get(json_object_get(php, "first_divergence"), "b"),
			  "function")),
		  "post");
	/* The arguments of isFree, the outcome of post, the result of handle. */
	CHECK_INT(json_integer_value(json_object_get(php, "divergence_count")), 3);
	CHECK_INT(chains_compare(txn, &good, &good, NULL, &same), 0);
	CHECK(json_is_null(json_object_get(same, "first_divergence")));
	CHECK(json_is_null(json_object_get(same, "php")));
}

static const struct {
	const char *golden;
	int status;
	const char *args[GOLDEN_ARGS];
} cases[] = {
	{"compare-functions-80", 0, {"compare", "book_v16", "book_v17", "--width", "80"}},
	{"compare-functions-40", 0, {"compare", "book_v16", "rare", "--width=40"}},
	{"compare-functions.json", 0, {"compare", "book_v16", "book_v17", "--format=json"}},
	{"compare-ranges-80",
	 0,
	 {"compare", "..2026-09-21T15:53", "2026-09-21T15:53..", "--width=80"}},
	{"compare-ranges-120",
	 0,
	 {"compare", "..2026-09-21T15:53", "2026-09-21T15:53..", "--company=salon", "--width=120"}},
	{"compare-calls-80", 0, {"compare", "call_good", "call_b", "--width", "80"}},
	{"compare-calls-120", 0, {"compare", "call_good", "call_b", "--width", "120"}},
	{"compare-calls.json", 0, {"compare", "call_good", "call_bad", "--format", "json"}},
	{"compare-calls-same-80", 0, {"compare", "call_good", "call_good", "--width", "80"}},
	{NULL, 0, {"compare", "call_good", "@latest", "--as=call", "--function=book"}},
	{NULL, 1, {"compare", "book_v16", "book_v18", "--as=function"}},
	{NULL, 1, {"compare", "book_v16", "call_good"}},
	{NULL, 1, {"compare", "call_good", "call_nix"}},
	{NULL, 1, {"compare", "2020-01-01..2020-01-02", "2020-01-02..2020-01-03"}},
	{NULL, 2, {"compare"}},
	{NULL, 2, {"compare", "call_good"}},
	{NULL, 2, {"compare", "call_good", "call_bad", "call_bad"}},
	{NULL, 2, {"compare", "call_good", "call_bad", "--since", "2h"}},
	{NULL, 2, {"compare", "book_v16", "book_v17", "--function", "book"}},
	{NULL, 2, {"compare", "2d..1d", "1d..", "--since", "2h"}},
	{NULL, 2, {"compare", "1d..2d", "1d..", "--as=range"}},
	{NULL, 2, {"compare", "book_v16", "book_v17", "--as=colour"}},
	{NULL, 2, {"compare", "book_v16", "book_v17", "--format=csv"}},
};

static void test_text(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		golden_check(traffic_dir(), cases[i].args, cases[i].status, cases[i].golden);
}

int main(int argc, char **argv)
{
	struct store_txn *txn = traffic_begin();

	CHECK(argc > 2);
	golden_init(argv[1], argv[2], argc > 3);
	make(txn);
	make_two_calls(txn);
	txn = traffic_read(txn);
	test_functions(txn);
	test_chance(txn);
	test_too_few(txn);
	test_ranges(txn);
	test_calls(txn);
	test_text();
	traffic_end(txn);
	return 0;
}
