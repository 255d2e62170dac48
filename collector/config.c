/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "source.h"

void config_deinit(struct config *config)
{
	free(config->db);
	free(config->socket);
	json_decref(config->profiles);
	json_decref(config->company_ids);
	json_decref(config->customer_ids);
	free(config->rules);
}

int config_set(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

static bool user_id(const char *name, uid_t *ret)
{
	const struct passwd *user = getpwnam(name);
	char *end;
	unsigned long id = strtoul(name, &end, 10);

	if (user)
		*ret = user->pw_uid;
	else if (*name && !*end && id < UINT32_MAX)
		*ret = (uid_t)id;
	else
		return false;
	return true;
}

/* Names or numbers, separated by commas. */
static int set_users(struct config *config, const char *value)
{
	_cleanup_(freep) char *copy = strdup(value);
	char *save = NULL;

	if (!copy)
		return -ENOMEM;
	config->allow_count = 0;
	for (char *p = strtok_r(copy, ", \t", &save); p; p = strtok_r(NULL, ", \t", &save)) {
		if (config->allow_count == CONFIG_USERS ||
		    !user_id(p, &config->allow[config->allow_count]))
			return -EINVAL;
		config->allow_count++;
	}
	return 0;
}

static int set_level(struct config *config, const char *value)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{"error", LOG_LEVEL_ERROR},
		{"warning", LOG_LEVEL_WARNING},
		{"info", LOG_LEVEL_INFO},
		{"debug", LOG_LEVEL_DEBUG},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(levels[i].name, value) != 0)
			continue;
		config->log_level = levels[i].level;
		return 0;
	}
	return -EINVAL;
}

/* "90", "90s", "15m", "2h". */
static int set_duration(unsigned int *ret, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10), unit = 1;

	if (*value < '0' || *value > '9' || n > 31536000)
		return -EINVAL;
	if (*end == 'm' || *end == 'h')
		unit = *end == 'm' ? 60 : 3600;
	if (*end && (!strchr("smh", *end) || end[1]))
		return -EINVAL;
	if (!n || n * unit > 31536000)
		return -EINVAL;
	*ret = (unsigned int)(n * unit);
	return 0;
}

int config_init(struct config *ret)
{
	*ret = (struct config){.log_level = LOG_LEVEL_INFO, .abandon_after_s = CONFIG_ABANDON};
	ret->profiles = json_array();
	ret->company_ids = json_array();
	ret->customer_ids = json_array();
	if (!ret->profiles || !ret->company_ids || !ret->customer_ids)
		return -ENOMEM;
	if (config_set(&ret->db, CONFIG_DB) < 0 || config_set(&ret->socket, CONFIG_SOCKET) < 0)
		return -ENOMEM;
	/* Absent on a system without a web server: then only root and our own user. */
	if (set_users(ret, "www-data") < 0)
		ret->allow_count = 0;
	return 0;
}

static int append(json_t *list, const char *value)
{
	return json_array_size(list) < CONFIG_LIST &&
			       json_array_append_new(list, json_string(value)) == 0
		       ? 0
		       : -EINVAL;
}

static int append_source(struct config *config, json_t *list, const char *value)
{
	if (source_valid(value) && *value != '/')
		return append(list, value);
	if (!config->wrong)
		config->wrong = "must be call:/POINTER, args:/POINTER, body:/POINTER, query:NAME "
				"or header:NAME (in lower case, with \"-\")";
	return -EINVAL;
}

/* inih's convention: 0 is an error. */
static int take(void *userdata, const char *section, const char *name, const char *value)
{
	struct config *config = userdata;
	int r = -EINVAL;

	if (*section && strcmp(section, "calltraced") != 0)
		return 0;
	if (strcmp(name, "db") == 0)
		r = config_set(&config->db, value);
	else if (strcmp(name, "socket") == 0)
		r = config_set(&config->socket, value);
	else if (strcmp(name, "profile") == 0)
		r = append(config->profiles, value);
	else if (strcmp(name, "company_id") == 0)
		r = append_source(config, config->company_ids, value);
	else if (strcmp(name, "customer_id") == 0)
		r = append_source(config, config->customer_ids, value);
	else if (strcmp(name, "rules") == 0)
		r = config_set(&config->rules, value);
	else if (strcmp(name, "allow_users") == 0)
		r = set_users(config, value);
	else if (strcmp(name, "log_level") == 0)
		r = set_level(config, value);
	else if (strcmp(name, "abandon_after") == 0)
		r = set_duration(&config->abandon_after_s, value);
	if (r < 0 && !config->wrong)
		config->wrong = "not understood";
	return r == 0;
}

int config_read(struct config *config, const char *path, int *ret_line)
{
	int r;

	errno = 0;
	r = ini_parse(path, take, config);
	if (r == -1)
		return errno ? -errno : -ENOENT;
	if (r == 0)
		return 0;
	*ret_line = r > 0 ? r : 0;
	return -EINVAL;
}
