/* SPDX-License-Identifier: MIT */
#include "redact.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "lenient.h"
#include "literals.h"
#include "patterns.h"
#include "value.h"

#define DEPTH_MAX   96
#define TEXT_MAX    (4u << 20)
#define TOO_LARGE   "[TOO_LARGE_REDACTED]"
#define TOO_DEEP    "[TOO_DEEP_REDACTED]"
#define UNDECIDED   "[UNDECIDED_REDACTED]"
#define PHP_MAX	    2000    /* of the application's values; a payload may add more */
#define LONG_NUMBER 1000000 /* from seven digits on a number may be a telephone's */

struct redact {
	struct literals *literals;
	json_t *keep; /* object of words */
	bool full;    /* more was revealed than can be remembered */

	redact_told_fn told; /* NULL: nobody asks, and `path` is empty */
	void *told_userdata;
	struct buffer path;
};

/* Where a value stands. */
struct place {
	enum redact_kind kind; /* by its own key, else by its parents' */
	enum redact_origin origin;
	bool bare_name; /* the key is just "name" */
	bool inherited; /* the kind is the parents' */
	bool person;	/* the key is a person's (customer, kunde), not his name's */
	unsigned int depth;
};

CLEANUP_DEFINE(struct redact *, redact_free);

void redact_free(struct redact *redact)
{
	if (!redact)
		return;
	literals_free(redact->literals);
	json_decref(redact->keep);
	buffer_deinit(&redact->path);
	free(redact);
}

int redact_new(struct redact **ret)
{
	_cleanup_(redact_freep) struct redact *redact = calloc(1, sizeof(*redact));

	if (!redact)
		return -ENOMEM;
	redact->keep = json_object();
	if (!redact->keep || literals_new(&redact->literals) < 0)
		return -ENOMEM;
	*ret = steal(&redact);
	return 0;
}

int redact_keep(struct redact *redact, const char *word)
{
	return json_object_set_new(redact->keep, word, json_true()) < 0 ? -ENOMEM : 0;
}

void redact_tell(struct redact *redact, redact_told_fn told, void *userdata)
{
	redact->told = told;
	redact->told_userdata = userdata;
}

/* Where the walk is, for who is told: a member, an element. leave() takes what enter() returned. */
static size_t enter(struct redact *redact, const char *key, size_t index)
{
	size_t before = redact->path.size;
	char number[24];

	if (!redact->told)
		return 0;
	snprintf(number, sizeof(number), "[%zu]", index);
	if (key && before)
		buffer_add_text(&redact->path, ".");
	/* Without memory the place is less exact. */
	buffer_add_text(&redact->path, key ?: number);
	return before;
}

static void leave(struct redact *redact, size_t before)
{
	redact->path.size = before;
}

static void tell_line(struct redact *redact, const char *kind, const char *rule, size_t line)
{
	struct redact_removal removal = {kind, rule, "", line};

	if (buffer_add(&redact->path, "", 1) == 0) {
		redact->path.size--;
		removal.place = (const char *)redact->path.data;
	}
	redact->told(&removal, redact->told_userdata);
}

static void tell(struct redact *redact, const char *kind, const char *rule)
{
	if (redact->told)
		tell_line(redact, kind, rule, 0);
}

/* "[PHONE_REDACTED]": "PHONE". */
static void tell_token(struct redact *redact, const char *token, const char *rule, size_t line)
{
	char kind[32];

	snprintf(kind, sizeof(kind), "%.*s", (int)(strlen(token) - strlen("[_REDACTED]")),
		 token + 1);
	tell_line(redact, kind, rule, line);
}

static json_t *removed(struct redact *redact, enum redact_kind kind, const char *rule)
{
	const char *token = kind_token(kind);

	if (redact->told)
		tell_token(redact, token, rule, 0);
	return json_string(token);
}

/* The text that a matcher tells of. */
struct watched {
	struct redact *redact;
	const struct buffer *text;
};

static size_t line_of(const struct buffer *text, size_t at)
{
	size_t line = 1;

	for (size_t i = 0; i < at; i++)
		line += text->data[i] == '\n';
	return memchr(text->data, '\n', text->size) ? line : 0;
}

static void on_match(enum redact_kind kind, const char *rule, size_t at, void *userdata)
{
	const struct watched *watched = userdata;

	tell_token(watched->redact, kind_token(kind), rule, line_of(watched->text, at));
}

