/* SPDX-License-Identifier: MIT */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)	  (sizeof(array) / sizeof(*(array)))
#define PICK(talk, array) ((array)[random_below(&(talk)->random, COUNT(array))])

static const char *const first_names[] = {
	"Anneliese", "Bernd",	"Cornelia", "Dörte",   "Eberhard",  "Friederike",
	"Günther",   "Heidrun", "Ingeborg", "Jörg",    "Käthe",	    "Lüder",
	"Margarete", "Norbert", "Ottilie",  "Rüdiger", "Sieglinde", "Thorben",
	"Ursula",    "Volkmar", "Wiebke",   "Yvonne",  "Oisín",	    "Björk"};
static const char *const name_parts[] = {"Öttinger", "Brück",  "Schön",	 "Hügel",
					 "Linden",   "Tannen", "Mühl",	 "Weiß",
					 "Küchen",   "Grün",   "Silber", "Winter"};
static const char *const name_ends[] = {"mann", "berg", "wald",	 "meier",
					"hof",	"thal", "stein", ""};
static const char *const services[] = {"Färben & Föhnen", "Herrenhaarschnitt", "Damenhaarschnitt",
				       "Strähnen",	  "Dauerwelle",	       "Bartpflege",
				       "Kinderschnitt",	  "Hochsteckfrisur",   "Waschen und Legen",
				       "Beratung"};
static const char *const streets[] = {"Brückentorstraße", "Küchenhofgasse", "Lindenweg",
				      "Am Mühlbach",	  "Schönwaldallee", "Tannenring"};
static const char *const hours[] = {"neun",	"zehn",	    "elf",	"zwölf",
				    "vierzehn", "fünfzehn", "sechzehn", "siebzehn"};
static const char *const days[] = {"Montag",  "Dienstag", "Mittwoch",	"Donnerstag",	"Freitag",
				   "Samstag", "morgen",	  "übermorgen", "nächste Woche"};
static const char *const chat[] = {"das wäre wirklich sehr nett von Ihnen",
				   "ich habe es leider etwas eilig heute",
				   "meine Schwester war neulich auch bei Ihnen",
				   "es darf ruhig etwas kürzer sein",
				   "am liebsten bei der Kollegin vom letzten Mal",
				   "ich bin allergisch gegen manche Farben",
				   "der Parkplatz hinter dem Haus ist doch noch da",
				   "können Sie das bitte einmal wiederholen",
				   "ich muss vorher noch die Kinder abholen",
				   "vormittags arbeite ich immer",
				   "bitte mit einer kleinen Kopfmassage",
				   "haben Sie auch Gutscheine für eine Freundin",
				   "die Verbindung ist gerade etwas schlecht",
				   "ich rufe vom Handy meiner Tochter an",
				   "wenn es geht ohne lange Wartezeit",
				   "das letzte Mal war die Farbe zu dunkel",
				   "ich bringe ein Foto von der Frisur mit",
				   "was kostet das denn ungefähr",
				   "kann ich auch mit Karte bezahlen",
				   "mein Mann braucht auch einen Schnitt"};
static const char *const chat_english[] = {"that would be really kind of you",
					   "I am in a bit of a hurry today",
					   "my sister was at your place recently",
					   "it may be a little shorter this time",
					   "the same colleague as last time please",
					   "could you repeat that once more",
					   "what would that cost roughly",
					   "I will bring a picture with me",
					   "can I pay by card as well",
					   "the line is rather bad right now"};

static const char *const nodes[] = {
	"Begrüßung",	 "Verfügbarkeit prüfen", "Alternativen anbieten", "Kundendaten erfassen",
	"Termin buchen", "Termin absagen",	 "Verabschiedung"};

