/* SPDX-License-Identifier: MIT */
/*
 * For tests: frames to requests, without a ring.
 */
#pragma once

#include "frames.h"
#include "request.h"
#include "ring.h"

/* Feeds all records; the last request, closed or not. The caller frees. */
static inline struct request *assemble(const struct frames *f, struct functions *functions)
{
	static const uint8_t ring_id[16] = {1};
	struct span all = {(uint8_t *)f->out.data, f->out.size}, record;
	struct request *request = NULL;
	struct frame frame;
	size_t offset = 0;

	while (ring_next(all, &offset, &record) == 0) {
		CHECK_INT(decode_frame(&frame, record), 0);
		if (frame.type == CT_FRAME_FUNCTION) {
			CHECK_INT(functions_define(functions, &frame), 0);
		} else if (frame.type == CT_FRAME_REQUEST) {
			request_free(request);
			CHECK_INT(request_new(&request, ring_id, &frame), 0);
		} else if (request) {
			CHECK_INT(request_add(request, &frame), 0);
		}
	}
	return request;
}
