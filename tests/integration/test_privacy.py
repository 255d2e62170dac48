# SPDX-License-Identifier: MIT
"""Nothing personal or secret reaches the store, a log or an output, however it is spelled."""
import json
import re
import urllib.parse

import pytest

import retell
from harness import BOOKING_TOKEN, Stack, entries
from salon_call import phone_call, speak_at_once

# These stand under a personal key and nowhere else.
KEY_ONLY = {
    "customer_name": "Gwendolin Plänter-Öhmß",
    "customer_address": "Nürschlüsselgässchen 99, 04321 Öddorf",
    "geburtsdatum": "7. Brachet 1961",
    "nachname": "Zwölfbüttel",
    "kundenTelefon": "Durchwahl Ärmelkanal",
}
SECRETS = {
    "bearer": "planted-bearer-77aa01",
    "cookie": "planted-cookie-77aa02",
    "header api key": "planted-apikey-77aa03",
    "query token": "planted-query-77aa04",
    "password": "planted-password-77aa05",
}
SPOKEN = ("0176 04069 012", "+49 (0)176 / 040 690 12", "0221-4710123")
EMAILS = (retell.EMAIL, "jonathan.oneil@example.org")


def spellings(value):
    """A value as UTF-8, as JSON escapes it, as URLs do."""
    forms = {value, json.dumps(value)[1:-1], json.dumps(value)[1:-1].replace("/", "\\/"), urllib.parse.quote(value),
             urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value), urllib.parse.quote(value).lower()}
    forms |= {form.replace("\\u", "\\\\u") for form in forms}
    return sorted({form.encode() for form in forms})


class Planted:
    def __init__(self, stack):
        self.stack = stack
        self.values = dict(SECRETS, booking=BOOKING_TOKEN, api_key=retell.API_KEY, access_token=retell.ACCESS_TOKEN)
        self.values.update({f"key-only {k}": v for k, v in KEY_ONLY.items()})
        self.values.update({f"phone {p}": p for p in (
            retell.PHONE, retell.PHONE[1:], retell.SALON_PHONE, "0176 04069012", "017604069012", *SPOKEN)})
        self.values.update({f"mail {m}": m for m in EMAILS})
        original = retell.signature

        def remember(body, sent, key=retell.API_KEY):
            signed = original(body, sent, key)
            self.values[f"digest {len(self.values)}"] = signed.partition("d=")[2]
            return signed

        retell.signature = remember
        try:
            self.send()
        finally:
            retell.signature = original

    def send(self):
        stack = self.stack
        self.calls = [phone_call(stack, speak_at_once, retell.Call(access_token=retell.ACCESS_TOKEN))[0]]
        call = retell.Call(access_token=retell.ACCESS_TOKEN)
        self.calls.append(call)
        headers = {
            "Authorization": "Bearer " + SECRETS["bearer"], "Cookie": "sitzung=" + SECRETS["cookie"],
            "X-Api-Key": SECRETS["header api key"],
        }
        for mode in ("ok", "unavailable", "garbled", "close"):
            args = {**KEY_ONLY, "password": SECRETS["password"], "customer_email": EMAILS[1], "dienstleistung": "Färben",
                    "customer_phone": SPOKEN[0], "start": "2027-03-04T16:15:00+01:00", "nested": {"kunde": [KEY_ONLY]}}
            stack.booking.plan(mode)
            call.say("user", f"Rufen Sie mich an: {SPOKEN[0]} oder {SPOKEN[1]}, im Salon {SPOKEN[2]}. Mail an {EMAILS[1]}.", 0.0)
            invocation = call.invoke("book_appointment", args)
            answer = stack.retell("/api/retell/function?token=" + SECRETS["query token"],
                                  call.function_body("book_appointment", args), headers)
            assert answer.status == 200
            call.result(invocation, answer.body)
        # validation messages, an uncaught error and a 404 that echo what was sent
        stack.function(call, "book_appointment", {**KEY_ONLY, "customer_email": "keine " + EMAILS[1], "start": "nie"})
        stack.function(call, "reschedule_appointment", {**KEY_ONLY, "booking_uid": EMAILS[1]})
        stack.retell(f"/api/nix/{urllib.parse.quote(EMAILS[1])}?token={SECRETS['query token']}", call.function_body("x", KEY_ONLY))
        args_only = retell.encode({**KEY_ONLY, "call_id": call.call_id, "customer_phone": SPOKEN[0]})
        stack.retell("/api/retell/functions/check_availability", args_only, {"X-Retell-Call-Id": call.call_id})
        stack.event(call, "call_ended", **call.ended_fields())
        # not JSON at all, and JSON that ends too soon
        broken = call.function_body("check_availability", {**KEY_ONLY, "customer_phone": retell.PHONE})
        stack.retell("/api/retell/function", broken[:-5])
        stack.retell("/api/retell/function", b"tel=" + retell.PHONE.encode() + b"&mail=" + EMAILS[0].encode())
        stack.http("GET", "/?email=" + urllib.parse.quote(EMAILS[0]) + "&telefon=" + urllib.parse.quote(retell.PHONE), headers=headers)
        for one, functions in zip(self.calls, (4, 7)):
            stack.wait_for_call(one.call_id, lambda d, n=functions: len(entries(d, "function_call")) >= n and d["call"]["ended_at"]
                                and d["completeness"]["pending"] == 0)

    def found_in(self, data):
        return sorted(name for name, value in self.values.items() if any(form in data for form in spellings(value)))


@pytest.fixture(scope="module")
def planted():
    with Stack() as stack:
        yield Planted(stack)


def test_not_in_the_database_file(planted):
    assert planted.found_in((planted.stack.dump.db / "data.mdb").read_bytes()) == []
    stored = planted.stack.dump.raw()
    assert all(call.call_id.encode() in stored for call in planted.calls)
    assert planted.found_in(stored) == []


def test_not_in_the_logs(planted):
    assert planted.found_in(planted.stack.collector.log.read_bytes()) == []
    assert planted.found_in(planted.stack.fpm.log.read_bytes()) == []


def commands(planted):
    for call in planted.calls:
        yield from (("show", call.call_id), ("timeline", call.call_id), ("functions", call.call_id),
                    ("transcript", call.call_id), ("errors", call.call_id))
        for function in planted.stack.dump.json("functions", call.call_id)["functions"]:
            yield "tree", f"{call.call_id}/{function['execution_sequence']}"
    yield from (("calls",), ("functions",), ("errors",), ("check",))


@pytest.mark.parametrize("form", ["text", "json", "ndjson", "csv"])
def test_not_in_any_output(planted, form):
    outputs = 0
    for command in commands(planted):
        done = planted.stack.dump.run("--format", form, *command)
        assert planted.found_in(done.stdout + done.stderr) == [], (form, command)
        outputs += bool(done.stdout)
    assert outputs > 5


def test_what_is_not_personal_survives(planted):
    text = "".join(planted.stack.dump.text("--format", "json", *command) for command in commands(planted))
    for value in ("2027-03-04", "16:15", "book_appointment_v17", "Terminassistenz Salon Schönwald", "bk_test_0001",
                  planted.calls[0].call_id, "agent_0a1b2c3d4e5f60718293a4b5c6", "K-10442", "salon-schoenwald"):
        assert value in text or json.dumps(value)[1:-1] in text, value
    assert re.search(r"PHONE_REDACTED", text)
