# SPDX-License-Identifier: MIT
"""./dev bench store: how large a store is and how fast it answers, beside SQLite with the same records and its indices.

Traffic is what a real worker recorded of the Laravel application's call, said anew with other contents, through rings,
producers and writer. Every question is asked as a whole process, trace-dump and sqlite3 in turn; figures are medians.
"""
import argparse
import json
import os
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import record
from harness import BUILD, TRACE_DUMP

GENERATE = BUILD / "tests" / "bench" / "bench-generate"
ROUNDS = 9
TREES = ("trees", "packs", "packed", "codes", "shapes", "patterns")

STATS = """
WITH ranked AS (
  SELECT function_name, status, duration_ms,
         row_number() OVER (PARTITION BY function_name ORDER BY duration_ms) AS rank,
         count(duration_ms) OVER (PARTITION BY function_name) AS n
  FROM retell_function_traces)
SELECT function_name, count(*), sum(status = 'error'), sum(status = 'timeout'), sum(duration_ms), avg(duration_ms),
       min(duration_ms), max(duration_ms),
       max(CASE WHEN rank = (n * 50 + 99) / 100 THEN duration_ms END),
       max(CASE WHEN rank = (n * 95 + 99) / 100 THEN duration_ms END),
       max(CASE WHEN rank = (n * 99 + 99) / 100 THEN duration_ms END)
FROM ranked GROUP BY function_name ORDER BY count(*) DESC"""


def fts(text):
    return f"""SELECT s.*, c.call_id FROM retell_transcript_search f JOIN retell_transcript_segments s ON s.search_rowid = f.rowid
JOIN retell_call_sessions c ON c.id = s.call_session_id
WHERE retell_transcript_search MATCH '{text}' ORDER BY s.occurred_at DESC LIMIT 50"""


def questions(call_id):
    """What is asked: of trace-dump, and in SQL."""
    session = f"(SELECT id FROM retell_call_sessions WHERE call_id = '{call_id}')"
    return (
        ("timeline CALL", ("timeline", call_id),
         f"SELECT * FROM retell_call_sessions WHERE call_id = '{call_id}';"
         f"SELECT * FROM retell_call_events WHERE call_session_id = {session} ORDER BY occurred_at;"
         f"SELECT * FROM retell_function_traces WHERE call_session_id = {session} ORDER BY execution_sequence;"
         f"SELECT * FROM retell_error_log WHERE call_session_id = {session} ORDER BY occurred_at"),
        ("calls --limit 50", ("calls", "--limit", "50"),
         "SELECT * FROM retell_call_sessions ORDER BY started_at DESC LIMIT 50"),
        ("errors --unresolved --limit 50", ("errors", "--unresolved", "--limit", "50"),
         "SELECT * FROM retell_error_log WHERE resolved = 0 ORDER BY occurred_at DESC LIMIT 50"),
        ("search, a word of every call", ("search", "Salon", "--limit", "50"), fts("salon")),
        ("search, two words", ("search", "Kopfmassage Gutscheine", "--limit", "50"), fts("kopfmassage gutscheine")),
        ("search, a phrase", ("search", '"Parkplatz hinter dem Haus"', "--limit", "50"),
         fts('"parkplatz hinter dem haus"')),
        ("search, a rare word", ("search", "Sieglinde", "--limit", "50"), fts("sieglinde")),
        ("stats --by function", ("stats", "--by", "function"), STATS),
    )


def run(command):
    started = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        sys.exit(f"{shlex.join(map(str, command))}: {done.stderr.decode()}")
    return seconds * 1000


def measure(db, sql, call_id):
    """Milliseconds by question: of trace-dump, of sqlite3."""
    found = {}
    for _ in range(ROUNDS):
        for name, words, query in questions(call_id):
            ours, theirs = found.setdefault(name, ([], []))
            ours.append(run([TRACE_DUMP, "--db", db, *words]))
            theirs.append(run(["sqlite3", "-readonly", sql, query]))
    return {name: tuple(statistics.median(ms) for ms in both) for name, both in found.items()}


