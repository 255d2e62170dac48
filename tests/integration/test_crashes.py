# SPDX-License-Identifier: MIT
"""Crashes: what happened is recorded, and the process dies of it as it does without the agent."""
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

import retell
import ring_consumer as rc
from harness import AGENT, Stack, wait_until

PHP = "/usr/bin/php8.2"
SCRIPT = Path(__file__).parent / "php" / "crash.php"

# How it crashes: the signal, what is said of it, and the functions in which it was: PHP's, and native ones.
WAYS = {
    "null_pointer": ("SIGSEGV", "address not mapped", "strlen", "ffi_call"),
    "nowhere": ("SIGSEGV", "address not mapped", "jump", "ffi_call"),
    "generated": ("SIGILL", "illegal operand", "jump", "ffi_call"),
    "division": ("SIGFPE", "integer division by zero", "ldiv", "ffi_call"),
    "truncated": ("SIGBUS", "nothing behind the address", "strlen", "ffi_call"),
    "heap": ("SIGABRT", "raised by the process itself", "free", "abort"),
    "arena": ("SIGABRT", "raised by the process itself", "malloc", "malloc"),
    "loader": ("SIGSEGV", "address not mapped", "cdef", "crash_here"),
    "stack": ("SIGSEGV", "stack overflow", "stack", "zend_objects_store_del"),
    "deep": ("SIGSEGV", "address not mapped", "strlen", "ffi_call"),
    "fiber": ("SIGSEGV", "address not mapped", "start", "ffi_call"),
    "thread": ("SIGSEGV", "address not mapped", "thread", None),
    "killed": ("SIGSEGV", "raised by the process itself", "posix_kill", "kill"),
}


@pytest.fixture(scope="module")
def library():
    """Crashes while it is loaded: the loader's locks are held, and the list of libraries is being changed."""
    folder = Path(tempfile.mkdtemp(prefix="calltrace-"))
    folder.chmod(0o755)
    source = folder / "crash.c"
    source.write_text("void __attribute__((constructor)) crash_here(void) { *(volatile int *)24 = 1; }\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", folder / "crash.so", source], check=True)
    yield folder / "crash.so"
    shutil.rmtree(folder)


class Salon:
    """A php-fpm with one worker, whose every function call may crash."""

    def __init__(self, library, **options):
        options.setdefault("settings", {"pm.max_children": "1"})
        self.stack = Stack(nginx=False, ini={"ffi.enable": "1"}, **options)
        self.library = str(library)
        shutil.copytree(SCRIPT.parent, self.stack.base / "php")
        self.stack.start()

    def ask(self, call, name, args=None):
        """The answer; None: there was none."""
        body = call.function_body(name, args or {})
        params = self.stack.fcgi_params("POST", "/" + SCRIPT.name, body, CRASH_LIBRARY=self.library,
                                        SCRIPT_FILENAME=f"{self.stack.base}/php/{SCRIPT.name}")
        try:
            with self.stack.fpm.connect() as connection:
                return connection.ask(params, body).body
        except (ConnectionError, EOFError, AssertionError):
            return None

    def crash(self, name, args=None):
        """The call's function trace and error."""
        call = retell.Call()
        assert self.ask(call, name, args) is None
        return self.recorded(call)

    def recorded(self, call):
        (function,) = self.stack.wait_for_functions(call.call_id, 1)
        (error,) = self.stack.dump.json("errors", call.call_id)["errors"]
        return function, error

    def deaths(self):
        """What php-fpm's master says of its workers' ends, without pids and times."""
        return [re.sub(r"child \d+ exited|after [\d.]+ seconds|\[[^]]*\] ", "", line)
                for line in self.stack.fpm.log.read_text().splitlines() if "exited on signal" in line]


@pytest.fixture(scope="module")
def salon(library):
    salon = Salon(library)
    try:
        yield salon
    finally:
        salon.stack.close()


def symbols(crash):
    return [f["symbol"] for f in crash["native"]]


