/* SPDX-License-Identifier: MIT */
/* From REQUEST to END. */

#include "recording.h"

#include "calls.h"
#include "crash.h"
#include "exceptions.h"
#include "fiber.h"
#include "frame.h"
#include "hook.h"
#include "link.h"
#include "marks.h"
#include "notices.h"
#include "values.h"

#include <calltrace/version.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBLEM_MAX 512
#define PROCESS_MAX 4096

static uint64_t woken_at; /* ring.head at the last wake */

struct moment moment_now(void)
{
	return (struct moment){
		.realtime = clock_ns(CLOCK_REALTIME),
		.monotonic = clock_ns(CLOCK_MONOTONIC),
		.ticks = clock_ticks(),
	};
}

void recording_wake(void)
{
	woken_at = worker.ring.head;
	link_wake();
}

void recording_wake_if_much(void)
{
	if (worker.ring.head - woken_at > worker.ring.size / 8)
		recording_wake();
}

static void write_process(void)
{
	static const char *const mechanisms[] = {"none", "execute_ex", "observer"};
	const char *problem = settings_problem();
	struct pack k;

	if (!ring_reserve(&worker.ring, &k, PROCESS_MAX, RING_FRAME))
		return;
	pack_array(&k, 3);
	pack_uint(&k, CT_FRAME_PROCESS);
	pack_uint(&k, CT_FRAME_VERSION);
	pack_map(&k, 6 + !!problem + notices_any());
	pack_text(&k, "pid");
	pack_uint(&k, (uint64_t)getpid());
	pack_text(&k, "php");
	pack_text(&k, zend_php_version());
	pack_text(&k, "zend_api");
	pack_uint(&k, zend.api);
	pack_text(&k, "sapi");
	pack_text(&k, zend.sapi);
	pack_text(&k, "mechanism");
	pack_text(&k, mechanisms[worker.mechanism]);
	pack_text(&k, "agent");
	pack_text(&k, CT_VERSION);
	if (problem) {
		pack_text(&k, "settings");
		value_pack_name(&k, problem, strlen(problem), PROBLEM_MAX);
	}
	notices_pack(&k);
	ring_commit(&worker.ring, &k);
}

bool recording_introduce(uint64_t size)
{
	if (ring_init(&worker.ring, size) < 0)
		return false;
	worker.ring_serial++;
	marks_forget_timed();
	strcpy(worker.ring.header->socket, worker.settings.socket);
	write_process();
	return true;
}

/* The process's own, at its first request. */
static bool have_ring(void)
{
	static bool failed;

	if (worker.ring.header)
		return true;
	if (failed || !worker.armed)
		return false;
	failed = !calls_init() || !recording_introduce(worker.settings.ring_size);
	return !failed;
}

static void reset(void)
{
	fibers_reset();
	calls_reset();
	exceptions_reset();
}

void recording_abandon(void)
{
	if (!worker.ring.header)
		return;
	worker.recording = false;
	worker.request++;
	reset();
	hook_reset();
	link_close();
	ring_deinit(&worker.ring, true);
}

bool recording_begin(const struct moment *at)
{
	struct pack k;

	if (!have_ring())
		return false;
	worker.seq++;
	/* Room for the beginning and the end, or nothing of it. */
	if (!ring_reserve(&worker.ring, &k, 16384, RING_FRAME)) {
		ring_lose(&worker.ring, CT_LOST_REQUESTS, 1);
		link_wake();
		return false;
	}
	worker.last_tick = at->ticks;
	pack_array(&k, 5);
	pack_uint(&k, CT_FRAME_REQUEST);
	pack_uint(&k, worker.seq);
	pack_uint(&k, at->realtime);
	pack_uint(&k, at->monotonic);
	pack_uint(&k, clock_hz());
	ring_commit(&worker.ring, &k);
	reset();
	worker.request++;
	worker.calls_left = worker.settings.max_calls;
	worker.recording = true;
	hook_reset();
	crash_watch();
	woken_at = worker.ring.head;
	return true;
}

static void write_lost(uint64_t now)
{
	static const char *const names[] = {
#define X(id, name) name,
		CT_LOST_KINDS(X)
#undef X
	};
	unsigned n = 0;
	struct pack k;

	if (!worker.ring.lost_any)
		return;
	for (unsigned i = 0; i < CT_LOST_COUNT; i++)
		n += worker.ring.lost[i] != 0;
	if (!frame_begin(&k, 512, RING_FRAME, 3, CT_FRAME_LOST, now))
		return;
	pack_map(&k, n);
	for (unsigned i = 0; i < CT_LOST_COUNT; i++) {
		if (!worker.ring.lost[i])
			continue;
		pack_text(&k, names[i]);
		pack_uint(&k, worker.ring.lost[i]);
	}
	if (!frame_commit(&k, now))
		return;
	memset(worker.ring.lost, 0, sizeof(worker.ring.lost));
	worker.ring.lost_any = false;
}

void recording_end(enum ct_end how, int exit_status)
{
	bool has_status = exit_status != NO_EXIT_STATUS;
	uint64_t now;
	struct pack k;

	if (!worker.recording)
		return;
	worker.recording = false;
	worker.request++;
	if (how == CT_END_CONTINUED || how == CT_END_CRASHED)
		reset();
	else
		calls_close();
	hook_reset();
	now = clock_ticks();
	write_lost(now);
	if (frame_begin(&k, 32, RING_FRAME, has_status ? 4 : 3, CT_FRAME_END, now)) {
		pack_uint(&k, how);
		if (has_status)
			pack_uint(&k, (uint64_t)exit_status);
		frame_commit(&k, now);
	}
	recording_wake();
}

void recording_forked(void)
{
	worker.recording = false;
	worker.request++;
	link_close();
	samples_forked();
	ring_deinit(&worker.ring, false);
	worker.seq = 0;
	reset();
	hook_reset();
}
