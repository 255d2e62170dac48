/* SPDX-License-Identifier: MIT */
/*
 * Which names name secrets. A value under such a name never leaves the producer, and never leaves
 * the collector if it came inside a body that the producer passed on unread.
 *
 * A name is split into words at anything that is not a letter or digit and where case changes from
 * lower to upper
 * (`X-Api-Key`, `apiKey`, `HTTP_X_API_KEY`). It names a secret when one of its words does anywhere,
 * or its last word does, or two words in a row do. `llm_token_usage` names none, `access_token`
 * does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ct_secret_word {
	uint8_t n;
	char text[15];
};

#define CT_SECRET_WORD(text)           \
	{                              \
		sizeof(text) - 1, text \
	}

static inline bool ct_secret_in(const struct ct_secret_word *list, size_t count, const char *word,
				size_t n)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].n == n && memcmp(list[i].text, word, n) == 0)
			return true;
	return false;
}

#define CT_SECRET_IN(list, word, n) ct_secret_in(list, sizeof(list) / sizeof(*(list)), word, n)

static inline bool ct_secret_key(const char *key, size_t len)
{
	static const struct ct_secret_word anywhere[] = {
		CT_SECRET_WORD("password"),	 CT_SECRET_WORD("passwd"),
		CT_SECRET_WORD("passwort"),	 CT_SECRET_WORD("kennwort"),
		CT_SECRET_WORD("pwd"),		 CT_SECRET_WORD("passphrase"),
		CT_SECRET_WORD("secret"),	 CT_SECRET_WORD("secrets"),
		CT_SECRET_WORD("authorization"), CT_SECRET_WORD("cookie"),
		CT_SECRET_WORD("cookies"),	 CT_SECRET_WORD("credential"),
		CT_SECRET_WORD("credentials"),	 CT_SECRET_WORD("apikey"),
		CT_SECRET_WORD("appkey"),	 CT_SECRET_WORD("jwt"),
		CT_SECRET_WORD("csrf"),		 CT_SECRET_WORD("xsrf"),
		CT_SECRET_WORD("cvv"),		 CT_SECRET_WORD("cvc"),
		CT_SECRET_WORD("phpsessid"),
	};
	static const struct ct_secret_word last[] = {
		CT_SECRET_WORD("token"),  CT_SECRET_WORD("tokens"), CT_SECRET_WORD("signature"),
		CT_SECRET_WORD("bearer"), CT_SECRET_WORD("pass"),   CT_SECRET_WORD("pw"),
		CT_SECRET_WORD("pin"),	  CT_SECRET_WORD("otp"),    CT_SECRET_WORD("tan"),
	};
	static const struct ct_secret_word before_key[] = {
		CT_SECRET_WORD("api"),	   CT_SECRET_WORD("app"),     CT_SECRET_WORD("access"),
		CT_SECRET_WORD("private"), CT_SECRET_WORD("secret"),  CT_SECRET_WORD("encryption"),
		CT_SECRET_WORD("auth"),	   CT_SECRET_WORD("signing"), CT_SECRET_WORD("license"),
		CT_SECRET_WORD("service"), CT_SECRET_WORD("client"),  CT_SECRET_WORD("master"),
	};
	char word[16], before[16];
	size_t n = 0, before_n = 0, i = 0;

	while (i < len) {
		bool too_long = false;

		n = 0;
		while (i < len) {
			char c = key[i];
			bool upper = c >= 'A' && c <= 'Z';
			bool lower = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

			if (!upper && !lower)
				break;
			if (upper && n && i && key[i - 1] >= 'a' && key[i - 1] <= 'z')
				break;
			if (n < sizeof(word))
				word[n++] = upper ? (char)(c + ('a' - 'A')) : c;
			else
				too_long = true;
			i++;
		}
		if (!n) {
			i++;
			continue;
		}
		if (too_long)
			n = 0;
		if (n && CT_SECRET_IN(anywhere, word, n))
			return true;
		if (n == 3 && memcmp(word, "key", 3) == 0 && before_n &&
		    CT_SECRET_IN(before_key, before, before_n))
			return true;
		memcpy(before, word, n);
		before_n = n;
	}
	/* `before` is the last word now; trailing separators do not matter. */
	return before_n && CT_SECRET_IN(last, before, before_n);
}
