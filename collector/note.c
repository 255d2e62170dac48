/* SPDX-License-Identifier: MIT */
#include "note.h"

#include "cleanup.h"
#include "value.h"

/* Transfers that overlap, and what is noted inside a call that goes out: no producer has more. */
#define LOOK_BACK 1024u

static struct span map_of(const struct request *request, const struct php_note *note)
{
	return request_value(request, note->map, note->map_size);
}

/* Of one with a number that number, else the call that it is about. */
static bool same_subject(const struct php_note *a, const struct php_note *b)
{
	return b->id ? a->id == b->id : !a->id && a->call == b->call;
}

void note_begin(struct request *request, size_t i)
{
	struct php_note *note = &request->notes[i];
	struct span map = map_of(request, note), id = value_get(map, "id");

	if (id.data && value_uint(id, &note->id) < 0)
		note->id = 0;
	if (value_get(map, "kind").data)
		return;
	for (size_t back = 1; back <= i && back <= LOOK_BACK; back++) {
		struct php_note *before = &request->notes[i - back];

		if (before->goes_on || !same_subject(before, note))
			continue;
		note->goes_on = true;
		request->notes[before->last ?: i - back].more = (uint32_t)i;
		before->last = (uint32_t)i;
		return;
	}
}

/* `[fn, line]`, or how many are left out. */
static json_t *stack_call(const struct functions *functions, const json_t *call)
{
	const struct function *function =
		functions_get(functions, (uint32_t)json_integer_value(json_array_get(call, 0)));

	if (!json_is_array(call))
		return json_pack("{s:O}", "omitted", call);
	return json_pack("{s:s?, s:O?, s:s?, s:s}", "file", function ? function->file : NULL,
			 "line", json_array_get(call, 1), "class",
			 function ? function->class : NULL, "function",
			 function ? function->name : "?");
}

static void name_stack(json_t *note, const struct functions *functions)
{
	_cleanup_(json_decrefp) json_t *stack = json_incref(json_object_get(note, "stack"));
	json_t *named = json_array(), *call;
	size_t i;

	if (!json_is_array(stack) || !functions) {
		json_decref(named);
		json_object_del(note, "stack");
		return;
	}
	json_array_foreach (stack, i, call)
		json_array_append_new(named, stack_call(functions, call));
	json_object_set_new(note, "stack", named);
}

json_t *note_json(const struct request *request, const struct functions *functions, size_t i)
{
	const struct php_note *note = &request->notes[i];
	_cleanup_(json_decrefp) json_t *whole = NULL;

	if (note->goes_on)
		return NULL;
	whole = value_to_json(map_of(request, note));
	for (uint32_t more = note->more; more; more = request->notes[more].more) {
		_cleanup_(json_decrefp) json_t *piece =
			value_to_json(map_of(request, &request->notes[more]));

		json_object_update(whole, piece);
	}
	name_stack(whole, functions);
	return steal(&whole);
}
