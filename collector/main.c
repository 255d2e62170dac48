/* SPDX-License-Identifier: MIT */
/*
 * calltraced: settings, the store, the loop; says once what went wrong and what to do about it.
 */
#include <calltrace/version.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "intake.h"

enum { EXIT_USAGE = 2 };

CLEANUP_DEFINE(struct store *, store_close);
CLEANUP_DEFINE(struct profile *, profile_close);
CLEANUP_DEFINE(struct rules *, rules_close);
CLEANUP_DEFINE(struct writer *, writer_free);

static const char help[] =
	"Usage: calltraced [--db DIR] [--socket PATH] [--config FILE] [--check-config]\n"
	"\n"
	"Takes what libcalltrace.so records in php-fpm workers, redacts it and stores it as calls.\n"
	"\n"
	"  --db DIR        the store (default " CONFIG_DB ")\n"
	"  --socket PATH   where agents connect (default " CONFIG_SOCKET ")\n"
	"  --config FILE   settings (default " CONFIG_FILE ")\n"
	"  --check-config  read the settings, say whether they are good, and exit\n"
	"  --version, --help\n"
	"\n"
	"Look at what was stored with trace-dump.\n";

struct arguments {
	const char *db, *socket, *config;
	bool check;
};

/* Positive: exit with that minus 1. */
static int parse(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{"db", required_argument, NULL, 'd'},	  {"socket", required_argument, NULL, 's'},
		{"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
		{"http", required_argument, NULL, 'H'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0) {
		switch (c) {
		case 'd':
			ret->db = optarg;
			break;
		case 's':
			ret->socket = optarg;
			break;
		case 'c':
			ret->config = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 'V':
			puts("calltraced " CT_VERSION);
			return 1;
		case 'h':
			fputs(help, stdout);
			return 1;
		case 'H':
			fputs("calltraced: --http is not there yet; use trace-dump\n", stderr);
			return 1 + EXIT_USAGE;
		default:
			fputs("calltraced: see calltraced --help\n", stderr);
			return 1 + EXIT_USAGE;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "calltraced: what is \"%s\"? See calltraced --help\n", argv[optind]);
	return 1 + EXIT_USAGE;
}

static int configure(struct config *config, const struct arguments *arguments)
{
	const char *path = arguments->config ?: CONFIG_FILE;
	int line = 0, r = config_read(config, path, &line);

	if (r == -EINVAL)
		fprintf(stderr, "calltraced: %s:%d: %s\n", path, line,
			config->wrong ?: "cannot be read");
	else if (r < 0 && (arguments->config || r != -ENOENT))
		fprintf(stderr, "calltraced: %s: %s\n", path, strerror(-r));
	else
		r = 0;
	if (r == 0 && arguments->db)
		r = config_set(&config->db, arguments->db);
	if (r == 0 && arguments->socket)
		r = config_set(&config->socket, arguments->socket);
	log_set_level(config->log_level);
	return r;
}

/* Held as long as we live; LMDB allows one writer, but would make a second daemon wait for ever. */
static int lock(const char *dir)
{
	_cleanup_(freep) char *path = NULL;
	int fd;

	mkdir(dir, 0750);
	if (asprintf(&path, "%s/calltraced.lock", dir) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int open_profiles(struct profile **ret, const struct config *config)
{
	_cleanup_(profile_closep) struct profile *list = NULL;
	int r = profile_open(&list, NULL);

	/* Each goes in front: the last first. */
	for (size_t i = json_array_size(config->profiles); i > 0 && r == 0; i--) {
		const char *path = json_string_value(json_array_get(config->profiles, i - 1));
		_cleanup_(freep) char *problem = NULL;

		r = profile_add(&list, path, &problem);
		if (r < 0)
			log_error("profile %s", problem ?: path);
	}
	if (r == 0)
		r = profile_prefer(list, "company_id", config->company_ids);
	if (r == 0)
		r = profile_prefer(list, "customer_id", config->customer_ids);
	if (r == 0)
		*ret = steal(&list);
	return r;
}

static int open_rules(struct rules **ret, const struct config *config)
{
	_cleanup_(freep) char *problem = NULL;
	int r = rules_open(ret, config->rules, &problem);

	if (r < 0)
		log_error("rules %s%s%s", problem ?: config->rules ?: "(built-in)",
			  problem ? "" : ": ", problem ? "" : strerror(-r));
	return r;
}

static int open_store(struct store **ret, const struct config *config)
{
	int r = store_open(ret, config->db, STORE_CREATE);

	if (r == -EPROTO)
		log_error("%s was written by another version; move it away or use that version",
			  config->db);
	else if (r < 0)
		log_error("cannot open the store in %s: %s", config->db, strerror(-r));
	return r;
}

static int serve(const struct config *config)
{
	_cleanup_(closep) int locked = lock(config->db);
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(profile_closep) struct profile *profile = NULL;
	_cleanup_(rules_closep) struct rules *rules = NULL;
	_cleanup_(writer_freep) struct writer *writer = NULL;
	int r = locked;

	if (r == -EBUSY)
		log_error("another calltraced uses %s; stop it, or give --db another directory",
			  config->db);
	else if (r < 0)
		log_error("cannot use %s: %s", config->db, strerror(-r));
	if (r < 0)
		return r;
	r = open_profiles(&profile, config);
	if (r == 0)
		r = open_rules(&rules, config);
	if (r == 0)
		r = open_store(&store, config);
	if (r < 0)
		return r;
	r = writer_new(&writer, store, profile);
	if (r == 0) {
		writer_use_rules(writer, rules);
		r = intake_run(config, store, writer);
	}
	if (r == -EADDRINUSE)
		log_error(
			"another calltraced answers on %s; stop it, or give --socket another path",
			config->socket);
	else if (r < 0)
		log_error("stopped: %s", strerror(-r));
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(config_deinit) struct config config = {0};
	struct arguments arguments = {0};
	int r = parse(argc, argv, &arguments);

	if (r > 0)
		return r - 1;
	if (config_init(&config) < 0)
		return EXIT_FAILURE;
	r = configure(&config, &arguments);
	if (r < 0)
		return r == -EINVAL || arguments.config ? EXIT_USAGE : EXIT_FAILURE;
	if (arguments.check) {
		_cleanup_(profile_closep) struct profile *profile = NULL;
		_cleanup_(rules_closep) struct rules *rules = NULL;

		if (open_profiles(&profile, &config) < 0 || open_rules(&rules, &config) < 0)
			return EXIT_USAGE;
		puts("settings are good");
		return 0;
	}
	umask(0027);
	return serve(&config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
