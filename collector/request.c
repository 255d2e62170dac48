/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "note.h"
#include "value.h"

#define THROWN_MAX 10000u
#define ERRORS_MAX 10000u
#define NOTES_MAX  50000u

void request_free(struct request *request)
{
	if (!request)
		return;
	for (size_t i = 0; i < request->error_count; i++) {
		free(request->errors[i].message);
		free(request->errors[i].file);
	}
	json_decref(request->params);
	json_decref(request->run);
	buffer_deinit(&request->body);
	buffer_deinit(&request->output);
	buffer_deinit(&request->values);
	free(request->calls);
	free(request->thrown);
	free(request->errors);
	free(request->notes);
	lanes_deinit(&request->lanes);
	free(request);
}

const char *lost_name(unsigned int kind)
{
#define X(id, name) name,
	static const char *const names[] = {CT_LOST_KINDS(X)};
#undef X
	return kind < CT_LOST_COUNT ? names[kind] : "unknown";
}

int request_new(struct request **ret, const uint8_t ring_id[16], const struct frame *frame)
{
	struct request *request = calloc(1, sizeof(*request));
	uint8_t name[24];

	if (!request)
		return -ENOMEM;
	memcpy(name, ring_id, 16);
	for (unsigned int i = 0; i < 8; i++)
		name[16 + i] = (uint8_t)(frame->request.seq >> 8 * i);
	uuid_derive(&request->id, "request", name, sizeof(name));
	request->seq = frame->request.seq;
	request->started_at = frame->request.realtime_ns;
	request->hz = frame->request.hz;
	request->exit_status = -1;
	*ret = request;
	return 0;
}

/* Room for one more of `size` bytes in an array that may hold `max`. -ENOBUFS: it is full. */
static int grow(void *array, size_t count, size_t *capacity, size_t size, size_t max)
{
	return count >= max ? -ENOBUFS : array_grow(array, count, capacity, size);
}

static void keep(struct request *request, struct span value, enum ct_lost kind, size_t *ret,
		 size_t *ret_size)
{
	if (!value.data)
		return;
	if (request->values.size + value.size > REQUEST_BYTES_MAX ||
	    buffer_add(&request->values, value.data, value.size) < 0) {
		request->lost[kind]++;
		return;
	}
	*ret = request->values.size - value.size;
	*ret_size = value.size;
}

static void keep_piece(struct request *request, struct buffer *into, struct span piece,
		       enum ct_lost kind)
{
	if (into->size + piece.size > REQUEST_BYTES_MAX ||
	    buffer_add(into, piece.data, piece.size) < 0)
		request->lost[kind] += piece.size;
}

static int add_params(struct request *request, const struct frame *frame)
{
	json_t *params = value_to_json(frame->map);

	if (!params)
		return -ENOMEM;
	if (request->params)
		json_object_update_missing(request->params, params);
	else
		request->params = json_incref(params);
	json_decref(params);
	return 0;
}

/* The first counts. */
static int add_run(struct request *request, const struct frame *frame)
{
	if (!request->run)
		request->run = value_to_json(frame->map);
	return request->run ? 0 : -ENOMEM;
}

static void advance(struct request *request, uint64_t dt)
{
	if (__builtin_add_overflow(request->ticks, dt, &request->ticks))
		request->ticks = UINT64_MAX;
	request->now_ns = (uint64_t)((unsigned __int128)request->ticks * 1000000000u / request->hz);
	/* Later arithmetic is in int64: a century is enough. */
	if (request->now_ns > UINT32_MAX * 1000000000ull)
		request->now_ns = UINT32_MAX * 1000000000ull;
}

/* A call begins. Its id, or 0 where it is not kept. */
static uint32_t add_call(struct request *request, uint32_t fn)
{
	struct php_call *call;

	if (grow(&request->calls, request->call_count, &request->call_capacity,
		 sizeof(*request->calls), REQUEST_CALLS_MAX) < 0) {
		request->lost[CT_LOST_CALLS]++;
		return 0;
	}
	call = &request->calls[request->call_count++];
	*call = (struct php_call){
		.parent = lanes_innermost(&request->lanes),
		.depth = (uint32_t)lanes_depth(&request->lanes),
		.fn = (uint16_t)fn,
		.left = CALL_OPEN,
		.start_ns = request->now_ns,
	};
	return (uint32_t)request->call_count;
}

static int add_enter(struct request *request, const struct frame *frame)
{
	uint32_t id = add_call(request, frame->enter.fn);
	struct php_call *call = id ? &request->calls[id - 1] : NULL;

	if (call)
		keep(request, frame->enter.args, CT_LOST_VALUES, &call->args, &call->args_size);
	return lanes_push(&request->lanes, id);
}

static void left(struct request *request, uint32_t id, enum call_left how)
{
	struct php_call *call = id ? &request->calls[id - 1] : NULL;

	if (!call)
		return;
	call->left = how;
	call->duration_ns = request->now_ns - call->start_ns;
	if (call->parent)
		request->calls[call->parent - 1].inside_ns += call->duration_ns;
}

