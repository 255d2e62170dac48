/* SPDX-License-Identifier: MIT */
/*
 * The producer's side of a ring (calltrace/ring.h): one writer, no locks, no waiting.
 *
 * The data is mapped twice in a row, so that a record is contiguous wherever it begins. Frames are
 * encoded in place behind `head` and become visible when ring_commit() moves it.
 */
#pragma once

#include <calltrace/frame.h>
#include <calltrace/ring.h>

#include "pack.h"

/* Who may use the last part of the ring: what a timeline cannot do without is written to the last
 * byte, detail must leave room for it. */
enum ring_priority {
	RING_DETAIL, /* function calls */
	RING_BODY,   /* bodies */
	RING_KEEP,   /* handlers, errors */
	RING_FRAME,  /* where a request begins and ends */
};

struct ring {
	struct ct_ring_header *header; /* NULL: there is no ring */
	uint8_t *data;
	uint64_t size;
	uint64_t head;
	uint64_t tail; /* as last read: at most what is really free is known */
	uint8_t *at;   /* where the next record begins, for `head` */
	uint64_t lost[CT_LOST_COUNT];
	bool lost_any;
	int memfd;
};

/* 0 or negative errno, then nothing is left behind. */
int ring_init(struct ring *ring, uint64_t size);
/* Forgets the mapping and the descriptor. In a forked child the mapping is not there any more:
 * `mapped` false. */
void ring_deinit(struct ring *ring, bool mapped);

#define RING_PREFIX sizeof(uint32_t) /* a record's length */

/* Room for a frame of up to `want` bytes: false counts nothing, the caller knows what was lost. */
bool ring_reserve(struct ring *ring, struct pack *k, size_t want, enum ring_priority priority);
/* Publishes what was packed; when it did not fit (k->full), drops it and returns false. */
bool ring_commit(struct ring *ring, struct pack *k);

static inline void ring_lose(struct ring *ring, enum ct_lost kind, uint64_t n)
{
	ring->lost[kind] += n;
	ring->lost_any = true;
	if (ring->header)
		ring->header->lost[kind] += n;
}

/* Bytes published and not yet released by the consumer, as of now. */
uint64_t ring_used(struct ring *ring);
