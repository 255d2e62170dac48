# SPDX-License-Identifier: MIT
"""What PHP's values and exceptions are recorded as, and that recording them runs nothing and tells no secret."""
import re
import shutil

import pytest

import ring_consumer as rc
from harness import Stack, wait_until
from test_ring import PHP, Traced

SECRET = "[SECRET_REDACTED]"


@pytest.fixture(scope="module")
def recorded():
    """The requests of both scripts, from one worker."""
    traced = Traced()
    try:
        with traced.stack.fpm.connect() as connection:
            assert connection.ask(traced.params("values.php")).body == b"done", "something was run"
            connection.ask(traced.params("thrown.php"))
        _, found = traced.recorded(2)
        yield found
    finally:
        traced.close()


@pytest.fixture(scope="module")
def shown(recorded):
    """What show() was called with, by its first argument."""
    return {args[0]: args[1:] for name, args in recorded[0].enters if name == "App\\show"}


def closure(place, **more):
    return {"@closure": place, **more}


def test_nothing_secret_leaves_the_worker(recorded):
    for request in recorded:
        told = repr(request.frames)
        assert "planted" not in re.sub(r"'/\S*planted\S*'", "", told), re.findall(r".{60}planted-\d+", told)
        assert not request.lost


def test_what_contains_itself_is_told_once(shown):
    assert shown["array in itself"] == [{0: 1, "self": {"@cut": "recursion", "count": 2}}]
    (child,) = shown["object in itself"]
    assert child["self"] == {"@class": "App\\Child", "@id": child["@id"], "@cut": "recursion"}
    (one,) = shown["each other"]
    assert one["two"]["one"] == [{"@class": "stdClass", "@id": one["@id"], "@cut": "recursion"}]


def test_an_object_shows_what_lies_in_it(shown):
    (child,) = shown["object in itself"]
    assert list(child) == ["@class", "@id", "App\\Base::x", "p", "q", "secretToken", "x", "r", "self", "phrase", "options"]
    assert (child["App\\Base::x"], child["x"], child["p"], child["q"], child["r"]) == ("base", "child", 2, None, 5)
    assert child["secretToken"] == SECRET and child["phrase"] == SECRET
    assert child["options"] == {"password": SECRET, "deep": {"api_key": SECRET, "on": True}}
    (dynamic,) = shown["dynamic"]
    assert (dynamic["App\\Base::x"], dynamic["x"], dynamic["password"], dynamic["7"]) == ("base", "dynamic", SECRET, 8)
    plain, derived = shown["anonymous"]
    assert plain["@class"] == "class@anonymous" and derived["@class"] == "App\\Base@anonymous"
    assert re.search(r"/values\.php:\d+$", plain["@file"]) and plain["v"] == derived["v"] == 1


def test_what_is_not_the_applications_is_named_only(shown):
    assert [set(o) for o in shown["internal"][:4]] == [{"@class", "@id"}] * 4
    assert [o["@class"] for o in shown["internal"]] == [
        "ArrayObject", "SplObjectStorage", "Generator", "WeakMap", "DateTimeImmutable", "App\\Access"]
    assert shown["internal"][-1]["held"] == [1]
    assert set(shown.get("sensitive", [{"@class", "@id"}])[0]) == {"@class", "@id"}


def test_dates_tell_their_time(shown):
    immutable, fraction, derived, unborn = shown["dates"]
    assert (immutable["@class"], immutable["@time"]) == ("DateTimeImmutable", "2026-03-04 16:15:00 CET")
    assert fraction["@time"].startswith("1970-01-02 00:00:00.250000")
    assert (derived["@class"], derived["@time"], derived["note"]) == ("App\\Appointment", "12026-07-01 00:00:00 CEST", "x")
    assert "@time" not in unborn and unborn["note"] == "x"


def test_enums_callables_and_resources_are_told_by_what_identifies_them(shown):
    assert shown["enums"] == [{"@enum": "App\\Suit::Hearts", "value": "H"}, {"@enum": "App\\Unit::A"}]
    strlen, method, arrow, bound, plain, named, internal = shown["callables"]
    assert strlen == closure("strlen")
    assert method["@closure"] == "App\\Child::method" and method["this"]["@class"] == "App\\Child"
    assert re.search(r"/values\.php:\d+$", method["file"])
    assert re.search(r"/values\.php:\d+$", arrow["@closure"]) and arrow["scope"] == "App\\Child"
    assert bound["this"] == method["this"] and "scope" not in bound
    assert set(plain) == {"@closure"}
    assert named["@closure"] == "App\\show"
    assert internal["@closure"] == "DateTime::format" and internal["this"]["@class"] == "DateTime"
    (open_one,), (closed,) = shown["resource"], shown["closed"]
    assert open_one["type"] == "stream" and closed == {"@resource": open_one["@resource"], "type": "closed"}


