# SPDX-License-Identifier: MIT
"""Requests that end in the middle of things: limits, fatal errors, exit. Every function that was entered is left, in
its place, and what PHP runs behind the end stands behind it."""
import shutil
from pathlib import Path

import pytest

import retell
from harness import Stack

PHP = Path(__file__).parent / "php"
DEPTH = ["{main}", "handle", "outer", "{closure}", "inner", "steps"]

# How it ends: the ways in which functions are left by it (the engine's versions differ in how a fatal error unwinds),
# whether `finally` runs, and the code and the text of the error.
FATAL = {"unwound", "exit"}
ENDS = {
    "nothing": (None, True, None, None),
    "leave": ({"exit"}, False, None, None),
    "memory": (FATAL, False, "PHP_FATAL", "Allowed memory size of 67108864 bytes exhausted"),
    "memory_in_small_steps": (FATAL, False, "PHP_FATAL", "Allowed memory size of 67108864 bytes exhausted"),
    "time": (FATAL, False, "PHP_FATAL", "Maximum execution time of 1 second exceeded"),
    "user_error": (FATAL, False, "PHP_FATAL", "gave up"),
    "missing": ({"exception"}, True, "PHP_FATAL", "Uncaught Error: Failed opening required"),
    "undefined": ({"exception"}, True, "PHP_FATAL", "Uncaught Error: Call to undefined function nobody_defined_this()"),
}


class Salon:
    def __init__(self):
        self.stack = Stack(nginx=False, settings={"pm.max_children": "1"}, ini={"memory_limit": "64M", "hard_timeout": "1"})
        shutil.copytree(PHP, self.stack.base / "php")
        self.stack.start()

    def ask(self, name):
        call = retell.Call()
        body = call.function_body(name, {})
        params = self.stack.fcgi_params("POST", "/limits.php", body, SCRIPT_FILENAME=f"{self.stack.base}/php/limits.php")
        try:
            with self.stack.fpm.connect() as connection:
                connection.ask(params, body)
        except ConnectionError:
            assert name == "hard"
        (function,) = self.stack.wait_for_functions(call.call_id, 1)
        return call, function, self.stack.dump.json("tree", f"{call.call_id}/1")["calls"]


@pytest.fixture(scope="module")
def salon():
    salon = Salon()
    try:
        yield salon
    finally:
        salon.stack.close()


def path_to(calls, name):
    """The names from the outermost in."""
    call = next(c for c in calls if c["function"] == name)
    names = []
    while call:
        names.insert(0, call["function"])
        call = calls[call["parent"] - 1] if call["parent"] else None
    return names


@pytest.mark.parametrize("how", ENDS)
def test_an_end_in_the_middle_leaves_every_function_in_its_place(salon, how):
    left, finally_runs, code, message = ENDS[how]
    worker = salon.stack.fpm.workers()
    call, function, calls = salon.ask(how)
    assert path_to(calls, how) == [*DEPTH, how]
    assert path_to(calls, "after") == ["{closure}", "after"], "behind the end, in nothing"
    assert calls[-1]["function"] == "after" and calls[-1]["left"] == "return"
    assert [path_to(calls, c["function"]) for c in calls if c["function"] == "cleanup"] == (
        [["{main}", "handle", "outer", "cleanup"]] if finally_runs else [])
    if left:
        (innermost,) = [c for c in calls if c["function"] == how]
        # A generator is entered anew each time that it goes on.
        chain = [c for c in calls if c["function"] in DEPTH and c["start_ns"] <= innermost["start_ns"] and c["left"] != "yield"]
        assert {c["left"] for c in [*chain, innermost]} <= left
        assert [c["function"] for c in chain] == DEPTH
    end = max(c["start_ns"] + c["duration_ns"] for c in calls)
    for one in calls:
        parent = calls[one["parent"] - 1] if one["parent"] else {"start_ns": 0, "duration_ns": end}
        assert parent["start_ns"] <= one["start_ns"]
        assert one["start_ns"] + one["duration_ns"] <= parent["start_ns"] + parent["duration_ns"]

    assert function["metadata"]["completeness"] == {"complete": True, "holes": [], "cut_off": 0, "pending": 0}
    assert function["status"] == ("error" if code else "success")
    if code:
        assert function["error_details"]["code"] == code and function["error_details"]["message"].startswith(message)
        (error,) = salon.stack.dump.json("errors", call.call_id)["errors"]
        assert error["error_message"].startswith(message) and error["error_type"] == "system_error"
    assert salon.stack.fpm.workers() == worker
    assert salon.ask("nothing")[1]["status"] == "success"


def test_a_hard_timeout_ends_the_worker_in_the_middle(salon):
    call, function, calls = salon.ask("hard")
    open_calls = function["error_details"]["cut_off"]["open_calls"]
    assert function["error_details"]["code"] == "WORKER_DIED" and function["error_details"]["crash"] is None
    assert open_calls[0] == "{main}" and open_calls[-1] == "LimitsFunctionCallHandler::hard"
    assert {c["left"] for c in calls if c["function"] in ("handle", "hard")} == {"open"}
    assert salon.ask("nothing")[1]["status"] == "success"
