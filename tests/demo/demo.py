# SPDX-License-Identifier: MIT
"""One phone call through a preloaded php-fpm: what ./dev demo shows.

With --keep everything stays up, and the command that stops it is printed.
"""
import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness import TRACE_DUMP, Process, Stack, entries  # noqa: E402
from salon_call import phone_call  # noqa: E402


def speak_aloud(call, role, text, seconds):
    threading.Event().wait(seconds)  # speech takes time: the timeline shows it
    call.say(role, text, seconds)


def say(text):
    print(f"\033[1m==>\033[0m {text}" if sys.stderr.isatty() else f"==> {text}", file=sys.stderr, flush=True)


def command(*args):
    sudo = ["sudo"] if os.environ.get("SUDO_USER") else []
    return shlex.join([*sudo, *map(str, args)])


def how_to_look(stack):
    dump = (os.path.relpath(TRACE_DUMP) if TRACE_DUMP.is_relative_to(Path.cwd()) else TRACE_DUMP, "--db", stack.dump.db)
    print("\nLook further:\n")
    for words, meaning in (
        (("show", "@latest"), "the call's counters, performance and errors"),
        (("functions", "@latest"), "the functions the agent called"),
        (("tree", "@latest/2"), "the PHP calls inside the booking that failed"),
        (("errors", "@latest"), "what failed, and why"),
        (("transcript", "@latest"), "what was said"),
        (("--format", "json", "timeline", "@latest"), "the timeline for programs"),
    ):
        print(f"  {command(*dump, *words):<72}  # {meaning}")


def keep(stack):
    """Leaves the programs running; the booking service moves into a process of its own, on the same port."""
    port = stack.booking.url.rpartition(":")[2]
    stack.booking.close()
    service = Path(__file__).resolve().parents[1] / "integration" / "booking_service.py"
    booking = Process("booking service", [sys.executable, "-B", service, port], stack.base / "booking.log",
                      start_new_session=True)
    pids = [stack.nginx.process.pid, stack.fpm.process.pid, stack.collector.process.pid, booking.pid]
    stop = stack.base / "stop"
    stop.write_text(f"#!/bin/sh\nkill {' '.join(map(str, pids))}\nrm -rf {shlex.quote(str(stack.base))}\n")
    stop.chmod(0o755)
    print(f"\nIt keeps running: nginx {pids[0]} (http over {stack.nginx.socket}), php-fpm {pids[1]}, "
          f"calltraced {pids[2]}, booking service {pids[3]}.")
    print(f"\n  {command('curl', '--unix-socket', stack.nginx.socket, 'http://localhost/health')}")
    print(f"\nStop it with\n\n  {command(stop)}\n")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    keep_running = parser.parse_args().keep
    # Ctrl-C reaches the programs of this session too; with --keep they must not hear a later one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    stack = Stack(detach=keep_running)
    done = False
    try:
        say("starting calltraced, php-fpm with LD_PRELOAD=libcalltrace.so, and nginx")
        stack.start()
        say("a customer phones the salon (about five seconds)")
        call, _ = phone_call(stack, speak_aloud)
        say("the call is over; waiting for its timeline")
        stack.wait_for_call(
            call.call_id,
            lambda d: len(entries(d, "function_call")) >= 4 and (d["call"]["metadata"] or {}).get("call_analysis"),
            "the call's timeline, complete")
        columns = str(shutil.get_terminal_size((120, 40)).columns)
        subprocess.run([TRACE_DUMP, "--db", stack.dump.db, "timeline", "@latest"], check=True,
                       env={**os.environ, "COLUMNS": columns})
        how_to_look(stack)
        if keep_running:
            keep(stack)
        done = True
    finally:
        if done and not keep_running:
            stack.stop()
            stack.booking.close()
            for path in stack.base.iterdir():
                if path != stack.dump.db:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            print(f"\nEverything is stopped; the store is left for you to look at. Remove it with\n\n"
                  f"  {command('rm', '-r', stack.base)}\n")
        elif not done:
            print(stack.diagnostics(), file=sys.stderr)
            stack.close()


if __name__ == "__main__":
    main()
