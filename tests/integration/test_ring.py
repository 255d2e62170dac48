# SPDX-License-Identifier: MIT
"""What a php-fpm worker writes into its ring, read by an independent msgpack implementation."""
import fcntl
import json
import os
import shutil
import time
from pathlib import Path

import pytest

import fastcgi
import retell
import ring_consumer as rc
from harness import Stack, wait_until

PHP = Path(__file__).parent / "php"
F_GET_SEALS = 1034
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW = 1, 2, 4


class Traced:
    """A php-fpm with one worker, and a consumer in the collector's place."""

    def __init__(self, conf="", **options):
        self.stack = Stack(collector=False, nginx=False, settings={"pm.max_children": "1"}, **options)
        (self.stack.base / "agent.conf").write_text(conf)
        (self.stack.base / "run").mkdir(exist_ok=True)
        self.consumer = rc.Consumer(self.stack.base / "run" / "agent.sock")
        shutil.copytree(PHP, self.stack.base / "php")
        self.stack.fpm.start()
        self.frames = []

    def params(self, script, body=b"", **more):
        return self.stack.fcgi_params("POST", "/" + script, body, SCRIPT_FILENAME=f"{self.stack.base}/php/{script}",
                                      SCRIPT_NAME="/" + script, **more)

    def ring(self):
        return self.consumer.rings[0] if self.consumer.rings else self.consumer.accept()

    def recorded(self, count):
        """The first `count` requests, complete."""
        def look():
            self.frames += self.ring().read()
            if sum(f[0] == rc.END for f in self.frames) < count:
                return None
            return rc.requests(self.frames)

        return wait_until(look, f"{count} requests in the ring", diagnostics=lambda: (
            f"frames: {[f[0] for f in self.frames]}\n{self.stack.diagnostics()}"))

    def close(self):
        self.consumer.close()
        self.stack.close()


@pytest.fixture
def traced():
    traced = Traced()
    try:
        yield traced
    finally:
        traced.close()


def test_the_hello_names_the_worker_and_its_sealed_memory(traced):
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.params("plain.php"))
        ring = traced.ring()
        assert ring.version == 1
        assert ring.peer_pid == ring.pid == traced.stack.fpm.workers()[0]
        assert ring.size & (ring.size - 1) == 0 and ring.fd_size == rc.HEADER + ring.size
        magic, version, header_size, data_size, ring_id, pid, _, _ = ring.header
        assert (magic, version, header_size) == (rc.MAGIC, 1, rc.HEADER)
        assert (data_size, ring_id, pid) == (ring.size, ring.ring_id, ring.pid)


def test_the_memory_is_sealed_before_it_is_handed_over(traced):
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.params("plain.php"))
        traced.ring()
        found = []
        pid = traced.stack.fpm.workers()[0]
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            if "memfd:" in os.readlink(entry):
                fd = os.open(entry, os.O_RDWR)
                found.append(fcntl.fcntl(fd, F_GET_SEALS))
                os.close(fd)
        assert any(seals & 7 == SEAL_SEAL | SEAL_SHRINK | SEAL_GROW for seals in found), found


def test_a_plain_script_is_recorded_with_its_calls_arguments_and_results(traced):
    with traced.stack.fpm.connect() as connection:
        answer = connection.ask(traced.params("plain.php", b"12345"), b"12345")
    process, (request,) = traced.recorded(1)
    assert answer.body == b"Hallo Nr. 0\nHallo Nr. 1\nHallo Nr. 2\nLogicException 7\n5\n"
    assert process["sapi"] == "fpm-fcgi" and process["php"].startswith("8.2.") and process["pid"]
    assert process["mechanism"] == "execute_ex"
    assert request.seq == 1 and request.end == rc.END_DONE
    assert request.body == b"12345" and request.body_end == (5, 5)
    assert request.output == answer.raw and request.output_end == (len(answer.raw), len(answer.raw))
    greetings = [args for name, args in request.enters if name == "greet"]
    assert greetings == [["Nr. 0"], ["Nr. 1"], ["Nr. 2"]]
    assert [value for name, how, value in request.leaves if name == "greet"] == [
        "Hallo Nr. 0", "Hallo Nr. 1", "Hallo Nr. 2"]
    assert {how for name, how, _ in request.leaves if name == "counted"} == {rc.LEAVE_YIELD}
    (thrown,) = request.throws
    assert (thrown["class"], thrown["message"], thrown["code"]) == ("LogicException", "gefangen", 7)
    assert len(request.catches) == 1
    assert not request.lost


