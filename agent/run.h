/* SPDX-License-Identifier: MIT */
/*
 * Runs: what one process of php-cli does, from PHP's start to its exit, as REQUEST, RUN … END.
 *
 * A run begins late, with the first PHP code or the first error: `php -v` runs none and is no run.
 * It ends in an exit handler, which knows the exit status; of a process that is killed, or that
 * becomes another program, no END is seen. A forked child is a run of its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* PHP starts. */
void run_start(void);
/* Everything is in place: the first code will be seen. */
void run_arm(void);
/* worker.run_waits, and PHP code is about to run. True: it is recorded. Keeps errno. */
bool run_begin(void);
/* worker.nudge_at has come: a collector may have come as well. */
void run_nudge(uint64_t now);
void run_forked(void);
