# SPDX-License-Identifier: MIT
"""./dev bench agent: what tracing costs, section by section, beside what it should cost."""
import argparse
import json
import sys
from pathlib import Path

import calls
import extensions
import instructions
import load
import memory
from report import progress

ROUNDS = 11
SECTIONS = {"instructions": instructions.run, "calls": calls.run, "load": load.run, "memory": memory.run}
CASES = {
    "two": "a call with two scalars", "eight": "a call with an array of eight keys", "fib": "fib(27)",
    "trivial": "a trivial request", "laravel": "the demo's Laravel request",
}


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="./dev bench agent", description=__doc__,
        epilog=f"Sections: {', '.join(SECTIONS)}. Cases: {'; '.join(f'{k}: {v}' for k, v in CASES.items())}.")
    parser.add_argument("--only", action="append", choices=[*SECTIONS, *CASES], metavar="SECTION|CASE",
                        help="this section, or this case (may be repeated)")
    parser.add_argument("--jit", choices=["off", "on", "both"], default="both")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of what is measured in time, interleaved (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds: a look, not a result")
    parser.add_argument("--format", choices=["table", "json"], default="table", help="what is printed (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, also, with those of each round")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="callgrind's profiles of the Laravel request go here")
    options = parser.parse_args(argv)
    options.jit = {"off": [False], "on": [True], "both": [False, True]}[options.jit]
    options.progress = progress
    only = options.only or []
    chosen = [name for name in only if name in CASES]
    options.wants = lambda case: case in chosen or not chosen
    options.sections = [name for name in SECTIONS if name in only] or [*SECTIONS]
    if options.quick:
        options.rounds = min(options.rounds, 3)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def main(argv):
    options = arguments(argv)
    loaded = extensions.modules() & {"xdebug", "excimer"}
    if loaded:
        print(f"php-fpm loads {' and '.join(sorted(loaded))} by itself: every figure would be its own. "
              f"Switch it off first: phpdismod -s ALL {' '.join(sorted(loaded))}", file=sys.stderr)
        return 1
    done = []
    for name in options.sections:
        for section in SECTIONS[name](options):
            if options.format == "table":
                section.print()
                sys.stdout.flush()
            done.append(section)
    text = json.dumps([s.json() for s in done], indent=1, ensure_ascii=False) + "\n"
    if options.format == "json":
        sys.stdout.write(text)
    if options.json:
        options.json.write_text(text)
    return 0
