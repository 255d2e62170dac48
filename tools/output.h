/* SPDX-License-Identifier: MIT */
/*
 * Documents: JSON, a record a line, or CSV (RFC 4180); on stdout where no file is named. A failed
 * write stays with the file; stdout's is main()'s.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A whole document. */
int output_json(const json_t *document);
/* One compact record a line. */
int output_ndjson(const json_t *records);
/* A header row with `columns` (ends with NULL), then a row for each record: what is null is empty,
 * arrays and objects are JSON. */
int output_csv(const json_t *records, const char *const *columns);

/* One value, with jansson's flags. */
int output_value(FILE *file, const json_t *value, size_t flags);

/* CSV a row at a time. */
struct output_csv {
	FILE *file;
	const char *const *columns;
	bool terminal;
};

void output_csv_begin(struct output_csv *ret, FILE *file, const char *const *columns);
int output_csv_row(struct output_csv *csv, const json_t *record);
