# SPDX-License-Identifier: MIT
"""What was sent and answered is what is stored, also where JSON is written in ways of its own; and calls whose ids have no
shape."""
import json

import pytest

import retell

ARGS = {
    "floats": [0.1, 0.30000000000000004, 3.141592653589793, 1e100, -0.0, 12.5], "whole": 3.0, "int": 9007199254740993,
    "least": -9223372036854775808, "empty": {}, "list": [], "none": None, "text": "ä 漢 😀 \u2028 \\ / \"",
    "keys": {"0": "a", "01": "b", "": "c", "ключ": 1}, "inside": '{"a": 1.50, "b": [ ]}',
}


def same(one, other):
    """Equal, with 1 no 1.0 and no True."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def test_arguments_come_out_as_they_went_in(shared):
    call = retell.Call()
    shared.function(call, "no_such_function", ARGS)
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert same(function["input_params"], ARGS)


@pytest.mark.parametrize("written, stored", [
    ("123456789012345678901234567890", {"@uint": "123456789012345678901234567890"}), ("1e999", {"@float": "INF"}),
    ('"a\\u0000b"', "a\ufffdb"), ('"\\ud800"', "\ufffd"), ("[" * 80 + "]" * 80, None),
])
def test_a_value_that_json_libraries_refuse_does_not_hide_the_call(shared, written, stored):
    call = retell.Call()
    body = '{"name":"no_such_function","args":{"v":%s,"w":1},"call":{"call_id":"%s"}}' % (written, call.call_id)
    shared.retell("/api/retell/function", body.encode())
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["input_params"]["w"] == 1
    assert stored is None or function["input_params"]["v"] == stored


@pytest.mark.parametrize("args", [[1, {"a": 2}], []])
def test_arguments_that_are_no_object_are_kept(shared, args):
    call = retell.Call()
    shared.function(call, "no_such_function", args)
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["input_params"] == args


@pytest.mark.parametrize("call_id", ["0a1b2c3d-1111-4222-8333-444455556666", "anruf 7/ü", "chat_0123456789"])
def test_a_header_may_name_a_call_of_any_shape(shared, call_id):
    shared.retell("/api/retell/functions/no_such_function", b'{"a":1}', {"X-Retell-Call-Id": call_id.encode()})
    (function,) = shared.wait_for_functions(call_id, 1)
    assert function["function_name"] == "no_such_function" and function["input_params"] == {"a": 1}


def test_a_header_with_a_placeholder_names_none(shared):
    shared.retell("/api/retell/functions/no_such_function", b'{"a":1}', {"X-Retell-Call-Id": "undefined"})
    call = retell.Call()
    shared.function(call, "no_such_function", {})
    shared.wait_for_functions(call.call_id, 1)
    assert shared.dump.json("functions", "undefined") is None


@pytest.mark.parametrize("empty", [{}, {"transcript_with_tool_calls": [], "transcript_object": None}])
def test_a_transcript_that_is_text_alone_is_split_by_who_spoke(shared, empty):
    call = retell.Call(transcript="Agent: Guten Tag: Salon.\nUser: Ja\nund zwar morgen.\nAgent: \n")
    body = {"event": "call_ended", "call": {**call.fields, "call_status": "ended", **empty}}
    shared.retell("/api/retell/webhook", retell.encode(body))
    shared.wait_for_call(call.call_id, lambda d: d["call"]["call_status"] == "completed")
    segments = shared.dump.json("transcript", call.call_id)["segments"]
    assert [(s["role"], s["text"]) for s in segments] == [
        ("agent", "Guten Tag: Salon."), ("user", "Ja\nund zwar morgen."), ("agent", "")]