static int leave_untold(struct request *request)
{
	uint32_t id;

	if (lanes_pop(&request->lanes, &id))
		left(request, id, CALL_DISCARDED);
	else
		request->lost[CT_LOST_CALLS]++;
	return 0;
}

static int add_calls(struct request *request, const struct frame *frame)
{
	uint64_t event, first = 0, ticks, last = 0;
	int r = 0;

	for (size_t i = 0; i < frame->bytes.size && r == 0; i += sizeof(event)) {
		memcpy(&event, frame->bytes.data + i, sizeof(event));
		event = le64toh(event);
		first = i ? first : event;
		ticks = ct_calls_since(first, event);
		if (ticks > last) {
			advance(request, ticks - last);
			last = ticks;
		}
		if (event >> CT_CALLS_FN)
			r = lanes_push(&request->lanes, add_call(request, event >> CT_CALLS_FN));
		else
			r = leave_untold(request);
	}
	return r;
}

static struct php_throw *thrown_by_number(struct request *request, uint64_t number)
{
	for (size_t i = request->thrown_count; i > 0; i--)
		if (request->thrown[i - 1].number == number)
			return &request->thrown[i - 1];
	return NULL;
}

static void leave_with_exception(struct request *request, struct php_call *call, uint64_t number)
{
	struct php_throw *thrown = thrown_by_number(request, number);

	if (!thrown)
		return;
	/* It had only passed a `finally`. */
	thrown->caught = false;
	if (call)
		call->thrown = thrown - request->thrown + 1;
}

static int add_leave(struct request *request, const struct frame *frame)
{
	static const uint8_t lefts[] = {CALL_RETURN, CALL_EXCEPTION, CALL_YIELD, CALL_UNWOUND,
					CALL_EXIT};
	enum call_left how = lefts[frame->leave.how];
	struct php_call *call = NULL;
	uint32_t id;

	if (!lanes_pop(&request->lanes, &id)) {
		request->lost[CT_LOST_CALLS]++;
		return 0;
	}
	if (id)
		call = &request->calls[id - 1];
	if (how == CALL_EXCEPTION)
		leave_with_exception(request, call, frame->leave.exception);
	else if (call)
		keep(request, frame->leave.value, CT_LOST_VALUES, &call->result,
		     &call->result_size);
	if (how == CALL_RETURN && call && !call->result_size)
		how = CALL_DISCARDED;
	left(request, id, how);
	return 0;
}

static int add_throw(struct request *request, const struct frame *frame)
{
	struct php_throw *before = thrown_by_number(request, frame->throw.exception), *thrown;
	struct span map = frame->throw.map;

	/* Thrown again: the same exception, not caught after all. */
	if (before && before->map_size == map.size &&
	    memcmp(request->values.data + before->map, map.data, map.size) == 0) {
		before->caught = false;
		return 0;
	}
	if (grow(&request->thrown, request->thrown_count, &request->thrown_capacity,
		 sizeof(*request->thrown), THROWN_MAX) < 0) {
		request->lost[CT_LOST_ERRORS]++;
		return 0;
	}
	thrown = &request->thrown[request->thrown_count];
	*thrown = (struct php_throw){
		.number = frame->throw.exception,
		.at_ns = request->now_ns,
		.call = lanes_innermost(&request->lanes),
	};
	keep(request, map, CT_LOST_ERRORS, &thrown->map, &thrown->map_size);
	if (thrown->map_size)
		request->thrown_count++;
	return 0;
}

static int add_catch(struct request *request, const struct frame *frame)
{
	struct php_throw *thrown = thrown_by_number(request, frame->catch.exception);

	/* Whoever catches one is said to catch those that came before it, too. */
	if (!thrown || thrown->caught)
		return 0;
	thrown->caught = true;
	thrown->caught_at_ns = request->now_ns;
	thrown->caught_fn = frame->catch.fn;
	thrown->caught_line = frame->catch.line;
	return 0;
}

static char *plain_text(struct span text)
{
	_cleanup_(json_decrefp) json_t *json = value_text(text.data, text.size);

	if (json_is_object(json))
		return strdup(json_string_value(json_object_get(json, "@bin")));
	return json ? strdup(json_string_value(json)) : NULL;
}

static int add_error(struct request *request, const struct frame *frame)
{
	struct php_error *error;

	if (grow(&request->errors, request->error_count, &request->error_capacity,
		 sizeof(*request->errors), ERRORS_MAX) < 0) {
		request->lost[CT_LOST_ERRORS]++;
		return 0;
	}
	error = &request->errors[request->error_count++];
	*error = (struct php_error){
		.type = frame->error.type,
		.line = frame->error.line,
		.at_ns = request->now_ns,
		.message = plain_text(frame->error.message),
		.file = frame->error.file.data ? plain_text(frame->error.file) : NULL,
	};
	return error->message ? 0 : -ENOMEM;
}

