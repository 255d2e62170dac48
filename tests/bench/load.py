# SPDX-License-Identifier: MIT
"""Requests through nginx: latency one after the other, throughput of four connections on two workers.

All variants are up at once and each is asked in each round. A figure is the median over the rounds; what is told in
percent is the median of what each round says about the variant and the one without the preload. The workers' and the
collector's time on a processor is measured too: it does not depend on what else the machine does.
"""
import signal
import statistics
import subprocess
import time

import processor
import retell
from report import Section
from variants import (ABSENT, BASELINE, BUILT, DEFAULT, EVERYTHING, EXCIMER, HOOK, LARAVEL, OBSERVER, OBSERVER_EMPTY, STOPPED,
                      XDEBUG, available)

VARIANTS = (BASELINE, HOOK, OBSERVER_EMPTY, OBSERVER, DEFAULT, ABSENT, STOPPED, EVERYTHING, XDEBUG, EXCIMER)
WARM = 40
CASES = {  # name: title, requests one after the other and at once in a round
    "laravel": ("Laravel request", 60, 120),
    "trivial": ("trivial request", 400, 800),
}
CONNECTIONS = 4
REQUESTS_OF_A_CALL = 5
NOISE = 1  # percent that two measurements of the same differ by
MEASURES = {  # measure: unit
    "latency p50": "ms", "latency p95": "ms", "throughput": "requests/s", "worker's processor time": "ms",
    "collector's processor time": "ms",
}


class Served:
    """A variant's php-fpm behind an nginx, up."""

    def __init__(self, variant, jit):
        self.variant = variant
        self.stack = variant.stack(jit, nginx=True, settings={"pm.max_children": "2"})
        self.stack.nginx.script("/trivial.php", self.stack.base / "bench" / "trivial.php")
        self.stack.start()
        for case in CASES:
            self.load(case, WARM, CONNECTIONS)
        processor.rest(self.stack)
        if variant is STOPPED:
            self.stack.collector.process.send(signal.SIGSTOP)

    def request(self, case):
        """The first of a phone call, which is a new one."""
        if case == "trivial":
            return b"GET /trivial.php HTTP/1.1\r\nHost: salon.example.com\r\nConnection: close\r\n\r\n"
        body = retell.Call().function_body("check_availability", LARAVEL)
        head = (f"POST /api/retell/function HTTP/1.1\r\nHost: salon.example.com\r\nContent-Type: application/json\r\n"
                f"X-Retell-Signature: {retell.signature(body, time.time_ns() // 1_000_000)}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        return head.encode() + body

    def load(self, case, times, connections):
        """Nanoseconds: of all, [of each]."""
        file = self.stack.base / "requests"
        asked = [self.request(case) for _ in range(-(-times // REQUESTS_OF_A_CALL))]
        file.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in asked))
        done = subprocess.run([BUILT / "bench-load", self.stack.nginx.socket, file, str(connections), str(times)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, f"{self.variant.name}: {done.stderr}\n{self.stack.diagnostics()}"
        total, *each = map(int, done.stdout.split())
        return total, sorted(each)

    def round(self, case):
        """{measure: figure}"""
        _, single, many = CASES[case]
        single, many = (max(n // min(self.variant.slowness, 4), 1) for n in (single, many))
        workers = self.stack.fpm.workers()
        collector = [self.stack.collector.process.pid] if self.stack.collector else []
        before = processor.spent(*workers), processor.spent(*collector)
        _, each = self.load(case, single, 1)
        total, _ = self.load(case, many, CONNECTIONS)
        busy = processor.spent(*workers) - before[0]
        processor.rest(self.stack)
        found = {
            "latency p50": each[len(each) // 2] / 1e6, "latency p95": each[len(each) * 95 // 100] / 1e6,
            "throughput": many / total * 1e9, "worker's processor time": busy / (single + many) / 1e6,
        }
        if collector and self.variant is not STOPPED:
            found["collector's processor time"] = (processor.spent(*collector) - before[1]) / (single + many) / 1e6
        return found


def measure(options, jit, cases):
    """{case: {variant: [{measure: figure} by round]}}"""
    served = []
    try:
        for variant in available(VARIANTS, jit, options):
            served.append(Served(variant, jit))
        found = {case: {s.variant.name: [] for s in served} for case in cases}
        for round in range(options.rounds):
            options.progress(f"load, JIT {'on' if jit else 'off'}, round {round + 1} of {options.rounds}")
            for one in served[round % len(served):] + served[:round % len(served)]:
                for case in cases:
                    found[case][one.variant.name].append(one.round(case))
        return found
    finally:
        for one in served:
            one.stack.close()


def ratios(rounds, base, measure):
    """In percent more, by round."""
    return [(r[measure] / b[measure] - 1) * 100 for r, b in zip(rounds, base)]


def more(rounds, base, measure):
    return statistics.median(ratios(rounds, base, measure))


def told(figures):
    """The median, and within what half of the rounds are of it."""
    low, middle, high = statistics.quantiles(figures, n=4)
    return f"{middle:+.1f} ±{(high - low) / 2:.1f}"


def tabulate(section, title, found):
    base = found[BASELINE.name]
    for measure, unit in MEASURES.items():
        section.row(f"{title}: {measure}", unit, {
            name: statistics.median(r[measure] for r in rounds) for name, rounds in found.items() if measure in rounds[0]})
        if measure in base[0]:
            section.row(f"{title}: {measure}", "% more", {
                name: told(ratios(rounds, base, measure)) for name, rounds in found.items() if rounds is not base})


def aims(section, case, found, jit):
    base = found[BASELINE.name]

    def of(variant, measure, against=base):
        return more(found[variant.name], against, measure)

    if case == "trivial":
        extra = statistics.median(r["latency p50"] - b["latency p50"] for r, b in zip(found[DEFAULT.name], base))
        section.aim("trivial request: median latency", extra * 1000, "µs more", 10)
        extra = statistics.median(r["worker's processor time"] - b["worker's processor time"]
                                  for r, b in zip(found[DEFAULT.name], base))
        section.aim("trivial request: worker's processor time", extra * 1000, "µs more", 10)
    elif not jit:
        section.aim("Laravel request, default rules: median latency", of(DEFAULT, "latency p50"), "% more", 3)
        section.aim("Laravel request, default rules: worker's processor time", of(DEFAULT, "worker's processor time"),
                    "% more", 3)
        section.aim("Laravel request, default rules: throughput of no preload", of(DEFAULT, "throughput") + 100, "%", 97,
                    least=True)
    present = found[DEFAULT.name]
    for variant in (ABSENT, STOPPED):
        section.aim(f"{CASES[case][0]}, {variant.name.partition(', ')[2]}: processor time against collector present",
                    of(variant, "worker's processor time", present), "% more", NOISE)


def run(options):
    cases = [case for case in CASES if options.wants(case)]
    if not cases:
        return
    for jit in options.jit:
        found = measure(options, jit, cases)
        section = Section("load", f"Requests through nginx, JIT {'on' if jit else 'off'}")
        for case in cases:
            tabulate(section, CASES[case][0], found[case])
            aims(section, case, found[case], jit)
        section.raw = found
        yield section
