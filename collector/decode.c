/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <errno.h>

#include "value.h"

#define ELEMENTS 12
#define DT_MAX	 (1ull << 53)
#define FN_MAX	 65535u

/* Reads elements in order; an error sticks and is looked at once, at the end. */
struct reader {
	struct span at[ELEMENTS];
	size_t count;
	size_t i;
	int error;
};

static struct span take(struct reader *in)
{
	if (in->i < in->count)
		return in->at[in->i++];
	in->error = -EBADMSG;
	return (struct span){0};
}

static uint64_t take_uint(struct reader *in, uint64_t max)
{
	struct span value = take(in);
	uint64_t number = 0;

	if (value.data && (value_uint(value, &number) < 0 || number > max))
		in->error = -EBADMSG;
	return number;
}

static struct span take_bytes(struct reader *in)
{
	struct span value = take(in), bytes = {0};

	if (value.data && value_bytes(value, &bytes) < 0)
		in->error = -EBADMSG;
	return bytes;
}

static struct span take_text_or_nil(struct reader *in)
{
	struct span nothing = {0};

	if (in->i < in->count && value_is_nil(in->at[in->i])) {
		in->i++;
		return nothing;
	}
	return take_bytes(in);
}

static struct span take_map(struct reader *in)
{
	struct span value = take(in);
	uint8_t t = value.data ? value.data[0] : 0;

	if (!((t >= 0x80 && t <= 0x8f) || t == 0xde || t == 0xdf))
		in->error = -EBADMSG;
	return value;
}

static struct span take_array(struct reader *in)
{
	struct span value = take(in);

	if (value.data && value_elements(value, NULL, 0) < 0)
		in->error = -EBADMSG;
	return value;
}

static void read_function(struct reader *in, struct frame *frame)
{
	frame->function.fn = take_uint(in, FN_MAX);
	frame->function.class = take_text_or_nil(in);
	frame->function.name = take_bytes(in);
	frame->function.file = take_text_or_nil(in);
	frame->function.line = take_uint(in, UINT32_MAX);
	frame->function.flags = take_uint(in, UINT32_MAX);
	frame->function.params = take_array(in);
	frame->function.kind = take_text_or_nil(in);
	if (!frame->function.fn)
		in->error = -EBADMSG;
}

static void read_request(struct reader *in, struct frame *frame)
{
	frame->request.seq = take_uint(in, UINT64_MAX);
	frame->request.realtime_ns = take_uint(in, INT64_MAX);
	frame->request.monotonic_ns = take_uint(in, UINT64_MAX);
	frame->request.hz = take_uint(in, 1000000000000ull);
	if (!frame->request.hz)
		in->error = -EBADMSG;
}

static void read_leave(struct reader *in, struct frame *frame)
{
	frame->leave.how = in->i < in->count ? take_uint(in, CT_LEAVE_EXIT) : CT_LEAVE_RETURN;
	if (frame->leave.how == CT_LEAVE_EXCEPTION)
		frame->leave.exception = take_uint(in, UINT64_MAX);
	else if (in->i < in->count)
		frame->leave.value = take(in);
}

static void read_error(struct reader *in, struct frame *frame)
{
	frame->error.type = take_uint(in, UINT32_MAX);
	frame->error.message = take_text_or_nil(in);
	frame->error.file = take_text_or_nil(in);
	frame->error.line = take_uint(in, UINT32_MAX);
}

static void read_lost(struct reader *in, struct frame *frame)
{
#define X(id, name) name,
	static const char *const names[] = {CT_LOST_KINDS(X)};
#undef X
	struct span map = take_map(in);

	for (unsigned int i = 0; i < CT_LOST_COUNT; i++) {
		struct span count = value_get(map, names[i]);

		if (count.data && value_uint(count, &frame->lost[i]) < 0)
			in->error = -EBADMSG;
	}
}

static int read_timed(struct reader *in, struct frame *frame)
{
	frame->dt = take_uint(in, DT_MAX);
	switch (frame->type) {
	case CT_FRAME_PARAMS:
	case CT_FRAME_NOTE:
	case CT_FRAME_RUN:
	case CT_FRAME_CRASH:
		frame->map = take_map(in);
		break;
	case CT_FRAME_BODY:
	case CT_FRAME_OUTPUT:
		frame->bytes = take_bytes(in);
		break;
	case CT_FRAME_BODY_END:
	case CT_FRAME_OUTPUT_END:
		frame->end_of.total = take_uint(in, INT64_MAX);
		frame->end_of.recorded = take_uint(in, INT64_MAX);
		break;
	case CT_FRAME_ENTER:
		frame->enter.fn = take_uint(in, FN_MAX);
		if (in->i < in->count && !value_is_nil(in->at[in->i]))
			frame->enter.args = take_array(in);
		break;
	case CT_FRAME_LEAVE:
		read_leave(in, frame);
		break;
	case CT_FRAME_CALLS:
		frame->bytes = take_bytes(in);
		if (frame->bytes.size % sizeof(uint64_t))
			in->error = -EBADMSG;
		break;
	case CT_FRAME_FIBER:
		frame->fiber = take_uint(in, UINT32_MAX);
		break;
	case CT_FRAME_THROW:
		frame->throw.exception = take_uint(in, UINT64_MAX);
		frame->throw.map = take_map(in);
		break;
	case CT_FRAME_CATCH:
		frame->catch.exception = take_uint(in, UINT64_MAX);
		frame->catch.fn = take_uint(in, FN_MAX);
		frame->catch.line = take_uint(in, UINT32_MAX);
		break;
	case CT_FRAME_ERROR:
		read_error(in, frame);
		break;
	case CT_FRAME_END:
		frame->end.how = take_uint(in, UINT32_MAX);
		frame->end.exit_status = in->i < in->count ? (int32_t)take_uint(in, UINT8_MAX) : -1;
		break;
	case CT_FRAME_LOST:
		read_lost(in, frame);
		break;
	}
	return in->error;
}

int decode_frame(struct frame *ret, struct span record)
{
	struct reader in = {0};
	struct frame frame = {0};
	ssize_t n = value_check(record);

	if (n < 0 || (size_t)n != record.size || record.size > CT_FRAME_MAX)
		return -EBADMSG;
	n = value_elements(record, in.at, ELEMENTS);
	if (n < 1)
		return -EBADMSG;
	in.count = n;
	frame.type = take_uint(&in, UINT32_MAX);
	if (in.error)
		return in.error;
	if (frame.type < CT_FRAME_PROCESS || frame.type > CT_FRAME_LAST)
		return DECODE_UNKNOWN;
	if (frame.type == CT_FRAME_PROCESS) {
		frame.process.version = take_uint(&in, UINT32_MAX);
		frame.process.info = take_map(&in);
	} else if (frame.type == CT_FRAME_FUNCTION) {
		read_function(&in, &frame);
	} else if (frame.type == CT_FRAME_REQUEST) {
		read_request(&in, &frame);
	} else {
		read_timed(&in, &frame);
	}
	if (in.error)
		return in.error;
	*ret = frame;
	return 0;
}
