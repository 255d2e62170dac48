/* SPDX-License-Identifier: MIT */
#include "timing.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "clock.h"
#include "record.h"

/* A request so far away from where the transcript has it was not made then: the payloads are sent
 * anew, or a clock is wrong. */
#define APART_NS 5000000000ll

/* What stands around an entry. */
struct bounds {
	int64_t lo, hi;
};

struct timing {
	struct transcript *t;
	const json_t *functions;
	const struct call_clock *clock;
	bool *kept;	       /* entries: at_ns is as it was given */
	struct bounds *bounds; /* entries: the given times around, its own among them */
	bool apart;	       /* some request is not where the transcript has it */
};

static int64_t clamp(int64_t at, int64_t lo, int64_t hi)
{
	return at < lo ? lo : at > hi ? hi : at;
}

/* The most given times that agree with the transcript's order: a longest sequence that never goes
 * back. Only the others have to move. */
static int keep_times(struct timing *timing)
{
	const struct entry *entries = timing->t->entries;
	size_t n = timing->t->count, length = 0, last;
	_cleanup_(freep) size_t *ends = calloc(n + 1, sizeof(*ends));
	_cleanup_(freep) size_t *before = calloc(n + 1, sizeof(*before));

	if (!ends || !before)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		size_t lo = 0, hi = length;

		if (entries[i].given_ns == TIME_UNKNOWN)
			continue;
		while (lo < hi) {
			size_t middle = (lo + hi) / 2;

			if (entries[ends[middle]].given_ns <= entries[i].given_ns)
				lo = middle + 1;
			else
				hi = middle;
		}
		before[i] = lo ? ends[lo - 1] : n;
		ends[lo] = i;
		length += lo == length;
	}
	last = length ? ends[length - 1] : n;
	for (; last < n; last = before[last])
		timing->kept[last] = true;
	return 0;
}

static void set_bounds(struct timing *timing)
{
	const struct transcript *t = timing->t;
	int64_t lo = 0, hi = INT64_MAX;

	for (size_t i = 0; i < t->count; i++) {
		if (timing->kept[i])
			lo = t->entries[i].given_ns;
		timing->bounds[i].lo = lo;
	}
	for (size_t i = t->count; i > 0; i--) {
		if (timing->kept[i - 1])
			hi = t->entries[i - 1].given_ns;
		timing->bounds[i - 1].hi = hi;
	}
}

/* Behind its invocation, before its result. */
static struct bounds tool_bounds(const struct timing *timing, const struct binding *binding)
{
	ssize_t result = timing->t->entries[binding->entry].other;

	return (struct bounds){
		timing->bounds[binding->entry].lo,
		result < 0 ? INT64_MAX : timing->bounds[result].hi,
	};
}

static bool is_apart(const struct timing *timing, const struct binding *binding)
{
	struct bounds around = tool_bounds(timing, binding);

	/* Without a result that it led to, the call's end. */
	if (around.hi == INT64_MAX && timing->clock->length_ns)
		around.hi = timing->clock->length_ns;
	return timing->clock->anchored || binding->at_ns < around.lo - APART_NS ||
	       (around.hi != INT64_MAX && binding->at_ns > around.hi + APART_NS);
}

/* Was some function called before one whose result came before it? */
static bool are_inverted(const struct timing *timing)
{
	const struct transcript *t = timing->t;
	int64_t answered = INT64_MIN;

	for (size_t i = 0; i < t->count; i++) {
		const struct entry *entry = &t->entries[i];
		ssize_t call = entry->role == ROLE_RESULT ? entry->other : (ssize_t)i;
		ssize_t request = call < 0 ? -1 : t->entries[call].request;

		if (request < 0)
			continue;
		if (entry->role != ROLE_RESULT && t->bindings[request].at_ns < answered)
			return true;
		if (entry->role == ROLE_RESULT && t->bindings[request].at_ns > answered)
			answered = t->bindings[request].at_ns;
	}
	return false;
}

/* Clocks are wrong for all of a call: then the others are where they seem to be by chance. */
static void compare_clocks(struct timing *timing)
{
	struct transcript *t = timing->t;
	size_t bound = 0, apart = 0, i;
	json_t *input;
	bool all;

	json_array_foreach (timing->functions, i, input) {
		struct binding *binding = &t->bindings[i];

		binding->at_ns = clock_place(timing->clock, input, get_int(input, "started_at"));
		binding->derived = binding->entry >= 0 && is_apart(timing, binding);
		bound += binding->entry >= 0;
		apart += binding->derived;
	}
	all = are_inverted(timing) || (apart && 2 * apart >= bound);
	for (i = 0; i < t->binding_count; i++)
		t->bindings[i].derived |= all && t->bindings[i].entry >= 0;
	timing->apart |= all || apart;
}

/* An invocation without a time is when its first request came; what follows, when it was answered.
 */
static void ask_request(struct timing *timing, const json_t *input, const struct binding *binding)
{
	int64_t end = clock_place(timing->clock, input, input_end(input));
	struct entry *entry;

	if (binding->entry < 0 || binding->derived)
		return;
	entry = &timing->t->entries[binding->entry];
	if (entry->given_ns == TIME_UNKNOWN && binding->attempt == 1) {
		entry->at_ns = clamp(binding->at_ns, tool_bounds(timing, binding).lo,
				     timing->bounds[binding->entry].hi);
		entry->timed = true;
	}
	if (end > entry->end_ns)
		entry->end_ns = end;
}

/* In the transcript's order: what has no time is when the one before ended, but not after the next
 * one begins; what has one that does not fit moves as little as it must. */