def generate(recording, db, calls, php_calls, first):
    done = subprocess.run([GENERATE, recording, db, str(calls), str(php_calls), str(first)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def report_size(db, totals):
    check = json.loads(subprocess.run([TRACE_DUMP, "--db", db, "--format", "json", "check"], capture_output=True).stdout)
    if check["problems"]:
        sys.exit(f"the store has problems: {check['problems'][:5]}")
    tables = check["table_bytes"]
    file = os.path.getsize(Path(db) / "data.mdb")
    trees = sum(tables.get(name, 0) for name in TREES)
    calls, php = totals["calls"], totals["php_calls"]
    print(f"\n{calls} calls, {totals['requests']} requests, {php} PHP calls; {totals['frame_bytes'] / 1e9:.2f} GB of frames")
    print(f"  file                       {file / 1e6:12.1f} MB   {file / calls:9.0f} bytes a call")
    print(f"  free in it                 {check['free_bytes'] / 1e6:12.1f} MB")
    for name, size in sorted(tables.items(), key=lambda item: -item[1]):
        if size >= 1 << 20:
            print(f"  {name:<26} {size / 1e6:12.1f} MB   {size / calls:9.0f} bytes a call")
    print(f"  PHP calls ({' + '.join(n for n in TREES if n in tables)})  {trees / php:.2f} bytes a PHP call")
    return file


def export(db, sql):
    started = time.perf_counter()
    subprocess.run([TRACE_DUMP, "--db", db, "export", "--to", "sqlite", "-o", sql], check=True)
    return time.perf_counter() - started


def report_times(figures):
    print(f"\n{'median of ' + str(ROUNDS) + ', ms, whole processes':36}" + "".join(
        f"{f'{calls} calls':>24}" for calls in figures))
    print(f"{'':36}" + f"{'trace-dump':>12}{'sqlite3':>12}" * len(figures))
    for name in next(iter(figures.values())):
        row = [figures[calls][name] for calls in figures]
        print(f"{name:36}" + "".join(f"{ours:12.1f}{theirs:12.1f}" for ours, theirs in row) + f"   ×{row[-1][0] / row[-1][1]:.2f}")


def main(argv):
    parser = argparse.ArgumentParser(prog="./dev bench store", description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="calls in the largest of three stores (100000)")
    parser.add_argument("--php-calls", type=int, default=100, help="PHP calls of a call (100)")
    parser.add_argument("--dir", help="where to make the store, and leave it there (a temporary directory)")
    options = parser.parse_args(argv)
    base = Path(options.dir or tempfile.mkdtemp(prefix="calltrace-bench-", dir="/var/tmp"))
    try:
        base.mkdir(exist_ok=True)
        bench(base, options)
    finally:
        if not options.dir:
            shutil.rmtree(base, ignore_errors=True)


def bench(base, options):
    recording, db = base / "recording", base / "db"
    print("recording the Laravel application's call from php-fpm", file=sys.stderr, flush=True)
    record.record(recording)
    totals = {"calls": 0, "requests": 0, "php_calls": 0, "frame_bytes": 0}
    figures = {}
    for size in (options.calls // 100, options.calls // 10, options.calls):
        more = size - totals["calls"]
        if more <= 0:
            continue
        for name, n in generate(recording, db, more, more * options.php_calls, totals["calls"]).items():
            totals[name] += n
        report_size(db, totals)
        sql = base / "export.sqlite"
        seconds = export(db, sql)
        print(f"  export --to sqlite         {sql.stat().st_size / 1e6:12.1f} MB   in {seconds:.1f} s")
        connection = sqlite3.connect(f"file:{sql}?mode=ro", uri=True)
        ((call_id,),) = connection.execute("SELECT call_id FROM retell_call_sessions ORDER BY started_at LIMIT 1 OFFSET ?", (size // 2,))
        connection.close()
        figures[size] = measure(db, sql, call_id)
        sql.unlink()
        sys.stdout.flush()
    report_times(figures)
