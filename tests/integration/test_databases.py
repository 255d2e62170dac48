# SPDX-License-Identifier: MIT
"""What goes to a database or a cache, of real servers: statements with what is bound to them, rows and failures, no password."""
import json
import os

import pytest

import databases
import phps
import ring_consumer as rc
from conftest import php_or_skip
from test_ring import Traced

JIT = {"opcache.jit": "tracing", "opcache.jit_buffer_size": "16M"}


class Servers:
    def __init__(self, base):
        self.password = base / "password"
        self.password.write_text(databases.PASSWORD)
        self.started = []
        try:
            for kind in (databases.MariaDB, databases.PostgreSQL, databases.Redis):
                self.started.append(kind(base / kind.__name__))
        except BaseException:
            self.stop()
            raise
        self.mariadb, self.postgresql, self.redis = self.started

    def stop(self):
        for server in self.started:
            server.stop()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    base = tmp_path_factory.mktemp("databases")
    for folder in (base, *base.parents[:2]):
        os.chmod(folder, 0o755)
    servers = Servers(base)
    try:
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module", params=[("8.2", None), ("8.2", JIT), *((v, None) for v in phps.VERSIONS if v != "8.2")],
                ids=lambda p: p[0] + ("-jit" if p[1] else ""))
def worker(request):
    version, ini = request.param
    traced = Traced("observer = on\n", ini=ini, php=php_or_skip(version).with_all_modules())
    traced.seen = 0
    try:
        yield traced
    finally:
        traced.close()


def ask(worker, servers, script, **query):
    """What the script answers, and the notes of its request."""
    text = "&".join(f"{k}={v}" for k, v in {**query, "password": servers.password}.items())
    with worker.stack.fpm.connect() as connection:
        answer = connection.ask(worker.params(f"outbound/{script}", QUERY_STRING=text))
    worker.seen += 1
    _, found = worker.recorded(worker.seen)
    request = found[-1]
    assert "planted" not in repr([f for f in request.frames if f[0] != rc.OUTPUT])
    assert not request.lost
    return json.loads(answer.body), request.notes


def of(notes, function):
    """What is told of the calls that a function makes itself, without their stack."""
    return [{k: v for k, v in n.items() if k not in ("stack", "kind", "ticks")} for n in notes if n["stack"][0][0] == f"App\\{function}"]


INSERT = "INSERT INTO booking (id, name, at) VALUES (?, ?, ?)"
UPDATE = "UPDATE booking SET at = :at WHERE id = :id"
DOUBLE = "INSERT INTO booking (id) VALUES (1)"

