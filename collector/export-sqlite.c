/* SPDX-License-Identifier: MIT */
#include "export-sqlite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "export-schema.h"
#include "present.h"
#include "record.h"
#include "value.h"

#define COLUMNS_MAX 32

struct column {
	const char *name;
	enum field_type type;
	const struct reference *reference; /* NULL: it names no record */
};

struct export_sqlite {
	sqlite3 *db;
	sqlite3_stmt *inserts[RECORDS];
	struct column columns[RECORDS][COLUMNS_MAX];
	size_t dangling;
};

CLEANUP_DEFINE(struct export_sqlite *, export_sqlite_close);
CLEANUP_DEFINE(char *, sqlite3_free);

/* Fields that name another record. */
static const struct reference {
	const char *field;
	enum record to;
} references[] = {
	{"call_session_id", RECORD_SESSION},
	{"event_id", RECORD_EVENT},
	{"function_trace_id", RECORD_FUNCTION},
	{"related_function_trace_id", RECORD_FUNCTION},
};

static const struct reference *reference_of(const char *field)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (strcmp(references[i].field, field) == 0)
			return &references[i];
	return NULL;
}

/* SQLite's conditions as this library has them. */
static int result_of(const struct export_sqlite *sqlite, int r)
{
	int system = sqlite3_system_errno(sqlite->db);

	switch (r & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CONSTRAINT:
		return -EBADMSG;
	case SQLITE_TOOBIG:
		return -EFBIG;
	default:
		return system ? -system : -EIO;
	}
}

static int run(struct export_sqlite *sqlite, const char *sql)
{
	return result_of(sqlite, sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL));
}

static const char *const column_types[] = {
	[FIELD_TEXT] = "TEXT",	     [FIELD_INTEGER] = "INTEGER", [FIELD_REAL] = "REAL",
	[FIELD_BOOLEAN] = "INTEGER", [FIELD_TIME] = "TEXT",	  [FIELD_JSON] = "TEXT",
};

/* Ends with a name of NULL. */
static void set_columns(struct column *columns, const char *const *fields)
{
	for (size_t i = 0; fields[i] && i < COLUMNS_MAX - 1; i++)
		columns[i] =
			(struct column){fields[i], field_type(fields[i]), reference_of(fields[i])};
}

static void add_column(sqlite3_str *sql, const struct column *column)
{
	const char *name = column->name;

	sqlite3_str_appendf(sql, "\t%s %s", name, column_types[column->type]);
	if (strcmp(name, "id") == 0 || strcmp(name, "call_session_id") == 0)
		sqlite3_str_appendall(sql, " NOT NULL");
	if (column->reference)
		sqlite3_str_appendf(sql, " REFERENCES %s (id)",
				    record_shapes[column->reference->to].table);
	if (column->type == FIELD_BOOLEAN)
		sqlite3_str_appendf(sql, " CHECK (%s IN (0, 1))", name);
	if (column->type == FIELD_JSON)
		sqlite3_str_appendf(sql, " CHECK (%s IS NULL OR json_valid(%s))", name, name);
}

/* Full-text search finds its rows by a number that VACUUM must not change: a rowid alone may. */
static bool has_number(enum record record)
{
	return record == RECORD_SEGMENT;
}

static int create_table(struct export_sqlite *sqlite, enum record record)
{
	const struct column *column = sqlite->columns[record];
	_cleanup_(sqlite3_freep) char *text = NULL;
	sqlite3_str *sql = sqlite3_str_new(sqlite->db);

	sqlite3_str_appendf(sql, "CREATE TABLE %s (\n", record_shapes[record].table);
	for (; column->name; column++) {
		add_column(sql, column);
		sqlite3_str_appendall(sql, column[1].name ? ",\n" : "");
	}
	if (has_number(record))
		sqlite3_str_appendall(sql, ",\n\tsearch_rowid INTEGER PRIMARY KEY");
	sqlite3_str_appendall(sql, "\n)");
	text = sqlite3_str_finish(sql);
	return text ? run(sqlite, text) : -ENOMEM;
}

static int prepare_insert(struct export_sqlite *sqlite, enum record record)
{
	const struct column *column = sqlite->columns[record];
	_cleanup_(sqlite3_freep) char *text = NULL;
	sqlite3_str *sql = sqlite3_str_new(sqlite->db);

	sqlite3_str_appendf(sql, "INSERT INTO %s VALUES (", record_shapes[record].table);
	for (; column->name; column++)
		sqlite3_str_appendall(sql, column[1].name ? "?, " : "?");
	sqlite3_str_appendf(sql, "%s)", has_number(record) ? ", NULL" : "");
	text = sqlite3_str_finish(sql);
	if (!text)
		return -ENOMEM;
	return result_of(sqlite, sqlite3_prepare_v3(sqlite->db, text, -1, SQLITE_PREPARE_PERSISTENT,
						    &sqlite->inserts[record], NULL));
}

