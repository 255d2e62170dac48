/* SPDX-License-Identifier: MIT */
/* What the agent writes, the collector reads: their code shares headers only, so this holds the two
 * together. */

#include "roundtrip_producer.h"

#include "check.h"
#include "decode.h"
#include "ring.h"
#include "value.h"

#include <jansson.h>

#define MAX_FRAMES 20000

static struct buffer bytes;
static struct frame frames[MAX_FRAMES];
static size_t n_frames;

/* Everything that is new in the ring; then gives it back. */
static void read_ring(struct ring *ring)
{
	uint64_t tail, head;
	struct span record;
	size_t at = 0;

	bytes.size = 0;
	n_frames = 0;
	CHECK_INT(ring_cursors(ring, &tail, &head), 0);
	CHECK_INT(ring_copy(ring, tail, head - tail, &bytes), 0);
	while (at < bytes.size) {
		CHECK(n_frames < MAX_FRAMES);
		CHECK_INT(ring_next((struct span){bytes.data, bytes.size}, &at, &record), 0);
		CHECK_INT(decode_frame(&frames[n_frames], record), 0);
		n_frames++;
	}
	ring_release(ring, head);
}

static const struct frame *find(unsigned type, unsigned nth)
{
	for (size_t i = 0; i < n_frames; i++)
		if (frames[i].type == type && !nth--)
			return &frames[i];
	return NULL;
}

static void check_json(struct span value, const char *expected)
{
	json_t *json = value_to_json(value);
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

	CHECK_STR(text, expected);
	free(text);
	json_decref(json);
}

static void check_body(const char *body)
{
	size_t at = 0;

	for (unsigned i = 0; find(CT_FRAME_BODY, i); i++) {
		struct span piece = find(CT_FRAME_BODY, i)->bytes;

		CHECK(at + piece.size <= strlen(body));
		CHECK(!memcmp(body + at, piece.data, piece.size));
		at += piece.size;
	}
	CHECK_INT(at, strlen(body));
	CHECK_INT(find(CT_FRAME_BODY_END, 0)->end_of.total, strlen(body));
	CHECK_INT(find(CT_FRAME_BODY_END, 0)->end_of.recorded, strlen(body));
}

/* slots, which calls isFree twice. */
static void check_calls(const struct frame *calls)
{
	static const bool leaves[] = {false, false, true, false, true, true};
	uint64_t events[6], last = 0;

	CHECK_INT(calls->bytes.size, sizeof(events));
	memcpy(events, calls->bytes.data, sizeof(events));
	for (unsigned i = 0; i < 6; i++) {
		CHECK_INT(!(events[i] >> CT_CALLS_FN), leaves[i]);
		CHECK(ct_calls_since(events[0], events[i]) >= last);
		last = ct_calls_since(events[0], events[i]);
	}
	CHECK(last < find(CT_FRAME_REQUEST, 0)->request.hz);
	CHECK(events[0] >> CT_CALLS_FN != events[1] >> CT_CALLS_FN);
	CHECK_INT(events[1] >> CT_CALLS_FN, events[3] >> CT_CALLS_FN);
}

