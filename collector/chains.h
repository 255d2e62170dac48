/* SPDX-License-Identifier: MIT */
/*
 * Two calls compared: their chains of functions beside each other, and where they diverge.
 * docs/stats.md, "compare".
 */
#pragma once

#include "store.h"

/* {"a": session, "b": session, "steps": […], "first_divergence": {…} or null, "php": {…} or null}.
 * `function`: only this one, with its version suffix, or without for all its versions; or NULL.
 * STORE_NONE: there is no such session. */
int chains_compare(struct store_txn *txn, const struct uuid *a, const struct uuid *b,
		   const char *function, json_t **ret);
