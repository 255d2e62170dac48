/* SPDX-License-Identifier: MIT */
/* Programs that PHP starts, and mail. Their environment is never looked at. */

#include "argument.h"
#include "note.h"
#include "outbound.h"
#include "worker.h"

#include <string.h>

#define COMMAND_MAX 8192

static void note_command(struct note *note, const char *key, const struct zval *v)
{
	static char clean[COMMAND_MAX];

	note_string(note, key, clean, command_mask(clean, sizeof(clean), v->str->val, v->str->len));
}

/* An argument list: after a name of secrets, what follows it is one. */
static void note_list(struct note *note, const char *key, const struct zarr *list)
{
	char *words[] = {NULL, "", NULL};
	uint8_t *at;
	uint16_t n = 0;

	note_key(note, key);
	at = pack_open(&note->k, false);
	for (uint32_t i = 0; i < list->used && n < worker.settings.max_elements; i++) {
		const struct zval *v = zval_deref(zarr_at(list, i));

		if (v->type != Z_STRING)
			continue;
		words[2] = v->str->val;
		argument_pack(&note->k, words, 2);
		words[1] = words[2];
		n++;
	}
	pack_close(&note->k, at, n);
}

/* A command line, or a program and its arguments. */
static void before(const struct zframe *frame, const char *kind)
{
	const struct zval *command = outbound_arg(frame, 0), *args = outbound_arg(frame, 1);
	struct note note;

	if (!note_begin(&note, frame, kind))
		return;
	if (command->type == Z_STRING)
		note_command(&note, "command", command);
	else if (command->type == Z_ARRAY)
		note_list(&note, "command", command->arr);
	/* pcntl_exec($path, $args) */
	if (frame->func->name->val[0] == 'p' && frame->func->name->val[1] == 'c' &&
	    args->type == Z_ARRAY)
		note_list(&note, "arguments", args->arr);
	note_end(&note);
}

/* false; but an empty output is null for shell_exec(). */
static void after(const struct zframe *frame, const struct zval *result)
{
	struct note note;

	(void)frame;
	if (result->type != Z_FALSE || !note_more(&note))
		return;
	note_bool(&note, "failed", true);
	note_end(&note);
}

/* exec($command, &$output, &$code), system($command, &$code), passthru($command, &$code) */
static void note_status(const struct zframe *frame, uint32_t i)
{
	const struct zval *status = outbound_arg(frame, i);
	struct note note;

	if (status->type != Z_LONG || !note_more(&note))
		return;
	note_int(&note, "exit_status", status->lval);
	note_end(&note);
}

static void after_exec(const struct zframe *frame, const struct zval *result)
{
	after(frame, result);
	note_status(frame, 2);
}

static void after_system(const struct zframe *frame, const struct zval *result)
{
	after(frame, result);
	note_status(frame, 1);
}

static const struct outbound_role run = {.before = before, .after = after};
static const struct outbound_role exec = {.before = before, .after = after_exec};
static const struct outbound_role system_ = {.before = before, .after = after_system};
static const struct outbound_role mail = {.after = after};

const struct outbound outbound_processes[] = {
	{NULL, "exec", "process", &exec, OUTBOUND_RESULT, 0},
	{NULL, "shell_exec", "process", &run, OUTBOUND_RESULT, 0},
	{NULL, "system", "process", &system_, OUTBOUND_RESULT, 0},
	{NULL, "passthru", "process", &system_, OUTBOUND_RESULT, 0},
	{NULL, "popen", "process", &run, OUTBOUND_RESULT, 0},
	{NULL, "proc_open", "process", &run, OUTBOUND_RESULT, 0},
	{NULL, "pcntl_exec", "process", &run, OUTBOUND_RESULT, 0},
	/* To whom, and the subject. */
	{NULL, "mail", "mail", &mail, OUTBOUND_ARGS, OUTBOUND_ONLY(2)},
	{NULL, "mb_send_mail", "mail", &mail, OUTBOUND_ARGS, OUTBOUND_ONLY(2)},
	{0},
};
