/* SPDX-License-Identifier: MIT */
/*
 * Redaction: the one place that decides what must not be stored, logged or shown. Every value
 * passes here before it reaches the store: by its key (keys.h), by how it is written (patterns.h),
 * and by what the call itself revealed: a value that stood under a personal key anywhere in the
 * call is removed wherever it occurs.
 *
 * Fails closed: what is too large, too deep or cannot be matched within its budget is replaced as a
 * whole.
 */
#pragma once

#include <jansson.h>

#include "keys.h"

/* What one call (or one request of no call) revealed. It lives in memory only. */
struct redact;

int redact_new(struct redact **ret);
void redact_free(struct redact *redact);

/* A word that is known to be none of a person: the function's name, say. */
int redact_keep(struct redact *redact, const char *word);
enum redact_origin {
	REDACT_PAYLOAD, /* what the provider sent, headers, the response */
	REDACT_PHP,	/* values inside the application, where a bare `name` may be anything's */
};
/* Remembers what stands under personal keys. -ENOBUFS: too much to remember; redact_json() then
 * fails closed. */
int redact_learn(struct redact *redact, const json_t *json, enum redact_origin origin);
/* Grows with what was learned: when it did, what was stored earlier of this call is to be cleaned
 * again. */
size_t redact_learned(const struct redact *redact);

/* A new reference to the redacted copy; NULL only without memory. */
json_t *redact_json(struct redact *redact, const json_t *json, enum redact_origin origin);
/* As if it stood under `key`. */
json_t *redact_under(struct redact *redact, const char *key, const json_t *json,
		     enum redact_origin origin);
/* To be freed; NULL only without memory. */
char *redact_text(struct redact *redact, const char *text);
/* Only what the call revealed: for what was redacted before more of it was known. */
json_t *redact_again(struct redact *redact, const json_t *json);

/* One removal: what was removed ("PHONE"), by which rule ("key", "revealed", a pattern's name, …),
 * and where: a path of redacted keys ("args.customer.phone", "" for a text by itself), and in a
 * text of several lines which (0: in the only one). Never the value. */
struct redact_removal {
	const char *kind, *rule, *place;
	size_t line;
};

typedef void (*redact_told_fn)(const struct redact_removal *removal, void *userdata);
/* From then on `told` is told of every removal. */
void redact_tell(struct redact *redact, redact_told_fn told, void *userdata);
