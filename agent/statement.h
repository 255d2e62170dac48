/* SPDX-License-Identifier: MIT */
/*
 * Prepared statements: what they ask, and with what.
 *
 * A database's functions tell in pieces: the text when a statement is prepared, values when they
 * are bound, and neither when it is executed. Values are copied; of a bound variable the reference
 * is looked at again, which the statement holds until it is bound anew or ends, and that is told
 * here. Nothing outlives the request.
 */
#pragma once

#include "note.h"
#include "zend.h"

/* A statement object; or, of databases that name theirs, what statement_named() makes of it. */
typedef uintptr_t statement_key;

static inline statement_key statement_of(const struct zobj *obj)
{
	return (statement_key)obj;
}

statement_key statement_named(const char *name, size_t n);

/* It asks something else from now on, with nothing bound. `sql` NULL: its text is known elsewhere.
 */
void statement_prepared(statement_key key, const struct zval *sql);
/* Nothing is bound to it any more. */
void statement_unbind(statement_key key);
/* `parameter`: its name, or its place from 1. */
void statement_bind(statement_key key, const struct zval *parameter, const struct zval *value);
void statement_bind_variable(statement_key key, const struct zval *parameter,
			     const struct zval *variable);
/* `sql`, where it is known from here, and `params`, where `bound`. */
void statement_note(struct note *note, statement_key key, bool bound);
