/* SPDX-License-Identifier: MIT */
#include "given.h"

#include "check.h"

struct given {
	const json_t *calls;
	size_t next;
};

static const json_t *field(const json_t *call, size_t i, const char *name)
{
	return json_is_object(call) ? json_object_get(call, name) : json_array_get(call, i);
}

static uint64_t number(const json_t *call, size_t i, const char *name)
{
	return (uint64_t)json_integer_value(field(call, i, name));
}

static const char *text(const json_t *call, size_t i, const char *name)
{
	return json_string_value(field(call, i, name));
}

static int next_call(struct store_call *ret, void *userdata)
{
	struct given *given = userdata;
	const json_t *call = json_array_get(given->calls, given->next++);

	if (!call)
		return STORE_NONE;
	CHECK_INT(number(call, 0, "id"), given->next);
	*ret = (struct store_call){
		.parent = number(call, 1, "parent"),
		.depth = number(call, 2, "depth"),
		.class = text(call, 3, "class"),
		.function = text(call, 4, "function"),
		.file = text(call, 5, "file"),
		.line = number(call, 6, "line"),
		.kind = text(call, 7, "kind"),
		.args = field(call, 8, "args"),
		.result = field(call, 9, "result"),
		.exception = field(call, 10, "exception"),
		.start_ns = number(call, 11, "start_ns"),
		.duration_ns = number(call, 12, "duration_ns"),
		.self_ns = number(call, 13, "self_ns"),
		.note = field(call, 14, "note"),
		.left = text(call, 15, "left"),
	};
	return 0;
}

int given_try(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
	      const json_t *calls)
{
	struct given given = {calls, 0};

	return store_put_tree(txn, session, request, next_call, &given);
}

void given_put(struct store_txn *txn, const struct uuid *session, const struct uuid *request,
	       const json_t *calls)
{
	CHECK_INT(given_try(txn, session, request, calls), 0);
}
