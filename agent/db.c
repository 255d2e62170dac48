/* SPDX-License-Identifier: MIT */
/*
 * Databases: PDO, mysqli, pgsql and SQLite3.
 *
 * What is asked at once is among the arguments of the call; what was prepared before is noted when
 * it is executed. Connections are noted by where they go. Of a failure that throws, the exception
 * tells; where none is thrown, the database's own error is asked for.
 */

#include "note.h"
#include "outbound.h"
#include "statement.h"

#include <string.h>

static struct zval object_zval(struct zobj *obj)
{
	return (struct zval){.obj = obj, .type_info = Z_OBJECT_COUNTED};
}

static void note_failure(const char *key, struct zval *error, const char *key2, struct zval *error2)
{
	struct note note;

	if (note_more(&note)) {
		note_bool(&note, "failed", true);
		if (error->type != Z_UNDEF)
			note_scalar(&note, key, error);
		if (error2->type != Z_UNDEF)
			note_scalar(&note, key2, error2);
		note_end(&note);
	}
	zend.zval_drop(error);
	zend.zval_drop(error2);
}

static void note_rows(const struct zval *rows)
{
	struct note note;

	if (rows->type != Z_LONG || rows->lval < 0 || !note_more(&note))
		return;
	note_int(&note, "rows", rows->lval);
	note_end(&note);
}

/* --- connections */

static void before_dsn(const struct zframe *frame, const char *kind)
{
	const struct zval *dsn = outbound_arg(frame, 0);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (dsn->type == Z_STRING)
		note_dsn(&note, "dsn", dsn->str->val, dsn->str->len);
	note_end(&note);
}

/* ($host, $user, $password, $database, $port, …), mysqli_real_connect() with the object first. */
static void before_mysqli_connect(const struct zframe *frame, const char *kind)
{
	uint32_t i = !strcmp(frame->func->name->val, "mysqli_real_connect");
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	note_scalar(&note, "host", outbound_arg(frame, i));
	note_scalar(&note, "database", outbound_arg(frame, i + 3));
	note_scalar(&note, "port", outbound_arg(frame, i + 4));
	note_end(&note);
}

static void after_mysqli_connect(const struct zframe *frame, const struct zval *result)
{
	struct zval code, error;

	(void)frame;
	if (result->type != Z_FALSE)
		return;
	code = outbound_ask(outbound_find(NULL, "mysqli_connect_errno"), NULL, 0, NULL);
	error = outbound_ask(outbound_find(NULL, "mysqli_connect_error"), NULL, 0, NULL);
	note_failure("code", &code, "message", &error);
}

/* --- failures */

/* [SQLSTATE, the driver's code, its message] */
static void note_pdo_failure(const char *class, struct zobj *obj)
{
	struct zval info = outbound_ask(outbound_find(class, "errorinfo"), obj, 0, NULL);
	struct note note;

	if (note_more(&note)) {
		note_bool(&note, "failed", true);
		if (info.type == Z_ARRAY && info.arr->used > 2) {
			note_scalar(&note, "code", zarr_at(info.arr, 0));
			note_scalar(&note, "message", zarr_at(info.arr, 2));
		}
		note_end(&note);
	}
	zend.zval_drop(&info);
}

static void after_pdo(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_FALSE && frame->This.type == Z_OBJECT)
		note_pdo_failure("pdo", frame->This.obj);
}

/* Drivers that do not know beforehand how many rows a query has say 0. */
static void note_pdo_rows(struct zobj *statement)
{
	struct zval rows, columns;

	rows = outbound_ask(outbound_find("pdostatement", "rowcount"), statement, 0, NULL);
	columns = outbound_ask(outbound_find("pdostatement", "columncount"), statement, 0, NULL);
	if (columns.type != Z_LONG || !columns.lval || (rows.type == Z_LONG && rows.lval > 0))
		note_rows(&rows);
	zend.zval_drop(&rows);
	zend.zval_drop(&columns);
}

static void after_pdo_query(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_OBJECT)
		note_pdo_rows(result->obj);
	else
		after_pdo(frame, result);
}

