/* SPDX-License-Identifier: MIT */
/*
 * Rings that the store knows and nobody offers: their workers died while no collector ran, or long
 * ago.
 */
#pragma once

#include "writer.h"

/* Cuts off what they left pending, in a batch of its own; of those whose process is gone only what
 * they lost is kept, summed up. */
int orphans_close(struct writer *writer,
		  bool (*connected)(const uint8_t ring_id[16], void *userdata), void *userdata);
