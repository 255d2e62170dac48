/* SPDX-License-Identifier: MIT */
/*
 * fake-php API DEBUG ZTS SOCKET: what the agent sees of a php-fpm before it decides, for engines
 * that cannot be had. It serves: whoever connects gets "served", until it is ended.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../agent/zend.h"

/* zend_module_entry, to its version. */
struct fake_module {
	uint16_t size;
	uint32_t api;
	uint8_t debug, zts;
	const void *ini, *deps;
	const char *name;
	const void *functions, *startup, *shutdown, *activate, *deactivate, *info;
	const char *version;
};

#define VISIBLE __attribute__((visibility("default")))

VISIBLE extern struct zarr module_registry;
VISIBLE extern const char *const sapi_module; /* a struct that begins with its name */
VISIBLE extern void (*zend_execute_ex)(struct zframe *);
VISIBLE struct zval *zend_hash_str_find(const struct zarr *table, const char *key, size_t n);

static struct fake_module core = {.name = "Core", .version = "4.9.0"};

struct zarr module_registry;
const char *const sapi_module = "fpm-fcgi";
void (*zend_execute_ex)(struct zframe *);

struct zval *zend_hash_str_find(const struct zarr *table, const char *key, size_t n)
{
	static struct zval v;

	v.ptr = &core;
	return table == &module_registry && n == 4 && !memcmp(key, "core", 4) ? &v : NULL;
}

static void execute(struct zframe *frame)
{
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 5)
		return 2;
	core.api = (uint32_t)strtoul(argv[1], NULL, 10);
	core.debug = *argv[2] == '1';
	core.zts = *argv[3] == '1';
	zend_execute_ex = execute;
	tzset();

	strncpy(addr.sun_path, argv[4], sizeof(addr.sun_path) - 1);
	if (bind(listening, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(listening, 16) < 0)
		return 1;
	for (;;) {
		int fd = accept(listening, NULL, NULL);

		if (fd < 0 || write(fd, "served", 6) != 6)
			return 1;
		close(fd);
	}
}
