# SPDX-License-Identifier: MIT
"""The PHPs to test on: Debian's own 8.2, and complete builds of the others from the npm registry.

Those come once, over the registry's HTTP interface, and are kept outside of the tree in ${XDG_CACHE_HOME:-~/.cache}/calltrace/php.
Each must have the hash that stands here. Run as a program, this fetches what is missing and says what there is.
"""
import base64
import copy
import hashlib
import os
import shutil
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

REGISTRY = "https://registry.npmjs.org"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "calltrace" / "php"
TRIES = 3

# PHP: package, its version, sha512
PACKAGES = {
    "7.4": ("amazon-linux-2-v74", "0.0.21",
            "eZyrEqRNkFelz7z5xOmWVdu0tSH0Pul0ClT2p0FcvVnGLp6++86ZRptZSJJMcJkasTmZv2548eArcFsMoB/J1A=="),
    "8.0": ("amazon-linux-2-v80", "0.0.17",
            "ft77uuthAn0PFzBQL9laO5NGux6Jaw/w4e+bAMvt7zgiCkagfk6NtJ8amlLS4X2ySt0wPFUMA1FO38u3DyYfhw=="),
    "8.1": ("amazon-linux-2-v81", "0.0.12",
            "rf778HC4Ny5y4de6iXFB/NG9DXJZZwyVJwYuTktNUM+8ASPKShuDVC8UPA8fNL5834g/hleY9Izmn+on+w6dJw=="),
    "8.3": ("amazon-linux-2-v83", "0.0.14",
            "afJiV0LATlekq/Lzc11qjVrE3tB26kLwD3DkZ2jnmSSgpQsCaDzIwAMeNxkP7zd75PBsg8NyHYb5/tSawG159w=="),
    "8.4": ("amazon-linux-2023-v84", "0.0.8",
            "ddii8duN8LsL70sgqTqr2n34Qo2DFnZLW8R+hnKVoHTY1fB5yqjfhNSh+bwquLiPucXBinSOobZlvP1ReJRsWA=="),
    "8.5": ("almalinux-9-v85", "0.0.3",
            "rnzptMh+2Fvi0ebP9PNi8aq+msoEWoG0zo4BidfjlPRkKKW0ltXaj36DMGrKvniJgtcqV6Azazj7JOMDAmePbQ=="),
}

# Those that the agent is made for; 7.4 is there to see that it keeps away.
VERSIONS = ("8.0", "8.1", "8.2", "8.3", "8.4", "8.5")

# In order: of the ones that need others.
MODULES = ("ctype", "iconv", "mbstring", "tokenizer", "posix", "fileinfo", "phar", "dom", "simplexml", "xml", "xmlreader",
           "xmlwriter", "curl", "sqlite3", "pdo", "pdo_sqlite", "mysqlnd", "mysqli", "pdo_mysql", "pgsql", "pdo_pgsql", "igbinary",
           "msgpack", "redis")

# Built without a library that is in the package of another.
BORROWED = {"8.0": ("8.1", ("libssl.so.10", "libcrypto.so.10"))}

# Large, or in the way of the system's own libraries and programs.
UNWANTED = ("composer", "grpc.so", "mongodb.so", "swoole.so", "protobuf.so", "phalcon.so", "libtinfo.so.6", "libgpg-error.so.0")


class Unreachable(Exception):
    """The registry does not answer."""


