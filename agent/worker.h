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
	uint32_t fn;   /* its number */
};

/* An exception that was thrown and not yet seen caught. */
struct thrown {
	uint32_t number;
	uint32_t depth; /* lane.top - lane.base when it had left the calls that it left */
};

#define MAX_THROWN 8 /* of which each was thrown while the others were on their way */

/* The open calls of the main program or of a fiber, the innermost below `top`. */
struct lane {
	struct open_call *base; /* of which the first is a sentinel: no call */
	struct open_call *top, *end;
	struct thrown thrown[MAX_THROWN]; /* the innermost last */
	uint32_t n_thrown;
	bool delegated;	     /* the innermost left a generator for one that delegates to it */
	uint32_t unrecorded; /* of the observer: begun, not ended, and without an open_call */
	uint32_t id;	     /* 0: the main program */
};

/*
 * A CALLS frame that is being written: entries and exits of functions that are only timed, as they
 * come. It lies in the ring and is published before any other frame is; from a worker that is
 * killed the consumer takes it as it is (ct_ring_header's `batch`). None is open while an exception
 * has been thrown and not been seen caught: then there is more to tell.
 */
struct batch {
	struct event *next, *end; /* there is room up to; NULL: none is open */
	struct event *first;
	uint64_t base; /* the first one's time */
};

/* One of its events, whose parts are written from the last to the first but one: a reader that
 * comes upon half of one finds no `high`. */
struct event {
	uint32_t low;  /* of the clock */
	uint16_t high; /* the next bits */
	uint16_t fn;
} __attribute__((packed, may_alias));

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
	struct batch batch;
	uint64_t last_tick; /* of the last frame that carries a time */
	struct lane lane;   /* the one that runs */
	struct ring ring;
	uint64_t seq;
	uint64_t nudge_at; /* in ticks: when a run is to look for a collector again */
	struct settings settings;
};

/* Like all data of ours, hidden where it is declared, too: then it is not looked for in a table. */
extern struct worker worker __attribute__((visibility("hidden")));
