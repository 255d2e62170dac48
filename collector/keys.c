/* SPDX-License-Identifier: MIT */
#include "keys.h"

#include <calltrace/secret.h>
#include <ctype.h>
#include <string.h>
#include <xxhash.h>

#define WORDS	  12
#define WORD_SIZE 28

struct words {
	char at[WORDS][WORD_SIZE];
	unsigned int count;
};

struct rule {
	const char *words; /* separated by spaces, with one at both ends */
	enum redact_kind kind;
};

/* The last word of a key that means something. */
static const struct rule last_words[] = {
	{" phone telephone tel fon cell cellphone mobile mobil handy fax telefax telefon phonenumber "
	 "telefonnummer mobilnummer handynummer mobiltelefon rufnummer telefonnr handynr faxnummer "
	 "rueckrufnummer festnetz msisdn whatsapp callerid ani ",
	 REDACT_PHONE},
	{" email mail mails emails emailaddress emailadresse mailadresse mailaddress ",
	 REDACT_EMAIL},
	{" vorname nachname nachnamen zuname familienname kundenname kontaktname geburtsname "
	 "firstname lastname surname forename fullname middlename nickname username customername "
	 "spitzname rufname bestellername teilnehmername mietername halter halterin inhaber inhaberin "
	 "kontoinhaber kontoinhaberin karteninhaber auftraggeber auftraggeberin besteller "
	 "bestellerin cardholder accountholder contactperson "
	 "callername clientname benutzername patientenname gastname anrufername "
	 "kunde kundin kunden customer caller patient patientin gast guest anrufer anruferin "
	 "contact kontakt kontaktperson ansprechpartner client klient recipient empfaenger ",
	 REDACT_NAME},
	{" address addresses adresse adressen anschrift addr street strasse str hausnummer "
	 "hausnr plz zip zipcode postcode postleitzahl postalcode rechnungsadresse lieferadresse "
	 "rechnungsanschrift lieferanschrift wohnort wohnanschrift streetaddress ",
	 REDACT_ADDRESS},
	{" ort city town stadt locality ortsteil ", REDACT_TOWN},
	{" dob gebdat gebdatum birthday birthdate birth geburtsdatum geburtstag geburtsjahr dateofbirth geb ",
	 REDACT_DATE_OF_BIRTH},
	{" iban kontonummer kontonr creditcard kreditkarte kreditkartennummer cardnumber ",
	 REDACT_IBAN},
	{" ssn steuernummer steuerid taxid passport ausweisnummer versicherungsnummer "
	 "versichertennummer sozialversicherungsnummer ",
	 REDACT_ID},
	{" sessionid hmac auth ", REDACT_SECRET},
};

/* Two words in a row, the last ones. */
static const struct rule last_pairs[] = {
	{" from_number to_number caller_number contact_number callback_number user_number "
	 "customer_number_e164 caller_id call_number cell_number transferee_number ",
	 REDACT_PHONE},
	{" email_address mail_address email_adresse mail_adresse e_mail ", REDACT_EMAIL},
	{" postal_code post_code zip_code house_number haus_nummer address_line address_line1 "
	 "address_line2 ",
	 REDACT_ADDRESS},
	{" birth_date of_birth birth_day birth_year ", REDACT_DATE_OF_BIRTH},
	{" account_number card_number bank_account ", REDACT_IBAN},
	{" tax_id social_security passport_number insurance_number ", REDACT_ID},
	{" full_names contact_person kontakt_person account_holder card_holder ", REDACT_NAME},
};

/* Words that say how a value is written, not what it is. */
static const char noise[] =
	" number numbers int integer no nr nummer num value values raw input text str e164 formatted "
	"normalized normalised clean cleaned original full new old string ";

