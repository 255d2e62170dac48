/* SPDX-License-Identifier: MIT */
/*
 * trace-dump redact --test: what redaction makes of one call's data, and why. The data are taken
 * for what one call sent: what one of its documents reveals goes from all of them.
 */
#include "redact.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "command.h"
#include "lenient.h"
#include "match.h"
#include "output.h"

#define INPUT_MAX (16u << 20)
#define RULE_AT	  15 /* columns */
#define PLACE_AT  38

CLEANUP_DEFINE(struct redact *, redact_free);
CLEANUP_DEFINE(struct profile *, profile_close);

struct test {
	struct redact *redact;
	struct text report;
	size_t document; /* from 1; 0: there is only one */
};

static void report(const struct redact_removal *removal, void *userdata)
{
	struct test *test = userdata;
	struct text *out = &test->report;

	text_add(out, removal->kind);
	text_pad(out, RULE_AT);
	text_add(out, removal->rule);
	text_pad(out, PLACE_AT);
	if (test->document)
		text_addf(out, "document %zu: ", test->document);
	text_add(out, removal->place);
	if (removal->line)
		text_addf(out, "%sline %zu", *removal->place ? ", " : "", removal->line);
	else if (!*removal->place)
		text_add(out, "text");
	text_newline(out);
}

static int read_input(struct buffer *input)
{
	ssize_t n;

	do {
		if (input->size > INPUT_MAX)
			return -EFBIG;
		if (buffer_reserve(input, 65536) < 0)
			return -ENOMEM;
		n = read(STDIN_FILENO, input->data + input->size, 65536);
		if (n < 0)
			return -errno;
		input->size += (size_t)n;
	} while (n > 0);
	return 0;
}

static json_t *parse(const char *data, size_t size)
{
	size_t blank = 0;

	while (blank < size && strchr(" \t\r\n", data[blank]))
		blank++;
	/* A number or a word by itself is text. */
	if (blank == size || (data[blank] != '{' && data[blank] != '['))
		return NULL;
	return lenient_parse(data, size);
}

/* The input's documents: one, or one a line; none when it is text. */
static json_t *documents_of(const char *data, size_t size)
{
	_cleanup_(json_decrefp) json_t *documents = json_array();
	json_t *whole = parse(data, size);

	if (whole)
		return json_array_append_new(documents, whole) < 0 ? NULL : steal(&documents);
	for (size_t at = 0; at < size;) {
		const char *newline = memchr(data + at, '\n', size - at);
		size_t n = newline ? (size_t)(newline - data) - at : size - at;
		json_t *one = parse(data + at, n);

		if (!one && strspn(data + at, " \t\r") < n)
			return json_array();
		if (one && json_array_append_new(documents, one) < 0)
			return NULL;
		at += n + 1;
	}
	return steal(&documents);
}

/* A function's name is no person's, as it is not where payloads come in. */
static void keep_function(struct redact *redact, const struct profile *profile, json_t *document)
{
	_cleanup_(json_decrefp) json_t *empty = json_string("");
	const struct exchange exchange = {.path = empty, .body = document, .body_valid = true};
	_cleanup_(matches_deinit) struct matches matches = {0};

	if (!empty || matches_read(&matches, profile, &exchange) < 0)
		return;
	for (size_t i = 0; i < matches.count; i++)
		if (matches.list[i].function)
			redact_keep(redact, matches.list[i].function);
}

static int learn(struct redact *redact, const json_t *documents)
{
	_cleanup_(profile_closep) struct profile *profile = NULL;
	int r = profile_open(&profile, NULL);
	json_t *document;
	size_t i;

	if (r)
		return r;
	json_array_foreach (documents, i, document)
		keep_function(redact, profile, document);
	/* Too much to remember is no failure: nothing is kept then. */
	json_array_foreach (documents, i, document)
		redact_learn(redact, document, REDACT_PAYLOAD);
	return 0;
}

static int test_documents(struct test *test, const json_t *documents, bool lines)
{
	bool several = json_array_size(documents) > 1;
	json_t *document;
	size_t i;
	int r = learn(test->redact, documents);

	if (r)
		return r;
	json_array_foreach (documents, i, document) {
		_cleanup_(json_decrefp) json_t *redacted = NULL;

		test->document = several ? i + 1 : 0;
		redacted = redact_json(test->redact, document, REDACT_PAYLOAD);
		if (!redacted)
			return -ENOMEM;
		r = output_value(stdout, redacted,
				 lines && !several ? JSON_INDENT(2) : JSON_COMPACT);
		putchar('\n');
		if (r)
			return r;
	}
	return 0;
}

/* A terminal obeys nothing of it; a file gets it as it is. */
static int put_text(char *text)
{
	_cleanup_(text_deinit) struct text out = {0};

	if (isatty(STDOUT_FILENO) != 1) {
		fputs(text, stdout);
		return 0;
	}
	for (char *line; (line = strsep(&text, "\n"));) {
		if (!*line && !text)
			break;
		text_add(&out, line);
		text_newline(&out);
	}
	text_write(&out, stdout);
	return text_error(&out);
}

static int test_text(struct test *test, struct buffer *input)
{
	_cleanup_(json_decrefp) json_t *text = json_stringn((const char *)input->data, input->size);
	_cleanup_(freep) char *redacted = NULL;

	if (!text || memchr(input->data, 0, input->size))
		return -EILSEQ;
	redacted = redact_text(test->redact, json_string_value(text));
	if (!redacted)
		return -ENOMEM;
	return put_text(redacted);
}

/* As it came: on one line, or on several. */
static bool has_lines(const struct buffer *input)
{
	const char *newline = memchr(input->data, '\n', input->size);

	return newline && newline[1];
}

static int run(struct test *test, struct buffer *input)
{
	_cleanup_(json_decrefp) json_t *documents = NULL;
	int r = redact_new(&test->redact);

	if (!r)
		r = buffer_add(input, "", 1);
	if (r)
		return r;
	input->size--;
	documents = documents_of((const char *)input->data, input->size);
	if (!documents)
		return -ENOMEM;
	redact_tell(test->redact, report, test);
	r = json_array_size(documents) ? test_documents(test, documents, has_lines(input))
				       : test_text(test, input);
	return r ? r : text_error(&test->report);
}

static int fail(int r)
{
	const char *why = r == -EFBIG	 ? "it is larger than 16 MiB"
			  : r == -EILSEQ ? "it is neither JSON nor UTF-8 text"
					 : strerror(-r);

	fprintf(stderr, "trace-dump: cannot redact the input: %s\n", why);
	return COMMAND_FAILED;
}

static void test_deinit(struct test *test)
{
	redact_free(test->redact);
	text_deinit(&test->report);
}

int command_redact(struct context *context)
{
	_cleanup_(test_deinit) struct test test = {0};
	_cleanup_(buffer_deinit) struct buffer input = BUFFER_INIT;
	int r = read_input(&input);

	if (!r && input.size)
		r = run(&test, &input);
	if (r && ferror(stdout))
		return r;
	text_write(&test.report, stderr);
	return r ? fail(r) : 0;
}

const char *redact_usage(const struct options *options)
{
	return options->test ? NULL : "what it can do is --test, with data on stdin";
}
