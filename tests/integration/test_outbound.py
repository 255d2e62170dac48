# SPDX-License-Identifier: MIT
"""What goes out of PHP: told with what identifies it, what came of it and the calls that led there, and nothing secret."""
import json
import socket

import pytest

import ring_consumer as rc
from test_ring import Traced

CLIENT = """<?php
namespace Vendor;
class Client {
    public function send(string $method, string $url, string $body) { return $this->perform($method, $url, $body); }
    private function perform(string $method, string $url, string $body) {
        $h = curl_init($url);
        curl_setopt_array($h, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_POSTFIELDS => $body, CURLOPT_RETURNTRANSFER => true,
                               CURLOPT_USERPWD => 'user:planted-0', CURLOPT_HTTPHEADER => ['Authorization: Bearer planted-0']]);
        return curl_exec($h);
    }
}
"""
JIT = {"opcache.jit": "tracing", "opcache.jit_buffer_size": "16M"}


def start(**options):
    traced = Traced(**options)
    vendor = traced.stack.base / "php" / "outbound" / "vendor"
    vendor.mkdir()
    (vendor / "client.php").write_text(CLIENT)
    return traced


@pytest.fixture(scope="module", params=[None, JIT], ids=["hook", "observer"])
def worker(request):
    traced = start(ini={**(request.param or {}), "sendmail_path": "grep -q kaethe"})
    traced.seen = 0
    try:
        yield traced
    finally:
        traced.close()


def ask(worker, script, **query):
    """What the script answers, and its request."""
    text = "&".join(f"{k}={v}" for k, v in query.items())
    with worker.stack.fpm.connect() as connection:
        answer = connection.ask(worker.params(f"outbound/{script}", QUERY_STRING=text))
    worker.seen += 1
    _, found = worker.recorded(worker.seen)
    request = found[-1]
    assert "planted" not in repr([f for f in request.frames if f[0] != rc.OUTPUT])
    assert not request.lost
    return json.loads(answer.body), request


@pytest.fixture(scope="module")
def nobody():
    """An address where nobody listens, as long as this does."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def of(request, path):
    """The notes of a URL that ends so."""
    return [n for n in request.notes if n.get("url", "").partition("?")[0].endswith(path)]


def lines(note):
    return [s[0] for s in note["stack"]]


@pytest.fixture(scope="module")
def http(worker, nobody):
    url = worker.stack.booking.url
    answer, request = ask(worker, "http.php", url=url, away=nobody)
    assert answer == [True, [False, 7, answer[1][2]], "from a callback", [0, 0, 7], "{\"",
                      [True, True, True, False, True], [True, 0, False, 111]]
    return url, request, answer


def test_a_curl_call_is_told_with_what_came_of_it(http):
    url, request, _ = http
    (easy,) = of(request, "/easy")
    assert (easy["kind"], easy["method"], easy["status"], easy["error"]) == ("http", "DELETE", 200, 0)
    assert easy["url"] == f"{url}/easy?token=[SECRET_REDACTED]&page=2"
    assert easy["sent_bytes"] == 3 and easy["received_bytes"] > 10
    assert 0 < easy["connect_us"] <= easy["first_byte_us"] <= easy["total_us"]


def test_the_vendors_calls_between_are_named(http):
    _, request, _ = http
    (easy,) = of(request, "/easy")
    assert lines(easy) == ["Vendor\\Client::perform", "Vendor\\Client::send", "App\\easy"]
    assert easy["stack"][2][1] == 13
    (refused,) = of(request, "/refused")
    assert lines(refused) == ["App\\refused"]
    assert "Vendor\\Client::perform" not in request.names()


def test_a_curl_failure_is_told_as_curl_tells_it(http):
    _, request, answer = http
    (refused,) = of(request, "/refused")
    assert (refused["error"], refused["message"], refused["status"]) == (7, answer[1][2], 0)


def test_an_exception_from_a_callback_leaves_the_call(http):
    _, request, _ = http
    (thrown,) = of(request, "/thrown")
    assert "status" not in thrown
    assert [how for name, how, _ in request.leaves if name == "curl_exec"] == [0, 0, 1]
    assert [t["message"] for t in request.throws] == ["from a callback"]


def test_transfers_of_a_multi_handle_are_told_apart(http):
    url, request, _ = http
    one, two, three, four = (of(request, path)[0] for path in ("/one", "/two", "/three", "/forgotten"))
    assert [n["id"] for n in (one, two, three, four)] == [1, 2, 3, 4]
    assert [n.get("error") for n in (one, two, three)] == [0, 7, 0]
    assert [n["status"] for n in (one, two, three, four)] == [200, 0, 200, 200]
    assert all(n["total_us"] > 0 for n in (one, three, four))
    assert lines(one) == ["App\\several"] and lines(four) == ["App\\forgotten"]


def test_streams_are_told_with_their_status(http):
    url, request, _ = http
    (sent,), (opened,), (away,) = (of(request, path) for path in ("/stream", "/opened", "/away"))
    assert (sent["kind"], sent["method"], sent["status"]) == ("http", "POST", 200)
    assert sent["url"] == f"{url}/stream"
    assert (opened["method"], opened["status"]) == ("GET", 200)
    assert opened["url"].endswith("?api_key=[SECRET_REDACTED]")
    assert away["failed"] and away["message"].endswith("Connection refused")
    assert request.names().count("file_get_contents") == 2, "a plain file goes nowhere"


def test_sockets_are_told_with_why_they_did_not_connect(http, nobody):
    _, request, _ = http
    there, away = [n for n in request.notes if n["kind"] == "socket"]
    assert there["url"] == "127.0.0.1" and there["port"] > 0 and "failed" not in there
    assert away["url"] == nobody.replace("http", "tcp") and away["failed"]
    assert (away["code"], away["message"]) == (111, "Connection refused")


def test_programs_and_mail_are_told_without_their_secrets(worker):
    answer, request = ask(worker, "programs.php")
    assert answer == [[["one"], 3, None, 0, 0, "so", ""], ["piped\n", 0, 5], [True, False],
                      "exec(): Argument #1 ($command) cannot be empty"]
    programs, mails = ([n for n in request.notes if n["kind"] == kind] for kind in ("process", "mail"))
    assert [(n["command"], n.get("exit_status")) for n in programs] == [
        ("echo one; exit 3", 3),
        ("MYSQL_PWD=[SECRET_REDACTED] true --password=[SECRET_REDACTED] -p x", 0),
        ("printf so", 0), ("true", None), ("false", None), ("echo piped", None),
        (["sh", "-c", "exit 5", "--api-key", "[SECRET_REDACTED]", "--token=[SECRET_REDACTED]"], None), ("", None)]
    assert [n.get("failed") for n in mails] == [None, True]
    assert [lines(n) for n in mails] == [["App\\mailed"]] * 2
    sent = [f[3] for f in request.frames if f[0] == rc.ENTER and len(f) > 3 and f[3]]
    assert [args[:2] for args in sent] == [["kaethe@example.org", "Ihr Termin"], ["jens@example.org", "Ihr Termin"]]
    assert {word for args in sent for word in args[2:]} == {"[SECRET_REDACTED]"}, "what it says goes to nobody else"
