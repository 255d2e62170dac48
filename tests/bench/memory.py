# SPDX-License-Identifier: MIT
"""What a worker keeps: resident memory and descriptors, with the agent and without, after the same requests.

Of a hundred requests one is the Laravel application's, the others are trivial.
"""
import os

from instructions import laravel, trivial
from report import Section
from variants import BASELINE, DEFAULT

REQUESTS = 100_000
QUICK = 10_000
EVERY = 100
RING = 4096  # KiB, agent.conf(5)'s default


def resident(pid):
    """KiB."""
    with open(f"/proc/{pid}/status") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Aged:
    def __init__(self, variant):
        self.stack = variant.stack().start()
        self.served = 0

    def serve(self, until):
        while self.served < until:
            params, body = (laravel if self.served % EVERY == 0 else trivial)(self.stack)
            with self.stack.fpm.connect() as connection:
                answer = connection.ask(params, body, keep=False)
            assert answer.status == 200, answer.raw[:2000]
            self.served += 1
        (pid,) = self.stack.fpm.workers()
        return resident(pid), descriptors(pid)


def run(options):
    if not options.wants("memory"):
        return
    last = QUICK if options.quick else REQUESTS
    section = Section("memory", "Memory of a worker")
    marks = [QUICK // 2 if options.quick else last // 10, last]
    found = {}
    for variant in (BASELINE, DEFAULT):
        aged = Aged(variant)
        try:
            found[variant.name] = [aged.serve(mark) for mark in marks]
        finally:
            aged.stack.close()
        options.progress(f"memory, {variant.name}: {found[variant.name]}")
    for i, mark in enumerate(marks):
        section.row(f"resident after {mark:,} requests", "KiB", {name: f[i][0] for name, f in found.items()})
        section.row(f"descriptors after {mark:,} requests", "", {name: f[i][1] for name, f in found.items()})
    base, mine = found[BASELINE.name], found[DEFAULT.name]
    section.aim("resident: more than without the preload, less the ring", mine[-1][0] - base[-1][0] - RING, "KiB", 1024)
    growth = [f[-1][0] - f[0][0] for f in (mine, base)]
    section.aim(f"growth from request {marks[0]:,} to {last:,}, more than without the preload", growth[0] - growth[1], "KiB", 0)
    yield section
