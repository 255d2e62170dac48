/* SPDX-License-Identifier: MIT */
#include "chains.h"

#include <errno.h>
#include <string.h>

#include "align.h"
#include "calltree.h"
#include "cleanup.h"
#include "divergence.h"
#include "present.h"
#include "record.h"
#include "timeline.h"

#define PHP_SHOWN 20 /* divergences of PHP calls in the document */

enum { A, B };

static const char *const sides[] = {"a", "b"};

struct chain {
	json_t *session, *functions; /* presented */
};

struct chains {
	struct store_txn *txn;
	struct uuid ids[2];
	struct chain chains[2];
	json_t *steps;
};

static void chains_deinit(struct chains *chains)
{
	for (int side = A; side <= B; side++) {
		json_decref(chains->chains[side].session);
		json_decref(chains->chains[side].functions);
	}
	json_decref(chains->steps);
}

static int append_presented(const json_t *function, void *userdata)
{
	return json_array_append_new(userdata, present_record(function)) < 0 ? -ENOMEM : 0;
}

static int read_chain(struct chains *chains, int side, const char *function)
{
	struct chain *chain = &chains->chains[side];
	const struct store_fact_filter filter = {.session = &chains->ids[side],
						 .function = function};
	int r = timeline_session(chains->txn, &chains->ids[side], &chain->session);

	chain->functions = json_array();
	if (r || !chain->functions)
		return r ? r : -ENOMEM;
	return store_each_function(chains->txn, &filter, append_presented, chain->functions);
}

static bool same_text(const json_t *a, const json_t *b, const char *field)
{
	return strcmp(get_text(a, field), get_text(b, field)) == 0;
}

static bool same_base(const json_t *a, const json_t *b)
{
	const char *left = get_text(a, "function_name"), *right = get_text(b, "function_name");
	size_t size = base_name_size(left);

	return size == base_name_size(right) && memcmp(left, right, size) == 0;
}

static unsigned int price_of(size_t a, size_t b, void *userdata)
{
	const struct chains *chains = userdata;
	const json_t *left = json_array_get(chains->chains[A].functions, a);
	const json_t *right = json_array_get(chains->chains[B].functions, b);

	if (!same_base(left, right))
		return ALIGN_NEVER;
	return (same_text(left, right, "function_name") ? 0 : 1) +
	       (same_text(left, right, "status") ? 0 : 2);
}

/* Each call's own id is no difference. */
static bool same_value(const struct chains *chains, const json_t *a, const json_t *b)
{
	const char *own_a = get_text(chains->chains[A].session, "call_id");
	const char *own_b = get_text(chains->chains[B].session, "call_id");

	if ((!a && !b) || json_equal(a, b))
		return true;
	return json_is_string(a) && json_is_string(b) && *own_a &&
	       strcmp(json_string_value(a), own_a) == 0 && strcmp(json_string_value(b), own_b) == 0;
}

static int add_argument(json_t *list, const char *name, const json_t *a, const json_t *b)
{
	json_t *one = json_pack("{s:s, s:O?, s:O?}", "name", name, "a", a, "b", b);

	return json_array_append_new(list, one) < 0 ? -ENOMEM : 0;
}

/* [{"name", "a", "b"}]: what differs, by name where both are objects. */
static int list_arguments(const struct chains *chains, json_t *a, json_t *b, json_t *list)
{
	const char *name;
	json_t *value;
	int r = 0;

	if (!json_is_object(a) || !json_is_object(b))
		return same_value(chains, a, b) ? 0 : add_argument(list, "", a, b);
	json_object_foreach (a, name, value) {
		const json_t *other = json_object_get(b, name);

		if (!same_value(chains, value, other))
			r = add_argument(list, name, value, other);
		if (r)
			return r;
	}
	json_object_foreach (b, name, value) {
		if (!json_object_get(a, name))
			r = add_argument(list, name, NULL, value);
		if (r)
			return r;
	}
	return 0;
}

/* What identifies a function trace, and what came of it. */
static json_t *describe(const json_t *function)
{
	static const char *const fields[] = {
		"id",	  "event_id",	"execution_sequence", "function_name",
		"status", "started_at", "call_offset_ms",     "duration_ms"};
	_cleanup_(json_decrefp) json_t *object = json_object();

	if (!function)
		return json_null();
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (json_object_set_new(object, fields[i], get_copy(function, fields[i])) < 0)
			return NULL;
	return steal(&object);
}

