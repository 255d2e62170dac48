/* SPDX-License-Identifier: MIT */
/*
 * Words, their forms, and what a search finds in a text.
 */
#include "words.h"

#include "check.h"
#include "cleanup.h"
#include "search.h"

static void check_words(const char *text, const char *wanted)
{
	char found[512] = "";
	size_t at = 0;
	struct word word;

	while (word_next(text, strlen(text), &at, &word))
		sprintf(found + strlen(found), "%s%.*s", *found ? "|" : "",
			(int)(word.end - word.start), text + word.start);
	CHECK_STR(found, wanted);
}

static void test_words(void)
{
	check_words("Guten Tag, Frau Öttinger-Weiß!", "Guten|Tag|Frau|Öttinger|Weiß");
	check_words("don't, geht's um 16:30?", "don|t|geht|s|um|16|30");
	check_words("[NAME_REDACTED]", "NAME|REDACTED");
	check_words("Donau\xc2\xad"
		    "dampf",
		    "Donau\xc2\xad"
		    "dampf"); /* a soft hyphen */
	check_words("u\xcc\x88"
		    "ber",
		    "u\xcc\x88"
		    "ber"); /* a combining diaeresis */
	check_words("東京 Tokio", "東|京|Tokio");
	check_words("a\xff\xfe"
		    "b\xc3",
		    "a|b");
	check_words(" \t…–„“", "");
	check_words("", "");
}

static bool finds(const char *search, const char *text)
{
	_cleanup_(freep) struct search_span *spans = NULL;
	struct search parsed;
	const char *why = NULL;
	int r;

	if (search_parse(&parsed, search, &why) < 0) {
		fprintf(stderr, "%s: %s\n", search, why);
		exit(1);
	}
	r = search_match(&parsed, text, strlen(text), &spans);
	CHECK(r >= 0);
	return r > 0;
}

static void check_same(const char *const *forms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			if (finds(forms[i], forms[k]))
				continue;
			fprintf(stderr, "%s does not find %s\n", forms[i], forms[k]);
			exit(1);
		}
	}
}