void talk_begin(struct talk *talk, uint64_t number, uint64_t start_ns)
{
	static const char digits[] = "0123456789abcdef";
	struct random *random = &talk->random;
	const char *first;
	int step = 0;

	*talk = (struct talk){.random = {number * 0x2545f4914f6cdd1d + 17}, .start_ns = start_ns};
	talk->start_ns -= talk->start_ns % 1000000;
	strcpy(talk->call_id, "call_");
	for (int i = 0; i < 27; i++)
		talk->call_id[5 + i] = digits[random_below(random, 16)];
	first = PICK(talk, first_names);
	snprintf(talk->name, sizeof(talk->name), "%s %s%s", first, PICK(talk, name_parts),
		 PICK(talk, name_ends));
	snprintf(talk->phone, sizeof(talk->phone), "+4917604069%03d",
		 (int)random_below(random, 1000));
	snprintf(talk->email, sizeof(talk->email), "gast%d@example.com",
		 (int)random_below(random, 100000));
	snprintf(talk->address, sizeof(talk->address), "%s %d, %05d Musterstadt",
		 PICK(talk, streets), (int)random_below(random, 90) + 1,
		 (int)random_below(random, 2000));
	snprintf(talk->date, sizeof(talk->date), "2027-%02d-%02d",
		 (int)random_below(random, 12) + 1, (int)random_below(random, 28) + 1);
	snprintf(talk->time, sizeof(talk->time), "%02d:%02d", (int)random_below(random, 9) + 9,
		 (int)random_below(random, 4) * 15);
	snprintf(talk->service, sizeof(talk->service), "%s", PICK(talk, services));
	snprintf(talk->company, sizeof(talk->company), "salon-%02d", (int)random_below(random, 40));
	snprintf(talk->customer, sizeof(talk->customer), "K-%05d",
		 (int)random_below(random, 30000));
	talk->agent_version = 12 + (int)random_below(random, 6);
	talk->english = random_below(random, 10) == 0;
	talk->entries = json_array();
	talk->steps[step++] = TALK_STARTED;
	talk->steps[step++] = TALK_CHECK;
	if (random_below(random, 5))
		talk->steps[step++] = TALK_BOOK;
	if (random_below(random, 10) == 0)
		talk->steps[step++] = TALK_CANCEL;
	talk->steps[step++] = TALK_ENDED;
	talk->steps[step++] = TALK_ANALYZED;
	talk->step_count = step;
}

void talk_end(struct talk *talk)
{
	json_decref(talk->entries);
	talk->entries = NULL;
}

/* Real times have fewer digits than doubles print. */
static json_t *seconds_of(double seconds)
{
	return json_real((double)(long)(seconds * 1000) / 1000);
}

static void say(struct talk *talk, const char *role, const char *text)
{
	json_t *words = json_array();
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	talk->now += 0.3 + random_unit(&talk->random);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		double end = talk->now + 0.15 + 0.3 * random_unit(&talk->random);

		json_array_append_new(words,
				      json_pack("{s:s, s:o, s:o}", "word", word, "start",
						seconds_of(talk->now), "end", seconds_of(end)));
		talk->now = end;
	}
	json_array_append_new(talk->entries, json_pack("{s:s, s:s, s:o}", "role", role, "content",
						       text, "words", words));
}

static void move(struct talk *talk, size_t from, size_t to)
{
	json_array_append_new(talk->entries,
			      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "role",
					"node_transition", "former_node_id", nodes[from],
					"former_node_name", nodes[from], "new_node_id", nodes[to],
					"new_node_name", nodes[to], "transition_type", "normal",
					"time_sec", seconds_of(talk->now)));
}

static void chatter(struct talk *talk)
{
	char text[512];
	size_t rounds = random_below(&talk->random, 4);

	for (size_t i = 0; i < rounds; i++) {
		snprintf(text, sizeof(text), "%s, %s.",
			 talk->english ? PICK(talk, chat_english) : PICK(talk, chat),
			 talk->english ? PICK(talk, chat_english) : PICK(talk, chat));
		say(talk, "user", text);
		snprintf(text, sizeof(text), "%s %s.", talk->english ? "Of course," : "Gern,",
			 talk->english ? PICK(talk, chat_english) : PICK(talk, chat));
		say(talk, "agent", text);
	}
}

