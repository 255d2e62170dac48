/* SPDX-License-Identifier: MIT */
#include "producer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents.h"
#include "cleanup.h"
#include "log.h"
#include "record.h"
#include "value.h"

#define CHUNK	  (1u << 20)
#define BATCH_MAX (32u << 20) /* of one ring, so that others get their turn */

struct producer {
	struct ring *ring;
	struct functions *functions;
	struct request *request;
	json_t *process;
	json_t *pending; /* where the open request's record is; NULL: not stored */
	struct buffer bytes;
	uint64_t pid;
	uint64_t position;  /* what was read */
	uint64_t begin;	    /* of the open request */
	uint64_t shown;	    /* position at which the open request was stored as pending */
	uint64_t durable;   /* as the batch has it */
	uint64_t committed; /* as the store has it */
};

CLEANUP_DEFINE(struct producer *, producer_free);
CLEANUP_DEFINE(struct ring *, ring_close);

void producer_free(struct producer *producer)
{
	if (!producer)
		return;
	ring_close(producer->ring);
	functions_free(producer->functions);
	request_free(producer->request);
	json_decref(producer->process);
	json_decref(producer->pending);
	buffer_deinit(&producer->bytes);
	free(producer);
}

static int load_def(uint32_t fn, const void *frame, size_t size, void *userdata)
{
	struct span record = {frame, size};
	struct frame decoded;

	if (decode_frame(&decoded, record) == 0 && decoded.type == CT_FRAME_FUNCTION)
		return functions_define(userdata, &decoded);
	return 0;
}

static int resume(struct producer *producer, struct store_txn *txn)
{
	_cleanup_(json_decrefp) json_t *state = NULL;
	uint64_t tail, head, position;
	int r = ring_cursors(producer->ring, &tail, &head);

	if (r < 0)
		return r;
	producer->position = tail;
	r = store_get_ring(txn, ring_id(producer->ring), &state);
	if (r < 0)
		return r;
	if (r == 0) {
		position = json_integer_value(json_object_get(state, "position"));
		if (position > head)
			return -EPROTO;
		/* tail may be behind: it is moved after the commit. */
		if (position > tail)
			producer->position = position;
		producer->process = json_incref(json_object_get(state, "process"));
		producer->pending = json_incref(json_object_get(state, "pending"));
		if (json_is_null(producer->pending)) {
			json_decref(producer->pending);
			producer->pending = NULL;
		}
		r = store_each_def(txn, ring_id(producer->ring), load_def, producer->functions);
	}
	producer->durable = producer->committed = producer->position;
	return r < 0 ? r : 0;
}

int producer_new(struct producer **ret, struct ring *ring, uint32_t pid, struct store_txn *txn)
{
	_cleanup_(ring_closep) struct ring *own = ring;
	_cleanup_(producer_freep) struct producer *producer = calloc(1, sizeof(*producer));
	int r;

	if (!producer)
		return -ENOMEM;
	producer->ring = steal(&own);
	producer->pid = pid;
	r = functions_new(&producer->functions);
	if (r == 0)
		r = resume(producer, txn);
	if (r < 0)
		return r;
	*ret = steal(&producer);
	return 0;
}

bool producer_busy(const struct producer *producer)
{
	uint64_t tail, head;

	return ring_cursors(producer->ring, &tail, &head) < 0 || head != producer->position;
}

static void forget_pending(struct producer *producer)
{
	json_decref(producer->pending);
	producer->pending = NULL;
}

static int end_request(struct producer *producer, struct writer *writer)
{
	int r = writer_add(writer, producer->request, producer->functions);

	if (writer_error_is_local(r)) {
		log_warning("process %d: request %llu cannot be stored: %s", (int)producer->pid,
			    (unsigned long long)producer->request->seq, strerror(-r));
		r = 0;
	}
	request_free(producer->request);
	producer->request = NULL;
	forget_pending(producer);
	return r;
}

/* Nothing more comes of what is open, since `at_ns` (0: unknown). */
static int cut_off(struct producer *producer, struct writer *writer, uint64_t at_ns)
{
	int r = 0;

	if (producer->request) {
		request_cut_off(producer->request, at_ns);
		r = end_request(producer, writer);
	} else if (producer->pending) {
		/* A collector before us had it open: it is this one, or its beginning was released.
		 */
		r = writer_cut_off(writer, producer->pending);
		forget_pending(producer);
	}
	return r;
}

static int begin_request(struct producer *producer, struct writer *writer,
			 const struct frame *frame, uint64_t at)
{
	/* Of one that is still open the END was lost. */
	int r = cut_off(producer, writer, 0);

	producer->begin = at;
	return r < 0 ? r : request_new(&producer->request, ring_id(producer->ring), frame);
}

static int take_process(struct producer *producer, const struct frame *frame)
{
	if (frame->process.version != CT_FRAME_VERSION)
		return -EPROTO;
	json_decref(producer->process);
	producer->process = value_to_json(frame->process.info);
	agents_tell(producer->process, (unsigned int)producer->pid);
	return 0;
}

