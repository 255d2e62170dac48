/* SPDX-License-Identifier: MIT */
/*
 * Calls nest, so their times are told by how long nothing was entered or left: the gap before each
 * entry and each leaving, in the order in which they happened. What the other columns can tell is
 * not stored: ids, parents and depths as a rule, self times.
 */
#include "fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "codes.h"
#include "value.h"

#define VALUES_MAX (256u << 10) /* of a chunk, before its last call */

/* A call that is not over yet where the fold is. */
struct open_call {
	uint64_t id, depth, end, duration, children, self;
};

struct gaps {
	uint64_t *list;
	size_t count, capacity;
	bool negative;
};

struct fold {
	fold_emit_fn emit;
	void *userdata;
	uint32_t chunk;
	uint64_t id, now;
	struct open_call *open;
	size_t open_count, open_capacity;

	/* Of the chunk. */
	uint64_t calls;
	struct codes codes;
	struct gaps gaps;
	struct buffer code, shape, depths, selfs, classes, bits;
	uint64_t self_count;
	msgpack_sbuffer values;
	msgpack_packer packer;
	size_t exception, exception_size; /* the latest in `values` */
};

void fold_free(struct fold *fold)
{
	if (!fold)
		return;
	free(fold->open);
	free(fold->gaps.list);
	codes_deinit(&fold->codes);
	buffer_deinit(&fold->code);
	buffer_deinit(&fold->shape);
	buffer_deinit(&fold->depths);
	buffer_deinit(&fold->selfs);
	buffer_deinit(&fold->classes);
	buffer_deinit(&fold->bits);
	msgpack_sbuffer_destroy(&fold->values);
	free(fold);
}

int fold_new(struct fold **ret, fold_emit_fn emit, void *userdata)
{
	struct fold *fold = calloc(1, sizeof(*fold));

	if (!fold)
		return -ENOMEM;
	fold->emit = emit;
	fold->userdata = userdata;
	msgpack_sbuffer_init(&fold->values);
	msgpack_packer_init(&fold->packer, &fold->values, msgpack_sbuffer_write);
	*ret = fold;
	return 0;
}

/* Time goes on to `at`, modulo 2^64: no two numbers are too far apart. */
static int add_gap(struct fold *fold, uint64_t at)
{
	struct gaps *gaps = &fold->gaps;
	int r = array_grow(&gaps->list, gaps->count, &gaps->capacity, sizeof(*gaps->list));

	if (r < 0)
		return r;
	gaps->list[gaps->count++] = at - fold->now;
	gaps->negative |= at < fold->now;
	fold->now = at;
	return 0;
}

static int leave(struct fold *fold)
{
	struct open_call *call = &fold->open[--fold->open_count];
	uint64_t self = call->duration > call->children ? call->duration - call->children : 0;
	int r = add_gap(fold, call->end);

	if (fold->open_count)
		call[-1].children += call->duration;
	if (r < 0 || self == call->self)
		return r;
	fold->self_count++;
	r = varint_add(&fold->selfs, call->id);
	return r < 0 ? r : varint_add(&fold->selfs, call->self);
}

/* How many calls are left before one of `parent` is entered; they are. */
static int leave_to(struct fold *fold, uint64_t parent, uint64_t *ret)
{
	size_t keep = fold->open_count;
	int r = 0;

	while (keep && fold->open[keep - 1].id > parent)
		keep--;
	if (parent && (!keep || fold->open[keep - 1].id != parent))
		return -EINVAL;
	*ret = fold->open_count - keep;
	while (fold->open_count > keep && r == 0)
		r = leave(fold);
	return r;
}

static int enter(struct fold *fold, const struct store_call *call)
{
	int r = array_grow(&fold->open, fold->open_count, &fold->open_capacity,
			   sizeof(*fold->open));

	if (r == 0)
		r = add_gap(fold, call->start_ns);
	if (r < 0)
		return r;
	fold->open[fold->open_count++] = (struct open_call){
		.id = ++fold->id,
		.depth = call->depth,
		.end = call->start_ns + call->duration_ns,
		.duration = call->duration_ns,
		.self = call->self_ns,
	};
	return 0;
}

static int add_text(struct buffer *buffer, const char *text)
{
	return text ? buffer_add(buffer, text, strlen(text) + 1) : 0;
}

static int add_keys(struct buffer *buffer, const json_t *args)
{
	const char *key;
	json_t *value;
	int r = varint_add(buffer, json_object_size(args));

	json_object_foreach ((json_t *)args, key, value)
		if (r == 0)
			r = add_text(buffer, key);
	return r;
}

