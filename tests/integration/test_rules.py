# SPDX-License-Identifier: MIT
"""agent.conf: how much of which function, which requests, and what a file that is not understood does."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

import ring_consumer as rc
from harness import AGENT, BUILD, Stack, wait_until

PHP = "/usr/bin/php8.2"
SITE = Path(__file__).parent / "php" / "rules"
CHECK = BUILD / "agent" / "calltrace-agent-check"
ANSWER = b"booked Adaa bcc724280"
HANDLER = 0x20
JIT = {"opcache.jit_buffer_size": "16M", "opcache.jit": "tracing"}

APP = {"App\\Salon::book", "App\\SalonController::show", "App\\Support\\Str::slug", "App\\Support\\Str::random", "helper",
       "{closure}", "{main}", "{include}"}
VENDOR = {"Acme\\Lib::twice", "Acme\\helper"}


class Site:
    """A php-fpm with one worker and these settings, its ring read by a consumer of our own."""

    def __init__(self, conf, ini=None):
        self.stack = Stack(collector=False, nginx=False, settings={"pm.max_children": "1"}, ini=ini)
        (self.stack.base / "run").mkdir()
        self.consumer = rc.Consumer(self.stack.base / "run" / "agent.sock")
        self.root = self.stack.base / "site"
        shutil.copytree(SITE, self.root)
        self.configure(conf)
        self.stack.fpm.start()
        self.frames = {}

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.consumer.close()
        self.stack.close()

    def configure(self, conf):
        (self.stack.base / "agent.conf").write_text(conf)

    def params(self, path="/", body=b""):
        return self.stack.fcgi_params("POST", path, body, SCRIPT_FILENAME=f"{self.root}/index.php")

    def ask(self, path="/", body=b""):
        with self.stack.fpm.connect() as connection:
            answer = connection.ask(self.params(path, body), body, keep=False)
        assert answer.body == ANSWER[:-1] + str(len(body)).encode()

    def reload(self, conf):
        workers = self.stack.fpm.workers()
        if conf is not None:
            self.configure(conf)
        self.stack.fpm.process.send(signal.SIGUSR2)

        def renewed():
            now = self.stack.fpm.workers()
            return now and not set(now) & set(workers) and self.stack.fpm.accepts()

        wait_until(renewed, "the reload", diagnostics=self.stack.diagnostics)

    def recorded(self, count, ring=0):
        """The requests of the so many-th worker, once there are `count`, and its functions' flags by name."""
        frames = self.frames.setdefault(ring, [])

        def look():
            while len(self.consumer.rings) <= ring:
                self.consumer.accept()
            frames.extend(self.consumer.rings[ring].read())
            return sum(f[0] == rc.END for f in frames) >= count

        wait_until(look, f"{count} requests", diagnostics=self.stack.diagnostics)
        self.flags = {f"{f[2]}::{f[3]}" if f[2] else f[3]: f[6] for f in frames if f[0] == rc.FUNCTION}
        return rc.requests(frames)[1]

    def levels(self, ring=0):
        """What is recorded of each function of one request."""
        self.ask()
        return levels(self.recorded(1, ring)[-1])


def levels(request):
    found = {name: "time" if args is None else "args" for name, args in request.enters}
    for name, how, value in request.leaves:
        assert how == rc.LEAVE_RETURN and (value is None or found[name] == "args")
    return found


@pytest.fixture(params=["hook", "observer"])
def ini(request):
    """Of the way in which functions are seen."""
    return {} if request.param == "hook" else JIT


def test_of_the_application_arguments_and_of_libraries_nothing(ini):
    with Site("", ini) as site:
        assert site.levels() == {name: "time" if name in ("{main}", "{include}") else "args" for name in APP}
        assert {name for name, flags in site.flags.items() if flags & HANDLER} == {"App\\SalonController::show"}


