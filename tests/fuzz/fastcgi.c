/* SPDX-License-Identifier: MIT */
/*
 * What passes over a FastCGI connection, in any pieces, both ways, with connections that close and
 * others that come: the ring has whole frames, msgpack each, and requests begin and end in pairs.
 */
#include "../../agent/request.h"

#include "../../agent/interpose.h"
#include "../../agent/worker.h"
#include "../unit/zvals.h"
#include "fuzz.h"

#include <msgpack.h>
#include <unistd.h>

struct worker worker;

int real_close(int fd)
{
	return close(fd);
}

static void prepare(void)
{
	zvals_engine();
	settings_load(&worker.settings);
	worker.settings.ring_size = CT_RING_MIN;
	strcpy(worker.settings.socket, "/nonexistent/agent.sock");
	clock_init(true);
	worker.armed = true;
	worker.nudge_at = UINT64_MAX;
}

static bool inside; /* a request, by what the ring says */

static void check_frame(const uint8_t *bytes, size_t n)
{
	msgpack_unpacked unpacked;
	const msgpack_object *o = &unpacked.data;
	size_t at = 0;

	msgpack_unpacked_init(&unpacked);
	MUST(msgpack_unpack_next(&unpacked, (const char *)bytes, n, &at) == MSGPACK_UNPACK_SUCCESS);
	MUST(at == n && o->type == MSGPACK_OBJECT_ARRAY && o->via.array.size);
	MUST(o->via.array.ptr[0].type == MSGPACK_OBJECT_POSITIVE_INTEGER);
	switch (o->via.array.ptr[0].via.u64) {
	case CT_FRAME_REQUEST:
		MUST(!inside);
		inside = true;
		break;
	case CT_FRAME_END:
		MUST(inside);
		inside = false;
		break;
	default:
		MUST(inside || o->via.array.ptr[0].via.u64 == CT_FRAME_PROCESS);
	}
	msgpack_unpacked_destroy(&unpacked);
}

/* As the collector would, and gives the room back. */
static void read_ring(void)
{
	struct ct_ring_header *header = worker.ring.header;

	if (!header)
		return;
	while (header->tail < header->head) {
		const uint8_t *at = worker.ring.data + (header->tail & (worker.ring.size - 1));
		uint32_t n;

		memcpy(&n, at, sizeof(n));
		MUST(n && n <= CT_FRAME_MAX && header->tail + 4 + n <= header->head);
		check_frame(at + 4, n);
		header->tail += 4 + n;
	}
}

/* Each piece in memory of its own, so that what is read past it shows. */
static void pass(struct input *in, size_t n, bool written)
{
	const uint8_t *bytes;
	uint8_t *piece;

	n = input_bytes(in, n, &bytes);
	piece = malloc(n ? n : 1);
	memcpy(piece, bytes, n);
	if (written)
		request_written(piece, (ssize_t)n, clock_ticks());
	else
		request_read(piece, n ? (ssize_t)n : -1);
	free(piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};

	if (!zend.eg)
		prepare();
	worker.settings.max_body = input_byte(&in) * 8u;
	request_before_accept();
	request_accepted(7);
	while (in.p < in.end) {
		uint8_t what = input_byte(&in);

		if (what < 200) {
			request_before_read();
			pass(&in, what, false);
		} else if (what < 245) {
			pass(&in, (what - 200u) * 4, true);
		} else if (what < 250) {
			request_closed();
		} else {
			request_before_accept();
			request_accepted(7);
		}
	}
	request_closed();
	request_before_accept();
	read_ring();
	MUST(!inside);
	return 0;
}