class Php:
    """One PHP: how its programs are started."""

    def __init__(self, version, cli, fpm, home=None):
        self.version = version
        self.number = tuple(map(int, version.split(".")))
        self.cli = cli
        self.fpm = fpm
        self.home = home
        self.env = {"LD_LIBRARY_PATH": str(home / "lib"), "PHP_INI_SCAN_DIR": ""} if home else {}
        self.modules = MODULES[:MODULES.index("pdo_sqlite") + 1]

    def __repr__(self):
        return f"PHP {self.version}"

    def has(self, module):
        return (self.home / "php" / "modules" / f"{module}.so").exists()

    def with_all_modules(self):
        more = copy.copy(self)
        more.modules = MODULES
        return more

    def defines(self):
        """Arguments for what Debian's conf.d does: opcache and modules are loaded."""
        if not self.home:
            return []
        words = ["-d", f"extension_dir={self.home}/php/modules"]
        if self.has("opcache"):  # part of the program in 8.5
            words += ["-d", "zend_extension=opcache"]
        for module in self.modules:
            if self.has(module):
                words += ["-d", f"extension={module}"]
        return words

    def argv(self, *more):
        """php-cli with these arguments."""
        return [self.cli, *(["-n"] if self.home else []), *self.defines(), *more]


DEBIAN = Php("8.2", "/usr/bin/php8.2", "/usr/sbin/php-fpm8.2")


def download(url, out):
    """To a file; what it hashes to."""
    digest = hashlib.sha512()
    with urllib.request.urlopen(url, timeout=60) as answer:
        while block := answer.read(1 << 20):
            digest.update(block)
            out.write(block)
    out.flush()
    return base64.b64encode(digest.digest()).decode()


def download_patiently(url, out):
    for attempt in range(TRIES):
        try:
            out.seek(0)
            out.truncate()
            return download(url, out)
        except urllib.error.HTTPError as e:
            if e.code in (404, 410):
                raise
            failure = e
        except OSError as e:  # urllib's own errors are, too
            failure = e
        if attempt + 1 < TRIES:
            time.sleep(2 ** attempt)
    raise Unreachable(f"{url}: {failure}")


def wanted(member):
    """Of a package: the programs, their modules and libraries."""
    path = Path(member.name)
    return (member.isfile() or member.issym()) and path.parts[:2] == ("package", "native") and path.name not in UNWANTED


def unpack(tar, home):
    for member in filter(wanted, tar):
        member.name = str(Path(*Path(member.name).parts[2:]))
        if ".." in Path(member.name).parts:
            raise ValueError(f"a path leads out of the package: {member.name}")
        tar.extract(member, home)


def borrow(version, home):
    donor, names = BORROWED.get(version, (None, ()))
    for name in names:
        shutil.copy(fetched(donor).home / "lib" / name, home / "lib")


def fetch(version, home):
    package, number, integrity = PACKAGES[version]
    url = f"{REGISTRY}/@libphp/{package}/-/{package}-{number}.tgz"
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="fetch-") as folder, tempfile.TemporaryFile(dir=folder) as tarball:
        found = download_patiently(url, tarball)
        if found != integrity:
            raise ValueError(f"{url} has the hash {found}, not {integrity}")
        tarball.seek(0)
        half = Path(folder) / "php"
        with tarfile.open(fileobj=tarball) as tar:
            unpack(tar, half)
        borrow(version, half)
        half.chmod(0o755)
        try:
            half.rename(home)
        except OSError:  # somebody else was faster
            if not home.exists():
                raise


unreachable = []


def fetched(version):
    package, number, _ = PACKAGES[version]
    home = CACHE / f"{package}-{number}"
    if not home.exists():
        if unreachable:  # once is enough to wait for
            raise unreachable[0]
        try:
            fetch(version, home)
        except Unreachable as e:
            unreachable.append(e)
            raise
    return Php(version, str(home / "php" / "php"), str(home / "php" / "php-fpm"), home)


def php(version):
    """That PHP, fetched if it has to be. Raises Unreachable."""
    return DEBIAN if version == DEBIAN.version else fetched(version)


def main():
    """One line for each; exit status 1 where something is wrong, which an unreachable registry is not."""
    wrong = 0
    for version in PACKAGES:
        try:
            print(f"fetched {php(version)} {php(version).home}")
        except Unreachable as e:
            print(f"skipped PHP {version}: {e}")
        except (OSError, ValueError, tarfile.TarError) as e:
            print(f"failed PHP {version}: {e}")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
