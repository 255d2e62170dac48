/* SPDX-License-Identifier: MIT */
/*
 * PHP calls for store_put_tree() from JSON: each an object with the fields of calltree.h, or an
 * array of the same in that order.
 */
#pragma once

#include "store.h"

/* Ends the test on failure. */
void given_put(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
	       const json_t *calls);
/* The same, for what may not be put. */
int given_try(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
	      const json_t *calls);