static int order_entries(struct timing *timing)
{
	struct transcript *t = timing->t;
	_cleanup_(freep) int64_t *next = calloc(t->count + 1, sizeof(*next));
	int64_t begun = 0, ended = 0;

	if (!next)
		return -ENOMEM;
	next[t->count] = INT64_MAX;
	for (size_t i = t->count; i > 0; i--) {
		const struct entry *entry = &t->entries[i - 1];
		bool fixed =
			timing->kept[i - 1] || (entry->timed && entry->given_ns == TIME_UNKNOWN);

		next[i - 1] = fixed && entry->at_ns < next[i] ? entry->at_ns : next[i];
	}
	for (size_t i = 0; i < t->count; i++) {
		struct entry *entry = &t->entries[i];
		int64_t at = entry->timed ? entry->at_ns : ended;

		entry->at_ns = clamp(at, begun, next[i] < begun ? begun : next[i]);
		if (entry->end_ns < entry->at_ns + entry->lasted_ns)
			entry->end_ns = entry->at_ns + entry->lasted_ns;
		begun = entry->at_ns;
		ended = entry->end_ns;
	}
	return 0;
}

/* Has it an event of its own? An invocation has its request's. */
static bool is_event(const struct entry *entry)
{
	return entry->role != ROLE_OTHER && entry->role != ROLE_RESULT &&
	       !(entry->role == ROLE_INVOCATION && entry->request >= 0);
}

/* From now on what events around an entry are at. */
static void set_event_bounds(struct timing *timing)
{
	const struct transcript *t = timing->t;
	int64_t lo = INT64_MIN, hi = INT64_MAX;

	for (size_t i = 0; i < t->count; i++) {
		if (is_event(&t->entries[i]))
			lo = t->entries[i].at_ns;
		timing->bounds[i].lo = lo;
	}
	for (size_t i = t->count; i > 0; i--) {
		if (is_event(&t->entries[i - 1]))
			hi = t->entries[i - 1].at_ns;
		timing->bounds[i - 1].hi = hi;
	}
}

static int64_t first_started(const struct timing *timing, const struct binding *binding)
{
	ssize_t first = timing->t->entries[binding->entry].request;

	return get_int(json_array_get(timing->functions, (size_t)first), "started_at");
}

/* Between what led to it and what it led to. */
static void place_request(struct timing *timing, const json_t *input, struct binding *binding)
{
	const struct entry *entry;
	struct bounds around;
	int64_t at;

	binding->given_ns = TIME_UNKNOWN;
	binding->latest_ns = INT64_MAX;
	if (binding->entry < 0)
		return;
	entry = &timing->t->entries[binding->entry];
	around = tool_bounds(timing, binding);
	binding->latest_ns = around.hi;
	if (binding->derived) {
		at = entry->at_ns + get_int(input, "started_at") - first_started(timing, binding);
		binding->at_ns = clamp(at, around.lo, around.hi);
		return;
	}
	at = clamp(binding->at_ns, around.lo, around.hi);
	if (at != binding->at_ns)
		binding->given_ns = binding->at_ns;
	binding->at_ns = at;
}

struct called {
	json_t *input;
	struct binding binding;
	size_t number; /* in order of time */
};

static int by_place(const void *a, const void *b)
{
	const struct called *x = a, *y = b;

	if (x->binding.at_ns != y->binding.at_ns)
		return x->binding.at_ns < y->binding.at_ns ? -1 : 1;
	if (x->binding.entry != y->binding.entry)
		return x->binding.entry < y->binding.entry ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* When this host's clock does not tell in which order the functions were called, their places in
 * the call do. */
static int order_functions(struct timing *timing, json_t *functions)
{
	struct transcript *t = timing->t;
	size_t n = t->binding_count;
	_cleanup_(freep) struct called *called = calloc(n + 1, sizeof(*called));
	_cleanup_(freep) size_t *moved = calloc(n + 1, sizeof(*moved));

	if (!called || !moved)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		called[i] = (struct called){json_incref(json_array_get(functions, i)),
					    t->bindings[i], i};
	qsort(called, n, sizeof(*called), by_place);
	for (size_t i = 0; i < n; i++) {
		json_array_set_new(functions, i, called[i].input);
		t->bindings[i] = called[i].binding;
		moved[called[i].number] = i;
	}
	for (size_t i = 0; i < t->count; i++)
		if (t->entries[i].request >= 0)
			t->entries[i].request = (ssize_t)moved[t->entries[i].request];
	return 0;
}

int timing_set(struct transcript *t, json_t *functions, const struct call_clock *clock)
{
	_cleanup_(freep) bool *kept = calloc(t->count + 1, sizeof(*kept));
	_cleanup_(freep) struct bounds *bounds = calloc(t->count + 1, sizeof(*bounds));
	struct timing timing = {t, functions, clock, kept, bounds, clock->replayed};
	json_t *input;
	size_t i;
	int r;

	if (!kept || !bounds)
		return -ENOMEM;
	r = keep_times(&timing);
	if (r < 0)
		return r;
	set_bounds(&timing);
	compare_clocks(&timing);
	json_array_foreach (functions, i, input)
		ask_request(&timing, input, &t->bindings[i]);
	r = order_entries(&timing);
	if (r < 0)
		return r;
	set_event_bounds(&timing);
	json_array_foreach (functions, i, input)
		place_request(&timing, input, &t->bindings[i]);
	return timing.apart ? order_functions(&timing, functions) : 0;
}
