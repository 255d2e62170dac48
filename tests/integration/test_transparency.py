# SPDX-License-Identifier: MIT
"""php-fpm answers the same whether it is traced or not, and whatever happens to the collector."""
import os
import re
import signal
import threading

import pytest

import retell
from harness import Stack, wait_until

CHECK = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben"}
BOOK = {"customer_name": retell.NAME, "dienstleistung": "Färben", "start": "2027-03-04T16:15:00+01:00"}


def masked(raw):
    """Without what the clock decides."""
    raw = re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: -", raw)
    return re.sub(rb"expires=[^;]*", b"expires=-", raw)


def conversation(stack):
    """Every kind of answer the application gives, raw."""
    call = retell.Call(call_id="call_transparency")
    answers = []

    def ask(connection, params, body=b""):
        got = connection.ask(params, body)
        answers.append((masked(got.raw), got.stderr, got.app_status, got.protocol_status))

    with stack.fpm.connect() as connection:
        for path in ("/", "/health", "/preise", "/fehler", "/nix", "/echo?a=1&b[]=2"):
            ask(connection, stack.fcgi_params("GET", path))
        ask(connection, stack.fcgi_params("HEAD", "/"))
        for size in (0, 1, 70_000, 1 << 20):
            ask(connection, stack.fcgi_params("POST", "/echo", b"z" * size), b"z" * size)
        ask(connection, stack.fcgi_params("POST", "/api/retell/function", b"{}", HTTP_X_RETELL_SIGNATURE="v=1,d=0"), b"{}")
        stack.booking.plan("ok", "unavailable", "garbled", "close")
        for name, args in (("check_availability", CHECK), *[("book_appointment_v17", BOOK)] * 4,
                           ("cancel_appointment", {"booking_uid": "x"}), ("cancel_appointment", {"booking_uid": "bk_test_0001"}),
                           ("reschedule_appointment", {}), ("no_such_function", {})):
            body = call.function_body(name, args)
            ask(connection, stack.fcgi_retell(body), body)
        body = call.event_body("call_ended", **call.ended_fields())
        ask(connection, stack.fcgi_retell(body, "/api/retell/webhook"), body)
        ask(connection, stack.fcgi_retell(body[:-3], "/api/retell/webhook"), body[:-3])
    return answers


@pytest.fixture(scope="module")
def plain():
    with Stack(preload=False, collector=False, nginx=False) as stack:
        return conversation(stack)


def test_answers_are_the_same_to_the_byte(plain):
    with Stack(nginx=False) as stack:
        assert conversation(stack) == plain


def test_answers_are_the_same_without_a_collector(plain):
    with Stack(collector=False, nginx=False) as stack:
        assert conversation(stack) == plain


def test_answers_are_the_same_when_switched_off(plain):
    with Stack(nginx=False, env={"CALLTRACE": "off"}) as stack:
        assert conversation(stack) == plain
        assert stack.dump.json("calls") is None


def test_answers_are_the_same_while_the_collector_is_stopped(plain):
    with Stack(nginx=False) as stack:
        stack.collector.process.send(signal.SIGSTOP)
        assert conversation(stack) == plain


def test_the_agent_prints_nothing():
    with Stack(nginx=False) as traced:
        conversation(traced)
        log = traced.fpm.log.read_text().replace(str(traced.base), "")
    assert "calltrace" not in log


def nudge(stack):
    """A request for each worker: an idle one has no occasion to offer its ring again."""
    threads = [threading.Thread(target=stack.http, args=("GET", "/health")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def exactly_once(stack, calls):
    """Every call there, each with its one function trace."""
    def look():
        nudge(stack)
        found = [stack.dump.json("functions", call.call_id) for call in calls]
        return all(found) and all(f["status"] == "success" for d in found for f in d["functions"]) and found

    for document in wait_until(look, "all calls", diagnostics=stack.diagnostics):
        assert len(document["functions"]) == 1
    sessions = [c["call_id"] for c in stack.dump.json("calls", "--limit", "1000")["calls"] if c["call_id"]]
    assert sorted(sessions) == sorted(call.call_id for call in calls)


def one_call(stack):
    call = retell.Call()
    assert stack.function(call, "check_availability", CHECK).status == 200
    return call


def test_a_collector_that_comes_later_misses_nothing():
    with Stack(collector=True) as stack:
        stack.collector.stop()
        calls = [one_call(stack) for _ in range(5)]
        stack.collector.start()
        exactly_once(stack, calls)


def test_an_idle_worker_is_found_by_a_collector_that_comes_later():
    with Stack(collector=True) as stack:
        stack.collector.process.kill()
        stack.collector.process.popen.wait()
        call = one_call(stack)
        stack.collector.start()  # and nobody sends a request any more
        (function,) = stack.wait_for_functions(call.call_id, 1)
        assert function["status"] == "success"
        again = [one_call(stack) for _ in range(3)]  # the same rings, now offered
        exactly_once(stack, [call, *again])


def test_an_adopted_worker_that_dies_is_cut_off():
    with Stack(collector=True) as stack:
        stack.collector.stop()
        stack.booking.plan("hold")
        call = retell.Call()
        thread = threading.Thread(target=lambda: stack.function(call, "book_appointment_v17", BOOK))
        thread.start()
        stack.booking.wait_for_request()
        stack.collector.start()
        stack.wait_for_functions(call.call_id, 1, status="pending")
        for pid in stack.fpm.workers():
            os.kill(pid, signal.SIGKILL)
        stack.booking.release()
        thread.join()
        (function,) = stack.wait_for_functions(call.call_id, 1)
        assert function["status"] == "error" and function["error_details"]["cut_off"]["open_calls"]


def test_killing_the_collector_neither_doubles_nor_loses_a_call(stack):
    calls, done = [], threading.Event()

    def phone():
        while not done.is_set():
            calls.append(one_call(stack))

    thread = threading.Thread(target=phone)
    thread.start()
    try:
        for round in range(1, 5):
            wait_until(lambda: len(calls) >= round * 8, "some calls", diagnostics=stack.diagnostics)
            stack.collector.process.kill()
            before = len(calls)
            wait_until(lambda: len(calls) >= before + 3, "calls without a collector", diagnostics=stack.diagnostics)
            stack.collector.start()
    finally:
        done.set()
        thread.join()
    exactly_once(stack, calls)


def test_a_stopped_collector_catches_up_when_it_is_continued(stack):
    calls = [one_call(stack)]
    stack.collector.process.send(signal.SIGSTOP)
    calls += [one_call(stack) for _ in range(5)]
    stack.collector.process.send(signal.SIGCONT)
    exactly_once(stack, calls)


def test_requests_are_answered_when_the_ring_is_full_and_the_hole_is_shown(stack):
    first = one_call(stack)
    stack.collector.process.send(signal.SIGSTOP)
    body = b'{"pad":"' + b"z" * (1 << 20) + b'"}'
    for _ in range(24):
        assert stack.http("POST", "/echo", body).status == 200
    one_call(stack)  # its body may not have fitted any more
    stack.collector.process.send(signal.SIGCONT)
    stack.wait_for_functions(first.call_id, 1)
    after = []  # the first of them may still find no room
    wait_until(lambda: after.append(one_call(stack)) or any(stack.dump.json("functions", c.call_id) for c in after),
               "a call after the hole", diagnostics=stack.diagnostics)
    done = stack.dump.run("--format", "json", "check")
    assert done.returncode == 0 and b"body_bytes" in done.stdout
