/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a real php, instead of the agent: says whether its own layout is trusted, and by
 * which fields of a wrong one it is found out. One word a line on stderr; tests/integration reads
 * them.
 */

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#include "../../agent/doubt.h"

#define VISIBLE __attribute__((visibility("default")))

static const struct zend_layout *real;
static zend_execute_fn next_execute;

#define FIELD(name)                                       \
	{                                                 \
#name, offsetof(struct zend_layout, name) \
	}

struct field {
	const char *name;
	size_t at;
};

/* Each is off by a pointer's size to either side, as when a member came or went before it. */
static void shift(const struct field *fields, size_t n, const char *(*doubt)(const void *),
		  const void *about)
{
	static const int steps[] = {-8, 8};

	fprintf(stderr, "%s\n", doubt(about) ? doubt(about) : "trusted");
	for (size_t i = 0; i < n; i++) {
		unsigned found = 0;

		for (size_t s = 0; s < 2; s++) {
			struct zend_layout wrong = *real;

			ZAT(&wrong, fields[i].at, uint16_t) += (uint16_t)steps[s];
			zend.at = &wrong;
			found += doubt(about) != NULL;
		}
		fprintf(stderr, "%s %u\n", fields[i].name, found);
	}
	zend.at = real;
}

static const char *of_engine(const void *nothing)
{
	return doubt_engine();
}

static const char *of_frame(const void *frame)
{
	return doubt_frame(frame);
}

static void execute(struct zframe *frame)
{
	static const struct field fields[] = {FIELD(eg_frame), FIELD(eg_classes), FIELD(fn_file)};

	*zend.execute_ex = next_execute;
	shift(fields, sizeof(fields) / sizeof(*fields), of_frame, frame);
	next_execute(frame);
}

static int startup(struct zend_extension *extension)
{
	static const struct field fields[] = {FIELD(class_functions), FIELD(class_props),
					      FIELD(class_destructor), FIELD(class_file),
					      FIELD(fn_handler)};

	shift(fields, sizeof(fields) / sizeof(*fields), of_engine, NULL);
	next_execute = *zend.execute_ex;
	*zend.execute_ex = execute;
	return -1;
}

VISIBLE void tzset(void)
{
	struct zend_extension extension = {.name = "doubts",
					   .version = "",
					   .author = "",
					   .url = "",
					   .copyright = "",
					   .startup = startup,
					   .resource_number = -1};

	if (real || !dlsym(RTLD_DEFAULT, "zend_execute_ex"))
		return;
	if (zend_find() != ZEND_FOUND) {
		fprintf(stderr, "%s\n", zend_why());
		return;
	}
	real = zend.at;
	zend.register_extension(&extension, NULL);
}
