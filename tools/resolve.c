/* SPDX-License-Identifier: MIT */
/*
 * trace-dump errors resolve, errors reopen: the only commands that write into the store.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "command.h"
#include "output.h"
#include "phrase.h"
#include "present.h"
#include "redact.h"
#include "terminal.h"

CLEANUP_DEFINE(struct redact *, redact_free);

/* A note is stored like everything else: without what identifies a caller. */
static int redacted_note(const char *note, char **ret)
{
	_cleanup_(redact_freep) struct redact *redact = NULL;
	int r = note ? redact_new(&redact) : 0;

	if (r || !note)
		return r;
	*ret = redact_text(redact, note);
	return *ret ? 0 : -ENOMEM;
}

static int print_text(const struct options *options, const json_t *error)
{
	_cleanup_(text_deinit) struct text out = {.color = terminal_color()};
	int width = terminal_width(options->width);

	text_addf(&out, "%.13s  ", field_text(error, "id"));
	text_add(&out, json_is_true(json_object_get(error, "resolved")) ? "resolved" : "open");
	text_addf(&out, "  %s %s: ", field_text(error, "severity"),
		  field_text(error, "error_code"));
	text_add_cut(&out, field_text(error, "error_message"), width - out.column);
	text_newline(&out);
	if (*field_text(error, "resolution_notes")) {
		text_add(&out, "  ");
		text_add_wrapped(&out, field_text(error, "resolution_notes"), width, 0);
		text_newline(&out);
	}
	text_write(&out, stdout);
	return text_error(&out);
}

static int print(const struct options *options, const json_t *error)
{
	_cleanup_(json_decrefp) json_t *shown = present_record(error), *document = NULL;

	if (options->format == FORMAT_TEXT)
		return print_text(options, error);
	document = json_pack("{s:O?}", "error", shown);
	return document ? output_json(document) : -ENOMEM;
}

static int find(struct context *context, struct store_place *ret)
{
	const char *id = context->options->args[0];
	int r = store_find_error(context->txn, id, ret);

	if (r == STORE_NONE)
		fprintf(stderr,
			"trace-dump: no error's id is, or begins with, %s; ids are in "
			"trace-dump errors --format json\n",
			id);
	if (r == STORE_AMBIGUOUS)
		fprintf(stderr, "trace-dump: more than one error's id begins with %s\n", id);
	return r > 0 ? COMMAND_NOTHING : r;
}

static int resolve(struct context *context, bool resolved)
{
	_cleanup_(json_decrefp) json_t *error = NULL;
	_cleanup_(freep) char *note = NULL;
	struct store_place place;
	struct timespec now;
	int r = find(context, &place);

	if (!r)
		r = redacted_note(context->options->note, &note);
	if (r)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	r = store_resolve(context->txn, &place, resolved, note,
			  (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, &error);
	if (!r)
		r = store_commit(steal(&context->txn));
	return r ? r : print(context->options, error);
}

int command_errors_resolve(struct context *context)
{
	return resolve(context, true);
}

int command_errors_reopen(struct context *context)
{
	return resolve(context, false);
}
