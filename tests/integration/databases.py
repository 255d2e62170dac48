# SPDX-License-Identifier: MIT
"""Real MariaDB, PostgreSQL and Redis servers: each on a directory and a Unix socket of its own, as www-data, ended by pid."""
import os
import subprocess
from pathlib import Path

from harness import WORKER, Process, die_with_parent, wait_until

USER = "salon"  # and the database
PASSWORD = "planted-db-3f9c"


def as_www_data():
    die_with_parent()
    os.setgid(WORKER.pw_gid)
    os.setuid(WORKER.pw_uid)
    die_with_parent()  # a change of the user takes it back


def run(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, preexec_fn=as_www_data, cwd="/")
    assert done.returncode == 0, f"{argv[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}"


class Server:
    """Answers on `socket` once it is made."""

    def __init__(self, base, argv):
        self.dir = Path(base)
        self.dir.mkdir(mode=0o755)
        os.chown(self.dir, WORKER.pw_uid, WORKER.pw_gid)
        self.socket = self.dir / self.SOCKET
        self.prepare()
        self.process = Process(type(self).__name__, argv(self), self.dir / "log", preexec_fn=as_www_data, cwd="/")
        wait_until(self.answers, f"{self.process.name} to answer", diagnostics=self.process.log_text)

    def prepare(self):
        pass

    def answers(self):
        if not self.process.alive():
            raise AssertionError(f"{self.process.name} ended with {self.process.popen.returncode}\n{self.process.log_text()}")
        return self.READY in self.process.log_text()

    def stop(self):
        self.process.stop(self.SIGNAL)


class MariaDB(Server):
    SOCKET = "mariadb.sock"
    READY = "ready for connections"
    SIGNAL = 15
    SETUP = (f"CREATE DATABASE {USER};\nCREATE USER {USER}@localhost IDENTIFIED BY '{PASSWORD}';\n"
             f"GRANT ALL ON {USER}.* TO {USER}@localhost;\n")

    def __init__(self, base):
        super().__init__(base, lambda s: [
            "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={s.dir}/data", f"--socket={s.socket}", "--skip-networking",
            f"--pid-file={s.dir}/pid", f"--init-file={s.dir}/setup.sql", "--innodb-buffer-pool-size=8M", "--skip-log-bin"])

    def prepare(self):
        (self.dir / "setup.sql").write_text(self.SETUP)
        run("/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={self.dir}/data", "--skip-test-db",
            "--auth-root-authentication-method=normal")


class PostgreSQL(Server):
    SOCKET = ".s.PGSQL.5432"
    READY = "ready to accept connections"
    SIGNAL = 2  # the fast way: it does not wait for clients
    BIN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]

    def __init__(self, base):
        super().__init__(base, lambda s: [
            s.BIN[0] / "postgres", "-D", s.dir / "data", "-k", s.dir, "-h", "", "-c", "fsync=off"])

    def prepare(self):
        password = self.dir / "password"
        password.write_text(PASSWORD + "\n")
        run(self.BIN[0] / "initdb", "-D", self.dir / "data", "-U", USER, "-A", "scram-sha-256", f"--pwfile={password}",
            "-E", "UTF8", "--locale=C", "--no-sync")


class Redis(Server):
    SOCKET = "redis.sock"
    READY = "ready to accept connections"
    SIGNAL = 15

    def __init__(self, base):
        super().__init__(base, lambda s: [
            "/usr/bin/redis-server", "--port", "0", "--unixsocket", s.socket, "--requirepass", PASSWORD, "--save", "",
            "--dir", s.dir])
