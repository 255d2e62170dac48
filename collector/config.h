/* SPDX-License-Identifier: MIT */
/*
 * Settings of calltraced: from its file (INI), then from the command line.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "log.h"

#define CONFIG_DB      "/var/lib/calltrace"
#define CONFIG_SOCKET  "/run/calltrace/agent.sock"
#define CONFIG_FILE    "/etc/calltrace/calltraced.conf"
#define CONFIG_USERS   32
#define CONFIG_LIST    64 /* profiles, and sources of each kind */
#define CONFIG_ABANDON 3600

struct config {
	char *db;
	char *socket;
	json_t *profiles;    /* array of paths, the first asked first; before those built in */
	json_t *company_ids; /* arrays of sources (source.h), before those of the profiles */
	json_t *customer_ids;
	char *rules; /* NULL: those built in alone */
	uid_t allow[CONFIG_USERS];
	unsigned int allow_count;
	enum log_level log_level;
	const char *wrong;	      /* of the first line that cannot be understood */
	unsigned int abandon_after_s; /* a call that nothing is heard of for so long is abandoned */
};

/* With the defaults. */
int config_init(struct config *ret);
void config_deinit(struct config *config);
/* -ENOENT: there is no such file. -EINVAL: `ret_line` is where it cannot be understood (0: as a
 * whole); `config->wrong` says why. */
int config_read(struct config *config, const char *path, int *ret_line);
int config_set(char **field, const char *value);
