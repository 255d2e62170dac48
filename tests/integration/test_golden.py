# SPDX-License-Identifier: MIT
"""tests/golden: nobody can tell that a script is traced, and its tree is the expected one: on each PHP, in php-cli and
php-fpm, without opcache, with it, and with either JIT, whatever mechanism that means."""
import functools
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

import golden
import phps

CONFIGURATIONS = golden.configurations()
SCRIPTS = golden.scripts()
POOL = ThreadPoolExecutor(os.cpu_count())


@functools.cache
def running():
    """All of them at once, as many as there are processors: {configuration: its future}."""
    return {str(config): POOL.submit(config.run, [s for s in SCRIPTS if s.runs_in(config)]) for config in CONFIGURATIONS}


@pytest.mark.parametrize("config,script", [pytest.param(config, script, id=f"{config}-{script.name}")
                                           for config in CONFIGURATIONS for script in SCRIPTS if script.runs_in(config)])
def test_golden(config, script):
    try:
        plain, traced = running()[str(config)].result()[script.name]
    except phps.Unreachable as e:
        pytest.skip(f"PHP {config.php} cannot be fetched: {e}")
    difference = golden.difference(script, config, plain, traced)
    assert not difference, f"{config} {script.name}\n{difference}"


def test_every_expectation_has_its_script():
    names = {script.name for script in SCRIPTS}
    assert [p.name for p in golden.FOLDER.glob("*.expect*") if p.name.split(".")[0] not in names] == []