/* Before "name": a thing that is no person. */
static const char things[] =
	" function fn agent service host file node salon class method event tool company firma firm "
	"business dienstleistung leistung product produkt plan template model table column route queue "
	"job driver connection database db index field key attribute attr param parameter variable var "
	"type module package app application server domain path folder dir directory bucket log logger "
	"channel guard provider disk store view component command action controller middleware step "
	"state flow voice branch tag category room resource cookie session header cache metric test rule "
	"policy role permission group team brand locale language country region short code sql schema "
	"script request response time timezone zone calendar kalender appointment termin treatment "
	"behandlung filiale location shop venue hotel praxis clinic studio trait property base real "
	"relation constraint container binding alias macro option config setting env environment "
	"section layout theme icon image format encoding charset mime extension interface namespace "
	"project repository task workflow campaign list item object entity collection topic stream "
	"exchange pool process thread worker daemon program version release build target source "
	"destination operation procedure trigger save savepoint statement cursor unit status kind "
	"organisation organization org workspace tenant account transfer llm engine user_agent "
	"event_type display_type reason label title ";

/* In front of a secret-bearing URL's last word. */
static const char capabilities[] =
	" recording recordings log logs retrieved signed presigned download access "
	"aufnahme aufzeichnung ";

static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; n && (p = strstr(p, word)); p++)
		if (p > list && p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

/* ä, ö, ü, ß as two letters; other bytes above ASCII are letters of no rule. */
static const char *transliterate(const unsigned char *p)
{
	if (p[0] != 0xc3)
		return NULL;
	switch (p[1]) {
	case 0xa4:
	case 0x84:
		return "ae";
	case 0xb6:
	case 0x96:
		return "oe";
	case 0xbc:
	case 0x9c:
		return "ue";
	case 0x9f:
		return "ss";
	default:
		return NULL;
	}
}

static void word_add(struct words *words, size_t *length, const char *text, size_t n)
{
	char *word = words->at[words->count];

	/* Too long a word is cut: it is in no list then. */
	for (size_t i = 0; i < n && *length < WORD_SIZE - 1; i++)
		word[(*length)++] = text[i];
	word[*length] = 0;
}

static void word_end(struct words *words, size_t *length)
{
	if (!*length)
		return;
	*length = 0;
	/* The end of a key counts: keep the last words. */
	if (++words->count == WORDS) {
		memmove(words->at[0], words->at[1], sizeof(words->at) - sizeof(words->at[0]));
		words->count--;
	}
	memset(words->at[words->count], 0, WORD_SIZE);
}

static void split(struct words *words, const char *key, size_t size)
{
	const unsigned char *p = (const unsigned char *)key;
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		const char *two = i + 1 < size ? transliterate(p + i) : NULL;
		char lower = (char)tolower(p[i]);

		if (two) {
			word_add(words, &length, two, 2);
			i++;
		} else if (isalnum(p[i]) || p[i] >= 0x80) {
			bool next_lower = i + 1 < size && islower(p[i + 1]);

			/* customerPhone, and the N of PHPName. */
			if (i && isupper(p[i]) &&
			    (islower(p[i - 1]) || isdigit(p[i - 1]) ||
			     (isupper(p[i - 1]) && next_lower)))
				word_end(words, &length);
			word_add(words, &length, &lower, 1);
		} else {
			word_end(words, &length);
		}
	}
	word_end(words, &length);
}

static enum redact_kind pair_kind(const struct words *words, unsigned int n)
{
	char pair[2 * WORD_SIZE];
	unsigned int size = 0;

	if (n < 2)
		return REDACT_NONE;
	for (const char *p = words->at[n - 2]; *p; p++)
		pair[size++] = *p;
	pair[size++] = '_';
	for (const char *p = words->at[n - 1]; *p; p++)
		pair[size++] = *p;
	pair[size] = 0;
	for (size_t i = 0; i < sizeof(last_pairs) / sizeof(*last_pairs); i++)
		if (listed(last_pairs[i].words, pair))
			return last_pairs[i].kind;
	return REDACT_NONE;
}

static bool technical_address(const struct words *words, unsigned int n)
{
	static const char list[] =
		" ip ipv4 ipv6 mac remote server memory bind listen peer hardware ";

	return n >= 2 && listed(list, words->at[n - 2]);
}

static enum redact_kind word_kind(const struct words *words, unsigned int n)
{
	const char *last = words->at[n - 1];

