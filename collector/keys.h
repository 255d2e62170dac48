/* SPDX-License-Identifier: MIT */
/*
 * What a key says about its value. Keys are read word by word (customer_phone, customerPhone,
 * X-Customer-Phone, Telefonnummer), German and English. docs/security.md lists the rules.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum redact_kind {
	REDACT_NONE,
	REDACT_NAME,
	REDACT_PHONE,
	REDACT_EMAIL,
	REDACT_ADDRESS,
	REDACT_TOWN, /* an address when something else of one stands beside it */
	REDACT_DATE_OF_BIRTH,
	REDACT_IBAN,
	REDACT_ID,
	REDACT_URL, /* whoever has it has access */
	REDACT_SECRET,
};

enum redact_kind key_kind(const char *key, size_t size);
/* "[PHONE_REDACTED]", … */
const char *kind_token(enum redact_kind kind);

/* Told of what a rule takes out of a text, for those who ask why; NULL where nobody does. `at` is
 * where, in the text as the rule found it. */
struct redact_watch {
	void (*removed)(enum redact_kind kind, const char *rule, size_t at, void *userdata);
	void *userdata;
};

static inline void redact_watch_tell(const struct redact_watch *watch, enum redact_kind kind,
				     const char *rule, size_t at)
{
	if (watch)
		watch->removed(kind, rule, at, watch->userdata);
}
