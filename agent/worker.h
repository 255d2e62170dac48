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

#define WORKER_DEPTH                                                                 \
	4096 /* recorded functions open at one time; what is nested deeper is a hole \
	      */

struct fn;

struct open_call {
	uintptr_t sp; /* of our frame in it: what lies below the present one was jumped over */
};

struct worker {
	bool armed;	  /* the engine is one we know, and this SAPI is traced */
	bool recording;	  /* a request is open and its frames go to the ring */
	bool functions;	  /* the hook is installed */
	bool run_waits;	  /* of php-cli: with the next PHP code a request is open */
	bool run_pauses;  /* between two units: nothing is recorded but the next error or unit */
	bool in_unit;	  /* the request is a unit's */
	bool cli;	  /* a request is a run of php-cli, not what comes by FastCGI */
	uint32_t request; /* counts requests and forks: who returns into another one records nothing
			   */
	uint32_t ring_serial;
	uint64_t seq;
	uint64_t last_tick; /* of the last frame that carries a time */
	uint64_t nudge_at;  /* in ticks: when a run is to look for a collector again */
	uint32_t exception; /* number + 1 of one thrown and not yet seen caught */
	uint32_t depth;
	uint32_t calls;		/* recorded in this request */
	struct open_call *open; /* WORKER_DEPTH */
	struct ring ring;
	struct settings settings;
};

extern struct worker worker;