RULES = """
rule = off App\\Support\\Str::random
rule = time App\\Support\\*
rule = time \\APP\\salon
rule = args path:*/vendor/acme/lib.php
rule = off {closure}
rule = off *main}
"""


def test_the_first_rule_that_matches_decides(ini):
    with Site(RULES, ini) as site:
        assert site.levels() == {
            "App\\Salon::book": "time", "App\\SalonController::show": "args", "App\\Support\\Str::slug": "time", "helper": "args",
            "Acme\\Lib::twice": "args", "Acme\\helper": "args", "{include}": "time"}


def test_profile_handlers(ini):
    with Site("profile = handlers\n", ini) as site:
        assert site.levels() == {"App\\SalonController::show": "args"}


def test_profile_everything(ini):
    with Site("profile = everything\n", ini) as site:
        found = site.levels()
        assert {name for name, level in found.items() if level == "time"} == VENDOR | {"{main}", "{include}"}
        assert set(found) == APP | VENDOR


def test_handlers_and_libraries_are_what_the_settings_say(ini):
    with Site("handler = app\\salon::BOOK\nhandler = helper\nvendor = /App.php\n", ini) as site:
        assert site.levels() == {"helper": "args", "{closure}": "args", "Acme\\Lib::twice": "args", "Acme\\helper": "args",
                                 "{main}": "time", "{include}": "time"}
        assert {name for name, flags in site.flags.items() if flags & HANDLER} == {"helper"}


# Which requests


def uris(requests):
    return [r.params["REQUEST_URI"] for r in requests]


def test_requests_are_sampled_by_their_path(ini):
    with Site("sample = 100% /api\nsample = 0% *.png\nsample = 0%\n", ini) as site:
        for path in ("/other", "/api/eins?x=1", "/api/logo.png", "/x.png?/api", "/apis", "/api"):
            site.ask(path)
        requests = site.recorded(3)
        assert uris(requests) == ["/api/eins?x=1", "/api/logo.png", "/api"]
        assert [r.seq for r in requests] == [1, 2, 3]


def test_what_is_left_out_leaves_nothing_in_the_request_behind_it_on_the_connection():
    with Site("sample = 0% /out\n") as site:
        body = {path: path.encode() * 30000 for path in ("/out", "/in")}
        with site.stack.fpm.connect() as connection:
            for path in ("/out", "/in", "/out", "/out", "/in"):
                connection.ask(site.params(path, body[path]), body[path])
        site.ask("/in")
        first, second, third = site.recorded(3)
        for request in (first, second):
            assert request.params["REQUEST_URI"] == "/in" and request.body == body["/in"]
            assert request.body_end == (90000, 90000) and request.lost == {} and b"booked" in request.output
        assert third.body == b""


def test_a_request_is_recorded_whole_or_not_at_all():
    with Site("sample = 100% /last\nsample = 50%\n") as site:
        asked = [*(f"/{i}" for i in range(64)), "/last"]
        for path in asked:
            site.ask(path, path.encode())

        def last_one():
            requests = site.recorded(1)
            return requests[-1].params["REQUEST_URI"] == "/last" and requests[-1].end is not None and requests

        requests = wait_until(last_one, "the last request")
        assert 1 < len(requests) < 65 and set(uris(requests)) <= set(asked)
        assert len(set(uris(requests))) == len(requests)
        for request in requests:
            assert request.body == request.params["REQUEST_URI"].encode() and request.end == rc.END_DONE
            assert b"booked" in request.output and set(levels(request)) == APP


def test_a_reload_takes_a_new_file(ini):
    with Site("rule = off *\nrule = args helper\n", ini) as site:
        site.ask()
        assert [levels(r) for r in site.recorded(1)] == [{}]
        site.configure("rule = time helper\nrule = off *\n")
        site.ask()
        assert [levels(r) for r in site.recorded(2)] == [{}, {}]
        site.reload("rule = time helper\nrule = off *\n")
        site.ask()
        assert [levels(r) for r in site.recorded(1, ring=1)] == [{"helper": "time"}]


