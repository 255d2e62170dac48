# SPDX-License-Identifier: MIT
"""Golden scripts: each is run without and with the agent, on a given PHP and configuration.

tests/golden/NAME.php is a program of one topic. Its first comment lines may say

    // since: 8.1      the PHP it needs
    // sapi: cli       where it makes sense; both, unless said
    // configs: on     the configurations to run it in, where all are too dear
    // ini: NAME=VALUE a setting of its own

and tests/golden/NAME.expect is the tree that the agent must record, as tree() draws it: times, numbers and paths are not
in it. Where versions or configurations rightly differ there is NAME.expect.WORD as well, WORD being one of Config.words().
"""
import difflib
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import phps
import ring_consumer as rc
from harness import AGENT, REPO, Fpm, wait_until

FOLDER = REPO / "tests" / "golden"

# The JIT compiles whatever runs twice: the scripts are short.
HOT = {f"opcache.jit_hot_{what}": "2" for what in ("loop", "func", "return", "side_exit")}
JIT = {"opcache.enable": "1", "opcache.enable_cli": "1", "opcache.jit_buffer_size": "32M"}
CONFIGS = {
    "off": {"opcache.enable": "0", "opcache.enable_cli": "0"},
    "on": {"opcache.enable": "1", "opcache.enable_cli": "1", "opcache.jit_buffer_size": "0"},
    "function": {**JIT, "opcache.jit": "function"},
    "tracing": {**JIT, **HOT, "opcache.jit": "tracing"},
}
INI = {
    "error_reporting": "32767", "display_errors": "1", "html_errors": "0", "log_errors": "0", "zend.assertions": "1",
    "memory_limit": "512M", "date.timezone": "UTC", "zend.exception_ignore_args": "0", "zend.max_allowed_stack_size": "-1",
    "opcache.error_log": "/dev/null", "session.save_path": "/var/lib/php/sessions",
}


def version(text):
    return tuple(int(n) for n in text.split("."))


class Script:
    def __init__(self, path):
        self.name = path.stem
        self.path = path
        about = dict(re.findall(r"(?m)^// (since|sapi|configs): (.+)$", path.read_text()))
        self.ini = dict(re.findall(r"(?m)^// ini: ([\w.]+)=(.*)$", path.read_text()))
        self.since = version(about.get("since", "8.0"))
        self.sapis = about.get("sapi", "cli fpm").split()
        self.configs = about.get("configs", " ".join(CONFIGS)).split()

    def runs_in(self, config):
        return version(config.php) >= self.since and config.sapi in self.sapis and config.name in self.configs

    def expectation(self, config):
        for word in config.words():
            path = self.path.with_suffix(f".expect.{word}")
            if path.exists():
                return path
        return self.path.with_suffix(".expect")


def scripts():
    return [Script(p) for p in sorted(FOLDER.glob("*.php"))]


def configurations():
    """All there are: Debian's PHP in every way, the others in the ones that differ most, php-cli for the oldest and newest."""
    debian = [("fpm", name) for name in CONFIGS] + [("cli", "off"), ("cli", "tracing")]
    other = [("fpm", "off"), ("fpm", "tracing")]
    extreme = [*other, ("cli", "on")]
    return [Config(php, sapi, name) for php in phps.VERSIONS
            for sapi, name in (debian if php == phps.DEBIAN.version else
                               extreme if php in (phps.VERSIONS[0], phps.VERSIONS[-1]) else other)]


def drawn(outcome):
    return "\n".join(outcome.trees)


def tree_difference(script, config, outcomes):
    """Of what was recorded from what should have been, as text; nothing when there is none."""
    path = script.expectation(config)
    expected = path.read_text() if path.exists() else f"no {path.name}"
    for outcome in outcomes:
        if drawn(outcome) != expected:
            return "\n".join(difflib.unified_diff(expected.splitlines(), drawn(outcome).splitlines(), path.name, "recorded",
                                                  lineterm="", n=4))
    return ""


def difference(script, config, plain, traced):
    for without, with_agent in zip(plain, traced):
        if with_agent.seen != without.seen:
            return f"answers differently with the agent:\n{with_agent.seen}\nwithout:\n{without.seen}"
    return tree_difference(script, config, traced)


class Outcome:
    """What a run's user sees, and what was recorded of it."""

    def __init__(self, seen, trees=()):
        self.seen = seen
        self.trees = list(trees)


