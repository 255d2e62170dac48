/* SPDX-License-Identifier: MIT */
/* Prepared statements. */

#include "statement.h"

#include "values.h"
#include "worker.h"

#include <calltrace/frame.h>
#include <calltrace/secret.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS   512
#define SLOTS	     1024
#define MEMORY	     (256u << 10) /* of all of them */
#define TEXT_MAX     1024	  /* of one bound string */
#define NAME_MAX_    64
#define REFERENCE_GC 10 /* IS_REFERENCE, in the low bits of type_info */

struct binding {
	struct binding *next;
	const struct zref *variable;
	struct zval value; /* of a string only its length counts, with `text` */
	char *text;
	uint32_t kept;	  /* of the text */
	int64_t position; /* 0: it has a name */
	uint8_t name_n;
	char name[NAME_MAX_];
};

static struct statement {
	statement_key key;
	struct binding *bindings;
	uint32_t n_bindings;
	size_t sql_n;
	uint32_t sql_kept;
	char *sql;
} statements[STATEMENTS];

static uint16_t slots[SLOTS]; /* place + 1 */
static unsigned n_statements;
static size_t memory;
static uint32_t request;

static void *take(size_t n)
{
	void *p = memory + n <= MEMORY ? malloc(n) : NULL;

	if (p)
		memory += n;
	return p;
}

static void give_back(void *p, size_t n)
{
	if (p)
		memory -= n;
	free(p);
}

static void drop_value(struct binding *b)
{
	give_back(b->text, b->kept);
	b->text = NULL;
	b->kept = 0;
	b->variable = NULL;
}

static void drop_bindings(struct statement *s)
{
	struct binding *next;

	for (struct binding *b = s->bindings; b; b = next) {
		next = b->next;
		drop_value(b);
		give_back(b, sizeof(*b));
	}
	s->bindings = NULL;
	s->n_bindings = 0;
}

static void drop_sql(struct statement *s)
{
	give_back(s->sql, s->sql_kept);
	s->sql = NULL;
	s->sql_kept = 0;
}

static void begin_request(void)
{
	if (request == worker.request)
		return;
	request = worker.request;
	if (!n_statements)
		return;
	for (unsigned i = 0; i < n_statements; i++) {
		drop_bindings(&statements[i]);
		drop_sql(&statements[i]);
	}
	n_statements = 0;
	memset(slots, 0, sizeof(slots));
}

static uint16_t *slot_of(statement_key key)
{
	unsigned i = (unsigned)((key >> 4 ^ key >> 16) % SLOTS);

	while (slots[i] && statements[slots[i] - 1].key != key)
		i = (i + 1) % SLOTS;
	return &slots[i];
}

static struct statement *find(statement_key key)
{
	uint16_t place;

	begin_request();
	place = *slot_of(key);
	return place ? &statements[place - 1] : NULL;
}

static struct statement *find_or_add(statement_key key)
{
	struct statement *s = find(key);

	if (s || n_statements == STATEMENTS)
		return s;
	s = &statements[n_statements++];
	*s = (struct statement){.key = key};
	*slot_of(key) = (uint16_t)n_statements;
	return s;
}

statement_key statement_named(const char *name, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++) /* FNV-1a */
		h = (h ^ (uint8_t)name[i]) * 0x100000001b3ull;
	return h | 1; /* no object's */
}

/* The beginning of a text that is kept: no half character at its end. */
static uint32_t prefix(const struct zstr *s, size_t max)
{
	size_t n = s->len;

	if (n <= max)
		return (uint32_t)n;
	for (n = max; n > max - 4 && (s->val[n] & 0xc0) == 0x80; n--)
		;
	return (uint32_t)n;
}

void statement_prepared(statement_key key, const struct zval *sql)
{
	struct statement *s = sql ? find_or_add(key) : find(key);

	if (!s)
		return;
	drop_bindings(s);
	drop_sql(s);
	if (!sql || sql->type != Z_STRING)
		return;
	s->sql_n = sql->str->len;
	s->sql_kept = prefix(sql->str, worker.settings.max_string);
	s->sql = take(s->sql_kept);
	if (s->sql)
		memcpy(s->sql, sql->str->val, s->sql_kept);
	else
		s->sql_kept = 0;
}

