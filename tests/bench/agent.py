# SPDX-License-Identifier: MIT
"""./dev bench agent: what tracing costs, section by section, beside what it should cost."""
import argparse
import json
import sys
from pathlib import Path

import instructions
from report import progress

ROUNDS = 9
SECTIONS = {"instructions": instructions.run}


def arguments(argv):
    parser = argparse.ArgumentParser(prog="./dev bench agent", description=__doc__)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this section (may be repeated)")
    parser.add_argument("--jit", choices=["off", "on", "both"], default="both")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of what is measured in time, interleaved (default %(default)s)")
    parser.add_argument("--quick", action="store_true", help="fewer cases and rounds: a look, not a result")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, also")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="callgrind's profiles of the Laravel request go here")
    options = parser.parse_args(argv)
    options.jit = {"off": [False], "on": [True], "both": [False, True]}[options.jit]
    options.progress = progress
    if options.quick:
        options.rounds = min(options.rounds, 3)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    return options


def main(argv):
    options = arguments(argv)
    done = []
    for name in options.only or SECTIONS:
        for section in SECTIONS[name](options):
            section.print()
            sys.stdout.flush()
            done.append(section)
    if options.json:
        options.json.write_text(json.dumps([s.json() for s in done], indent=1, ensure_ascii=False) + "\n")
    return 0
