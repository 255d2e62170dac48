/* SPDX-License-Identifier: MIT */
/*
 * The daemon's loop: takes rings over the socket, reads them when their producers wake it, and
 * commits batches.
 */
#pragma once

#include "config.h"
#include "writer.h"

/* Runs until SIGTERM or SIGINT. -EADDRINUSE: somebody answers on the socket. What the store must
 * not lose is committed before it returns. */
int intake_run(const struct config *config, struct store *store, struct writer *writer);
