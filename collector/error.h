/* SPDX-License-Identifier: MIT */
/*
 * Errors: one for each function call that failed, or in which something failed although the answer
 * is a success; for each other request whose handling failed; and for a call that the provider
 * ended over an error.
 */
#pragma once

#include "classify.h"

/* Of each function call, for what follows. -ENOMEM. */
int error_find(struct derivation *d);
/* error_details of a function trace: a new reference, null when it succeeded or still runs. */
json_t *error_details(const struct derivation *d, const struct finding *finding);
/* Fills errors. */
void error_derive(struct derivation *d);
