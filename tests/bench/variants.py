# SPDX-License-Identifier: MIT
"""What is compared: a php-fpm each, that differs in what is loaded into it."""
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import extensions
from harness import AGENT, BUILD, WORKER, Stack

HERE = Path(__file__).resolve().parent
BUILT = BUILD / "tests" / "bench"
JIT = {"opcache.jit_buffer_size": "64M", "opcache.jit": "tracing"}
# Whether files changed is asked every other second otherwise, and a file is compiled anew until it is two seconds old: that is no
# part of any comparison.
INI = {"opcache.validate_timestamps": "0", "opcache.file_update_protection": "0", "opcache.memory_consumption": "128"}
LARAVEL = {"datum": "2027-03-04", "uhrzeit": "15:30", "dienstleistung": "Schnitt"}


@dataclass
class Variant:
    """`preload`: a library, or None. `conf`: agent.conf. `extension`: package, name and directive of what is loaded
    besides. `ini`: its settings; {out} is a folder that the worker can write to."""

    name: str
    preload: Path = None
    conf: str = ""
    ini: dict = field(default_factory=dict)
    collector: bool = False
    jit: bool = True  # it can be measured with the JIT on
    extension: tuple = ()
    prepend: str = ""  # one of bench's scripts, that runs before each
    slowness: int = 1  # so many times fewer calls tell as much

    def stack(self, jit=False, also=(), **how):
        """Its php-fpm with one worker, not started; `also` is preloaded before."""
        libraries = [str(p) for p in (*also, self.preload) if p]
        how.setdefault("settings", {"pm.max_children": "1"})
        how.setdefault("nginx", False)
        stack = Stack(preload=False, collector=self.collector, ini={**INI, **(JIT if jit else {})}, **how)
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
        self.extend(stack, output)
        return stack

    def extend(self, stack, output):
        """An ini file of its own, read after the system's: after opcache."""
        lines = [f"{name} = {value.format(out=output)}" for name, value in self.ini.items()]
        if self.extension:
            package, name, directive = self.extension
            lines.insert(0, f"{directive} = {extensions.module(package, name)}")
        if self.prepend:
            lines.append(f"auto_prepend_file = {stack.base}/bench/{self.prepend}")
        if lines:
            folder = stack.base / "conf.d"
            folder.mkdir()
            (folder / "bench.ini").write_text("\n".join(lines) + "\n")
            stack.fpm.env["PHP_INI_SCAN_DIR"] = f":{folder}"


TIME = "rule = time time_*\nrule = time TimePlan::*\n"


def floor(mechanism, records):
    return BUILT / f"floor-{mechanism}{'' if records else '-empty'}.so"


BASELINE = Variant("no preload")
HOOK_EMPTY = Variant("hook, records nothing", floor("hook", False), jit=False)
HOOK = Variant("floor: hook", floor("hook", True), jit=False)
OBSERVER_EMPTY = Variant("observer, no handlers", floor("observer", False))
OBSERVER = Variant("floor: observer", floor("observer", True))
# The rules are for the benchmark's own functions.
DEFAULT = Variant("calltrace", AGENT, TIME, collector=True)
EVERYTHING = Variant("calltrace, everything", AGENT, "profile = everything\n", collector=True)
ABSENT = Variant("calltrace, no collector", AGENT, TIME)
STOPPED = Variant("calltrace, collector stopped", AGENT, TIME, collector=True)
XDEBUG = Variant("Xdebug trace", extension=("php8.2-xdebug", "xdebug", "zend_extension"), slowness=20, ini={
    "xdebug.mode": "trace", "xdebug.start_with_request": "yes", "xdebug.trace_format": "1", "xdebug.collect_return": "1",
    "xdebug.use_compression": "0", "xdebug.output_dir": "{out}", "xdebug.trace_output_name": "trace", "xdebug.log_level": "0",
})
EXCIMER = Variant("Excimer, 10 ms", extension=("php-excimer", "excimer", "extension"), prepend="excimer.php")


def script(stack, name, query=""):
    """FastCGI parameters for one of bench's scripts."""
    return stack.fcgi_params("GET", f"/{name}?{query}" if query else f"/{name}",
                             SCRIPT_FILENAME=f"{stack.base}/bench/{name}", SCRIPT_NAME=f"/{name}")


def available(variants, jit, options):
    """Those of them that can be measured; what cannot be had is said once."""
    found = []
    for variant in variants:
        if jit and not variant.jit:
            continue
        try:
            if variant.extension:
                extensions.module(*variant.extension[:2])
            found.append(variant)
        except extensions.Missing as missing:
            options.progress(f"{variant.name} is left out: {missing}")
    return found