static int list_differences(struct chains *chains, const json_t *a, const json_t *b,
			    json_t *differences, json_t *arguments)
{
	int r;

	if (!a || !b)
		return json_array_append_new(differences,
					     json_string(a ? "missing_in_b" : "missing_in_a"));
	r = list_arguments(chains, json_object_get(a, "input_params"),
			   json_object_get(b, "input_params"), arguments);
	if (r)
		return r;
	if (!same_text(a, b, "function_name"))
		json_array_append_new(differences, json_string("version"));
	if (!same_text(a, b, "status"))
		json_array_append_new(differences, json_string("status"));
	if (!same_value(chains, json_object_get(a, "output_result"),
			json_object_get(b, "output_result")))
		json_array_append_new(differences, json_string("result"));
	if (json_array_size(arguments))
		json_array_append_new(differences, json_string("arguments"));
	return 0;
}

static int add_step(struct chains *chains, const struct align_step *at)
{
	const json_t *a = json_array_get(chains->chains[A].functions, at->a);
	const json_t *b = json_array_get(chains->chains[B].functions, at->b);
	_cleanup_(json_decrefp) json_t *differences = json_array(), *arguments = json_array();
	json_t *step;
	int r = differences && arguments ? list_differences(chains, a, b, differences, arguments)
					 : -ENOMEM;

	if (r)
		return r < 0 ? -ENOMEM : r;
	step = json_pack("{s:I, s:o, s:o, s:O, s:O}", "step",
			 (json_int_t)json_array_size(chains->steps) + 1, "a", describe(a), "b",
			 describe(b), "differences", differences, "arguments", arguments);
	return json_array_append_new(chains->steps, step) < 0 ? -ENOMEM : 0;
}

static int add_steps(struct chains *chains)
{
	_cleanup_(freep) struct align_step *steps = NULL;
	size_t n;
	int r;

	chains->steps = json_array();
	if (!chains->steps)
		return -ENOMEM;
	r = align(json_array_size(chains->chains[A].functions),
		  json_array_size(chains->chains[B].functions), price_of, chains, &steps, &n);
	for (size_t i = 0; !r && i < n; i++)
		r = add_step(chains, &steps[i]);
	return r;
}

/* How much a difference says of where two calls part: what ran and what came of it first, then what
 * it answered, then what it was asked. */
static int weight_of(const char *difference)
{
	return strcmp(difference, "arguments") == 0 ? 1 : strcmp(difference, "result") == 0 ? 2 : 3;
}

/* The first step with the weightiest difference that there is, and this difference; of `pairs`
 * only. NULL: there is none. */
static const json_t *find_divergence(const struct chains *chains, bool pairs, const char **ret_kind)
{
	const json_t *step, *difference, *found = NULL;
	int most = 0;
	size_t i, k;

	json_array_foreach (chains->steps, i, step) {
		if (pairs && (json_is_null(json_object_get(step, "a")) ||
			      json_is_null(json_object_get(step, "b"))))
			continue;
		json_array_foreach (json_object_get(step, "differences"), k, difference) {
			int weight = weight_of(json_string_value(difference));

			if (weight <= most)
				continue;
			most = weight;
			found = step;
			*ret_kind = json_string_value(difference);
		}
	}
	return found;
}

/* How many of the events came before a function: up to its own, or where it has none, to when it
 * began. */
static size_t events_before(const json_t *events, const json_t *function)
{
	const char *id = get_text(function, "event_id"), *at = get_text(function, "started_at");
	const json_t *event;
	size_t i;

	json_array_foreach (events, i, event)
		if (*id && strcmp(get_text(event, "id"), id) == 0)
			return i;
	/* ISO 8601 in UTC is in the order of time. */
	json_array_foreach (events, i, event)
		if (strcmp(get_text(event, "occurred_at"), at) > 0)
			return i;
	return json_array_size(events);
}

/* The last of this type of the first `count` events; NULL: none. */
static const json_t *last_event(const json_t *events, size_t count, const char *type)
{
	while (count-- > 0)
		if (strcmp(get_text(json_array_get(events, count), "event_type"), type) == 0)
			return json_array_get(events, count);
	return NULL;
}

