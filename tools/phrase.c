/* SPDX-License-Identifier: MIT */
#include "phrase.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "value.h"

const char *field_text(const json_t *record, const char *field)
{
	const char *text = json_string_value(json_object_get(record, field));

	return text ? text : "";
}

double field_number(const json_t *record, const char *field)
{
	return json_number_value(json_object_get(record, field));
}

bool field_is(const json_t *record, const char *field, const char *wanted)
{
	return strcmp(field_text(record, field), wanted) == 0;
}

/* Below a minute three digits that count. */
void phrase_ms_number(struct text *text, double ms)
{
	double minutes;

	if (!(fabs(ms) < 1e12)) {
		text_add(text, "? ms");
	} else if (fabs(ms) < 0.0995) {
		text_addf(text, "%.0f µs", ms * 1000);
	} else if (ms < 9.995) {
		text_addf(text, "%.2f ms", ms);
	} else if (ms < 99.95) {
		text_addf(text, "%.1f ms", ms);
	} else if (ms < 999.5) {
		text_addf(text, "%.0f ms", ms);
	} else if (ms < 59995) {
		text_addf(text, "%.2f s", ms / 1000);
	} else {
		minutes = floor(round(ms / 1000) / 60);
		text_addf(text, "%.0f:%02.0f min", minutes, round(ms / 1000) - minutes * 60);
	}
}

void phrase_ms(struct text *text, const json_t *ms)
{
	if (json_is_number(ms))
		phrase_ms_number(text, json_number_value(ms));
}

void phrase_offset(struct text *text, double ms)
{
	double all = fabs(round(ms)), minutes = floor(all / 60000), hours = floor(minutes / 60);
	char sign = ms < 0 ? '-' : '+';

	if (!(all < 1e12)) {
		text_add(text, "?");
		return;
	}
	all -= minutes * 60000;
	if (hours > 0)
		text_addf(text, "%c%.0f:%02.0f:%06.3f", sign, hours, minutes - hours * 60,
			  all / 1000);
	else
		text_addf(text, "%c%.0f:%06.3f", sign, minutes, all / 1000);
}

void phrase_time(struct text *text, const json_t *at)
{
	const char *iso = json_string_value(at);

	if (iso && strlen(iso) > 19)
		text_addf(text, "%.10s %.8s", iso, iso + 11);
}

static char *dump(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | value_precision(value));
}

void phrase_value(struct text *text, const json_t *value, int width)
{
	_cleanup_(freep) char *s = value ? dump(value) : NULL;

	if (s)
		text_add_cut(text, s, width);
}

static void put_named(FILE *file, const json_t *arguments)
{
	const char *name, *separator = "";
	json_t *value;

	json_object_foreach ((json_t *)arguments, name, value) {
		_cleanup_(freep) char *s = dump(value);

		fprintf(file, "%s%s: %s", separator, name, s ? s : "?");
		separator = ", ";
	}
}

static void put_listed(FILE *file, const json_t *arguments)
{
	const json_t *value;
	size_t i;

	json_array_foreach ((json_t *)arguments, i, value) {
		_cleanup_(freep) char *s = dump(value);

		fprintf(file, "%s%s", i ? ", " : "", s ? s : "?");
	}
}

void phrase_arguments(struct text *text, const json_t *arguments, int width)
{
	_cleanup_(freep) char *s = NULL;
	size_t size;
	FILE *file = open_memstream(&s, &size);

	if (!file)
		return;
	if (json_is_object(arguments))
		put_named(file, arguments);
	else if (json_is_array(arguments))
		put_listed(file, arguments);
	if (fclose(file) != 0)
		return;
	text_add(text, "(");
	text_add_cut(text, s, width - 2);
	text_add(text, ")");
}

void phrase_place(struct text *text, const json_t *record, int width)
{
	_cleanup_(freep) char *s = NULL;
	json_int_t line = json_integer_value(json_object_get(record, "line"));
	int n;

	if (!*field_text(record, "file"))
		return;
	if (line > 0)
		n = asprintf(&s, "%s:%lld", field_text(record, "file"), (long long)line);
	else
		n = asprintf(&s, "%s", field_text(record, "file"));
	if (n < 0)
		s = NULL;
	else
		text_add_tail(text, s, width);
}

/* As one would type it, nearly. */
static void put_argument(FILE *file, const json_t *argument)
{
	const char *word = json_string_value(argument);
	_cleanup_(freep) char *s = NULL;

	if (word && *word && !strpbrk(word, " \t\n\"'")) {
		fprintf(file, " %s", word);
		return;
	}
	s = dump(argument);
	fprintf(file, " %s", s ? s : "?");
}

void phrase_request(struct text *text, const json_t *metadata, int width)
{
	const json_t *status = json_object_get(metadata, "status"), *argument;
	const json_t *exit_status = json_object_get(metadata, "exit_status");
	const json_t *summary = json_object_get(metadata, "summary");
	_cleanup_(freep) char *s = NULL;
	char outcome[32] = "";
	size_t size, i;
	FILE *file = open_memstream(&s, &size);

	if (!file)
		return;
	fprintf(file, "%s %s", field_text(metadata, "method"), field_text(metadata, "path"));
	json_array_foreach (json_object_get(metadata, "argv"), i, argument)
		put_argument(file, argument);
	/* A worker's job by what did it, as far as that is known. */
	if (*field_text(metadata, "unit"))
		fprintf(file, " · %s",
			*field_text(summary, "handler") ? field_text(summary, "handler")
							: field_text(metadata, "unit"));
	if (fclose(file) != 0)
		return;
	if (json_is_integer(exit_status))
		snprintf(outcome, sizeof(outcome), " → exit %d",
			 (int)json_integer_value(exit_status));
	else if (json_is_integer(status))
		snprintf(outcome, sizeof(outcome), " → %d", (int)json_integer_value(status));
	text_add_cut(text, s, width - text_width(outcome));
	text_style(text, PLAIN);
	text_add(text, outcome);
}

static const struct {
	const char *word, *mark;
	enum style style;
} words[] = {
	{"success", "✓", GREEN},    {"error", "✗", RED},	  {"timeout", "⧖", RED},
	{"pending", "…", YELLOW},   {"completed", "✓", GREEN},	  {"failed", "✗", RED},
	{"abandoned", "?", YELLOW}, {"in_progress", "…", YELLOW}, {"not_connected", "–", YELLOW},
	{"critical", "✗", RED},	    {"high", "✗", RED},		  {"medium", "✗", YELLOW},
};

void phrase_status_mark(struct text *text, const char *status)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, status) != 0)
			continue;
		text_style(text, words[i].style);
		text_add(text, words[i].mark);
		text_style(text, PLAIN);
		return;
	}
	text_add(text, "?");
}

enum style phrase_style(const char *word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].style;
	return PLAIN;
}