static void after_pdo_statement(const struct zframe *frame, const struct zval *result)
{
	if (frame->This.type != Z_OBJECT)
		return;
	if (result->type == Z_TRUE)
		note_pdo_rows(frame->This.obj);
	else if (result->type == Z_FALSE)
		note_pdo_failure("pdostatement", frame->This.obj);
}

static void ask_two(const struct zframe *frame, const char *code, const char *error)
{
	struct zobj *obj = outbound_object(frame);
	struct zval arg, first = {.type_info = Z_UNDEF}, second = first;

	if (obj) {
		arg = object_zval(obj);
		first = outbound_ask(outbound_find(NULL, code), NULL, 1, &arg);
		second = outbound_ask(outbound_find(NULL, error), NULL, 1, &arg);
	}
	note_failure("code", &first, "message", &second);
}

static void ask_rows(const char *rows_of, struct zval *about)
{
	struct zval rows = outbound_ask(outbound_find(NULL, rows_of), NULL, 1, about);

	note_rows(&rows);
	zend.zval_drop(&rows);
}

static void ask_rows_of_object(const char *rows_of, const struct zframe *frame)
{
	struct zobj *obj = outbound_object(frame);
	struct zval about;

	if (obj) {
		about = object_zval(obj);
		ask_rows(rows_of, &about);
	}
}

static void after_mysqli(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_FALSE)
		ask_two(frame, "mysqli_errno", "mysqli_error");
}

static void after_mysqli_query(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_FALSE)
		after_mysqli(frame, result);
	else
		ask_rows_of_object("mysqli_affected_rows", frame);
}

static void after_mysqli_statement(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_FALSE)
		ask_two(frame, "mysqli_stmt_errno", "mysqli_stmt_error");
}

static void after_mysqli_execute(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_FALSE)
		after_mysqli_statement(frame, result);
	else
		ask_rows_of_object("mysqli_stmt_affected_rows", frame);
}

/* Only of a connection that is named: asking without one would make PHP complain. */
static void after_pg_prepare(const struct zframe *frame, const struct zval *result)
{
	struct zval link = *outbound_arg(frame, 0), none = {.type_info = Z_UNDEF}, error = none;

	if (result->type != Z_FALSE)
		return;
	if (link.type == Z_OBJECT || link.type == Z_RESOURCE)
		error = outbound_ask(outbound_find(NULL, "pg_last_error"), NULL, 1, &link);
	note_failure("message", &error, "", &none);
}

static void after_pg_result(const struct zframe *frame, const struct zval *result)
{
	struct zval about = *result;

	(void)frame;
	if (result->type == Z_OBJECT || result->type == Z_RESOURCE)
		ask_rows("pg_affected_rows", &about);
}

static void after_pg(const struct zframe *frame, const struct zval *result)
{
	after_pg_prepare(frame, result);
	after_pg_result(frame, result);
}

static void after_sqlite(const struct zframe *frame, const struct zval *result)
{
	struct zobj *obj = frame->This.type == Z_OBJECT ? frame->This.obj : NULL;
	struct zval code, error;

	if (result->type != Z_FALSE || !obj)
		return;
	code = outbound_ask(outbound_find("sqlite3", "lasterrorcode"), obj, 0, NULL);
	error = outbound_ask(outbound_find("sqlite3", "lasterrormsg"), obj, 0, NULL);
	note_failure("code", &code, "message", &error);
}

static void after_plain(const struct zframe *frame, const struct zval *result)
{
	struct zval none = {.type_info = Z_UNDEF};

	(void)frame;
	if (result->type == Z_FALSE)
		note_failure("", &none, "", &none);
}

/* --- statements */

/* It is the result. Its text, where it cannot be asked for later, is the string among the
 * arguments. */
static void learn_prepared(const struct zframe *frame, const struct zval *result)
{
	if (result->type == Z_OBJECT)
		statement_prepared(statement_of(result->obj), outbound_arg_behind(frame, 1));
}

static void learn_pdo_prepared(const struct zframe *frame, const struct zval *result)
{
	(void)frame;
	if (result->type == Z_OBJECT)
		statement_prepared(statement_of(result->obj), NULL);
}

