/* SPDX-License-Identifier: MIT */
/*
 * Providers' profiles: data that says how a provider's payloads are recognised, where things are in
 * them, and what means failure. docs/profiles.md describes the files. Several are in use at once: a
 * profile is the head of a list, those of the settings first, then those built in.
 */
#pragma once

#include "source.h"

#define CALL_ID_MAX 256

struct profile;

/* A list of the built-in ones (`path` NULL), or of that file alone. -EBADMSG: not a profile. */
int profile_open(struct profile **ret, const char *path);
/* The list. */
void profile_close(struct profile *profile);
/* Puts the profile in `path` in front of `list`. `problem` says what is wrong: file, JSON pointer,
 * what is allowed; to be freed. */
int profile_add(struct profile **list, const char *path, char **problem);
/* What is wrong with a profile as data, as text to be freed; NULL: nothing. */
char *profile_check(const json_t *data);

/* NULL behind the last. */
const struct profile *profile_next(const struct profile *profile);
/* "retell", … */
const char *profile_provider(const struct profile *profile);
/* The one of the list that is called so, or NULL. */
const struct profile *profile_named(const struct profile *list, const char *provider);

/* Sources of the settings, which come before those of every profile: an array of texts by the name
 * of the field, "company_id" or "customer_id". */
int profile_prefer(struct profile *list, const char *field, json_t *sources);
/* All sources of such a field, the first to be preferred: a new array. */
json_t *profile_sources(const struct profile *profile, const char *field);

/* The member `name` of the profile, and what its `section`/`name` says of the call record `json`;
 * borrowed, may be NULL. */
const json_t *profile_get(const struct profile *profile, const char *name);
json_t *profile_lookup(const struct profile *profile, const char *section, const char *name,
		       const json_t *json);
/* The first path of the list `name` that leads somewhere. */
json_t *profile_first(const struct profile *profile, const char *name, const json_t *json);
/* What `table` has for an input's event, "event:state" before "event": borrowed, may be NULL. */
const json_t *profile_event(const struct profile *profile, const char *table, const json_t *input);

/* Is a condition {"path", "equals" | "in" | "matches" | "present"} true? */
bool condition_holds(const json_t *condition, const struct origins *origins);
/* All of a list. */
bool conditions_hold(const json_t *conditions, const struct origins *origins);

/* An event that says nothing of its own. */
bool profile_silent(const struct profile *profile, const json_t *input);
/* Does the answer say that the function failed? */
bool profile_failed(const struct profile *profile, const json_t *response);
bool profile_booking(const struct profile *profile, const char *function);
/* Does a disconnection reason mean "failed", "not_connected", or "hangup" (the caller's)? */
bool profile_reason(const struct profile *profile, const char *meaning, const char *reason);
/* A call id, as opposed to what a model or a template writes when it has none. */
bool profile_call_id(const struct profile *profile, const char *call_id);
