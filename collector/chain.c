/* SPDX-License-Identifier: MIT */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "crash.h"
#include "record.h"
#include "trouble.h"

#define TEXT_MAX     1000 /* bytes of a message in a link; the error's own is whole */
#define PREVIOUS_MAX 16

/* At the same moment, what leads to what. */
enum rank {
	RANK_OUTBOUND,
	RANK_PHP_ERROR,
	RANK_EXCEPTION, /* and where it was caught: a handler catches, and throws the next */
	RANK_END,
};

struct link {
	json_t *json;
	int64_t at_ns; /* since the request's start */
	enum rank rank;
	size_t number;
};

struct chain {
	struct link *links;
	size_t count, capacity;
	bool failed;
};

static void add(struct chain *chain, json_t *json, int64_t at_ns, enum rank rank)
{
	if (array_grow(&chain->links, chain->count, &chain->capacity, sizeof(*chain->links)) < 0) {
		chain->failed = true;
		json_decref(json);
		return;
	}
	json_object_set_new(json, "offset_ms", record_ms(at_ns));
	chain->links[chain->count] = (struct link){json, at_ns, rank, chain->count};
	chain->count++;
}

static int64_t offset_of(const json_t *item)
{
	return record_ns(json_object_get(item, "offset_ms"));
}

static json_t *short_text(const json_t *object, const char *key)
{
	const json_t *text = json_object_get(object, key);

	return json_is_string(text)
		       ? record_cut(json_string_value(text), json_string_length(text), TEXT_MAX)
		       : json_null();
}

static void add_outbound(struct chain *chain, const json_t *list)
{
	const json_t *call;
	size_t i;

	json_array_foreach (list, i, call)
		add(chain,
		    json_pack("{s:s, s:n, s:o, s:o, s:o, s:o, s:o, s:b}", "kind", "outbound",
			      "offset_ms", "method", get_copy(call, "method"), "url",
			      short_text(call, "url"), "status", get_copy(call, "status"), "error",
			      get_copy(call, "error"), "duration_ms", get_copy(call, "duration_ms"),
			      "recovered", json_is_true(json_object_get(call, "recovered"))),
		    offset_of(call), RANK_OUTBOUND);
}

static bool same_exception(const json_t *a, const json_t *b)
{
	static const char *const fields[] = {"class", "file", "line", "code"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!json_equal(json_object_get(a, fields[i]), json_object_get(b, fields[i])))
			return false;
	return strncmp(get_text(a, "message"), get_text(b, "message"), TEXT_MAX) == 0;
}

static void add_exception(struct chain *chain, const json_t *exception, int64_t at_ns)
{
	add(chain,
	    json_pack("{s:s, s:n, s:o, s:o, s:o, s:o, s:o}", "kind", "exception", "offset_ms",
		      "class", get_copy(exception, "class"), "message",
		      short_text(exception, "message"), "code", get_copy(exception, "code"), "file",
		      get_copy(exception, "file"), "line", get_copy(exception, "line")),
	    at_ns, RANK_EXCEPTION);
}

static void add_caught(struct chain *chain, const json_t *exception)
{
	const json_t *caught = json_object_get(exception, "caught");
	const json_t *at = json_object_get(caught, "offset_ms");

	add(chain,
	    json_pack("{s:s, s:n, s:o, s:o, s:o, s:o}", "kind", "caught", "offset_ms", "class",
		      get_copy(exception, "class"), "function", get_copy(caught, "function"),
		      "file", get_copy(caught, "file"), "line", get_copy(caught, "line")),
	    at ? record_ns(at) : offset_of(exception), RANK_EXCEPTION);
}

/* Where else the same exception is in a list; NULL. */
static const json_t *find_exception(const json_t *list, const json_t *wanted)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (same_exception(one, wanted))
			return one;
	return NULL;
}

/* What it was thrown because of, the innermost first, as far as that is not told by itself. */
static void add_previous(struct chain *chain, const json_t *exception, const json_t *all,
			 json_t *told, int64_t at_ns, unsigned int depth)
{
	const json_t *previous = json_object_get(exception, "previous"), *thrown;

	if (!json_is_object(previous) || depth == PREVIOUS_MAX || find_exception(told, previous))
		return;
	add_previous(chain, previous, all, told, at_ns, depth + 1);
	json_array_append(told, (json_t *)previous);
	thrown = find_exception(all, previous);
	add_exception(chain, previous, thrown ? offset_of(thrown) : at_ns);
}