/* {"said": {"role", "text", "call_offset_ms"}, "node"} when it happened; null without it. */
static int context_of(struct chains *chains, int side, const json_t *function, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *events = NULL;
	const json_t *said, *moved;
	size_t n;
	int r;

	if (!json_is_object(function)) {
		*ret = json_null();
		return 0;
	}
	r = timeline_records(chains->txn, STORE_EVENTS, &chains->ids[side], &events);
	if (r)
		return r;
	n = events_before(events, function);
	said = last_event(events, n, "transcript");
	moved = last_event(events, n, "flow_transition");
	*ret = said ? json_pack("{s:{s:o, s:o, s:o}, s:o}", "said", "role",
				get_copy(said, "transcript_role"), "text",
				get_copy(said, "transcript_text"), "call_offset_ms",
				get_copy(said, "call_offset_ms"), "node",
				get_copy(moved, "to_node"))
		    : json_pack("{s:n, s:o}", "said", "node", get_copy(moved, "to_node"));
	return *ret ? 0 : -ENOMEM;
}

static int describe_divergence(struct chains *chains, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *contexts = json_object(), *document = NULL;
	const char *kind = NULL;
	const json_t *step = find_divergence(chains, false, &kind);

	if (!step) {
		*ret = json_null();
		return 0;
	}
	for (int side = A; side <= B; side++) {
		json_t *context = NULL;
		int r = context_of(chains, side, json_object_get(step, sides[side]), &context);

		if (r)
			return r;
		if (json_object_set_new(contexts, sides[side], context) < 0)
			return -ENOMEM;
	}
	document = json_pack("{s:s, s:O}", "kind", kind, "context", contexts);
	if (!document || json_object_update_missing(document, (json_t *)step) < 0)
		return -ENOMEM;
	*ret = steal(&document);
	return 0;
}

/* The PHP calls inside the function trace that a step shows. */
static int calls_of(struct chains *chains, int side, const json_t *step, json_t **ret)
{
	const json_t *id = json_object_get(json_object_get(step, sides[side]), "id");
	_cleanup_(json_decrefp) json_t *tree = NULL;
	json_t *function;
	size_t i;
	int r;

	json_array_foreach (chains->chains[side].functions, i, function) {
		if (!json_equal(json_object_get(function, "id"), id))
			continue;
		r = calltree_of_function(chains->txn, function, &tree);
		if (r)
			return r;
		*ret = get_copy(tree, "calls");
		return 0;
	}
	return -EBADMSG;
}

static int describe_php(struct chains *chains, json_t **ret)
{
	_cleanup_(json_decrefp) json_t *a = NULL, *b = NULL, *document = NULL;
	const char *kind;
	const json_t *step = find_divergence(chains, true, &kind);
	int r;

	if (!step) {
		*ret = json_null();
		return 0;
	}
	r = calls_of(chains, A, step, &a);
	if (!r)
		r = calls_of(chains, B, step, &b);
	if (!r)
		r = divergence_find(a, b, PHP_SHOWN, &document);
	if (r)
		return r;
	if (json_object_set(document, "step", json_object_get(step, "step")) < 0 ||
	    json_object_set_new(document, "a_call_count",
				json_integer((json_int_t)json_array_size(a))) < 0 ||
	    json_object_set_new(document, "b_call_count",
				json_integer((json_int_t)json_array_size(b))) < 0)
		return -ENOMEM;
	*ret = steal(&document);
	return 0;
}

int chains_compare(struct store_txn *txn, const struct uuid *a, const struct uuid *b,
		   const char *function, json_t **ret)
{
	_cleanup_(chains_deinit) struct chains chains = {.txn = txn, .ids = {*a, *b}};
	_cleanup_(json_decrefp) json_t *divergence = NULL, *php = NULL;
	json_t *document;
	int r = 0;

	for (int side = A; !r && side <= B; side++)
		r = read_chain(&chains, side, function);
	if (!r)
		r = add_steps(&chains);
	if (!r)
		r = describe_divergence(&chains, &divergence);
	if (!r)
		r = describe_php(&chains, &php);
	if (r)
		return r;
	document = json_pack("{s:O, s:O, s:O, s:O, s:O}", "a", chains.chains[A].session, "b",
			     chains.chains[B].session, "steps", chains.steps, "first_divergence",
			     divergence, "php", php);
	if (!document)
		return -ENOMEM;
	*ret = document;
	return 0;
}
