/* SPDX-License-Identifier: MIT */
/*
 * trace-dump export: whole calls for other programs, one after the other.
 */
#include "export.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "command.h"
#include "export-sqlite.h"
#include "output.h"
#include "present.h"
#include "target.h"

struct export
{
	const struct options *options;
	const struct writer *writer;
	struct target target;
	struct output_csv csv;
	struct export_sqlite *sqlite;
	size_t count; /* of calls */
	int failed;   /* writing; what fails else is the store */
	bool progress;
	double shown_at; /* seconds */
};

/* Each returns 0 or negative errno. */
struct writer {
	int (*begin)(struct export *export);
	int (*add)(struct export *export, const struct export_call *call);
	int (*end)(struct export *export);
};

static int nothing(struct export *export)
{
	return 0;
}

static json_t *presented_list(const json_t *records)
{
	_cleanup_(json_decrefp) json_t *list = json_array();
	json_t *record;
	size_t i;

	json_array_foreach ((json_t *)records, i, record)
		if (json_array_append_new(list, present_record(record)) < 0)
			return NULL;
	return steal(&list);
}

static int json_begin(struct export *export)
{
	fputs("{\"calls\": [", export->target.file);
	return 0;
}

static int json_add(struct export *export, const struct export_call *call)
{
	_cleanup_(json_decrefp) json_t *shown = present_record(call->session);

	for (size_t i = RECORD_SESSION + 1; i < RECORDS; i++)
		if (json_object_set_new(shown, record_shapes[i].list,
					presented_list(call->lists[i])) < 0)
			return -ENOMEM;
	fputs(export->count ? ",\n" : "\n", export->target.file);
	return output_value(export->target.file, shown, 0);
}

static int json_end(struct export *export)
{
	fputs("\n]}\n", export->target.file);
	return 0;
}

static int put_line(struct export *export, const char *name, const json_t *record)
{
	_cleanup_(json_decrefp) json_t *shown = present_record(record);
	_cleanup_(json_decrefp) json_t *line = json_pack("{s:s}", "record", name);
	int r;

	if (!shown || !line || json_object_update(line, shown) < 0)
		return -ENOMEM;
	r = output_value(export->target.file, line, JSON_COMPACT);
	putc('\n', export->target.file);
	return r;
}

static int ndjson_add(struct export *export, const struct export_call *call)
{
	int r = put_line(export, record_shapes[RECORD_SESSION].name, call->session);
	const json_t *record;
	size_t k;

	for (size_t i = RECORD_SESSION + 1; !r && i < RECORDS; i++) {
		json_array_foreach (call->lists[i], k, record) {
			r = put_line(export, record_shapes[i].name, record);
			if (r)
				break;
		}
	}
	return r;
}

static enum record table_of(const struct export *export)
{
	return export->options->table < 0 ? RECORD_EVENT : (enum record) export->options->table;
}

static int csv_begin(struct export *export)
{
	output_csv_begin(&export->csv, export->target.file, record_shapes[table_of(export)].fields);
	return 0;
}

static int put_csv(struct export *export, const json_t *record)
{
	_cleanup_(json_decrefp) json_t *shown = present_record(record);

	return shown ? output_csv_row(&export->csv, shown) : -ENOMEM;
}

static int csv_add(struct export *export, const struct export_call *call)
{
	enum record table = table_of(export);
	const json_t *record;
	size_t i;
	int r = 0;

	if (table == RECORD_SESSION)
		return put_csv(export, call->session);
	json_array_foreach (call->lists[table], i, record) {
		r = put_csv(export, record);
		if (r)
			break;
	}
	return r;
}

static void show_progress(const struct export *export, const char *what)
{
	if (export->progress)
		fprintf(stderr, "\r%zu calls%s\033[K", export->count, what);
}

/* Before anything else is said. */
static void hide_progress(const struct export *export)
{
	if (export->progress)
		fputs("\r\033[K", stderr);
}

/* What SQLite says is more than a number can. */
static int sqlite_result(struct export *export, int r)
{
	if (r)
		hide_progress(export);
	if (r && export->sqlite)
		fprintf(stderr, "trace-dump: SQLite: %s\n", export_sqlite_error(export->sqlite));
	return r;
}

static int sqlite_begin(struct export *export)
{
	return export_sqlite_open(&export->sqlite, target_name(&export->target));
}

