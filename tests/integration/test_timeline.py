# SPDX-License-Identifier: MIT
"""The demo's call: what was said and what ran is on one timeline, with the times the client measured."""
import json
import re
import threading

import pytest

import retell
from harness import Stack, entries
from salon_call import BOOKING, phone_call, speak_at_once

TOKEN = re.compile(r"^\[[A-Z]+_REDACTED\]$")
# Offsets are against start_timestamp by this host's clock; a signature's time is cut to milliseconds.
SLACK_MS = 10.0


class Observed:
    """The call as sent, and everything trace-dump says of it."""

    def __init__(self, stack):
        self.stack = stack
        self.call, self.answers = phone_call(stack, speak_at_once)
        self.document = stack.wait_for_call(
            self.call.call_id,
            lambda d: len(entries(d, "function_call")) >= 4 and d["call"]["metadata"].get("call_analysis")
            and d["completeness"]["pending"] == 0)
        self.functions = stack.dump.json("functions", self.call.call_id)["functions"]

    def offset_ms(self, moment):
        return (moment - self.call.started_mono) * 1000


@pytest.fixture(scope="module")
def seen():
    with Stack() as stack:
        yield Observed(stack)


def test_the_functions_are_there_in_the_order_they_were_called(seen):
    assert [f["function_name"] for f in seen.functions] == [
        "check_availability", "book_appointment_v17", "book_appointment_v17", "cancel_appointment"]
    assert [f["execution_sequence"] for f in seen.functions] == [1, 2, 3, 4]
    assert [e["function_name"] for e in entries(seen.document, "function_call")] == [name for name, _, _ in seen.answers]


def test_the_status_is_what_the_caller_got(seen):
    assert [f["status"] for f in seen.functions] == ["success", "error", "success", "error"]
    assert [e["function_status"] for e in entries(seen.document, "function_call")] == ["success", "error", "success", "error"]


def test_the_call_itself_is_described(seen):
    call = seen.document["call"]
    assert call["call_id"] == seen.call.call_id and call["provider"] == "retell" and call["kind"] == "call"
    assert call["company_id"] == "salon-schoenwald" and call["customer_id"] == "K-10442"
    assert call["agent_version"] == 17 and call["agent_id"] == "agent_0a1b2c3d4e5f60718293a4b5c6"
    assert call["call_status"] == "completed" and call["disconnection_reason"] == "user_hangup"
    assert call["function_call_count"] == 4
    assert call["transcript_segment_count"] == sum(e["role"] in ("agent", "user") for e in seen.call.entries)
    assert call["error_count"] >= 2
    assert call["current_flow_node"] in ("Verabschiedung", "node_goodbye")
    assert call["total_events"] == len(seen.document["timeline"])


def test_offsets_lie_within_the_clients_own_measurement(seen):
    for event, (_, _, answer) in zip(entries(seen.document, "function_call"), seen.answers):
        assert seen.offset_ms(answer.asked) - SLACK_MS <= event["offset_ms"] <= seen.offset_ms(answer.complete) + SLACK_MS


def test_durations_lie_within_the_clients_own_measurement(seen):
    for function, (name, _, answer) in zip(seen.functions, seen.answers):
        assert 0 < function["duration_ms"] <= answer.took_ms, name
    for event, function in zip(entries(seen.document, "function_call"), seen.functions):
        assert event["response_time_ms"] == function["duration_ms"]
    durations = [f["duration_ms"] for f in seen.functions]
    assert seen.document["call"]["max_response_time_ms"] == max(durations)
    assert seen.document["call"]["min_response_time_ms"] == min(durations)


def test_the_timeline_is_in_order(seen):
    offsets = [e["offset_ms"] for e in seen.document["timeline"] if e["offset_ms"] is not None]
    assert offsets == sorted(offsets)


def test_arguments_are_those_sent_but_for_redaction(seen):
    for function, (name, args, _) in zip(seen.functions, seen.answers):
        assert function["input_params"].keys() == args.keys()
        for key, value in args.items():
            if key.startswith("customer_"):
                assert TOKEN.match(function["input_params"][key]), (name, key)
            else:
                assert function["input_params"][key] == value, (name, key)


