/* SPDX-License-Identifier: MIT */
/*
 * What the parts of a derivation (clock, trace, event, session) hand on to each other.
 */
#pragma once

#include <stdint.h>

#include "profile.h"
#include "rules.h"
#include "transcript.h"

/* The call's time on this host's clock. */
struct call_clock {
	int64_t start_ns;   /* of the call, since the epoch */
	int64_t offset_ns;  /* provider minus host */
	int64_t length_ns;  /* of the call, as the provider says; 0: unknown */
	const char *source; /* "signature", "none", "anchored", "replayed" */
	bool anchored;	    /* this host's clock says nothing about the call's time */
	bool replayed; /* nor do two requests about each other: each signed one stands where it was
			  sent */
};

struct finding;

struct derivation {
	const struct profile *profile;
	const struct rules *rules;
	const json_t *inputs;	 /* in order of time */
	const json_t *functions; /* those that are function calls */
	const json_t *call;	 /* the provider's call object, merged */
	const char *session;	 /* its id */
	int64_t abandoned_at;	 /* when it was given up; 0: it was not */
	struct call_clock clock;
	const struct transcript *transcript;
	json_int_t succeeded;	  /* execution_sequence of the last function that did; 0: none */
	struct finding *findings; /* one for each function */
	json_t *events;
	json_t *traces;
	json_t *segments;
	json_t *errors;
};
