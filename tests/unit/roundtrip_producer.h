/* SPDX-License-Identifier: MIT */
/*
 * The agent's own code, without php: what it would write for one request. It lives in a shared
 * object, because the agent and the collector share headers, not symbols.
 */
#pragma once

#include <calltrace/ring.h>
#include <stddef.h>

/* Serves one request as a worker would. `pieces`: into how many bytes each read is split, 0 for
 * none. The ring stays the producer's. */
void producer_serve(const char *body, size_t pieces);
/* The ring so far. */
void producer_ring(struct ct_ring_hello *ret_hello, int *ret_fd);
/* Serves until the ring is full and things are lost. */
void producer_flood(const char *body);
