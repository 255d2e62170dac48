/* SPDX-License-Identifier: MIT */
/*
 * A store made from a fixture: {"sessions", "events", "functions", "segments", "errors": records,
 * "trees": {request id: calls, each [id, parent, depth,
 * class, function, file, line, kind, args, result, exception, start_ns, duration_ns, self_ns, note,
 * left]}, "rings": a ring's state}.
 */
#pragma once

/* Makes a store in a new directory under /tmp: its path, to be removed with fixture_remove(). Ends
 * the test on failure. */
const char *fixture_store(const char *file);
void fixture_remove(void);
