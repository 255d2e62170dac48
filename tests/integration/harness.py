# SPDX-License-Identifier: MIT
"""Starts the real programs on a temporary directory: calltraced, php-fpm with the preload, nginx, and the booking service.

Whatever is waited for is waited for by wait_until(): a condition, a deadline, and the logs when it does not come.
"""
import ctypes
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import fastcgi
import phps
import retell
from booking_service import BookingService

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CALLTRACE_BUILD", REPO / "build"))
AGENT = BUILD / "agent" / "libcalltrace.so"
CALLTRACED = BUILD / "collector" / "calltraced"
TRACE_DUMP = BUILD / "tools" / "trace-dump"
DUMP_STORE = BUILD / "tests" / "unit" / "dump-store"
PHP_FPM = phps.DEBIAN.fpm
WORKER = pwd.getpwnam("www-data")
BOOKING_TOKEN = "planted-booking-token-91c2e4"
DEADLINE = float(os.environ.get("CALLTRACE_TEST_DEADLINE", "30"))

_pause = threading.Event()


def wait_until(predicate, what, deadline=DEADLINE, diagnostics=None):
    """What predicate() returns once it is true; asked again every 20 ms until the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline:g} s for {what}\n{diagnostics() if diagnostics else ''}")
        _pause.wait(0.02)


def die_with_parent():
    """A test run that is killed leaves nothing running."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def background(detach):
    """How a program starts: bound to this process, or, when it is to stay, in a session of its own."""
    return {"start_new_session": True} if detach else {"preexec_fn": die_with_parent}


class Process:
    """A program of ours: its log is a file, it is ended by pid."""

    def __init__(self, name, argv, log, env=None, **popen):
        self.name = name
        self.log = Path(log)
        self.popen = None
        with open(self.log, "ab") as out:
            self.popen = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, **popen
            )

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def send(self, number):
        self.popen.send_signal(number)

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self, number=signal.SIGTERM):
        if self.popen is None or not self.alive():
            return
        self.popen.send_signal(signal.SIGCONT)
        self.popen.send_signal(number)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end on signal {number}")

    def log_text(self):
        return self.log.read_text(errors="replace")


class Collector:
    def __init__(self, base, detach=False):
        self.db = base / "db"
        self.socket = base / "run" / "agent.sock"
        self.log = base / "calltraced.log"
        self.config = base / "calltraced.conf"
        self.detach = detach
        self.process = None
        self.socket.parent.mkdir(exist_ok=True)
        self.config.write_text("allow_users = www-data\n")

    def start(self):
        argv = [CALLTRACED, "--db", self.db, "--socket", self.socket, "--config", self.config]
        self.process = Process("calltraced", argv, self.log, **background(self.detach))
        wait_until(self.accepts, "calltraced to accept", diagnostics=self.diagnostics)
        return self

    def accepts(self):
        if not self.process.alive():
            raise AssertionError(f"calltraced ended with {self.process.popen.returncode}\n{self.diagnostics()}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
            try:
                probe.connect(str(self.socket))
                return True
            except OSError:
                return False

    def diagnostics(self):
        return f"--- {self.log}\n{tail(self.log)}"

    def stop(self):
        if self.process:
            self.process.stop()


class Fpm:
    """A php-fpm with one pool. `settings` go into the pool, `ini` into php.ini. `php`: which (phps.py), Debian's by default."""

    def __init__(self, base, name="fpm", preload=True, calltrace_socket=None, settings=None, ini=None, env=None,
                 detach=False, argv_prefix=(), php=phps.DEBIAN):
        self.base = base
        self.php = php
        self.socket = base / f"{name}.sock"
        self.log = base / f"{name}.log"
        self.conf = base / f"{name}.conf"
        self.ini = base / f"{name}.ini"
        self.detach = detach
        self.preload = preload
        self.argv_prefix = list(argv_prefix)
        pool = {
            "user": "www-data", "group": "www-data", "listen": self.socket, "listen.mode": "0666",
            "pm": "static", "pm.max_children": "2", "catch_workers_output": "yes", "decorate_workers_output": "no",
            "clear_env": "yes", **(settings or {}),
        }
        values = {
            "error_reporting": "E_ALL & ~E_DEPRECATED", "display_errors": "0", "log_errors": "1",
            "post_max_size": "32M", "opcache.enable": "1", "opcache.jit_buffer_size": "0", "date.timezone": "UTC",
            **(ini or {}),
        }
        self.conf.write_text(
            f"[global]\nerror_log = {self.log}\nlog_limit = 65535\ndaemonize = no\n[www]\n"
            + "".join(f"{k} = {v}\n" for k, v in pool.items() if v is not None)
        )
        self.ini.write_text("".join(f'{k} = "{v}"\n' if "&" not in str(v) else f"{k} = {v}\n" for k, v in values.items()))
        # Debian's conf.d comes after php.ini and says opcache.jit=off.
        self.defines = [word for k, v in (ini or {}).items() if k.startswith("opcache.") for word in ("-d", f"{k}={v}")]
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CALLTRACE") and k != "LD_PRELOAD"}
        if preload:
            self.env["LD_PRELOAD"] = str(base / "libcalltrace.so")
            if calltrace_socket:
                self.env["CALLTRACE_SOCKET"] = str(calltrace_socket)
            self.env["CALLTRACE_CONFIG"] = str(base / "agent.conf")
        self.env.update(php.env)
        self.env.update(env or {})
        self.process = None

    def argv(self):
        return [*self.argv_prefix, self.php.fpm, "-F", "-y", self.conf, "-c", self.ini, *self.php.defines(), *self.defines]

    def start(self):
        self.process = Process("php-fpm", self.argv(), self.log, env=self.env,
                               **background(self.detach))
        wait_until(self.accepts, "php-fpm to accept", diagnostics=self.diagnostics)
        return self

    def accepts(self):
        if not self.process.alive():
            raise AssertionError(f"php-fpm ended with {self.process.popen.returncode}\n{self.diagnostics()}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return "ready to handle connections" in self.log.read_text(errors="replace")

    def workers(self):
        """Their pids, as the kernel knows them."""
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(p) for p in text.split()]

    def connect(self):
        return fastcgi.Connection(self.socket)

    def diagnostics(self):
        return f"--- {self.log}\n{tail(self.log)}"

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM)


