/* SPDX-License-Identifier: MIT */
/*
 * A provider's transcript, in whatever shape, as the entries that calls are derived from: Retell's
 * shape (docs/profiles.md, "Transcript").
 */
#pragma once

#include "profile.h"

/* A new array, not redacted; NULL when the request has none. */
json_t *transcription_read(const struct profile *profile, const struct origins *origins);
