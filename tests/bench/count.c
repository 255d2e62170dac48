/* SPDX-License-Identifier: MIT */
/*
 * Counts a php-fpm worker's instructions between requests: preloaded under callgrind with
 * --instr-atstart=no. COUNT_AT=10,30,40: counting starts when the worker is about to accept
 * request 10 (from 0); when it is about to accept 30 the sum so far is written and counting starts
 * anew, and so on; at the last it stops.
 */

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

static char *at; /* what is left of COUNT_AT, which php-fpm clears in its workers */

__attribute__((constructor)) static void read_environment(void)
{
	const char *text = getenv("COUNT_AT");

	at = text ? strdup(text) : NULL;
}

static void before_request(unsigned request)
{
	static bool counting;

	if (!at || !*at || strtoul(at, NULL, 10) != request)
		return;
	strtoul(at, &at, 10);
	at += *at == ',';
	if (counting)
		CALLGRIND_DUMP_STATS;
	if (!counting)
		CALLGRIND_START_INSTRUMENTATION;
	else if (!*at)
		CALLGRIND_STOP_INSTRUMENTATION;
	counting = true;
}

/* A connection over which nothing comes was somebody's question whether php-fpm is there. */
static int connection = -1;
static unsigned served;

__attribute__((visibility("default"))) int accept(int fd, struct sockaddr *address,
						  socklen_t *length)
{
	static int (*next)(int, struct sockaddr *, socklen_t *);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "accept");
	before_request(served);
	connection = next(fd, address, length);
	return connection;
}

__attribute__((visibility("default"))) ssize_t read(int fd, void *data, size_t size)
{
	static ssize_t (*next)(int, void *, size_t);
	ssize_t n;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "read");
	n = next(fd, data, size);
	if (n > 0 && fd == connection) {
		connection = -1;
		served++;
	}
	return n;
}