static void check_request(const char *body, bool first)
{
	const struct frame *throw, *leave;

	CHECK(!find(CT_FRAME_PROCESS, 0) == !first);
	CHECK(find(CT_FRAME_REQUEST, 0)->request.hz > 1000000);
	check_json(
		find(CT_FRAME_PARAMS, 0)->map,
		"{\"REQUEST_METHOD\":\"POST\",\"CONTENT_LENGTH\":\"2\",\"HTTP_AUTHORIZATION\":\"[SECRET_REDACTED]\","
		"\"HTTP_X_RETELL_SIGNATURE\":\"v=1772442020137,[SECRET_REDACTED]\"}");
	check_body(body);
	check_json(
		find(CT_FRAME_ENTER, 0)->enter.args,
		"[\"F\xc3\xa4rben\",{\"password\":\"[SECRET_REDACTED]\",\"n\":-5,"
		"\"deep\":[[[[{\"@cut\":\"depth\",\"count\":1}]]],[[[{\"@cut\":\"depth\",\"count\":1}]]],"
		"[[[{\"@cut\":\"depth\",\"count\":1}]]]],\"nan\":{\"@float\":\"NAN\"},"
		"\"bytes\":{\"@bytes\":2,\"@bin\":\"\\\\xff\\\\xfe\"},\"many\":"
		"[7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,"
		"7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,7,"
		"{\"@cut\":\"array\",\"count\":100}]},\"[SECRET_REDACTED]\"]");
	/* book, then slots with isFree twice, then book again. */
	check_calls(find(CT_FRAME_CALLS, 0));
	CHECK(find(CT_FRAME_CALLS, 0) > find(CT_FRAME_ENTER, 0));
	CHECK(find(CT_FRAME_CALLS, 0) < find(CT_FRAME_ENTER, 1));
	CHECK(!find(CT_FRAME_CALLS, 1));
	CHECK_INT(find(CT_FRAME_ENTER, 1)->enter.fn, find(CT_FRAME_ENTER, 0)->enter.fn);
	CHECK(!find(CT_FRAME_ENTER, 2));
	throw = find(CT_FRAME_THROW, 0);
	CHECK_INT(throw->throw.exception, 3);
	check_json(throw->throw.map,
		   "{\"class\":\"RuntimeException\",\"message\":\"no slot\",\"code\":42,"
		   "\"file\":\"/srv/app/Booking.php\",\"line\":20,\"trace\":[],\"previous\":null}");
	leave = find(CT_FRAME_LEAVE, 0);
	CHECK_INT(leave->leave.how, CT_LEAVE_EXCEPTION);
	CHECK_INT(leave->leave.exception, 3);
	CHECK_INT(find(CT_FRAME_CATCH, 0)->catch.exception, 3);
	leave = find(CT_FRAME_LEAVE, 1);
	CHECK_INT(leave->leave.how, CT_LEAVE_RETURN);
	check_json(leave->leave.value, "\"ok\"");
	CHECK(find(CT_FRAME_OUTPUT, 0)->bytes.size == 34);
	CHECK_INT(find(CT_FRAME_OUTPUT_END, 0)->end_of.total, 34);
	CHECK_INT(find(CT_FRAME_END, 0)->end.how, CT_END_DONE);
	CHECK(!find(CT_FRAME_REQUEST, 1));
}

/* More than the ring holds: every frame is whole, what is missing was counted, and later all is
 * well again. */
static void test_flood(struct ring *ring)
{
	char *body = malloc(5001);
	uint64_t lost[CT_LOST_COUNT];

	memset(body, 'x', 5000);
	body[5000] = 0;
	producer_flood(body);
	read_ring(ring);
	CHECK(n_frames > 100);
	ring_lost(ring, lost);
	CHECK(lost[CT_LOST_BODY] > 0);
	CHECK(lost[CT_LOST_CALLS] > 0);
	CHECK(lost[CT_LOST_REQUESTS] > 0);
	free(body);
	producer_serve("{}", 0);
	read_ring(ring);
	CHECK(find(CT_FRAME_LOST, 0));
	CHECK_INT(find(CT_FRAME_END, n_frames ? 0 : 1)->end.how, CT_END_DONE);
}

int main(void)
{
	struct ct_ring_hello hello;
	struct ring *ring;
	char *large = malloc(300001);
	int fd;

	producer_serve("{}", 0);
	producer_ring(&hello, &fd);
	CHECK_INT(ring_open(&ring, fd, &hello), 0);
	read_ring(ring);
	check_request("{}", true);
	for (size_t pieces = 1; pieces < 40; pieces++) {
		producer_serve("{}", pieces);
		read_ring(ring);
		check_request("{}", false);
	}
	memset(large, 'y', 300000);
	large[300000] = 0;
	producer_serve(large, 8191);
	read_ring(ring);
	check_body(large);
	free(large);
	test_flood(ring);
	ring_close(ring);
	buffer_deinit(&bytes);
	return 0;
}