static int sqlite_add(struct export *export, const struct export_call *call)
{
	return sqlite_result(export, export_sqlite_add(export->sqlite, call));
}

static int sqlite_end(struct export *export)
{
	size_t dangling = export_sqlite_dangling(export->sqlite);
	int r;

	show_progress(export, ", building the indices …");
	r = sqlite_result(export, export_sqlite_finish(export->sqlite));
	export_sqlite_close(steal(&export->sqlite));
	hide_progress(export);
	if (dangling)
		fprintf(stderr,
			"trace-dump: %zu references lead to no event or function of their call; "
			"they are NULL\n",
			dangling);
	return r;
}

static const struct writer writers[] = {
	[EXPORT_JSON] = {json_begin, json_add, json_end},
	[EXPORT_NDJSON] = {nothing, ndjson_add, nothing},
	[EXPORT_CSV] = {csv_begin, csv_add, nothing},
	[EXPORT_SQLITE] = {sqlite_begin, sqlite_add, sqlite_end},
};

#define PROGRESS_EVERY 0.25 /* seconds */

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int add(const struct export_call *call, void *userdata)
{
	struct export *export = userdata;

	errno = 0;
	export->failed = export->writer->add(export, call);
	if (ferror(export->target.file))
		export->failed = errno ? -errno : -EIO;
	if (export->failed)
		return COMMAND_FAILED;
	export->count++;
	if (export->progress && now() > export->shown_at + PROGRESS_EVERY) {
		show_progress(export, "");
		export->shown_at = now();
	}
	return 0;
}

static int walk(struct context *context, struct export *export)
{
	bool one = context->options->to == EXPORT_CSV;
	unsigned int lists = one ? 1u << table_of(export) : EXPORT_ALL_LISTS;
	struct query query = options_calls_query(context->options);

	return context->has_session
		       ? export_call(context->txn, &context->session, lists, add, export)
		       : export_calls(context->txn, &query, lists, add, export);
}

static int write_all(struct context *context, struct export *export)
{
	int r;

	export->failed = export->writer->begin(export);
	if (export->failed)
		return COMMAND_FAILED;
	r = walk(context, export);
	if (r)
		return r;
	export->failed = export->writer->end(export);
	if (!export->failed)
		export->failed = target_commit(&export->target);
	return export->failed ? COMMAND_FAILED : 0;
}

static int fail_output(const char *path, int r)
{
	const char *why = r == -EEXIST	  ? "it is there and no regular file"
			  : r == -EBADMSG ? "a record of the store breaks the schema"
					  : strerror(-r);

	fprintf(stderr, "trace-dump: cannot write %s: %s\n", path, why);
	return COMMAND_FAILED;
}

static void export_deinit(struct export *export)
{
	export_sqlite_close(export->sqlite);
	target_deinit(&export->target);
}

int command_export(struct context *context)
{
	const struct options *options = context->options;
	_cleanup_(export_deinit) struct export export = {
		.options = options,
		.writer = &writers[options->to],
	};
	int r = target_open(&export.target, options->output);

	if (r)
		return fail_output(options->output, r);
	export.progress = isatty(STDERR_FILENO) && !isatty(fileno(export.target.file));
	export.shown_at = now();
	r = write_all(context, &export);
	hide_progress(&export);
	/* What stdout did not take is told by main(). */
	if (export.failed && export.target.file == stdout)
		return export.failed;
	if (export.failed)
		return fail_output(options->output, export.failed);
	return r ? r : export.count ? 0 : COMMAND_NOTHING;
}

static bool chooses(const struct options *options)
{
	const struct query *query = &options->query;

	return query->since || query->until || query->limit || query->company || query->customer ||
	       query->correlation || query->with_errors || options->status ||
	       options->in_progress || options->kind;
}

const char *export_usage(const struct options *options)
{
	if (options->format != FORMAT_TEXT)
		return "it is --to that says the format";
	if (options->to < 0)
		return "--to json, ndjson, csv or sqlite?";
	if (options->table >= 0 && options->to != EXPORT_CSV)
		return "--table is for csv, the others have all of them";
	if (options->to == EXPORT_SQLITE && (!options->output || strcmp(options->output, "-") == 0))
		return "sqlite needs a file: -o FILE";
	if (options->arg_count && chooses(options))
		return "there is nothing to choose among in one CALL";
	return NULL;
}
