/* SPDX-License-Identifier: MIT */
#include "writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "book.h"
#include "call.h"
#include "cleanup.h"
#include "input.h"
#include "log.h"
#include "summary.h"
#include "tree.h"

struct writer {
	struct store *store;
	const struct profile *profile;
	const struct rules *rules;
	struct book *book;
	struct store_txn *txn;
	json_t *touched; /* session id → its inputs */
};

CLEANUP_DEFINE(struct writer *, writer_free);

void writer_use_rules(struct writer *writer, const struct rules *rules)
{
	writer->rules = rules;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	writer_abort(writer);
	book_free(writer->book);
	json_decref(writer->touched);
	free(writer);
}

int writer_new(struct writer **ret, struct store *store, const struct profile *profile)
{
	_cleanup_(writer_freep) struct writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return -ENOMEM;
	writer->store = store;
	writer->profile = profile;
	writer->touched = json_object();
	r = book_new(&writer->book);
	if (r < 0 || !writer->touched)
		return -ENOMEM;
	*ret = steal(&writer);
	return 0;
}

bool writer_error_is_local(int error)
{
	return error == -EINVAL || error == -EBADMSG || error == -ENAMETOOLONG || error == -E2BIG;
}

int writer_begin(struct writer *writer)
{
	return store_begin(writer->store, true, &writer->txn);
}

struct store_txn *writer_txn(struct writer *writer)
{
	return writer->txn;
}

void writer_abort(struct writer *writer)
{
	store_abort(writer->txn);
	writer->txn = NULL;
	json_object_clear(writer->touched);
}

static int append_record(const json_t *record, void *userdata)
{
	return json_array_append(userdata, (json_t *)record) < 0 ? -ENOMEM : 0;
}

/* The session's inputs as they will be; borrowed. */
static int inputs_of(struct writer *writer, const struct uuid *session, json_t **ret)
{
	char id[UUID_TEXT];
	json_t *inputs;
	int r;

	uuid_format(session, id);
	inputs = json_object_get(writer->touched, id);
	if (!inputs) {
		inputs = json_array();
		if (!inputs || json_object_set_new(writer->touched, id, inputs) < 0)
			return -ENOMEM;
		r = store_each_record(writer->txn, STORE_REQUESTS, session, append_record, inputs);
		if (r)
			return r;
	}
	*ret = inputs;
	return 0;
}

static int put_input(json_t *inputs, json_t *record)
{
	const char *id = json_string_value(json_object_get(record, "id"));
	json_t *other;
	size_t i;

	json_array_foreach (inputs, i, other)
		if (strcmp(json_string_value(json_object_get(other, "id")), id) == 0)
			return json_array_set(inputs, i, record) < 0 ? -ENOMEM : 0;
	return json_array_append(inputs, record) < 0 ? -ENOMEM : 0;
}

