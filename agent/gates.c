/* SPDX-License-Identifier: MIT */
/* The table of engines that crash. */

#include "gates.h"

#include <stddef.h>

static const struct gate gates[] = {
	/* Optimizer pass 4 forgets the temporary that observers have on each frame, whose stack is
	 * then too small: the next call overwrites it. Mended by php-src's pull request 14018,
	 * which was open in July 2024; 8.3.10 is of August. */
	{"#13817", 80300, 80310, 0, true,
	 "opcache's optimiser gives observed functions too little stack",
	 "PHP 8.3.10 or later, or opcache.jit = disable"},

	/* ir_PHI_2() had its operands the wrong way round (22258): a call of many methods reads the
	 * observer's handler where that of an internal function would be. Harmless as long as both
	 * are in the same place. Merged between the freezes of July's and August's releases. */
	{"#22158", 80400, 80424, WITH_TRACING | WITH_HANDLES, true,
	 "the tracing JIT calls observers through the wrong slot beside this extension",
	 "PHP 8.4.24 or later, opcache.jit = function, or without the other extension"},
	{"#22158", 80500, 80509, WITH_TRACING | WITH_HANDLES, true,
	 "the tracing JIT calls observers through the wrong slot beside this extension",
	 "PHP 8.5.9 or later, opcache.jit = function, or without the other extension"},

	/* The methods that every enum has (cases, from, tryFrom) have no place for an observer.
	 * #17835 gave it to those that preloading declares, in 8.4.5; 23103, for those that it only
	 * compiles (opcache_compile_file(), as frameworks do), is open. */
	{"#17715, #23103", 80400, 80600, WITH_PRELOAD, true,
	 "cases() and from() of a preloaded enum crash where functions are observed",
	 "no opcache.preload, or opcache.jit = disable"},

	/* Classes that one pool keeps in opcache's memory are taken for run-time caches of
	 * functions that the other pool has not. Known only in the worker, when the observer is
	 * there already. 8.4 has a region of its own for internal functions (15040). */
	{"#23355", 80200, 80400, WITH_LATE, false,
	 "an extension that only some pools load can crash workers that share opcache's memory",
	 "load it in php.ini, for all pools, or opcache.jit = disable"},

	/* A class is found in shared memory before the worker has made room for the caches of its
	 * methods. Three in a thousand starts of a pool under a test made for it; open. */
	{"#23637", 80200, 80600, WITH_WORKERS, false,
	 "workers that start at once on an empty opcache can crash, rarely",
	 "warm opcache up with one worker, or opcache.jit = disable"},
};

#define N_GATES (sizeof(gates) / sizeof(*gates))

const struct gate *gate_next(const struct gate *after, uint32_t release, unsigned with)
{
	for (const struct gate *gate = after ? after + 1 : gates; gate < gates + N_GATES; gate++)
		if (release >= gate->from && release < gate->until &&
		    (with & gate->with) == gate->with)
			return gate;
	return NULL;
}

bool gates_closed(uint32_t release, unsigned with)
{
	const struct gate *gate = NULL;

	while ((gate = gate_next(gate, release, with)))
		if (gate->closed)
			return true;
	return false;
}