def test_a_laravel_request_is_recorded_to_the_byte(traced):
    call = retell.Call()
    call.say("user", "Grüß Gott, Käthe Öttinger-Weiß hier.", 0.1)
    body = call.function_body("check_availability", {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben"})
    with traced.stack.fpm.connect() as connection:
        answer = connection.ask(traced.stack.fcgi_retell(body), body)
    _, (request,) = traced.recorded(1)
    assert json.loads(answer.body)["success"] is True
    assert request.body == body and request.body_end == (len(body), len(body))
    assert request.output == answer.raw
    names = request.names()
    for name in ("App\\Http\\Controllers\\RetellFunctionController::handle",
                 "App\\Services\\RetellFunctionCallHandler::handle",
                 "App\\Services\\RetellFunctionCallHandler::checkAvailability",
                 "App\\Services\\AvailabilityService::check",
                 "App\\Repositories\\AppointmentRepository::isTaken"):
        assert name in names
    files = {f[1]: f[4] for f in traced.frames if f[0] == rc.FUNCTION and f[4]}
    entered = {files[f[2]] for f in traced.frames if f[0] == rc.ENTER and f[2] in files}
    assert entered and all(file.startswith(str(traced.stack.base)) for file in entered), "vendor code is off by default"
    assert dict(request.enters)["App\\Services\\AvailabilityService::check"] == ["2027-03-04", "15:30"]


def test_secrets_never_leave_the_worker(traced):
    body = retell.Call(access_token=retell.ACCESS_TOKEN).function_body(
        "book_appointment", {"customer_name": "A B", "dienstleistung": "Färben", "start": "2027-03-04T16:15:00+01:00"})
    params = traced.stack.fcgi_retell(body)
    params.update(HTTP_AUTHORIZATION="Bearer planted-bearer-1", HTTP_COOKIE="session=planted-cookie-1",
                  HTTP_X_API_KEY="planted-api-key-1")
    with traced.stack.fpm.connect() as connection:
        connection.ask(params, body)
    _, (request,) = traced.recorded(1)
    # The body is passed on unread; what the collector does with it is the collector's to prove.
    told = repr([f for f in request.frames if f[0] not in (rc.BODY, rc.OUTPUT)])
    digest = params["HTTP_X_RETELL_SIGNATURE"].partition("d=")[2]
    for secret in (digest, "planted-bearer-1", "planted-cookie-1", "planted-api-key-1", traced.stack.params["BOOKING_TOKEN"],
                   retell.API_KEY):
        assert secret not in told
    assert request.params["HTTP_AUTHORIZATION"] == "[SECRET_REDACTED]"
    assert request.params["HTTP_X_RETELL_SIGNATURE"].startswith("v=")


def test_the_outbound_call_is_noted_with_its_status(traced):
    traced.stack.booking.plan("unavailable")
    body = retell.Call().function_body(
        "book_appointment_v17", {"customer_name": "A B", "dienstleistung": "Färben", "start": "2027-03-04T16:15:00+01:00"})
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.stack.fcgi_retell(body), body)
    _, (request,) = traced.recorded(1)
    http = [note for note in request.notes if note["kind"] == "http"]
    assert [(n["method"], n["status"]) for n in http] == [("POST", 503)]
    assert "Illuminate\\Http\\Client\\RequestException" in [t["class"] for t in request.throws]
    assert "App\\Services\\RetellFunctionCallHandler::handle" in [name for name, _ in request.catches]


def test_many_requests_on_one_connection_are_as_many_records(traced):
    with traced.stack.fpm.connect() as connection:
        for i in range(20):
            body = b"x" * i
            connection.ask(traced.params("plain.php", body), body)
    _, found = traced.recorded(20)
    assert [r.seq for r in found] == list(range(1, 21))
    assert [len(r.body) for r in found] == list(range(20))


@pytest.mark.parametrize("how", [
    pytest.param({"piece": 1}, id="a byte at a time"),
    pytest.param({"piece": 7}, id="seven bytes at a time"),
    pytest.param({"stdin_size": 1, "pairs_a_record": 1}, id="records of one byte"),
    pytest.param({"stdin_size": 100, "pairs_a_record": 3}, id="small records"),
    pytest.param({}, id="coalesced"),
])
def test_records_may_be_split_anyhow(traced, how):
    body = bytes(range(256)) * 8
    with traced.stack.fpm.connect() as connection:
        answers = [connection.ask(traced.params("plain.php", body), body, **how) for _ in range(2)]
    _, found = traced.recorded(2)
    for answer, request in zip(answers, found):
        assert answer.body.endswith(b"\n2048\n")
        assert request.body == body and request.body_end == (2048, 2048)
        assert request.params["SCRIPT_NAME"] == "/plain.php"
        assert request.output == answer.raw


def test_requests_may_lie_in_one_write(traced):
    both = b"".join(fastcgi.request(traced.params("plain.php", body), body, request_id=1) for body in (b"eins", b"zwei!"))
    with traced.stack.fpm.connect() as connection:
        connection.send(both)
        connection.receive()
        connection.receive()
    _, found = traced.recorded(2)
    assert [r.body for r in found] == [b"eins", b"zwei!"]


def test_a_body_of_a_megabyte_is_recorded_whole(traced):
    body = b'{"x":"' + b"y" * (1 << 20) + b'"}'
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.params("plain.php", body), body)
    _, (request,) = traced.recorded(1)
    assert request.body_end == (len(body), len(body)) and request.body == body


