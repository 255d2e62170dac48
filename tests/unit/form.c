/* SPDX-License-Identifier: MIT */
/*
 * Form fields come out as PHP reads them.
 */
#include "form.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cleanup.h"

static void is(const char *form, const char *expected)
{
	_cleanup_(json_decrefp) json_t *json = form_parse(form, strlen(form));
	_cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT);

	CHECK_STR(text, expected);
}

static void test_limits(void)
{
	_cleanup_(json_decrefp) json_t *json = NULL;
	char form[16384] = "a";
	size_t n = 1;

	for (unsigned int i = 0; i < 100; i++)
		n += (size_t)snprintf(form + n, sizeof(form) - n, "[b]");
	is(strcat(form, "=1&c=2"), "{\"c\":\"2\"}");
	n = 0;
	for (unsigned int i = 0; i < 1100; i++)
		n += (size_t)snprintf(form + n, sizeof(form) - n, "k%u=1&", i);
	json = form_parse(form, n);
	CHECK_INT(json_object_size(json), 1000);
}

int main(void)
{
	is("", "{}");
	is("a=b&c=d+e%20f&a=g&&flag", "{\"a\":\"g\",\"c\":\"d e f\",\"flag\":\"\"}");
	is("call[call_id]=x&call%5Bmetadata%5D%5Ba%5D=1",
	   "{\"call\":{\"call_id\":\"x\",\"metadata\":{\"a\":\"1\"}}}");
	is("l[]=a&l[]=b&m[0]=x&m[2]=y", "{\"l\":[\"a\",\"b\"],\"m\":{\"0\":\"x\",\"2\":\"y\"}}");
	is("l[][n]=a&l[][n]=b", "{\"l\":[{\"n\":\"a\"},{\"n\":\"b\"}]}");
	is("a[b=1&[c]=2&d]=3", "{\"a[b\":\"1\",\"[c]\":\"2\",\"d]\":\"3\"}");
	is("a=1&a[b]=2&a[b][c]=3", "{\"a\":{\"b\":{\"c\":\"3\"}}}");
	is("0=a&1=b", "{\"0\":\"a\",\"1\":\"b\"}");
	test_limits();
	return 0;
}
