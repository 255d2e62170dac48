# SPDX-License-Identifier: MIT
"""PHPs that the agent keeps away from, in part or altogether: PHP runs on, and who looks learns why and what helps."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

import phps
from conftest import php_or_skip
from harness import AGENT, BUILD, Collector, Dump, Process, Stack, tail, wait_until

FAKE_PHP = BUILD / "tests" / "unit" / "fake-php"
DOUBTS = BUILD / "tests" / "unit" / "libdoubts.so"
JIT = {"opcache.jit_buffer_size": "16M", "opcache.jit": "tracing"}
HELLO = "<?php enum Suit { case A; }\nfunction hello(string $who) { return \"hello $who\\n\"; }\necho hello('you'), ini_get('x');"


class Site:
    """A php-fpm with the agent, or without, and a collector."""

    def __init__(self, php, conf="", preload=True, ini=None, settings=None):
        self.stack = Stack(nginx=False, php=php, preload=preload, ini={**JIT, **(ini or {})},
                           settings={"pm.max_children": "1", **(settings or {})})
        (self.stack.base / "hello.php").write_text(HELLO)
        (self.stack.base / "agent.conf").write_text(conf)
        try:
            self.stack.start()
        except BaseException:
            self.stack.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stack.close()

    def ask(self):
        path = f"{self.stack.base}/hello.php"
        with self.stack.fpm.connect() as connection:
            return connection.ask(self.stack.fcgi_params("GET", "/hello.php", b"", SCRIPT_FILENAME=path)).body

    def agent(self):
        return agent_of(self.stack.dump, self.stack.diagnostics)

    def log(self):
        return self.stack.collector.log.read_text()


def agents_of(dump):
    done = dump.run("--format", "json", "check")
    return json.loads(done.stdout)["agents"] if done.returncode == 0 else []


def agent_of(dump, diagnostics):
    """The one that there is, once the collector has heard of it."""
    (agent,) = wait_until(lambda: agents_of(dump), "an agent in the store", diagnostics=diagnostics)
    return agent


@pytest.fixture
def folder():
    """Where www-data can read."""
    with tempfile.TemporaryDirectory(prefix="calltrace-") as path:
        os.chmod(path, 0o755)
        yield Path(path)


@pytest.mark.parametrize("version", phps.VERSIONS)
def test_a_layout_that_is_wrong_is_found_out(version):
    php = php_or_skip(version)
    done = subprocess.run(php.argv("-r", "echo 6 * 7;"), capture_output=True, text=True, timeout=60,
                          env={**os.environ, **php.env, "LD_PRELOAD": str(DOUBTS)})
    assert done.stdout == "42" and done.returncode == 0
    lines = done.stderr.splitlines()
    assert lines.count("trusted") == 2
    assert {line.split()[1] for line in lines if line != "trusted"} == {"2"} and len(lines) == 10


def test_php_7_4_runs_on_and_the_collector_says_that_nothing_is_recorded():
    php = php_or_skip("7.4")
    script = "<?php function hello(string $who) { return \"hello $who\\n\"; }\necho hello('you');"
    with Site(php, ini={"opcache.jit_buffer_size": "0"}) as site:
        (site.stack.base / "hello.php").write_text(script)
        assert site.ask() == b"hello you\n"
        agent = site.agent()
        assert agent == {"php": "7.4.33", "sapi": "fpm-fcgi", "mechanism": "none", "agent": agent["agent"], "settings": None,
                         "processes": 1, "notices": [{"off": "everything", "issue": None, "remedy": None,
                                                      "why": "PHP 7.4 with Zend API 20190902 is not one of 8.0 to 8.5"}]}
        assert "PHP 7.4.33: nothing is recorded: PHP 7.4 with Zend API 20190902 is not one of 8.0 to 8.5" in site.log()
        text = site.stack.dump.text("check")
        assert "1 in PHP 7.4.33 fpm-fcgi, none\n" in text and "nothing is recorded: PHP 7.4 with Zend API 20190902" in text


@pytest.mark.parametrize("api, debug, zts, why", [
    ("20220829", "0", "1", "this PHP is thread-safe (ZTS)"),
    ("20220829", "1", "0", "this is a debug build of PHP"),
    ("20260925", "0", "0", "PHP 8.9.0 with Zend API 20260925 is not one of 8.0 to 8.5"),
    ("20240924", "0", "0", "php does not export executor_globals"),
])
def test_an_engine_that_is_not_known_is_left_alone(tmp_path, api, debug, zts, why):
    collector, dump = Collector(tmp_path), Dump(tmp_path / "db")
    where = tmp_path / "php.sock"
    env = {**os.environ, "LD_PRELOAD": str(AGENT), "CALLTRACE_SOCKET": str(collector.socket), "CALLTRACE_CONFIG": "/dev/null"}
    php = None

    def asked():
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(where))
            except OSError:
                return None
            return client.recv(16)

    try:
        php = Process("fake-php", [FAKE_PHP, api, debug, zts, where], tmp_path / "php.log", env=env)
        assert wait_until(asked, "an answer", diagnostics=lambda: tail(php.log)) == b"served"
        # Whoever has nobody to tell it goes on trying.
        collector.start()
        (agent,) = wait_until(lambda: asked() and agents_of(dump), "the agent in the store",
                              diagnostics=collector.diagnostics)
        assert agent["notices"] == [{"off": "everything", "why": why, "issue": None, "remedy": None}]
        assert php.alive() and f"nothing is recorded: {why}" in collector.log.read_text()
    finally:
        if php:
            php.stop()
        collector.stop()


def test_an_observer_that_would_crash_php_is_kept_out():
    php = php_or_skip("8.3")
    assert php.has("opcache")
    with Site(php) as site:
        assert site.ask() == b"hello you\n"
        agent = site.agent()
        (notice,) = agent["notices"]
        assert (agent["mechanism"], notice["off"], notice["issue"]) == ("none", "functions", "php-src #13817")
        assert "PHP 8.3.8: functions are not recorded: " in site.log() and "(php-src #13817); remedy: PHP 8.3.10" in site.log()
        text = site.stack.dump.text("check")
        assert "functions are not recorded: " in text and "remedy: PHP 8.3.10 or later, or opcache.jit = disable" in text
        # Requests are.
        wait_until(lambda: len(site.stack.dump.json("calls", "--kind", "request")["calls"]) == 1, "the request")


def test_who_wants_the_observer_all_the_same_gets_it():
    with Site(php_or_skip("8.3"), conf="observer = on\n") as site:
        assert site.ask() == b"hello you\n"
        agent = site.agent()
        assert agent["mechanism"] == "observer"
        assert [(n["off"], n["issue"]) for n in agent["notices"]] == [(None, "php-src #13817"), (None, "php-src #23637")]
        assert "PHP 8.3.8: at a risk: " in site.log()


def test_who_wants_no_observer_gets_none():
    with Site(phps.DEBIAN, conf="observer = off\n") as site:
        assert site.ask() == b"hello you\n"
        agent = site.agent()
        assert agent["mechanism"] == "none"
        assert [(n["off"], n["why"], n["issue"]) for n in agent["notices"]] == [
            ("functions", "the JIT is on, and agent.conf says observer = off", None)]


def test_without_the_jit_nothing_is_gated():
    with Site(phps.DEBIAN, conf="observer = off\n", ini={"opcache.jit": "disable"}) as site:
        assert site.ask() == b"hello you\n"
        agent = site.agent()
        assert (agent["mechanism"], agent["notices"]) == ("execute_ex", [])


@pytest.mark.parametrize("version", ["8.4", "8.5"])
def test_preloaded_enums(version, folder):
    """Where functions are observed, their methods crash PHP; so they are not."""
    php = php_or_skip(version)
    (folder / "suit.php").write_text("<?php enum Preloaded: string { case A = 'a'; }")
    (folder / "preload.php").write_text(f"<?php opcache_compile_file('{folder}/suit.php');")
    ini = {"opcache.preload": str(folder / "preload.php"), "opcache.preload_user": "www-data"}
    with Site(php, ini=ini) as site:
        (site.stack.base / "hello.php").write_text("<?php echo count(Preloaded::cases()), Preloaded::from('a')->name;")
        assert site.ask() == b"1A"
        agent = site.agent()
        assert agent["mechanism"] == "none"
        assert [(n["off"], n["issue"]) for n in agent["notices"]] == [("functions", "php-src #17715, #23103")]


def test_an_extension_that_only_this_pool_has(folder):
    php = php_or_skip("8.3")
    shutil.copy(php.home / "php" / "modules" / "msgpack.so", folder)
    with Site(php, conf="observer = on\n", settings={"php_admin_value[extension]": folder / "msgpack.so"}) as site:
        (site.stack.base / "hello.php").write_text("<?php echo (int)extension_loaded('msgpack');")
        assert site.ask() == b"1"
        assert "php-src #23355" in [n["issue"] for n in site.agent()["notices"]]
