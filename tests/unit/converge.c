/* SPDX-License-Identifier: MIT */
/*
 * Calls made up at random, of everything that providers send: whatever order their messages arrive
 * in, the record is the same, field by field.
 */
#include <inttypes.h>
#include <stdarg.h>

#include "assemble.h"
#include "cleanup.h"
#include "deliver.h"
#include "record.h"

#define MESSAGES_MAX 64
#define START_MS     1772442000137ll
#define MS	     1000000ll

struct message {
	int64_t at_ms; /* sent, since the call's start */
	bool is_event;
	const char *bare; /* arguments only: the function's name is in the path; else NULL */
	char *body;
	const char *answer; /* with its headers */
};

struct call {
	uint64_t state; /* of its random numbers */
	int64_t now_ms;
	bool timed; /* tool calls and transitions have times */
	bool plain; /* every request's place can be told without its time */
	unsigned int tool_calls;
	json_t *entries;
	struct message messages[MESSAGES_MAX];
	size_t count;
};

/* splitmix64 */
static unsigned int below(struct call *call, unsigned int n)
{
	uint64_t z = call->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (unsigned int)((z ^ z >> 31) % n);
}

static double now(const struct call *call)
{
	return (double)call->now_ms / 1000;
}

static void add_entry(struct call *call, json_t *entry)
{
	if (call->timed && !json_object_get(entry, "words"))
		json_object_set_new(entry, "time_sec", json_real(now(call)));
	json_array_append_new(call->entries, entry);
}

static void say(struct call *call, const char *role, const char *text)
{
	double start = now(call);

	call->now_ms += 500 + below(call, 3000);
	add_entry(call, json_pack("{s:s, s:s, s:[{s:s, s:f, s:f}]}", "role", role, "content", text,
				  "words", "word", text, "start", start, "end", now(call)));
	call->now_ms += below(call, 400);
}

static json_t *call_object(const struct call *call, bool with_transcript)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:{s:s}, s:{s:s}}", "call_id", CALL_ID, "call_status", "ongoing",
		"start_timestamp", (json_int_t)START_MS, "metadata", "company_id", "salon",
		"retell_llm_dynamic_variables", "customer_name", "Käthe Öttinger-Weiß");

	if (with_transcript)
		json_object_set(object, "transcript_with_tool_calls", call->entries);
	return object;
}

static struct message *add_message(struct call *call, json_t *body, const char *answer)
{
	struct message *message = &call->messages[call->count];

	CHECK(call->count < MESSAGES_MAX);
	*message = (struct message){call->now_ms, .answer = answer};
	message->body = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	call->count++;
	return message;
}

static void send_event(struct call *call, const char *event, json_t *object)
{
	add_message(call, json_pack("{s:s, s:o}", "event", event, "call", object),
		    "Status: 204\r\n\r\n")
		->is_event = true;
}

static void repeat(struct call *call, size_t i, int64_t after_ms)
{
	CHECK(call->count < MESSAGES_MAX);
	call->messages[call->count] = call->messages[i];
	call->messages[call->count].body = strdup(call->messages[i].body);
	call->messages[call->count++].at_ms += after_ms;
}

#define JSON_ANSWER "Status: 200\r\nContent-Type: application/json\r\n\r\n"

static const char *const answers[] = {
	JSON_ANSWER "{\"success\":true,\"available\":false}",
	JSON_ANSWER "{\"success\":false,\"error\":\"Käthe hat keinen Termin\"}",
	"Status: 500\r\n\r\nServer Error",
};

