# SPDX-License-Identifier: MIT
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import phps  # noqa: E402
from harness import AGENT, CALLTRACED, TRACE_DUMP, Stack  # noqa: E402


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the integration tests start php-fpm as www-data: run them as root", 2)
    missing = [str(p) for p in (AGENT, CALLTRACED, TRACE_DUMP) if not p.exists()]
    if missing and not os.environ.get("CALLTRACE_TEST_PARTIAL"):
        pytest.exit("not built: " + ", ".join(missing) + " (run ./dev build)", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """The logs of the programs belong to the report of a failed test."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Stack):
                report.sections.append(("logs", value.diagnostics()))


@pytest.fixture(scope="module", params=phps.VERSIONS)
def php(request):
    """Each PHP that the agent is made for, one after the other."""
    return php_or_skip(request.param)


def php_or_skip(version):
    try:
        return phps.php(version)
    except phps.Unreachable as e:
        pytest.skip(f"PHP {version} cannot be fetched: {e}")


@pytest.fixture(scope="module")
def shared():
    """One set of programs for all tests of a module that disturb nothing."""
    with Stack() as stack:
        yield stack


@pytest.fixture
def stack():
    """A set of programs of its own."""
    with Stack() as stack:
        yield stack
