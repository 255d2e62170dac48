/* SPDX-License-Identifier: MIT */
/* Decides, once, whether this process is traced. In doubt it is not. */

#include "boot.h"

#include "crash.h"
#include "doubt.h"
#include "exceptions.h"
#include "fiber.h"
#include "gates.h"
#include "hook.h"
#include "interpose.h"
#include "marks.h"
#include "notices.h"
#include "observer.h"
#include "outbound.h"
#include "recording.h"
#include "request.h"
#include "run.h"
#include "worker.h"
#include "zend.h"

#include <calltrace/version.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

struct worker worker;

static int (*next_post_startup)(void);

static void say(const char *what, const char *why)
{
	char line[512];
	int n;

	/* What php-cli writes is its user's. */
	if (!worker.settings.log || worker.cli)
		return;
	n = snprintf(line, sizeof(line), "calltrace " CT_VERSION ": %s%s%s%s%s\n", what,
		     why ? ": " : "", why ? why : "", settings_problem() ? "; settings: " : "",
		     settings_problem() ? settings_problem() : "");
	if (n > 0)
		real_write(2, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* All settings of PHP are known, no script is compiled yet. opcache, which would not start its JIT
 * when it finds the hook, calls this before it looks. */
static int post_startup(void)
{
	if (!worker.armed)
		return next_post_startup ? next_post_startup() : 0;
	worker.flying = &ZAT(zend.eg, zend.at->eg_exception, struct zobj *);
	if (worker.mechanism == MECHANISM_HOOK)
		hook_install();
	outbound_install();
	if (worker.mechanism != MECHANISM_NONE) {
		marks_install();
		fibers_install();
	}
	exceptions_install();
	crash_init();
	surroundings_settle(true);
	if (worker.cli)
		run_arm();
	say("tracing", zend_php_version());
	return next_post_startup ? next_post_startup() : 0;
}

/* The hook costs least, but with it there is no JIT. */
static enum mechanism best(void)
{
	if (!zend_jit_requested())
		return MECHANISM_HOOK;
	if (worker.settings.observer == OBSERVER_OFF)
		return MECHANISM_NONE;
	if (worker.settings.observer == OBSERVER_AUTO &&
	    gates_closed(zend_php_release(), surroundings()))
		return MECHANISM_NONE;
	return MECHANISM_OBSERVER;
}

/*
 * The ini files are read, and it is not too late for an observer: the one place where the mechanism
 * can be chosen. The engine calls it as the startup of an extension, which we say has failed: then
 * it forgets that there was one.
 */
static int choose(struct zend_extension *extension)
{
	if (doubted(doubt_engine())) {
		say("inert", inert_reason());
		return -1;
	}
	surroundings_settle(false);
	worker.mechanism = best();
	if (worker.mechanism == MECHANISM_OBSERVER)
		observer_install();
	/* A run begins with its first function. */
	if (worker.mechanism == MECHANISM_NONE && worker.cli) {
		worker.armed = false;
		inert_tell();
	}
	return -1;
}

static void child(void)
{
	int saved = errno;

	if (!worker.armed)
		return;
	recording_forked();
	if (worker.cli)
		run_forked();
	else
		request_forked();
	errno = saved;
}

static void arm(void)
{
	struct zend_extension chooser = {.name = "calltrace",
					 .version = CT_VERSION,
					 .author = "",
					 .url = "",
					 .copyright = "",
					 .startup = choose,
					 .resource_number = -1};

	clock_init(!worker.cli);
	run_start();
	zend.register_extension(&chooser, NULL);
	next_post_startup = *zend.post_startup;
	*zend.post_startup = post_startup;
	worker.ring.memfd = -1;
	worker.ring_serial = 1; /* of none: no function is defined in it */
	worker.nudge_at = UINT64_MAX;
	pthread_atfork(NULL, NULL, child);
	worker.armed = true;
}

static void be_inert(void)
{
	inert_because(zend_why());
	say("inert", inert_reason());
}

void boot(void)
{
	static bool tried;
	void *const *execute_ex;
	enum zend_found found;

	if (tried)
		return;
	execute_ex = dlsym(RTLD_DEFAULT, "zend_execute_ex");
	if (execute_ex && !*execute_ex)
		return; /* PHP, but zend_startup() has not been called */
	tried = true;
	if (!execute_ex || getauxval(AT_SECURE))
		return;
	found = zend_find();
	if (found == ZEND_NONE || !zend.sapi || !settings_sapi(zend.sapi))
		return;
	settings_load(&worker.settings);
	if (!(worker.settings.sapis & settings_sapi(zend.sapi)))
		return;
	worker.cli = settings_sapi(zend.sapi) == SAPI_CLI;
	rules_seal(&worker.settings.rules, worker.cli);
	if (worker.settings.off)
		say("off", NULL);
	else if (found == ZEND_FOUND)
		arm();
	else
		be_inert();
}

static void __attribute__((destructor)) finish(void)
{
	if (worker.armed)
		request_exit();
}