def test_results_are_those_answered_but_for_redaction(seen):
    for function, (name, _, answer) in zip(seen.functions, seen.answers):
        expected, found = answer.json(), function["output_result"]
        if "booking" in expected:
            assert TOKEN.match(found["booking"].pop("customer_name"))
            expected["booking"].pop("customer_name")
        assert found == expected, name


def test_the_exact_tokens_are_those_promised(seen):
    booked = seen.functions[1]["input_params"]
    assert booked["customer_phone"] == "[PHONE_REDACTED]"
    assert booked["customer_email"] == "[EMAIL_REDACTED]"
    assert booked["customer_name"] == "[NAME_REDACTED]"
    assert booked["customer_address"] == "[ADDRESS_REDACTED]"


def test_the_failing_booking_shows_its_cause(seen):
    details = seen.functions[1]["error_details"]
    cause = details["cause"]
    assert cause["class"] == "Illuminate\\Http\\Client\\RequestException"
    assert cause["code"] == 503 and "503" in cause["message"]
    assert cause["caught"]["function"] == "App\\Services\\RetellFunctionCallHandler::handle"
    assert cause["caught"]["file"].endswith("app/Services/RetellFunctionCallHandler.php")
    assert any((f["function"] or "").endswith("createBooking") for f in cause["trace"])
    assert details["http_status"] == 200
    assert "konnte gerade nicht gebucht werden" in json.dumps(details["response_error"], ensure_ascii=False)
    (outbound,) = details["outbound"]
    assert outbound["method"] == "POST" and outbound["status"] == 503
    assert outbound["url"].startswith(seen.stack.booking.url + "/v1/bookings")
    assert outbound["duration_ms"] > 0


def test_the_cancellation_is_a_validation_error(seen):
    function = seen.functions[3]
    assert function["error_details"]["type"] == "validation_error"
    assert function["error_details"]["cause"]["class"] == "Illuminate\\Validation\\ValidationException"


def test_success_has_no_error_details(seen):
    assert seen.functions[0]["error_details"] is None
    assert seen.functions[2]["error_details"] is None


def test_the_attempts_of_one_booking_are_told_apart(seen):
    assert seen.functions[1]["metadata"]["base_name"] == "book_appointment"
    assert seen.functions[1]["metadata"]["http_status"] == 200
    invocations = [f["metadata"]["tool_call_id"] for f in seen.functions]
    assert invocations == [e["tool_call_id"] for e in seen.call.entries if e["role"] == "tool_call_invocation"]


def test_a_placeholder_call_id_is_flagged(seen):
    assert seen.functions[0]["metadata"]["argument_call_id"]["matches"] is True
    assert seen.functions[1]["metadata"]["argument_call_id"] == {"value": "1", "matches": False}


def test_outbound_and_database_work_is_counted(seen):
    check, failed, booked, _ = seen.functions
    assert check["db_query_count"] >= 2 and check["external_api_calls"] == 0
    assert failed["external_api_calls"] == 1 and failed["external_api_time_ms"] > 0
    assert booked["external_api_calls"] == 1 and booked["db_query_count"] >= 1


def calls(seen, sequence):
    document = seen.stack.dump.json("tree", f"{seen.call.call_id}/{sequence}")
    assert document["function"]["id"] == seen.functions[sequence - 1]["id"]
    return document["calls"]


def name(call):
    return f"{call['class']}::{call['function']}" if call["class"] else call["function"]


