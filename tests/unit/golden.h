/* SPDX-License-Identifier: MIT */
/*
 * trace-dump over a store: its exit status, and that what it prints is what a golden file has. Ends
 * the test on failure.
 */
#pragma once

#include <stdbool.h>

#define GOLDEN_ARGS 10

/* Of a test's command line: TRACE-DUMP … GOLDEN-DIRECTORY, and whether the files are to be written.
 */
void golden_init(const char *program, const char *directory, bool write);
/* `args` ends with NULL; `golden` may be NULL. */
void golden_check(const char *db, const char *const *args, int status, const char *golden);
/* The exit status with stdout at `out`. */
int golden_run(const char *db, const char *const *args, int out);