@pytest.mark.parametrize("way", WAYS)
def test_a_crash_is_told(salon, way):
    name, reason, php, native = WAYS[way]
    function, error = salon.crash(way)
    crash = function["error_details"]["crash"]
    assert function["status"] == "error" and function["error_details"]["code"] == error["error_code"] == name
    assert (crash["signal"], crash["reason"], crash["in_agent"]) == (name, reason, False)
    if native:
        assert native in symbols(crash), "by a symbol of a library's"
    assert "php_execute_script" in symbols(crash) or way in ("stack", "deep", "fiber", "thread"), "from its beginning"
    assert crash["thread"] == ("php-fpm8.2" if way == "thread" else None)
    assert {f["module"] for f in crash["native"]} - {None} == set(crash["modules"])
    assert all(len(build_id) == 40 for build_id in crash["modules"].values())

    called = [f.get("function") for f in crash["php"]]
    assert called[0] is None and php in called and called[-2:] == ["array_map", "handle"]
    assert crash["php"][0]["file"].endswith("/php/crash.php") and crash["php"][0]["line"] > 0
    assert function["error_details"]["cut_off"]["open_calls"][:2] == ["{main}", "CrashFunctionCallHandler::handle"]

    assert error["error_type"] == "system_error" and error["severity"] == "critical"
    assert f"{name}, {reason}" in error["error_message"]
    where, _, native_stack = error["stack_trace"].partition("\nNative stack:\n")
    assert f" {php}\n" in where or f"::{php}\n" in where
    assert re.search(r"(?m)^libc\.so\.6\+0x[0-9a-f]+", native_stack) or way in ("stack", "nowhere")
    assert error["error_context"]["source"] == "crash" and error["error_context"]["chain"][-1]["kind"] == "crash"


def test_an_address_without_code_is_no_module_and_its_caller_is_found(salon):
    function, _ = salon.crash("nowhere")
    first, second = function["error_details"]["crash"]["native"][:2]
    assert (first["module"], first["offset"]) == (None, "0x10") and second["module"].startswith("libffi.so")
    assert function["error_details"]["crash"]["address"] == "0x10"


def test_an_offset_is_what_addr2line_takes(salon, library):
    function, _ = salon.crash("loader")
    first = function["error_details"]["crash"]["native"][0]
    assert first["module"] == library.name
    listed = subprocess.run(["nm", library], capture_output=True, text=True, check=True).stdout
    start = int(re.search(r"(?m)^([0-9a-f]+) T crash_here$", listed)[1], 16)
    assert int(first["offset"], 16) == start + int(first["symbol_offset"], 16)


def test_of_a_deep_stack_the_middle_is_left_out(salon):
    function, error = salon.crash("deep", {"depth": 5000})
    php = function["error_details"]["crash"]["php"]
    (left_out,) = [f["left_out"] for f in php if "left_out" in f]
    assert left_out + len(php) - 2 == 5000 + 1 + len(["strlen", "null_pointer", "{closure}", "array_map", "handle"])
    assert f"\n({left_out} more)\n" in error["stack_trace"]


def test_a_crash_behind_the_answer_is_an_error_of_a_call_that_succeeded(salon):
    call = retell.Call()
    assert salon.ask(call, "answered") == b'{"success":true}'
    function, error = salon.recorded(call)
    assert function["status"] == "success" and function["error_details"] is None
    assert error["error_code"] == "SIGSEGV" and error["metadata"]["handled"] is True
    assert [link["kind"] for link in error["error_context"]["chain"]] == ["answer", "crash"]


def test_show_timeline_and_tree_say_so(salon):
    call = retell.Call()
    assert salon.ask(call, "null_pointer") is None
    salon.recorded(call)
    for command in ("show", "timeline"):
        text = salon.stack.dump.text(command, call.call_id)
        assert "the worker crashed: SIGSEGV, address not mapped: 0x8" in text, text
        assert "ffi_call" in text and "crash.php:" in text, text
    tree = salon.stack.dump.json("tree", f"{call.call_id}/1")["calls"]
    assert [c["left"] for c in tree if c["function"] == "null_pointer"] == ["open"]
    document = salon.stack.dump.json("timeline", call.call_id)
    assert document["completeness"]["cut_off"] == 1
    assert [e["error_code"] for e in document["timeline"] if e["type"] == "error"] == ["SIGSEGV"]