size_t redact_learned(const struct redact *redact)
{
	return literals_count(redact->literals);
}

static bool is_bare_name(const char *key)
{
	return strcasecmp(key, "name") == 0 || strcasecmp(key, "names") == 0;
}

/* {"name": …, "arguments": …}: a function's name. */
static bool names_function(const json_t *object)
{
	static const char *const beside[] = {"args",	     "arguments", "parameters",
					     "tool_call_id", "call",	  "@class"};

	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		if (json_object_get(object, beside[i]))
			return strcmp(beside[i], "@class") != 0;
	return false;
}

static bool has_address(const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value)
		if (key_kind(key, strlen(key)) == REDACT_ADDRESS)
			return true;
	return false;
}

static struct place place_of(const json_t *object, const char *key, const struct place *parent)
{
	struct place place = {.origin = parent->origin, .depth = parent->depth + 1};

	place.kind = key_kind(key, strlen(key));
	if (place.kind == REDACT_TOWN && !(object && has_address(object)))
		place.kind = REDACT_NONE;
	place.bare_name = is_bare_name(key);
	if (place.bare_name && object && names_function(object))
		place.kind = REDACT_NONE;
	if (place.kind == REDACT_NONE && parent->kind != REDACT_TOWN) {
		place.kind = parent->kind;
		place.inherited = true;
		place.person = parent->person;
	} else if (place.kind == REDACT_NAME) {
		place.person = !strcasestr(key, "name");
	}
	return place;
}

/* snake_case or a namespace: what a program calls something. */
static bool identifier(const char *text)
{
	bool joined = false;

	for (; *text; text++) {
		if (*text == '_' || *text == '\\' || *text == '.' || *text == ':')
			joined = true;
		else if (!isalnum((unsigned char)*text))
			return false;
	}
	return joined;
}

/* A person's name has a blank and begins with a capital; a route's, a header's or a connection's
 * does not. */
static bool like_a_person(const char *text)
{
	return strchr(text, ' ') && (isupper((unsigned char)*text) || (*text & 0x80));
}

/* Says that there is no value, or has none left. */
static bool says_nothing(const char *text)
{
	static const char *const words[] = {"",	       "true", "false",	    "null",
					    "None",    "none", "undefined", "anonymous",
					    "unknown", "0",    "1"};
	size_t n = strlen(text);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return n > 10 && text[0] == '[' && strcmp(text + n - 10, "_REDACTED]") == 0 &&
	       strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == n - 2;
}

/* 2027-03-04, 2027-03-04T16:15:00+01:00, 04.03.2027, 16:15: an appointment of the customer's is no
 * name of his. */
static bool date_or_time(const char *text)
{
	size_t digits = strspn(text, "0123456789"), n = strlen(text);

	if (n > 35 || strspn(text, "0123456789-:.T+Z ") != n)
		return false;
	if (digits == 4)
		return n >= 10 && text[4] == '-' && text[7] == '-';
	return (digits == 1 || digits == 2) &&
	       (text[digits] == ':' ? n <= 8
				    : text[digits] == '.' && n >= 8 && n <= 16 &&
					      strchr(text + digits + 1, '.'));
}

static bool personal(const struct redact *redact, const struct place *place, const char *text)
{
	if (place->kind == REDACT_NONE || says_nothing(text))
		return false;
	if (place->inherited && place->kind == REDACT_NAME && date_or_time(text))
		return false;
	return !(place->kind == REDACT_NAME && place->bare_name &&
		 (identifier(text) || json_object_get(redact->keep, text)));
}

static json_t *embedded(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	if ((*text != '{' && *text != '[') || strlen(text) > TEXT_MAX)
		return NULL;
	return lenient_parse(text, strlen(text));
}

static int learn(struct redact *redact, const json_t *json, const struct place *place);

static int learn_text(struct redact *redact, const char *text, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *inner = NULL;

	if (personal(redact, place, text)) {
		if (place->origin == REDACT_PHP && (literals_count(redact->literals) >= PHP_MAX ||
						    (place->bare_name && !like_a_person(text))))
			return 0;
		if (json_object_get(redact->keep, text))
			return 0;
		/* What a customer's object has beside his name may be his service or his status: it
		 * goes there, but is not searched for elsewhere. */
		if (place->inherited && place->person)
			return 0;
		return literals_add(redact->literals, place->kind, text);
	}
	inner = embedded(text);
	return inner && place->depth < DEPTH_MAX ? learn(redact, inner, place) : 0;
}