def test_a_request_aborted_by_the_peer_is_recorded_as_aborted(traced):
    params = traced.params("plain.php", b"x" * 1000)
    begun = fastcgi.request(params, b"x" * 1000)[:-16 - 500]
    with traced.stack.fpm.connect() as connection:
        connection.send(begun)
    with traced.stack.fpm.connect() as connection:
        answer = connection.ask(traced.params("plain.php", b"gut"), b"gut")
    _, found = traced.recorded(2)
    assert answer.body.endswith(b"\n3\n")
    assert found[0].end == rc.END_ABORTED and len(found[0].body) < 1000
    assert found[1].end == rc.END_DONE and found[1].body == b"gut"


def test_an_early_answer_is_over_before_the_work_is(traced):
    marker = traced.stack.storage / "marker"
    with traced.stack.fpm.connect() as connection:
        answer = connection.ask(traced.params("finish.php", MARKER=str(marker)))
    _, (request,) = traced.recorded(1)
    assert answer.body == b"early" and marker.read_text() == "done"
    kinds = [f[0] for f in request.frames]
    after = [f for f in request.frames[kinds.index(rc.OUTPUT_END):] if f[0] == rc.ENTER]
    assert after, "what runs after fastcgi_finish_request() is recorded too"


def test_a_fatal_error_leaves_no_call_open(traced):
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.params("fatal.php"))
        connection.ask(traced.params("plain.php"))
    _, found = traced.recorded(2)
    assert any("Allowed memory size" in message for _, message, _, _ in found[0].errors)
    assert {rc.LEAVE_UNWOUND, rc.LEAVE_EXIT} & {how for _, how, _ in found[0].leaves}, "by a long jump or unwound: the engine's choice"
    assert found[1].names().count("greet") == 3


def test_exit_is_told_from_an_exception(traced):
    with traced.stack.fpm.connect() as connection:
        assert connection.ask(traced.params("exits.php")).body == b"bye"
    _, (request,) = traced.recorded(1)
    assert ("leave", rc.LEAVE_EXIT) in {(name, how) for name, how, _ in request.leaves}
    assert not request.throws


def test_a_destructor_on_the_way_catches_nothing_of_others(traced):
    with traced.stack.fpm.connect() as connection:
        assert connection.ask(traced.params("destructors.php")).body == b"caughtcaughtgave up"
    _, (request,) = traced.recorded(1)
    names, by, open_number = iter(request.catches), [], {}
    for frame in request.frames:
        if frame[0] == rc.THROW:
            open_number[frame[2]] = len(by)
            by.append((frame[3]["message"], None))
        elif frame[0] == rc.CATCH:  # the last one of an exception counts
            number = open_number[frame[2]]
            by[number] = (by[number][0], next(names)[0])
    own = ("own", "Resource::close")
    caught = [("outer", "catches"), ("outer", "catches"), ("outer", "retries"), ("outer", "retries")]
    assert own in by and [one for one in by if one != own] == caught


def test_deep_recursion_neither_crashes_nor_unbalances(traced):
    with traced.stack.fpm.connect() as connection:
        assert connection.ask(traced.params("deep.php")).body == b"50000"
    _, (request,) = traced.recorded(1)
    assert request.names().count("down") < 50000 and request.lost, "what is too deep is counted"


def test_children_of_php_write_nothing_into_its_ring(traced):
    with traced.stack.fpm.connect() as connection:
        answer = connection.ask(traced.params("children.php"))
    assert json.loads(answer.body) == [0, True, ["in", "err\n"], 0, "42"]
    _, (request,) = traced.recorded(1)
    assert request.output == answer.raw
    assert len(traced.consumer.rings) == 1


def test_times_lie_within_what_the_client_measured(traced):
    with traced.stack.fpm.connect() as connection:
        before = time.time_ns()
        connection.ask(traced.params("plain.php"))
        after = time.time_ns()
    _, (request,) = traced.recorded(1)
    assert before - 1_000_000 <= request.realtime_ns <= after
    assert 0 < request.duration_ns < 5_000_000_000


def test_an_answer_is_complete_when_the_client_has_it_and_no_later(traced):
    took = []
    with traced.stack.fpm.connect() as connection:
        for _ in range(60):
            before = time.monotonic_ns()
            connection.ask(traced.params("plain.php"))
            took.append(time.monotonic_ns() - before)
    _, found = traced.recorded(60)
    for request, client in zip(found, took):
        ticks = 0
        for frame in request.frames[1:]:
            ticks += frame[1]
            if frame[0] == rc.OUTPUT_END:
                break
        assert ticks * 1_000_000_000 // request.hz <= client


def test_a_ring_is_offered_again_when_the_consumer_went_away(traced):
    with traced.stack.fpm.connect() as connection:
        connection.ask(traced.params("plain.php"))
        first = traced.ring()
        first.connection.close()
        again = []

        def offered():
            connection.ask(traced.params("plain.php"))
            try:
                again.append(traced.consumer.accept(timeout=0.2))
            except TimeoutError:
                pass
            return again

        wait_until(offered, "the ring to be offered again")
    assert again[0].ring_id == first.ring_id
