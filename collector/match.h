/* SPDX-License-Identifier: MIT */
/*
 * What a request is to a provider: of no call, an event, a function call, or several of these at
 * once.
 */
#pragma once

#include "profile.h"

#define MATCHES_MAX 256

enum input_kind {
	INPUT_REQUEST, /* of no call */
	INPUT_FUNCTION,
	INPUT_EVENT,
};

/* All borrowed, from the exchange or from the matches. */
struct match {
	enum input_kind kind;
	const struct profile *profile; /* of a request of no call the first */
	unsigned int part;	       /* counts from 0 within the request */
	const char *call_id;
	const char *function;
	const char *event;
	const char *event_state;  /* what the same event may have several of; NULL: none */
	const char *tool_call_id; /* NULL: not told by the payload itself */
	const json_t *call;	  /* may be NULL */
	const json_t *item;	  /* of the list that has one for each call; may be NULL */
	json_t *arguments;	  /* may be NULL */
	const char *argument_call_id;
	json_t *response;   /* what was answered to this one; may be NULL */
	json_t *transcript; /* entries as docs/store.md has them; may be NULL */
};

/* At least one. */
struct matches {
	struct match *list;
	size_t count;
	size_t left_out; /* calls beyond MATCHES_MAX */
	json_t *owned;
};

int matches_read(struct matches *ret, const struct profile *profiles,
		 const struct exchange *exchange);
void matches_deinit(struct matches *matches);
/* What a profile's sources look into. */
struct origins match_origins(const struct match *match, const struct exchange *exchange);
