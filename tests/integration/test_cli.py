# SPDX-License-Identifier: MIT
"""php-cli: a run is one session of its own kind where the agent is asked for it, and is nothing where it is not."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

import ring_consumer as rc
from harness import AGENT, REPO, Collector, Dump, tail, wait_until

PHP = "/usr/bin/php8.2"
SCRIPT = Path(__file__).parent / "php" / "cli.php"
ASKED = "sapis = fpm-fcgi cli\n"


class Shell:
    """Runs php-cli as a user would, under the agent or not."""

    def __init__(self, settings=ASKED, collector=True):
        self.base = Path(tempfile.mkdtemp(prefix="calltrace-cli-"))
        self.base.chmod(0o755)
        self.app = self.base / "app"
        self.storage = self.base / "storage"
        shutil.copy(AGENT, self.base / "libcalltrace.so")
        shutil.copytree(REPO / "tests" / "apps" / "laravel", self.app)
        for folder in ("cache", "views", "app"):
            (self.storage / folder).mkdir(parents=True)
        self.configure(settings)
        self.collector = Collector(self.base)
        self.dump = Dump(self.base / "db")
        if collector:
            self.collector.start()

    def configure(self, settings):
        (self.base / "agent.conf").write_text(settings)

    def env(self, preload=True, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("CALLTRACE") and k != "LD_PRELOAD"}
        env["APP_STORAGE"] = str(self.storage)
        if preload:
            env.update(LD_PRELOAD=str(self.base / "libcalltrace.so"), CALLTRACE_CONFIG=str(self.base / "agent.conf"),
                       CALLTRACE_SOCKET=str(self.collector.socket))
        return {**env, **more}

    def php(self, *argv, stdin=b"", preload=True, cwd=None, env=None):
        """What can be seen of a run from outside."""
        done = subprocess.run([PHP, *map(str, argv)], input=stdin, capture_output=True, timeout=60, cwd=cwd,
                              env=self.env(preload, **(env or {})))
        return done.returncode, done.stdout, done.stderr

    def start(self, *argv):
        return subprocess.Popen([PHP, *map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, env=self.env())

    def same(self, *argv, **more):
        """Runs it without and with the agent, which must make no difference; the one of them that is traced is returned."""
        without, traced = self.php(*argv, preload=False, **more), self.php(*argv, **more)
        assert traced == without
        return traced

    def sessions(self):
        document = self.dump.json("calls", "--kind", "request", "--limit", "1000")
        return list(reversed(document["calls"])) if document else []

    def wait_for(self, count, running=False):
        """The sessions, in order of time, once there are that many and all are over, or all are not."""
        def look():
            found = self.sessions()
            return len(found) >= count and all((s["call_status"] == "in_progress") == running for s in found) and found

        found = wait_until(look, f"{count} runs", diagnostics=self.diagnostics)
        assert len(found) == count
        return found

    def tree(self, session):
        return self.dump.json("tree", session["id"])["calls"]

    def names(self, session):
        return [f"{c['class']}::{c['function']}" if c["class"] else c["function"] for c in self.tree(session)]

    def diagnostics(self):
        return f"{json.dumps(self.sessions())[:4000]}\n{tail(self.collector.log)}"

    def close(self):
        self.collector.stop()
        shutil.rmtree(self.base, ignore_errors=True)


@pytest.fixture
def shell():
    shell = Shell()
    try:
        yield shell
    finally:
        shell.close()


@pytest.fixture
def default():
    """As it is when nobody asked for php-cli."""
    shell = Shell(settings="")
    try:
        yield shell
    finally:
        shell.close()


def test_a_plain_script_is_a_session_with_its_tree(shell):
    code, out, _ = shell.same(SCRIPT, "rechnen", "zwei Worte")
    assert (code, out) == (0, b"halb 2\nungerade: 5\n")
    (session,) = shell.wait_for(1)
    assert (session["kind"], session["call_id"], session["call_status"]) == ("request", None, "completed")
    metadata = session["metadata"]
    assert (metadata["method"], metadata["path"], metadata["argv"]) == ("CLI", str(SCRIPT), ["rechnen", "zwei Worte"])
    assert (metadata["exit_status"], metadata["status"]) == (0, None)
    assert session["error_count"] == 0 and session["completeness"]["complete"]
    assert session["ended_at"] and session["duration_ms"] > 0
    calls = {(c["function"], json.dumps(c["args"])): c for c in shell.tree(session)}
    assert calls[("halbiert", '{"n": 4}')]["result"] == "halb 2"
    assert calls[("halbiere", '{"n": 5}')]["exception"]["message"] == "ungerade: 5"
    assert calls[("halbiere", '{"n": 5}')]["exception"]["caught"]["function"] == "halbiert"


def test_exit_statuses_uncaught_exceptions_and_fatal_errors(shell):
    assert shell.same(SCRIPT, "verlassen")[0] == 7
    assert shell.same(SCRIPT, "werfen")[0] == 255
    assert shell.same(SCRIPT, "fatal")[0] == 255
    broken = shell.base / "kaputt.php"
    broken.write_text("<?php function ( {")
    assert shell.same(broken)[0] == 255
    left, thrown, fatal, unparsable = shell.wait_for(4)
    assert [s["metadata"]["exit_status"] for s in (left, thrown, fatal, unparsable)] == [7, 255, 255, 255]
    assert {s["call_status"] for s in (left, thrown, fatal, unparsable)} == {"failed"}
    assert next(c for c in shell.tree(left) if c["function"] == "verlaesst")["left"] == "exit"
    assert shell.tree(unparsable) == []

    def error(session):
        (found,) = shell.dump.json("errors", session["id"])["errors"]
        return found["error_code"], found["error_message"]

    assert error(left) == ("EXIT_7", "exit status 7")
    assert error(thrown)[0] == "PHP_FATAL" and "nicht gefangen" in error(thrown)[1]
    assert "gibt_es_nicht" in error(fatal)[1]
    assert error(unparsable)[0] == "PHP_FATAL" and "syntax error" in error(unparsable)[1]


def test_secrets_of_the_command_line_never_leave_the_process():
    shell = Shell(collector=False)
    try:
        consumer = rc.Consumer(shell.collector.socket)
        shell.same(SCRIPT, "--passwort=planted-1", "--token", "planted-2", "geheim", "DB_PASSWORD=planted-3",
                   "mysql://root:planted-4@db/x?token=planted-5", "Authorization: Bearer planted-6",
                   '{"api_key":"planted-7","a":1}')
        frames = consumer.accept().read()
        consumer.close()
        assert b"planted" not in repr(frames).encode()
        (run,) = [f for f in frames if f[0] == rc.RUN]
        assert run[2]["argv"] == [
            str(SCRIPT), "--passwort=[SECRET_REDACTED]", "--token", "[SECRET_REDACTED]", "geheim",
            "DB_PASSWORD=[SECRET_REDACTED]", "mysql://[SECRET_REDACTED]@db/x?token=[SECRET_REDACTED]",
            "Authorization: [SECRET_REDACTED]", '{"api_key":[SECRET_REDACTED]']
        (verbinde,) = [args for _, (request,) in [rc.requests(frames)] for name, args in request.enters if name == "verbinde"]
        assert verbinde[0][1:4] == ["[SECRET_REDACTED]", "--token", "[SECRET_REDACTED]"]
    finally:
        shell.close()


def test_an_artisan_command_reads_as_it_was_typed(shell):
    shell.php("artisan", "list", cwd=shell.app, preload=False)  # the caches and the database are made by it
    argv = ("artisan", "salon:remind", "2027-03-04", "--email=kaethe@example.com", "--api-token", "planted-token")
    code, out, _ = shell.same(*argv, cwd=shell.app)
    assert code == 0 and b"2 Termine" in out
    assert shell.same("artisan", "salon:remind", "2028-03-04", cwd=shell.app)[0] == 4
    assert shell.same("artisan", "salon:remind", "nix", cwd=shell.app)[0] == 1
    done, empty, refused = shell.wait_for(3)
    assert done["metadata"]["argv"] == ["salon:remind", "2027-03-04", "--email=[EMAIL_REDACTED]", "--api-token",
                                        "[SECRET_REDACTED]"]
    assert [s["metadata"]["exit_status"] for s in (done, empty, refused)] == [0, 4, 1]
    assert "App\\Repositories\\AppointmentRepository::takenOn" in shell.names(done)
    assert done["metadata"]["summary"]["db_query_count"] >= 1
    (error,) = shell.dump.json("errors", refused["id"])["errors"]
    assert error["error_message"] == "Kein Datum: nix"
    raw = shell.dump.raw()
    assert b"kaethe@example" not in raw and b"planted-token" not in raw

    text = shell.dump.text("calls", "--kind", "request")
    assert "CLI artisan salon:remind 2028-03-04 → exit 4" in shell.dump.text("--width", "160", "calls", "--kind", "request")
    assert "CLI artisan salon" in text
    tree = shell.dump.text("--width", "160", "tree", refused["id"])
    assert tree.startswith("CLI artisan salon:remind nix → exit 1\n") and "RemindCustomer::handle" in tree


def test_a_command_that_starts_commands_is_seen_with_them(shell):
    shell.php("artisan", "list", cwd=shell.app, preload=False)
    assert shell.php("artisan", "schedule:run", cwd=shell.app)[0] == 0
    runs = shell.wait_for(2)
    assert sorted(s["metadata"]["argv"][0] for s in runs) == ["salon:remind", "schedule:run"]


def test_a_run_that_is_killed_is_cut_off_where_it_was(shell):
    process = shell.start(SCRIPT, "warten")
    assert process.stdout.readline() == b"bereit\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    (session,) = shell.wait_for(1)
    assert session["call_status"] == "failed" and session["metadata"]["exit_status"] is None
    assert session["completeness"]["cut_off"] == 1
    assert [(c["function"], c["left"]) for c in shell.tree(session)] == [("{main}", "open"), ("wartet", "open")]
    (error,) = shell.dump.json("errors", session["id"])["errors"]
    assert error["error_code"] == "WORKER_DIED" and "wartet" in error["error_message"]
    assert "cut off" in shell.dump.text("tree", session["id"])


def test_a_forked_child_is_a_run_of_its_own(shell):
    code, out, _ = shell.same(SCRIPT, "teilen")
    assert (code, out) == (0, b"Kind\n5\n")
    by_status = {s["metadata"]["exit_status"]: s for s in shell.wait_for(2)}
    assert shell.names(by_status[0]) == ["{main}", "teilt", "halbiert", "Rechner::halbiere"]
    assert shell.names(by_status[5]) == ["halbiert", "Rechner::halbiere"]
    assert [c["args"] for c in shell.tree(by_status[5])][0] == {"n": 8}
    assert all(s["completeness"]["complete"] for s in by_status.values())
    assert by_status[5]["metadata"]["argv"] == ["teilen"] and by_status[5]["started_at"] > by_status[0]["started_at"]


def test_a_child_that_calls_nothing_is_a_run_all_the_same(shell):
    assert shell.same(SCRIPT, "stilles-kind")[1] == b"6\n"
    by_status = {s["metadata"]["exit_status"]: s for s in shell.wait_for(2)}
    assert shell.tree(by_status[6]) == []


UNCHANGED = [
    ("-v",), ("-m",), ("-i",), ("--ini",), ("-l", SCRIPT), ("-w", SCRIPT), ("-r", "echo 6 * 7; exit(9);"),
    ("-r", "throw new Exception('e');"), (SCRIPT, "rechnen"), (SCRIPT, "fatal"), (SCRIPT, "verlassen"), (SCRIPT, "errno"),
    (SCRIPT, "teilen"), ("/nowhere.php",), ("-n", SCRIPT), ("-d", "memory_limit=1K", "-r", "echo 1;"), ("--no-such-option",),
    ("-r", "function f($n) { return $n ? 1 + f($n - 1) : 0; } echo f(200000);"), (SCRIPT, "signale"), (SCRIPT, "speicher"),
    ("-a",), (SCRIPT, "kinder"),
    ("-S", "no-such-host.invalid:1"), ("-B", "$x = 1;", "-R", "$x++;", "-E", "echo $x;"),
]


def masked(result):
    code, out, err = result
    lines = [line for line in out.splitlines() if not line.startswith((b"REQUEST_TIME", b"$_SERVER['REQUEST_TIME",
             b"LD_PRELOAD", b"CALLTRACE", b"$_SERVER['LD_PRELOAD", b"$_SERVER['CALLTRACE"))]
    # the time in front of what the web server of php-cli says
    return code, lines, re.sub(rb"(?m)^\[\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}\] ", b"", err)


@pytest.mark.parametrize("argv", UNCHANGED, ids=lambda argv: " ".join(str(a).rpartition("/")[2] for a in argv)[:40])
@pytest.mark.parametrize("settings", ["", ASKED, ASKED + "log = yes\n"], ids=["inert", "traced", "traced, log"])
def test_nothing_changes(shell_without_collector, settings, argv):
    shell = shell_without_collector
    shell.configure(settings)
    assert masked(shell.php(*argv, stdin=b"a\nb\n")) == masked(shell.php(*argv, stdin=b"a\nb\n", preload=False))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_standard_descriptors_stay_closed(shell, closed):
    script = shell.base / "fd.php"
    script.write_text("""<?php
        function f() { return 1; }
        f();
        echo "hallo\\n";
        $found = array_map(fn ($n) => @readlink("/proc/self/fd/$n"), [0, 1, 2]);
        file_put_contents($argv[1], json_encode([$found, @fread(STDIN, 5), @fwrite(STDERR, "e\\n")]));
        exit(3);""")

    def seen(preload):
        told = shell.base / "gesehen"
        told.unlink(missing_ok=True)
        with open(shell.base / "ausgabe", "w+b") as out:
            done = subprocess.run(["/bin/sh", "-c", f"{PHP} {script} {told} {closed}"], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=out, env=shell.env(preload), timeout=60)
            out.seek(0)
            return done.returncode, out.read(), told.read_text() if told.exists() else None

    assert seen(True) == seen(False)
    assert len(shell.wait_for(1)) == 1


@pytest.mark.parametrize("jit", ("tracing", "function"))
def test_with_the_jit_in_use_a_run_is_traced(shell, jit):
    fib = "function fib($n) { return $n < 2 ? $n : fib($n - 1) + fib($n - 2); } echo fib(5), opcache_get_status()['jit']['on'];"
    assert shell.same("-d", "opcache.enable_cli=1", "-d", "opcache.jit_buffer_size=16M", "-d", f"opcache.jit={jit}", "-r", fib)[1] == b"51"
    (session,) = shell.wait_for(1)
    assert shell.names(session) == ["{main}"] + 15 * ["fib"]


def test_with_the_jit_asked_for_and_opcache_off_a_run_is_traced(shell):
    assert shell.same("-d", "opcache.jit_buffer_size=16M", "-d", "opcache.jit=tracing", SCRIPT, "verlassen")[0] == 7
    (session,) = shell.wait_for(1)  # opcache, and with it the JIT, is off in php-cli unless it is told to be on
    assert session["metadata"]["exit_status"] == 7


def test_a_run_with_opcache_and_preloading_is_traced(shell):
    (shell.base / "vorab.php").write_text("<?php function vorab() { return 'v'; } class Vorab { function m() { return 1; } } vorab();")
    argv = ("-d", "opcache.enable_cli=1", "-d", f"opcache.preload={shell.base}/vorab.php", "-d", "opcache.preload_user=root")
    assert shell.same(*argv, "-r", "echo vorab(), (new Vorab)->m();")[1] == b"v1"
    (session,) = shell.wait_for(1)
    assert shell.names(session) == ["{main}", "vorab", "Vorab::m"]


def test_a_run_that_becomes_another_program_ends_there(shell):
    code = "function f() { pcntl_exec('/bin/sh', ['-c', 'echo anders; exit 6']); } f();"
    assert shell.same("-r", code)[:2] == (6, b"anders\n")
    (session,) = shell.wait_for(1)
    assert session["completeness"]["cut_off"] == 1 and shell.names(session) == ["{main}", "f", "pcntl_exec"]


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
@pytest.mark.parametrize("argv", [("teilen",), ("schleife", "5"), ("fatal",)], ids=lambda argv: argv[0])
def test_under_valgrind_no_error_is_the_agents(shell, argv):
    shell.configure(ASKED + "unit = Schleife::auftrag\n")
    subprocess.run(["valgrind", "--quiet", "--num-callers=12", f"--log-file={shell.base}/vg.%p", PHP, "-d", "pcre.jit=0", SCRIPT, *argv],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
                   env=shell.env(USE_ZEND_ALLOC="0"))
    logs = list(shell.base.glob("vg.*"))
    assert logs and "libcalltrace" not in "".join(p.read_text(errors="replace") for p in logs)
    wait_until(shell.sessions, "its trace", diagnostics=shell.diagnostics)


@pytest.fixture(scope="module")
def shell_without_collector():
    shell = Shell(collector=False)
    try:
        yield shell
    finally:
        shell.close()


def test_code_on_standard_input_and_on_the_command_line_runs_and_is_not_told(shell):
    assert shell.same(stdin=b"<?php function f() { return 'planted-8'; } echo strlen(f()); exit(3);")[0] == 3
    assert shell.same("-r", "function g() { return 1; } echo g(), 'planted-9';")[0] == 0
    piped, direct = shell.wait_for(2)
    assert (piped["metadata"]["path"], piped["metadata"]["exit_status"]) == ("Standard input code", 3)
    assert direct["metadata"]["argv"] == [] and shell.names(direct)[-1] == "g"
    assert "planted-9" not in json.dumps(direct)


def test_by_default_php_cli_is_not_traced(default):
    assert default.same(SCRIPT, "rechnen")[0] == 0
    assert default.same("-r", "echo 1;")[0] == 0
    default.configure(ASKED)
    default.php(SCRIPT, "verlassen")
    (session,) = default.wait_for(1)
    assert session["metadata"]["exit_status"] == 7


def test_it_can_be_switched_off(shell):
    assert shell.php(SCRIPT, "rechnen", env={"CALLTRACE": "off"})[0] == 0
    shell.php(SCRIPT, "verlassen")
    (session,) = shell.wait_for(1)
    assert session["metadata"]["exit_status"] == 7


def test_the_server_of_php_cli_is_not_traced(shell):
    (shell.base / "www").mkdir()
    (shell.base / "www" / "index.php").write_text("<?php function h() { return 'hallo'; } echo h();")
    server = subprocess.Popen([PHP, "-S", "127.0.0.1:0", "-t", shell.base / "www"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=shell.env())
    try:
        line = server.stderr.readline().decode()
        port = line.split("http://127.0.0.1:")[1].split(")")[0]
        answer = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/"], capture_output=True, timeout=30)
        assert answer.stdout == b"hallo"
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()
    shell.php(SCRIPT, "verlassen")
    assert len(shell.wait_for(1)) == 1


def test_a_run_is_shown_while_it_lasts(shell):
    process = shell.start(SCRIPT, "warten")
    assert process.stdout.readline() == b"bereit\n"
    (session,) = shell.wait_for(1, running=True)
    assert (session["call_status"], session["ended_at"]) == ("in_progress", None)
    assert session["completeness"]["pending"] == 1
    assert shell.dump.json("calls", "--kind", "request", "--in-progress")["calls"][0]["id"] == session["id"]
    shell.collector.process.kill()  # and a run that ended while nobody was there is not in progress for ever
    process.kill()
    process.wait()
    shell.collector.start()
    wait_until(lambda: shell.sessions()[0]["call_status"] == "failed", "the end", diagnostics=shell.diagnostics)
    (session,) = shell.sessions()
    assert session["completeness"]["cut_off"] == 1 and session["completeness"]["pending"] == 0


def test_a_finished_run_leaves_nothing_pending(shell):
    process = shell.start("-r", "echo fgets(STDIN); usleep(1); while (!file_exists($argv[1])) usleep(1000); exit(2);",
                          shell.base / "weiter")
    shell.wait_for(1, running=True)
    (shell.base / "weiter").touch()
    process.wait()
    wait_until(lambda: shell.sessions()[0]["call_status"] == "failed", "the end", diagnostics=shell.diagnostics)
    (session,) = shell.sessions()
    assert session["metadata"]["exit_status"] == 2 and session["completeness"]["complete"]
    assert shell.dump.json("check")["requests"] == 0


def test_a_worker_is_taken_apart_into_its_jobs(shell):
    shell.php("artisan", "salon:queue", "eins", "kaputt", "drei", cwd=shell.app, preload=False)
    code, _, _ = shell.php("artisan", "queue:work", "--stop-when-empty", cwd=shell.app)
    assert code == 0
    boot, *jobs, end = shell.wait_for(5)
    unit = "Illuminate\\Queue\\Worker::process"
    assert [s["metadata"]["unit"] for s in (boot, *jobs, end)] == [None, unit, unit, unit, None]
    assert [s["metadata"]["exit_status"] for s in (boot, *jobs, end)] == [None, None, None, None, 0]
    assert [s["call_status"] for s in (boot, *jobs, end)] == ["completed", "completed", "failed", "completed", "completed"]
    assert shell.tree(boot)[0]["left"] == "continued" and shell.tree(end) == []
    for job, uid in zip(jobs, ("eins", "kaputt", "drei")):
        calls = shell.tree(job)
        assert (calls[0]["class"], calls[0]["function"], calls[0]["depth"]) == ("Illuminate\\Queue\\Worker", "process", 0)
        assert [c["args"]["uid"] for c in calls if c["function"] == "send"] == [uid]
    (error,) = shell.dump.json("errors", jobs[1]["id"])["errors"]
    assert error["error_message"] == "Kein Empfang" and error["error_code"] == "RuntimeException"
    assert "queue:work --stop-when-empty · App\\Jobs\\SendReminder::handle" in shell.dump.text(
        "--width", "160", "calls", "--kind", "request")


def test_units_of_ones_own_nest_fail_and_exit(shell):
    shell.configure(ASKED + "unit = Schleife::auftrag\n")
    code, out, _ = shell.same(SCRIPT, "schleife", "5")
    assert (code, out) == (9, b"")
    boot, one, two, three, four = shell.wait_for(5)
    assert shell.names(boot) == ["{main}", "Schleife::laufe"]
    assert shell.names(one) == ["Schleife::auftrag", "Rechner::halbiere"] and one["call_status"] == "completed"
    assert shell.names(two) == ["Schleife::auftrag", "Schleife::geschachtelt", "Schleife::auftrag", "Rechner::halbiere",
                                "Rechner::halbiere"]
    assert two["call_status"] == "failed" and two["error_count"] == 1
    assert shell.tree(one)[0]["args"] == {"nummer": 1} and shell.tree(one)[0]["result"] == 1
    assert shell.names(four) == ["Schleife::auftrag"] and four["metadata"]["exit_status"] == 9


def test_calls_of_a_run_are_limited_and_the_rest_counted(shell):
    shell.configure(ASKED + "max_calls = 100\n")
    shell.same(SCRIPT, "viele")
    (session,) = shell.wait_for(1)
    assert len(shell.tree(session)) == 100
    assert session["completeness"]["holes"] == [{"kind": "calls", "count": 1901, "request_id": session["id"]}]


def test_a_run_larger_than_its_ring_goes_on_with_a_hole():
    shell = Shell(settings=ASKED + "ring_size = 1M\nmax_calls = 10000000\n", collector=False)
    try:
        assert shell.same("-r", "function f($x) { return $x; } for ($i = 0; $i < 100000; $i++) f($i); exit(4);") == (4, b"", b"")
        consumer = rc.Consumer(shell.collector.socket)
        assert shell.same("-r", "function f($x) { return $x; } for ($i = 0; $i < 100000; $i++) f($i); exit(4);")[0] == 4
        _, (request,) = rc.requests(consumer.accept().read())
        consumer.close()
        assert request.exit_status == 4 and len(request.enters) + request.lost["calls"] == 100001
    finally:
        shell.close()


def test_a_collector_that_comes_later_sees_the_run_from_its_beginning():
    shell = Shell(collector=False)
    try:
        process = shell.start(SCRIPT, "warten")
        assert process.stdout.readline() == b"bereit\n"
        shell.collector.start()  # as root it finds the ring, whose owner calls nothing any more
        wait_until(lambda: shell.collector.process.alive() and ring_is_known(shell), "the ring", diagnostics=shell.diagnostics)
        process.kill()
        process.wait()
        (session,) = shell.wait_for(1)
        assert shell.names(session) == ["{main}", "wartet"]
    finally:
        shell.close()


def ring_is_known(shell):
    done = shell.dump.json("check")
    return done and done["rings"]
