/* SPDX-License-Identifier: MIT */
/*
 * One ring being read: how far it was read, how far that is safe, and the request that is open in
 * it.
 *
 * The durable position, kept in the store with what was read, is where the open request begins, or
 * the end of what was read: whoever resumes there needs nothing else. The ring is released up to
 * it, after the commit.
 */
#pragma once

#include "ring.h"
#include "writer.h"

struct producer;

/* Takes the ring, also on failure. Resumes where the store says; `txn` is any transaction. */
int producer_new(struct producer **ret, struct ring *ring, uint32_t pid, struct store_txn *txn);
void producer_free(struct producer *producer);

/* Is there something to read? */
bool producer_busy(const struct producer *producer);
/* Reads what is there into the writer's batch. -EPROTO, -EBADMSG: it sent what is no frame; what
 * came before counts. */
int producer_read(struct producer *producer, struct writer *writer);
/* Nobody writes into it any more: its open request is cut off. */
int producer_finish(struct producer *producer, struct writer *writer);
/* Records the durable position in the batch. */
int producer_put(struct producer *producer, struct writer *writer);
/* After the commit: gives the room back. After a failed one: starts over from where the store is.
 */
void producer_committed(struct producer *producer);
void producer_rolled_back(struct producer *producer);
