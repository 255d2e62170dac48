/* SPDX-License-Identifier: MIT */
/*
 * trace-dump compare: two functions, two times, or two calls.
 *
 * What A and B are is told by --as, or by what they look like: times when both are written as
 * ranges; else functions when both ran at least once; else calls.
 */
#include "compare.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "chains.h"
#include "cleanup.h"
#include "command.h"
#include "comparison.h"
#include "moment.h"
#include "output.h"
#include "phrase.h"
#include "present.h"

enum kind { BY_LOOKS, AS_FUNCTION, AS_CALL, AS_RANGE };

struct range {
	uint64_t since, until;
};

static bool parse_ranges(const struct options *options, struct range ret[2])
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	for (int i = 0; i < 2; i++)
		if (!moment_parse_range(options->args[i], ns, &ret[i].since, &ret[i].until))
			return false;
	return true;
}

#define FOUND 100 /* ends a walk */

static int stop(const struct store_fact *fact, void *userdata)
{
	return FOUND;
}

static int ran(struct context *context, const char *function, bool *ret)
{
	const struct store_fact_filter filter = {.function = function};
	int r = store_each_fact(context->txn, &filter, stop, NULL);

	*ret = r == FOUND;
	return r < 0 ? r : 0;
}

static bool are_calls(struct context *context)
{
	struct uuid id;

	for (int i = 0; i < 2; i++)
		if (store_find_call(context->txn, context->options->args[i], &id))
			return false;
	return true;
}

/* COMMAND_NOTHING: a message was written. */
static int guess(struct context *context, bool are_ranges, enum kind *ret)
{
	const struct options *options = context->options;
	bool functions[2];
	int r;

	*ret = are_ranges ? AS_RANGE : (enum kind)options->as;
	if (*ret != BY_LOOKS)
		return 0;
	for (int i = 0; i < 2; i++) {
		r = ran(context, options->args[i], &functions[i]);
		if (r)
			return r;
	}
	*ret = functions[0] && functions[1] ? AS_FUNCTION : AS_CALL;
	if (functions[0] == functions[1] || are_calls(context))
		return 0;
	fprintf(stderr, "trace-dump: compare: %s is a function that ran, %s is none\n",
		options->args[functions[1]], options->args[functions[0]]);
	return COMMAND_NOTHING;
}

static int fail(const char *why)
{
	fprintf(stderr, "trace-dump: compare: %s\n", why);
	return COMMAND_USAGE;
}

static json_t *at_json(uint64_t at)
{
	char text[PRESENT_TIME];

	if (!at)
		return json_null();
	present_time((int64_t)at, text);
	return json_string(text);
}

static bool is_empty(const json_t *comparison)
{
	return !field_number(json_object_get(comparison, "a"), "call_count") &&
	       !field_number(json_object_get(comparison, "b"), "call_count");
}

/* Prints a comparison of facts whose sides are told by `sides`, which it takes. */
static int print_facts(struct context *context, const struct compare_query *query, json_t *sides)
{
	_cleanup_(json_decrefp) json_t *own = sides, *facts = NULL, *document = NULL;
	static const char *const names[] = {"a", "b"};
	int r = own ? compare_facts(context->txn, query, &facts) : -ENOMEM;

	if (r)
		return r;
	for (int i = 0; i < 2; i++)
		if (json_object_update_missing(json_object_get(own, names[i]),
					       json_object_get(facts, names[i])) < 0)
			return -ENOMEM;
	if (json_object_update_missing(own, facts) < 0)
		return -ENOMEM;
	if (context->options->format == FORMAT_JSON) {
		document = json_pack("{s:O}", "compare", own);
		r = document ? output_json(document) : -ENOMEM;
	} else if (!is_empty(own)) {
		r = comparison_print_facts(context->options, own);
	}
	return r ? r : is_empty(own) ? COMMAND_NOTHING : 0;
}

static int compare_functions(struct context *context)
{
	const struct options *options = context->options;
	struct compare_query query = {.company = options->query.company};
	bool found;

	if (options->query.function)
		return fail("--function is for times and calls; A and B name the functions");
	for (int i = 0; i < 2; i++) {
		int r = ran(context, options->args[i], &found);

		if (r)
			return r;
		if (!found) {
			fprintf(stderr, "trace-dump: no function %s ran; see trace-dump stats\n",
				options->args[i]);
			return COMMAND_NOTHING;
		}
		query.sides[i] = (struct store_fact_filter){
			.function = options->args[i],
			.since = options->query.since,
			.until = options->query.until,
		};
	}
	return print_facts(context, &query,
			   json_pack("{s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "kind", "function", "a",
				     "label", options->args[0], "function_name", options->args[0],
				     "b", "label", options->args[1], "function_name",
				     options->args[1]));
}

static void warn_of_overlap(const struct range ranges[2])
{
	if ((!ranges[0].until || ranges[1].since < ranges[0].until) &&
	    (!ranges[1].until || ranges[0].since < ranges[1].until))
		fprintf(stderr, "trace-dump: compare: the times overlap; calls in both are counted "
				"twice, and the tests do not hold\n");
}

static int compare_ranges(struct context *context, const struct range ranges[2])
{
	const struct options *options = context->options;
	struct compare_query query = {.company = options->query.company, .by_function = true};

	if (options->query.since || options->query.until)
		return fail("--since and --until are for functions; A and B are the times");
	for (int i = 0; i < 2; i++)
		query.sides[i] = (struct store_fact_filter){
			.function = options->query.function,
			.since = ranges[i].since,
			.until = ranges[i].until,
		};
	warn_of_overlap(ranges);
	return print_facts(
		context, &query,
		json_pack("{s:s, s:s?, s:{s:s, s:o, s:o}, s:{s:s, s:o, s:o}}", "kind", "range",
			  "function_name", options->query.function, "a", "label", options->args[0],
			  "since_at", at_json(ranges[0].since), "until_at",
			  at_json(ranges[0].until), "b", "label", options->args[1], "since_at",
			  at_json(ranges[1].since), "until_at", at_json(ranges[1].until)));
}

static int compare_calls(struct context *context)
{
	const struct options *options = context->options;
	_cleanup_(json_decrefp) json_t *calls = NULL, *document = NULL;
	struct uuid ids[2];
	int r = 0;

	if (options->query.since || options->query.until || options->query.company)
		return fail("--since, --until and --company are not for two calls");
	for (int i = 0; !r && i < 2; i++)
		r = command_find_call(context->txn, options->args[i], &ids[i]);
	if (!r)
		r = chains_compare(context->txn, &ids[0], &ids[1], options->query.function, &calls);
	if (r)
		return r;
	if (options->format != FORMAT_JSON)
		return comparison_print_calls(options, calls);
	document = json_pack("{s:{s:s}}", "compare", "kind", "call");
	if (!document || json_object_update(json_object_get(document, "compare"), calls) < 0)
		return -ENOMEM;
	return output_json(document);
}

int command_compare(struct context *context)
{
	struct range ranges[2];
	int as = context->options->as;
	bool are_ranges =
		(as == BY_LOOKS || as == AS_RANGE) && parse_ranges(context->options, ranges);
	enum kind kind;
	int r;

	if (as == AS_RANGE && !are_ranges)
		return fail("a range of times is written SINCE..UNTIL, as --since takes them");
	r = guess(context, are_ranges, &kind);
	if (r)
		return r;
	switch (kind) {
	case AS_RANGE:
		return compare_ranges(context, ranges);
	case AS_FUNCTION:
		return compare_functions(context);
	default:
		return compare_calls(context);
	}
}
