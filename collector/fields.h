/* SPDX-License-Identifier: MIT */
/*
 * The data model's fields: which every record has, in the order in which readers see them, and what
 * each holds. CSV columns and the tables of the SQLite export are made from these lists.
 */
#pragma once

#include "store.h"

enum field_type {
	FIELD_TEXT,
	FIELD_INTEGER,
	FIELD_REAL,    /* *_ms: decimal milliseconds */
	FIELD_BOOLEAN, /* true or false */
	FIELD_TIME,    /* *_at: ns since the epoch in the store, ISO 8601 where it is shown */
	FIELD_JSON,    /* anything */
};

/* Each ends with NULL. */
extern const char *const session_fields[];
extern const char *const event_fields[];
extern const char *const function_fields[];
extern const char *const segment_fields[];
extern const char *const error_fields[];

/* A name means the same in every record. */
enum field_type field_type(const char *name);

enum record { RECORD_SESSION, RECORD_EVENT, RECORD_FUNCTION, RECORD_SEGMENT, RECORD_ERROR };
#define RECORDS 5

struct record_shape {
	const char *name;  /* of one: "session" */
	const char *list;  /* of many, in documents: "calls" */
	const char *table; /* in SQL: "retell_call_sessions" */
	const char *const *fields;
	enum store_kind kind; /* where they are in the store; of no meaning for sessions */
};

extern const struct record_shape record_shapes[RECORDS];