static int add_note(struct request *request, const struct frame *frame)
{
	struct php_note *note;

	if (grow(&request->notes, request->note_count, &request->note_capacity,
		 sizeof(*request->notes), NOTES_MAX) < 0) {
		request->lost[CT_LOST_VALUES]++;
		return 0;
	}
	note = &request->notes[request->note_count];
	*note = (struct php_note){.call = lanes_innermost(&request->lanes),
				  .at_ns = request->now_ns};
	keep(request, frame->map, CT_LOST_VALUES, &note->map, &note->map_size);
	if (note->map_size)
		note_begin(request, request->note_count++);
	return 0;
}

/* The first counts: what follows is the same trouble. */
static void add_crash(struct request *request, const struct frame *frame)
{
	if (request->crash.map_size)
		return;
	request->crash.at_ns = request->now_ns;
	keep(request, frame->map, CT_LOST_ERRORS, &request->crash.map, &request->crash.map_size);
}

/* PHP code went on: somebody handled the signal, which was no crash then. */
static void survive(struct request *request, const struct frame *frame)
{
	bool unwinds = frame->type == CT_FRAME_LEAVE &&
		       (frame->leave.how == CT_LEAVE_UNWOUND || frame->leave.how == CT_LEAVE_EXIT);

	if (frame->type != CT_FRAME_CRASH && frame->type != CT_FRAME_LOST &&
	    frame->type != CT_FRAME_END && !unwinds)
		request->crash.map_size = 0;
}

static void close_all(struct request *request, enum call_left how)
{
	uint32_t id;

	while (lanes_pop_any(&request->lanes, &id))
		left(request, id, how);
}

static void die(struct request *request)
{
	close_all(request, CALL_OPEN);
	request->state = request->output_complete ? REQUEST_DONE : REQUEST_CUT_OFF;
}

static int add_end(struct request *request, const struct frame *frame)
{
	if (frame->end.how == CT_END_CRASHED) {
		die(request);
		return 0;
	}
	close_all(request, frame->end.how == CT_END_EXIT	? CALL_EXIT
			   : frame->end.how == CT_END_CONTINUED ? CALL_CONTINUED
								: CALL_UNWOUND);
	request->state = frame->end.how == CT_END_ABORTED ? REQUEST_ABORTED
			 : frame->end.how == CT_END_EXIT  ? REQUEST_EXIT
							  : REQUEST_DONE;
	request->exit_status = frame->end.exit_status;
	return 0;
}

void request_cut_off(struct request *request, uint64_t at_ns)
{
	if (at_ns > request->started_at && at_ns - request->started_at > request->now_ns)
		request->now_ns = at_ns - request->started_at;
	die(request);
}

static void add_lost(struct request *request, const struct frame *frame)
{
	for (unsigned int i = 0; i < CT_LOST_COUNT; i++)
		if (__builtin_add_overflow(request->lost[i], frame->lost[i], &request->lost[i]))
			request->lost[i] = INT64_MAX;
}

int request_add(struct request *request, const struct frame *frame)
{
	if (request->state != REQUEST_OPEN)
		return -EBADMSG;
	advance(request, frame->dt);
	if (request->crash.map_size)
		survive(request, frame);
	switch (frame->type) {
	case CT_FRAME_PARAMS:
		return add_params(request, frame);
	case CT_FRAME_RUN:
		return add_run(request, frame);
	case CT_FRAME_BODY:
		keep_piece(request, &request->body, frame->bytes, CT_LOST_BODY);
		return 0;
	case CT_FRAME_BODY_END:
		request->body_complete = true;
		request->body_total = frame->end_of.total;
		return 0;
	case CT_FRAME_OUTPUT:
		keep_piece(request, &request->output, frame->bytes, CT_LOST_OUTPUT);
		return 0;
	case CT_FRAME_OUTPUT_END:
		request->output_complete = true;
		request->output_total = frame->end_of.total;
		request->output_end_ns = request->now_ns;
		return 0;
	case CT_FRAME_ENTER:
		return add_enter(request, frame);
	case CT_FRAME_LEAVE:
		return add_leave(request, frame);
	case CT_FRAME_CALLS:
		return add_calls(request, frame);
	case CT_FRAME_FIBER:
		return lanes_switch(&request->lanes, frame->fiber);
	case CT_FRAME_THROW:
		return add_throw(request, frame);
	case CT_FRAME_CATCH:
		return add_catch(request, frame);
	case CT_FRAME_ERROR:
		return add_error(request, frame);
	case CT_FRAME_NOTE:
		return add_note(request, frame);
	case CT_FRAME_CRASH:
		add_crash(request, frame);
		return 0;
	case CT_FRAME_END:
		return add_end(request, frame);
	case CT_FRAME_LOST:
		add_lost(request, frame);
		return 0;
	default:
		return -EBADMSG;
	}
}