def test_a_signal_that_another_process_sent(salon):
    with Stack(settings={"pm.max_children": "1"}) as stack:
        call = retell.Call()
        stack.booking.plan("hold")
        thread = threading.Thread(target=stack.function, args=(call, "book_appointment_v17", {
            "customer_name": retell.NAME, "dienstleistung": "Färben", "start": "2027-03-04T16:15:00+01:00"}))
        thread.start()
        stack.booking.wait_for_request()
        os.kill(stack.fpm.workers()[0], signal.SIGABRT)
        thread.join()
        stack.booking.release()
        (function,) = stack.wait_for_functions(call.call_id, 1)
        crash = function["error_details"]["crash"]
        assert (crash["signal"], crash["sender"]) == ("SIGABRT", os.getpid())
        assert "curl_exec" in [f.get("function") for f in crash["php"]]
        (error,) = stack.dump.json("errors", call.call_id)["errors"]
        assert error["booking_failed"] is True and error["severity"] == "critical"
        assert retell.NAME.encode() not in stack.dump.raw()


def test_the_log_says_the_same_and_the_next_worker_goes_on(library):
    said = []
    for preload in (False, True):
        salon = Salon(library, preload=preload)
        try:
            for way in WAYS:
                assert salon.ask(retell.Call(), way) is None
                wait_until(lambda: salon.ask(retell.Call(), "none") == b'{"success":true}', "the next worker",
                           diagnostics=salon.stack.diagnostics)
            said.append(wait_until(lambda: len(salon.deaths()) == len(WAYS) and salon.deaths(), "all deaths in the log",
                                   diagnostics=salon.stack.diagnostics))
        finally:
            salon.stack.close()
    assert said[1] == said[0]


@pytest.mark.parametrize("collector", ["absent", "stopped"])
def test_a_collector_that_does_not_answer_delays_no_death(library, collector):
    salon = Salon(library)
    try:
        call, before = retell.Call(), retell.Call()
        assert salon.ask(before, "none") == b'{"success":true}'
        salon.stack.wait_for_functions(before.call_id, 1)
        process = salon.stack.collector.process
        process.kill() if collector == "absent" else process.send(signal.SIGSTOP)
        assert salon.ask(call, "stack") is None
        wait_until(lambda: salon.ask(retell.Call(), "none"), "the next worker", diagnostics=salon.stack.diagnostics)
        if collector == "stopped":
            process.send(signal.SIGCONT)
            assert salon.recorded(call)[1]["error_code"] == "SIGSEGV"
    finally:
        salon.stack.close()


# php-cli, with the ring read by a consumer of our own


@pytest.fixture
def shell(tmp_path, library):
    return Shell(tmp_path, library)


class Shell:
    def __init__(self, base, library):
        self.base = base
        self.library = library
        (base / "agent.conf").write_text(f"sapis = cli\nsocket = {base}/agent.sock\n")
        shutil.copy(AGENT, base / "libcalltrace.so")

    def run(self, *argv, preload=True, also=()):
        """(wait status, output), with core dumps allowed."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("CALLTRACE") and k != "LD_PRELOAD"}
        env["CRASH_LIBRARY"] = str(self.library)
        env["LD_PRELOAD"] = ":".join(map(str, [*([self.base / "libcalltrace.so"] if preload else []), *also]))
        env["CALLTRACE_CONFIG"] = str(self.base / "agent.conf")
        with open(self.base / "out", "wb") as out:
            php = subprocess.Popen([PHP, "-d", "ffi.enable=1", *map(str, argv)], cwd=self.base, env=env, stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=out, preexec_fn=lambda: resource.setrlimit(
                                       resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
            _, status = os.waitpid(php.pid, 0)
            php.returncode = status
        for core in self.base.glob("core*"):
            core.unlink()
        return status, (self.base / "out").read_bytes()

    def same(self, *argv, **more):
        """Runs it without and with the agent; what is equal, and the frames of each process."""
        without = self.run(*argv, preload=False, **more)
        consumer = rc.Consumer(self.base / "agent.sock")
        try:
            traced = self.run(*argv, **more)
            rings = [consumer.accept()]
            try:
                while True:
                    rings.append(consumer.accept(timeout=0))
            except (TimeoutError, BlockingIOError):
                pass
            frames = [ring.read() for ring in rings]
        finally:
            consumer.close()
            (self.base / "agent.sock").unlink(missing_ok=True)
        assert traced == without
        return traced, frames


def crashes(frames):
    return [f[2] for f in frames if f[0] == rc.CRASH]


def ends(frames):
    return [f[2] for f in frames if f[0] == rc.END]


@pytest.mark.parametrize("way", WAYS)
def test_the_exit_status_and_the_core_dump_are_the_same(shell, way):
    (status, _), (frames,) = shell.same(SCRIPT, way)
    assert signal.Signals(os.WTERMSIG(status)).name == WAYS[way][0] and os.WCOREDUMP(status)
    (crash,) = crashes(frames)
    assert crash["signal"] == WAYS[way][0] and ends(frames) == [rc.END_CRASHED]


def test_a_library_whose_name_is_no_text(shell):
    name = b"l\xe4den.so"
    shell.library = shutil.copy(shell.library, shell.base / os.fsdecode(name))
    _, (frames,) = shell.same(SCRIPT, "loader")
    (crash,) = crashes(frames)
    assert crash["native"][0][:1] + crash["native"][0][2:3] == [name, "crash_here"] and len(crash["modules"][name]) == 40


def test_a_forked_child_is_told_apart(shell):
    script = shell.base / "fork.php"
    script.write_text("""<?php