static int learn_object(struct redact *redact, const json_t *object, const struct place *place)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)object, key, value) {
		struct place inner = place_of(object, key, place);

		r = learn(redact, value, &inner);
		if (r < 0)
			break;
	}
	return r;
}

static int learn(struct redact *redact, const json_t *json, const struct place *place)
{
	struct place inner = *place;
	char number[24];
	json_t *value;
	size_t i;
	int r = 0;

	if (++inner.depth > DEPTH_MAX)
		return 0;
	if (json_is_object(json))
		return learn_object(redact, json, &inner);
	if (json_is_string(json))
		return learn_text(redact, json_string_value(json), &inner);
	if (json_is_integer(json) && place->kind != REDACT_NONE &&
	    json_integer_value(json) >= LONG_NUMBER) {
		snprintf(number, sizeof(number), "+%lld", (long long)json_integer_value(json));
		r = literals_add(redact->literals, place->kind, number);
		return r < 0 ? r : literals_add(redact->literals, place->kind, number + 1);
	}
	json_array_foreach (json, i, value) {
		r = learn(redact, value, &inner);
		if (r < 0)
			break;
	}
	return r;
}

int redact_learn(struct redact *redact, const json_t *json, enum redact_origin origin)
{
	struct place top = {.origin = origin};
	int r = json ? learn(redact, json, &top) : 0;

	if (r < 0)
		redact->full = true;
	return r;
}

/* What no rule by key decided. */
static int clean(struct redact *redact, struct buffer *text, bool patterns)
{
	struct watched watched = {redact, text};
	const struct redact_watch watch = {on_match, &watched}, *asked;
	int r;

	if (redact->full || text->size > TEXT_MAX)
		return -ENOBUFS;
	asked = redact->told ? &watch : NULL;
	r = literals_apply(redact->literals, text, asked);
	return r == 0 && patterns ? patterns_apply(text, asked) : r;
}

static char *clean_text(struct redact *redact, const char *text, bool patterns)
{
	_cleanup_(buffer_deinit) struct buffer buffer = BUFFER_INIT;
	int r = buffer_add_text(&buffer, text);

	if (r == 0)
		r = clean(redact, &buffer, patterns);
	if (r == 0)
		return buffer_steal_text(&buffer);
	if (strlen(text) > TEXT_MAX) {
		tell(redact, "TOO_LARGE", "size");
		return strdup(TOO_LARGE);
	}
	tell(redact, "UNDECIDED", redact->full ? "too_much_revealed" : "budget");
	return strdup(UNDECIDED);
}

static json_t *walk(struct redact *redact, const json_t *json, const struct place *place);

/* As it was written, when nothing had to go: a key that comes twice has a value that nobody saw. */
static char *embedded_text(const char *text, const json_t *redacted)
{
	_cleanup_(json_decrefp) json_t *before = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (before && json_equal(before, redacted))
		return strdup(text);
	return json_dumps(redacted, JSON_COMPACT | value_precision(redacted));
}

static json_t *walk_text(struct redact *redact, const char *text, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *inner = NULL, *redacted = NULL;
	_cleanup_(freep) char *out = NULL;

	if (personal(redact, place, text))
		return removed(redact, place->kind, place->inherited ? "parent_key" : "key");
	inner = embedded(text);
	if (inner) {
		redacted = walk(redact, inner, place);
		out = embedded_text(text, redacted);
	} else {
		out = clean_text(redact, text, true);
	}
	/* A replacement could only break UTF-8 by a bug; then nothing of it is kept. */
	return out ? (json_string(out) ?: json_string(UNDECIDED)) : NULL;
}

/* Two keys that redact to the same one must both survive. */
static int set_new_key(json_t *object, const char *key, json_t *value)
{
	char other[96];

	if (!json_object_get(object, key))
		return json_object_set_new(object, key, value);
	for (unsigned int i = 2; i < 100000; i++) {
		snprintf(other, sizeof(other), "%.80s#%u", key, i);
		if (!json_object_get(object, other))
			return json_object_set_new(object, other, value);
	}
	json_decref(value);
	return 0;
}

static bool plain_key(const char *key)
{
	return strlen(key) < 48 &&
	       strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_@-") ==
		       strlen(key);
}