def test_the_php_calls_inside_are_a_tree(seen):
    found = calls(seen, 1)
    by_id = {c["id"]: c for c in found}
    assert [c["id"] for c in found] == sorted(by_id)

    def path(call):
        out = []
        while call:
            out.append(name(call))
            call = by_id.get(call["parent"])
        return out

    (taken,) = [c for c in found if c["function"] == "isTaken"]
    chain = path(taken)
    wanted = ["App\\Repositories\\AppointmentRepository::isTaken", "App\\Services\\AvailabilityService::check",
              "App\\Services\\RetellFunctionCallHandler::checkAvailability", "App\\Services\\RetellFunctionCallHandler::handle",
              "App\\Http\\Controllers\\RetellFunctionController::handle"]
    assert [n for n in chain if n in wanted] == wanted
    for call in found:
        if call["parent"]:
            parent = by_id[call["parent"]]
            assert call["depth"] == parent["depth"] + 1
            assert parent["start_ns"] <= call["start_ns"]
            assert call["start_ns"] + call["duration_ns"] <= parent["start_ns"] + parent["duration_ns"]
        assert 0 <= call["self_ns"] <= call["duration_ns"]


def test_the_php_calls_have_their_arguments_and_results(seen):
    found = calls(seen, 1)
    (taken,) = [c for c in found if c["function"] == "isTaken"]
    assert taken["args"] == {"datum": "2027-03-04", "uhrzeit": "15:30"} and taken["result"] is True
    (check,) = [c for c in found if c["function"] == "check" and c["class"] == "App\\Services\\AvailabilityService"]
    assert check["result"]["available"] is False
    assert check["file"].endswith("app/Services/AvailabilityService.php") and check["line"] > 1


def test_the_call_that_threw_says_so(seen):
    (create,) = [c for c in calls(seen, 2) if c["function"] == "createBooking"]
    assert create["exception"]["class"] == "Illuminate\\Http\\Client\\RequestException"
    assert create["args"]["booking"]["service"] == "Färben & Föhnen"
    assert TOKEN.match(create["args"]["booking"]["attendee"]["email"])


def test_what_was_said_is_in_the_transcript(seen):
    spoken = [e for e in seen.call.entries if e["role"] in ("agent", "user")]
    segments = seen.stack.dump.json("transcript", seen.call.call_id)["segments"]
    assert [s["role"] for s in segments] == [e["role"] for e in spoken]
    assert [s["segment_sequence"] for s in segments] == list(range(1, len(spoken) + 1))
    assert segments[0]["text"] == "Guten Tag, hier ist der Salon Schönwald in Köln. Wie kann ich Ihnen helfen?"
    assert "[PHONE_REDACTED]" in segments[3]["text"] and "[EMAIL_REDACTED]" in segments[3]["text"]
    for segment, entry in zip(segments, spoken):
        assert abs(segment["call_offset_ms"] - entry["words"][0]["start"] * 1000) <= 1
    events = entries(seen.document, "transcript")
    assert [e["transcript_text"] for e in events] == [s["text"] for s in segments]


def test_node_transitions_are_on_the_timeline(seen):
    moves = entries(seen.document, "flow_transition")
    sent = [e for e in seen.call.entries if e["role"] == "node_transition"]
    assert len(moves) == len(sent)
    for move, entry in zip(moves, sent):
        assert move["from_node"] in (entry["former_node_id"], entry["former_node_name"])
        assert move["to_node"] in (entry["new_node_id"], entry["new_node_name"])


def test_lifecycle_events_are_on_the_timeline(seen):
    assert [e["metadata"]["event"] for e in entries(seen.document, "lifecycle")] == [
        "call_started", "call_ended", "call_analyzed"]


def test_errors_are_in_the_error_log(seen):
    errors = seen.stack.dump.json("errors", seen.call.call_id)["errors"]
    booking = [e for e in errors if e["affected_function"] == "book_appointment_v17"]
    assert booking and booking[0]["booking_failed"] is True
    assert booking[0]["function_trace_id"] == seen.functions[1]["id"]
    assert any(e["error_type"] == "validation_error" for e in errors)


def test_nothing_is_missing(seen):
    assert seen.document["completeness"]["complete"] is True
    assert seen.document["completeness"]["holes"] == []
    assert seen.document["completeness"]["cut_off"] == 0


