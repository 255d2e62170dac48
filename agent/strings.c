/* SPDX-License-Identifier: MIT */
/* Strings of values: how much of one is kept, and what of it is masked. */

#include "encode.h"
#include "text.h"
#include "values.h"
#include "worker.h"

#include <calltrace/frame.h>

#define MAX_HIDDEN   64
#define HIDDEN_LEAST 3 /* a shorter one is everywhere */

static struct {
	const char *text;
	size_t n;
} hidden[MAX_HIDDEN];

unsigned strings_hidden;

void value_hide(const char *text)
{
	size_t n = strlen(text);

	if (strings_hidden == MAX_HIDDEN || n < HIDDEN_LEAST)
		return;
	hidden[strings_hidden].text = text;
	hidden[strings_hidden++].n = n;
}

static bool is_hidden(const char *s, size_t n)
{
	for (unsigned i = 0; i < strings_hidden; i++)
		if (hidden[i].n == n && !memcmp(hidden[i].text, s, n))
			return true;
	return false;
}

static uint8_t *put_head(uint8_t *p, size_t n, bool binary)
{
	return binary ? put_bin_head(p, n) : put_str_head(p, n);
}

uint8_t *value_put_name(uint8_t *p, const char *s, size_t n, size_t most)
{
	size_t head = n < most ? n : most;
	size_t whole = text_scan(s, head) & TEXT_HIGH ? text_utf8_prefix(s, head) : head;
	bool binary = head - whole > (head < n ? 3 : 0);

	if (!binary)
		head = whole;
	return put_bytes(put_head(p, head, binary), s, head);
}

/* Before a string of which the first part is kept, if that is not all of it. */
static uint8_t *put_cut_string(uint8_t *p, size_t n)
{
	p = put_nested(p, true, 3);
	p = put_text(p, CT_KEY_CUT);
	p = put_text(p, "string");
	p = put_text(p, "bytes");
	p = put_uint(p, n);
	return put_text(p, "value");
}

static uint8_t *put_masked(uint8_t *p, const char *s, size_t judged,
			   const struct text_secrets *secrets)
{
	size_t at = 0;

	for (unsigned i = 0; i < secrets->n && secrets->spans[i].at < judged; i++) {
		p = put_bytes(p, s + at, secrets->spans[i].at - at);
		p = put_bytes(p, CT_SECRET, sizeof(CT_SECRET) - 1);
		at = secrets->spans[i].end < judged ? secrets->spans[i].end : judged;
	}
	return put_bytes(p, s + at, judged - at);
}

static size_t masked_length(size_t judged, const struct text_secrets *secrets)
{
	size_t n = judged;

	for (unsigned i = 0; i < secrets->n && secrets->spans[i].at < judged; i++) {
		size_t end = secrets->spans[i].end < judged ? secrets->spans[i].end : judged;

		n += sizeof(CT_SECRET) - 1 - (end - secrets->spans[i].at);
	}
	return n;
}

/* How much of a string is kept, and how. */
struct kept {
	size_t head;
	bool binary;
	struct text_secrets secrets;
};

static void keep(const char *s, size_t n, size_t most, struct kept *ret)
{
	size_t whole = ret->head = n < most ? n : most;
	unsigned has = text_scan(s, whole);

	ret->secrets.n = 0;
	ret->binary = false;
	if (has & TEXT_SEPARATOR && text_find_secrets(s, whole, &ret->secrets))
		ret->head = whole = ret->secrets.end;
	/* Cut between characters; three bytes may be the beginning of one. */
	if (has & TEXT_HIGH) {
		whole = text_utf8_prefix(s, ret->head);
		ret->binary = ret->head - whole > (ret->head < n ? 3 : 0);
	}
	if (!ret->binary)
		ret->head = whole;
}

static size_t most_of_string(const uint8_t *p)
{
	size_t room = encode_spent(p) ? 0 : (size_t)(encode.limit - p);

	return worker.settings.max_string < room ? worker.settings.max_string : room;
}

uint8_t *string_put(uint8_t *p, const char *s, size_t n)
{
	struct kept kept;

	if (strings_hidden && is_hidden(s, n))
		return value_put_secret(p);
	keep(s, n, most_of_string(p), &kept);
	if (kept.head < n)
		p = put_cut_string(p, n);
	p = put_head(p, masked_length(kept.head, &kept.secrets), kept.binary);
	return put_masked(p, s, kept.head, &kept.secrets);
}

void value_pack_text(struct pack *k, const char *s, size_t n, size_t most)
{
	static const char more[] = "…";
	struct kept kept;
	size_t length, extra;

	keep(s, n, most, &kept);
	length = masked_length(kept.head, &kept.secrets);
	extra = kept.head < n ? sizeof(more) - 1 : 0;
	if (!pack_need(k, PUT_SCALAR + length + extra))
		return;
	k->p = put_head(k->p, length + extra, kept.binary);
	k->p = put_masked(k->p, s, kept.head, &kept.secrets);
	k->p = put_bytes(k->p, more, extra);
}

void value_pack_name(struct pack *k, const char *s, size_t n, size_t most)
{
	if (pack_need(k, PUT_SCALAR + (n < most ? n : most)))
		k->p = value_put_name(k->p, s, n, most);
}