#define CHECK_SAME(...)                                \
	check_same((const char *const[]){__VA_ARGS__}, \
		   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void check_different(const char *a, const char *b)
{
	if (finds(a, b) || finds(b, a)) {
		fprintf(stderr, "%s and %s find each other\n", a, b);
		exit(1);
	}
}

static void test_forms(void)
{
	CHECK_SAME("Öttinger", "Oettinger", "OTTINGER", "öttinger", "O\xcc\x88ttinger", "ÖTTINGER");
	CHECK_SAME("Müller", "Mueller", "Muller", "MÜLLER");
	CHECK_SAME("Straße", "STRASSE", "strasse", "STRAẞE");
	CHECK_SAME("Käufer", "Kaeufer", "kaufer");
	CHECK_SAME("früh", "frueh", "FRUH");
	CHECK_SAME("Café", "cafe", "CAFE\xcc\x81");
	CHECK_SAME("ﬁnden", "finden"); /* a ligature */
	CHECK_SAME("Ｔｅｒｍｉｎ", "termin");
	CHECK_SAME("Donau\xc2\xad"
		   "dampf",
		   "Donaudampf");
	CHECK_SAME("für", "fuer");
	CHECK_SAME("für", "fur");
	CHECK_SAME("ΑΘΗΝΑ", "αθήνα");
	CHECK_SAME("ПРИВЕТ", "привет");
	check_different("fuer", "fur");
	check_different("due", "du");
	check_different("true", "tru");
	check_different("neue", "neu");
	check_different("Bauer", "Baur");
	check_different("Quelle", "Qulle");
	check_different("Termin", "Termine");
	check_different("が", "か");
}

static void test_prefixes(void)
{
	static const struct {
		const char *search, *text;
		bool found;
	} cases[] = {
		{"Term*", "Termine", true},
		{"Termine*", "Termin", false},
		{"Ött*", "Oettinger", true},
		{"Ött*", "Ottinger", true},
		{"Oett*", "Öttinger", true},
		{"Ott*", "Öttinger", true},
		{"Mue*", "Müller", true},
		{"Mue*", "muss", false},
		{"Mül*", "Mueller", true},
		{"fuer*", "fuer", true},
		{"fuer*", "für", true},
		{"für*", "fuer", true},
		{"O\xcc\x88t*", "Öttinger", true},
		{"str*", "STRAßE", true},
		{"strass*", "Straße", true},
		{"*", "x", false},
	};

	for (size_t i = 0; i + 1 < sizeof(cases) / sizeof(cases[0]); i++)
		if (finds(cases[i].search, cases[i].text) != cases[i].found)
			CHECK_STR(cases[i].search, cases[i].text);
}

static void test_searches(void)
{
	static const char text[] = "Guten Tag, ich möchte einen Termin für morgen um 16:30.";

	CHECK(finds("termin morgen", text));
	CHECK(finds("MORGEN termin", text));
	CHECK(!finds("termin gestern", text));
	CHECK(finds("\"guten tag\"", text));
	CHECK(finds("\"tag ich\"", text));
	CHECK(!finds("\"tag guten\"", text));
	CHECK(!finds("\"guten ich\"", text));
	CHECK(finds("16:30", text));
	CHECK(!finds("30:16", text));
	CHECK(finds("termin -gestern", text));
	CHECK(!finds("termin -morgen", text));
	CHECK(!finds("termin -\"guten tag\"", text));
	CHECK(finds("termin -\"tag guten\"", text));
	CHECK(finds("\"einen term* fuer\"", text));
	CHECK(finds("moechte", text));
	CHECK(finds("... termin !!", text));
	CHECK(finds("\"tag\"termin", text));
	CHECK(!finds("die", "Guten Tag"));
}

static void test_spans(void)
{
	_cleanup_(freep) struct search_span *spans = NULL;
	static const char text[] = "Über morgen, morgen früh.";
	struct search search;
	const char *why;

	CHECK_INT(search_parse(&search, "morgen \"uber morgen\" fr*", &why), 0);
	CHECK_INT(search_match(&search, text, strlen(text), &spans), 3);
	CHECK_INT(spans[0].start, 0);
	CHECK_INT(spans[0].end, 12);
	CHECK_INT(spans[1].start, 14);
	CHECK_INT(spans[1].end, 20);
	CHECK_INT(spans[2].start, 21);
	CHECK_INT(spans[2].end, strlen(text) - 1);
}

static void check_refused(const char *search, const char *wanted)
{
	struct search parsed;
	const char *why = NULL;

	CHECK(search_parse(&parsed, search, &why) < 0);
	CHECK_STR(why, wanted);
}

static void test_hostile_searches(void)
{
	char longest[SEARCH_TEXT_MAX + 2], many[4 * SEARCH_WORDS_MAX + 8] = "";
	struct search parsed;
	const char *why;

	memset(longest, 'a', sizeof(longest));
	longest[SEARCH_TEXT_MAX + 1] = 0;
	check_refused(longest, "it is longer than 1024 bytes");
	longest[SEARCH_TEXT_MAX] = 0;
	CHECK_INT(search_parse(&parsed, longest, &why), 0);
	for (int i = 0; i < SEARCH_WORDS_MAX; i++)
		strcat(many, "w ");
	CHECK_INT(search_parse(&parsed, many, &why), 0);
	check_refused(strcat(many, "w"), "it has more than 32 words");
	check_refused("", "it has no word");
	check_refused(" -- \"\" *", "it has no word");
	check_refused("-a -\"b c\"", "it says only what must not be there");
	check_refused("\"a b", "a \" is not closed");
	check_refused("a\xff", "it is not UTF-8");
}

/* What is longer than a form is cut, the same way always. */
static void test_long_words(void)
{
	static char text[100000];

	memset(text, 'x', sizeof(text) - 1);
	CHECK(finds("xxxx*", text));
	CHECK(!finds("xxxx", text));
	text[WORD_MAX] = 0;
	CHECK(finds(text, text));
	/* Many marks on one letter. */
	strcpy(text, "a");
	for (int i = 0; i < 5000; i++)
		strcat(text, "\xcc\x88");
	CHECK(finds("ä*", text) || finds("a*", text));
}

int main(void)
{
	test_words();
	test_forms();
	test_prefixes();
	test_searches();
	test_spans();
	test_hostile_searches();
	test_long_words();
	return 0;
}