/* The model calls a function, which may be asked again when it fails, or never. */
static void invoke(struct call *call)
{
	static const char *const names[] = {"check_availability", "book_appointment_v17", "cancel"};
	const char *name = names[below(call, 3)];
	json_t *args = json_pack("{s:i, s:s}", "day", below(call, 3), "name", "Käthe");
	_cleanup_(freep) char *text = json_dumps(args, JSON_COMPACT);
	unsigned int attempts = below(call, 8) ? 1 + (!call->plain && !below(call, 3)) : 0, how;
	json_t *id = json_sprintf("tool_%u", ++call->tool_calls);
	bool bare = !call->plain && !below(call, 3);

	call->now_ms += below(call, 300);
	add_entry(call, json_pack("{s:s, s:O, s:s, s:s}", "role", "tool_call_invocation",
				  "tool_call_id", id, "name", name, "arguments", text));
	for (unsigned int i = 0; i < attempts; i++) {
		json_t *body = bare ? json_incref(args)
				    : json_pack("{s:s, s:O, s:o}", "name", name, "args", args,
						"call", call_object(call, true));

		how = i + 1 < attempts ? 2 : below(call, 2);
		call->now_ms += 20 + below(call, 200);
		add_message(call, body, answers[how])->bare = bare ? name : NULL;
		call->now_ms += 100;
	}
	if (below(call, 6) || call->plain)
		add_entry(call, json_pack("{s:s, s:O, s:s, s:b}", "role", "tool_call_result",
					  "tool_call_id", id, "content", "{\"success\":true}",
					  "successful", 1));
	json_decref(id);
	json_decref(args);
}

static void step(struct call *call)
{
	switch (below(call, 9)) {
	case 0:
	case 1:
		say(call, "agent", "Guten Tag, wie kann ich helfen?");
		break;
	case 2:
		say(call, "user", "Ich heiße Öttinger-Weiß, Käthe.");
		break;
	case 3:
		add_entry(call, json_pack("{s:s, s:s}", "role", "dtmf", "digit", "1"));
		break;
	case 4:
		add_entry(call, json_pack("{s:s, s:s}", "role", "sms", "content", "Bitte hinten"));
		break;
	case 5:
		add_entry(call, json_pack("{s:s, s:s, s:s}", "role", "node_transition",
					  "former_node_name", "a", "new_node_name", "b"));
		break;
	default:
		invoke(call);
	}
}

/* What was heard until now; the last word of it may be corrected. */
static void update(struct call *call)
{
	json_t *object = call_object(call, true), *heard;

	heard = json_deep_copy(call->entries);
	json_object_set_new(json_array_get(heard, json_array_size(heard) - 1), "content",
			    json_string("misverstanden"));
	json_object_set_new(object, "transcript_with_tool_calls", heard);
	send_event(call, "transcript_updated", object);
}

static void make_call(struct call *call, uint64_t seed, size_t least, bool plain)
{
	*call = (struct call){.state = seed, .plain = plain, .entries = json_array()};
	call->timed = below(call, 2);
	if (below(call, 4))
		send_event(call, "call_started", call_object(call, false));
	if (call->count && !below(call, 2))
		repeat(call, 0, 9000);
	say(call, "agent", "Salon Schönwald, guten Tag.");
	/* so that what is sent anew at the start or the end cannot have been sent then */
	call->now_ms += plain ? 20000 : 0;
	for (unsigned int i = 0; i < 12 && call->count + 3 < least; i++) {
		step(call);
		if (!below(call, 4))
			update(call);
		if (!below(call, 8))
			send_event(call, "transfer_started", call_object(call, false));
	}
	call->now_ms += plain ? 20000 : 0;
	if (plain || below(call, 4)) {
		json_t *object = call_object(call, true);

		json_object_update_new(object, json_pack("{s:s, s:I, s:I, s:s}", "call_status",
							 "ended", "end_timestamp",
							 (json_int_t)(START_MS + call->now_ms),
							 "duration_ms", (json_int_t)call->now_ms,
							 "disconnection_reason", "user_hangup"));
		call->now_ms += 30;
		send_event(call, "call_ended", json_incref(object));
		repeat(call, call->count - 1, 1500);
		json_object_set_new(object, "call_analysis",
				    json_pack("{s:b}", "call_successful", 1));
		call->now_ms += 5000;
		send_event(call, "call_analyzed", object);
	}
}

