/* SPDX-License-Identifier: MIT */
/* What the agent does not do, and why. */

#include "notices.h"

#include "gates.h"
#include "link.h"
#include "recording.h"
#include "worker.h"
#include "zend.h"

#include <calltrace/version.h>
#include <errno.h>
#include <stdio.h>

#define RETRY_NS	1000000000u
#define RING_SMALL_SIZE (1u << 16)

static char inert[128];
static uint32_t settled_modules;
static bool settled_handles;

const char *inert_reason(void)
{
	return inert[0] ? inert : NULL;
}

void inert_tell(void)
{
	static uint64_t next;
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int saved = errno;

	if (now < next)
		return;
	next = now + RETRY_NS;
	if (recording_introduce(RING_SMALL_SIZE)) {
		link_hurry();
		link_wake();
		worker.inert = link_fd() < 0;
		link_close();
		ring_deinit(&worker.ring, true);
	}
	errno = saved;
}

void inert_because(const char *why)
{
	if (!inert[0])
		snprintf(inert, sizeof(inert), "%s", why);
	recording_abandon();
	worker.armed = worker.run_waits = worker.run_pauses = false;
	worker.inert = true;
	/* A worker does when it waits for a request. */
	if (worker.cli)
		inert_tell();
}

bool doubted(const char *what)
{
	char why[sizeof(inert)];

	if (!what)
		return false;
	snprintf(why, sizeof(why), "this PHP has %s elsewhere than others with Zend API %u", what,
		 zend.api);
	inert_because(why);
	return true;
}

void surroundings_settle(bool all_loaded)
{
	if (all_loaded)
		settled_modules = zend_modules();
	else
		settled_handles = zend_handles_differ();
}

unsigned surroundings(void)
{
	bool differ =
		worker.mechanism == MECHANISM_OBSERVER ? zend_handles_differ() : settled_handles;
	unsigned with = 0;

	with |= zend_jit_traces() ? WITH_TRACING : 0;
	with |= differ ? WITH_HANDLES : 0;
	with |= zend_preloads() ? WITH_PRELOAD : 0;
	with |= settled_modules && zend_modules() != settled_modules ? WITH_LATE : 0;
	with |= worker.cli ? 0 : WITH_WORKERS;
	return with;
}

struct notice {
	const char *off; /* "everything", "functions", or nil: nothing, it is a risk */
	const char *why, *issue, *remedy;
};

typedef void (*notice_fn)(const struct notice *notice, void *userdata);

/* With the observer shut out only what shut it out is of interest. */
static void each_gate(notice_fn tell, void *userdata)
{
	bool shut = worker.mechanism == MECHANISM_NONE;
	const struct gate *gate = NULL;

	while ((gate = gate_next(gate, zend_php_release(), surroundings()))) {
		struct notice notice = {.off = shut ? "functions" : NULL,
					.why = gate->what,
					.issue = gate->issue,
					.remedy = gate->remedy};

		if (gate->closed || !shut)
			tell(&notice, userdata);
	}
}

static void each_notice(notice_fn tell, void *userdata)
{
	static const struct notice unwanted = {
		.off = "functions",
		.why = "the JIT is on, and agent.conf says observer = off",
		.remedy = "opcache.jit = disable, or observer = auto",
	};

	if (inert[0])
		tell(&(struct notice){.off = "everything", .why = inert}, userdata);
	else if (worker.mechanism == MECHANISM_NONE && worker.settings.observer == OBSERVER_OFF)
		tell(&unwanted, userdata);
	else if (worker.mechanism != MECHANISM_HOOK)
		each_gate(tell, userdata);
}

static void count(const struct notice *notice, void *userdata)
{
	++*(uint32_t *)userdata;
}

static void pack_pair(struct pack *k, const char *key, const char *value)
{
	pack_text(k, key);
	value ? pack_text(k, value) : pack_nil(k);
}

static void pack_notice(const struct notice *notice, void *userdata)
{
	struct pack *k = userdata;
	char issue[64];

	snprintf(issue, sizeof(issue), "php-src %s", notice->issue ? notice->issue : "");
	pack_map(k, 4);
	pack_pair(k, "off", notice->off);
	pack_pair(k, "why", notice->why);
	pack_pair(k, "issue", notice->issue ? issue : NULL);
	pack_pair(k, "remedy", notice->remedy);
}

unsigned notices_any(void)
{
	uint32_t n = 0;

	each_notice(count, &n);
	return n > 0;
}

void notices_pack(struct pack *k)
{
	uint32_t n = 0;

	each_notice(count, &n);
	if (!n)
		return;
	pack_text(k, "notices");
	pack_array(k, n);
	each_notice(pack_notice, k);
}