/* mysqli_stmt::prepare($sql) */
static void before_prepared_again(const struct zframe *frame, const char *kind)
{
	const struct zval *sql = outbound_arg_behind(frame, 1);
	const struct zobj *obj = outbound_object(frame);
	struct note note;

	if (obj)
		statement_prepared(statement_of(obj), sql);
	if (note_begin(&note, frame, kind))
		note_end(&note);
}

/* new mysqli_stmt($link, $sql) */
static void before_mysqli_stmt(const struct zframe *frame, const char *kind)
{
	struct note note;

	if (frame->This.type == Z_OBJECT)
		statement_prepared(statement_of(frame->This.obj), outbound_arg(frame, 1));
	if (note_begin(&note, frame, kind))
		note_end(&note);
}

static void before_unbound(const struct zframe *frame, const char *kind)
{
	const struct zobj *obj = outbound_object(frame);

	(void)kind;
	if (obj)
		statement_unbind(statement_of(obj));
}

/* bindValue($parameter, $value) */
static void learn_value(const struct zframe *frame, const struct zval *result)
{
	if (frame->This.type == Z_OBJECT && result->type == Z_TRUE)
		statement_bind(statement_of(frame->This.obj), outbound_arg(frame, 0),
			       outbound_arg(frame, 1));
}

/* bindParam($parameter, &$variable) */
static void learn_variable(const struct zframe *frame, const struct zval *result)
{
	if (frame->This.type == Z_OBJECT && result->type == Z_TRUE && zend_n_args(frame) > 1)
		statement_bind_variable(statement_of(frame->This.obj), outbound_arg(frame, 0),
					zend_arg(frame, 1));
}

/* bind_param($types, &...$variables) */
static void learn_variables(const struct zframe *frame, const struct zval *result)
{
	uint32_t first = frame->This.type == Z_OBJECT ? 1 : 2;
	const struct zobj *obj = outbound_object(frame);

	if (!obj || result->type != Z_TRUE)
		return;
	statement_unbind(statement_of(obj));
	for (uint32_t i = first; i < zend_n_args(frame); i++) {
		struct zval place = {.lval = (int64_t)(i - first) + 1, .type_info = Z_LONG};

		statement_bind_variable(statement_of(obj), &place, zend_arg(frame, i));
	}
}

static bool has_list(const struct zframe *frame)
{
	return outbound_arg_behind(frame, 1)->type == Z_ARRAY;
}

/* execute(), execute($params): these are among the arguments. */
static void before_execute(const struct zframe *frame, const char *kind)
{
	const struct zobj *obj = outbound_object(frame);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (obj)
		statement_note(&note, statement_of(obj), !has_list(frame));
	note_end(&note);
}

/* PDOStatement declares one property, queryString. */
static void before_pdo_execute(const struct zframe *frame, const char *kind)
{
	const struct zobj *obj = frame->This.type == Z_OBJECT ? frame->This.obj : NULL;
	const struct zval *sql = obj && obj->ce->n_slots ? zval_deref(&obj->slots[0]) : NULL;
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (sql && sql->type == Z_STRING)
		note_string(&note, "sql", sql->str->val, sql->str->len);
	if (obj)
		statement_note(&note, statement_of(obj), !has_list(frame));
	note_end(&note);
}

/* What was bound before is no more. */
static void learn_execute(const struct zframe *frame, const struct zval *result)
{
	const struct zobj *obj = outbound_object(frame);

	(void)result;
	if (obj && has_list(frame))
		statement_unbind(statement_of(obj));
}

/* pg_prepare($connection, $name, $sql), or without the connection. */
static void learn_pg_prepared(const struct zframe *frame, const struct zval *result)
{
	uint32_t i = zend_n_args(frame) > 2;
	const struct zval *name = outbound_arg(frame, i);

	if (result->type != Z_FALSE && name->type == Z_STRING)
		statement_prepared(statement_named(name->str->val, name->str->len),
				   outbound_arg(frame, i + 1));
}

