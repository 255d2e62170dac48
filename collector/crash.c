/* SPDX-License-Identifier: MIT */
#include "crash.h"

#include <string.h>

#include "cleanup.h"
#include "record.h"
#include "value.h"

/* Of each stack. A producer has a lower limit of its own. */
#define FRAMES_MAX 100
#define BYTES_MAX  (64u << 10)
#define INNERMOST  4 /* native frames in a line each */

/* Linux's codes of x86, asm-generic/siginfo.h. 0x80: the kernel says no more. */
static const char *reason_of(const char *signal, int64_t code)
{
	static const struct {
		const char *signal;
		int64_t code;
		const char *reason;
	} reasons[] = {
		{"SIGSEGV", 1, "address not mapped"},
		{"SIGSEGV", 2, "no permission for the address"},
		{"SIGSEGV", 0x80, "not an address"},
		{"SIGBUS", 1, "address not aligned"},
		{"SIGBUS", 2, "nothing behind the address"},
		{"SIGBUS", 3, "the memory failed"},
		{"SIGBUS", 4, "the memory failed"},
		{"SIGBUS", 5, "the memory failed"},
		{"SIGFPE", 1, "integer division by zero"},
		{"SIGFPE", 2, "integer overflow"},
		{"SIGFPE", 3, "division by zero"},
		{"SIGFPE", 4, "overflow"},
		{"SIGFPE", 5, "underflow"},
		{"SIGFPE", 6, "inexact result"},
		{"SIGFPE", 7, "invalid operation"},
		{"SIGILL", 1, "illegal opcode"},
		{"SIGILL", 2, "illegal operand"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code && strcmp(reasons[i].signal, signal) == 0)
			return reasons[i].reason;
	return NULL;
}

static json_t *reason(const json_t *map)
{
	int64_t code = get_int(map, "code"), sender = get_int(map, "sender");
	const char *known = reason_of(get_text(map, "signal"), code);

	if (json_is_true(json_object_get(map, "stack_overflow")))
		return json_string("stack overflow");
	if (known)
		return json_string(known);
	if (code > 0)
		return json_sprintf("code %lld", (long long)code);
	return sender ? json_sprintf("sent by process %lld", (long long)sender)
		      : json_string("raised by the process itself");
}

/* As tools for ELF files take it. */
static json_t *hex(const json_t *number)
{
	if (!json_is_integer(number))
		return json_null();
	return json_sprintf("0x%llx", (unsigned long long)json_integer_value(number));
}

static json_t *redacted(struct redact *redact, const json_t *text)
{
	_cleanup_(freep) char *out = NULL;

	if (!json_is_string(text))
		return json_null();
	out = redact_text(redact, json_string_value(text));
	return out ? json_string(out) : json_null();
}

/* As in an exception's trace. A number stands for so many. */
static json_t *php_frame(const json_t *frame, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *object = NULL;

	if (json_is_integer(frame))
		return json_pack("{s:I}", "left_out", json_integer_value(frame));
	object = json_pack("{s:O?, s:I, s:O?, s:O?}", "file", json_array_get(frame, 0), "line",
			   json_integer_value(json_array_get(frame, 1)), "class",
			   json_array_get(frame, 2), "function", json_array_get(frame, 3));
	return redact_json(redact, object, REDACT_PHP);
}

static json_t *native_frame(const json_t *frame, struct redact *redact)
{
	json_t *symbol = json_array_get(frame, 2);

	return json_pack("{s:o, s:o, s:o, s:o}", "module",
			 redacted(redact, json_array_get(frame, 0)), "offset",
			 hex(json_array_get(frame, 1)), "symbol", redacted(redact, symbol),
			 "symbol_offset",
			 json_is_string(symbol) ? hex(json_array_get(frame, 3)) : json_null());
}

/* No more than there is room for: the innermost tell most. */
static json_t *frames_of(const json_t *list, struct redact *redact,
			 json_t *(*make)(const json_t *frame, struct redact *redact))
{
	json_t *frames = json_array(), *frame;
	size_t i, bytes = 0;

	json_array_foreach (list, i, frame) {
		json_t *made = make(frame, redact);

		bytes += json_dumpb(made, NULL, 0, JSON_COMPACT);
		if (i == FRAMES_MAX || bytes > BYTES_MAX) {
			json_decref(made);
			break;
		}
		json_array_append_new(frames, made);
	}
	return frames;
}

static bool is_hex(const char *text)
{
	return text && text[strspn(text, "0123456789abcdef")] == 0 && strlen(text) <= 40;
}

/* {module: build id} */
static json_t *modules_of(const json_t *map, struct redact *redact)
{
	json_t *modules = json_object(), *id;
	const char *name;

	json_object_foreach ((json_t *)map, name, id) {
		_cleanup_(freep) char *key = redact_text(redact, name);

		if (key && is_hex(json_string_value(id)) && json_object_size(modules) < FRAMES_MAX)
			json_object_set(modules, key, id);
	}
	return modules;
}

static bool is_signal(const char *name)
{
	static const char *const names[] = {"SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

json_t *crash_build(const struct request *request, struct redact *redact)
{
	_cleanup_(json_decrefp) json_t *map = NULL;
	json_int_t sender;

	if (!request->crash.map_size)
		return json_null();
	map = value_to_json(request_value(request, request->crash.map, request->crash.map_size));
	if (!is_signal(get_text(map, "signal")))
		return json_null();
	sender = json_integer_value(json_object_get(map, "sender"));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:b, s:o}", "signal",
			 get_text(map, "signal"), "reason", reason(map), "address",
			 hex(json_object_get(map, "address")), "sender",
			 sender ? json_integer(sender) : json_null(), "thread",
			 redacted(redact, json_object_get(map, "thread")), "in_agent",
			 json_is_true(json_object_get(map, "in_agent")), "offset_ms",
			 record_ms((int64_t)request->crash.at_ns), "php",
			 frames_of(json_object_get(map, "php"), redact, php_frame), "native",
			 frames_of(json_object_get(map, "native"), redact, native_frame),
			 "native_cut", json_is_true(json_object_get(map, "native_cut")), "modules",
			 modules_of(json_object_get(map, "modules"), redact));
}

json_t *crash_title(const json_t *crash)
{
	const char *address = get_text(crash, "address"), *thread = get_text(crash, "thread");

	return json_sprintf("%s, %s%s%s%s%s", get_text(crash, "signal"), get_text(crash, "reason"),
			    *address ? ": " : "", address, *thread ? ", in thread " : "", thread);
}

static void add_native(struct buffer *out, const json_t *frame)
{
	const char *module = get_text(frame, "module"), *symbol = get_text(frame, "symbol");

	buffer_add_text(out, *module ? module : "(no module)");
	buffer_add_text(out, "+");
	buffer_add_text(out, get_text(frame, "offset"));
	if (!*symbol)
		return;
	buffer_add_text(out, " ");
	buffer_add_text(out, symbol);
	buffer_add_text(out, "+");
	buffer_add_text(out, get_text(frame, "symbol_offset"));
}

void crash_native_stack(struct buffer *out, const json_t *crash)
{
	const json_t *frame;
	size_t i;

	json_array_foreach (json_object_get(crash, "native"), i, frame) {
		add_native(out, frame);
		buffer_add_text(out, "\n");
	}
}

json_t *crash_innermost(const json_t *crash)
{
	const json_t *native = json_object_get(crash, "native");
	json_t *lines = json_array();

	for (size_t i = 0; i < json_array_size(native) && i < INNERMOST; i++) {
		_cleanup_(buffer_deinit) struct buffer line = BUFFER_INIT;

		add_native(&line, json_array_get(native, i));
		json_array_append_new(lines, json_stringn((char *)line.data, line.size));
	}
	return lines;
}
