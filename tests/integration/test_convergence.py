# SPDX-License-Identifier: MIT
"""One call's messages, asked of the real php-fpm in orders of their own, some of them twice: the record is the same."""
import random
import time

import pytest

import retell
from harness import entries

CHECK = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben & Föhnen"}
CANCEL = {"booking_uid": "weiß ich nicht", "grund": "doppelt gebucht"}

DAY = 86_400


class Told(retell.Call):
    """A call whose times are written down, not lived through; and all that is sent of it."""

    def __init__(self, started):
        super().__init__(start_timestamp=int(started * 1000))
        self.start_timestamp = self.fields["start_timestamp"]
        self.at = 0.0
        self.sent = []

    def now_sec(self):
        return self.at

    def spoken(self, role, text, seconds):
        self.at += seconds
        self.say(role, text, seconds)

    def aside(self, role, **fields):
        self.entries.append({"role": role, "time_sec": self.at, **fields})

    def event(self, name, path="/api/retell/webhook", **more):
        self.sent.append((path, self.event_body(name, **more)))

    def function(self, name, args, successful):
        invocation = self.invoke(name, args)
        self.sent.append(("/api/retell/function", self.function_body(name, args)))
        self.at += 1.5
        self.result(invocation, b'{"told": true}')
        self.entries[-1]["successful"] = successful


def told(started):
    call = Told(started)
    call.event("call_started")
    call.spoken("agent", "Salon Schönwald, guten Tag. Wie kann ich Ihnen helfen?", 12)
    call.spoken("user", "Ich hätte gerne einen Termin zum Färben.", 4)
    call.event("transcript_updated")
    call.move(("n1", "Begrüßung"), ("n2", "Verfügbarkeit"))
    call.function("check_availability", CHECK, True)
    call.spoken("agent", "Da ist leider nichts frei.", 5)
    call.aside("injected", content="Stammkundin")
    call.spoken("user", "Dann sagen Sie bitte den anderen ab.", 4)
    call.function("cancel_appointment", CANCEL, False)
    invocation = call.invoke("send_sms", {"text": "Absage"})  # another backend's
    call.at += 0.75
    call.result(invocation, '{"sent": 1}')
    call.aside("dtmf", digit="1")
    call.sent.append(("/api/retell/webhook", retell.encode(
        {"event": "transfer_started", "call": call.call_object(), "transfer_destination": {"extension": "7"}})))
    call.spoken("transfer_target", "Ja bitte?", 2)
    call.spoken("user", "Vielen Dank!", 20)
    ended = dict(call_status="ended", disconnection_reason="user_hangup", duration_ms=int(call.at * 1000),
                 end_timestamp=call.start_timestamp + int(call.at * 1000))
    call.event("call_ended", **ended)
    call.event("call_analyzed", **ended, call_analysis=call.analysis())
    return call


def pick(record, names):
    return {name: record[name] for name in names.split()}


def projection(stack, document):
    """What does not depend on when requests came."""
    call_id = document["call"]["call_id"]
    functions = stack.dump.json("functions", call_id)["functions"]
    numbers = {f["id"]: f["execution_sequence"] for f in functions}
    return {
        "call": pick(document["call"], "call_status company_id customer_id duration_ms disconnection_reason total_events "
                                       "function_call_count transcript_segment_count error_count"),
        "events": [
            {**pick(e, "type transcript_role transcript_text from_node to_node transition_trigger function_name "
                       "function_arguments function_response function_status error_code"),
             "event": e["metadata"].get("event"), "deliveries": e["metadata"].get("deliveries"),
             "offset_ms": None if e["metadata"].get("event") == "call_analyzed" or e["type"] == "error" else e["offset_ms"]}
            for e in document["timeline"] if e["metadata"].get("event") != "transfer_started"],
        "functions": [
            {**pick(f, "function_name execution_sequence call_offset_ms input_params output_result status"),
             **pick(f["metadata"], "base_name tool_call_id attempt attempts provider_duration_ms result_successful")}
            for f in functions],
        "segments": [
            {**pick(s, "segment_sequence role text word_count call_offset_ms duration_ms"),
             "led_to": numbers.get(s["related_function_trace_id"])}
            for s in stack.dump.json("transcript", call_id)["segments"]],
        "errors": [pick(e, "error_code error_type severity error_message call_terminated booking_failed affected_function")
                   for e in stack.dump.json("errors", call_id)["errors"]],
    }


def deliver(stack, call, order):
    """Events twice, functions once."""
    messages = [m for m in call.sent for _ in range(1 + m[0].endswith("webhook"))]
    order.shuffle(messages)
    for path, body in messages:
        stack.retell(path, body)
    return stack.wait_for_call(call.call_id, lambda d: (
        d["completeness"]["pending"] == 0 and d["call"]["function_call_count"] == 2
        and sum(e["metadata"]["deliveries"] for e in entries(d, "lifecycle")) == 8
        and d["call"]["metadata"].get("call_analysis")))


@pytest.mark.parametrize("ago", [0, 60, 200 * DAY], ids=["at-its-start", "at-its-end", "months-later"])
def test_any_order_gives_the_same_record(shared, ago):
    order = random.Random(ago)
    first = None
    for _ in range(4):
        call = told(time.time() - ago)
        document = deliver(shared, call, order)
        record = projection(shared, document)
        for function in record["functions"]:
            function["tool_call_id"] = function["tool_call_id"].removesuffix(call.call_id[-4:])
        first = first or record
        for part in first:
            assert record[part] == first[part], part


@pytest.fixture(scope="module")
def seen(shared):
    call = told(time.time() - 60)
    return shared, call, deliver(shared, call, random.Random(1))


def test_the_timeline_is_in_the_order_of_cause_and_effect(seen):
    _, _, document = seen
    assert [e["metadata"].get("event") or e["function_name"] or e["transcript_role"] or e["to_node"]
            for e in document["timeline"]
            if e["type"] != "error" and e["metadata"].get("event") != "transfer_started"] == [
        "call_started", "agent", "user", "Verfügbarkeit", "check_availability", "agent", "injected", "user",
        "cancel_appointment", "send_sms", "dtmf", "transfer_target", "user", "call_ended", "call_analyzed"]
    times = [e["occurred_at"] for e in document["timeline"]]
    assert times == sorted(times)
    assert [e["event_sequence"] for e in document["timeline"]] == list(range(1, len(times) + 1))


def test_a_tool_call_that_nobody_asked_us_for_is_there(seen):
    _, _, document = seen
    (unseen,) = [e for e in entries(document, "function_call") if e["metadata"].get("not_seen")]
    assert unseen["function_name"] == "send_sms" and unseen["function_arguments"] == {"text": "Absage"}
    assert unseen["function_response"] == {"sent": 1} and unseen["metadata"]["provider_duration_ms"] == 750.0


def test_a_transfer_keeps_what_it_says(seen):
    _, _, document = seen
    (transfer,) = [e for e in entries(document, "lifecycle") if e["metadata"]["event"] == "transfer_started"]
    assert transfer["metadata"]["details"] == {"call_status": "ongoing", "transfer_destination": {"extension": "7"}}


def test_how_the_provider_saw_a_function_is_beside_how_we_did(seen):
    stack, call, _ = seen
    for function in stack.dump.json("functions", call.call_id)["functions"]:
        metadata = function["metadata"]
        assert metadata["provider_duration_ms"] == 1500.0
        assert metadata["overhead_ms"] == pytest.approx(1500.0 - function["duration_ms"], abs=0.002)
    text = stack.dump.text("timeline", call.call_id)
    assert "the provider waited 1.50 s" in text and "no request came" in text and "Absage" in text
