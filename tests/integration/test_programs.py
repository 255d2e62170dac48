# SPDX-License-Identifier: MIT
"""Programs that are not a php-fpm serving requests run unchanged under the preload."""
import os
import re
import shutil
import subprocess

import pytest

import retell
from harness import AGENT, PHP_FPM, TRACE_DUMP


@pytest.fixture(scope="module")
def swap(tmp_path_factory):
    """The agent and an empty library under one name, so that LD_PRELOAD reads the same in both runs."""
    folder = tmp_path_factory.mktemp("preload")
    source = folder / "empty.c"
    source.write_text("typedef int nothing;\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "empty.so", source], check=True)
    (folder / "fpm.conf").write_text(
        f"[global]\nerror_log = {folder}/fpm.log\n[www]\nuser = www-data\nlisten = {folder}/fpm.sock\n"
        "pm = static\npm.max_children = 1\n")
    (folder / "script.php").write_text("<?php function f($x) { return $x * 2; } echo f(21), PHP_EOL; exit(3);")

    def run(library, argv, stdin=b""):
        shutil.copy(library, folder / "libcalltrace.so")
        env = {**os.environ, "LD_PRELOAD": str(folder / "libcalltrace.so"), "CALLTRACE_SOCKET": str(folder / "none.sock")}
        done = subprocess.run([a.format(folder=folder) for a in argv], input=stdin, capture_output=True, env=env, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def both(argv, stdin=b""):
        return run(folder / "empty.so", argv, stdin), run(AGENT, argv, stdin)

    return both


def masked(result):
    """Without pids, times and what the kernel draws."""
    code, out, err = result
    for pattern in (rb"(?m)^.*REQUEST_TIME.*$", rb"\d\d:\d\d:\d\d", rb"(?m)^(PWD|_|SHLVL)=.*$", rb"pid \d+"):
        out, err = re.sub(pattern, b"-", out), re.sub(pattern, b"-", err)
    return code, out, err


@pytest.mark.parametrize("argv", [
    ["/usr/bin/env"],
    ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"],
    ["/bin/sh", "-c", "cat | tr a-z A-Z; (exit 3) & wait $!; echo $?; kill -TERM $$"],
    ["/bin/bash", "-c", "for i in 1 2 3; do (echo $i); done; exec /bin/false"],
    ["/usr/bin/python3", "-c", "import os, sys, time, socket; time.tzset(); print(sorted(os.environ)); sys.exit(5)"],
    ["/usr/bin/python3", "-c", "import subprocess; print(subprocess.run(['sh', '-c', 'exit 4']).returncode)"],
    ["/usr/bin/php8.2", "-r", "echo 6 * 7, PHP_EOL; fwrite(STDERR, 'e'); exit(9);"],
    ["/usr/bin/php8.2", "{folder}/script.php"],
    ["/usr/bin/php8.2", "-m"],
    ["/usr/bin/php8.2", "-v"],
    ["/usr/bin/php8.2", "-i"],
    ["/usr/bin/php-cgi8.2", "-v"],
    [PHP_FPM, "-v"],
    [PHP_FPM, "-i"],
    [PHP_FPM, "-m"],
    [PHP_FPM, "-t", "-y", "{folder}/fpm.conf"],
    [PHP_FPM, "-y", "/nowhere.conf"],
], ids=lambda argv: " ".join(a.rpartition("/")[2] for a in argv)[:50])
def test_runs_unchanged(swap, argv):
    without, with_agent = swap(argv, b"hallo\n")
    assert masked(with_agent) == masked(without)


def test_the_agent_exports_only_what_it_interposes():
    listed = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", AGENT], capture_output=True, text=True, check=True)
    names = {line.split()[0].split("@")[0] for line in listed.stdout.splitlines()}
    libc = subprocess.run(["nm", "-D", "--defined-only", "--format=posix", "/lib/x86_64-linux-gnu/libc.so.6"],
                          capture_output=True, text=True, check=True)
    known = {line.split()[0].split("@")[0] for line in libc.stdout.splitlines()}
    assert names, "it interposes something"
    assert {n for n in names if n not in known and not n.startswith(("curl_", "_init", "_fini"))} == set()


# trace-dump's exit codes: 0, 1 nothing found, 2 usage, 3 cannot read the store


def test_exit_1_where_nothing_is_found(shared):
    for command in (("timeline", "call_nix"), ("show", "call_nix"), ("functions", "call_nix"), ("tree", "call_nix/1")):
        done = shared.dump.run(*command)
        assert done.returncode == 1 and done.stdout == b"", command
        assert done.stderr, command


def test_exit_2_on_wrong_usage(shared):
    for command in ((), ("no-such-command",), ("timeline", "--no-such-option", "x"), ("--format", "xml", "calls"), ("timeline",)):
        done = shared.dump.run(*command)
        assert done.returncode == 2 and done.stdout == b"" and done.stderr, command


def test_exit_3_where_the_store_cannot_be_read(tmp_path):
    (tmp_path / "data.mdb").write_bytes(b"not a database" * 1000)
    for db in ("/nowhere", tmp_path):
        done = subprocess.run([TRACE_DUMP, "--db", db, "calls"], capture_output=True, timeout=30)
        assert done.returncode == 3 and done.stdout == b"" and done.stderr, db


def test_a_damaged_store_ends_no_command_by_a_signal(shared, tmp_path):
    call = retell.Call()
    shared.function(call, "check_availability", {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben"})
    shared.wait_for_functions(call.call_id, 1)
    whole = (shared.base / "db" / "data.mdb").read_bytes()
    for step in (37, 499, 997, 4099, 20011):
        damaged = bytearray(whole)
        damaged[8192::step] = bytes(b ^ 0xFF for b in damaged[8192::step])
        (tmp_path / "data.mdb").write_bytes(damaged)
        for command in ("calls", "timeline", "show", "functions", "tree", "transcript", "errors", "check"):
            argv = [TRACE_DUMP, "--db", tmp_path, command, *(["@latest"] if command not in ("calls", "errors", "check") else [])]
            done = subprocess.run(argv, capture_output=True, timeout=30)
            assert done.returncode in (0, 1, 3), (step, command, done)


def test_exit_0_and_a_version():
    for option in ("--help", "--version"):
        done = subprocess.run([TRACE_DUMP, option], capture_output=True, timeout=30)
        assert done.returncode == 0 and done.stdout