def test_scalars_are_exact(shown):
    nan, inf, minus, zero, least, most, small, tenth = shown["numbers"]
    assert (nan, inf, minus) == ({"@float": "NAN"}, {"@float": "INF"}, {"@float": "-INF"})
    assert str(zero) == "-0.0" and (least, most, small, tenth) == (-1 << 63, (1 << 63) - 1, -33, 0.1)
    empty, binary, nul, umlauts, long, broken = shown["strings"]
    assert (empty, binary, nul, umlauts) == ("", b"\xff\xfe", "a\0b", "Grüße")
    assert long == {"@cut": "string", "bytes": 100000, "value": "x" * 4096}
    assert broken == {"@cut": "string", "bytes": 6001, "value": "ä" * 2048}
    assert shown["references"] == [5, [5]]


def test_arrays_keep_their_keys_and_say_what_is_missing(shown):
    many, filtered = shown["holes"]
    assert many == [{"@cut": "array", "count": 1}] and filtered == {0: 1, 2: 2}
    (keys,) = shown["keys"]
    assert keys == {b"\xff": 1, 9: 2, -5: 3, "": 4, 5: 5, "a" + "b" * 255: SECRET}
    numbers, letters = shown["large"]
    assert numbers == [*range(1, 65), {"@cut": "array", "count": 100}]
    assert len(letters) == 65 and letters["@cut"] == {"@cut": "array", "count": 83}
    assert shown["deep"] == [[[[[[{"@cut": "depth", "count": 1}]]]]]]


def test_secrets_are_masked_inside_texts(shown):
    headers, json, query, url, nested = shown["texts"]
    assert headers == [f"Authorization: {SECRET}", "Accept: */*"]
    assert json == '{"password":"%s","n":1}' % SECRET
    assert query == f"a=1&token={SECRET}&b=2"
    assert url == f"https://user:{SECRET}@host/?api_key={SECRET}&q=1"
    assert nested == '{"body":"{\\"secret\\":\\"%s\\"}"}' % SECRET


def test_arguments_stand_in_their_places_however_they_were_passed(recorded, shown):
    calls = [args for name, args in recorded[0].enters if name == "App\\login"]
    assert calls == [["hans", SECRET, SECRET], ["hans", SECRET, SECRET, SECRET, SECRET], ["eva", SECRET, None, SECRET]]
    named = dict(recorded[0].enters)["App\\named"]
    assert named == ["hans", None, {"extra": 1, "password": SECRET}]
    assert dict(recorded[0].enters)["App\\by_reference"] == [[1], None]
    assert dict(recorded[0].enters)["App\\reads_too_many"] == [1, 2, "three"]
    results = {name: value for name, _, value in recorded[0].leaves}
    assert results["App\\result"] == {"ok": True, "password": SECRET, "list": [1, 2]}
    assert shown["by name"] == [{"token": SECRET, "n": 1}]


def test_what_is_lazy_or_hooked_is_left_alone(recorded, shown):
    if "hooked" not in shown:  # before PHP 8.4 there is neither
        assert "lazy" not in shown
        return
    (hooked,) = shown["hooked"]
    assert hooked["backed"] == "raw" and "virtual" not in hooked and hooked["asymmetric"] == 3
    assert [set(o) for o in shown["lazy"]] == [{"@class", "@id", "@lazy"}] * 2


def test_an_exception_tells_its_message_stack_properties_and_cause(recorded):
    first, again, long, *_ = recorded[1].throws
    assert first == again, "thrown again"
    assert (first["class"], first["code"]) == ("App\\BookingRejected", 7)
    assert first["message"] == b"no\xff slot, password=" + SECRET.encode()
    assert first["properties"] == {"slot": "16:15", "apiToken": SECRET, "context": {"password": SECRET, "salon": "Mitte"}}
    file, line, cls, function, kind = first["trace"][0]
    assert file.endswith("/thrown.php") and line > 0 and (cls, kind, function) == ("App\\Login", "->", "check")
    assert first["trace"][1][2:] == ["App\\Login", "deep", "::"]
    assert len(first["trace"]) == 41 and first["trace"][-1] == {"@cut": "array", "count": 103}
    cause = first["previous"]
    assert (cause["class"], cause["message"], cause["file"], cause["line"]) == ("ErrorException", "warned", "/srv/other.php", 3)
    assert cause["properties"] == {"severity": 2} and cause["previous"] is None
    assert long["message"]["@cut"] == "string" and long["message"]["bytes"] == 50000