def test_repeated_and_late_events_change_nothing(seen):
    before = seen.stack.dump.json("timeline", seen.call.call_id)
    body = seen.call.event_body("call_started")
    marker = retell.Call()
    seen.stack.retell("/api/retell/webhook", body)
    seen.stack.event(marker, "call_started")
    seen.stack.wait_for_call(marker.call_id)
    after = seen.stack.wait_for_call(seen.call.call_id)
    assert [e["type"] for e in after["timeline"]] == [e["type"] for e in before["timeline"]]
    assert after["call"]["call_status"] == "completed"


@pytest.mark.parametrize("columns", [80, 160])
def test_the_text_timeline_fits_its_columns(seen, columns):
    done = seen.stack.dump.run("timeline", seen.call.call_id, env={"COLUMNS": str(columns), "LANG": "C.UTF-8"})
    text = done.stdout.decode()
    assert done.returncode == 0 and "\033" not in text
    assert max(map(len, text.splitlines())) <= columns
    for word in ("check_availability", "book_appointment_v17", "cancel_appointment", "503"):
        assert word in text


def test_latest_is_the_newest_call(seen):
    newer = retell.Call()
    seen.stack.event(newer, "call_started")
    seen.stack.wait_for_call(newer.call_id)
    assert seen.stack.dump.json("show", "@latest")["call"]["call_id"] == newer.call_id


# Other ways to be called


def test_the_functions_name_may_be_in_the_path_with_bare_arguments(shared):
    call = retell.Call()
    args = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben", "call_id": call.call_id}
    shared.retell("/api/retell/functions/check_availability_v17", retell.encode(args), {"X-Retell-Call-Id": call.call_id})
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["function_name"] == "check_availability_v17"
    assert function["input_params"] == args and function["status"] == "success"


def test_an_uncaught_error_is_a_failed_function(shared):
    call = retell.Call()
    answer = shared.function(call, "reschedule_appointment", {"booking_uid": "bk_nix", "start": "2027-03-05T10:00"})
    assert answer.status == 500
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["status"] == "error" and function["metadata"]["http_status"] == 500
    cause = function["error_details"]["cause"]
    assert cause["class"] == "Error" and "replicate() on null" in cause["message"]


def test_a_slow_answer_takes_as_long_as_it_took(shared):

    call = retell.Call()
    shared.booking.plan("hold")
    release = threading.Timer(0.4, shared.booking.release)
    release.start()
    answer = shared.function(call, "book_appointment", BOOKING)
    (function,) = shared.wait_for_functions(call.call_id, 1)
    shared.booking.reset()
    assert 400 <= function["duration_ms"] + 50 and function["duration_ms"] <= answer.took_ms
    assert function["external_api_time_ms"] <= function["duration_ms"]


@pytest.mark.parametrize("mode, cause", [
    ("garbled", "App\\Exceptions\\BookingRejected"),
    ("close", "Illuminate\\Http\\Client\\ConnectionException"),
])
def test_other_failures_of_the_booking_service_have_their_cause(shared, mode, cause):
    call = retell.Call()
    shared.booking.plan(mode)
    shared.function(call, "book_appointment", BOOKING)
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["status"] == "error"
    assert function["error_details"]["cause"]["class"] == cause


def test_a_page_of_no_call_is_a_request_of_its_own(shared):
    shared.http("GET", "/preise?seite=7")
    found = shared.dump.json("calls", "--limit", "50")
    assert found is None or not any((c["metadata"] or {}).get("call_analysis") for c in found["calls"] if c["kind"] == "request")


def test_a_megabyte_of_call_is_right(shared):
    call = retell.Call()
    sentence = "Ich hätte gerne einen Termin zum Färben und Föhnen, am liebsten am Nachmittag. " * 5
    while sum(len(e["content"]) for e in call.entries) < 60_000:
        call.say("user", sentence, 0.0)
    body = call.event_body("call_ended", **call.ended_fields())
    assert len(body) > 1_000_000
    shared.retell("/api/retell/webhook", body)
    document = shared.wait_for_call(call.call_id, lambda d: d["call"]["transcript_segment_count"] == len(call.entries)
                                    and d["completeness"]["pending"] == 0)
    assert document["completeness"] == {"complete": True, "holes": [], "cut_off": 0, "pending": 0}
