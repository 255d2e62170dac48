/* SPDX-License-Identifier: MIT */
/* NOTE frames. */

#include "note.h"

#include "frame.h"
#include "url.h"
#include "values.h"

static bool begin(struct note *note)
{
	size_t room = NOTE_ROOM + worker.settings.max_call_bytes + VALUES_SLACK;

	note->at = clock_ticks();
	note->pairs = 0;
	if (!frame_begin(&note->k, room, RING_KEEP, 3, CT_FRAME_NOTE, note->at)) {
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
		return false;
	}
	values_begin(&note->k);
	note->map = pack_open(&note->k, true);
	return true;
}

bool note_begin_with(struct note *note, const struct stack *stack, const char *kind)
{
	if (!begin(note))
		return false;
	note_key(note, "kind");
	pack_text(&note->k, kind);
	note_key(note, "stack");
	stack_pack(&note->k, stack);
	return true;
}

bool note_begin(struct note *note, const struct zframe *frame, const char *kind)
{
	struct stack stack;

	stack_take(&stack, frame);
	return note_begin_with(note, &stack, kind);
}

bool note_more(struct note *note)
{
	return begin(note);
}

void note_end(struct note *note)
{
	pack_close(&note->k, note->map, note->pairs);
	if (!frame_commit(&note->k, note->at))
		ring_lose(&worker.ring, CT_LOST_VALUES, 1);
}

void note_key(struct note *note, const char *key)
{
	note->pairs++;
	pack_text(&note->k, key);
}

void note_int(struct note *note, const char *key, int64_t v)
{
	note_key(note, key);
	pack_int(&note->k, v);
}

void note_bool(struct note *note, const char *key, bool v)
{
	note_key(note, key);
	pack_bool(&note->k, v);
}

void note_string(struct note *note, const char *key, const char *text, size_t n)
{
	note_key(note, key);
	value_pack_string(&note->k, text, n);
}

void note_text(struct note *note, const char *key, const char *text, size_t n)
{
	note_string(note, key, text, n < NOTE_TEXT ? n : NOTE_TEXT);
}

void note_url(struct note *note, const char *key, const char *text, size_t n)
{
	char clean[NOTE_TEXT];

	note_string(note, key, clean, url_clean(clean, sizeof(clean), text, n));
}

void note_dsn(struct note *note, const char *key, const char *text, size_t n)
{
	char clean[NOTE_TEXT];

	note_string(note, key, clean, dsn_clean(clean, sizeof(clean), text, n));
}

void note_scalar(struct note *note, const char *key, const struct zval *v)
{
	v = zval_deref(v);
	if (v->type == Z_STRING)
		note_text(note, key, v->str->val, v->str->len);
	else if (v->type == Z_LONG)
		note_int(note, key, v->lval);
}
