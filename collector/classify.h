/* SPDX-License-Identifier: MIT */
/*
 * Whether something went wrong in a request, and what: found in its input record and in what the
 * others of the call tell of it.
 */
#pragma once

#include "derivation.h"

/* Why it is known that the provider did not wait for the answer. */
enum gave_up {
	GAVE_UP_NOT,
	GAVE_UP_HANGUP, /* it closed the connection */
	GAVE_UP_RETRY,	/* it called the same again before */
	GAVE_UP_RESULT, /* its transcript had a result before */
};

struct finding {
	const json_t *input;
	const char *status; /* "pending", "success", "error", "timeout" */
	const char *source; /* of what is wrong, as rules name it; NULL: nothing is */
	enum gave_up gave_up;
	int64_t gave_up_ns; /* so long before the answer */
	bool handled;	    /* something went wrong, but the answer is a success */
};

/* `function`: its number among the call's functions; negative: it is none. */
void classify(struct finding *ret, const struct derivation *d, const json_t *input,
	      ssize_t function);

/* Of the input's summary; NULL: there is none. */
const json_t *classify_cause(const json_t *input);
/* Of the worker, in this request; NULL. */
const json_t *classify_crash(const json_t *input);
/* The last fatal PHP error, or else the last warning. */
const json_t *classify_php_error(const json_t *input);