static void call_deinit(struct call *call)
{
	for (size_t i = 0; i < call->count; i++)
		free(call->messages[i].body);
	json_decref(call->entries);
}

static struct request *request_of(const struct message *message, uint64_t seq, int64_t came_ms,
				  bool is_signed, struct functions *functions)
{
	struct request *request;
	char signature[32], path[128];
	struct frames f;

	snprintf(signature, sizeof(signature), "v=%lld", START_MS + message->at_ms);
	snprintf(path, sizeof(path), message->bare ? "/fn/%s?call_id=" CALL_ID : "/webhook",
		 message->bare);
	frames_init(&f);
	add_request(&f, seq, (uint64_t)((START_MS + came_ms) * MS));
	add_params(&f, "POST", path, is_signed ? signature : NULL);
	add_body(&f, message->body);
	add_output(&f, message->answer);
	add_end(&f, CT_END_DONE);
	request = assemble(&f, functions);
	frames_deinit(&f);
	return request;
}

static void shuffle(struct call *call, unsigned int *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = below(call, (unsigned int)i);
		unsigned int t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
}

struct test {
	const struct profile *profile;
	struct functions *functions;
	struct call call;
	struct request *requests[MESSAGES_MAX];
	unsigned int order[MESSAGES_MAX + 8];
};

static void test_init(struct test *test, uint64_t seed, size_t least)
{
	make_call(&test->call, seed, least, false);
	for (unsigned int i = 0; i < test->call.count; i++) {
		/* up to 40 ms on the way */
		test->requests[i] =
			request_of(&test->call.messages[i], i + 1,
				   test->call.messages[i].at_ms + 3 + below(&test->call, 40), true,
				   test->functions);
		test->order[i] = i;
	}
}

static void test_deinit(struct test *test)
{
	for (size_t i = 0; i < test->call.count; i++)
		request_free(test->requests[i]);
	call_deinit(&test->call);
}

static json_t *record(struct test *test, size_t n)
{
	return deliver(test->profile, test->functions, test->requests, test->order, n, CALL_ID);
}

/* All orders of few messages; of many, some, with some of them delivered again. */
static void test_orders(struct test *test, uint64_t seed, size_t least)
{
	_cleanup_(json_decrefp) json_t *first = NULL;
	size_t n, tries = 10;
	char what[64];
	bool more = true;

	test_init(test, seed, least);
	n = test->call.count;
	first = record(test, n);
	snprintf(what, sizeof(what), "call %" PRIu64 " of %zu messages", seed, n);
	while (more) {
		_cleanup_(json_decrefp) json_t *other = NULL;
		size_t again = 0;

		if (n <= 5) {
			more = next_permutation(test->order, n);
		} else {
			shuffle(&test->call, test->order, n);
			for (; again < 3; again++)
				test->order[n + again] = test->order[below(&test->call, n)];
			more = --tries;
		}
		other = record(test, n + again);
		check_same(other, first, what);
	}
	test_deinit(test);
}

static json_t *fields_of(const json_t *record, const char *paths)
{
	_cleanup_(freep) char *copy = strdup(paths);
	json_t *fields = json_object(), *value;
	char *rest = copy, *path;

	while ((path = strsep(&rest, " "))) {
		value = json_at(record, path);
		json_object_set(fields, path, value ?: json_null());
	}
	return fields;
}

