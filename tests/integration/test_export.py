# SPDX-License-Identifier: MIT
"""A call that went through the real pipeline, exported: what the files hold is what trace-dump says, field by field."""
import csv
import errno
import io
import json
import os
import re
import resource
import signal
import sqlite3
import stat
import subprocess

import pytest

from harness import Stack, TRACE_DUMP, entries, wait_until
from salon_call import phone_call, speak_at_once

TABLES = {
    "calls": "retell_call_sessions", "events": "retell_call_events", "functions": "retell_function_traces",
    "segments": "retell_transcript_segments", "errors": "retell_error_log",
}
RECORDS = {"session": "calls", "event": "events", "function": "functions", "segment": "segments", "error": "errors"}
JSON_COLUMNS = {"metadata", "completeness", "flow_state", "function_arguments", "function_response", "error_context",
                "input_params", "output_result", "error_details"}
BOOLEANS = {"call_terminated", "booking_failed", "resolved"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
PERSONAL = ("0176 ", "04069012", "kaethe", "Brückentorstraße")


class Exported:
    def __init__(self, stack, folder):
        self.stack, self.dump, self.folder = stack, stack.dump, folder
        self.call, _ = phone_call(stack, speak_at_once)
        self.other, _ = phone_call(stack, speak_at_once)
        stack.http("GET", "/health")
        for call in (self.call, self.other):
            stack.wait_for_call(call.call_id, lambda d: len(entries(d, "function_call")) >= 4
                                and d["call"]["metadata"].get("call_analysis") and d["completeness"]["pending"] == 0)
        wait_until(lambda: stack.dump.json("calls", "--kind", "request"), "the request of no call",
                   diagnostics=stack.diagnostics)
        self.said = self.of_trace_dump()
        self.database = folder / "calls.sqlite"
        done = self.dump.run("export", "--kind", "all", "--to", "sqlite", "-o", self.database)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    def of_trace_dump(self):
        """Every record, as the list commands and timeline have it."""
        said = {"calls": self.dump.json("calls", "--kind", "all")["calls"], "events": [], "functions": [], "segments": [],
                "errors": []}
        for call in said["calls"]:
            timeline = self.dump.json("timeline", call["id"])["timeline"]
            said["events"] += [{k: v for k, v in e.items() if k not in ("offset_ms", "type")} for e in timeline]
            for command, kind in (("functions", "functions"), ("transcript", "segments"), ("errors", "errors")):
                found = self.dump.json(command, call["id"])
                said[kind] += found[kind] if found else []
        return said

    def sql(self, statement, *args):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(statement, args)]

    def shell(self, statement):
        done = subprocess.run(["sqlite3", "-json", self.database, statement], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout) if done.stdout.strip() else []

    def session(self, call):
        return next(c for c in self.said["calls"] if c["call_id"] == call.call_id)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    with Stack() as stack:
        yield Exported(stack, tmp_path_factory.mktemp("export"))


def from_sql(row):
    """A row as the record it was made of."""
    record = {k: v for k, v in row.items() if k != "search_rowid"}
    for key in record.keys() & JSON_COLUMNS:
        record[key] = json.loads(record[key]) if record[key] is not None else None
    for key in record.keys() & BOOLEANS:
        assert record[key] in (0, 1)
        record[key] = bool(record[key])
    return record


def by_id(records):
    found = {r["id"]: r for r in records}
    assert len(found) == len(records)
    return found


@pytest.mark.parametrize("kind", TABLES)
def test_every_field_of_every_record_is_in_the_table(seen, kind):
    rows = [from_sql(row) for row in seen.sql(f"SELECT * FROM {TABLES[kind]}")]
    assert by_id(rows) == by_id(seen.said[kind])
    assert len(rows) >= {"calls": 3, "events": 30, "functions": 8, "segments": 16, "errors": 4}[kind]
    for row in rows:
        for key in row:
            if key.endswith("_at") and row[key] is not None:
                assert TIME.match(row[key])


@pytest.mark.parametrize("kind", TABLES)
def test_the_pipeline_and_the_list_of_fields_agree(seen, kind):
    columns = [c["name"] for c in seen.sql(f"PRAGMA table_info({TABLES[kind]})") if c["name"] != "search_rowid"]
    for record in seen.said[kind]:
        assert record.keys() == set(columns)


def test_json_document(seen):
    done = seen.dump.run("export", "--kind", "all", "--to", "json")
    assert done.returncode == 0
    calls = json.loads(done.stdout)["calls"]
    assert [c["id"] for c in calls] == [c["id"] for c in seen.said["calls"]]
    for kind in ("events", "functions", "segments", "errors"):
        assert [r for c in calls for r in c.pop(kind)] == seen.said[kind]
    assert calls == seen.said["calls"]


