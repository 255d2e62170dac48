# SPDX-License-Identifier: MIT
"""Instructions, counted by callgrind: exact, repeatable, blind to the rest of the machine.

The one worker of a php-fpm runs under callgrind. count.so, preloaded before the variant, has it count from one
accept() to another, so that what is counted is so many whole requests of a warm worker, and what the agent does between
them. Every request has a connection of its own.

What is added to a call: a request that makes 2,000 of them minus a request that makes none, over 2,000, minus the same of the
worker without the preload.
"""
import shutil

import retell
from report import Section
from variants import (BASELINE, BUILT, DEFAULT, EVERYTHING, HOOK, HOOK_EMPTY, LARAVEL, OBSERVER, OBSERVER_EMPTY, script)

LARAVEL_REQUESTS = 10
TRIVIAL_REQUESTS = 20
WARM = {False: 15, True: 60}  # requests; the tracing JIT compiles what was called often enough
CALLS = 2000
FIB = 17
CASES = {
    "off_two": "off, two scalars", "time_two": "time, two scalars", "args_two": "args, two scalars",
    "off_eight": "off, eight keys", "time_eight": "time, eight keys", "args_eight": "args, eight keys",
    "off_fib": f"off, fib({FIB})", "time_fib": f"time, fib({FIB})",
}
VARIANTS = (BASELINE, HOOK_EMPTY, HOOK, OBSERVER_EMPTY, OBSERVER, DEFAULT, EVERYTHING)


def fib_calls(n):
    return 1 if n < 2 else 1 + fib_calls(n - 1) + fib_calls(n - 2)


class Counter:
    """A php-fpm under callgrind. A plan's phases are (name, request, how many times it is asked)."""

    def __init__(self, variant, jit, plan, warm):
        self.plan = plan
        self.warm = warm
        edges = [warm]
        for _, _, times in plan:
            edges.append(edges[-1] + times)
        self.stack = variant.stack(
            jit, also=[BUILT / "count.so"], env={"COUNT_AT": ",".join(map(str, edges))},
            argv_prefix=["valgrind", "--tool=callgrind", "--instr-atstart=no", "--quiet"])
        self.stack.fpm.argv_prefix.append(f"--callgrind-out-file={self.stack.base}/out/%p")

    def count(self, keep=None):
        """{phase: instructions of one request}; `keep`: where the Laravel requests' profile goes."""
        with self.stack as stack:
            for i in range(self.warm):
                self.ask(self.plan[i % len(self.plan)][1])
            for _, request, times in self.plan:
                for _ in range(times):
                    self.ask(request)
            self.ask(self.plan[-1][1])  # when it is answered the worker has been at the last accept()
            parts = sorted((p for p in (stack.base / "out").iterdir() if p.suffix), key=lambda p: int(p.suffix[1:]))
            assert len(parts) == len(self.plan), parts
            if keep and self.plan[0][0] == "laravel":
                shutil.copy(parts[0], keep)
            return {name: total(part) / times for part, (name, _, times) in zip(parts, self.plan)}

    def ask(self, request):
        with self.stack.fpm.connect() as connection:
            params, body = request(self.stack)
            answer = connection.ask(params, body, keep=False)
        assert answer.status == 200, answer.raw[:2000]


def total(part):
    for line in part.read_text().splitlines():
        if line.startswith("summary:") or line.startswith("totals:"):
            return int(line.split()[1])
    raise AssertionError(f"{part}: no summary")


CALL = retell.Call(call_id="call_0123456789abcdef0123456789a")


def laravel(stack):
    body = CALL.function_body("check_availability", LARAVEL)
    return stack.fcgi_retell(body), body


def trivial(stack):
    return script(stack, "trivial.php"), b""


def calls(case, n):
    return lambda stack: (script(stack, "calls.php", f"case={case}&n={n:04d}"), b"")


def plan_of(options):
    plan = [("laravel", laravel, LARAVEL_REQUESTS), ("trivial", trivial, TRIVIAL_REQUESTS)]
    plan = [phase for phase in plan if options.wants(phase[0])]
    cases = [case for case in CASES if not options.quick and options.wants(case.partition("_")[2])]
    if cases:
        plan.append(("none", calls("empty", 0), 2))
    for case in cases:
        plan.append((case, calls(case, FIB if case.endswith("fib") else CALLS), 1))
    return plan


def added(counted, case):
    return (counted[case] - counted["none"]) / (fib_calls(FIB) if case.endswith("fib") else CALLS)


def tabulate(section, counted):
    """Of the worker without the preload what is there, of the others what they add."""
    base = counted[BASELINE.name]
    if "laravel" in base:
        section.row("Laravel request", "million", {BASELINE.name: base["laravel"] / 1e6})
        section.row("Laravel request", "% more", {
            name: (c["laravel"] / base["laravel"] - 1) * 100 for name, c in counted.items() if c is not base})
    if "trivial" in base:
        section.row("trivial request", "added", {
            name: c["trivial"] - (c is not base and base["trivial"]) for name, c in counted.items()})
    for case, title in CASES.items():
        if case in base:
            section.row(f"call, {title}", "added", {
                name: added(c, case) - (c is not base and added(base, case)) for name, c in counted.items()})


def aims(section, counted, jit):
    if "laravel" not in counted[BASELINE.name]:
        return

    def more(variant):
        return (counted[variant.name]["laravel"] / counted[BASELINE.name]["laravel"] - 1) * 100

    if jit:
        section.aim("Laravel request, default rules: no dearer than an observer without handlers + 3 %",
                    more(DEFAULT), "% more", more(OBSERVER_EMPTY) + 3)
    else:
        section.aim("Laravel request, default rules", more(DEFAULT), "% more", 3)
        section.aim("Laravel request, everything", more(EVERYTHING), "% more", 7)


def run(options):
    for jit in options.jit:
        plan = plan_of(options)
        if not plan:
            continue
        section = Section("instructions", f"Instructions by callgrind, JIT {'on' if jit else 'off'}")
        counted = {}
        for variant in VARIANTS:
            if jit and not variant.jit:
                continue
            keep = options.keep and options.keep / f"callgrind.{variant.name.replace(' ', '-')}{'.jit' if jit else ''}"
            counted[variant.name] = Counter(variant, jit, plan, WARM[jit]).count(keep)
            options.progress(f"instructions, JIT {'on' if jit else 'off'}, {variant.name}: "
                             f"{counted[variant.name][plan[0][0]] / 1e6:.3f} M, {plan[0][0]}")
        section.raw = counted
        tabulate(section, counted)
        aims(section, counted, jit)
        yield section
