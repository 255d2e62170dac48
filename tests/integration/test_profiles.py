# SPDX-License-Identifier: MIT
"""Other providers than Retell, by profiles that are built in or come from files; company, customer and correlation ids."""
import itertools
import json
import re
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from harness import CALLTRACED, REPO, Stack, entries, wait_until

SCRIPTS = Path(__file__).parent / "php"
START_MS = 1795393617123
NAME = "Käthe Öttinger-Weiß"


def documented_profile():
    """The example that docs/profiles.md shows."""
    (example,) = re.findall(r"```json\n(.*?)```", (REPO / "docs" / "profiles.md").read_text(), re.DOTALL)
    return example


class Salon:
    """php-fpm with tests' scripts, and calltraced with settings."""

    def __init__(self, settings=""):
        self.stack = Stack(nginx=False)
        shutil.copytree(SCRIPTS, self.stack.base / "php")
        profile = self.stack.base / "elevenlabs.json"
        profile.write_text(documented_profile())
        config = self.stack.collector.config
        config.write_text(config.read_text() + f"profile = {profile}\n" + settings)
        self.dump = self.stack.dump

    def __enter__(self):
        self.stack.__enter__()
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def post(self, script, body, path=None, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        params = self.stack.fcgi_params("POST", path or f"/{script}", data, CONTENT_TYPE=kind,
                                        SCRIPT_FILENAME=f"{self.stack.base}/php/{script}",
                                        **{"HTTP_" + k.upper(): v for k, v in headers.items()})
        with self.stack.fpm.connect() as connection:
            return connection.ask(params, data)

    def call(self, call_id, ready=lambda document: True):
        return self.stack.wait_for_call(call_id, ready)


@pytest.fixture(scope="module")
def salon():
    with Salon("company_id = header:x-tenant\ncompany_id = call:/metadata/tenant\n"
               "customer_id = args:/kundennummer\ncustomer_id = query:kunde\n") as salon:
        yield salon


def iso(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"


class Vapi:
    """A Vapi call's messages, as docs.vapi.ai/server-url/events has them."""

    def __init__(self):
        self.id = str(uuid.uuid4())
        self.now_ms = START_MS
        self.messages = [{"role": "system", "message": "You are a salon's assistant.", "time": START_MS, "secondsFromStart": 0}]

    def at(self, seconds):
        return {"time": START_MS + int(seconds * 1000), "secondsFromStart": seconds}

    def say(self, role, text, start, end):
        self.messages.append({"role": role, "message": text, "endTime": START_MS + int(end * 1000), **self.at(start)})

    def message(self, kind, sent, **more):
        return {"message": {
            "type": kind, "timestamp": START_MS + int(sent * 1000),
            "call": {"id": self.id, "orgId": "org", "type": "inboundPhoneCall", "assistantId": "assistant-17",
                     "metadata": {"company_id": 15, "customer_id": "c7"}, "customer": {"number": "+4917604069012"},
                     "monitor": {"controlUrl": "https://control.example.com/secret-url"}},
            "assistant": {"name": "Terminassistenz", "model": {"provider": "openai", "messages": [{"content": "Mia"}]}},
            "customer": {"number": "+4917604069012", "name": NAME},
            "artifact": {"messages": list(self.messages)}, **more,
        }}

    def tools(self, sent, *calls):
        return self.message("tool-calls", sent, toolCallList=list(calls))


def vapi_call():
    call = Vapi()
    call.say("bot", "Guten Tag, Salon Schönwald.", 0.5, 2.25)
    call.say("user", f"Hier ist {NAME}, ich möchte einen Termin.", 3, 6)
    booking = {"id": "toolu_1", "name": "book_appointment_v17",
               "parameters": {"date": "2027-03-04", "customer_name": NAME, "kundennummer": "K-10442"}}
    failing = {"id": "toolu_2", "type": "function", "function": {"name": "fails", "arguments": json.dumps({"slot": 3})}}
    silent = {"id": "toolu_3", "name": "silent", "arguments": {}}
    sent = [call.message("assistant-request", -1), call.message("status-update", 0.1, status="in-progress")]
    sent.append(call.message("transcript", 4, role="user", transcriptType="partial", transcript="Hier ist"))
    call.messages.append({"role": "tool_calls", "message": "", "toolCalls": [
        {"id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for id_, name, arguments in (("toolu_1", "book_appointment_v17", booking["parameters"]), ("toolu_2", "fails", {"slot": 3}),
                                     ("toolu_3", "silent", {}))], **call.at(6.5)})
    sent.append(call.tools(6.6, booking, failing, silent))
    call.messages.append({"role": "tool_call_result", "toolCallId": "toolu_1", "name": "book_appointment_v17",
                          "result": '{"success":true}', **call.at(7.5)})
    call.say("bot", "Gebucht.", 8, 9.5)
    sent.append(call.message("conversation-update", 10, messages=list(call.messages)))
    sent.append(call.message("status-update", 20.2, status="ended", endedReason="customer-ended-call"))
    sent.append(call.message(
        "end-of-call-report", 30, endedReason="customer-ended-call", startedAt=iso(START_MS), endedAt=iso(START_MS + 20000),
        durationSeconds=20, analysis={"summary": f"{NAME} bucht.", "successEvaluation": "true", "structuredData": {"booked": True}},
        transcript="AI: Guten Tag\nUser: …"))
    return call, sent


def whole(document):
    """Workers' rings are read one after the other: the last message to come is not the last to be seen."""
    return (document["call"]["metadata"]["call_analysis"] and len(entries(document, "lifecycle")) == 4
            and not document["completeness"]["pending"])


@pytest.fixture(scope="module")
def vapi(salon):
    call, sent = vapi_call()
    for message in sent:
        salon.post("vapi.php", message)
    document = salon.call(call.id, lambda d: whole(d) and len(entries(d, "function_call")) == 3)
    return call, document, salon.dump.json("functions", call.id)["functions"]


def test_vapi_session(vapi):
    call, document, _ = vapi
    session = document["call"]
    assert session["provider"] == "vapi" and session["call_id"] == call.id and session["kind"] == "call"
    assert session["company_id"] == "15" and session["customer_id"] == "K-10442"
    assert session["agent_id"] == "assistant-17" and session["metadata"]["agent_name"] == "Terminassistenz"
    assert session["call_status"] == "completed" and session["disconnection_reason"] == "customer-ended-call"
    assert session["duration_ms"] == 20000 and session["metadata"]["direction"] == "inbound"
    assert session["metadata"]["call_analysis"] == {
        "call_summary": "[NAME_REDACTED] bucht.", "call_successful": "true", "custom_analysis_data": {"booked": True}}
    assert session["transcript_segment_count"] == 3 and session["function_call_count"] == 3


def test_vapi_each_tool_call_is_a_function_of_its_own(vapi):
    _, _, functions = vapi
    booking, failing, silent = functions
    assert [f["function_name"] for f in functions] == ["book_appointment_v17", "fails", "silent"]
    assert [f["metadata"]["tool_call_id"] for f in functions] == ["toolu_1", "toolu_2", "toolu_3"]
    assert len({f["id"] for f in functions}) == 3 and len({f["metadata"]["request_id"] for f in functions}) == 1
    assert booking["status"] == "success"
    assert booking["output_result"] == {"success": True, "booking": {"uid": "bk_1", "start": "2027-03-04"}}
    assert booking["input_params"]["customer_name"] == "[NAME_REDACTED]"
    assert failing["status"] == "error" and failing["input_params"] == {"slot": 3}
    assert failing["error_details"]["message"] == "no slot is free"
    assert silent["output_result"] is None


def test_vapi_the_tree_is_the_requests(salon, vapi):
    call, _, functions = vapi
    for function in functions:
        tree = salon.dump.json("tree", f"{call.id}/{function['execution_sequence']}")
        assert "book_appointment" in [c["function"] for c in tree["calls"]]


def test_vapi_transcript(salon, vapi):
    call, _, functions = vapi
    segments = salon.dump.json("transcript", call.id)["segments"]
    assert [(s["role"], s["text"]) for s in segments] == [
        ("agent", "Guten Tag, Salon Schönwald."), ("user", "Hier ist [NAME_REDACTED], ich möchte einen Termin."),
        ("agent", "Gebucht.")]
    assert [s["call_offset_ms"] for s in segments] == [500, 3000, 8000]
    assert segments[0]["duration_ms"] == 1750
    assert segments[1]["related_function_trace_id"] == functions[0]["id"]


def test_vapi_events(vapi):
    _, document, _ = vapi
    lifecycle = [e["metadata"] for e in entries(document, "lifecycle")]
    assert [m["event"] for m in lifecycle] == ["assistant-request", "status-update", "status-update", "end-of-call-report"]
    assert lifecycle[2]["details"] == {"status": "ended", "ended_reason": "customer-ended-call"}


def test_vapi_nothing_personal_is_kept(salon, vapi):
    call, document, functions = vapi
    for text in (json.dumps(document, ensure_ascii=False), json.dumps(functions, ensure_ascii=False)):
        assert "Öttinger" not in text and "4069012" not in text and "secret-url" not in text


# What depends on when a request ran here is not compared.
TIMES = {"started_at", "completed_at", "occurred_at", "first_seen_at", "last_seen_at", "duration_ms", "call_offset_ms", "offset_ms",
         "response_time_ms", "avg_response_time_ms", "max_response_time_ms", "min_response_time_ms", "request_id", "id",
         "event_id", "function_trace_id", "related_function_trace_id", "error_id", "clock", "call_session_id", "call_id", "payload",
         "db_query_time_ms", "external_api_time_ms", "ended_at", "delivery_delay_ms", "overhead_ms", "provider_duration_ms"}


def timeless(json_value):
    if isinstance(json_value, dict):
        return {k: timeless(v) for k, v in json_value.items() if k not in TIMES}
    if isinstance(json_value, list):
        return [timeless(v) for v in json_value]
    return json_value


def test_vapi_converges_in_whatever_order_messages_come(salon):
    seen = []
    for order in ([0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 6, 6, 0, 5, 1, 2, 4, 3], [5, 0, 6, 2, 4, 1, 3]):
        call, sent = vapi_call()
        for i in order:
            salon.post("vapi.php", sent[i])
        count = 3 * order.count(3)
        document = salon.call(call.id, lambda d: whole(d) and d["call"]["function_call_count"] == count)
        session = timeless(document["call"])
        for counter in ("total_events", "function_call_count", "error_count"):
            session.pop(counter)
        seen.append((session, timeless(salon.dump.json("transcript", call.id)["segments"])))
    for other in seen[1:]:
        assert other == seen[0]


def test_a_profile_from_a_file(salon):
    call_id = "conv_" + uuid.uuid4().hex
    for name, args in (("book_slot", {"slot": 4, "customer_name": NAME}), ("other", {"conversation_id": call_id})):
        headers = {"x_conversation_id": call_id} if name == "book_slot" else {}
        salon.post("vapi.php", args, path=f"/tools/{name}", **headers)
    salon.post("vapi.php", {"type": "post_call_transcription", "event_timestamp": START_MS // 1000 + 70, "data": {
        "agent_id": "agent_el", "conversation_id": call_id, "status": "done", "transcript": [
            {"role": "agent", "message": "Guten Tag", "time_in_call_secs": 0},
            {"role": "user", "message": f"{NAME} hier", "time_in_call_secs": 4},
            {"role": "agent", "message": None, "time_in_call_secs": 7, "tool_calls": [
                {"request_id": "r1", "tool_name": "book_slot", "params_as_json": json.dumps({"slot": 4, "customer_name": NAME})}],
             "tool_results": [{"request_id": "r1", "tool_name": "book_slot", "result_value": "ok"}]}],
        "metadata": {"start_time_unix_secs": START_MS // 1000, "call_duration_secs": 61, "termination_reason": "client disconnected"},
        "analysis": {"call_successful": "success", "transcript_summary": f"{NAME} rief an."},
        "conversation_initiation_client_data": {"dynamic_variables": {"company_id": "el-7", "customer_id": 12}}}})
    document = salon.call(call_id, lambda d: d["call"]["call_status"] == "completed" and d["call"]["function_call_count"] == 2)
    session = document["call"]
    assert session["provider"] == "elevenlabs" and session["company_id"] == "el-7" and session["customer_id"] == "12"
    assert session["duration_ms"] == 61000 and session["agent_id"] == "agent_el"
    assert session["metadata"]["call_analysis"] == {"call_summary": "[NAME_REDACTED] rief an.", "call_successful": "success"}
    functions = {f["function_name"]: f for f in salon.dump.json("functions", call_id)["functions"]}
    assert functions["book_slot"]["metadata"]["tool_call_id"] == "r1"
    assert [s["text"] for s in salon.dump.json("transcript", call_id)["segments"]] == ["Guten Tag", "[NAME_REDACTED] hier"]


def retell_messages(call_id):
    call = {"call_id": call_id, "call_status": "ongoing", "metadata": {"tenant": "from-call", "customer_id": "from-call"}}
    return [
        ({"event": "call_started", "call": call}, {}),
        ({"name": "one", "args": {"kundennummer": 4711}, "call": call}, {}),
        ({"name": "two", "args": {}, "call": call}, {"x_tenant": "from-header", "x_request_id": "req-1"}),
        ({"event": "call_ended", "call": {**call, "call_status": "ended"}},
         {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "x_correlation_id": "corr 7"}),
    ]


def test_ids_are_the_same_in_whatever_order_messages_come(salon):
    for order in itertools.permutations(range(4)):
        call_id = "call_" + uuid.uuid4().hex
        messages = retell_messages(call_id)
        for i in order:
            body, headers = messages[i]
            salon.post("vapi.php", body, **headers)
        session = salon.call(call_id, lambda d: d["call"]["function_call_count"] == 2 and d["call"]["call_status"] == "completed")["call"]
        assert (session["company_id"], session["customer_id"]) == ("from-header", "4711"), order
        assert session["metadata"]["correlation_ids"] == [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736", "corr 7", "req-1"], order


def test_correlation_ids_find_calls_and_requests(salon):
    call_id, request = "call_" + uuid.uuid4().hex, "req-" + uuid.uuid4().hex
    salon.post("vapi.php", {"name": "one", "args": {}, "call": {"call_id": call_id}}, x_request_id=request)
    salon.post("vapi.php", {"anything": 1}, path="/seite", x_request_id=request + "-page")
    salon.call(call_id)

    def found(correlation, *more):
        document = salon.dump.json("calls", "--correlation", correlation, *more)
        return document["calls"] if document else None

    (session,) = wait_until(lambda: found(request), "the call by its correlation id")
    assert session["call_id"] == call_id
    (function,) = salon.dump.json("functions", call_id)["functions"]
    assert function["correlation_id"] == request
    (page,) = wait_until(lambda: found(request + "-page", "--kind", "request"), "the request by its correlation id")
    assert page["kind"] == "request" and page["metadata"]["correlation_ids"] == [request + "-page"]


def test_hostile_correlation_ids_are_cleaned(salon):
    call_id = "call_" + uuid.uuid4().hex
    salon.post("vapi.php", {"name": "one", "args": {}, "call": {"call_id": call_id}}, x_request_id="ä" * 5000,
               x_correlation_id="a\x01\x1b[31mb kaethe.oettinger@example.com", traceparent="00-" + "0" * 32 + "-00f067aa0ba902b7-01")
    ids = salon.call(call_id)["call"]["metadata"]["correlation_ids"]
    assert "ä" * 100 in ids and "a[31mb [EMAIL_REDACTED]" in ids
    assert "0" * 32 not in ids and len(ids) == 3


def test_a_call_with_many_correlation_ids_is_found_by_each(salon):
    call_id = "call_" + uuid.uuid4().hex
    for i in range(40):
        salon.post("vapi.php", {"name": "one", "args": {"i": i}, "call": {"call_id": call_id}}, x_request_id=f"{call_id}-{i}")
    salon.call(call_id, lambda d: d["call"]["function_call_count"] == 40)
    for i in range(40):
        assert salon.dump.json("calls", "--correlation", f"{call_id}-{i}")["calls"][0]["call_id"] == call_id


@pytest.mark.parametrize("placeholder", ["{{call_id}}", "", "null", "undefined", "call_id", "Unknown", "<call_id>", " "])
def test_a_placeholder_is_no_call_id(salon, placeholder):
    path = "/" + uuid.uuid4().hex
    salon.post("vapi.php", {"name": "one", "args": {}, "call": {"call_id": placeholder}}, path=path)

    def sessions():
        document = salon.dump.json("calls", "--kind", "request", "--limit", 20)
        return [c for c in document["calls"] if c["metadata"]["path"] == path] if document else None

    (session,) = wait_until(sessions, "the request")
    assert session["call_id"] is None and session["provider"] is None


def test_a_form_with_brackets_is_a_payload(salon):
    call_id = "call_" + uuid.uuid4().hex
    form = f"name=book_it&args[datum]=2027-03-04&args%5Bliste%5D%5B%5D=a&args[liste][]=b&call[call_id]={call_id}&call[metadata][tenant]=t1"
    salon.post("vapi.php", form.encode(), kind="application/x-www-form-urlencoded")
    document = salon.call(call_id, lambda d: d["call"]["function_call_count"] == 1)
    (function,) = salon.dump.json("functions", call_id)["functions"]
    assert function["input_params"] == {"datum": "2027-03-04", "liste": ["a", "b"]}
    assert document["call"]["company_id"] == "t1"


def test_what_an_event_tells_is_in_its_details(salon):
    call_id = "call_" + uuid.uuid4().hex
    salon.post("vapi.php", {"event": "transfer_started", "call": {"call_id": call_id, "call_status": "ongoing"},
                            "transfer_destination": {"number": "+493023125042", "extension": "7"}})
    salon.post("vapi.php", {"event": "call_ended", "call": {
        "call_id": call_id, "call_status": "ended", "disconnection_reason": "call_transfer"}})
    document = salon.call(call_id, lambda d: len(entries(d, "lifecycle")) == 2)
    details = {e["metadata"]["event"]: e["metadata"]["details"] for e in entries(document, "lifecycle")}
    assert details["transfer_started"]["transfer_destination"] == {"number": "[PHONE_REDACTED]", "extension": "7"}
    assert details["call_ended"]["disconnection_reason"] == "call_transfer"


def test_the_current_node_is_where_the_last_transition_led(salon):
    call_id = "call_" + uuid.uuid4().hex
    nodes = [{"role": "node_transition", "former_node_name": a, "new_node_name": b} for a, b in (("A", "B"), ("B", "C"))]
    for event, status, list_ in (("call_ended", "ended", nodes), ("transcript_updated", "ongoing", nodes[:1])):
        salon.post("vapi.php", {"event": event, "call": {
            "call_id": call_id, "call_status": status, "transcript_with_tool_calls": list_,
            "retell_llm_dynamic_variables": {"sprache": "de", "customer_name": NAME}}})
    salon.post("vapi.php", {"event": "call_started", "call": {"call_id": call_id, "call_status": "ongoing"}})
    session = salon.call(call_id, lambda d: len(entries(d, "lifecycle")) == 2)["call"]
    assert session["current_flow_node"] == "C" and session["call_status"] == "completed"
    assert session["flow_state"] == {"sprache": "de", "customer_name": "[NAME_REDACTED]"}


def test_a_chat_is_a_call_with_other_names(salon):
    chat_id = "chat_" + uuid.uuid4().hex
    salon.post("vapi.php", {"event": "chat_started", "chat": {"chat_id": chat_id, "chat_status": "ongoing", "agent_id": "a"}})
    salon.post("vapi.php", {"event": "chat_analyzed", "chat": {
        "chat_id": chat_id, "chat_status": "ended", "chat_analysis": {"chat_summary": "kurz", "chat_successful": True}}})
    session = salon.call(chat_id, lambda d: d["call"]["call_status"] == "completed")["call"]
    assert session["metadata"]["call_analysis"] == {"chat_summary": "kurz", "chat_successful": True}


@pytest.mark.parametrize("reason, status", [
    ("error_llm_websocket_open", "failed"), ("dial_no_answer", "not_connected"), ("user_hangup", "completed")])
def test_why_a_call_ended_says_how(salon, reason, status):
    call_id = "call_" + uuid.uuid4().hex
    salon.post("vapi.php", {"event": "call_ended", "call": {"call_id": call_id, "call_status": "ended", "disconnection_reason": reason}})
    assert salon.call(call_id)["call"]["call_status"] == status


def check(tmp_path, text, settings=None):
    (tmp_path / "p.json").write_text(text)
    config = tmp_path / "calltraced.conf"
    config.write_text(settings or f"profile = {tmp_path}/p.json\n")
    return subprocess.run([CALLTRACED, "--check-config", "--config", config], capture_output=True, text=True, timeout=30)


def test_the_documented_profile_is_good(tmp_path):
    done = check(tmp_path, documented_profile())
    assert done.returncode == 0 and "good" in done.stdout, done.stderr


@pytest.mark.parametrize("change, where, allowed", [
    (lambda p: p.pop("provider"), "/: ", '"provider"'),
    (lambda p: p["detect"][0].update(call_id="data/id"), "/detect/0/call_id: ", "JSON pointer"),
    (lambda p: p["detect"][0].pop("event"), "/detect/0: ", '"function" or "event"'),
    (lambda p: p.update(failures=[]), "/failures: ", "failure, "),
    (lambda p: p["call_status"].update(done="finished"), "/call_status/done: ", '"not_connected"'),
    (lambda p: p["transcript"][0]["entries"][1].update(role="caller"), "/transcript/0/entries/1/role: ", '"user"'),
    (lambda p: p["session"].update(company_id=["header:X-Tenant"]), "/session/company_id/0: ", "lower case"),
    (lambda p: p["session"]["duration_ms"].update(unit="h"), "/session/duration_ms/unit: ", '"min"'),
    (lambda p: p["failure"][0].pop("equals"), "/failure/0: ", "equals"),
])
def test_what_is_wrong_with_a_profile_is_said(tmp_path, change, where, allowed):
    profile = json.loads(documented_profile())
    change(profile)
    done = check(tmp_path, json.dumps(profile))
    assert done.returncode == 2
    assert f"{tmp_path}/p.json: {where}" in done.stderr and allowed in done.stderr, done.stderr


@pytest.mark.parametrize("settings, said", [
    ("company_id = tenant\n", "calltraced.conf:1: must be call:/POINTER"),
    ("# x\ncustomer_id = header:X-Kunde\n", "calltraced.conf:2: must be"),
    ("profile = /nowhere.json\n", "/nowhere.json: No such file"),
])
def test_what_is_wrong_with_the_settings_is_said(tmp_path, settings, said):
    done = check(tmp_path, "{}", settings)
    assert done.returncode == 2 and said in done.stderr, done.stderr


def test_json_that_is_none_is_said_by_its_line(tmp_path):
    done = check(tmp_path, '{\n"provider": "x",\n}')
    assert done.returncode == 2 and "p.json:3: " in done.stderr, done.stderr
