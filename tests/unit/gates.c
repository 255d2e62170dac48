/* SPDX-License-Identifier: MIT */
/* Which engines the agent is made for, and which gates they have to pass. */

#include "../../agent/gates.h"
#include "../../agent/zend.h"

#include <string.h>

#include "check.h"

#define EVERYTHING (WITH_TRACING | WITH_HANDLES | WITH_PRELOAD | WITH_LATE | WITH_WORKERS)

/* The issues of all gates, closed ones in brackets. */
static const char *gates_of(uint32_t release, unsigned with)
{
	static char text[256];
	const struct gate *gate = NULL;
	bool closed = false;

	text[0] = 0;
	while ((gate = gate_next(gate, release, with))) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s%s%s", n ? " " : "",
			 gate->closed ? "[" : "", gate->issue, gate->closed ? "]" : "");
		closed = closed || gate->closed;
		CHECK(*gate->what && *gate->remedy && gate->from < gate->until);
	}
	CHECK(gates_closed(release, with) == closed);
	return text;
}

static void test_gates(void)
{
	CHECK_STR(gates_of(80030, EVERYTHING), "");
	CHECK_STR(gates_of(80129, EVERYTHING), "");
	CHECK_STR(gates_of(80236, 0), "");
	CHECK_STR(gates_of(80236, WITH_WORKERS), "#23637");
	CHECK_STR(gates_of(80236, WITH_WORKERS | WITH_LATE), "#23355 #23637");
	CHECK_STR(gates_of(80236, EVERYTHING & ~WITH_LATE), "#23637");
	CHECK_STR(gates_of(80309, 0), "[#13817]");
	CHECK_STR(gates_of(80310, 0), "");
	CHECK_STR(gates_of(80327, WITH_LATE), "#23355");
	CHECK_STR(gates_of(80400, WITH_LATE), "");
	CHECK_STR(gates_of(80414, WITH_TRACING), "");
	CHECK_STR(gates_of(80414, WITH_HANDLES), "");
	CHECK_STR(gates_of(80414, WITH_HANDLES | WITH_TRACING), "[#22158]");
	CHECK_STR(gates_of(80424, WITH_HANDLES | WITH_TRACING), "");
	CHECK_STR(gates_of(80500, WITH_HANDLES | WITH_TRACING), "[#22158]");
	CHECK_STR(gates_of(80509, WITH_HANDLES | WITH_TRACING), "");
	CHECK_STR(gates_of(80325, WITH_PRELOAD), "");
	CHECK_STR(gates_of(80425, WITH_PRELOAD), "[#17715, #23103]");
	CHECK_STR(gates_of(80510, WITH_PRELOAD | WITH_WORKERS), "[#17715, #23103] #23637");
	CHECK_STR(gates_of(80600, EVERYTHING), "");
	/* A PHP that does not say which it is. */
	CHECK_STR(gates_of(0, EVERYTHING), "");
}

static void test_engines(void)
{
	static const uint32_t known[] = {20200930, 20210902, 20220829,
					 20230831, 20240924, 20250925};
	static const uint32_t unknown[] = {0, 20190902, 20220830, 20260925, UINT32_MAX};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		CHECK(zend_judge(known[i], false, false) == ZEND_FOUND);
		CHECK(zend.at && zend.at->api == known[i]);
		CHECK(zend_judge(known[i], true, false) == ZEND_UNKNOWN);
		CHECK_STR(zend_why(), "this is a debug build of PHP");
		CHECK(zend_judge(known[i], false, true) == ZEND_UNKNOWN);
		CHECK_STR(zend_why(), "this PHP is thread-safe (ZTS)");
		CHECK(zend_judge(known[i], true, true) == ZEND_UNKNOWN);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		CHECK(zend_judge(unknown[i], false, false) == ZEND_UNKNOWN);
		CHECK(strstr(zend_why(), "is not one of 8.0 to 8.5"));
	}
}

int main(void)
{
	test_gates();
	test_engines();
	return 0;
}
