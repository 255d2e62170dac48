# SPDX-License-Identifier: MIT
"""trace-dump redact --test: the same as what reaches the store, and why."""
import json
import os
import subprocess

import retell
from harness import TRACE_DUMP, Stack
from salon_call import BOOKING


def redact(data, *args, status=0, **more):
    done = subprocess.run([TRACE_DUMP, "redact", "--test", *args], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, **more)
    assert done.returncode == status, done.stderr
    return done.stdout, [tuple(line.split(None, 2)) for line in done.stderr.decode().splitlines()]


def test_the_designs_example():
    out, removals = redact(b'{"customer_phone": "+4915012345678", "email": "hans@example.com"}')
    assert json.loads(out) == {"customer_phone": "[PHONE_REDACTED]", "email": "[EMAIL_REDACTED]"}
    assert removals == [("PHONE", "key", "customer_phone"), ("EMAIL", "key", "email")]


def test_it_is_what_the_store_gets():
    with Stack() as stack:
        call = retell.Call()
        call.say("user", f"Guten Tag, {retell.NAME} hier.", 0.0)
        body = call.function_body("book_appointment_v17", BOOKING)
        stack.retell("/api/retell/function", body)
        stored = stack.wait_for_functions(call.call_id, 1)[0]
        out, removals = redact(body)
        assert json.loads(out)["args"] == stored["input_params"]
        assert json.loads(out)["name"] == stored["function_name"] == "book_appointment_v17"
    assert ("PHONE", "key", "args.customer_phone") in removals and ("NAME", "key", "args.customer_name") in removals
    assert any(rule == "revealed" and "transcript" in place for _, rule, place in removals)
    for value in (retell.NAME, retell.PHONE, retell.EMAIL, "Brückentorstraße"):
        assert value.encode() not in out and not any(value in " ".join(r) for r in removals)


def test_text():
    out, removals = redact("Erste Zeile\nruf 0176 04069012 an, 2027-03-04 um 16:15\nmail an hans@example.com".encode())
    assert out.decode() == ("Erste Zeile\nruf [PHONE_REDACTED] an, 2027-03-04 um 16:15\nmail an [EMAIL_REDACTED]")
    assert sorted(removals) == [("EMAIL", "email", "line 3"), ("PHONE", "phone_national", "line 2")]


def test_documents_of_one_call_know_of_each_other():
    out, removals = redact(b'{"text":"Hans Maier"}\n\n{"args":{"customer_name":"Hans Maier"}}\n')
    assert [json.loads(line) for line in out.splitlines()] == [
        {"text": "[NAME_REDACTED]"}, {"args": {"customer_name": "[NAME_REDACTED]"}}]
    assert removals == [("NAME", "revealed", "document 1: text"), ("NAME", "key", "document 2: args.customer_name")]


def test_json_stays_json():
    document = {"a": [1, 2.5, None, True, {"b": "x\u0000y \x1b[31m"}], "n": 12345678901234567890123, "ü": "ß"}
    out, removals = redact(json.dumps(document).encode())
    found = json.loads(out)
    assert found["a"][:4] == [1, 2.5, None, True] and found["ü"] == "ß" and removals == []
    assert out.count(b"\n") == 1
    assert redact(json.dumps(document, indent=1).encode())[0].count(b"\n") > 5


def test_keys_are_no_way_out():
    """What stands in a key is redacted there and where it is told of; control characters stay harmless."""
    out, removals = redact(json.dumps({"hans@example.com": {"telefon": "1"}, "\x1b]0;\x07": "a@example.com"}).encode())
    assert b"hans" not in out
    assert not any("hans" in " ".join(r) or "\x1b" in " ".join(r) for r in removals)
    assert ("EMAIL", "email", "(key)") in removals


def test_whatever_comes():
    for data, status in (
            (b"", 0), (b"\n", 0), (b"{", 0), (b"42", 0), (b"[]", 0), (b"[" * 100000, 0), (b"\xff\xfe", 3), (b"a\x00b", 3),
            (b" " * (17 << 20), 3), (b'{"a":' * 3000 + b"1" + b"}" * 3000, 0), (b'{"telefon": "\xff\xff\\u0000"}', 0)):
        redact(data, status=status)


def test_usage_and_output():
    for args in ([], ["--test", "file"], ["--test", "--since", "1h"]):
        assert subprocess.run([TRACE_DUMP, "redact", *args], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 2
    # No store is needed; what cannot be written is an error.
    with open("/dev/full", "wb") as full:
        done = subprocess.run([TRACE_DUMP, "--db", "/nonexistent", "redact", "--test"], input=b"a", stdout=full,
                              stderr=subprocess.PIPE)
    assert done.returncode == 3 and os.strerror(28).encode() in done.stderr