def test_a_chain_that_goes_in_circles_ends(recorded):
    circle = recorded[1].throws[3]
    messages = []
    while circle:
        messages.append(circle["message"])
        circle = circle.get("previous")
    assert messages == ["first", "second", "first", "second", "first"]


def test_an_uncaught_exceptions_text_has_no_arguments(recorded):
    ((kind, message, _, _),) = recorded[1].errors
    text = message.decode(errors="replace")
    assert kind & 1 and text.startswith("Uncaught ")
    assert "App\\Login->check()" in text and "App\\Login::deep()" in text and "hans" not in text
    assert recorded[1].throws[4]["class"] == "DivisionByZeroError"


def test_names_and_parameters_that_are_no_utf8_are_bytes():
    traced = Traced()
    try:
        (traced.stack.base / "php" / "latin1.php").write_bytes(
            b"<?php class Gr\xfc\xdfe { static function z\xfcrich($na\xefv) { return 1; } } Gr\xfc\xdfe::z\xfcrich(\"\xfc\");")
        with traced.stack.fpm.connect() as connection:
            connection.ask(traced.params("latin1.php", QUERY_STRING=b"a=\xff&token=planted-40&b=1"))
        _, (request,) = traced.recorded(1)
    finally:
        traced.close()
    assert request.params["QUERY_STRING"] == b"a=\xff&token=" + SECRET.encode() + b"&b=1"
    assert dict(request.enters)[b"z\xfcrich"] == [b"\xfc"]
    (function,) = [f for f in traced.frames if f[0] == rc.FUNCTION and f[3] == b"z\xfcrich"]
    assert function[2] == b"Gr\xfc\xdfe" and function[7] == [b"na\xefv"]


@pytest.fixture(scope="module")
def stored():
    """The ids of three requests in a store: values, exceptions, and one with a message of 50,000 bytes."""
    stack = Stack(nginx=False, settings={"pm.max_children": "1"})
    try:
        stack.start()
        shutil.copytree(PHP, stack.base / "php")
        (stack.base / "php" / "long.php").write_text("<?php throw new Exception(str_repeat('long ', 10000) . \"\\xff\");")
        for name in ("values", "thrown", "long"):
            with stack.fpm.connect() as connection:
                connection.ask(stack.fcgi_params("GET", f"/{name}", SCRIPT_FILENAME=f"{stack.base}/php/{name}.php",
                                                 SCRIPT_NAME=f"/{name}.php"))

        def look():
            calls = (stack.dump.json("calls", "--kind", "request") or {"calls": []})["calls"]
            return len(calls) == 3 and {call["metadata"]["path"]: call["id"] for call in calls}

        yield stack.dump, wait_until(look, "three requests in the store", diagnostics=stack.diagnostics)
    finally:
        stack.close()


def test_a_message_of_any_length_and_any_bytes_reaches_the_store(stored):
    dump, ids = stored
    (error,) = dump.json("errors", ids["/long"])["errors"]
    assert "long long long" in error["error_message"]


def test_the_tree_shows_values_as_they_were_recorded(stored):
    dump, ids = stored
    args = {call["args"].get("what"): call["args"].get("values") for call in dump.json("tree", ids["/values"])["calls"]
            if call["function"] == "App\\show"}
    assert args["array in itself"] == [{"0": 1, "self": {"@cut": "recursion", "count": 2}}]
    assert args["numbers"][0] == {"@float": "NAN"} and args["numbers"][4:6] == [-1 << 63, (1 << 63) - 1]
    assert args["strings"][1] == {"@bytes": 2, "@bin": "\\xff\\xfe"}
    assert args["enums"][0] == {"@enum": "App\\Suit::Hearts", "value": "H"}


def test_the_error_of_an_uncaught_exception_has_its_stack_and_its_properties(stored):
    dump, ids = stored
    (error,) = dump.json("errors", ids["/thrown"])["errors"]
    assert "App\\Login->check" in error["stack_trace"] and "App\\Login::deep" in error["stack_trace"]
    assert "planted" not in repr(error)