static void before_pg_execute(const struct zframe *frame, const char *kind)
{
	const struct zval *name = outbound_arg(frame, zend_n_args(frame) > 2);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (name->type == Z_STRING)
		statement_note(&note, statement_named(name->str->val, name->str->len), false);
	note_end(&note);
}

static const struct outbound_role dsn = {.before = before_dsn};
static const struct outbound_role pdo = {.after = after_pdo};
static const struct outbound_role pdo_query = {.after = after_pdo_query,
					       .learn = learn_pdo_prepared};
static const struct outbound_role pdo_prepare = {.after = after_pdo, .learn = learn_pdo_prepared};
static const struct outbound_role pdo_execute = {
	.before = before_pdo_execute, .after = after_pdo_statement, .learn = learn_execute};
static const struct outbound_role bind_value = {.learn = learn_value};
static const struct outbound_role bind_variable = {.learn = learn_variable};
static const struct outbound_role unbound = {.before = before_unbound};
static const struct outbound_role mysqli_connects = {.before = before_mysqli_connect,
						     .after = after_mysqli_connect};
static const struct outbound_role mysqli = {.after = after_mysqli};
static const struct outbound_role mysqli_query = {.after = after_mysqli_query};
static const struct outbound_role mysqli_prepare = {.after = after_mysqli, .learn = learn_prepared};
static const struct outbound_role stmt_init = {.learn = learn_pdo_prepared};
static const struct outbound_role stmt_new = {.before = before_mysqli_stmt};
static const struct outbound_role stmt_prepare = {.before = before_prepared_again,
						  .after = after_mysqli_statement};
static const struct outbound_role stmt_bind = {.learn = learn_variables};
static const struct outbound_role stmt_execute = {
	.before = before_execute, .after = after_mysqli_execute, .learn = learn_execute};
static const struct outbound_role pg = {.after = after_pg};
static const struct outbound_role pg_result = {.after = after_pg_result};
static const struct outbound_role pg_prepare = {.after = after_pg_prepare,
						.learn = learn_pg_prepared};
static const struct outbound_role pg_execute = {.before = before_pg_execute, .after = after_pg};
static const struct outbound_role sqlite = {.after = after_sqlite};
static const struct outbound_role sqlite_prepare = {.after = after_sqlite, .learn = learn_prepared};
static const struct outbound_role sqlite_execute = {.before = before_execute, .after = after_plain};

#define FUNCTION(name, role)                             \
	{                                                \
		NULL, name, "db", role, OUTBOUND_ARGS, 0 \
	}
#define METHOD(class, name, role)                         \
	{                                                 \
		class, name, "db", role, OUTBOUND_ARGS, 0 \
	}
#define CONNECT(class, name, role)                        \
	{                                                 \
		class, name, "db", role, OUTBOUND_TIME, 0 \
	}
#define SILENT(class, name, role)                           \
	{                                                   \
		class, name, "db", role, OUTBOUND_SILENT, 0 \
	}

