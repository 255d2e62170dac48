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

import retell  # noqa: E402
from harness import TRACE_DUMP, Process, Stack, entries  # noqa: E402

GREETING = ("node_greeting", "Begrüßung")
CHECK = ("func_check_availability", "Verfügbarkeit prüfen")
OFFER = ("node_offer_slots", "Alternativen anbieten")
COLLECT = ("node_collect_data", "Kundendaten erfassen")
BOOK = ("func_book_appointment", "Termin buchen")
CANCEL = ("func_cancel_appointment", "Termin absagen")
GOODBYE = ("node_goodbye", "Verabschiedung")

BOOKING = {
    "customer_name": retell.NAME,
    "customer_phone": retell.PHONE,
    "customer_email": retell.EMAIL,
    "customer_address": retell.ADDRESS,
    "dienstleistung": "Färben & Föhnen",
    "start": "2027-03-04T16:15:00+01:00",
    "bestaetigung": True,
    "call_id": "1",
}


def phone_call(stack, speak, call=None):
    """The call; `speak(call, role, text, seconds)` says one thing. The answers by function, and the call."""
    call = call or retell.Call()
    answers = []

    def function(name, args):
        answers.append((name, args, stack.function(call, name, args)))

    stack.event(call, "call_started")
    call.move(("begin", "Begin"), GREETING)
    speak(call, "agent", "Guten Tag, hier ist der Salon Schönwald in Köln. Wie kann ich Ihnen helfen?", 0.5)
    speak(call, "user", "Grüß Gott, Käthe Öttinger-Weiß hier. Ich bräuchte am vierten März um halb vier einen Termin zum Färben.", 0.6)
    call.move(GREETING, CHECK)
    function("check_availability", {
        "datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben & Föhnen", "call_id": call.call_id,
    })
    call.move(CHECK, OFFER)
    speak(call, "agent", "Um fünfzehn Uhr dreißig ist leider schon belegt. Ich hätte sechzehn Uhr fünfzehn frei. Passt das für Sie?", 0.5)
    speak(call, "user", "Ja, das passt. Meine Handynummer ist 0176 04069012, und die E-Mail-Adresse ist kaethe.oettinger@example.com.", 0.6)
    call.move(OFFER, COLLECT)
    speak(call, "agent", "Danke schön. Und wie lautet Ihre Anschrift für die Rechnung?", 0.3)
    speak(call, "user", "Brückentorstraße 7b, 01234 Musterstadt.", 0.3)
    call.move(COLLECT, BOOK)
    stack.booking.plan("unavailable")
    function("book_appointment_v17", BOOKING)
    speak(call, "agent", "Das hat gerade nicht geklappt, ich versuche es noch einmal.", 0.3)
    function("book_appointment_v17", BOOKING)
    speak(call, "agent", "Der Termin ist gebucht. Die Bestätigung geht an kaethe.oettinger@example.com.", 0.4)
    speak(call, "user", "Und sagen Sie bitte meinen alten Termin ab, die Nummer weiß ich nicht mehr.", 0.4)
    call.move(BOOK, CANCEL)
    function("cancel_appointment", {"booking_uid": "weiß ich nicht", "grund": "doppelt gebucht"})
    call.move(CANCEL, GOODBYE)
    speak(call, "agent", "Ihren alten Termin finde ich leider nicht, ein Kollege ruft Sie zurück. Auf Wiederhören!", 0.4)
    speak(call, "user", "Vielen Dank, tschüß!", 0.2)
    ended = call.ended_fields()
    stack.event(call, "call_ended", **ended)
    stack.event(call, "call_analyzed", **ended, call_analysis=call.analysis())
    return call, answers


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