# php-cli


class Shell:
    def __init__(self, base, conf):
        self.base = base
        self.consumer = rc.Consumer(base / "agent.sock")
        (base / "agent.conf").write_text(f"sapis = cli\nsocket = {base}/agent.sock\n{conf}")
        shutil.copytree(SITE, base / "site")
        shutil.copy(AGENT, base / "libcalltrace.so")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.consumer.close()

    def run(self, *argv):
        env = {k: v for k, v in os.environ.items() if not k.startswith("CALLTRACE")}
        env.update(LD_PRELOAD=str(self.base / "libcalltrace.so"), CALLTRACE_CONFIG=str(self.base / "agent.conf"))
        return subprocess.run([PHP, *argv], cwd=self.base / "site", env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              check=True, timeout=60).stdout

    def recorded(self):
        """The requests of what has exited; none where no ring was made."""
        try:
            return rc.requests(self.consumer.accept(timeout=0).read())[1]
        except BlockingIOError:
            return []


def cli_options(ini):
    return [word for k, v in (ini | {"opcache.enable_cli": "1"} if ini else {}).items() for word in ("-d", f"{k}={v}")]


def test_the_same_rules_in_php_cli(ini, tmp_path):
    with Shell(tmp_path, RULES) as shell:
        assert shell.run(*cli_options(ini), "index.php") == ANSWER
        (request,) = shell.recorded()
        assert levels(request) == {
            "App\\Salon::book": "time", "App\\SalonController::show": "args", "App\\Support\\Str::slug": "time", "helper": "args",
            "Acme\\Lib::twice": "args", "Acme\\helper": "args", "{include}": "time"}


@pytest.mark.parametrize("conf, recorded", [
    ("sample = 0% *index.php\n", 0), ("sample = 0%\n", 0), ("sample = 0% /index.php\nsample = 100%\n", 1)])
def test_a_run_is_sampled_by_its_script(tmp_path, conf, recorded):
    with Shell(tmp_path, conf) as shell:
        assert shell.run("index.php") == ANSWER
        assert len(shell.recorded()) == recorded


def test_each_unit_has_a_chance_of_its_own(ini, tmp_path):
    with Shell(tmp_path, "sample = 50%\nunit = Loop::process\n") as shell:
        for _ in range(4):  # what is before the first unit has a chance as well
            shell.run(*cli_options(ini), "units.php", "64")
            units, others = [], []
            for request in shell.recorded():
                (units if request.run["unit"] else others).append(request)
            assert 0 < len(units) < 64
            jobs = [request.enters[0][1][0] for request in units]
            assert jobs == sorted(set(jobs))
            for job, request in zip(jobs, units):
                assert [name for name, _ in request.enters] == ["Loop::process", "Loop::step"]
                assert [error[1] for error in request.errors] == [f"job {job}"]
            assert not any(request.errors for request in others) and len(others) <= 2


# What is not understood

BAD = """\ufeff; everything here is wrong but two lines
[calltrace]
max_strings = 100
max_string = 15
max_depth = 99
ring_size = 1T
sapis = apache2handler
profile = all
rule = arg helper
rule = args path:relativ
rule = args App\\\\Salon
rule = time helper
sample = 10
sample = 101%
handler = two words
vendor =
socket = run/agent.sock
log = perhaps
log = yes
nonsense
"""


def check(conf, *argv):
    return subprocess.run([CHECK, "--config", conf, *argv], capture_output=True, text=True, timeout=30)


