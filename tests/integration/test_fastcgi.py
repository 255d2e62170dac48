# SPDX-License-Identifier: MIT
"""However a request's records lie on the wire, the function trace is right."""
import threading

import pytest

import fastcgi
import retell
from harness import Stack, entries

CHECK = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben & Föhnen"}


def body_of(call, name="check_availability", args=CHECK):
    call.invoke(name, args)
    return call.function_body(name, args)


def assert_right(stack, call, count=1):
    functions = stack.wait_for_functions(call.call_id, count)
    assert len(functions) == count
    for function in functions:
        assert function["status"] == "success"
        assert function["input_params"] == CHECK
        assert function["output_result"]["available"] is False
        assert function["metadata"]["call_count"] > 5


def test_many_requests_on_one_connection(shared):
    calls = [retell.Call() for _ in range(15)]
    with shared.fpm.connect() as connection:
        for call in calls:
            body = body_of(call)
            assert connection.ask(shared.fcgi_retell(body), body).status == 200
    for call in calls:
        assert_right(shared, call)


def test_the_requests_of_one_call_on_one_connection(shared):
    call = retell.Call()
    with shared.fpm.connect() as connection:
        for _ in range(3):
            body = body_of(call)
            connection.ask(shared.fcgi_retell(body), body)
    assert_right(shared, call, 3)


@pytest.mark.parametrize("how", [
    pytest.param({"piece": 1}, id="a byte at a time"),
    pytest.param({"piece": 11}, id="eleven bytes at a time"),
    pytest.param({"stdin_size": 1}, id="records of one byte"),
    pytest.param({"stdin_size": 64, "pairs_a_record": 2}, id="small records"),
    pytest.param({"keep": False}, id="a connection for each request"),
])
def test_split_records(shared, how):
    call = retell.Call()
    body = body_of(call)
    with shared.fpm.connect() as connection:
        assert connection.ask(shared.fcgi_retell(body), body, **how).status == 200
    assert_right(shared, call)


def test_two_requests_in_one_write(shared):
    calls = [retell.Call(), retell.Call()]
    data = b""
    for call in calls:
        body = body_of(call)
        data += fastcgi.request(shared.fcgi_retell(body), body)
    with shared.fpm.connect() as connection:
        connection.send(data)
        assert [connection.receive().status for _ in calls] == [200, 200]
    for call in calls:
        assert_right(shared, call)


def test_a_body_of_a_megabyte(shared):
    call = retell.Call()
    while sum(len(e.get("content", "")) for e in call.entries) < 60_000:
        call.say("user", "Ich hätte gerne einen Termin zum Färben und Föhnen am Nachmittag. " * 6, 0.0)
    body = body_of(call)
    assert len(body) > 1_000_000
    with shared.fpm.connect() as connection:
        assert connection.ask(shared.fcgi_retell(body), body).status == 200
    assert_right(shared, call)


@pytest.mark.parametrize("how", ["hang up", "abort record"])
def test_an_aborted_request_leaves_the_next_one_right(shared, how):
    aborted, call = retell.Call(), retell.Call()
    body = body_of(aborted)
    begun = fastcgi.request(shared.fcgi_retell(body), body)[:-600]
    with shared.fpm.connect() as connection:
        connection.send(begun)
        if how == "abort record":
            connection.send(fastcgi.record(fastcgi.ABORT_REQUEST))
    body = body_of(call)
    with shared.fpm.connect() as connection:
        assert connection.ask(shared.fcgi_retell(body), body).status == 200
    assert_right(shared, call)
    document = shared.dump.json("functions", aborted.call_id)
    assert document is None or all(f["status"] != "success" for f in document["functions"])


def test_a_client_that_does_not_wait_for_the_answer(shared):
    call = retell.Call()
    body = body_of(call)
    with shared.fpm.connect() as connection:
        connection.send(fastcgi.request(shared.fcgi_retell(body), body))
    (function,) = shared.wait_for_functions(call.call_id, 1)
    assert function["input_params"] == CHECK


def test_connections_at_the_same_time(shared):
    calls = [retell.Call() for _ in range(8)]

    def ask(call):
        body = body_of(call)
        with shared.fpm.connect() as connection:
            connection.ask(shared.fcgi_retell(body), body)

    threads = [threading.Thread(target=ask, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for call in calls:
        assert_right(shared, call)


def test_nginx_with_keepalive_connections():
    with Stack(keepalive=True) as stack:
        calls = [retell.Call() for _ in range(6)]
        for call in calls:
            assert stack.function(call, "check_availability", CHECK).status == 200
        for call in calls:
            assert_right(stack, call)
            assert len(entries(stack.dump.json("timeline", call.call_id), "function_call")) == 1