static void add_exceptions(struct chain *chain, const json_t *summary)
{
	_cleanup_(json_decrefp) json_t *told = json_array();
	const json_t *all = json_object_get(summary, "exceptions");
	const json_t *places = json_object_get(summary, "telling"), *place;
	size_t i;

	json_array_foreach (places, i, place)
		json_array_append(told, json_array_get(all, (size_t)json_integer_value(place)));
	json_array_foreach (places, i, place) {
		const json_t *exception = json_array_get(all, (size_t)json_integer_value(place));

		add_previous(chain, exception, all, told, offset_of(exception), 0);
		add_exception(chain, exception, offset_of(exception));
		if (json_is_object(json_object_get(exception, "caught")))
			add_caught(chain, exception);
	}
}

const char *chain_php_type(json_int_t type)
{
	static const char *const names[] = {
		"E_ERROR",
		"E_WARNING",
		"E_PARSE",
		"E_NOTICE",
		"E_CORE_ERROR",
		"E_CORE_WARNING",
		"E_COMPILE_ERROR",
		"E_COMPILE_WARNING",
		"E_USER_ERROR",
		"E_USER_WARNING",
		"E_USER_NOTICE",
		"E_STRICT",
		"E_RECOVERABLE_ERROR",
		"E_DEPRECATED",
		"E_USER_DEPRECATED",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (type == 1ll << i)
			return names[i];
	return NULL;
}

/* PHP says once more that an exception left the request. */
static bool repeats_exception(const json_t *summary, const json_t *error)
{
	return json_array_size(json_object_get(summary, "telling")) &&
	       get_int(error, "type") == 1 &&
	       strncmp(get_text(error, "message"), "Uncaught ", 9) == 0;
}

static void add_php_errors(struct chain *chain, const json_t *summary)
{
	const json_t *error;
	size_t i;

	json_array_foreach (json_object_get(summary, "php_errors"), i, error) {
		const char *name = chain_php_type(get_int(error, "type"));

		if (!(get_int(error, "type") & (PHP_FATAL | PHP_WARNING)) ||
		    repeats_exception(summary, error))
			continue;
		add(chain,
		    json_pack("{s:s, s:n, s:s?, s:o, s:o, s:o, s:o}", "kind", "php_error",
			      "offset_ms", "type", name, "message", short_text(error, "message"),
			      "file", get_copy(error, "file"), "line", get_copy(error, "line"),
			      "count", get_copy(error, "count")),
		    offset_of(error), RANK_PHP_ERROR);
	}
}

static const char *gave_up_name(enum gave_up gave_up)
{
	static const char *const names[] = {
		[GAVE_UP_NOT] = "",
		[GAVE_UP_HANGUP] = "hangup",
		[GAVE_UP_RETRY] = "retry",
		[GAVE_UP_RESULT] = "result",
	};

	return names[gave_up];
}

static void add_crash(struct chain *chain, const json_t *crash, const json_t *open_calls)
{
	const json_t *place = json_array_get(json_object_get(crash, "php"), 0);

	add(chain,
	    json_pack("{s:s, s:n, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:O?}", "kind", "crash",
		      "offset_ms", "signal", get_copy(crash, "signal"), "reason",
		      get_copy(crash, "reason"), "address", get_copy(crash, "address"), "thread",
		      get_copy(crash, "thread"), "in_agent",
		      json_is_true(json_object_get(crash, "in_agent")), "file",
		      get_copy(place, "file"), "line", get_copy(place, "line"), "native",
		      crash_innermost(crash), "open_calls", open_calls),
	    offset_of(crash), RANK_END);
}

static void add_end(struct chain *chain, const struct finding *f, json_t *said)
{
	int64_t end = get_int(f->input, "duration_ns");
	const json_t *summary = json_object_get(f->input, "summary");
	const json_t *crash = classify_crash(f->input);
	bool cut_off = strcmp(get_text(f->input, "state"), "cut_off") == 0;

	if (crash)
		add_crash(chain, crash, json_object_get(summary, "open_calls"));
	else if (cut_off)
		add(chain,
		    json_pack("{s:s, s:n, s:o}", "kind", "worker_died", "offset_ms", "open_calls",
			      get_copy(summary, "open_calls")),
		    end, RANK_END);
	if (f->gave_up)
		add(chain,
		    json_pack("{s:s, s:n, s:s}", "kind", "gave_up", "offset_ms", "by",
			      gave_up_name(f->gave_up)),
		    end - f->gave_up_ns, RANK_END);
	if (!cut_off && f->gave_up != GAVE_UP_HANGUP)
		add(chain,
		    json_pack("{s:s, s:n, s:o, s:O}", "kind", "answer", "offset_ms", "http_status",
			      get_copy(f->input, "status"), "error", said),
		    end, RANK_END);
}

static int by_cause(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

json_t *chain_build(const struct finding *finding, json_t *said, size_t *ret_left_out)
{
	const json_t *summary = json_object_get(finding->input, "summary");
	json_t *list = json_array();
	struct chain chain = {0};

	add_outbound(&chain, json_object_get(summary, "outbound"));
	add_php_errors(&chain, summary);
	add_exceptions(&chain, summary);
	add_end(&chain, finding, said);
	if (chain.count)
		qsort(chain.links, chain.count, sizeof(*chain.links), by_cause);
	*ret_left_out = chain.count > CHAIN_MAX ? chain.count - CHAIN_MAX : 0;
	for (size_t i = 0; i < chain.count; i++) {
		bool left_out = i >= CHAIN_MAX / 2 && i < CHAIN_MAX / 2 + *ret_left_out;

		if (left_out)
			json_decref(chain.links[i].json);
		else
			json_array_append_new(list, chain.links[i].json);
	}
	free(chain.links);
	if (chain.failed) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static void add_frame(struct buffer *out, const json_t *frame)
{
	_cleanup_(freep) char *line = NULL;
	const char *class = get_text(frame, "class"), *function = get_text(frame, "function");
	const char *file = get_text(frame, "file"), *type = get_text(frame, "type");
	int r;

	if (json_object_get(frame, CT_KEY_CUT))
		r = asprintf(&line, "… of %lld\n", (long long)get_int(frame, "count"));
	else if (!*file && !*function)
		return;
	else
		r = asprintf(&line, "%s:%lld%s%s%s%s\n", *file ? file : "(internal)",
			     (long long)get_int(frame, "line"), *function ? " " : "", class,
			     !*class ? ""
			     : *type ? type
				     : "::",
			     function);
	if (r < 0)
		return;
	buffer_add_text(out, line);
}

static void add_place(struct buffer *out, const json_t *of)
{
	_cleanup_(json_decrefp) json_t *place =
		json_pack("{s:o, s:o}", "file", get_copy(of, "file"), "line", get_copy(of, "line"));

	add_frame(out, place);
}

/* On one line, whatever is in it. */
static void add_title(struct buffer *out, const json_t *exception)
{
	_cleanup_(json_decrefp) json_t *message = short_text(exception, "message");
	size_t from = out->size;

	buffer_add_text(out, "Caused by: ");
	buffer_add_text(out, get_text(exception, "class"));
	buffer_add_text(out, ": ");
	buffer_add_text(out, json_string_value(message) ?: "");
	for (size_t i = from; i < out->size; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
	buffer_add_text(out, "\n");
}

/* PHP's, then the native one. */
static json_t *crash_stack(const json_t *crash)
{
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;
	const json_t *frame;
	char left_out[48];
	size_t i;

	json_array_foreach (json_object_get(crash, "php"), i, frame) {
		add_frame(&out, frame);
		if (!json_object_get(frame, "left_out"))
			continue;
		snprintf(left_out, sizeof(left_out), "(%lld more)\n",
			 (long long)get_int(frame, "left_out"));
		buffer_add_text(&out, left_out);
	}
	buffer_add_text(&out, "Native stack:\n");
	crash_native_stack(&out, crash);
	if (json_is_true(json_object_get(crash, "native_cut")))
		buffer_add_text(&out, "(more)\n");
	return json_stringn((char *)out.data, out.size - 1);
}

json_t *chain_stack(const struct finding *finding)
{
	_cleanup_(buffer_deinit) struct buffer out = BUFFER_INIT;
	const json_t *summary = json_object_get(finding->input, "summary"), *frame;
	const json_t *exception = classify_cause(finding->input);
	const json_t *error = classify_php_error(finding->input);
	const json_t *crash = classify_crash(finding->input);
	size_t i;

	if (crash)
		return crash_stack(crash);
	if (!exception ||
	    (strcmp(finding->source, "fatal") == 0 && !repeats_exception(summary, error))) {
		add_place(&out, error);
		exception = NULL;
	}
	for (unsigned int n = 0; json_is_object(exception) && n < PREVIOUS_MAX; n++) {
		if (n)
			add_title(&out, exception);
		add_place(&out, exception);
		json_array_foreach (json_object_get(exception, "trace"), i, frame)
			add_frame(&out, frame);
		exception = json_object_get(exception, "previous");
	}
	return out.size ? json_stringn((char *)out.data, out.size - 1) : json_null();
}
