# SPDX-License-Identifier: MIT
"""What fails in PHP is one error with its chain; what was handled is told as well; rules say what it is."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import retell
from harness import CALLTRACED, REPO, Stack

DOCS = (REPO / "docs" / "rules.md").read_text()
EXAMPLE = re.search(r"```json\n(.*?)```", DOCS, re.S).group(1)


@pytest.fixture(scope="module")
def plain():
    with Stack() as stack:
        shutil.copytree(Path(__file__).parent / "php", stack.base / "php")
        yield stack


def ask(stack, name):
    """One function call; its trace and its errors."""
    call = retell.Call()
    body = call.function_body(name, {})
    with stack.fpm.connect() as connection:
        connection.ask(stack.fcgi_params("POST", "/errors.php", body, SCRIPT_FILENAME=f"{stack.base}/php/errors.php"), body)
    (function,) = stack.wait_for_functions(call.call_id, 1)
    document = stack.dump.json("errors", call.call_id)
    return function, document["errors"] if document else [], call


def kinds(error):
    return [link["kind"] for link in error["error_context"]["chain"]]


def line_of(text):
    source = (Path(__file__).parent / "php" / "errors.php").read_text().splitlines()
    (number,) = [i for i, line in enumerate(source, 1) if text in line]
    return number


def test_one_failure_is_one_error_with_its_chain(plain):
    plain.booking.plan("unavailable")
    function, errors, call = ask(plain, "book_appointment_v17")
    (error,) = errors
    assert function["status"] == "error" and error["function_trace_id"] == function["id"]
    assert kinds(error) == ["outbound", "exception", "caught", "exception", "caught", "answer"]
    outbound, failed, passed, thrown, caught, answer = error["error_context"]["chain"]
    assert outbound["status"] == 503 and outbound["url"] == plain.booking.url + "/v1/bookings"
    assert outbound["method"] == "POST" and not outbound["recovered"]
    assert failed["class"] == "App\\Exceptions\\HttpFailed" and failed["line"] == line_of('throw new HttpFailed')
    assert passed["function"] == "App\\Exceptions\\book"
    assert thrown["class"] == "App\\Exceptions\\BookingFailed" and thrown["message"] == "no booking"
    assert caught["function"] == "App\\Exceptions\\answer"
    assert answer["http_status"] == 200 and answer["error"] == "Das hat nicht geklappt."
    offsets = [link["offset_ms"] for link in error["error_context"]["chain"]]
    assert offsets == sorted(offsets) and offsets[-1] == function["duration_ms"]
    assert (error["error_code"], error["error_type"], error["severity"]) == ("HTTP_503", "api_error", "critical")
    assert error["booking_failed"] is True and error["metadata"]["handled"] is False
    frames, _, causes = error["stack_trace"].partition("\nCaused by: App\\Exceptions\\HttpFailed: HTTP 503\n")
    assert frames.splitlines()[0].endswith(f"/php/errors.php:{line_of('throw new BookingFailed')}")
    assert causes.splitlines()[0].endswith(f"/php/errors.php:{line_of('throw new HttpFailed')}")
    text = plain.dump.text("show", call.call_id)
    assert text.index("→ 503") < text.index("HttpFailed: HTTP 503") < text.index("BookingFailed: no booking") < text.index(
        "answered 200")


def test_what_was_swallowed_is_an_error_that_was_handled(plain):
    plain.booking.plan("unavailable")
    function, errors, call = ask(plain, "send_reminder")
    (error,) = errors
    assert function["status"] == "success" and function["error_details"] is None
    assert error["metadata"]["handled"] is True and error["severity"] == "medium"
    assert kinds(error) == ["outbound", "exception", "caught", "answer"]
    assert error["error_code"] == "HTTP_503" and error["booking_failed"] is False
    assert "---H" in plain.dump.text("errors", call.call_id)
    assert "handled" in plain.dump.text("timeline", call.call_id)


def test_a_warning_is_a_low_one(plain):
    function, (error,), _ = ask(plain, "warns")
    assert function["status"] == "success"
    assert (error["error_code"], error["severity"]) == ("PHP_WARNING", "low")
    assert kinds(error) == ["php_error", "answer"]
    assert error["stack_trace"].endswith(f"/php/errors.php:{line_of('$slots[' + repr('first'))}")


def test_a_notice_and_what_is_masked_are_none(plain):
    function, errors, _ = ask(plain, "notices")
    assert function["status"] == "success" and errors == []


def test_a_script_that_dies_behind_its_first_words_has_failed(plain):
    function, (error,), _ = ask(plain, "dies")
    assert function["status"] == "error"
    assert (error["error_code"], error["error_type"]) == ("PHP_FATAL", "system_error")
    assert "memory" in error["error_message"] and kinds(error) == ["php_error", "answer"]


def test_an_uncaught_exception_is_told_once(plain):
    _, (error,), _ = ask(plain, "no_such_function")
    assert kinds(error) == ["exception", "answer"]
    assert error["error_context"]["chain"][0]["class"] == "LogicException"


def test_the_rules_of_the_manual_do_what_it_says():
    stack = Stack()
    rules = stack.base / "rules.json"
    rules.write_text(EXAMPLE.replace("https://reminders.example.com/", stack.booking.url + "/reminders"))
    stack.collector.config.write_text(f"allow_users = www-data\nrules = {rules}\n")
    with stack:
        shutil.copytree(Path(__file__).parent / "php", stack.base / "php")
        stack.booking.plan("unavailable")
        _, (error,), _ = ask(stack, "send_reminder")
        assert (error["error_code"], error["severity"], error["error_type"]) == ("REMINDER_DOWN", "low", "api_error")
        _, (error,), _ = ask(stack, "book_by_waiting_list")
        assert (error["error_code"], error["severity"]) == ("CALENDAR_FULL", "critical")
        assert error["booking_failed"] is True and error["metadata"]["handled"] is True
        _, (error,), _ = ask(stack, "warns")
        assert error["error_code"] == "PHP_WARNING"


def check(base, rules):
    (base / "rules.json").write_text(rules)
    (base / "calltraced.conf").write_text(f"rules = {base}/rules.json\n")
    return subprocess.run([CALLTRACED, "--check-config", "--config", base / "calltraced.conf"], capture_output=True, text=True)


def test_check_config_says_what_is_wrong_with_which_rule(tmp_path):
    assert check(tmp_path, EXAMPLE).returncode == 0
    done = check(tmp_path, EXAMPLE.replace('"500-599"', '"5xx"'))
    assert done.returncode == 2
    said = re.search(r"```\n(calltraced: rules .*?)\n```", DOCS, re.S).group(1)
    assert said.replace("/etc/calltrace", str(tmp_path)) in done.stderr
    assert "rules.json: No such file" in subprocess.run(
        [CALLTRACED, "--check-config", "--config", tmp_path / "calltraced.conf"], capture_output=True, text=True,
        check=(tmp_path / "rules.json").unlink()).stderr
