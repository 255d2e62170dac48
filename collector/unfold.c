/* SPDX-License-Identifier: MIT */
#include "unfold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "value.h"

/* Borrowed from the call's object: what is known when it is left. */
struct open_call {
	json_t *duration, *self;
	uint64_t id, depth, start, children;
};

struct unfold {
	json_t *calls;
	struct open_call *open;
	size_t open_count, open_capacity;
	uint64_t now;
	bool ended;
};

/* A code's texts, shared by its calls. */
struct code {
	json_t *class, *function, *file, *kind, *line;
	const char **keys;
	uint64_t key_count;
	bool has_keys;
};

struct gaps {
	struct cursor classes;
	struct span bits;
	uint64_t at;
	bool is_signed;
	unsigned int shift;
};

/* A chunk as it is read. */
struct chunk {
	struct cursor shape, rest;
	struct gaps gaps;
	struct span values;
	json_t *exception; /* the latest */
	struct code *codes;
	size_t code_count;
};

void unfold_free(struct unfold *unfold)
{
	if (!unfold)
		return;
	json_decref(unfold->calls);
	free(unfold->open);
	free(unfold);
}

int unfold_new(struct unfold **ret)
{
	struct unfold *unfold = calloc(1, sizeof(*unfold));

	if (!unfold)
		return -ENOMEM;
	unfold->calls = json_array();
	if (!unfold->calls) {
		free(unfold);
		return -ENOMEM;
	}
	*ret = unfold;
	return 0;
}

static void chunk_deinit(struct chunk *chunk)
{
	for (size_t i = 0; i < chunk->code_count; i++) {
		struct code *code = &chunk->codes[i];

		json_decref(code->class);
		json_decref(code->function);
		json_decref(code->file);
		json_decref(code->kind);
		json_decref(code->line);
		free(code->keys);
	}
	free(chunk->codes);
	json_decref(chunk->exception);
}

/* null where there is none; NULL where it cannot be read. */
static json_t *read_text(struct cursor *cursor, bool there)
{
	const char *text;

	if (!there)
		return json_null();
	text = cursor_text(cursor);
	return text ? json_string(text) : NULL;
}

static int read_keys(struct code *code, struct cursor *cursor)
{
	code->has_keys = true;
	code->key_count = cursor_varint(cursor);
	if (code->key_count > (uint64_t)(cursor->end - cursor->p))
		return -EBADMSG;
	code->keys = calloc(code->key_count + 1, sizeof(*code->keys));
	if (!code->keys)
		return -ENOMEM;
	for (uint64_t i = 0; i < code->key_count; i++)
		code->keys[i] = cursor_text(cursor);
	return 0;
}

static int read_code(struct code *code, struct span bytes)
{
	struct cursor cursor = cursor_of(bytes);
	uint8_t head = cursor_byte(&cursor);
	int r;

	code->class = read_text(&cursor, head & CODE_CLASS);
	code->function = read_text(&cursor, true);
	code->file = read_text(&cursor, head & CODE_FILE);
	code->kind = read_text(&cursor, head & CODE_KIND);
	code->line = json_integer((json_int_t)cursor_varint(&cursor));
	r = head & CODE_KEYS ? read_keys(code, &cursor) : 0;
	if (r < 0)
		return r;
	if (cursor.bad || cursor.p != cursor.end || !code->class || !code->function ||
	    !code->file || !code->kind || !code->line)
		return -EBADMSG;
	return 0;
}

