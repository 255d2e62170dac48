# SPDX-License-Identifier: MIT
"""Every PHP 8 from one binary: the same is recorded on each, by the hook and by the observer, and nothing is disturbed."""
import pytest

import ring_consumer as rc
from test_ring import PHP, Traced

JITS = {
    "off": {"opcache.jit_buffer_size": "0", "opcache.jit": "disable"},
    "function": {"opcache.jit_buffer_size": "16M", "opcache.jit": "function"},
    "tracing": {"opcache.jit_buffer_size": "16M", "opcache.jit": "tracing", "opcache.jit_hot_func": "5", "opcache.jit_hot_loop": "5"},
}
ROUNDS = 4  # the tracing JIT compiles what it has seen often


class Asked:
    """versions.php, several times by one worker."""

    def __init__(self, php, jit, preload=True):
        traced = Traced("observer = on\n", php=php, ini=JITS[jit], preload=preload)  # 8.3.8 is gated otherwise
        try:
            with traced.stack.fpm.connect() as connection:
                self.bodies = [connection.ask(traced.params("versions.php")).body for _ in range(ROUNDS)]
            if preload:
                self.process, self.requests = traced.recorded(ROUNDS)
        finally:
            traced.close()


@pytest.fixture(scope="module", params=list(JITS))
def jit(request):
    return request.param


@pytest.fixture(scope="module")
def asked(php, jit):
    return Asked(php, jit)


def args_of(request, name):
    return [args for entered, args in request.enters if entered == name]


def results_of(request, name):
    return [value for left, how, value in request.leaves if left == name and how == rc.LEAVE_RETURN]


def test_the_answers_are_those_of_a_php_without_the_agent(asked, php, jit):
    assert asked.bodies == Asked(php, jit, preload=False).bodies
    assert asked.bodies[0].endswith(b'{"jit":%s}\n' % (b"false" if jit == "off" else b"true"))


def test_the_process_says_what_it_is(asked, php, jit):
    assert asked.process["php"].startswith(php.version + ".")
    assert asked.process["mechanism"] == ("execute_ex" if jit == "off" else "observer")


def test_each_time_the_same_is_recorded(asked):
    for request in asked.requests:
        assert not request.lost and request.end == rc.END_DONE
        assert request.names() == asked.requests[0].names()


def test_functions_arguments_and_results(asked):
    for request in asked.requests:
        assert args_of(request, "App\\Booking::greet") == [["Welt", 1, 2, 3]]
        assert results_of(request, "App\\Booking::greet") == ["Hallo Welt 6"]
        assert args_of(request, "App\\add")[:3] == [[1, 5], [1], [2]]
        assert results_of(request, "App\\add")[:3] == [6, 3, 4]
        assert args_of(request, "App\\Booking::__call") == [["magic", [1, 2]]]
        assert len(args_of(request, "App\\deep")) == 2001 and len(args_of(request, "App\\add")) >= 300
        assert args_of(request, "evaluated") == [[]]
        assert args_of(request, "App\\gone") == [[17]]


def test_generators_are_left_by_yields(asked):
    for request in asked.requests:
        hows = [how for name, how, _ in request.leaves if name == "App\\counted"]
        assert len(hows) >= 3 and set(hows) == {rc.LEAVE_YIELD}


def test_exceptions_are_thrown_and_caught(asked):
    for request in asked.requests:
        thrown = request.throws[1] if request.throws[0]["class"] == "LogicException" else request.throws[0]
        assert (thrown["class"], thrown["message"], thrown["code"]) == ("DomainException", "absichtlich", 7)
        assert thrown["previous"]["message"] == "before" and thrown["line"] == line_of("throw new")
        assert [f["function"] if isinstance(f, dict) else f[3] for f in thrown["trace"]] == ["App\\fails", "App\\passes"]
        left = [(name, how) for name, how, _ in request.leaves if name in ("App\\fails", "App\\passes")][:2]
        assert left == [("App\\fails", rc.LEAVE_EXCEPTION), ("App\\passes", rc.LEAVE_EXCEPTION)]
        assert request.catches[0][0] == "{main}"


def line_of(text):
    return 1 + next(i for i, line in enumerate((PHP / "versions.php").read_text().splitlines()) if text in line)


def test_arrays_dates_and_errors(asked):
    for request in asked.requests:
        ((list_, when),) = args_of(request, "App\\by_reference")
        assert list_ == {0: "eins", "drei": 3.5, 5: None}
        assert (when["@class"], when["@time"]) == ("DateTimeImmutable", "2026-03-04 16:15:00 UTC")
        assert [e[1] for e in request.errors] == ["beware"]


def test_enums_fibers_and_callables(asked, php):
    if php.number < (8, 1):
        assert not args_of(asked.requests[0], "App\\takes")
        return
    for request in asked.requests:
        enum, point, callable_ = (args[0] for args in args_of(request, "App\\takes")[:3])
        assert enum == {"@enum": "App\\Suit::Spades", "value": "S"}
        assert (point["@class"], point["x"], point["suit"]) == ("App\\Point", 3, enum)
        assert callable_["@closure"] == "App\\add"
        assert args_of(request, "App\\in_fiber") == [[1]] and results_of(request, "App\\in_fiber") == ["weiter"]
        assert len([f for f in request.frames if f[0] == rc.FIBER]) >= 6
        assert [f for f in args_of(request, "App\\add") if f == [0, 9]]


def test_hooks_and_lazy_objects(asked, php):
    if php.number < (8, 4):
        assert b"made" not in asked.bodies[0]
        return
    for request in asked.requests:
        hooked, ghost, proxy, made_ghost, made_proxy = (args[0] for args in args_of(request, "App\\takes")[-5:])
        assert (hooked["@class"], hooked["name"], hooked["seen"]) == ("App\\Hooked", "klein", 1) and "virtual" not in hooked
        assert args_of(request, "App\\Hooked::$name::set") == [[" gross "]]
        assert ghost["@lazy"] is True and proxy["@lazy"] is True
        assert made_ghost["x"] == 5 and "@lazy" not in made_ghost
        assert made_proxy["@class"] == "App\\Point"