	if (strcmp(last, "name") == 0 || strcmp(last, "names") == 0)
		return n >= 2 && listed(things, words->at[n - 2]) ? REDACT_NONE : REDACT_NAME;
	for (size_t i = 0; i < sizeof(last_words) / sizeof(*last_words); i++) {
		if (!listed(last_words[i].words, last))
			continue;
		if (last_words[i].kind == REDACT_ADDRESS && technical_address(words, n))
			return REDACT_NONE;
		/* salon_ort, http_client, mail_contact: a thing's, as with names. */
		if (n >= 2 && listed(things, words->at[n - 2]) &&
		    (last_words[i].kind == REDACT_TOWN || strcmp(last, "client") == 0))
			return REDACT_NONE;
		return last_words[i].kind;
	}
	/* Compounds that no list can hold: privattelefonnummer, lieferstrasse. */
	if (strstr(last, "telefon") || strstr(last, "handynummer") || strstr(last, "rufnummer"))
		return REDACT_PHONE;
	if (strlen(last) > 7 && (strstr(last, "anschrift") || strstr(last, "strasse")))
		return REDACT_ADDRESS;
	return REDACT_NONE;
}

static bool capability(const struct words *words)
{
	const char *last = words->count ? words->at[words->count - 1] : "";

	if (strcmp(last, "url") != 0 && strcmp(last, "urls") != 0 && strcmp(last, "link") != 0)
		return false;
	for (unsigned int i = 0; i + 1 < words->count; i++)
		if (listed(capabilities, words->at[i]))
			return true;
	return false;
}

static bool pair_is(const struct words *words, const char *first, const char *second)
{
	return strcmp(words->at[0], first) == 0 && strcmp(words->at[1], second) == 0;
}

/* A browser's session; call_session_id is another thing. */
static bool names_session(const struct words *words)
{
	return words->count == 2 &&
	       (pair_is(words, "session", "id") || pair_is(words, "sess", "id") ||
		pair_is(words, "laravel", "session") || pair_is(words, "php", "session"));
}

static enum redact_kind decide(const char *key, size_t size)
{
	struct words words = {0};
	enum redact_kind kind;
	unsigned int n;

	if (!size || key[0] == '@')
		return REDACT_NONE;
	if (ct_secret_key(key, size))
		return REDACT_SECRET;
	split(&words, key, size);
	if (capability(&words))
		return REDACT_URL;
	if (names_session(&words))
		return REDACT_SECRET;
	for (n = words.count; n; n--) {
		const char *last = words.at[n - 1];

		kind = pair_kind(&words, n);
		if (kind == REDACT_NONE)
			kind = word_kind(&words, n);
		if (kind != REDACT_NONE)
			return kind;
		if (!listed(noise, last) && !isdigit((unsigned char)last[0]))
			return REDACT_NONE;
		/* "customer number" is no customer. */
		if (n >= 2 && strncmp(last, "n", 1) == 0 && word_kind(&words, n - 1) == REDACT_NAME)
			return REDACT_NONE;
	}
	return REDACT_NONE;
}

const char *kind_token(enum redact_kind kind)
{
	switch (kind) {
	case REDACT_NAME:
		return "[NAME_REDACTED]";
	case REDACT_PHONE:
		return "[PHONE_REDACTED]";
	case REDACT_EMAIL:
		return "[EMAIL_REDACTED]";
	case REDACT_ADDRESS:
	case REDACT_TOWN:
		return "[ADDRESS_REDACTED]";
	case REDACT_DATE_OF_BIRTH:
		return "[DATE_OF_BIRTH_REDACTED]";
	case REDACT_IBAN:
		return "[IBAN_REDACTED]";
	case REDACT_ID:
		return "[ID_REDACTED]";
	case REDACT_URL:
		return "[URL_REDACTED]";
	default:
		return "[SECRET_REDACTED]";
	}
}

/* A payload has few keys, many times over. One daemon thread asks. */
enum redact_kind key_kind(const char *key, size_t size)
{
	static struct {
		char key[40];
		uint8_t size;
		uint8_t kind;
	} known[1024];
	unsigned int at = XXH3_64bits(key, size) % 1024;

	if (!size || size > sizeof(known[at].key))
		return decide(key, size);
	if (known[at].size != size || memcmp(known[at].key, key, size) != 0) {
		known[at].kind = decide(key, size);
		known[at].size = size;
		memcpy(known[at].key, key, size);
	}
	return (enum redact_kind)known[at].kind;
}