/* What tells the code from other code, and the arguments' names. */
static int code_of(struct fold *fold, const struct store_call *call, uint32_t *ret)
{
	const char *const texts[] = {call->class, call->function, call->file, call->kind};
	struct buffer *code = &fold->code;
	bool keys = json_is_object(call->args);
	uint8_t head = (call->class ? CODE_CLASS : 0) | (call->file ? CODE_FILE : 0) |
		       (call->kind ? CODE_KIND : 0) | (keys ? CODE_KEYS : 0);
	int r;

	code->size = 0;
	r = buffer_add(code, &head, 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = add_text(code, texts[i]);
	if (r == 0)
		r = varint_add(code, call->line);
	if (r == 0 && keys)
		r = add_keys(code, call->args);
	if (r < 0)
		return r;
	return codes_add(&fold->codes, (struct span){code->data, code->size}, ret);
}

static bool readable(const struct fold *fold, size_t from)
{
	struct span bytes = {(const uint8_t *)fold->values.data + from, fold->values.size - from};

	return value_check(bytes) == (ssize_t)bytes.size;
}

static int add_value(struct fold *fold, const json_t *value)
{
	size_t from = fold->values.size;

	if (value_pack(&fold->packer, value) != 0)
		return -ENOMEM;
	return readable(fold, from) ? 0 : -EINVAL;
}

/* Their keys are the code's. */
static int add_args(struct fold *fold, const json_t *args)
{
	size_t from = fold->values.size;
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(args))
		return add_value(fold, args);
	r = msgpack_pack_array(&fold->packer, json_object_size(args));
	json_object_foreach ((json_t *)args, key, value)
		r |= value_pack(&fold->packer, value);
	if (r)
		return -ENOMEM;
	return readable(fold, from) ? 0 : -EINVAL;
}

/* One exception may leave thousands of calls. */
static int add_exception(struct fold *fold, const json_t *exception)
{
	static const char same = (char)VALUE_SAME;
	size_t from = fold->values.size, size;
	int r = add_value(fold, exception);

	size = fold->values.size - from;
	if (r < 0)
		return r;
	if (size == fold->exception_size &&
	    memcmp(fold->values.data + from, fold->values.data + fold->exception, size) == 0) {
		fold->values.size = from;
		return msgpack_sbuffer_write(&fold->values, &same, 1) ? -ENOMEM : 0;
	}
	fold->exception = from;
	fold->exception_size = size;
	return 0;
}

static int left_of(const char *left)
{
	static const char *const names[] = LEFT_NAMES;

	for (size_t i = 0; left && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], left) == 0)
			return (int)i;
	return -EINVAL;
}

static bool present(const json_t *value)
{
	return value && !json_is_null(value);
}

static int add_shape(struct fold *fold, const struct store_call *call, uint64_t left_calls,
		     uint64_t depth)
{
	int left = left_of(call->left);
	uint32_t code;
	uint8_t head;
	int r;

	if (left < 0)
		return left;
	head = (uint8_t)left | (present(call->args) ? SHAPE_ARGS : 0) |
	       (present(call->result) ? SHAPE_RESULT : 0) |
	       (present(call->exception) ? SHAPE_EXCEPTION : 0) |
	       (present(call->note) ? SHAPE_NOTE : 0) | (call->depth != depth ? SHAPE_DEPTH : 0);
	r = code_of(fold, call, &code);
	if (r == 0)
		r = buffer_add(&fold->shape, &head, 1);
	if (r == 0)
		r = varint_add(&fold->shape, left_calls);
	if (r == 0)
		r = varint_add(&fold->shape, code);
	if (r == 0 && call->depth != depth)
		r = varint_add(&fold->depths, zigzag(call->depth - depth));
	return r;
}

static int add_values(struct fold *fold, const struct store_call *call)
{
	int r = present(call->args) ? add_args(fold, call->args) : 0;

	if (r == 0 && present(call->result))
		r = add_value(fold, call->result);
	if (r == 0 && present(call->exception))
		r = add_exception(fold, call->exception);
	if (r == 0 && present(call->note))
		r = add_value(fold, call->note);
	return r;
}

/* The lowest `count` bits behind the `used` ones of the last byte. */
static int add_bits(struct buffer *bits, unsigned int *used, uint64_t value, unsigned int count)
{
	int r = buffer_reserve(bits, 10);

	if (r < 0)
		return r;
	while (count) {
		unsigned int some = 8 - *used < count ? 8 - *used : count;

		if (!*used)
			bits->data[bits->size++] = 0;
		bits->data[bits->size - 1] |= (uint8_t)((value & ((1u << some) - 1)) << *used);
		value >>= some;
		count -= some;
		*used = (*used + some) % 8;
	}
	return 0;
}

