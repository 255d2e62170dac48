# SPDX-License-Identifier: MIT
"""What is compared: a php-fpm each, that differs in what is loaded into it."""
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from harness import AGENT, BUILD, WORKER, Stack

HERE = Path(__file__).resolve().parent
BUILT = BUILD / "tests" / "bench"
JIT = {"opcache.jit_buffer_size": "64M", "opcache.jit": "tracing"}
# Whether files changed is asked every other second otherwise: that is no part of any comparison.
INI = {"opcache.validate_timestamps": "0", "opcache.memory_consumption": "128"}
LARAVEL = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Schnitt"}


@dataclass
class Variant:
    """`preload`: a library, or None. `conf`: agent.conf. `ini`: what its extension needs."""

    name: str
    preload: Path = None
    conf: str = ""
    ini: dict = field(default_factory=dict)
    collector: bool = False
    jit: bool = True  # it can be measured with the JIT on

    def stack(self, jit=False, also=(), **how):
        """Its php-fpm with one worker, not started; `also` is preloaded before."""
        libraries = [str(p) for p in (*also, self.preload) if p]
        how.setdefault("settings", {"pm.max_children": "1"})
        how.setdefault("nginx", False)
        stack = Stack(
            preload=False, collector=self.collector, ini={**INI, **(JIT if jit else {}), **self.ini}, **how,
        )
        env = stack.fpm.env
        if libraries:
            env["LD_PRELOAD"] = " ".join(libraries)
        env["CALLTRACE_SOCKET"] = str(stack.base / "run" / "agent.sock")
        env["CALLTRACE_CONFIG"] = str(stack.base / "agent.conf")
        (stack.base / "agent.conf").write_text(self.conf)
        shutil.copytree(HERE / "php", stack.base / "bench")
        output = stack.base / "out"
        output.mkdir()
        os.chown(output, WORKER.pw_uid, WORKER.pw_gid)
        return stack


TIME = "rule = time time_*\nrule = time TimePlan::*\n"


def floor(mechanism, records):
    return BUILT / f"floor-{mechanism}{'' if records else '-empty'}.so"


BASELINE = Variant("no preload")
HOOK_EMPTY = Variant("hook, records nothing", floor("hook", False), jit=False)
HOOK = Variant("floor: hook", floor("hook", True), jit=False)
OBSERVER_EMPTY = Variant("observer, no handlers", floor("observer", False))
OBSERVER = Variant("floor: observer", floor("observer", True))
DEFAULT = Variant("calltrace", AGENT, collector=True)
EVERYTHING = Variant("calltrace, everything", AGENT, "profile = everything\n", collector=True)
ABSENT = Variant("calltrace, no collector", AGENT)


def script(stack, name, query=""):
    """FastCGI parameters for one of bench's scripts."""
    return stack.fcgi_params("GET", f"/{name}?{query}" if query else f"/{name}",
                             SCRIPT_FILENAME=f"{stack.base}/bench/{name}", SCRIPT_NAME=f"/{name}")
