# SPDX-License-Identifier: MIT
"""What goes to a database or a cache, of real servers: statements with what is bound to them, rows and failures, no password."""
import json
import os

import pytest

import databases
import ring_consumer as rc
from test_ring import Traced

MODULES = ("mysqlnd", "mysqli", "pdo_mysql", "pgsql", "pdo_pgsql", "igbinary", "msgpack", "redis")
JIT = {"opcache.jit": "tracing", "opcache.jit_buffer_size": "16M"}


class Servers:
    def __init__(self, base):
        self.password = base / "password"
        self.password.write_text(databases.PASSWORD)
        self.started = []
        try:
            for kind in (databases.MariaDB, databases.PostgreSQL, databases.Redis):
                self.started.append(kind(base / kind.__name__))
        except BaseException:
            self.stop()
            raise
        self.mariadb, self.postgresql, self.redis = self.started

    def stop(self):
        for server in self.started:
            server.stop()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    base = tmp_path_factory.mktemp("databases")
    for folder in (base, *base.parents[:2]):
        os.chmod(folder, 0o755)
    servers = Servers(base)
    try:
        yield servers
    finally:
        servers.stop()
