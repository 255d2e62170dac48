/* SPDX-License-Identifier: MIT */
#include "stacktext.h"

#include <stdbool.h>
#include <string.h>

#define BEGIN "Stack trace:\n#"

struct copy {
	char *to;
	size_t size, n;
};

static void add(struct copy *copy, const char *from, const char *end)
{
	size_t n = (size_t)(end - from), room = copy->size - copy->n;

	n = n < room ? n : room;
	memcpy(copy->to + copy->n, from, n);
	copy->n += n;
}

static const char *find(const char *at, const char *end, const char *what)
{
	const char *found = memmem(at, (size_t)(end - at), what, strlen(what));

	return found ? found : end;
}

static bool is_frame(const char *at, const char *end)
{
	const char *digit = at + 1;

	if (at == end || *at != '#')
		return false;
	while (digit < end && *digit >= '0' && *digit <= '9')
		digit++;
	return digit > at + 1 && digit < end && *digit == ' ';
}

/* Where the line ends, of which an argument may have more than one: what follows is the next frame,
 * or no trace any more. */
static const char *end_of_frame(const char *at, const char *end)
{
	while ((at = find(at, end, "\n")) < end) {
		if (is_frame(at + 1, end) || at + 1 == end || at[1] == '\n' ||
		    (end - at > 9 && !memcmp(at + 1, "  thrown", 8)))
			return at;
		at++;
	}
	return end;
}

/* "#0 /srv/app.php(12): App\Login->check('hans', 'hunter2')", "#1 [internal function]: f()",
 * "#2 {main}" */
static const char *copy_frame(struct copy *copy, const char *at, const char *end)
{
	static const char nothing[] = "()";
	const char *stop = end_of_frame(at, end);
	const char *call = find(at, stop, "): "), *internal = find(at, stop, "]: "), *arguments;

	call = call < internal ? call : internal;
	arguments = call < stop ? find(call + 3, stop, "(") : stop;
	add(copy, at, arguments);
	if (arguments < stop)
		add(copy, nothing, nothing + 2);
	return stop;
}

size_t stacktext_without_arguments(char *to, size_t size, const char *s, size_t n)
{
	struct copy copy = {to, size, 0};
	const char *end = s + n, *at = s;

	while (at < end) {
		const char *trace = find(at, end, BEGIN);

		trace = trace < end ? trace + strlen(BEGIN) - 1 : end;
		add(&copy, at, trace);
		at = trace;
		while (is_frame(at, end)) {
			at = copy_frame(&copy, at, end);
			if (at < end) {
				add(&copy, at, at + 1);
				at++;
			}
		}
	}
	return copy.n;
}
