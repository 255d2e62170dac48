# SPDX-License-Identifier: MIT
"""Other tracers, for their own runs only: Debian's packages, unpacked into a cache, never installed.

Installed, Xdebug would be on in every PHP of this machine from the moment it is unpacked (its package runs phpenmod)
until somebody switches it off, and everything that is measured or tested meanwhile with it.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness import PHP_FPM

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calltrace" / "bench"


class Missing(Exception):
    """The package cannot be had."""


def modules():
    """What the php-fpm of this machine loads by itself."""
    listed = subprocess.run([PHP_FPM, "-m"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return {line.strip().lower() for line in listed.stdout.splitlines()}


def module(package, name):
    """Path of the extension `name` of a package."""
    found = sorted(CACHE.glob(f"{package}/usr/lib/php/*/{name}.so"))
    if not found:
        unpack(package)
        found = sorted(CACHE.glob(f"{package}/usr/lib/php/*/{name}.so"))
    if not found:
        raise Missing(f"{package} has no {name}.so")
    return found[0]


def unpack(package):
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        done = download(package, folder)
        if done.returncode:
            subprocess.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update"], stdin=subprocess.DEVNULL,
                           capture_output=True)
            done = download(package, folder)
        files = list(Path(folder).glob("*.deb"))
        if done.returncode or len(files) != 1:
            raise Missing(f"apt-get download {package}: {done.stderr.decode(errors='replace').strip()}")
        root = Path(folder) / "root"
        subprocess.run(["dpkg-deb", "-x", files[0], root], check=True)
        shutil.rmtree(CACHE / package, ignore_errors=True)
        root.chmod(0o755)
        root.rename(CACHE / package)


def download(package, folder):
    return subprocess.run(["apt-get", "-q", "download", package], stdin=subprocess.DEVNULL, capture_output=True, cwd=folder)
