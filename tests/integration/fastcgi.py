# SPDX-License-Identifier: MIT
"""A FastCGI client that decides how its records lie on the wire.

Source of the format: the FastCGI Specification 1.0 (Brown, 1996), sections 3 and 8.
"""
import socket
import struct

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RESPONDER = 1
KEEP_CONN = 1


class Response:
    def __init__(self, stdout, stderr, app_status, protocol_status):
        self.raw = stdout
        self.stderr = stderr
        self.app_status = app_status
        self.protocol_status = protocol_status
        head, _, self.body = stdout.partition(b"\r\n\r\n")
        self.headers = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            self.headers.setdefault(name.strip().lower(), value.strip())
        self.status = int(self.headers.get("status", "200").split()[0])


def record(kind, content=b"", request_id=1, padding=None):
    if padding is None:
        padding = -len(content) % 8
    return struct.pack("!BBHHBx", 1, kind, request_id, len(content), padding) + content + b"\0" * padding


def stream(kind, data, request_id=1, size=65535, end=True):
    """A stream as records of at most `size` bytes; `end` adds the empty one that ends it."""
    parts = [record(kind, data[i:i + size], request_id) for i in range(0, len(data), size)]
    if end:
        parts.append(record(kind, b"", request_id))
    return b"".join(parts)


def pairs(params):
    out = b""
    for name, value in params.items():
        name, value = name.encode(), value.encode() if isinstance(value, str) else value
        for item in (name, value):
            out += struct.pack("!B", len(item)) if len(item) < 128 else struct.pack("!I", len(item) | 1 << 31)
        out += name + value
    return out


def request(params, body=b"", request_id=1, keep=True, stdin_size=65535, pairs_a_record=1000):
    """The bytes of a whole request. php-fpm wants a name and its value in one record."""
    items = list(params.items())
    return (
        record(BEGIN_REQUEST, struct.pack("!HB5x", RESPONDER, KEEP_CONN if keep else 0), request_id)
        + b"".join(record(PARAMS, pairs(dict(items[i:i + pairs_a_record])), request_id)
                   for i in range(0, len(items), pairs_a_record))
        + record(PARAMS, b"", request_id)
        + stream(STDIN, body, request_id, stdin_size)
    )


class Connection:
    """One connection to php-fpm's Unix socket."""

    def __init__(self, path, timeout=60):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(str(path))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data, piece=None):
        """All at once, or in writes of `piece` bytes."""
        if piece is None:
            self.sock.sendall(data)
            return
        for i in range(0, len(data), piece):
            self.sock.sendall(data[i:i + piece])

    def receive(self):
        out, err = [], []
        while True:
            _, kind, _, length, padding = struct.unpack("!BBHHBx", self._exactly(8))
            content = self._exactly(length)
            self._exactly(padding)
            if kind == STDOUT:
                out.append(content)
            elif kind == STDERR:
                err.append(content)
            elif kind == END_REQUEST:
                app, protocol = struct.unpack("!IB3x", content)
                return Response(b"".join(out), b"".join(err), app, protocol)

    def ask(self, params, body=b"", **how):
        piece = how.pop("piece", None)
        self.send(request(params, body, **how), piece)
        return self.receive()

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise ConnectionError(f"php-fpm closed the connection, {len(data)} of {n} bytes there")
            data += part
        return data
