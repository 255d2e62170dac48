/* SPDX-License-Identifier: MIT */
/* Frames that carry a time: `[type, dt, …]`. */
#pragma once

#include "calls.h"
#include "worker.h"

/* Time never goes back, even where a processor's counter is a little behind another's. */
static inline uint64_t frame_dt(uint64_t now)
{
	return now > worker.last_tick ? now - worker.last_tick : 0;
}

/* Room for one, behind what is still to be published: false where the ring has none. */
static inline bool frame_reserve(struct pack *k, size_t want, enum ring_priority priority)
{
	if (worker.batch.next || worker.leaves_owed)
		calls_flush();
	return ring_reserve(&worker.ring, k, want, priority);
}

/* The same, of `elements` with type and time. */
static inline bool frame_begin(struct pack *k, size_t want, enum ring_priority priority,
			       unsigned elements, enum ct_frame_type type, uint64_t now)
{
	if (!frame_reserve(k, want, priority))
		return false;
	pack_array(k, elements);
	pack_uint(k, type);
	pack_uint(k, frame_dt(now));
	return true;
}

/* Publishes it. False: it was larger than the room, and is dropped. */
static inline bool frame_commit(struct pack *k, uint64_t now)
{
	if (!ring_commit(&worker.ring, k))
		return false;
	if (now > worker.last_tick)
		worker.last_tick = now;
	return true;
}