const struct outbound outbound_db[] = {
	CONNECT("pdo", "__construct", &dsn),
	CONNECT("pdo", "connect", &dsn),
	METHOD("pdo", "exec", &pdo),
	METHOD("pdo", "query", &pdo_query),
	METHOD("pdo", "prepare", &pdo_prepare),
	METHOD("pdo", "begintransaction", &pdo),
	METHOD("pdo", "commit", &pdo),
	METHOD("pdo", "rollback", &pdo),
	METHOD("pdostatement", "execute", &pdo_execute),
	SILENT("pdostatement", "bindvalue", &bind_value),
	SILENT("pdostatement", "bindparam", &bind_variable),

	CONNECT("mysqli", "__construct", &mysqli_connects),
	CONNECT("mysqli", "connect", &mysqli_connects),
	CONNECT("mysqli", "real_connect", &mysqli_connects),
	CONNECT("mysqli", "change_user", &mysqli),
	METHOD("mysqli", "query", &mysqli_query),
	METHOD("mysqli", "real_query", &mysqli_query),
	METHOD("mysqli", "multi_query", &mysqli),
	METHOD("mysqli", "execute_query", &mysqli_query),
	METHOD("mysqli", "prepare", &mysqli_prepare),
	METHOD("mysqli", "begin_transaction", &mysqli),
	METHOD("mysqli", "commit", &mysqli),
	METHOD("mysqli", "rollback", &mysqli),
	METHOD("mysqli", "autocommit", &mysqli),
	METHOD("mysqli", "select_db", &mysqli),
	METHOD("mysqli", "reap_async_query", &mysqli),
	SILENT("mysqli", "stmt_init", &stmt_init),
	METHOD("mysqli_stmt", "__construct", &stmt_new),
	METHOD("mysqli_stmt", "prepare", &stmt_prepare),
	METHOD("mysqli_stmt", "execute", &stmt_execute),
	SILENT("mysqli_stmt", "bind_param", &stmt_bind),
	SILENT("mysqli_stmt", "close", &unbound),
	CONNECT(NULL, "mysqli_connect", &mysqli_connects),
	CONNECT(NULL, "mysqli_real_connect", &mysqli_connects),
	CONNECT(NULL, "mysqli_change_user", &mysqli),
	FUNCTION("mysqli_query", &mysqli_query),
	FUNCTION("mysqli_real_query", &mysqli_query),
	FUNCTION("mysqli_multi_query", &mysqli),
	FUNCTION("mysqli_execute_query", &mysqli_query),
	FUNCTION("mysqli_prepare", &mysqli_prepare),
	FUNCTION("mysqli_begin_transaction", &mysqli),
	FUNCTION("mysqli_commit", &mysqli),
	FUNCTION("mysqli_rollback", &mysqli),
	FUNCTION("mysqli_autocommit", &mysqli),
	FUNCTION("mysqli_select_db", &mysqli),
	FUNCTION("mysqli_reap_async_query", &mysqli),
	FUNCTION("mysqli_stmt_prepare", &stmt_prepare),
	FUNCTION("mysqli_stmt_execute", &stmt_execute),
	FUNCTION("mysqli_execute", &stmt_execute),
	SILENT(NULL, "mysqli_stmt_init", &stmt_init),
	SILENT(NULL, "mysqli_stmt_bind_param", &stmt_bind),
	SILENT(NULL, "mysqli_stmt_close", &unbound),

	CONNECT(NULL, "pg_connect", &dsn),
	CONNECT(NULL, "pg_pconnect", &dsn),
	FUNCTION("pg_query", &pg),
	FUNCTION("pg_exec", &pg),
	FUNCTION("pg_query_params", &pg),
	FUNCTION("pg_prepare", &pg_prepare),
	FUNCTION("pg_execute", &pg_execute),
	FUNCTION("pg_send_query", &pg),
	FUNCTION("pg_send_query_params", &pg),
	FUNCTION("pg_send_prepare", &pg_prepare),
	FUNCTION("pg_send_execute", &pg_execute),
	FUNCTION("pg_get_result", &pg_result),
	FUNCTION("pg_copy_from", &pg),
	FUNCTION("pg_copy_to", &pg),
	FUNCTION("pg_insert", &pg),
	FUNCTION("pg_update", &pg),
	FUNCTION("pg_delete", &pg),
	FUNCTION("pg_select", &pg),

	{"sqlite3", "__construct", "db", NULL, OUTBOUND_ARGS, OUTBOUND_ONLY(2)},
	{"sqlite3", "open", "db", NULL, OUTBOUND_ARGS, OUTBOUND_ONLY(2)},
	METHOD("sqlite3", "exec", &sqlite),
	METHOD("sqlite3", "query", &sqlite),
	METHOD("sqlite3", "querysingle", &sqlite),
	METHOD("sqlite3", "prepare", &sqlite_prepare),
	METHOD("sqlite3stmt", "execute", &sqlite_execute),
	SILENT("sqlite3stmt", "bindvalue", &bind_value),
	SILENT("sqlite3stmt", "bindparam", &bind_variable),
	SILENT("sqlite3stmt", "clear", &unbound),
	SILENT("sqlite3stmt", "close", &unbound),
	{0},
};
