/* SPDX-License-Identifier: MIT */
/*
 * The SQLite export: a database with a table for each kind of record, indices, full-text search and
 * the debug view (docs/export.md). The one place that knows sqlite3.
 *
 * Nothing of the database is promised before export_sqlite_finish() returned 0: there is no journal
 * that could take back a part of it.
 */
#pragma once

#include "export.h"

struct export_sqlite;

/* `path` is an empty file, or none yet. -ENOSPC, -EIO, -EBADMSG (a record that breaks the schema:
 * the store is damaged) and others, here and below; export_sqlite_error() says what SQLite says. */
int export_sqlite_open(struct export_sqlite **ret, const char *path);
int export_sqlite_add(struct export_sqlite *sqlite, const struct export_call *call);
/* Builds the indices, and writes everything. */
int export_sqlite_finish(struct export_sqlite *sqlite);
void export_sqlite_close(struct export_sqlite *sqlite);

/* Valid until the next call. */
const char *export_sqlite_error(const struct export_sqlite *sqlite);
/* References to events and functions that the call does not have: they are NULL in the database. */
size_t export_sqlite_dangling(const struct export_sqlite *sqlite);
