/* SPDX-License-Identifier: MIT */
/*
 * A provider's profile: data that says how its payloads are recognised, where things are in them,
 * and what in an answer means failure. Retell's is built in; docs/calltraced.8 tells how to use
 * another.
 */
#pragma once

#include "http.h"

struct profile;

/* `path` NULL: the built-in one. -EBADMSG: not a profile. */
int profile_open(struct profile **ret, const char *path);
void profile_close(struct profile *profile);

enum input_kind {
	INPUT_REQUEST, /* of no call */
	INPUT_FUNCTION,
	INPUT_EVENT,
};

/* What a request is to the provider. All borrowed from the exchange. */
struct match {
	enum input_kind kind;
	const char *call_id;
	const char *function;
	const char *event;
	json_t *call;	   /* may be NULL */
	json_t *arguments; /* may be NULL */
	const char *argument_call_id;
};

void profile_match(const struct profile *profile, const struct exchange *exchange,
		   struct match *ret);

/* The member `name` of the profile, and a lookup by its path `section`/`name` in `json`; borrowed,
 * may be NULL. */
const json_t *profile_get(const struct profile *profile, const char *name);
json_t *profile_lookup(const struct profile *profile, const char *section, const char *name,
		       const json_t *json);
/* The first path of the list `name` that leads somewhere. */
json_t *profile_first(const struct profile *profile, const char *name, const json_t *json);
/* "/a/b"; NULL when it leads nowhere, or to null. */
json_t *json_at(const json_t *json, const char *path);

/* Does the answer say that the function failed? */
bool profile_failed(const struct profile *profile, const json_t *response);
bool profile_booking(const struct profile *profile, const char *function);
/* A call id, as opposed to what a model writes when it knows none. */
bool profile_call_id_real(const struct profile *profile, const char *call_id);
