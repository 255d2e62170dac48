/* SPDX-License-Identifier: MIT */
/*
 * Documents on stdout: JSON, a record a line, or CSV (RFC 4180). A failed write stays with stdout,
 * for main().
 */
#pragma once

#include <jansson.h>

/* A whole document. */
int output_json(const json_t *document);
/* One compact record a line. */
int output_ndjson(const json_t *records);
/* A header row with `columns` (ends with NULL), then a row for each record: what is null is empty,
 * arrays and objects are JSON. */
int output_csv(const json_t *records, const char *const *columns);