function child() { posix_kill(posix_getpid(), SIGBUS); }
if (($pid = pcntl_fork()) === 0) { child(); }
pcntl_waitpid($pid, $status);
echo pcntl_wtermsig($status);
""")
    (status, out), frames = shell.same(script)
    assert (status, out) == (0, b"7")
    assert sorted(len(crashes(f)) for f in frames) == [0, 1]
    (crash,) = [c for f in frames for c in crashes(f)]
    assert "child" in [frame[3] for frame in crash["php"]]


@pytest.mark.parametrize("script, output, recorded", [
    ("pcntl_async_signals(true); pcntl_signal(SIGSEGV, fn () => print('handled'));"
     "function f() { posix_kill(posix_getpid(), SIGSEGV); } f(); echo ' on';", b"handled on", 0),
    ("pcntl_signal(SIGSEGV, SIG_IGN); function f() { posix_kill(posix_getpid(), SIGSEGV); } f(); echo 'on';", b"on", 0),
    ("function f() { pcntl_signal(SIGSEGV, SIG_DFL); posix_kill(posix_getpid(), SIGSEGV); } f();", b"", 0),
    ("register_shutdown_function(fn () => posix_kill(posix_getpid(), SIGABRT)); echo 'end';", b"end", 1),
])
def test_what_the_script_says_of_a_signal_holds(shell, script, output, recorded):
    path = shell.base / "script.php"
    path.write_text("<?php " + script)
    (_, out), (frames,) = shell.same(path)
    assert out == output and len(crashes(frames)) == recorded


def test_without_the_setting_no_signal_is_touched(shell):
    with open(shell.base / "agent.conf", "a") as conf:
        conf.write("crashes = no\n")
    script = shell.base / "script.php"
    script.write_text("<?php echo preg_match('/SigCgt:.*/', file_get_contents('/proc/self/status'), $m) ? $m[0] : '?';"
                      "echo preg_match('/libunwind/', file_get_contents('/proc/self/maps'));"
                      "function f() { posix_kill(posix_getpid(), SIGSEGV); } f();")
    (_, out), (frames,) = shell.same(script)
    assert out.startswith(b"SigCgt:") and out.endswith(b"0")
    assert crashes(frames) == ends(frames) == []


FALSE_UNWINDER = """
#include <stdlib.h>
int _Ux86_64_init_remote(void) { abort(); }
int _Ux86_64_step(void) { abort(); }
int _Ux86_64_get_reg(void) { abort(); }
int _Ux86_64_dwarf_search_unwind_table(void) { abort(); }
void *_Ux86_64_create_addr_space(void) { abort(); }
"""


def test_libunwind_is_the_agents_own(shell):
    """No symbol of it is visible in the process, and none of the process's stands in for one of it."""
    (shell.base / "false.c").write_text(FALSE_UNWINDER)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shell.base / "false.so", shell.base / "false.c"], check=True)
    script = shell.base / "script.php"
    script.write_text("""<?php
foreach (['_Ux86_64_step', '_ULx86_64_step', 'unw_backtrace', '_U_dyn_register', 'lzma_stream_buffer_decode'] as $name) {
    try {
        FFI::cdef("int $name(void);");
        echo "$name ";
    } catch (FFI\\Exception $e) {
    }
}
function f() { posix_kill(posix_getpid(), SIGSEGV); } f();""")
    (_, out), _ = shell.same(script)
    assert b"Ux86" not in out and b"unw" not in out
    (_, out), (frames,) = shell.same(script, also=[shell.base / "false.so"])
    assert b"_Ux86_64_step " in out
    (crash,) = crashes(frames)
    assert crash["native"][-1][2] == "_start"