void statement_unbind(statement_key key)
{
	struct statement *s = find(key);

	if (s)
		drop_bindings(s);
}

static bool is_for(const struct binding *b, const struct zval *parameter)
{
	if (parameter->type == Z_LONG)
		return b->position == parameter->lval;
	return !b->position && b->name_n == parameter->str->len &&
	       !memcmp(b->name, parameter->str->val, b->name_n);
}

/* The one that is bound to this parameter now; a new one otherwise. */
static struct binding *binding_of(statement_key key, const struct zval *parameter)
{
	struct statement *s;
	struct binding **at;

	if (parameter->type == Z_LONG ? parameter->lval < 1
				      : parameter->type != Z_STRING || !parameter->str->len ||
						parameter->str->len > NAME_MAX_)
		return NULL;
	s = find_or_add(key);
	if (!s)
		return NULL;
	for (at = &s->bindings; *at; at = &(*at)->next)
		if (is_for(*at, parameter)) {
			drop_value(*at);
			return *at;
		}
	if (s->n_bindings == worker.settings.max_elements || !(*at = take(sizeof(**at))))
		return NULL;
	**at = (struct binding){0};
	s->n_bindings++;
	if (parameter->type == Z_LONG) {
		(*at)->position = parameter->lval;
	} else {
		(*at)->name_n = (uint8_t)parameter->str->len;
		memcpy((*at)->name, parameter->str->val, parameter->str->len);
	}
	return *at;
}

void statement_bind(statement_key key, const struct zval *parameter, const struct zval *value)
{
	struct binding *b = binding_of(key, parameter);

	if (!b)
		return;
	b->value = (struct zval){.type_info = value->type};
	if (value->type == Z_LONG || value->type == Z_DOUBLE)
		b->value.lval = value->lval;
	if (value->type != Z_STRING)
		return;
	b->value.lval = (int64_t)value->str->len;
	b->kept = prefix(value->str, TEXT_MAX);
	b->text = take(b->kept);
	if (b->text)
		memcpy(b->text, value->str->val, b->kept);
	else
		b->kept = 0;
}

void statement_bind_variable(statement_key key, const struct zval *parameter,
			     const struct zval *variable)
{
	struct binding *b = binding_of(key, parameter);

	if (!b)
		return;
	b->value = (struct zval){.type_info = Z_NULL};
	if (variable->type == Z_REFERENCE)
		b->variable = variable->ref;
}

static void pack_text_of(struct pack *k, const char *text, uint32_t kept, size_t n)
{
	if (kept == n) {
		value_pack_string(k, text ? text : "", n);
		return;
	}
	pack_map(k, 3);
	pack_text(k, CT_KEY_CUT);
	pack_text(k, "string");
	pack_text(k, "bytes");
	pack_uint(k, n);
	pack_text(k, "value");
	value_pack_string(k, text ? text : "", kept);
}

/* In doubt nothing: a reference that is no more must not be followed. */
static bool is_alive(const struct zref *ref)
{
	uint32_t count = (uint32_t)ref->gc, type = (uint32_t)(ref->gc >> 32);

	return (type & 0xf) == REFERENCE_GC && count && count < 1u << 24;
}

static void pack_value(struct pack *k, const struct binding *b)
{
	if (b->name_n && ct_secret_key(b->name, b->name_n))
		pack_text(k, CT_SECRET);
	else if (b->variable && is_alive(b->variable))
		value_pack(k, &b->variable->val);
	else if (b->value.type == Z_STRING)
		pack_text_of(k, b->text, b->kept, (size_t)b->value.lval);
	else if (b->value.type <= Z_DOUBLE)
		value_pack(k, &b->value);
	else
		pack_nil(k);
}

void statement_note(struct note *note, statement_key key, bool bound)
{
	const struct statement *s = find(key);

	if (!s)
		return;
	if (s->sql) {
		note_key(note, "sql");
		pack_text_of(&note->k, s->sql, s->sql_kept, s->sql_n);
	}
	if (!bound || !s->n_bindings)
		return;
	note_key(note, "params");
	pack_map(&note->k, s->n_bindings);
	for (const struct binding *b = s->bindings; b; b = b->next) {
		if (b->position)
			pack_int(&note->k, b->position);
		else
			value_pack_string(&note->k, b->name, b->name_n);
		pack_value(&note->k, b);
	}
}