static json_t *arguments(const struct talk *talk)
{
	switch (talk->kind) {
	case TALK_CHECK:
		return json_pack("{s:s, s:s, s:s, s:s}", "datum", talk->date, "uhrzeit", talk->time,
				 "dienstleistung", talk->service, "call_id", talk->call_id);
	case TALK_BOOK:
		return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:s}", "customer_name",
				 talk->name, "customer_phone", talk->phone, "customer_email",
				 talk->email, "customer_address", talk->address, "dienstleistung",
				 talk->service, "start",
				 json_sprintf("%sT%s:00+01:00", talk->date, talk->time),
				 "bestaetigung", 1, "call_id", "1");
	default:
		return json_pack("{s:s, s:s}", "booking_uid", "weiß ich nicht", "grund",
				 "doppelt gebucht");
	}
}

static void invoke(struct talk *talk)
{
	json_t *args = arguments(talk);
	char *text = json_dumps(args, JSON_COMPACT);

	talk->now += 0.4;
	json_array_append_new(
		talk->entries,
		json_pack("{s:s, s:o, s:s, s:s, s:o}", "role", "tool_call_invocation",
			  "tool_call_id",
			  json_sprintf("tool_call_%04d%s", ++talk->tool_calls, talk->call_id + 26),
			  "name", talk->function, "arguments", text, "time_sec",
			  seconds_of(talk->now)));
	free(text);
	json_decref(args);
}

static void before_check(struct talk *talk)
{
	char text[512];

	say(talk, "agent", "Guten Tag, hier ist der Salon Schönwald. Wie kann ich Ihnen helfen?");
	if (talk->english)
		snprintf(text, sizeof(text), "Hello, %s speaking. I need an appointment for %s.",
			 talk->name, talk->service);
	else
		snprintf(text, sizeof(text),
			 "Grüß Gott, %s hier. Ich bräuchte %s um %s Uhr einen Termin, %s.",
			 talk->name, PICK(talk, days), PICK(talk, hours), talk->service);
	say(talk, "user", text);
	chatter(talk);
	move(talk, 0, 1);
	strcpy(talk->function, "check_availability");
	talk->fails = false;
	invoke(talk);
}

static void before_book(struct talk *talk)
{
	char text[512];

	talk->fails = !talk->retried && random_below(&talk->random, 12) == 0;
	if (talk->retried) {
		say(talk, "agent", "Das hat gerade nicht geklappt, ich versuche es noch einmal.");
		invoke(talk);
		return;
	}
	move(talk, 1, 2);
	snprintf(text, sizeof(text), "Ich hätte %s um %s Uhr frei. Passt das für Sie?",
		 PICK(talk, days), PICK(talk, hours));
	say(talk, "agent", text);
	snprintf(text, sizeof(text), "Ja, das passt. Meine Nummer ist 0%s, E-Mail %s.",
		 talk->phone + 3, talk->email);
	say(talk, "user", text);
	chatter(talk);
	move(talk, 2, 3);
	say(talk, "agent", "Danke schön. Und wie lautet Ihre Anschrift für die Rechnung?");
	snprintf(text, sizeof(text), "%s.", talk->address);
	say(talk, "user", text);
	move(talk, 3, 4);
	snprintf(talk->function, sizeof(talk->function), "book_appointment_v%d",
		 talk->agent_version);
	invoke(talk);
}

static void before_cancel(struct talk *talk)
{
	say(talk, "user", "Und sagen Sie bitte meinen alten Termin ab, die Nummer weiß ich nicht.");
	move(talk, 4, 5);
	strcpy(talk->function, "cancel_appointment");
	talk->fails = true;
	invoke(talk);
}

static void before_end(struct talk *talk)
{
	chatter(talk);
	say(talk, "agent",
	    talk->english ? "Thank you very much, good bye!"
			  : "Vielen Dank für Ihren Anruf, auf Wiederhören!");
	say(talk, "user", talk->english ? "Thanks, bye." : "Danke, tschüß!");
	talk->now += 0.5;
	talk->ended = talk->now;
}

