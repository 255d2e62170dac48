/* SPDX-License-Identifier: MIT */
/*
 * Runs: what one process of php-cli does, from PHP's start to its exit, as REQUEST, RUN … END.
 *
 * A run begins late, with the first PHP code or the first error: `php -v` runs none and is no run.
 * It ends in an exit handler, which knows the exit status; of a process that is killed, or that
 * becomes another program, no END is seen. A forked child is a run of its own.
 *
 * A worker that runs for days is taken apart into its units, the jobs: each is a request of its
 * own. What is before the first is one; between them nothing is recorded unless one of PHP's errors
 * begins one; and the exit is one. Exceptions there are no occasion: the frameworks' loops throw
 * and catch them all the time.
 */
#pragma once

#include "functions.h"
#include "worker.h"

/* PHP starts. */
void run_start(void);
/* Everything is in place: the first code will be seen. */
void run_arm(void);
/* worker.run_waits or worker.run_pauses, and there is something to record. True: it is recorded.
 * Keeps errno. */
bool run_begin(void);

/* Nothing is recorded, and something is worth a request though no function is entered. True: it is
 * recorded now. */
static inline bool run_notable(void)
{
	return (worker.run_waits || worker.run_pauses) && run_begin();
}

/* A call of a unit begins: what went before is over, or goes on later. False: it is within another
 * unit, or there is no room for it. */
bool run_unit_begin(const struct fn *fn);
void run_unit_end(void);
/* worker.nudge_at has come: a collector may have come as well. */
void run_nudge(uint64_t now);
void run_forked(void);
