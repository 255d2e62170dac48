/* SPDX-License-Identifier: MIT */
/*
 * The consumer's side of a ring (include/calltrace/ring.h). The producer may write anything
 * anywhere in it at any time: every cursor is checked, every byte is copied out before it is looked
 * at. The data is mapped read-only.
 */
#pragma once

#include <calltrace/ring.h>

#include "buffer.h"

struct ring;

/* Maps a ring that was offered. `fd` stays the caller's. -EPROTO: not a sealed memfd, or not what
 * the hello says. */
int ring_open(struct ring **ret, int fd, const struct ct_ring_hello *hello);
void ring_close(struct ring *ring);

const uint8_t *ring_id(const struct ring *ring);
uint64_t ring_size(const struct ring *ring);
/* Where the consumer left off, and where the producer is. -EPROTO: the cursors contradict each
 * other. */
int ring_cursors(const struct ring *ring, uint64_t *ret_tail, uint64_t *ret_head);
/* Appends up to `max` bytes from `position` on to `into` and says where the producer was. -EPROTO:
 * `position` is not between tail and head any more. */
int ring_copy(const struct ring *ring, uint64_t position, size_t max, struct buffer *into);
/* Gives everything before `tail` back to the producer. */
void ring_release(struct ring *ring, uint64_t tail);
void ring_lost(const struct ring *ring, uint64_t ret[CT_LOST_COUNT]);

/* What a producer that is gone left behind `head`, as a frame: appended to `into`, nothing where
 * there is nothing. */
int ring_unpublished(const struct ring *ring, struct buffer *into);

/* Splits copied bytes: the record at *offset, which moves behind it. RING_PARTIAL: it is not all
 * there yet. -EPROTO: longer than a frame may be. */
enum { RING_PARTIAL = 1 };
int ring_next(struct span bytes, size_t *offset, struct span *ret);
