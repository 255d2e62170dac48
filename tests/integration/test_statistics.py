# SPDX-License-Identifier: MIT
"""Counts and comparisons of real calls, against what the client saw of them."""
import math

import pytest

import retell
from harness import Stack
from salon_call import BOOKING

CHECK = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben & Föhnen"}


class Observed:
    """Two calls: in one the booking succeeds, in the other the booking service is not there."""

    def __init__(self, stack):
        self.dump, self.answers = stack.dump, []
        self.good = self.phone(stack, "salon-schoenwald", "ok", "Sechzehn Uhr fünfzehn, bitte.")
        self.bad = self.phone(stack, "salon-nord", "unavailable", "Um siebzehn Uhr, bitte.")

    def phone(self, stack, company, plan, said):
        call = retell.Call(metadata={"company_id": company, "customer_id": "K-1"})
        stack.event(call, "call_started")
        call.say("agent", "Guten Tag.")
        self.ask(stack, call, company, "check_availability", {**CHECK, "call_id": call.call_id})
        call.say("user", said)
        stack.booking.plan(plan)
        self.ask(stack, call, company, "book_appointment_v17", BOOKING)
        ended = call.ended_fields()
        stack.event(call, "call_ended", **ended)
        stack.wait_for_functions(call.call_id, 2)
        stack.wait_for_call(call.call_id, lambda d: d["call"]["call_status"] == "completed"
                            and d["completeness"]["pending"] == 0)
        return call

    def ask(self, stack, call, company, name, args):
        answer = stack.function(call, name, args)
        self.answers.append({"call": call.call_id, "company": company, "function": name, "took_ms": answer.took_ms,
                             "ok": answer.json()["success"] is not False})

    def stats(self, *args):
        return self.dump.json("stats", *args)["stats"]

    def records(self):
        return self.dump.json("functions")["functions"]


@pytest.fixture(scope="module")
def seen():
    with Stack() as stack:
        yield Observed(stack)


def check_figures(figures, answers, records):
    """What was counted is what the client saw; times are those of the records."""
    durations = sorted(r["duration_ms"] for r in records)
    assert figures["call_count"] == len(answers) == len(records)
    assert figures["success_count"] == sum(a["ok"] for a in answers)
    assert figures["error_count"] == sum(not a["ok"] for a in answers)
    assert figures["timeout_count"] == figures["pending_count"] == 0
    assert figures["error_rate"] == pytest.approx(figures["error_count"] / len(answers))
    assert figures["total_duration_ms"] == pytest.approx(sum(durations))
    assert figures["total_duration_ms"] <= sum(a["took_ms"] for a in answers)
    assert (figures["min_duration_ms"], figures["max_duration_ms"]) == (durations[0], durations[-1])
    for percent in (50, 95, 99):
        assert figures[f"p{percent}_duration_ms"] == durations[math.ceil(percent / 100 * len(durations)) - 1]
    assert figures["percentiles"] == "exact"
    assert figures["db_query_count"] == sum(r["db_query_count"] for r in records)
    assert figures["external_api_calls"] == sum(r["external_api_calls"] for r in records)
    assert figures["first_seen_at"] == min(r["started_at"] for r in records)
    assert figures["last_seen_at"] == max(r["started_at"] for r in records)


def test_the_client_saw_one_booking_fail(seen):
    assert [(a["function"], a["ok"]) for a in seen.answers] == [
        ("check_availability", True), ("book_appointment_v17", True),
        ("check_availability", True), ("book_appointment_v17", False)]


def test_stats_by_function(seen):
    stats, records = seen.stats(), seen.records()
    check_figures(stats["total"], seen.answers, records)
    assert {g["function_name"] for g in stats["groups"]} == {"check_availability", "book_appointment_v17"}
    for group in stats["groups"]:
        name = group["function_name"]
        check_figures(group, [a for a in seen.answers if a["function"] == name],
                      [r for r in records if r["function_name"] == name])


def test_stats_by_base_name(seen):
    groups = seen.stats("--by", "base", "--function", "book_appointment")["groups"]
    assert [g["base_name"] for g in groups] == ["book_appointment"]
    check_figures(groups[0], [a for a in seen.answers if a["function"] == "book_appointment_v17"],
                  [r for r in seen.records() if r["function_name"] == "book_appointment_v17"])


def test_stats_by_call_and_company(seen):
    records = seen.records()
    by_call = {g["call_id"]: g for g in seen.stats("--by", "call")["groups"]}
    by_company = {g["company_id"]: g for g in seen.stats("--by", "company")["groups"]}
    assert set(by_call) == {seen.good.call_id, seen.bad.call_id}
    assert set(by_company) == {"salon-schoenwald", "salon-nord"}
    for call, group in by_call.items():
        own = [r for r in records if r["call_session_id"] == group["call_session_id"]]
        check_figures(group, [a for a in seen.answers if a["call"] == call], own)
        check_figures(by_company[group["company_id"]], [a for a in seen.answers if a["call"] == call], own)
        check_figures(seen.stats(call)["total"], [a for a in seen.answers if a["call"] == call], own)


def test_two_calls_diverge_at_the_booking(seen):
    compare = seen.dump.json("compare", seen.good.call_id, seen.bad.call_id)["compare"]
    assert compare["kind"] == "call"
    assert [s["a"]["function_name"] for s in compare["steps"]] == ["check_availability", "book_appointment_v17"]
    # Each call's own id is no difference.
    assert compare["steps"][0]["arguments"] == []
    first = compare["first_divergence"]
    assert (first["step"], first["kind"]) == (2, "status")
    assert (first["a"]["status"], first["b"]["status"]) == ("success", "error")
    assert first["context"]["a"]["said"]["text"] == "Sechzehn Uhr fünfzehn, bitte."
    assert first["context"]["b"]["said"]["text"] == "Um siebzehn Uhr, bitte."


def test_the_php_calls_diverge_where_the_booking_service_failed(seen):
    php = seen.dump.json("compare", seen.good.call_id, seen.bad.call_id)["compare"]["php"]
    assert php["step"] == 2 and php["a_call_count"] and php["b_call_count"]
    first = php["first_divergence"]
    # Whatever the application does around it: nothing diverges before the answer of 503.
    assert first["kind"] in ("outcome", "outbound"), first
    assert first["b"]["outbound_status"] == 503 or first["b"]["exception"], first


def test_a_call_does_not_diverge_from_itself(seen):
    compare = seen.dump.json("compare", seen.bad.call_id, seen.bad.call_id)["compare"]
    assert compare["first_divergence"] is None and compare["php"] is None


def test_so_few_calls_tell_nothing(seen):
    compare = seen.dump.json("compare", "check_availability", "book_appointment")["compare"]
    assert compare["kind"] == "function"
    assert (compare["a"]["call_count"], compare["b"]["call_count"], compare["b"]["error_count"]) == (2, 2, 1)
    for found in (compare["error_rate"], compare["duration"]):
        assert found["verdict"] == "too few calls to tell" and found["p_value"] is None
    times = seen.dump.json("compare", "1h..", "2h..1h")["compare"]
    assert times["kind"] == "range" and times["a"]["call_count"] == 4 and times["b"]["call_count"] == 0
