/* SPDX-License-Identifier: MIT */
/* PHP's stack. */

#include "phpstack.h"

#include "peek.h"
#include "values.h"
#include "zend.h"

#define INNER	   40
#define OUTER	   20
#define DEPTH_MAX  500000u /* counted; no stack is deeper, but one that goes in circles */
#define NAME_BYTES 256
#define PATH_BYTES 1024

struct place {
	uintptr_t file; /* a zend_string; 0: no PHP code, or not known */
	uint32_t line;
};

struct call {
	struct zframe frame;
	struct zfunc func;
	bool known; /* both were readable */
};

static void read_call(uintptr_t at, struct call *ret)
{
	ret->known = peek(at, &ret->frame, sizeof(ret->frame)) && ret->frame.func &&
		     peek((uintptr_t)ret->frame.func, &ret->func, sizeof(ret->func));
}

static bool is_user(const struct call *call)
{
	return call->known && call->func.type != ZFUNC_INTERNAL;
}

/* The script, which nothing calls, or what a fiber begins with, which no PHP code is. */
static bool is_bottom(const struct call *call)
{
	return call->known && !call->func.name &&
	       (call->func.type == ZFUNC_INTERNAL || !call->frame.prev);
}

static struct place place_of(const struct call *call)
{
	struct place place = {0};
	struct zop op;

	if (!is_user(call))
		return place;
	if (!peek((uintptr_t)call->frame.func + zend.at->fn_file, &place.file, sizeof(place.file)))
		return place;
	if (peek((uintptr_t)call->frame.opline, &op, sizeof(op)))
		place.line = op.lineno;
	return place;
}

static void pack_zstr(struct pack *k, uintptr_t at, size_t max)
{
	char text[PATH_BYTES];
	struct zstr head;
	size_t n, len;

	if (!at || !peek(at, &head, offsetof(struct zstr, val))) {
		pack_nil(k);
		return;
	}
	n = head.len < max ? head.len : max;
	/* An anonymous class's name goes on behind a NUL. */
	len = peek(at + offsetof(struct zstr, val), text, n) ? strnlen(text, n) : 0;
	value_pack_name(k, text, len == n ? head.len : len, len);
}

static void pack_frame(struct pack *k, struct place place, const struct call *call)
{
	struct zclass class = {0};

	pack_array(k, 4);
	pack_zstr(k, place.file, PATH_BYTES);
	pack_uint(k, place.line);
	if (!call || !call->known) {
		pack_nil(k);
		pack_nil(k);
		return;
	}
	if (call->func.name && call->func.scope)
		peek((uintptr_t)call->func.scope, &class, sizeof(class));
	pack_zstr(k, (uintptr_t) class.name, NAME_BYTES);
	if (call->func.name)
		pack_zstr(k, (uintptr_t)call->func.name, NAME_BYTES);
	else
		pack_text(k, "{include}");
}

/* Where the frames are, without those in the middle. */
struct frames {
	uintptr_t at[INNER + OUTER];
	uint32_t depth, count;
};

static void find_frames(struct frames *ret)
{
	uintptr_t outer[OUTER], at;
	struct zframe frame;
	uint32_t n = 0;

	if (!peek((uintptr_t)zend.eg + zend.at->eg_frame, &at, sizeof(at)))
		at = 0;
	for (; at && n < DEPTH_MAX && peek(at, &frame, sizeof(frame)); n++) {
		if (n < INNER)
			ret->at[n] = at;
		else
			outer[n % OUTER] = at;
		at = (uintptr_t)frame.prev;
	}
	ret->depth = n;
	ret->count = n < INNER + OUTER ? n : INNER + OUTER;
	for (uint32_t i = INNER; i < ret->count; i++)
		ret->at[i] = outer[(n - ret->count + i) % OUTER];
}

static struct place innermost_place(const struct frames *frames)
{
	struct call call;

	for (uint32_t i = 0; i < frames->count; i++) {
		read_call(frames->at[i], &call);
		if (is_user(&call))
			return place_of(&call);
	}
	return (struct place){0};
}

void phpstack_pack(struct pack *k)
{
	struct call call, caller;
	struct frames frames;
	uint16_t count = 0;
	uint8_t *open;

	find_frames(&frames);
	open = pack_open(k, false);
	if (frames.depth) {
		pack_frame(k, innermost_place(&frames), NULL);
		count++;
	}
	for (uint32_t i = 0; i < frames.count; i++) {
		if (i == INNER && frames.depth > frames.count) {
			pack_uint(k, frames.depth - frames.count);
			count++;
		}
		read_call(frames.at[i], &call);
		if (is_bottom(&call))
			continue;
		read_call((uintptr_t)call.frame.prev, &caller);
		pack_frame(k, place_of(&caller), &call);
		count++;
	}
	pack_close(k, open, count);
}
