/* SPDX-License-Identifier: MIT */
/* Frames as another msgpack implementation writes them; cut anywhere, and with bytes changed. And
 * values. */
#include "decode.h"

#include <errno.h>

#include "cleanup.h"
#include "frames.h"
#include "ring.h"
#include "value.h"

static void every_frame(struct frames *f)
{
	add_functions(f);
	add_failing_booking(f, 7, 1772442020200000000);
	add_error(f, 2, "Undefined variable $x");
	add_lost(f, "calls", 12);
}

static size_t count_types(const struct frames *f, uint32_t *seen)
{
	struct span all = {(uint8_t *)f->out.data, f->out.size}, record;
	struct frame frame;
	size_t offset = 0, n = 0;

	while (ring_next(all, &offset, &record) == 0) {
		CHECK_INT(decode_frame(&frame, record), 0);
		*seen |= 1u << frame.type;
		if (frame.type == CT_FRAME_LOST)
			CHECK_INT(frame.lost[CT_LOST_CALLS], 12);
		if (frame.type == CT_FRAME_ERROR)
			CHECK(span_is(frame.error.message, "Undefined variable $x"));
		if (frame.type == CT_FRAME_REQUEST)
			CHECK_INT(frame.request.seq, 7);
		n++;
	}
	CHECK_INT(offset, all.size);
	return n;
}

static void test_all(void)
{
	struct frames f;
	uint32_t seen = 0;

	frames_init(&f);
	every_frame(&f);
	CHECK(count_types(&f, &seen) > 20);
	CHECK_INT(seen, 0x1fffe);
	frames_deinit(&f);
}

/* What a mutated frame says does not matter; that it is read within its bytes does. */
static void decode_copy(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ?: 1);
	struct frame frame;

	memcpy(copy, bytes, size);
	if (decode_frame(&frame, (struct span){copy, size}) == 0 && frame.type == CT_FRAME_NOTE)
		json_decref(value_to_json(frame.map));
	free(copy);
}

static void test_hostile(void)
{
	struct frames f;
	struct span all, record;
	size_t offset = 0;
	uint32_t random = 1;
	uint8_t bytes[4096];
	struct frame frame;

	frames_init(&f);
	every_frame(&f);
	all = (struct span){(uint8_t *)f.out.data, f.out.size};
	while (ring_next(all, &offset, &record) == 0) {
		for (size_t n = 0; n < record.size; n++)
			CHECK_INT(decode_frame(&frame, (struct span){record.data, n}), -EBADMSG);
		for (unsigned int i = 0; i < 2000; i++) {
			memcpy(bytes, record.data, record.size);
			for (unsigned int k = 0; k < 3; k++) {
				random = random * 1664525u + 1013904223u;
				bytes[(random >> 8) % record.size] = random >> 24;
			}
			decode_copy(bytes, record.size);
		}
	}
	frames_deinit(&f);
}

static void bad(const char *bytes, size_t size)
{
	struct frame frame = {.type = 99};

	CHECK_INT(decode_frame(&frame, (struct span){(const uint8_t *)bytes, size}), -EBADMSG);
	CHECK_INT(frame.type, 99);
}

static void test_lies(void)
{
	char deep[200];

	bad("", 0);
	bad("\x01", 1);				    /* no array */
	bad("\x90", 1);				    /* no type */
	bad("\xdd\xff\xff\xff\xff\x01", 6);	    /* four billion elements */
	bad("\x93\x05\x01\xc6\xff\xff\xff\xff", 8); /* four billion bytes */
	bad("\x93\x05\x01\xa1", 4);		    /* a string without its byte */
	bad("\x93\x05\xff\xa1x", 5);		    /* negative time */
	bad("\x92\x07\x01", 3);			    /* ENTER of nothing */
	bad("\x95\x03\x01\x01\x01\x00", 6);	    /* no ticks a second */
	bad("\x92\x08\x01\x00", 4);		    /* something behind it */
	memset(deep, 0x91, sizeof(deep));
	deep[sizeof(deep) - 1] = 0;
	bad(deep, sizeof(deep));
}

static void test_unknown(void)
{
	struct frame frame;

	CHECK_INT(decode_frame(&frame, (struct span){(const uint8_t *)"\x92\x63\x01", 3}),
		  DECODE_UNKNOWN);
	/* a LEAVE of a later version */
	CHECK_INT(decode_frame(&frame,
			       (struct span){(const uint8_t *)"\x96\x08\x01\x00\x2a\x07\x08", 7}),
		  0);
	CHECK_INT(frame.type, CT_FRAME_LEAVE);
}

static void value_is(const char *bytes, size_t size, const char *want)
{
	struct span span = {(const uint8_t *)bytes, size};
	_cleanup_(json_decrefp) json_t *json = NULL;
	_cleanup_(freep) char *text = NULL;

	CHECK_INT(value_check(span), size);
	json = value_to_json(span);
	text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	CHECK_STR(text, want);
}

static void test_values(void)
{
	value_is("\xc0", 1, "null");
	value_is("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, "{\"@uint\":\"18446744073709551615\"}");
	value_is("\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, "-9223372036854775808");
	value_is("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9, "{\"@float\":\"NAN\"}");
	value_is("\xca\xff\x80\x00\x00", 5, "{\"@float\":\"-INF\"}");
	value_is("\xc4\x03\xff\\a", 5, "{\"@bytes\":3,\"@bin\":\"\\\\xff\\\\x5ca\"}");
	value_is("\xa3x\x00y", 4, "{\"@bytes\":3,\"@bin\":\"x\\\\x00y\"}");
	value_is("\x82\x07\x01\xff\x02", 5, "{\"7\":1,\"-1\":2}");
	value_is("\x92\xa1\x61\x80", 4, "[\"a\",{}]");
}

int main(void)
{
	test_all();
	test_hostile();
	test_lies();
	test_unknown();
	test_values();
	return 0;
}