static int take_frame(struct producer *producer, struct writer *writer, struct span record,
		      uint64_t at)
{
	struct frame frame;
	int r = decode_frame(&frame, record);

	if (r == DECODE_UNKNOWN)
		return 0;
	if (r < 0)
		return r;
	if (frame.type == CT_FRAME_PROCESS)
		return take_process(producer, &frame);
	if (frame.type == CT_FRAME_FUNCTION) {
		r = functions_define(producer->functions, &frame);
		return r < 0 ? r
			     : store_put_def(writer_txn(writer), ring_id(producer->ring),
					     frame.function.fn, record.data, record.size);
	}
	if (frame.type == CT_FRAME_REQUEST)
		return begin_request(producer, writer, &frame, at);
	/* The rest of a request whose beginning is gone. */
	if (!producer->request)
		return 0;
	r = request_add(producer->request, &frame);
	if (r == 0 && producer->request->state != REQUEST_OPEN)
		r = end_request(producer, writer);
	return r;
}

/* One piece of the ring. Returns how many bytes it took, 0 at the end. */
static ssize_t read_piece(struct producer *producer, struct writer *writer)
{
	struct span bytes, record;
	size_t offset = 0, start = 0;
	int r;

	producer->bytes.size = 0;
	r = ring_copy(producer->ring, producer->position, CHUNK, &producer->bytes);
	if (r < 0)
		return r;
	bytes = (struct span){producer->bytes.data, producer->bytes.size};
	while (bytes.size) {
		start = offset;
		r = ring_next(bytes, &offset, &record);
		if (r != 0)
			break;
		r = take_frame(producer, writer, record, producer->position + start);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	producer->position += offset;
	/* Only whole records are published. */
	return !offset && bytes.size ? -EPROTO : (ssize_t)offset;
}

/* A run, which may last and of which nothing but that it runs is told before its end, once. */
static bool worth_showing(const struct producer *producer)
{
	const struct request *request = producer->request;

	if (!request)
		return false;
	if (request->run)
		return !producer->pending;
	return request->body_complete && producer->shown != producer->position;
}

static int show_pending(struct producer *producer, struct writer *writer)
{
	json_t *pending = NULL;
	int r;

	if (!worth_showing(producer))
		return 0;
	producer->shown = producer->position;
	r = writer_add_pending(writer, producer->request, producer->functions, &pending);
	if (r != 0)
		return r < 0 && !writer_error_is_local(r) ? r : 0;
	json_decref(producer->pending);
	producer->pending = pending;
	return 0;
}

int producer_read(struct producer *producer, struct writer *writer)
{
	uint64_t from = producer->position;
	ssize_t n = 1;

	while (n > 0 && producer->position - from < BATCH_MAX)
		n = read_piece(producer, writer);
	return n < 0 ? (int)n : show_pending(producer, writer);
}

/* Calls that a killed worker had no time to publish. */
static int take_unpublished(struct producer *producer, struct writer *writer)
{
	struct span record;
	int r;

	producer->bytes.size = 0;
	r = ring_unpublished(producer->ring, &producer->bytes);
	if (r < 0 || !producer->bytes.size)
		return r;
	record = (struct span){producer->bytes.data, producer->bytes.size};
	return take_frame(producer, writer, record, producer->position);
}

int producer_finish(struct producer *producer, struct writer *writer)
{
	struct timespec now;
	int r = take_unpublished(producer, writer);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	return cut_off(producer, writer, now.tv_sec * 1000000000ull + now.tv_nsec);
}

static json_t *lost_of(const struct ring *ring)
{
	uint64_t lost[CT_LOST_COUNT];
	json_t *object = json_object();

	ring_lost(ring, lost);
	for (unsigned int i = 0; i < CT_LOST_COUNT; i++)
		json_object_set_new(object, lost_name(i), json_integer(lost[i] & INT64_MAX));
	return object;
}

int producer_put(struct producer *producer, struct writer *writer)
{
	_cleanup_(json_decrefp) json_t *state = NULL;
	struct timespec now;

	/* A request that fills the ring would stop it: what was read of it is in memory, and is
	 * lost if we are. */
	producer->durable = producer->position;
	if (producer->request &&
	    producer->position - producer->begin <= ring_size(producer->ring) / 2)
		producer->durable = producer->begin;
	clock_gettime(CLOCK_REALTIME, &now);
	state = json_pack("{s:I, s:I, s:I, s:O?, s:o, s:O?, s:b}", "position",
			  (json_int_t)producer->durable, "pid", (json_int_t)producer->pid,
			  "seen_at", (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "process",
			  producer->process, "lost", lost_of(producer->ring), "pending",
			  producer->pending, "incomplete",
			  producer->request && producer->durable != producer->begin);
	if (!state)
		return -ENOMEM;
	return store_put_ring(writer_txn(writer), ring_id(producer->ring), state);
}

void producer_committed(struct producer *producer)
{
	uint64_t tail, head;

	producer->committed = producer->durable;
	if (ring_cursors(producer->ring, &tail, &head) == 0 && producer->committed > tail &&
	    producer->committed <= head)
		ring_release(producer->ring, producer->committed);
}

void producer_rolled_back(struct producer *producer)
{
	request_free(producer->request);
	producer->request = NULL;
	producer->shown = 0;
	producer->position = producer->durable = producer->committed;
}