def test_what_is_bad_keeps_its_default_and_the_rest_counts(ini):
    with Site(BAD, ini) as site:
        found = site.levels()
        assert found == {name: "time" if name in ("{main}", "{include}", "helper") else "args" for name in APP}
        process = site.frames[0][0][2]
        assert process["settings"] == (f"{site.stack.base}/agent.conf:2: neither name = value nor a comment: [calltrace] "
                                       "(and 17 more: calltrace-agent-check)")
        assert f"; settings: {process['settings']}\n" in site.stack.fpm.log.read_text()
        done = check(site.stack.base / "agent.conf")
        assert done.returncode == 2 and done.stdout == ""
        lines = [int(line.removeprefix(f"{site.stack.base}/agent.conf:").split(":")[0]) for line in done.stderr.splitlines()]
        assert lines == [*range(2, 12), *range(13, 19), 19, 20]


def test_the_collectors_log_says_it_once():
    with Stack(nginx=False, settings={"pm.max_children": "2"}) as stack:
        assert "settings" not in stack.collector.process.log_text()
    stack = Stack(nginx=False, settings={"pm.max_children": "2", "pm.max_requests": "1"})
    (stack.base / "agent.conf").write_text("max_dept = 3\n\x1bsecond\n")
    shutil.copytree(SITE, stack.base / "site")
    with stack:
        for _ in range(6):
            with stack.fpm.connect() as connection:
                params = stack.fcgi_params("GET", "/", SCRIPT_FILENAME=f"{stack.base}/site/index.php")
                assert connection.ask(params, keep=False).body == ANSWER

        def sessions():
            document = stack.dump.json("calls", "--kind", "request")
            return document and len(document["calls"]) == 6

        wait_until(sessions, "six requests", diagnostics=stack.diagnostics)
        warnings = [line for line in stack.collector.process.log_text().splitlines() if "settings" in line]
        assert len(warnings) == 1
        assert warnings[0].endswith("agent.conf:1: there is no such setting: max_dept (and 1 more: calltrace-agent-check)")


def test_a_file_that_is_named_but_not_there():
    with Site("") as site:
        os.unlink(site.stack.base / "agent.conf")
        site.reload(None)
        assert site.levels()["helper"] == "args"
        assert site.frames[0][0][2]["settings"] == f"{site.stack.base}/agent.conf: cannot be read"
    assert check("/nonexistent").stderr == "/nonexistent: cannot be read: No such file or directory\n"


# calltrace-agent-check


@pytest.mark.parametrize("function, path, said", [
    ("App\\Support\\Str::random", "/srv/app/Str.php", "off: the rule in line 2"),
    ("APP\\support\\str::slug", "/srv/app/Str.php", "time: the rule in line 3"),
    ("Acme\\helper", "/srv/app/vendor/acme/lib.php", "args: the rule in line 5"),
    ("Acme\\helper", "/srv/app/vendor/acme/other.php", "off: no rule; profile default, a file of a library"),
    ("App\\XController::show", "/srv/app/X.php", "args, a handler: no rule; profile default, a file of the application"),
])
def test_check_says_what_is_decided(tmp_path, function, path, said):
    (tmp_path / "agent.conf").write_text(RULES)
    done = check(tmp_path / "agent.conf", function, path)
    assert (done.returncode, done.stdout, done.stderr) == (0, said + "\n", "")


def test_check_knows_units_of_php_cli(tmp_path):
    (tmp_path / "agent.conf").write_text("")
    process = ("Illuminate\\Queue\\Worker::process", "/srv/vendor/laravel/Worker.php")
    assert check(tmp_path / "agent.conf", *process).stdout.startswith("off: no rule")
    assert check(tmp_path / "agent.conf", "--cli", *process).stdout.startswith("time, a unit: no rule")


def test_check_of_a_good_file_and_of_a_wrong_command_line(tmp_path):
    (tmp_path / "agent.conf").write_text(RULES + "ring_size = 5M\n")
    done = check(tmp_path / "agent.conf")
    assert (done.returncode, done.stdout) == (0, "settings are good\n")
    assert done.stderr == f"{tmp_path}/agent.conf:8: note: not a power of two: the one below it is used: 5M\n"
    assert check(tmp_path / "agent.conf", "only-a-function").returncode == 2
    assert check(tmp_path / "agent.conf", "--strange").returncode == 2