int export_sqlite_open(struct export_sqlite **ret, const char *path)
{
	_cleanup_(export_sqlite_closep) struct export_sqlite *sqlite = calloc(1, sizeof(*sqlite));
	int r;

	if (!sqlite)
		return -ENOMEM;
	r = sqlite3_open_v2(path, &sqlite->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r != SQLITE_OK)
		return sqlite->db ? result_of(sqlite, r) : -ENOMEM;
	/* Nobody else knows the file yet: when something fails, it is thrown away as a whole. */
	r = run(sqlite, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			"PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;"
			"PRAGMA user_version = 1; BEGIN");
	for (unsigned int i = 0; !r && i < RECORDS; i++) {
		set_columns(sqlite->columns[i], record_shapes[i].fields);
		r = create_table(sqlite, (enum record)i);
		if (!r)
			r = prepare_insert(sqlite, (enum record)i);
	}
	if (r)
		return r;
	*ret = steal(&sqlite);
	return 0;
}

void export_sqlite_close(struct export_sqlite *sqlite)
{
	if (!sqlite)
		return;
	for (size_t i = 0; i < RECORDS; i++)
		sqlite3_finalize(sqlite->inserts[i]);
	sqlite3_close(sqlite->db);
	free(sqlite);
}

/* What a call has, so that no reference leads nowhere. */
struct ids {
	const json_t *session;
	json_t *of[RECORDS];
};

static void ids_deinit(struct ids *ids)
{
	for (size_t i = 0; i < RECORDS; i++)
		json_decref(ids->of[i]);
}

static int ids_add(struct ids *ids, const struct export_call *call, enum record record)
{
	json_t *set = ids->of[record] = json_object(), *one;
	size_t i;

	if (!set)
		return -ENOMEM;
	json_array_foreach (call->lists[record], i, one)
		if (json_object_set_new_nocheck(set, get_text(one, "id"), json_true()) < 0)
			return -ENOMEM;
	return 0;
}

static int bind_text(sqlite3_stmt *insert, int at, const char *text, size_t size)
{
	return sqlite3_bind_text64(insert, at, text, size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int bind_json(sqlite3_stmt *insert, int at, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | value_precision(value));

	return text ? sqlite3_bind_text(insert, at, text, -1, free) : SQLITE_NOMEM;
}

static int bind_time(sqlite3_stmt *insert, int at, int64_t ns)
{
	char text[PRESENT_TIME];

	present_time(ns, text);
	return bind_text(insert, at, text, strlen(text));
}

/* What is of another type than the model's is not lost: it is there as what it is. */
static int bind_value(sqlite3_stmt *insert, int at, enum field_type type, const json_t *value)
{
	if (!value || json_is_null(value))
		return sqlite3_bind_null(insert, at);
	if (type == FIELD_JSON)
		return bind_json(insert, at, value);
	switch (json_typeof(value)) {
	case JSON_STRING:
		return bind_text(insert, at, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return type == FIELD_TIME
			       ? bind_time(insert, at, json_integer_value(value))
			       : sqlite3_bind_int64(insert, at, json_integer_value(value));
	case JSON_REAL:
		return sqlite3_bind_double(insert, at, json_real_value(value));
	case JSON_TRUE:
	case JSON_FALSE:
		return sqlite3_bind_int(insert, at, json_is_true(value));
	default:
		return bind_json(insert, at, value);
	}
}

static const json_t *existing(struct export_sqlite *sqlite, const struct ids *ids,
			      const struct reference *to, const json_t *value)
{
	if (to->to == RECORD_SESSION)
		return ids->session; /* it was stored as this one's */
	if (!json_is_string(value) || json_object_get(ids->of[to->to], json_string_value(value)))
		return value;
	sqlite->dangling++;
	return NULL;
}

static int insert(struct export_sqlite *sqlite, enum record record, const struct ids *ids,
		  const json_t *from)
{
	const struct column *columns = sqlite->columns[record];
	sqlite3_stmt *stmt = sqlite->inserts[record];
	int r = SQLITE_OK;

	for (int i = 0; columns[i].name && r == SQLITE_OK; i++) {
		const json_t *value = json_object_get(from, columns[i].name);

		if (columns[i].reference)
			value = existing(sqlite, ids, columns[i].reference, value);
		r = bind_value(stmt, i + 1, columns[i].type, value);
	}
	if (r == SQLITE_OK)
		r = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return result_of(sqlite, r);
}

int export_sqlite_add(struct export_sqlite *sqlite, const struct export_call *call)
{
	_cleanup_(ids_deinit) struct ids ids = {.session = json_object_get(call->session, "id")};
	const json_t *record;
	size_t k;
	int r = ids_add(&ids, call, RECORD_EVENT);

	if (!r)
		r = ids_add(&ids, call, RECORD_FUNCTION);
	if (!r)
		r = insert(sqlite, RECORD_SESSION, &ids, call->session);
	for (unsigned int i = RECORD_SESSION + 1; !r && i < RECORDS; i++) {
		json_array_foreach (call->lists[i], k, record) {
			r = insert(sqlite, (enum record)i, &ids, record);
			if (r)
				break;
		}
	}
	return r;
}

int export_sqlite_finish(struct export_sqlite *sqlite)
{
	_cleanup_(freep) char *schema = strndup((const char *)export_schema, sizeof(export_schema));
	int r = schema ? run(sqlite, schema) : -ENOMEM;

	return r ? r : run(sqlite, "COMMIT");
}

const char *export_sqlite_error(const struct export_sqlite *sqlite)
{
	return sqlite3_errmsg(sqlite->db);
}

size_t export_sqlite_dangling(const struct export_sqlite *sqlite)
{
	return sqlite->dangling;
}