# By driver: its DSN, the code of a table that is not there, of a key that is, and a part of what is said of each
DRIVERS = {
    "mysql": ("mysql:unix_socket={mariadb.socket};dbname=salon", "42S02", "23000", "'salon.nowhere' doesn't exist", "Duplicate entry '1'"),
    "pgsql": ("pgsql:host={postgresql.dir};dbname=postgres", "42P01", "23505", '"nowhere" does not exist', '"booking_pkey"'),
    "sqlite": ("sqlite::memory:", "HY000", "23000", "no such table: nowhere", "unique"),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_pdo(worker, servers, driver):
    dsn, unknown, double, why_unknown, why_double = DRIVERS[driver]
    dsn = dsn.format(**vars(servers))
    answer, notes = ask(worker, servers, "pdo.php", dsn=dsn)
    lite = driver == "sqlite"
    assert answer == [["connected"] if lite else ["PDOException", True], [0, 0, True, True, True, True, True], [True, 1, True, 0],
                      [[1, 2, 3], []], [False, False, double, double], *([] if lite else [[False, False]])]
    assert {n["kind"] for n in notes} == {"db"}
    assert of(notes, "opened") == of(notes, "refused") == [{"dsn": dsn}]
    # a table is dropped and made, a transaction begun, a statement prepared, executed three times, committed
    assert of(notes, "booked")[3:] == [
        {},
        {"sql": INSERT, "rows": 1},  # its parameters are the call's own
        {"sql": INSERT, "rows": 1, "params": {1: 2, 2: "Ömer", 3: None}},
        {"sql": INSERT, "rows": 1, "params": {1: 3, 2: "Ömer", 3: None}},
        {},
    ]
    assert of(notes, "moved")[1:] == [
        {"sql": UPDATE, "rows": 1, "params": {":at": "11:00", ":id": 3}},
        {"sql": UPDATE, "rows": 0, "params": {":at": "12:00", ":id": 99}},
    ]
    assert of(notes, "listed")[0] == ({} if lite else {"rows": 3}), "sqlite does not know before it has read them"
    nowhere, prepared, twice, thrown = of(notes, "failed")
    assert nowhere["failed"] and nowhere["code"] == unknown and why_unknown in nowhere["message"]
    assert twice["failed"] and twice["code"] == double and why_double.lower() in twice["message"].lower() and twice["sql"] == DOUBLE
    assert prepared == {} and thrown == {"sql": DOUBLE}, "the exception tells the rest"
    assert len(of(notes, "Last::__destruct")) == 1


def test_mysqli(worker, servers):
    answer, notes = ask(worker, servers, "mysqli.php", socket=servers.mariadb.socket)
    assert answer == [[False, False], [True, True, True, True, 1], [True, 0, True, True, 2], [True, 1, 2], 1,
                      [False, 1146, False, 1062, 1146], answer[-1]]
    there = {"host": "localhost", "database": "salon", "port": 0}
    assert of(notes, "opened") == [there]
    no = {**there, "failed": True, "code": 1045, "message": "Access denied for user 'salon'@'localhost' (using password: YES)"}
    assert of(notes, "refused") == [no, no]
    insert = "INSERT INTO seat (id, name) VALUES (?, ?)"
    assert of(notes, "booked") == [
        {"rows": 0}, {"rows": 0}, {},
        {"sql": insert, "params": {1: 1, 2: "Käthe"}, "rows": 1},
        {"sql": insert, "params": {1: 2, 2: None}, "rows": 1},
    ]
    assert of(notes, "styled") == [
        {}, {"sql": "UPDATE seat SET name = ? WHERE id > ?", "params": {1: "leer", 2: 90}, "rows": 0},
        {}, {"sql": "SELECT name FROM seat WHERE id = 1"}, {"rows": 2},
    ]
    unknown, prepared, double, thrown = of(notes, "failed")
    assert unknown == {"failed": True, "code": 1146, "message": "Table 'salon.nowhere' doesn't exist"}
    assert (prepared, thrown) == ({}, {})
    assert double == {"sql": "INSERT INTO seat (id) VALUES (1)", "failed": True, "code": 1062,
                      "message": "Duplicate entry '1' for key 'PRIMARY'"}
    assert of(notes, "closed") == [{}]


def test_pgsql(worker, servers):
    answer, notes = ask(worker, servers, "pgsql.php", dir=servers.postgresql.dir)
    assert answer == [False, [True, True, 2, 1, 0, 2], [False, False, True], [True, 1, 2], [False, False]]
    dsn = f"host={servers.postgresql.dir} dbname=postgres user=salon password=[SECRET_REDACTED]"
    opened, refused = of(notes, "opened"), of(notes, "refused")
    assert opened == [{"dsn": dsn}] and refused[0]["dsn"] == dsn
    move = "UPDATE seat SET name = $1 WHERE id > $2"
    assert of(notes, "booked") == [{"rows": 0}, {"rows": 0}, {"rows": 2}, {}, {"sql": move, "rows": 1}, {"sql": move, "rows": 0},
                                   {"rows": 2}]
    unknown, double = of(notes, "failed")
    assert unknown["failed"] and 'relation "nowhere" does not exist' in unknown["message"]
    assert double["failed"] and '"seat_pkey"' in double["message"]
    assert of(notes, "sent") == [{}, {"rows": 1}, {"rows": 1}, {}]
    assert [n["failed"] for n in of(notes, "gone")] == [True, True]


def test_redis(worker, servers):
    answer, notes = ask(worker, servers, "redis.php", socket=servers.redis.socket)
    assert answer == [["not connected", "refused", "not allowed", "not allowed"],
                      [True, "Käthe", False, 1, True, True, 1, {"a": "b"}, 1, 7, "so"], [1, "1", 1, True, 2], [False] * 4, False]
    assert {n["kind"] for n in notes} == {"redis"}
    assert of(notes, "opened") == [{"command": "connect", "host": str(servers.redis.socket)}, {}], "nothing of auth()"
    commands = [(n.get("command"), n.get("key")) for n in of(notes, "kept")]
    assert commands == [("set", "slot:1"), ("get", "slot:1"), ("get", "slot:2"), ("del", "slot:1"),
                        ("set", "password_reset:[SECRET_REDACTED]"), ("get", "password_reset:[SECRET_REDACTED]"),
                        ("hSet", "h"), ("hGetAll", "h"), ("unlink", "h"), ("eval", "return 7"), ("rawcommand", "ECHO")]
    assert [n["command"] for n in of(notes, "piped")] == ["multi", "incr", "get", "del", "exec", "multi", "set", "incr", "exec"]
    kind, again, nothing, number = of(notes, "failed")[1:]
    assert kind == {"command": "lPush", "key": "text", "failed": True,
                    "message": "WRONGTYPE Operation against a key holding the wrong kind of value"}
    assert again == {"command": "lPush", "key": "text"}, "the client keeps its last error: the same again cannot be told apart"
    assert "failed" not in nothing
    assert number["failed"] and number["message"].startswith("ERR value is not an integer")