/* What does not depend on when the requests came. */
static json_t *timeless(const json_t *all)
{
	static const struct {
		const char *list, *fields;
	} lists[] = {
		{"events",
		 "/event_type /transcript_text /transcript_role /from_node /function_name "
		 "/function_arguments /function_response /function_status /error_code "
		 "/metadata/event /metadata/deliveries /metadata/tool_call_id "
		 "/metadata/execution_sequence /metadata/digit"},
		{"functions", "/function_name /execution_sequence /call_offset_ms /input_params "
			      "/output_result /status /metadata/tool_call_id /metadata/attempts "
			      "/metadata/provider_duration_ms /metadata/overhead_ms "
			      "/metadata/result_successful /metadata/segment_id"},
		{"segments", "/id /role /text /call_offset_ms /segment_sequence /word_count "
			     "/duration_ms /metadata/time_derived"},
		{"errors", "/error_code /error_type /severity /error_message /call_offset_ms "
			   "/affected_function /booking_failed /call_terminated"},
	};
	json_t *out = json_object(), *record;
	size_t k;

	json_object_set_new(out, "session",
			    fields_of(json_object_get(all, "session"),
				      "/call_status /company_id /disconnection_reason /duration_ms "
				      "/total_events /function_call_count /error_count "
				      "/transcript_segment_count /metadata/call_analysis"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		json_t *list = json_array();

		json_array_foreach (json_object_get(all, lists[i].list), k, record) {
			const char *event = json_string_value(json_at(record, "/metadata/event"));

			/* This stands where it came. */
			if (!event || strcmp(event, "transfer_started") != 0)
				json_array_append_new(list, fields_of(record, lists[i].fields));
		}
		json_object_set_new(out, lists[i].list, list);
	}
	return out;
}

/* All messages sent anew within seconds, in an order of their own: at the call's start, its end or
 * months later, signed as they were or not at all. */
static json_t *record_anew(struct test *test, int64_t from_ms, bool is_signed)
{
	_cleanup_(json_decrefp) json_t *all = NULL;
	size_t n = test->call.count;
	unsigned int slots[MESSAGES_MAX];

	for (unsigned int i = 0; i < n; i++)
		slots[i] = i;
	shuffle(&test->call, slots, n);
	for (unsigned int i = 0; i < n; i++) {
		request_free(test->requests[i]);
		test->requests[i] = request_of(&test->call.messages[i], i + 1,
					       from_ms + slots[i] * 20, is_signed, test->functions);
	}
	all = record(test, n);
	return timeless(all);
}

static void test_anew(struct test *test, uint64_t seed)
{
	static const struct {
		int64_t from_ms;
		bool is_signed;
		const char *what;
	} ways[] = {
		{100, false, "at the start"},
		{0, false, "at the end"},
		{200ll * 86400 * 1000, false, "months later"},
		{200ll * 86400 * 1000, true, "months later, signed"},
	};

	make_call(&test->call, seed, 18, true);
	for (unsigned int i = 0; i < MESSAGES_MAX; i++)
		test->order[i] = i;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		_cleanup_(json_decrefp) json_t *first =
			record_anew(test, ways[i].from_ms ?: test->call.now_ms, ways[i].is_signed);

		for (unsigned int k = 0; k < 3; k++) {
			_cleanup_(json_decrefp) json_t *other = record_anew(
				test, ways[i].from_ms ?: test->call.now_ms, ways[i].is_signed);
			char what[64];

			snprintf(what, sizeof(what), "call %" PRIu64 " sent anew %s", seed,
				 ways[i].what);
			check_same(other, first, what);
		}
	}
	test_deinit(test);
}

/* An argument: how many calls, instead of a few. */
int main(int argc, char **argv)
{
	uint64_t calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 8;
	struct profile *profile;
	struct functions *functions;

	CHECK_INT(functions_new(&functions), 0);
	CHECK_INT(profile_open(&profile, NULL), 0);
	for (uint64_t seed = 1; seed <= calls; seed++) {
		struct test test = {.profile = profile, .functions = functions};

		test_orders(&test, seed, seed % 2 ? 7 : 22);
		test = (struct test){.profile = profile, .functions = functions};
		test_anew(&test, seed);
	}
	profile_close(profile);
	functions_free(functions);
	return 0;
}
