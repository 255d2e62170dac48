# SPDX-License-Identifier: MIT
"""What a call costs, in nanoseconds: a loop of calls in PHP, without the empty loop.

All variants are up at once, one worker each, and each is asked in each round. A figure is the median over the rounds of
what a call takes, or of what it takes more than without the preload in the same round; the least over the rounds stands
beside it. Time is the worker's own on a processor (getrusage), so that other programs' is not in it; that a loop of calls
waits for nothing makes it the time that passes (hrtime) on an idle machine; both are in the JSON.

The calls of one request fit the agent's ring and limits, but for those of fib(27): of them the agent records what max_calls
says. The ring is emptied between requests.
"""
import statistics

import processor
from report import Section
from variants import (BASELINE, DEFAULT, EXCIMER, HOOK, HOOK_EMPTY, OBSERVER, OBSERVER_EMPTY, XDEBUG, available, script)

VARIANTS = (BASELINE, HOOK_EMPTY, HOOK, OBSERVER_EMPTY, OBSERVER, DEFAULT, XDEBUG, EXCIMER)
WARM = 3

# name: what it is, n of one request. What is `args` or `time` to the agent is to the others the same function.
CASES = {
    "off_two": ("off, two scalars", 200_000),
    "time_two": ("time, two scalars", 30_000),
    "args_two": ("args, two scalars", 20_000),
    "off_eight": ("off, eight keys", 200_000),
    "time_eight": ("time, eight keys", 30_000),
    "args_eight": ("args, eight keys", 8_000),
    "off_fib": ("off, fib(27)", 27),
    "time_fib": ("time, fib(20)", 20),
    "time_fib27": ("time, fib(27)", 27),
}
EMPTY = 500_000


def fib_calls(n):
    return 1 if n < 2 else 1 + fib_calls(n - 1) + fib_calls(n - 2)


class Worker:
    """A variant's php-fpm, up."""

    def __init__(self, variant, jit):
        self.variant = variant
        self.stack = variant.stack(jit).start()

    def run(self, case, n):
        """(by the clock, of the processor), ns."""
        with self.stack.fpm.connect() as connection:
            answer = connection.ask(script(self.stack, "calls.php", f"case={case}&n={n}"), keep=False)
        assert answer.status == 200, answer.raw[:2000]
        processor.rest(self.stack)
        return tuple(map(int, answer.body.split()))

    def call(self, case):
        """The same of one call, the loop included; None where it would take too long."""
        name, n = case.removesuffix("27"), CASES[case][1]
        if "fib" not in case:
            n //= self.variant.slowness
            calls = n
        elif self.variant.slowness > 1 and n > 20:
            return None
        else:
            calls = fib_calls(n)
        return tuple(ns / calls for ns in self.run(name, n))

    def empty(self):
        n = EMPTY // self.variant.slowness
        return tuple(ns / n for ns in self.run("empty", n))


def measure(options, jit, cases):
    """{variant: {case: [(clock, processor) by round]}}, the empty loop taken away."""
    workers = []
    try:
        for variant in available(VARIANTS, jit, options):
            workers.append(Worker(variant, jit))
        for worker in workers:
            for case in cases:
                for _ in range(WARM):
                    worker.call(case)
        found = {w.variant.name: {c: [] for c in cases} for w in workers}
        for round in range(options.rounds):
            options.progress(f"calls, JIT {'on' if jit else 'off'}, round {round + 1} of {options.rounds}")
            for worker in workers[round % len(workers):] + workers[:round % len(workers)]:
                empty = worker.empty()
                for case in cases:
                    taken = worker.call(case)
                    if taken:
                        loop = (0, 0) if "fib" in case else empty
                        found[worker.variant.name][case].append(tuple(t - e for t, e in zip(taken, loop)))
        return found
    finally:
        for worker in workers:
            worker.stack.close()


def added(found, variant, case, which=1, of=statistics.median):
    """What a call takes more than without the preload, in ns."""
    if variant.name not in found or not found[variant.name][case]:
        return None
    base = [pair[which] for pair in found[BASELINE.name][case]]
    mine = [pair[which] for pair in found[variant.name][case]]
    if of is min:
        return min(mine) - min(base)
    return of([m - b for m, b in zip(mine, base)])


def tabulate(section, found, cases):
    for case in cases:
        title = CASES[case][0]
        base = [pair[1] for pair in found[BASELINE.name][case]]
        for what, of in (("median", statistics.median), ("least", min)):
            figures = {BASELINE.name: of(base)}
            for variant in VARIANTS[1:]:
                figure = added(found, variant, case, of=of)
                if figure is not None:
                    figures[variant.name] = figure
            section.row(f"{title}: {what}", "ns", figures)


def aims(section, found, cases, jit):
    floor = OBSERVER if jit else HOOK

    def figure(case):
        return added(found, DEFAULT, case)

    def ratio(case, of):
        mine, theirs = figure(case), added(found, of, case)
        return None if theirs is None else (theirs / mine if of is XDEBUG else mine / theirs)

    for case in cases:
        title, level = CASES[case][0], case.partition("_")[0]
        if level == "off" and not jit:
            section.aim(f"per call, {title}", figure(case), "ns", 8)
        elif level == "time":
            section.aim(f"per call, {title}: times the floor", ratio(case, floor), "×", 1.3)
        elif case == "args_two":
            section.aim(f"per call, {title}: times the floor", ratio(case, floor), "×", 2)
            section.aim(f"per call, {title}: cheaper than Xdebug", ratio(case, XDEBUG), "×", 25, least=True)
        elif case == "args_eight":
            section.aim(f"per call, {title}", figure(case), "ns", 300)
            section.aim(f"per call, {title}: cheaper than Xdebug", ratio(case, XDEBUG), "×", 12, least=True)


def run(options):
    cases = [name for name in CASES if options.wants(name.partition("_")[2].removesuffix("27"))]
    if not cases:
        return
    for jit in options.jit:
        found = measure(options, jit, cases)
        section = Section("calls", f"A call, JIT {'on' if jit else 'off'}: ns without the preload, ns more with")
        tabulate(section, found, cases)
        aims(section, found, cases, jit)
        section.raw = found
        yield section