OTHER = r"""
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char stack[1 << 16];

static void say(const char *text) { if (write(1, text, strlen(text)) < 0) _exit(9); }

static void handler(int sig, siginfo_t *info, void *context)
{
	char here;

	say(sig == SIGSEGV && info->si_addr == (void *)8 ? "[mine]" : "[strange]");
	say(&here >= stack && &here < stack + sizeof(stack) ? "[my stack]" : "[another stack]");
	if (getenv("OTHER_EXITS"))
		_exit(42);
	if (getenv("OTHER_MAPS")) {
		/* As a collector of garbage does it: the fault is mended, and the code goes on. */
		mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
		return;
	}
	if (getenv("OTHER_UNPROTECTS")) {
		mprotect((void *)((unsigned long)info->si_addr & ~4095ul), 4 << 20, PROT_READ | PROT_WRITE);
		return;
	}
	signal(sig, SIG_DFL);
}

static void __attribute__((constructor)) install(void)
{
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
}
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Somebody else's handler, on a stack of its own, from before PHP's start."""
    folder = tmp_path_factory.mktemp("other")
    (folder / "other.c").write_text(OTHER)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "other.so", folder / "other.c"], check=True)
    return folder / "other.so"


# Takes the agent's ring away from it: the next frame that it writes is a fault of its own.
OWN_FAULT = """<?php
function go_on() { return 42; }
$mprotect = FFI::cdef('int mprotect(uintptr_t at, size_t n, int protection);');
preg_match_all('/^([0-9a-f]+)-([0-9a-f]+) .*calltrace-ring/m', file_get_contents('/proc/self/maps'), $maps, PREG_SET_ORDER);
foreach ($maps as [, $from, $to]) {
    $mprotect->mprotect(hexdec($from), hexdec($to) - hexdec($from), 0);
}
echo go_on();
"""


def test_a_fault_of_the_agent_that_hits_its_handler_too_ends_as_any_other(shell):
    script = shell.base / "own.php"
    script.write_text(OWN_FAULT)
    assert shell.run(script, preload=False) == (0, b"42")
    status, out = shell.run(script)
    assert os.WTERMSIG(status) == signal.SIGSEGV and out == b""


def test_a_fault_of_the_agent_that_somebody_mends_disarms_it(shell, other, monkeypatch):
    monkeypatch.setenv("OTHER_UNPROTECTS", "1")
    script = shell.base / "own.php"
    script.write_text(OWN_FAULT)
    consumer = rc.Consumer(shell.base / "agent.sock")
    status, out = shell.run(script, also=[other])
    frames = consumer.accept().read()
    consumer.close()
    assert status == 0 and out.startswith(b"[strange][my stack]") and out.endswith(b"]42")
    assert crashes(frames) == ends(frames) == []


@pytest.mark.parametrize("how, died", [("OTHER_EXITS", True), ("OTHER_LEAVES_IT_TO_THE_KERNEL", True), ("OTHER_MAPS", False)])
def test_a_handler_that_was_there_before_is_called(shell, other, monkeypatch, how, died):
    monkeypatch.setenv(how, "1")
    (status, out), (frames,) = shell.same(SCRIPT, "null_pointer", also=[other])
    assert out.startswith(b"[mine][my stack]") and os.waitstatus_to_exitcode(status) == {
        "OTHER_EXITS": 42, "OTHER_LEAVES_IT_TO_THE_KERNEL": -signal.SIGSEGV, "OTHER_MAPS": 0}[how]
    (crash,) = crashes(frames)
    assert crash["address"] == 8
    assert ends(frames) == ([] if died else [rc.END_DONE])
