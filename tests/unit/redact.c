/* SPDX-License-Identifier: MIT */
/* What must go and what must stay. Numbers are of the ranges kept for fiction. */
#include "redact.h"

#include "check.h"
#include "cleanup.h"

static struct redact *redact;

static void json_is(const char *from, const char *to)
{
	json_t *in = json_loads(from, 0, NULL), *want = json_loads(to, 0, NULL), *out;
	char *text;

	CHECK(in && want);
	CHECK_INT(redact_learn(redact, in, REDACT_PAYLOAD), 0);
	out = redact_json(redact, in, REDACT_PAYLOAD);
	text = json_dumps(out, JSON_COMPACT);
	if (!json_equal(out, want))
		CHECK_STR(text, to);
	free(text);
	json_decref(in);
	json_decref(want);
	json_decref(out);
}

static void text_is(const char *from, const char *to)
{
	char *out = redact_text(redact, from);

	CHECK_STR(out, to);
	free(out);
}

static void fresh(void)
{
	redact_free(redact);
	redact = NULL;
	CHECK_INT(redact_new(&redact), 0);
}

static void test_keys(void)
{
	static const struct {
		const char *key;
		enum redact_kind kind;
	} table[] = {
		{"customer_phone", REDACT_PHONE},
		{"customerPhone", REDACT_PHONE},
		{"X-Customer-Phone", REDACT_PHONE},
		{"Telefonnummer", REDACT_PHONE},
		{"phone_number", REDACT_PHONE},
		{"from_number", REDACT_PHONE},
		{"to_number", REDACT_PHONE},
		{"handy", REDACT_PHONE},
		{"mobil", REDACT_PHONE},
		{"telefon", REDACT_PHONE},
		{"kundenTelefon", REDACT_PHONE},
		{"name", REDACT_NAME},
		{"vorname", REDACT_NAME},
		{"nachname", REDACT_NAME},
		{"kunde", REDACT_NAME},
		{"customer_name", REDACT_NAME},
		{"customerName", REDACT_NAME},
		{"firstName", REDACT_NAME},
		{"last_name", REDACT_NAME},
		{"mail", REDACT_EMAIL},
		{"email", REDACT_EMAIL},
		{"customer_email", REDACT_EMAIL},
		{"E-Mail-Adresse", REDACT_EMAIL},
		{"adresse", REDACT_ADDRESS},
		{"anschrift", REDACT_ADDRESS},
		{"Straße", REDACT_ADDRESS},
		{"plz", REDACT_ADDRESS},
		{"zip_code", REDACT_ADDRESS},
		{"customer_address", REDACT_ADDRESS},
		{"ort", REDACT_TOWN},
		{"geburtsdatum", REDACT_DATE_OF_BIRTH},
		{"date_of_birth", REDACT_DATE_OF_BIRTH},
		{"iban", REDACT_IBAN},
		{"access_token", REDACT_SECRET},
		{"api_key", REDACT_SECRET},
		{"password", REDACT_SECRET},
		{"recording_url", REDACT_URL},
		{"recording_multi_channel_url", REDACT_URL},
		{"public_log_url", REDACT_URL},
		{"knowledge_base_retrieved_contents_url", REDACT_URL},
		{"phone_int", REDACT_PHONE},
		{"contact_person", REDACT_NAME},
		{"kontoinhaber", REDACT_NAME},
		{"account_holder", REDACT_NAME},
		{"auftraggeber", REDACT_NAME},
		{"gebdat", REDACT_DATE_OF_BIRTH},
		{"session_id", REDACT_SECRET},
		{"sessionId", REDACT_SECRET},
		{"laravel_session", REDACT_SECRET},
		{"hmac", REDACT_SECRET},
		{"call_session_id", REDACT_NONE},
		{"call_from_number", REDACT_PHONE},
		{"CallSid", REDACT_NONE},
		{"function_name", REDACT_NONE},
		{"agent_name", REDACT_NONE},
		{"service_name", REDACT_NONE},
		{"hostname", REDACT_NONE},
		{"filename", REDACT_NONE},
		{"node_name", REDACT_NONE},
		{"former_node_name", REDACT_NONE},
		{"salon_name", REDACT_NONE},
		{"class_name", REDACT_NONE},
		{"methodName", REDACT_NONE},
		{"salon_ort", REDACT_NONE},
		{"email_sent", REDACT_NONE},
		{"customer_id", REDACT_NONE},
		{"llm_token_usage", REDACT_NONE},
		{"ip_address", REDACT_NONE},
		{"dienstleistung", REDACT_NONE},
		{"callback_url", REDACT_NONE},
		{"@class", REDACT_NONE},
		{"order_number", REDACT_NONE},
		{"customer_number", REDACT_NONE},
		{"status", REDACT_NONE},
		{"", REDACT_NONE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (key_kind(table[i].key, strlen(table[i].key)) != table[i].kind)
			fprintf(stderr, "key %s\n", table[i].key);
		CHECK_INT(key_kind(table[i].key, strlen(table[i].key)), table[i].kind);
	}
}

static void test_goes(void)
{
	static const char *const phones[] = {
		"+4917604069012",      "+49 176 04069012", "0176 04069012",
		"0176/040 690 12",     "030/23125-042",	   "(0221) 4710 123",
		"0221 4710123",	       "+1 212 555 0147",  "(212) 555-0147",
		"212-555-0147",	       "004917604069012",  "+49 (0) 30 23125 042",
		"+49 (0)221 4710-123", "1-212-555-0147",   "4917604069012",
		"%2B4917604069012",
	};
	char in[128], out[128];

	for (size_t i = 0; i < sizeof(phones) / sizeof(*phones); i++) {
		text_is(phones[i], "[PHONE_REDACTED]");
		snprintf(in, sizeof(in), "Meine Nummer: %s.", phones[i]);
		text_is(in, "Meine Nummer: [PHONE_REDACTED].");
		snprintf(in, sizeof(in), "ruf %s, bitte", phones[i]);
		text_is(in, "ruf [PHONE_REDACTED], bitte");
		snprintf(in, sizeof(in), "\"%s\"", phones[i]);
		snprintf(out, sizeof(out), "\"[PHONE_REDACTED]\"");
		text_is(in, out);
	}
	text_is("/customers/+4917604069012/bookings", "/customers/[PHONE_REDACTED]/bookings");
	text_is("kaethe.oettinger@example.com.", "[EMAIL_REDACTED].");
	text_is("<jonathan.oneil@example.org>", "<[EMAIL_REDACTED]>");
	text_is("/c/hans%40example.com", "/c/[EMAIL_REDACTED]");
	text_is("Authorization: Bearer abc123.def456-ghi",
		"Authorization: Bearer [SECRET_REDACTED]");
	text_is("Basic aGFuczpnZWhlaW0=", "Basic [SECRET_REDACTED]");
	text_is("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF-1", "[SECRET_REDACTED]");
	text_is("key_test_0123456789abcdef", "[SECRET_REDACTED]");
	text_is("https://u:pw@api.example.com/x", "https://[SECRET_REDACTED]@api.example.com/x");
	text_is("https://api.example.com/x?token=abc&a=1&sig=zz",
		"https://api.example.com/x?token=[SECRET_REDACTED]&a=1&sig=[SECRET_REDACTED]");
	text_is("GET /x?phone=12&name=Hans", "GET /x?phone=[PHONE_REDACTED]&name=[NAME_REDACTED]");
	text_is("v=1772442020137,d=bd3c2605e1adbcfc", "v=1772442020137,d=[SECRET_REDACTED]");
	text_is("failed: {\"customer_name\":\"Hans M\",\"n\":1} (truncated",
		"failed: {\"customer_name\":\"[NAME_REDACTED]\",\"n\":1} (truncated");
	text_is("DE89 3704 0044 0532 0130 00", "[IBAN_REDACTED]");
}

static void test_stays(void)
{
	static const char *const texts[] = {
		"2026-03-04",
		"24.10.2025 10:00",
		"04.03.2026 um 16:15 Uhr",
		"2026-03-04 15:30",
		"2026-03-04T16:15:00+01:00",
		"2026-03-04T15:15:00.012345Z",
		"15:30",
		"10:00:00",
		"123.45",
		"1.234,56 €",
		"0.123456789",
		"1772442000137",
		"17724420001",
		"call_5f0e1d2c3b4a59687f6e5d4c3b2",
		"call_00112233445566778899aabbccd",
		"agent_0a1b2c3d4e5f60718293a4b5c6",
		"bk_test_8f3c",
		"CA00000000000000000000000000000001",
		"00112233-4455-6677-8899-001122334455",
		"5f0e1d2c-3b4a-5968-7f6e-5d4c3b2a1900",
		"8.2.36",
		"10.0.0.17",
		"127.0.0.1:8080",
		"K-10442",
		"01234 Musterstadt",
		"book_appointment_v17",
		"Bearer of bad news",
		"Basic understanding",
		"/srv/salon-backend/app/Services/BookingService.php:118",
		"App\\Http\\Controllers\\RetellController",
		"SQLSTATE[23000]: Integrity constraint",
		"select * from bookings where id = 4711 limit 1",
		"um 15:30 Uhr",
		"HTTP 503",
		"Termin am 04.03.2026 um 16:15 Uhr gebucht.",
		"2026-03-04 - 2026-03-05",
		"5000 3000 2000",
		"cURL error 28: Operation timed out after 2003 milliseconds",
		"https://api.example.com/v2/slots?start=2026-03-04&days=3",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_is(texts[i], texts[i]);
}

static void test_json(void)
{
	fresh();
	json_is("{\"customer_phone\":\"+4915012345678\",\"email\":\"hans@example.com\"}",
		"{\"customer_phone\":\"[PHONE_REDACTED]\",\"email\":\"[EMAIL_REDACTED]\"}");
	json_is("{\"email_sent\":true,\"phone\":null,\"telefon\":4917604069012,\"name\":\"\"}",
		"{\"email_sent\":true,\"phone\":null,\"telefon\":\"[PHONE_REDACTED]\",\"name\":\"\"}");
	json_is("{\"name\":\"book\",\"args\":{\"name\":\"Zoë Brückner\"},\"x\":\"von Zoë Brückner!\"}",
		"{\"name\":\"book\",\"args\":{\"name\":\"[NAME_REDACTED]\"},"
		"\"x\":\"von [NAME_REDACTED]!\"}");
	json_is("{\"a\":\"Zo\\\\u00eb Br\\\\u00fcckner\",\"b\":\"q=Zo%C3%AB+Br%C3%BCckner\"}",
		"{\"a\":\"[NAME_REDACTED]\",\"b\":\"q=[NAME_REDACTED]\"}");
	json_is("{\"kunde\":{\"id\":7,\"x\":\"Anna Blau\",\"plz\":\"01234\",\"ort\":\"Musterort\"}}",
		"{\"kunde\":{\"id\":7,\"x\":\"[NAME_REDACTED]\",\"plz\":\"[ADDRESS_REDACTED]\","
		"\"ort\":\"[ADDRESS_REDACTED]\"}}");
	json_is("{\"customer\":{\"vorname\":\"Ännchen\",\"service\":\"Färben\"},\"x\":\"Färben für Ännchen\"}",
		"{\"customer\":{\"vorname\":\"[NAME_REDACTED]\",\"service\":\"[NAME_REDACTED]\"},"
		"\"x\":\"Färben für [NAME_REDACTED]\"}");
	json_is("{\"ort\":\"Köln\",\"salon_ort\":\"Köln\"}",
		"{\"ort\":\"Köln\",\"salon_ort\":\"Köln\"}");
	json_is("{\"arguments\":\"{\\\"customer_name\\\":\\\"Bo Li\\\",\\\"n\\\":1}\"}",
		"{\"arguments\":\"{\\\"customer_name\\\":\\\"[NAME_REDACTED]\\\",\\\"n\\\":1}\"}");
	json_is("{\"+4917604069012\":1,\"+4917604069034\":2}",
		"{\"[PHONE_REDACTED]\":1,\"[PHONE_REDACTED]#2\":2}");
	json_is("{\"access_token\":\"tok-abcd\",\"m\":\"used tok-abcd\"}",
		"{\"access_token\":\"[SECRET_REDACTED]\",\"m\":\"used [SECRET_REDACTED]\"}");
	/* As it was written, but for what goes; what is said twice was not all seen. */
	json_is("{\"a\":\"{\\\"p\\\": 1.50, \\\"l\\\":[ ]}\"}",
		"{\"a\":\"{\\\"p\\\": 1.50, \\\"l\\\":[ ]}\"}");
	json_is("{\"a\":\"{\\\"x\\\": \\\"0176 04069012\\\", \\\"x\\\": 1}\"}",
		"{\"a\":\"{\\\"x\\\":1}\"}");
	json_is("{\"phone\":\"01512/3456781\",\"m\":\"abc01512/3456781 x01512/34567812\"}",
		"{\"phone\":\"[PHONE_REDACTED]\",\"m\":\"abc[PHONE_REDACTED] x01512/34567812\"}");
	json_is("{\"customer\":{\"name\":\"Ida Grau\",\"wann\":\"2027-03-04 16:15\",\"am\":\"4.3.2027\","
		"\"um\":\"16:15\",\"geburtstag\":\"1961-02-28\",\"nr\":\"030 23125042\"},\"start\":\"2027-03-04 16:15\"}",
		"{\"customer\":{\"name\":\"[NAME_REDACTED]\",\"wann\":\"2027-03-04 16:15\",\"am\":\"4.3.2027\","
		"\"um\":\"16:15\",\"geburtstag\":\"[DATE_OF_BIRTH_REDACTED]\",\"nr\":\"[NAME_REDACTED]\"},"
		"\"start\":\"2027-03-04 16:15\"}");
	json_is("{\"recording_url\":\"https://r.example.com/1.wav\"}",
		"{\"recording_url\":\"[URL_REDACTED]\"}");
}

static void test_limits(void)
{
	size_t size = 5u << 20;
	char *text = malloc(size + 1), *out;

	memset(text, 'a', size);
	text[size] = 0;
	out = redact_text(redact, text);
	CHECK_STR(out, "[TOO_LARGE_REDACTED]");
	free(out);
	text[1u << 20] = 0;
	out = redact_text(redact, text);
	CHECK(out && strlen(out) == 1u << 20);
	free(out);
	memset(text, '0', 1u << 20);
	free(redact_text(redact, text));
	free(text);
}

static void remember(const struct redact_removal *removal, void *userdata)
{
	json_t *told = userdata;

	json_array_append_new(told, json_sprintf("%s %s %s %zu", removal->kind, removal->rule,
						 removal->place, removal->line));
}

/* One line for each that went, and no value in any. */
static void told_is(const char *from, const char *const *want)
{
	json_t *in = json_loads(from, 0, NULL), *told = json_array(), *out;
	size_t n = 0;

	CHECK(in && told);
	fresh();
	CHECK_INT(redact_learn(redact, in, REDACT_PAYLOAD), 0);
	redact_tell(redact, remember, told);
	out = redact_json(redact, in, REDACT_PAYLOAD);
	for (; want[n]; n++)
		CHECK_STR(json_string_value(json_array_get(told, n)), want[n]);
	CHECK_INT(json_array_size(told), n);
	json_decref(out);
	json_decref(told);
	json_decref(in);
}

static void test_told(void)
{
	told_is("{\"args\": {\"customer_phone\": \"+4915012345678\", \"list\": [1, \"a@example.com\"]}}",
		(const char *const[]){"PHONE key args.customer_phone 0",
				      "EMAIL email args.list[1] 0", NULL});
	told_is("{\"customer\": {\"name\": \"Hans Maier\", \"x\": \"y z\"},"
		" \"transcript\": \"Ja.\\nHier Hans Maier, Hans Maier\"}",
		(const char *const[]){"NAME key customer.name 0", "NAME parent_key customer.x 0",
				      "NAME revealed transcript 2", "NAME revealed transcript 2",
				      NULL});
	told_is("{\"raw\": \"{\\\"telefon\\\": 1520123456}\", \"a@example.com\": {\"mail\": \"b\"}}",
		(const char *const[]){"PHONE key raw.telefon 0", "EMAIL email (key) 0",
				      "EMAIL key [EMAIL_REDACTED].mail 0", NULL});
	told_is("{\"words\": [{\"word\": \"null\"}], \"datum\": \"2027-03-04\"}",
		(const char *const[]){"WORDS spoken_words words 0", NULL});
}

int main(void)
{
	fresh();
	test_keys();
	test_goes();
	test_stays();
	test_json();
	test_limits();
	test_told();
	redact_free(redact);
	return 0;
}
