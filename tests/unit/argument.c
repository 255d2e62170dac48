/* SPDX-License-Identifier: MIT */
/* What of a command line is secret. */

#include "../../agent/argument.h"
#include "../../agent/values.h"

#include "check.h"

/* Of values.c, which needs an engine: here it is only told what is hidden. */
static const char *hidden[16];
static unsigned n_hidden;

void value_hide(const char *text)
{
	hidden[n_hidden++] = text;
}

void value_pack_string(struct pack *k, const char *s, size_t n)
{
	pack_str(k, s, n);
}

static void masks(const char *text, const char *expected)
{
	char out[256];
	size_t n = argument_mask(out, sizeof(out) - 1, text);

	out[n] = 0;
	CHECK_STR(out, expected);
}

static void test_mask(void)
{
#define S "[SECRET_REDACTED]"
	masks("", "");
	masks("schedule:run", "schedule:run");
	masks("token:refresh", "token:refresh");
	masks("--queue=high,default", "--queue=high,default");
	masks("--password=", "--password=");
	masks("--password=x", "--password=" S);
	masks("--db.password=a=b", "--db.password=" S);
	masks("DB_PASSWORD=x y", "DB_PASSWORD=" S);
	masks("user[password]=x", "user[password]=" S);
	masks("llm_token_usage=5", "llm_token_usage=5");
	masks("Authorization: Bearer x", "Authorization: " S);
	masks("{\"a\":1,\"api_key\":\"x\"}", "{\"a\":1,\"api_key\":" S);
	masks("{\"pin\":1234}", "{\"pin\":" S);
	masks("{\\\"pin\\\":1234}", "{\\\"pin\\\":" S);
	masks("['secret' => 'x']", "['secret' =" S);
	masks("https://a.example/b?c=d&token=x", "https://a.example/b?c=d&token=" S);
	masks("--dsn=mysql://root:x@db:3306/salon", "--dsn=mysql://" S "@db:3306/salon");
	masks("a://b@c d://e@f", "a://" S "@c d://" S "@f");
	masks("https://a.example/@b", "https://a.example/@b");
	masks("hans@example.com", "hans@example.com");
#undef S
}

/* What does not fit is left out, and nothing is written behind the room. */
static void test_room(void)
{
	char out[16] = "0123456789abcde";

	CHECK_INT(argument_mask(out, 10, "--password=x"), 10);
	CHECK_STR(out, "--passwordabcde");
}

static void test_hide(void)
{
	char *argv[] = {"script", "--token", "geheim", "--password=x", "plain", "--pin", "1"};

	arguments_hide(7, argv);
	CHECK_INT(n_hidden, 4);
	CHECK_STR(hidden[0], "geheim");
	CHECK_STR(hidden[1], "--password=x");
	CHECK_STR(hidden[2], "x");
	CHECK_STR(hidden[3], "1");
}

static void test_pack(void)
{
	char *argv[] = {"script", "--token", "geheim"};
	uint8_t out[64];
	struct pack k = {out, out + sizeof(out), false};

	argument_pack(&k, argv, 2);
	CHECK_INT(k.p - out, 1 + strlen("[SECRET_REDACTED]"));
	CHECK(memcmp(out + 1, "[SECRET_REDACTED]", 17) == 0);
}

int main(void)
{
	test_mask();
	test_room();
	test_hide();
	test_pack();
	return 0;
}
