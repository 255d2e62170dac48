# SPDX-License-Identifier: MIT
"""Under valgrind a traced php-fpm makes no error that an untraced one does not make."""
import re
import shutil
from pathlib import Path

import pytest

import retell
from harness import Stack

pytestmark = pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")

# opcache and PCRE's JIT do what valgrind cannot follow.
INI = {"opcache.enable": "0", "pcre.jit": "0"}


def errors(preload, tmp_path):
    """Error kinds and the top of their stacks, of every worker."""
    logs = tmp_path / ("with" if preload else "without")
    logs.mkdir(mode=0o777)
    logs.chmod(0o777)
    valgrind = ["valgrind", "--quiet", "--error-limit=no", "--num-callers=12", f"--log-file={logs}/%p"]
    with Stack(preload=preload, collector=False, nginx=False, settings={"pm.max_children": "1"}, ini=INI, env={"USE_ZEND_ALLOC": "0"},
               argv_prefix=valgrind) as stack:
        shutil.copytree(Path(__file__).parent / "php", stack.base / "php")
        with stack.fpm.connect() as connection:
            for script in ("plain.php", "exits.php", "plain.php"):
                connection.ask(stack.fcgi_params("POST", "/", b"x", SCRIPT_FILENAME=f"{stack.base}/php/{script}"), b"x")
            body = retell.Call().function_body("check_availability", {
                "datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Färben"})
            assert connection.ask(stack.fcgi_retell(body), body).status == 200
    text = "\n".join(p.read_text(errors="replace") for p in logs.iterdir())
    kinds = re.findall(r"(?m)^==\d+== ((?:Invalid|Conditional|Use of|Syscall param|Process terminating|Mismatched|Source and).*)$", text)
    return text, sorted(kinds)


def test_no_error_that_is_not_there_without_the_preload(tmp_path):
    _, without = errors(False, tmp_path)
    text, traced = errors(True, tmp_path)
    assert "libcalltrace" not in text, text[:4000]
    assert len(traced) <= len(without), text[:4000]
