/* SPDX-License-Identifier: MIT */
#include "classify.h"

#include <string.h>

#include "clock.h"
#include "record.h"
#include "trouble.h"

/* E_ERROR, E_PARSE, E_CORE_ERROR, E_COMPILE_ERROR: behind these no script goes on. */
#define PHP_DEADLY (1 | 4 | 16 | 64)

/* The transcript's times are approximate. */
#define RESULT_SLACK_NS 1000000000ll

static bool state_is(const json_t *input, const char *state)
{
	return strcmp(get_text(input, "state"), state) == 0;
}

static const json_t *last_error(const json_t *input, unsigned int types)
{
	const json_t *list = json_object_get(json_object_get(input, "summary"), "php_errors");

	for (size_t i = json_array_size(list); i > 0; i--)
		if (get_int(json_array_get(list, i - 1), "type") & types)
			return json_array_get(list, i - 1);
	return NULL;
}

const json_t *classify_cause(const json_t *input)
{
	const json_t *summary = json_object_get(input, "summary");
	const json_t *at = json_object_get(summary, "cause");

	return json_is_integer(at) ? json_array_get(json_object_get(summary, "exceptions"),
						    (size_t)json_integer_value(at))
				   : NULL;
}

const json_t *classify_php_error(const json_t *input)
{
	return last_error(input, PHP_FATAL) ?: last_error(input, PHP_WARNING);
}

const json_t *classify_crash(const json_t *input)
{
	const json_t *crash = json_object_get(json_object_get(input, "summary"), "crash");

	return json_is_object(crash) ? crash : NULL;
}

/* What the script died of before it had answered, whatever it had sent. */
static bool died_answering(const json_t *input)
{
	const json_t *fatal = last_error(input, PHP_DEADLY);
	const json_t *at = json_object_get(fatal, "offset_ms");

	return fatal && (!json_is_true(json_object_get(input, "answered")) || !at ||
			 record_ns(at) <= get_int(input, "duration_ns"));
}

static bool answer_failed(const struct profile *profile, const json_t *input)
{
	return profile_failed(profile, json_object_get(input, "response"));
}

static const char *status_of(const struct finding *f, const struct profile *profile)
{
	/* Behind its answer a worker may go on for long; the answer counts. */
	if (input_running(f->input))
		return "pending";
	if (state_is(f->input, "cut_off"))
		return "error";
	if (f->gave_up)
		return "timeout";
	if (get_int(f->input, "status") >= 400 || get_int(f->input, "exit_status") ||
	    json_is_true(json_object_get(f->input, "uncaught")) ||
	    answer_failed(profile, f->input) || died_answering(f->input))
		return "error";
	return "success";
}

/* The first that there is. */
static const char *source_of(const struct finding *f, const struct profile *profile)
{
	const json_t *outbound = json_object_get(json_object_get(f->input, "summary"), "outbound");

	if (classify_crash(f->input))
		return "crash";
	if (state_is(f->input, "cut_off"))
		return "worker_died";
	if (f->gave_up)
		return "timeout";
	/* An error handler makes exceptions of others. */
	if (last_error(f->input, classify_cause(f->input) ? PHP_DEADLY : PHP_FATAL))
		return "fatal";
	if (classify_cause(f->input))
		return "exception";
	if (json_array_size(outbound))
		return "outbound";
	if (f->handled)
		return last_error(f->input, PHP_WARNING) ? "php_error" : NULL;
	if (answer_failed(profile, f->input))
		return "answer";
	return get_int(f->input, "exit_status") ? "exit" : "http_status";
}

/* Are these requests of the same tool call? */
static bool same_call(const struct derivation *d, size_t a, size_t b)
{
	const json_t *x = json_array_get(d->functions, a), *y = json_array_get(d->functions, b);
	const struct binding *bound = d->transcript->bindings;
	const char *id_x = get_text(x, "tool_call_id"), *id_y = get_text(y, "tool_call_id");

	if (bound[a].entry >= 0 && bound[b].entry >= 0)
		return bound[a].entry == bound[b].entry;
	if (*id_x && *id_y)
		return strcmp(id_x, id_y) == 0;
	return strcmp(get_text(x, "function"), get_text(y, "function")) == 0 &&
	       json_equal(json_object_get(x, "args"), json_object_get(y, "args"));
}

/* The first input that began later. */
static size_t first_after(const json_t *inputs, int64_t at)
{
	size_t from = 0, to = json_array_size(inputs);

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (get_int(json_array_get(inputs, middle), "started_at") > at)
			to = middle;
		else
			from = middle + 1;
	}
	return from;
}

/* Did the provider try again before this one answered? */
static bool tried_again(struct finding *f, const struct derivation *d, size_t function)
{
	int64_t start = get_int(f->input, "started_at"), end = input_end(f->input);

	for (size_t i = first_after(d->inputs, start); i < json_array_size(d->inputs); i++) {
		const json_t *other = json_array_get(d->inputs, i);
		const struct binding *binding = transcript_binding(d->transcript, other);
		int64_t at = get_int(other, "started_at");

		if (at >= end)
			break;
		if (!binding ||
		    !same_call(d, function, (size_t)(binding - d->transcript->bindings)))
			continue;
		f->gave_up_ns = end - at;
		return true;
	}
	return false;
}

/* Did the provider go on with a result of its own? Its clock must be comparable. */
static bool had_result(struct finding *f, const struct derivation *d, size_t function)
{
	const struct binding *binding = &d->transcript->bindings[function];
	ssize_t entry = binding->entry;
	ssize_t result = entry < 0 ? -1 : d->transcript->entries[entry].other;
	int64_t at = result < 0 ? TIME_UNKNOWN : d->transcript->entries[result].given_ns;

	if (at == TIME_UNKNOWN || d->clock.anchored || binding->derived)
		return false;
	f->gave_up_ns = clock_place(&d->clock, f->input, input_end(f->input)) - at;
	return f->gave_up_ns > RESULT_SLACK_NS;
}

static enum gave_up gave_up(struct finding *f, const struct derivation *d, ssize_t function)
{
	if (state_is(f->input, "aborted"))
		return GAVE_UP_HANGUP;
	if (function < 0 || d->clock.replayed || input_running(f->input))
		return GAVE_UP_NOT;
	if (tried_again(f, d, (size_t)function))
		return GAVE_UP_RETRY;
	return had_result(f, d, (size_t)function) ? GAVE_UP_RESULT : GAVE_UP_NOT;
}

void classify(struct finding *ret, const struct derivation *d, const json_t *input,
	      ssize_t function)
{
	struct finding f = {.input = input};

	f.gave_up = gave_up(&f, d, function);
	f.status = status_of(&f, d->profile);
	f.handled = strcmp(f.status, "success") == 0;
	/* A webhook that was answered well had no trouble that matters, but for a crash behind it.
	 */
	if (strcmp(f.status, "pending") != 0 &&
	    (!f.handled || function >= 0 || classify_crash(input)))
		f.source = source_of(&f, d->profile);
	if (!f.source)
		f.handled = false;
	*ret = f;
}