static char *walk_key(struct redact *redact, const char *key)
{
	size_t before;
	char *name;

	if (plain_key(key) && !redact_learned(redact))
		return strdup(key);
	before = enter(redact, "(key)", 0);
	name = clean_text(redact, key, !plain_key(key));
	leave(redact, before);
	return name;
}

static json_t *walk_object(struct redact *redact, const json_t *json, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *object = json_object();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)json, key, value) {
		struct place inner = place_of(json, key, place);
		_cleanup_(freep) char *name = walk_key(redact, key);
		size_t before = name ? enter(redact, name, 0) : 0;
		json_t *walked = name ? walk(redact, value, &inner) : NULL;

		if (!walked || set_new_key(object, name, walked) < 0)
			return NULL;
		leave(redact, before);
	}
	return steal(&object);
}

/* A transcript's words with their times: a number that is spoken in three of them is none in each.
 * Only how many is kept, as of an array that was cut. */
static bool spoken_words(const json_t *json)
{
	const json_t *first = json_array_get(json, 0);

	return json_is_string(json_object_get(first, "word"));
}

static json_t *walk_array(struct redact *redact, const json_t *json, const struct place *place)
{
	_cleanup_(json_decrefp) json_t *array = json_array();
	json_t *value;
	size_t i;

	json_array_foreach (json, i, value) {
		size_t before = enter(redact, NULL, i);

		if (json_array_append_new(array, walk(redact, value, place)) < 0)
			return NULL;
		leave(redact, before);
	}
	return steal(&array);
}

static json_t *walk_number(struct redact *redact, const json_t *json, const struct place *place)
{
	bool longish = json_is_integer(json) && json_integer_value(json) >= LONG_NUMBER;

	if (place->kind == REDACT_SECRET || (longish && place->kind != REDACT_NONE))
		return removed(redact, place->kind, place->inherited ? "parent_key" : "key");
	return json_deep_copy(json);
}

static json_t *walk(struct redact *redact, const json_t *json, const struct place *place)
{
	struct place inner = *place;

	if (++inner.depth > DEPTH_MAX) {
		tell(redact, "TOO_DEEP", "depth");
		return json_string(TOO_DEEP);
	}
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return walk_object(redact, json, &inner);
	case JSON_ARRAY:
		if (spoken_words(json)) {
			tell(redact, "WORDS", "spoken_words");
			return json_pack("[{s:s, s:I}]", "@cut", "array", "count",
					 (json_int_t)json_array_size(json));
		}
		return walk_array(redact, json, &inner);
	case JSON_STRING:
		return walk_text(redact, json_string_value(json), &inner);
	case JSON_INTEGER:
	case JSON_REAL:
		return walk_number(redact, json, &inner);
	default:
		return json_incref((json_t *)json);
	}
}

json_t *redact_json(struct redact *redact, const json_t *json, enum redact_origin origin)
{
	struct place top = {.origin = origin};

	return json ? walk(redact, json, &top) : json_null();
}

json_t *redact_under(struct redact *redact, const char *key, const json_t *json,
		     enum redact_origin origin)
{
	struct place top = {.origin = origin};
	struct place place = place_of(NULL, key, &top);

	return json ? walk(redact, json, &place) : json_null();
}

char *redact_text(struct redact *redact, const char *text)
{
	return clean_text(redact, text, true);
}

json_t *redact_again(struct redact *redact, const json_t *json)
{
	_cleanup_(json_decrefp) json_t *copy = NULL;
	_cleanup_(freep) char *text = NULL;
	const char *key;
	json_t *value;
	size_t i;

	/* Everything would be undecided, and was decided when it came. */
	if (redact->full)
		return json_incref((json_t *)json);
	if (json_is_string(json)) {
		text = clean_text(redact, json_string_value(json), false);
		return text ? json_string(text) : NULL;
	}
	if (json_is_object(json)) {
		copy = json_object();
		json_object_foreach ((json_t *)json, key, value)
			if (json_object_set_new(copy, key, redact_again(redact, value)) < 0)
				return NULL;
	} else if (json_is_array(json)) {
		copy = json_array();
		json_array_foreach (json, i, value)
			if (json_array_append_new(copy, redact_again(redact, value)) < 0)
				return NULL;
	} else {
		copy = json_incref((json_t *)json);
	}
	return steal(&copy);
}