class Nginx:
    def __init__(self, base, fpm_socket, params, keepalive=False, detach=False):
        self.base = base
        self.detach = detach
        self.socket = base / "http.sock"
        self.log = base / "nginx.log"
        self.conf = base / "nginx.conf"
        lines = "".join(f"            fastcgi_param {k} '{v}';\n" for k, v in params.items())
        temp = "".join(f"    {kind}_temp_path {base}/nginx-{kind};\n"
                       for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.conf.write_text(
            f"""user www-data;
worker_processes 1;
daemon off;
pid {base}/nginx.pid;
error_log {self.log} error;
events {{ worker_connections 64; }}
http {{
{temp}    access_log off;
    client_max_body_size 32m;
    upstream php {{ server unix:{fpm_socket}; {'keepalive 2;' if keepalive else ''} }}
    server {{
        listen unix:{self.socket};
        server_name salon.example.com;
        location / {{
            include /etc/nginx/fastcgi_params;
            fastcgi_pass php;
            {'fastcgi_keep_conn on;' if keepalive else ''}
            fastcgi_param SCRIPT_FILENAME {base}/app/public/index.php;
            fastcgi_param SCRIPT_NAME /index.php;
{lines}        }}
    }}
}}
"""
        )
        self.process = None

    def script(self, uri, file):
        """Another script than the application's, before start()."""
        location = (f"location = {uri} {{\n            include /etc/nginx/fastcgi_params;\n"
                    f"            fastcgi_param SCRIPT_FILENAME {file};\n            fastcgi_pass php;\n        }}\n")
        self.conf.write_text(self.conf.read_text().replace("location / {", f"{location}        location / {{"))

    def start(self):
        self.process = Process("nginx", ["/usr/sbin/nginx", "-c", self.conf, "-p", self.base], self.log,
                               **background(self.detach))
        wait_until(self.accepts, "nginx to accept", diagnostics=lambda: tail(self.log))
        return self

    def accepts(self):
        if not self.process.alive():
            raise AssertionError(f"nginx ended\n{tail(self.log)}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
                return True
            except OSError:
                return False

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM)


class UnixHTTPConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__("salon.example.com", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    """A response and when it was asked for and complete, by the client's monotonic clock."""

    def __init__(self, status, headers, body, asked, complete):
        self.status = status
        self.headers = headers
        self.body = body
        self.asked = asked
        self.complete = complete

    @property
    def took_ms(self):
        return (self.complete - self.asked) * 1000

    def json(self):
        return json.loads(self.body)


class Dump:
    """trace-dump over one store."""

    def __init__(self, db):
        self.db = db

    def run(self, *args, **more):
        return subprocess.run([str(TRACE_DUMP), "--db", str(self.db), *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=60, **more)

    def json(self, *args):
        """The document, or None where nothing is found (exit 1)."""
        done = self.run("--format", "json", *args)
        if done.returncode == 1:
            return None
        assert done.returncode == 0, (args, done.returncode, done.stderr.decode(errors="replace"))
        return json.loads(done.stdout)

    def raw(self):
        """All that the store holds, unpacked."""
        return subprocess.run([str(DUMP_STORE), str(self.db)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                              check=True).stdout

    def text(self, *args):
        done = self.run(*args)
        assert done.returncode in (0, 1), (args, done.returncode, done.stderr.decode(errors="replace"))
        return done.stdout.decode()


class Stack:
    """Everything together. Parts that a test does not want are left out by name."""

    def __init__(self, preload=True, collector=True, nginx=True, keepalive=False, settings=None, ini=None, env=None,
                 detach=False, calltrace_socket=None, argv_prefix=(), php=phps.DEBIAN):
        self.base = Path(tempfile.mkdtemp(prefix="calltrace-"))
        self.base.chmod(0o755)
        self.booking = BookingService()
        self.storage = self.base / "storage"
        self.params = {
            "APP_STORAGE": str(self.storage), "BOOKING_URL": self.booking.url, "BOOKING_TOKEN": BOOKING_TOKEN,
            "RETELL_API_KEY": retell.API_KEY,
        }
        self.install()
        if preload:
            shutil.copy(AGENT, self.base / "libcalltrace.so")
        self.collector = Collector(self.base, detach) if collector else None
        where = calltrace_socket or (self.collector.socket if self.collector else self.base / "run" / "agent.sock")
        self.fpm = Fpm(self.base, preload=preload, calltrace_socket=where, settings=settings, ini=ini, env=env,
                       detach=detach, argv_prefix=argv_prefix, php=php)
        self.nginx = Nginx(self.base, self.fpm.socket, self.params, keepalive, detach) if nginx else None
        self.dump = Dump(self.base / "db")

    def install(self):
        """The application where www-data can read it, and a storage folder it can write."""
        shutil.copytree(REPO / "tests" / "apps" / "laravel", self.base / "app")
        for folder in ("", "cache", "views", "app"):
            path = self.storage / folder
            path.mkdir(exist_ok=True)
            os.chown(path, WORKER.pw_uid, WORKER.pw_gid)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc):
        self.close()

    def start(self):
        for part in (self.collector, self.fpm, self.nginx):
            if part:
                part.start()
        return self

    def stop(self):
        """Ends what start() started, the last first."""
        for part in (self.nginx, self.fpm, self.collector):
            if part:
                part.stop()

    def close(self):
        try:
            self.booking.release()
            self.stop()
        finally:
            self.booking.close()
            shutil.rmtree(self.base, ignore_errors=True)

    def diagnostics(self):
        logs = [p for p in (self.base / "calltraced.log", self.fpm.log, self.base / "nginx.log",
                            self.storage / "laravel.log") if p.exists()]
        return "\n".join(f"--- {p.name}\n{tail(p)}" for p in logs)

    # Asking, through nginx

    def http(self, method, path, body=None, headers=None):
        connection = UnixHTTPConnection(self.nginx.socket)
        asked = time.monotonic()
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        data = response.read()
        complete = time.monotonic()
        connection.close()
        return Answer(response.status, response.getheaders(), data, asked, complete)

    def retell(self, path, body, headers=None):
        """Signed, as Retell sends it."""
        sent = time.time_ns() // 1_000_000
        return self.http("POST", path, body, {
            "Content-Type": "application/json", "X-Retell-Signature": retell.signature(body, sent), **(headers or {}),
        })

    def function(self, call, name, args):
        """The model calls a function: invocation, request, result in the transcript."""
        invocation = call.invoke(name, args)
        answer = self.retell("/api/retell/function", call.function_body(name, args))
        call.result(invocation, answer.body)
        return answer

    def event(self, call, event, **more):
        return self.retell("/api/retell/webhook", call.event_body(event, **more))

    # Asking, by FastCGI

    def fcgi_params(self, method, path, body=b"", **more):
        uri, _, query = path.partition("?")
        return {
            "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "test",
            "SERVER_NAME": "salon.example.com", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": method, "REQUEST_URI": path, "QUERY_STRING": query, "DOCUMENT_URI": uri,
            "SCRIPT_NAME": "/index.php", "SCRIPT_FILENAME": f"{self.base}/app/public/index.php",
            "DOCUMENT_ROOT": f"{self.base}/app/public", "CONTENT_TYPE": "application/json" if body else "",
            "CONTENT_LENGTH": str(len(body)) if body else "", "HTTP_HOST": "salon.example.com",
            **self.params, **more,
        }

    def fcgi_retell(self, body, path="/api/retell/function"):
        """Parameters of a signed request."""
        sent = time.time_ns() // 1_000_000
        return self.fcgi_params("POST", path, body, HTTP_X_RETELL_SIGNATURE=retell.signature(body, sent))

    # What was recorded

    def wait_for_call(self, call_id, ready=lambda document: True, what="the call's timeline", deadline=DEADLINE):
        """The timeline document of a call, once `ready` is content with it."""
        last = {}

        def look():
            last["document"] = self.dump.json("timeline", call_id)
            return last["document"] if last["document"] and ready(last["document"]) else None

        return wait_until(look, what, deadline, lambda: f"last seen: {json.dumps(last.get('document'))[:4000]}\n{self.diagnostics()}")

    def wait_for_functions(self, call_id, count, status=None):
        """The call's function traces, once there are `count` and none is pending (or all have `status`)."""
        last = {}

        def look():
            document = last["document"] = self.dump.json("functions", call_id)
            found = document["functions"] if document else []
            settled = all((f["status"] == status) if status else f["status"] != "pending" for f in found)
            return found if len(found) >= count and settled else None

        return wait_until(look, f"{count} function traces of {call_id}", diagnostics=lambda:
                          f"last seen: {json.dumps(last.get('document'))[:4000]}\n{self.diagnostics()}")


def tail(path, lines=40):
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no such file)"


def entries(document, kind):
    return [e for e in document["timeline"] if e["type"] == kind]