/* What this request revealed cleans what was stored of the call before. */
static int clean_again(json_t *inputs, struct redact *redact)
{
	for (size_t i = 0; i < json_array_size(inputs); i++) {
		json_t *clean = redact_again(redact, json_array_get(inputs, i));

		if (!clean || json_array_set_new(inputs, i, clean) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* `kept`: the inputs as they are stored with what is derived from them; NULL where they are not. */
static int put_derived(struct writer *writer, const struct uuid *session, const json_t *inputs,
		       const json_t *kept)
{
	_cleanup_(json_decrefp) json_t *derived = NULL;
	int r = call_derive(&derived, writer->profile, writer->rules, inputs);
	const json_t *lists[STORE_KINDS] = {
		[STORE_EVENTS] = json_object_get(derived, "events"),
		[STORE_FUNCTIONS] = json_object_get(derived, "functions"),
		[STORE_SEGMENTS] = json_object_get(derived, "segments"),
		[STORE_ERRORS] = json_object_get(derived, "errors"),
		[STORE_REQUESTS] = kept,
	};

	if (r == 0)
		r = store_put_session(writer->txn, json_object_get(derived, "session"));
	return r ? r : store_put_lists(writer->txn, session, lists);
}

static int put_tree(struct writer *writer, const struct request *request,
		    const struct functions *functions, const struct match *match,
		    const struct uuid *session, struct redact *redact)
{
	struct echo echo;

	echo_init(&echo, match->profile, request, match);
	return tree_put(writer->txn, session, request, functions, &echo, redact);
}

static int add_to_call(struct writer *writer, const struct input *input, struct redact *redact,
		       bool learned)
{
	json_t *inputs;
	int r = inputs_of(writer, &input->session, &inputs);

	if (r == 0)
		r = put_input(inputs, input->record);
	if (r == 0 && learned)
		r = clean_again(inputs, redact);
	if (r == 0)
		call_keep_transcript(writer->profile, inputs);
	return r;
}

/* A run may have been there as pending, even in this batch. */
static int forget_inputs(struct writer *writer, const struct uuid *session)
{
	_cleanup_(json_decrefp) json_t *none = json_array();
	char id[UUID_TEXT];

	uuid_format(session, id);
	json_object_del(writer->touched, id);
	return none ? store_put_records(writer->txn, STORE_REQUESTS, session, none) : -ENOMEM;
}

static int add_alone(struct writer *writer, const struct input *input)
{
	_cleanup_(json_decrefp) json_t *inputs = json_pack("[O]", input->record);
	int r = inputs ? put_derived(writer, &input->session, inputs, NULL) : -ENOMEM;

	if (r == 0 && json_is_array(json_object_get(input->record, "argv")))
		r = forget_inputs(writer, &input->session);
	return r;
}

/* Each call that a request has is an input of its own; they share its tree. */
static int add_match(struct writer *writer, const struct request *request,
		     const struct exchange *exchange, const struct match *match, json_t *summary,
		     struct redact *redact, bool learned)
{
	_cleanup_(input_deinit) struct input input = {0};
	int r = input_build(&input, request, exchange, match, summary, redact);

	if (r < 0)
		return r;
	/* What is of no call is an input only while it runs. */
	return match->kind || request->state == REQUEST_OPEN
		       ? add_to_call(writer, &input, redact, learned)
		       : add_alone(writer, &input);
}

static int add_matches(struct writer *writer, const struct request *request,
		       const struct functions *functions, const struct exchange *exchange,
		       const struct matches *matches, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *summary = NULL;
	size_t before = redact_learned(redact);
	bool learned;
	int r;

	if (matches->left_out)
		log_warning("a request has %zu function calls; the first %d are kept",
			    matches->count + matches->left_out, MATCHES_MAX);
	input_learn(request, functions, exchange, matches, redact);
	learned = redact_learned(redact) != before;
	r = summary_build(&summary, request, functions, redact);
	/* With the first the call is clean; the others are built clean. */
	for (size_t i = 0; i < matches->count && r == 0; i++)
		r = add_match(writer, request, exchange, &matches->list[i], summary, redact,
			      learned && i == 0);
	return r;
}

int writer_add(struct writer *writer, const struct request *request,
	       const struct functions *functions)
{
	_cleanup_(exchange_deinit) struct exchange exchange = {0};
	_cleanup_(matches_deinit) struct matches matches = {0};
	struct redact *redact;
	struct uuid session;
	int r = exchange_read(&exchange, request);

	if (r == 0)
		r = matches_read(&matches, writer->profile, &exchange);
	if (r == 0)
		r = book_get(writer->book, matches.list[0].call_id, &redact);
	if (r == 0)
		r = add_matches(writer, request, functions, &exchange, &matches, redact);
	if (r < 0)
		return r;
	input_session(&session, request, &matches.list[0]);
	return put_tree(writer, request, functions, &matches.list[0], &session, redact);
}

/* However they came: the same inputs are the same bytes. */
static int put_call(struct writer *writer, const struct uuid *session, const json_t *inputs)
{
	_cleanup_(json_decrefp) json_t *ordered = call_order(inputs);

	return ordered ? put_derived(writer, session, inputs, ordered) : -ENOMEM;
}

/* All calls of a request are of one session. */
static json_t *pending_of(const struct request *request, const struct match *match)
{
	char session[UUID_TEXT], id[UUID_TEXT];
	struct uuid uuid;

	input_session(&uuid, request, match);
	uuid_format(&uuid, session);
	uuid_format(&request->id, id);
	return json_pack("{s:s, s:s}", "session", session, "id", id);
}

int writer_add_pending(struct writer *writer, const struct request *request,
		       const struct functions *functions, json_t **ret)
{
	_cleanup_(exchange_deinit) struct exchange exchange = {0};
	_cleanup_(matches_deinit) struct matches matches = {0};
	struct redact *redact;
	int r;

	if (!request->params && !request->run)
		return WRITER_NONE;
	r = exchange_read(&exchange, request);
	if (r == 0)
		r = matches_read(&matches, writer->profile, &exchange);
	if (r < 0)
		return r;
	if (!matches.list[0].kind && !request->run)
		return WRITER_NONE;
	r = book_get(writer->book, matches.list[0].call_id, &redact);
	if (r == 0)
		r = add_matches(writer, request, functions, &exchange, &matches, redact);
	if (r < 0)
		return r;
	*ret = pending_of(request, &matches.list[0]);
	return *ret ? 0 : -ENOMEM;
}

int writer_cut_off(struct writer *writer, const json_t *pending)
{
	const char *id = json_string_value(json_object_get(pending, "id"));
	struct uuid session;
	json_t *inputs, *input;
	size_t i;
	int r;

	if (!id ||
	    !uuid_parse(&session, json_string_value(json_object_get(pending, "session")) ?: ""))
		return 0;
	r = inputs_of(writer, &session, &inputs);
	if (r < 0)
		return r;
	json_array_foreach (inputs, i, input) {
		const char *state = json_string_value(json_object_get(input, "state"));
		const char *other = json_string_value(json_object_get(input, "request_id"));

		if (other && strcmp(other, id) == 0 && state && strcmp(state, "pending") == 0)
			json_object_set_new(
				input, "state",
				json_string(json_is_true(json_object_get(input, "answered"))
						    ? "done"
						    : "cut_off"));
	}
	return 0;
}

int writer_abandon(struct writer *writer, const struct uuid *session, const char *call_id,
		   int64_t now_ns)
{
	_cleanup_(json_decrefp) json_t *record = call_abandoned(call_id, now_ns);
	json_t *inputs;
	int r = record ? inputs_of(writer, session, &inputs) : -ENOMEM;

	return r ? r : put_input(inputs, record);
}

int writer_commit(struct writer *writer)
{
	const char *id;
	json_t *inputs;
	struct uuid session;
	int r = 0;

	json_object_foreach (writer->touched, id, inputs) {
		if (!uuid_parse(&session, id) || !json_array_size(inputs))
			continue;
		r = put_call(writer, &session, inputs);
		if (writer_error_is_local(r)) {
			log_warning("session %s cannot be stored: %s", id, strerror(-r));
			r = 0;
		}
		if (r < 0)
			break;
	}
	if (r < 0) {
		writer_abort(writer);
		return r;
	}
	json_object_clear(writer->touched);
	return store_commit(steal(&writer->txn));
}