def test_ndjson(seen):
    done = seen.dump.run("export", seen.call.call_id, "--to", "ndjson")
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {next(iter(line)) for line in lines} == {"record"}
    session = seen.session(seen.call)["id"]
    for name, kind in RECORDS.items():
        found = [{k: v for k, v in line.items() if k != "record"} for line in lines if line["record"] == name]
        assert found == [r for r in seen.said[kind] if r.get("call_session_id", r["id"]) == session]


@pytest.mark.parametrize("kind", TABLES)
def test_csv(seen, kind):
    done = seen.dump.run("export", "--kind", "all", "--to", "csv", "--table", kind)
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode(), newline="")))
    assert [r["id"] for r in rows] == [r["id"] for r in seen.said[kind]]
    for row, record in zip(rows, seen.said[kind]):
        for key, value in record.items():
            assert row[key] == ("" if value is None else value if isinstance(value, str) else row[key])
            if value is not None and not isinstance(value, str):
                assert json.loads(row[key]) == value
    if kind == "events":
        assert seen.dump.run("export", "--kind", "all", "--to", "csv").stdout == done.stdout


def test_the_four_statements_in_the_sqlite3_shell(seen):
    session = seen.session(seen.call)["id"]
    of_call = {kind: [r for r in seen.said[kind] if r.get("call_session_id") == session] for kind in TABLES}
    latest = seen.shell("SELECT * FROM retell_call_sessions ORDER BY started_at DESC LIMIT 1;")
    assert [from_sql(row) for row in latest] == [max(seen.said["calls"], key=lambda c: c["started_at"])]

    functions = seen.shell(
        "SELECT function_name, execution_sequence, status, duration_ms, input_params, output_result, error_details "
        f"FROM retell_function_traces WHERE call_session_id = '{session}' ORDER BY execution_sequence;")
    assert [from_sql(row) for row in functions] == [
        {k: f[k] for k in functions[0]} for f in of_call["functions"]]
    assert len(functions) == 4

    events = seen.shell(
        "SELECT event_type, occurred_at, call_offset_ms, function_name, transcript_text, transcript_role "
        f"FROM retell_call_events WHERE call_session_id = '{session}' ORDER BY occurred_at;")
    assert events == [{k: e[k] for k in events[0]} for e in of_call["events"]], "in the order of the timeline"

    errors = seen.shell(f"SELECT * FROM retell_error_log WHERE call_session_id = '{session}' ORDER BY occurred_at;")
    assert [from_sql(row) for row in errors] == of_call["errors"]
    assert errors


def test_the_debug_view_is_that_of_show(seen):
    rows = seen.shell("SELECT * FROM retell_call_debug_view")
    assert len(rows) == len(seen.said["calls"])
    for row in rows:
        shown = seen.dump.json("show", row["session_id"])["debug"]
        assert row == shown and list(row) == list(shown)
    assert "critical" in [row["highest_error_severity"] for row in rows], "though it is not the last of the alphabet"


def test_full_text_search(seen):
    def search(words, role="%"):
        return [r["text"] for r in seen.sql(
            "SELECT text FROM retell_transcript_search WHERE retell_transcript_search MATCH ? AND role LIKE ? "
            "ORDER BY rank", words, role)]

    said = [s["text"] for s in seen.said["segments"]]
    wanted = sorted(t for t in said if "Färben" in t)
    assert wanted and sorted(search("färben")) == sorted(search("FARBEN")) == sorted(search("farb*")) == wanted
    assert sorted(search('"Termin ist gebucht"')) == sorted(t for t in said if "Termin ist gebucht" in t) != []
    assert search("farben", "agent") == []
    assert search("quittung") == []
    joined = seen.sql("SELECT s.id, s.role, snippet(retell_transcript_search, 0, '[', ']', '…', 4) AS at "
                      "FROM retell_transcript_search JOIN retell_transcript_segments s "
                      "ON s.search_rowid = retell_transcript_search.rowid WHERE retell_transcript_search MATCH 'farben'")
    assert len(joined) == len(wanted) and all("[Färben]" in row["at"] and row["role"] == "user" for row in joined)


