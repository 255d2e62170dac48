/* SPDX-License-Identifier: MIT */
/* Runs of php-cli. */

#include "run.h"

#include "argument.h"
#include "calls.h"
#include "frame.h"
#include "link.h"
#include "recording.h"
#include "values.h"
#include "zend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_ARGUMENTS 256
#define NUDGE_NS      1000000000u

static struct moment started; /* PHP, or the child */
static bool forked;
static const struct fn *unit; /* whose request this is, or NULL */
static bool left_out;	      /* the share that is recorded, until the next unit begins */

/* Of those that do not fit only the number is told. */
static void pack_arguments(struct pack *k, int argc, char **argv)
{
	int n = argc < MAX_ARGUMENTS ? argc : MAX_ARGUMENTS;

	pack_array(k, (uint32_t)(n < argc ? n + 1 : n));
	value_pack_string(k, zend_script(), strlen(zend_script()));
	for (int i = 1; i < n; i++)
		argument_pack(k, argv, i);
	if (n == argc)
		return;
	value_pack_cut(k, "array", (uint64_t)argc);
}

static void pack_unit(struct pack *k)
{
	const char *class = unit ? unit->names : "", *name = class + strlen(class) + 1;
	char text[512];

	if (!unit)
		pack_nil(k);
	else
		value_pack_string(k, text,
				  (size_t)snprintf(text, sizeof(text), "%.250s%s%.250s", class,
						   *class ? "::" : "", name));
}

static void write_run(int argc, char **argv)
{
	uint64_t now = clock_ticks();
	struct pack k;

	if (frame_begin(&k, CT_FRAME_MAX - 64, RING_KEEP, 3, CT_FRAME_RUN, now)) {
		values_begin(&k);
		pack_map(&k, 3);
		pack_text(&k, "argv");
		pack_arguments(&k, argc, argv);
		pack_text(&k, "forked");
		pack_bool(&k, forked);
		pack_text(&k, "unit");
		pack_unit(&k);
		if (frame_commit(&k, now))
			return;
	}
	ring_lose(&worker.ring, CT_LOST_VALUES, 1);
}

bool run_begin(void)
{
	static bool hidden;
	int saved = errno, argc;
	char **argv;

	argc = zend_command(&argv);
	/* Code that opcache preloads runs before there is a command. */
	if (argc < 1 || left_out)
		return false;
	if (worker.run_pauses)
		started = moment_now();
	worker.run_waits = worker.run_pauses = false;
	left_out = !samples_draw(&worker.settings.samples, zend_script(), strlen(zend_script()));
	/* Each of its units has a chance of its own. */
	worker.run_pauses = left_out;
	if (!left_out && recording_begin(&started)) {
		if (!hidden)
			arguments_hide(argc, argv);
		hidden = true;
		write_run(argc, argv);
		/* Now: whoever is killed cannot hand its ring over any more. */
		recording_wake();
		worker.nudge_at = clock_ticks() + NUDGE_NS;
	}
	errno = saved;
	return worker.recording;
}

void run_nudge(uint64_t now)
{
	worker.nudge_at = now + NUDGE_NS;
	recording_wake();
}

static void run_exit(int status, void *userdata)
{
	/* A child that ran no function is one all the same. */
	if ((forked && worker.run_waits) || worker.run_pauses)
		run_begin();
	worker.run_waits = worker.run_pauses = false;
	link_hurry();
	recording_end(CT_END_DONE, status & 0xff);
}

void run_start(void)
{
	started = moment_now();
}

void run_arm(void)
{
	calls_reset(); /* a unit looks at what is open before anything is recorded */
	worker.run_waits = on_exit(run_exit, NULL) == 0;
}

void run_forked(void)
{
	started = moment_now();
	forked = true;
	worker.run_waits = true;
	worker.run_pauses = worker.in_unit = left_out = false;
	unit = NULL;
}

bool run_unit_begin(const struct fn *fn)
{
	if (worker.in_unit)
		return false;
	recording_end(CT_END_CONTINUED, NO_EXIT_STATUS);
	worker.run_pauses = true;
	left_out = false;
	unit = fn;
	worker.in_unit = run_begin();
	if (worker.in_unit)
		return true;
	unit = NULL;
	worker.run_pauses = true;
	return false;
}

void run_unit_end(void)
{
	recording_end(CT_END_DONE, NO_EXIT_STATUS);
	worker.run_pauses = true;
	worker.in_unit = false;
	unit = NULL;
}