class Config:
    """One PHP by its version, one SAPI, one set of opcache's settings."""

    def __init__(self, php, sapi, name):
        self.php, self.sapi, self.name = php, sapi, name
        self.ini = {**INI, **CONFIGS[name]}
        self.jit = name in ("function", "tracing")

    def __str__(self):
        return f"{self.php}-{self.sapi}-{self.name}"

    def words(self):
        """From the most to the least special. A version stands for those after it, too."""
        versions = [v for v in reversed(phps.VERSIONS) if version(v) <= version(self.php)]
        kinds = [self.name, *(["jit"] if self.jit else []), *(["opcache"] if self.name != "off" else []), self.sapi]
        return [*(word for v in versions for word in (*(f"{v}.{kind}" for kind in kinds), v)), *kinds]

    def run(self, chosen):
        """{name: (plain, traced)}: outcomes, of an fpm's script those of each time it was asked for."""
        with Runner(self) as runner:
            return runner.run(chosen)


class Runner:
    """The scripts in one folder, which is the same in both runs: its path is in what they print."""

    def __init__(self, config):
        self.config = config
        self.php = phps.php(config.php)
        self.base = Path(tempfile.mkdtemp(prefix="calltrace-golden-"))
        self.base.chmod(0o755)
        self.app = self.base / "app"
        shutil.copytree(FOLDER, self.app, ignore=shutil.ignore_patterns("*.expect*", "run"))
        shutil.copy(AGENT, self.base / "libcalltrace.so")
        (self.base / "agent.conf").write_text("sapis = fpm-fcgi cli\nobserver = on\n")
        self.socket = self.base / "agent.sock"
        self.consumer = rc.Consumer(self.socket)
        self.lock = threading.Lock()
        self.functions = {}  # of php-fpm's worker, by number

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.consumer.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def run(self, chosen):
        kind = self.run_cli if self.config.sapi == "cli" else self.run_fpm
        plain, traced = kind(chosen, False), kind(chosen, True)
        return {script.name: (plain[script.name], traced[script.name]) for script in chosen}

    # php-cli: a process each, two at a time

    def run_cli(self, chosen, preload):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = dict(zip((s.name for s in chosen), pool.map(lambda s: self.one_cli(s, preload), chosen)))
        rings = {ring.pid: ring for ring in self.consumer.rings}
        return {name: [Outcome(seen, trees_of(rings.get(pid)))] for name, (pid, seen) in done.items()}

    def one_cli(self, script, preload):
        env = {k: v for k, v in os.environ.items() if not k.startswith("CALLTRACE") and k != "LD_PRELOAD"}
        env.update(self.php.env)
        if preload:
            env.update(LD_PRELOAD=str(self.base / "libcalltrace.so"), CALLTRACE_SOCKET=str(self.socket),
                       CALLTRACE_CONFIG=str(self.base / "agent.conf"))
        ini = [w for k, v in {**self.config.ini, **script.ini}.items() for w in ("-d", f"{k}={v}")]
        with subprocess.Popen(self.php.argv(*ini, f"{self.app}/{script.name}.php"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd=self.app) as popen:
            out, err = popen.communicate(timeout=120)
        self.take_rings()
        return popen.pid, (popen.returncode, out, err)

    def take_rings(self):
        """Those that wait to be handed over."""
        with self.lock:
            try:
                while True:
                    self.consumer.accept(0)
            except BlockingIOError:
                pass

    # php-fpm: one worker answers all, where there is opcache each twice: it has the script the second time

    def run_fpm(self, chosen, preload):
        fpm = Fpm(self.base, preload=preload, calltrace_socket=self.socket, ini=self.config.ini, php=self.php,
                  settings={"pm.max_children": "1", "catch_workers_output": "no"})
        try:
            fpm.start()
            times = 1 if self.config.name == "off" else 2
            return {script.name: [self.one_fpm(fpm, script, preload) for _ in range(times)] for script in chosen}
        finally:
            fpm.stop()

    def one_fpm(self, fpm, script, preload):
        admin = "\n".join(f"{k}={v}" for k, v in script.ini.items())
        params = {
            "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": "GET", "QUERY_STRING": "",
            "REQUEST_URI": f"/{script.name}.php", "SCRIPT_NAME": f"/{script.name}.php", "DOCUMENT_ROOT": str(self.app),
            "SCRIPT_FILENAME": f"{self.app}/{script.name}.php", "HTTP_HOST": "golden.example.com",
            **({"PHP_ADMIN_VALUE": admin} if admin else {}),
        }
        try:
            with fpm.connect() as connection:
                got = connection.ask(params, keep=False)
        except ConnectionError:
            return Outcome(f"the worker ended\n{fpm.diagnostics()}")
        return Outcome((got.app_status, got.raw, got.stderr), self.next_request(fpm) if preload else ())

    def next_request(self, fpm):
        frames = []

        def ended():
            self.take_rings()
            frames.extend(f for ring in self.consumer.rings for f in ring.read())
            return any(f[0] == rc.END for f in frames)

        wait_until(ended, "the request's end", diagnostics=fpm.diagnostics)
        return trees(frames, self.functions)


def trees_of(ring):
    return trees(ring.read(), {}) if ring else []


# What was recorded, drawn


class Node:
    def __init__(self, label, name, args=None):
        self.label, self.name, self.args = label, name, args
        self.items = []  # nodes, and lines of text
        self.how = ""


CALLS, FIBER = 18, 20
HOW = {rc.LEAVE_YIELD: " yields", rc.LEAVE_UNWOUND: " unwound", rc.LEAVE_EXIT: " exits"}
ENDS = {rc.END_DONE: "done", rc.END_ABORTED: "aborted", rc.END_EXIT: "exit", rc.END_CONTINUED: "continued", rc.END_CRASHED: "crashed"}


def base_name(path):
    return re.sub(r"^.*/app/", "", path or "")


def said(message):
    """The first line of what PHP says, which differs in its details."""
    text = re.sub(r"/\S*/app/", "", message.split("\n")[0])
    return json.dumps(text if len(text) < 60 else f"{text[:40]}…", ensure_ascii=False)


def value(v):
    """As short as it can be read."""
    if isinstance(v, bytes):
        return "b" + json.dumps(v.decode("latin-1"))
    if isinstance(v, str):
        text = re.sub(r"/\S*/app/", "", v)
        return json.dumps(text if len(text) < 60 else f"{text[:40]}…{len(text)}", ensure_ascii=False)
    if isinstance(v, list):
        return "[" + ", ".join(map(value, v)) + "]"
    if not isinstance(v, dict):
        return json.dumps(v)
    rest = {k: x for k, x in v.items() if not str(k).startswith("@") or k == "@cut"}
    inner = ", ".join(f"{k}: {'…' if k == 'pid' else value(x)}" for k, x in rest.items())
    if "@class" in v:
        return f"{v['@class'].partition('@')[0] + '@anonymous' if '@anonymous' in v['@class'] else v['@class']} {{{inner}}}"
    if "@enum" in v:
        return v["@enum"]
    if "@closure" in v:
        return f"closure({base_name(v['@closure'])})"
    if "@resource" in v:
        return "resource"
    if "@float" in v:
        return v["@float"]
    return "{" + inner + "}"


def label(function):
    cls, name, _, line = function[2:6]
    name = re.sub(r"^(.*\\)?\{closure.*$", "{closure}", name)
    cls = re.sub(r"@anonymous.*$", "@anonymous", cls or "")
    named = f"{cls}::{name}" if cls else name
    if name == "{include}":
        return f"{{include}} {base_name(function[4])}"
    return f"{named}:{line}" if "{closure}" in name or "@anonymous" in named else named


def thrown(what):
    text = f"{re.sub('@anonymous.*', '@anonymous', what['class'])}({said(what['message'])}) line {what['line']}"
    if what["code"]:
        text += f" code {value(what['code'])}"
    if what.get("previous"):
        text += f" after {thrown(what['previous'])}"
    return text


class Tree:
    """One request's frames as a tree."""

    def __init__(self, functions):
        self.functions = functions
        self.root = Node("", "")
        self.open = [self.root]
        self.lanes = {0: self.open}  # of {main} and of each fiber: what is open there
        self.numbers = {}
        self.exceptions = {}
        self.end = self.status = None

    def add(self, frame):
        what = getattr(self, {
            rc.ENTER: "enter", rc.LEAVE: "leave", rc.THROW: "throw", rc.CATCH: "catch", rc.ERROR: "error", rc.NOTE: "note",
            rc.LOST: "lost", rc.END: "ended", rc.OUTPUT_END: "answered", CALLS: "calls", FIBER: "fiber",
        }.get(frame[0], "other"))
        what(*frame[2:])

    def take(self, frame):
        """A frame that does not fit is part of what was recorded: it differs from what is expected."""
        try:
            self.add(frame)
        except (AssertionError, LookupError, TypeError, ValueError) as e:
            self.line(f"WRONG {frame[0]}: {type(e).__name__} {e}")

    def line(self, text):
        self.open[-1].items.append("* " + text)

    def enter(self, fn, args=None):
        function = self.functions[fn]
        node = Node(label(function), fn, None if args is None else "(" + ", ".join(map(value, args)) + ")")
        self.open[-1].items.append(node)
        self.open.append(node)

    def calls(self, events):
        """Those that are only timed."""
        for event in struct.unpack(f"<{len(events) // 8}Q", events):
            if event >> 48:
                self.enter(event >> 48)
            else:
                self.leave()

    def fiber(self, fiber):
        name = f"fiber {self.numbers.setdefault(fiber, len(self.numbers) + 1)}" if fiber else "main"
        if fiber in self.lanes:
            self.line(f"to {name}")
        else:
            self.lanes[fiber] = [Node(name, name)]
            self.open[-1].items.append(self.lanes[fiber][0])
        self.open = self.lanes[fiber]

    def leave(self, how=0, *result):
        assert len(self.open) > 1, "LEAVE without ENTER"
        node = self.open.pop()
        if how == rc.LEAVE_RETURN:
            node.how = f" = {value(result[0])}" if result else ""
        elif how == rc.LEAVE_EXCEPTION:
            node.how = f" ! {self.exceptions.get(result[0], 'an exception that was not thrown')}"
        else:
            node.how = HOW[how]

    def throw(self, number, what):
        self.exceptions[number] = re.sub("@anonymous.*", "@anonymous", what["class"])
        self.line(f"throws {thrown(what)}")

    def catch(self, number, fn, line):
        name = label(self.functions[fn]) if fn else "?"
        self.line(f"{self.exceptions.get(number, 'an exception that was not thrown')} caught in {name}")

    def error(self, kind, message, file, line):
        self.line(f"error {kind} {said(message)} {base_name(file)}:{line}")

    def note(self, what):
        said = [f"{k}: {value(v)}" for k, v in what.items() if k not in ("kind", "stack", "id") and not k.endswith("_us")]
        self.line(" ".join([what.get("kind", "and"), ", ".join(said)]).rstrip())

    def lost(self, what):
        self.line("lost " + ", ".join(f"{k} {n if n < 1000 else 'many'}" for k, n in sorted(what.items())))

    def answered(self, *_):
        if len(self.open) > 1:
            self.line("answered")

    def ended(self, how, status=None):
        left_open = [n for lane in self.lanes.values() for n in lane[1:]]
        for node in left_open:
            node.how = " open at the end"
        self.end, self.status = ENDS[how], status
        assert not left_open or how != rc.END_DONE, f"left open at END: {[n.label for n in left_open]}"

    def other(self, *_):
        pass

    def draw(self):
        lines = []
        draw(self.root.items, 0, lines)
        return "\n".join([*lines, f"end {self.end}" if self.end else "cut off", ""])


def chain(node):
    """The functions of the same kind that it consists of: a recursion."""
    nodes = [node]
    while len(node.items) == 1 and isinstance(node.items[0], Node) and node.items[0].name == node.name:
        node = node.items[0]
        nodes.append(node)
    return nodes


def draw(items, depth, lines):
    """Lines for what is in one function. Long recursions and repetitions are told by their beginning and end."""
    i = 0
    while i < len(items):
        item = items[i]
        if isinstance(item, str):
            lines.append("  " * depth + item)
            i += 1
            continue
        same = [j for j in range(i, len(items))
                if isinstance(items[j], Node) and items[j].name == item.name and not items[j].items]
        run = next((n for n, j in enumerate(same) if j != i + n), len(same))
        if run > 8:
            for node in items[i:i + 3]:
                draw_node(node, depth, lines)
            lines.append("  " * depth + f"… {run - 4} more …")
            draw_node(items[i + run - 1], depth, lines)
            i += run
            continue
        draw_node(item, depth, lines)
        i += 1


def draw_node(node, depth, lines):
    nodes = chain(node)
    shown = nodes if len(nodes) <= 8 else nodes[:3]
    for n in shown:
        lines.append("  " * depth + n.label + (n.args or "") + n.how)
        depth += 1
    if len(nodes) > 8:
        lines.append("  " * depth + f"… {len(nodes) - 4} deeper …")
        lines.append("  " * (depth + 1) + nodes[-1].label + (nodes[-1].args or "") + nodes[-1].how)
        depth += 2
    draw(nodes[-1].items, depth, lines)


def trees(frames, functions):
    """Of each request in a ring's frames, drawn; `functions` grows by those that are defined."""
    found, current = [], None
    for frame in frames:
        if frame[0] == rc.FUNCTION:
            functions[frame[1]] = frame
        elif frame[0] == rc.REQUEST:
            current = Tree(functions)
            found.append(current)
        elif current:
            current.take(frame)
    return [tree.draw() for tree in found]