def test_the_database_is_sound(seen):
    assert seen.sql("PRAGMA foreign_key_check") == []
    assert seen.sql("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    for table in TABLES.values():
        for column in seen.sql(f"PRAGMA table_info({table})"):
            if column["name"] in JSON_COLUMNS:
                assert seen.sql(f"SELECT 1 FROM {table} WHERE NOT json_valid({column['name']})"
                                f" AND {column['name']} IS NOT NULL") == []
    with sqlite3.connect(seen.folder / "copy.sqlite") as copy, sqlite3.connect(seen.database) as db:
        db.backup(copy)
        copy.execute("INSERT INTO retell_transcript_search (retell_transcript_search, rank) VALUES ('integrity-check', 1)")
    data = seen.database.read_bytes()
    assert not [word for word in PERSONAL if word.encode() in data]


def test_questions_are_answered_by_an_index(seen):
    def plan(statement):
        return " ".join(row["detail"] for row in seen.sql("EXPLAIN QUERY PLAN " + statement))

    for statement, index in (
            ("sessions ORDER BY started_at DESC LIMIT 1", "started_at"),
            ("sessions WHERE company_id = 'x' ORDER BY started_at DESC", "company_id"),
            ("function_traces WHERE call_session_id = 'x' ORDER BY execution_sequence", "call"),
            ("function_traces WHERE function_name = 'x' ORDER BY started_at", "function_name"),
            ("events WHERE call_session_id = 'x' ORDER BY occurred_at", "call"),
            ("error_log WHERE call_session_id = 'x' ORDER BY occurred_at", "call"),
            ("error_log WHERE resolved = 0 ORDER BY occurred_at DESC LIMIT 50", "resolved"),
            ("error_log WHERE severity = 'critical' ORDER BY occurred_at DESC", "severity")):
        table = next(t for t in TABLES.values() if t.endswith(statement.split()[0]))
        # Of so few rows it would rather sort them than look up their order: that it could is what counts.
        assert f"USING INDEX {table}_{index} " in plan(f"SELECT * FROM {table} " + statement.partition(" ")[2]) + " "


def test_filters_choose_the_calls(seen):
    def exported(*filters):
        done = seen.dump.run("export", "--to", "json", *filters)
        assert done.returncode in (0, 1)
        calls = [c["call_id"] for c in json.loads(done.stdout)["calls"]]
        assert (done.returncode == 1) == (calls == [])
        return calls

    both = [seen.other.call_id, seen.call.call_id]
    assert exported() == exported("--company", "salon-schoenwald", "--with-errors") == both
    assert exported("--limit", "1") == both[:1]
    assert exported("--until", seen.session(seen.other)["started_at"]) == both[1:]
    assert exported("--since", seen.session(seen.other)["started_at"]) == both[:1]
    assert exported("--customer", "K-10442", "--status", "completed") == both
    assert exported("--status", "failed") == exported("--company", "nobody") == []
    assert exported("--kind", "request") == [None]


# Where it is written

def export(seen, *args, **more):
    return seen.dump.run("export", *args, **more)


def test_the_file_is_its_owners_and_replaces_another(seen, tmp_path):
    path = tmp_path / "calls.json"
    path.write_text("old")
    path.chmod(0o644)
    assert export(seen, "--to", "json", "-o", path).returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(json.loads(path.read_text())["calls"]) == 2
    assert os.listdir(tmp_path) == ["calls.json"]


@pytest.mark.parametrize("to", ["json", "sqlite"])
def test_what_is_no_file_is_not_replaced(seen, tmp_path, to):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "pipe"):
        before = (tmp_path / name).lstat().st_ino
        done = export(seen, "--to", to, "-o", tmp_path / name)
        assert done.returncode == 3 and b"no regular file" in done.stderr, name
        assert (tmp_path / name).lstat().st_ino == before
    assert export(seen, "--to", to, "-o", f"{tmp_path}/").returncode == 3
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "pipe"]


@pytest.mark.parametrize("to", ["json", "ndjson", "csv", "sqlite"])
def test_a_disk_that_is_full_leaves_what_was_there(seen, tmp_path, to):
    path = tmp_path / "calls"
    path.write_text("old")
    done = export(seen, "--to", to, "-o", path,
                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)))
    assert done.returncode == 3 and f"cannot write {path}: ".encode() in done.stderr
    assert to == "sqlite" or os.strerror(errno.EFBIG).encode() in done.stderr
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["calls"]


def test_a_folder_that_is_not_there(seen, tmp_path):
    for to in ("json", "sqlite"):
        done = export(seen, "--to", to, "-o", tmp_path / "none" / "calls")
        assert done.returncode == 3 and b"No such file or directory" in done.stderr


def test_a_reader_that_goes_away(seen):
    """Nothing is said of a closed pipe, and nobody waits."""
    for restore, status in ((True, -signal.SIGPIPE), (False, 3)):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([TRACE_DUMP, "--db", seen.dump.db, "export", "--to", "ndjson"], stdout=write,
                              stderr=subprocess.PIPE, restore_signals=restore, timeout=60)
        os.close(write)
        assert (done.returncode, done.stderr) == (status, b"")


def test_a_signal_leaves_no_partial_file(seen, tmp_path):
    """It may come when all is done: then the whole file is there."""
    for attempt in range(20):
        path = tmp_path / f"{attempt}.sqlite"
        process = subprocess.Popen([TRACE_DUMP, "--db", seen.dump.db, "export", "--to", "sqlite", "-o", path],
                                   stderr=subprocess.DEVNULL)
        while not os.listdir(tmp_path) and process.poll() is None:
            pass
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        if process.returncode == 0:
            assert sqlite3.connect(path).execute("SELECT count(*) FROM retell_call_sessions").fetchone() == (2,)
            path.unlink()
        else:
            assert process.returncode == -signal.SIGTERM
        assert os.listdir(tmp_path) == []