static int chunk_init(struct chunk *chunk, const struct columns *columns)
{
	*chunk = (struct chunk){
		.shape = cursor_of(columns->column[COLUMN_SHAPE]),
		.rest = cursor_of(columns->column[COLUMN_REST]),
		.gaps.classes = cursor_of(columns->column[COLUMN_CLASSES]),
		.gaps.bits = columns->column[COLUMN_BITS],
		.gaps.is_signed = columns->flags & COLUMNS_SIGNED,
		.gaps.shift =
			(unsigned int)(columns->flags / COLUMNS_SHIFT % (COLUMNS_SHIFT_MAX + 1)),
		.values = columns->column[COLUMN_VALUES],
	};
	chunk->codes = calloc(columns->code_count + 1, sizeof(*chunk->codes));
	if (!chunk->codes)
		return -ENOMEM;
	for (size_t i = 0; i < columns->code_count; i++) {
		int r;

		chunk->code_count++;
		r = read_code(&chunk->codes[i], columns->codes[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_bits(struct gaps *gaps, unsigned int count, uint64_t *ret)
{
	uint64_t value = 0;

	if (gaps->at + count > gaps->bits.size * 8)
		return -EBADMSG;
	for (unsigned int i = 0; i < count; i++, gaps->at++)
		value |= (uint64_t)(gaps->bits.data[gaps->at / 8] >> gaps->at % 8 & 1) << i;
	*ret = value;
	return 0;
}

static int pass_gap(struct unfold *unfold, struct gaps *gaps)
{
	uint8_t size = cursor_byte(&gaps->classes);
	uint64_t gap = 0;
	int r = 0;

	if (gaps->classes.bad || size > 64)
		return -EBADMSG;
	if (size > 1)
		r = read_bits(gaps, size - 1u, &gap);
	if (r < 0)
		return r;
	if (size)
		gap |= 1ull << (size - 1);
	unfold->now += (gaps->is_signed ? unzigzag(gap) : gap) << gaps->shift;
	return 0;
}

static int leave(struct unfold *unfold, struct chunk *chunk)
{
	struct open_call *call = &unfold->open[--unfold->open_count];
	int r = pass_gap(unfold, &chunk->gaps);
	uint64_t duration = unfold->now - call->start;

	if (r < 0)
		return r;
	if (unfold->open_count)
		call[-1].children += duration;
	json_integer_set(call->duration, (json_int_t)duration);
	json_integer_set(call->self,
			 duration > call->children ? (json_int_t)(duration - call->children) : 0);
	return 0;
}

static int leave_calls(struct unfold *unfold, struct chunk *chunk, uint64_t count)
{
	int r = 0;

	if (count > unfold->open_count)
		return -EBADMSG;
	while (count-- && r == 0)
		r = leave(unfold, chunk);
	return r;
}

static int next_value(struct chunk *chunk, struct span *ret)
{
	ssize_t size = value_check(chunk->values);

	if (size < 0)
		return -EBADMSG;
	*ret = (struct span){chunk->values.data, (size_t)size};
	chunk->values.data += size;
	chunk->values.size -= (size_t)size;
	return 0;
}

static json_t *json_or_error(struct span value, int *r)
{
	json_t *json = value_to_json(value);

	if (!json)
		*r = -ENOMEM;
	return json;
}

static json_t *read_value(struct chunk *chunk, bool there, int *r)
{
	struct span value;

	if (!there || *r < 0)
		return json_null();
	*r = next_value(chunk, &value);
	return *r < 0 ? NULL : json_or_error(value, r);
}

static json_t *read_exception(struct chunk *chunk, bool there, int *r)
{
	if (!there || *r < 0)
		return json_null();
	if (!chunk->values.size || chunk->values.data[0] != VALUE_SAME) {
		json_decref(chunk->exception);
		chunk->exception = read_value(chunk, true, r);
	} else {
		chunk->values.data++;
		chunk->values.size--;
		*r = chunk->exception ? 0 : -EBADMSG;
	}
	return json_incref(chunk->exception);
}

static json_t *read_args(struct chunk *chunk, const struct code *code, bool there, int *r)
{
	_cleanup_(json_decrefp) json_t *list = read_value(chunk, there, r);
	json_t *args;

	if (*r < 0 || !there || !code->has_keys)
		return steal(&list);
	if (!json_is_array(list) || json_array_size(list) != code->key_count) {
		*r = -EBADMSG;
		return NULL;
	}
	args = json_object();
	for (uint64_t i = 0; i < code->key_count; i++)
		if (json_object_set(args, code->keys[i], json_array_get(list, i)) < 0)
			*r = -EBADMSG; /* no UTF-8 */
	return args;
}

/* The fields in the order in which documents have them; `r` as it was when one is missing. */
static int fill(json_t *call, const struct code *code, struct chunk *chunk, uint8_t head,
		struct open_call *open, uint64_t parent)
{
	static const char *const lefts[] = LEFT_NAMES;
	unsigned int left = head & SHAPE_LEFT;
	int r = left < sizeof(lefts) / sizeof(lefts[0]) ? 0 : -EBADMSG, bad = 0;
	json_t *exception, *note, *args, *result;

	args = read_args(chunk, code, head & SHAPE_ARGS, &r);
	result = read_value(chunk, head & SHAPE_RESULT, &r);
	exception = read_exception(chunk, head & SHAPE_EXCEPTION, &r);
	note = read_value(chunk, head & SHAPE_NOTE, &r);
	open->duration = json_integer(0);
	open->self = json_integer(0);
	bad |= json_object_set_new_nocheck(call, "id", json_integer((json_int_t)open->id));
	bad |= json_object_set_new_nocheck(call, "parent", json_integer((json_int_t)parent));
	bad |= json_object_set_new_nocheck(call, "depth", json_integer((json_int_t)open->depth));
	bad |= json_object_set_nocheck(call, "class", code->class);
	bad |= json_object_set_nocheck(call, "function", code->function);
	bad |= json_object_set_nocheck(call, "file", code->file);
	bad |= json_object_set_nocheck(call, "line", code->line);
	bad |= json_object_set_nocheck(call, "kind", code->kind);
	bad |= json_object_set_new_nocheck(call, "args", args);
	bad |= json_object_set_new_nocheck(call, "result", result);
	bad |= json_object_set_new_nocheck(call, "exception", exception);
	bad |= json_object_set_new_nocheck(call, "start_ns", json_integer((json_int_t)open->start));
	bad |= json_object_set_new_nocheck(call, "duration_ns", open->duration);
	bad |= json_object_set_new_nocheck(call, "self_ns", open->self);
	bad |= json_object_set_new_nocheck(call, "note", note);
	if (r == 0)
		bad |= json_object_set_new_nocheck(call, "left", json_string(lefts[left]));
	return r < 0 ? r : bad ? -ENOMEM : 0;
}

static int push(struct unfold *unfold, const struct open_call *open)
{
	if (array_grow(&unfold->open, unfold->open_count, &unfold->open_capacity, sizeof(*open)) <
	    0)
		return -ENOMEM;
	unfold->open[unfold->open_count++] = *open;
	return 0;
}

static int add_call(struct unfold *unfold, struct chunk *chunk)
{
	uint8_t head = cursor_byte(&chunk->shape);
	int r = leave_calls(unfold, chunk, cursor_varint(&chunk->shape));
	uint64_t code = cursor_varint(&chunk->shape);
	struct open_call *parent, open = {.id = json_array_size(unfold->calls) + 1};
	json_t *call;

	if (r == 0 && (chunk->shape.bad || code >= chunk->code_count))
		r = -EBADMSG;
	if (r == 0)
		r = pass_gap(unfold, &chunk->gaps);
	if (r < 0)
		return r;
	parent = unfold->open_count ? &unfold->open[unfold->open_count - 1] : NULL;
	open.start = unfold->now;
	open.depth = parent ? parent->depth + 1 : 0;
	if (head & SHAPE_DEPTH)
		open.depth += unzigzag(cursor_varint(&chunk->rest));
	call = json_object();
	if (!call || json_array_append_new(unfold->calls, call) < 0)
		return -ENOMEM;
	r = fill(call, &chunk->codes[code], chunk, head, &open, parent ? parent->id : 0);
	return r < 0 ? r : push(unfold, &open);
}

/* Those that are not what the durations say. */
static int read_selfs(struct unfold *unfold, struct cursor *rest)
{
	for (uint64_t n = cursor_varint(rest); n && !rest->bad; n--) {
		uint64_t id = cursor_varint(rest), self = cursor_varint(rest);
		json_t *call = id ? json_array_get(unfold->calls, id - 1) : NULL;

		if (!call)
			return -EBADMSG;
		json_integer_set(json_object_get(call, "self_ns"), (json_int_t)self);
	}
	return rest->bad || rest->p != rest->end ? -EBADMSG : 0;
}

static bool is_read(const struct chunk *chunk)
{
	return chunk->shape.p == chunk->shape.end && !chunk->values.size &&
	       chunk->gaps.classes.p == chunk->gaps.classes.end &&
	       (chunk->gaps.at + 7) / 8 == chunk->gaps.bits.size;
}

int unfold_add(struct unfold *unfold, const struct columns *columns)
{
	_cleanup_(chunk_deinit) struct chunk chunk;
	int r = chunk_init(&chunk, columns);

	if (unfold->ended)
		return -EBADMSG;
	for (uint64_t i = 0; i < columns->calls && r == 0; i++)
		r = add_call(unfold, &chunk);
	unfold->ended = columns->flags & COLUMNS_LAST;
	if (r == 0 && unfold->ended)
		r = leave_calls(unfold, &chunk, unfold->open_count);
	if (r == 0)
		r = read_selfs(unfold, &chunk.rest);
	return r == 0 && !is_read(&chunk) ? -EBADMSG : r;
}

int unfold_finish(struct unfold *unfold, json_t **ret)
{
	if (!unfold->ended && json_array_size(unfold->calls))
		return -EBADMSG;
	*ret = steal(&unfold->calls);
	return 0;
}