bool talk_next(struct talk *talk)
{
	if (talk->step == talk->step_count)
		return false;
	talk->kind = talk->steps[talk->step++];
	switch (talk->kind) {
	case TALK_STARTED:
		talk->now = 0.02;
		break;
	case TALK_CHECK:
		before_check(talk);
		break;
	case TALK_BOOK:
		before_book(talk);
		/* What failed is tried once more. */
		if (talk->fails)
			talk->step--;
		talk->retried = talk->fails;
		break;
	case TALK_CANCEL:
		before_cancel(talk);
		break;
	case TALK_ENDED:
		before_end(talk);
		break;
	case TALK_ANALYZED:
		talk->now += 4;
		break;
	}
	return true;
}

uint64_t talk_time(const struct talk *talk)
{
	return talk->start_ns + (uint64_t)(talk->now * 1e9);
}

static json_t *spoken(const struct talk *talk, char *text, size_t size)
{
	json_t *list = json_array(), *entry;
	size_t i, used = 0;

	*text = 0;
	json_array_foreach (talk->entries, i, entry) {
		const char *role = json_string_value(json_object_get(entry, "role"));

		if (strcmp(role, "agent") != 0 && strcmp(role, "user") != 0)
			continue;
		json_array_append(list, entry);
		if (used < size)
			used += (size_t)snprintf(
				text + used, size - used, "%s: %s\n",
				*role == 'a' ? "Agent" : "User",
				json_string_value(json_object_get(entry, "content")));
	}
	return list;
}

static json_t *call_object(const struct talk *talk)
{
	json_t *call = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}, s:s, s:I}",
		"call_type", "phone_call", "from_number", talk->phone, "to_number", "+492214710123",
		"direction", "inbound", "call_id", talk->call_id, "agent_id",
		"agent_0a1b2c3d4e5f60718293a4b5c6", "agent_version", talk->agent_version,
		"agent_name", "Terminassistenz Salon Schönwald", "call_status",
		talk->kind >= TALK_ENDED ? "ended" : "ongoing", "metadata", "company_id",
		talk->company, "customer_id", talk->customer, "retell_llm_dynamic_variables",
		"customer_name", talk->name, "salon_ort", "Köln", "data_storage_setting",
		"everything", "start_timestamp", (json_int_t)(talk->start_ns / 1000000));
	char text[16384];

	if (talk->kind == TALK_STARTED)
		return call;
	json_object_set_new(call, "transcript_object", spoken(talk, text, sizeof(text)));
	json_object_set_new(call, "transcript", json_string(text));
	json_object_set(call, "transcript_with_tool_calls", talk->entries);
	if (talk->kind < TALK_ENDED)
		return call;
	json_object_set_new(call, "end_timestamp",
			    json_integer((json_int_t)(talk->start_ns / 1000000 +
						      (uint64_t)(talk->ended * 1000))));
	json_object_set_new(call, "duration_ms", json_integer((json_int_t)(talk->ended * 1000)));
	json_object_set_new(call, "disconnection_reason", json_string("user_hangup"));
	if (talk->kind == TALK_ANALYZED)
		json_object_set_new(call, "call_analysis",
				    json_pack("{s:s, s:b, s:s, s:b}", "call_summary",
					      "Der Anrufer bucht einen Termin.", "in_voicemail", 0,
					      "user_sentiment", "Positive", "call_successful", 1));
	return call;
}

json_t *talk_body(const struct talk *talk)
{
	json_t *body = json_pack("{s:o}", "call", call_object(talk));

	if (talk->kind >= TALK_CHECK && talk->kind <= TALK_CANCEL) {
		json_object_set_new(body, "name", json_string(talk->function));
		json_object_set_new(body, "args", arguments(talk));
	} else {
		json_object_set_new(body, "event",
				    json_string(talk->kind == TALK_STARTED ? "call_started"
						: talk->kind == TALK_ENDED ? "call_ended"
									   : "call_analyzed"));
	}
	return body;
}

void talk_answered(struct talk *talk, const char *response, double seconds)
{
	talk->now += seconds;
	if (talk->kind < TALK_CHECK || talk->kind > TALK_CANCEL)
		return;
	json_array_append_new(
		talk->entries,
		json_pack("{s:s, s:o, s:s, s:o}", "role", "tool_call_result", "tool_call_id",
			  json_sprintf("tool_call_%04d%s", talk->tool_calls, talk->call_id + 26),
			  "content", response, "time_sec", seconds_of(talk->now)));
}
