# SPDX-License-Identifier: MIT
"""Workers that die, are recycled, reloaded and started on demand."""
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest
import retell
from harness import Stack, wait_until
from salon_call import BOOKING

CHECK = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben"}
ONE = {"pm.max_children": "1"}


def one_call(stack):
    call = retell.Call()
    assert stack.function(call, "check_availability", CHECK).status == 200
    return call


def assert_once(stack, calls):
    for call in calls:
        functions = stack.wait_for_functions(call.call_id, 1)
        assert [f["status"] for f in functions] == ["success"]
        assert functions[0]["metadata"]["call_count"] > 5


def test_a_worker_killed_in_the_middle_of_a_booking_shows_how_far_it_came():
    with Stack(settings=ONE) as stack:
        call = retell.Call()
        stack.booking.plan("hold")
        thread = threading.Thread(target=stack.function, args=(call, "book_appointment_v17", BOOKING))
        thread.start()
        stack.booking.wait_for_request()

        (pending,) = stack.wait_for_functions(call.call_id, 1, status="pending")
        assert pending["completed_at"] is None and pending["function_name"] == "book_appointment_v17"
        assert stack.dump.json("timeline", call.call_id)["completeness"]["pending"] == 1

        (worker,) = stack.fpm.workers()
        os.kill(worker, signal.SIGKILL)
        thread.join()
        stack.booking.release()
        (function,) = stack.wait_for_functions(call.call_id, 1)
        assert function["status"] == "error"
        cut_off = function["error_details"]["cut_off"]
        assert cut_off["after_ms"] > 0
        open_calls = cut_off["open_calls"]
        order = [next(i for i, name in enumerate(open_calls) if name.endswith(part))
                 for part in ("RetellFunctionController::handle", "RetellFunctionCallHandler::handle",
                              "::bookAppointment", "BookingService::createBooking")]
        assert order == sorted(order)
        assert stack.dump.json("timeline", call.call_id)["completeness"]["cut_off"] == 1

        tree = stack.dump.json("tree", f"{call.call_id}/1")["calls"]
        assert any(c["function"] == "createBooking" for c in tree)
        assert_once(stack, [one_call(stack)])


def test_a_worker_killed_while_no_collector_runs_is_not_forgotten():
    with Stack(settings=ONE) as stack:
        call = one_call(stack)
        assert_once(stack, [call])
        cut = retell.Call()
        stack.booking.plan("hold")
        thread = threading.Thread(target=stack.function, args=(cut, "book_appointment_v17", BOOKING))
        thread.start()
        stack.booking.wait_for_request()
        stack.collector.process.send(signal.SIGSTOP)
        os.kill(stack.fpm.workers()[0], signal.SIGKILL)
        thread.join()
        stack.collector.process.send(signal.SIGCONT)
        (function,) = stack.wait_for_functions(cut.call_id, 1)
        assert function["error_details"]["cut_off"]["open_calls"]


def test_recycled_workers_lose_nothing():
    with Stack(settings={"pm.max_requests": "2", "pm.max_children": "2"}) as stack:
        assert_once(stack, [one_call(stack) for _ in range(11)])


def test_a_reload_goes_on_tracing(stack):
    calls = [one_call(stack)]
    before = set(stack.fpm.workers())
    stack.fpm.process.send(signal.SIGUSR2)
    wait_until(lambda: (now := set(stack.fpm.workers())) and not now & before and len(now) == 2, "new workers",
               diagnostics=stack.diagnostics)
    calls += [one_call(stack) for _ in range(3)]
    assert_once(stack, calls)


def test_workers_on_demand_come_and_go():
    with Stack(settings={"pm": "ondemand", "pm.process_idle_timeout": "1s"}) as stack:
        first = one_call(stack)
        wait_until(lambda: not stack.fpm.workers(), "the idle worker to be ended", diagnostics=stack.diagnostics)
        assert_once(stack, [first, one_call(stack)])


def test_a_worker_that_php_fpm_terminates_is_cut_off():
    with Stack(settings={"request_terminate_timeout": "1s", **ONE}) as stack:
        call = retell.Call()
        stack.booking.plan("hold")
        stack.function(call, "book_appointment_v17", BOOKING)
        (function,) = stack.wait_for_functions(call.call_id, 1)
        assert function["status"] in ("error", "timeout")
        assert function["error_details"]["cut_off"]["open_calls"]


def test_children_of_a_request_neither_notice_nor_disturb(stack):
    shutil.copytree(Path(__file__).parent / "php", stack.base / "php")
    params = stack.fcgi_params("GET", "/children.php", SCRIPT_FILENAME=f"{stack.base}/php/children.php")
    with stack.fpm.connect() as connection:
        for _ in range(3):
            assert connection.ask(params).body == b'[0,true,["in","err\\n"],0,"42"]'
    assert_once(stack, [one_call(stack)])


@pytest.mark.parametrize("mode", ("tracing", "function"))
def test_with_the_jit_the_application_runs_as_ever_and_functions_are_traced(mode):
    jit = {"opcache.jit_buffer_size": "16M", "opcache.jit": mode}
    with Stack(ini=jit) as stack:
        shutil.copytree(Path(__file__).parent / "php", stack.base / "php")
        params = stack.fcgi_params("GET", "/jit.php", SCRIPT_FILENAME=f"{stack.base}/php/jit.php")
        with stack.fpm.connect() as connection:
            for _ in range(3):
                assert connection.ask(params).body == b'{"fib":610,"jit":true}'
        call = one_call(stack)
        assert "JIT is incompatible" not in stack.fpm.log.read_text()
        assert_once(stack, [call])
        plain_tree = stack.dump.json("tree", f"{call.call_id}/1")["calls"]
        assert [c["function"] for c in plain_tree][:1] == ["{main}"] and len(plain_tree) > 5


def test_a_jit_that_could_be_switched_on_later_is_left_alone_too():
    with Stack(collector=False, nginx=False, ini={"opcache.jit_buffer_size": "16M", "opcache.jit": "off"}) as stack:
        with stack.fpm.connect() as connection:
            assert connection.ask(stack.fcgi_params("GET", "/health")).body == b"ok"
        assert "JIT is incompatible" not in stack.fpm.log.read_text()
