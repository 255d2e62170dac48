/* SPDX-License-Identifier: MIT */
/*
 * Settings of calltraced: from its file (INI), then from the command line.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "log.h"

#define CONFIG_DB      "/var/lib/calltrace"
#define CONFIG_SOCKET  "/run/calltrace/agent.sock"
#define CONFIG_FILE    "/etc/calltrace/calltraced.conf"
#define CONFIG_USERS   32
#define CONFIG_ABANDON 3600

struct config {
	char *db;
	char *socket;
	char *profile; /* NULL: the built-in one */
	char *rules;   /* NULL: those built in alone */
	uid_t allow[CONFIG_USERS];
	unsigned int allow_count;
	enum log_level log_level;
	unsigned int abandon_after_s; /* a call that nothing is heard of for so long is abandoned */
};

/* With the defaults. */
int config_init(struct config *ret);
void config_deinit(struct config *config);
/* -ENOENT: there is no such file. -EINVAL: `ret_line` is where it cannot be understood (0: as a
 * whole). */
int config_read(struct config *config, const char *path, int *ret_line);
int config_set(char **field, const char *value);
