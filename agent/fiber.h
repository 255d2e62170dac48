/* SPDX-License-Identifier: MIT */
/*
 * Fibers: each has a lane of open calls (worker.h) and a C stack of its own. A FIBER frame says
 * where what follows belongs.
 */
#pragma once

#include "worker.h"

void fibers_install(void);
/* A request begins or the process was forked: the main program runs. */
void fibers_reset(void);