/* How many low bits no gap uses: times come in steps. */
static unsigned int unused_bits(const struct gaps *gaps)
{
	uint64_t any = 1ull << COLUMNS_SHIFT_MAX;

	for (size_t i = 0; i < gaps->count; i++)
		any |= gaps->list[i];
	return (unsigned int)__builtin_ctzll(any);
}

/* A gap is how many bits it has, and those below its first. */
static int add_gaps(struct fold *fold, unsigned int shift)
{
	unsigned int used = 0;
	int r = 0;

	for (size_t i = 0; i < fold->gaps.count && r == 0; i++) {
		uint64_t gap = fold->gaps.list[i];
		uint8_t size;

		gap = fold->gaps.negative ? zigzag((uint64_t)((int64_t)gap >> shift))
					  : gap >> shift;
		size = gap ? (uint8_t)(64 - __builtin_clzll(gap)) : 0;
		r = buffer_add(&fold->classes, &size, 1);
		if (r == 0 && size > 1)
			r = add_bits(&fold->bits, &used, gap, size - 1u);
	}
	return r;
}

/* Depths that are odd, in the order of their calls, then self times. */
static int add_selfs(struct fold *fold)
{
	int r = varint_add(&fold->depths, fold->self_count);

	return r < 0 ? r : buffer_add(&fold->depths, fold->selfs.data, fold->selfs.size);
}

static void next_chunk(struct fold *fold)
{
	fold->chunk++;
	fold->calls = 0;
	fold->self_count = 0;
	fold->gaps.count = 0;
	fold->gaps.negative = false;
	fold->exception_size = 0;
	codes_clear(&fold->codes);
	msgpack_sbuffer_clear(&fold->values);
	fold->shape.size = fold->depths.size = fold->selfs.size = 0;
	fold->classes.size = fold->bits.size = 0;
}

static int emit(struct fold *fold, uint64_t flags)
{
	_cleanup_(freep) struct span *codes = calloc(fold->codes.count + 1, sizeof(*codes));
	unsigned int shift = unused_bits(&fold->gaps);
	struct columns columns = {
		.flags = flags | (fold->gaps.negative ? COLUMNS_SIGNED : 0) | shift * COLUMNS_SHIFT,
		.calls = fold->calls,
		.codes = codes,
		.code_count = fold->codes.count,
	};
	int r = codes ? add_gaps(fold, shift) : -ENOMEM;

	if (r == 0)
		r = add_selfs(fold);
	if (r < 0)
		return r;
	for (size_t i = 0; i < fold->codes.count; i++)
		codes[i] = codes_get(&fold->codes, (uint32_t)i);
	columns.column[COLUMN_SHAPE] = (struct span){fold->shape.data, fold->shape.size};
	columns.column[COLUMN_REST] = (struct span){fold->depths.data, fold->depths.size};
	columns.column[COLUMN_VALUES] =
		(struct span){(const uint8_t *)fold->values.data, fold->values.size};
	columns.column[COLUMN_CLASSES] = (struct span){fold->classes.data, fold->classes.size};
	columns.column[COLUMN_BITS] = (struct span){fold->bits.data, fold->bits.size};
	r = fold->emit(fold->chunk, &columns, fold->userdata);
	next_chunk(fold);
	return r;
}

int fold_add(struct fold *fold, const struct store_call *call)
{
	uint64_t left_calls, depth;
	int r = 0;

	if (!call->function)
		return -EINVAL;
	if (fold->calls >= COLUMNS_CALLS_MAX || fold->values.size >= VALUES_MAX)
		r = emit(fold, 0);
	if (r == 0)
		r = leave_to(fold, call->parent, &left_calls);
	if (r < 0)
		return r;
	depth = fold->open_count ? fold->open[fold->open_count - 1].depth + 1 : 0;
	r = enter(fold, call);
	if (r == 0)
		r = add_shape(fold, call, left_calls, depth);
	if (r == 0)
		r = add_values(fold, call);
	fold->calls++;
	return r;
}

int fold_finish(struct fold *fold)
{
	uint64_t left_calls;
	int r;

	if (!fold->id)
		return 0;
	r = leave_to(fold, 0, &left_calls);
	return r < 0 ? r : emit(fold, COLUMNS_LAST);
}
