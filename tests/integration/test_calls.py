# SPDX-License-Identifier: MIT
"""What becomes of a call over time: abandoned when nothing more comes, and back when something does; an error that somebody
resolved stays so whatever is derived anew."""
import subprocess

import pytest

import retell
from harness import CALLTRACED, Stack, wait_until
from salon_call import BOOKING


@pytest.fixture(scope="module")
def stack():
    stack = Stack()
    config = stack.collector.config
    config.write_text(config.read_text() + "abandon_after = 1s\n")
    with stack:
        yield stack


def session(stack, call):
    document = stack.dump.json("timeline", call.call_id)
    return document["call"] if document else None


def wait_for_status(stack, call, status):
    return wait_until(lambda: (s := session(stack, call)) and s["call_status"] == status and s, f"{status}",
                      diagnostics=lambda: f"{session(stack, call)}\n{stack.diagnostics()}")


def test_a_call_that_nothing_is_heard_of_is_abandoned_until_something_is(stack):
    call = retell.Call()
    call.say("user", "Hallo?", 0.1)
    stack.event(call, "call_started")
    abandoned = wait_for_status(stack, call, "abandoned")
    assert abandoned["ended_at"] is None and abandoned["duration_ms"] is None and abandoned["disconnection_reason"] is None
    listed = stack.dump.json("calls", "--status", "abandoned")["calls"]
    assert [c["call_id"] for c in listed] == [call.call_id]
    assert stack.dump.json("calls", "--in-progress") is None

    stack.event(call, "call_ended", **call.ended_fields())
    completed = wait_for_status(stack, call, "completed")
    assert completed["ended_at"] and completed["disconnection_reason"] == "user_hangup"
    assert stack.dump.json("calls", "--status", "abandoned") is None
    assert stack.dump.json("check")["problems"] == []


def test_a_resolved_error_stays_resolved_when_the_call_goes_on(stack):
    call = retell.Call()
    stack.booking.plan("unavailable")
    stack.function(call, "book_appointment_v17", BOOKING)
    stack.wait_for_functions(call.call_id, 1, "error")
    (error,) = stack.dump.json("errors", call.call_id)["errors"]
    done = stack.dump.run("--format", "json", "errors", "resolve", error["id"][:13], "--note", "Wartung, Rückruf an 0176 04069012")
    assert done.returncode == 0, done.stderr
    assert retell.PHONE[3:].encode() not in done.stdout + done.stderr

    call.say("user", "Dann eben morgen.", 0.1)
    stack.event(call, "call_ended", **call.ended_fields())
    wait_for_status(stack, call, "completed")
    (kept,) = stack.dump.json("errors", call.call_id)["errors"]
    assert (kept["id"], kept["resolved"]) == (error["id"], True)
    assert kept["resolution_notes"] == "Wartung, Rückruf an [PHONE_REDACTED]" and kept["resolved_at"]
    assert stack.dump.json("errors", "--unresolved") is None

    assert stack.dump.run("errors", "reopen", error["id"]).returncode == 0
    (again,) = stack.dump.json("errors", "--unresolved")["errors"]
    assert again["id"] == error["id"] and again["resolved_at"] is None
    assert stack.dump.run("errors", "resolve", "00000000-0000").returncode == 1
    assert stack.dump.json("check")["problems"] == []


@pytest.mark.parametrize("value", ["", "0", "-1", "1d", "2 h", "soon", "99999999999"])
def test_a_limit_that_is_none_is_refused(tmp_path, value):
    config = tmp_path / "calltraced.conf"
    config.write_text(f"abandon_after = {value}\n")
    done = subprocess.run([CALLTRACED, "--check-config", "--config", config], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and f"{config}:1" in done.stderr
