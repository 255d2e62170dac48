/* SPDX-License-Identifier: MIT */
/*
 * What the agent knows in this process. One thread runs PHP, so nothing here is shared or locked.
 *
 * php-fpm's master is armed at boot and records nothing. A worker makes its ring at its first
 * request, a php-cli when its first code runs. A forked child begins as its parent was before that.
 */
#pragma once

#include "clock.h"
#include "ring.h"
#include "settings.h"

struct fn;
struct zobj;

/* A recorded function that is open. */
struct open_call {
	uintptr_t key; /* of the hook: where its C stack was; of the observer: the frame */
	uint64_t ticks;
	struct fn *fn; /* NULL: its entry could not be written */
};

/*
 * The open calls of the main program or of a fiber, the innermost below `top`. What lies from
 * `announced` on has no ENTER frame yet: a function that is only timed is told when it calls
 * something that is recorded, or else when it is left, as one CALL frame.
 */
struct lane {
	struct open_call *base; /* of which the first is a sentinel: no call */
	struct open_call *top, *announced, *end;
	uint32_t exception;	  /* number + 1 of one thrown and not yet seen caught */
	uint32_t exception_depth; /* how many calls are open that it has not left */
	uint32_t unrecorded;	  /* of the observer: begun, not ended, and without an open_call */
	uint32_t id;		  /* 0: the main program */
};

enum mechanism { MECHANISM_NONE, MECHANISM_HOOK, MECHANISM_OBSERVER };

struct worker {
	bool armed; /* the engine is one we know, and this SAPI is traced */
	bool inert; /* it is not, and somebody may want to know (notices.h) */
	bool trusts_functions, trusts_frames; /* the first was what it should be (doubt.h) */
	bool recording;			      /* a request is open and its frames go to the ring */
	bool run_waits;	 /* of php-cli: with the next PHP code a request is open */
	bool run_pauses; /* between two units: nothing is recorded but the next error or unit */
	bool in_unit;	 /* the request is a unit's */
	bool cli;	 /* a request is a run of php-cli, not what comes by FastCGI */
	enum mechanism mechanism;
	uint32_t request; /* counts requests and forks: who returns into another one records nothing
			   */
	uint32_t ring_serial;
	uint32_t calls_left;	    /* that may be recorded in this request */
	uint32_t leaves_owed;	    /* LEAVE frames that found no room */
	struct zobj *const *flying; /* the exception, NULL when there is none */
	uint64_t last_tick;	    /* of the last frame that carries a time */
	struct lane lane;	    /* the one that runs */
	struct ring ring;
	uint64_t seq;
	uint64_t nudge_at; /* in ticks: when a run is to look for a collector again */
	struct settings settings;
};

extern struct worker worker;
