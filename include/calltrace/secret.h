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
#include <string.h>

static inline bool ct_secret_in(const char *list, const char *word, size_t n)
{
	for (const char *p = list; *p; p += strlen(p) + 1)
		if (strlen(p) == n && memcmp(p, word, n) == 0)
			return true;
	return false;
}

static inline bool ct_secret_key(const char *key, size_t len)
{
	static const char anywhere[] =
		"password\0passwd\0passwort\0kennwort\0pwd\0passphrase\0secret\0secrets\0"
		"authorization\0cookie\0cookies\0credential\0credentials\0apikey\0appkey\0jwt\0"
		"csrf\0xsrf\0cvv\0cvc\0phpsessid\0";
	static const char last[] = "token\0tokens\0signature\0bearer\0pass\0pw\0pin\0otp\0tan\0";
	static const char before_key[] =
		"api\0app\0access\0private\0secret\0encryption\0auth\0signing\0license\0service\0"
		"client\0master\0";
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
		if (n && ct_secret_in(anywhere, word, n))
			return true;
		if (n == 3 && memcmp(word, "key", 3) == 0 && before_n &&
		    ct_secret_in(before_key, before, before_n))
			return true;
		memcpy(before, word, n);
		before_n = n;
	}
	/* `before` is the last word now; trailing separators do not matter. */
	return before_n && ct_secret_in(last, before, before_n);
}
