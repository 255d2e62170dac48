# SPDX-License-Identifier: MIT
"""A consumer of rings, written from docs/frames.md and include/calltrace/ring.h with Python's msgpack: it shares no code
with the collector."""
import array
import mmap
import os
import socket
import struct

import msgpack

MAGIC = 0x31474E4952544321
HEADER = 4096
FRAME_MAX = 256 << 10
HELLO = struct.Struct("<QIIQ16s")
HEAD, TAIL = 128, 192

(PROCESS, FUNCTION, REQUEST, PARAMS, BODY, BODY_END, ENTER, LEAVE, THROW, CATCH, ERROR, NOTE, OUTPUT, OUTPUT_END, END,
 LOST, RUN, CALLS, CRASH, FIBER) = range(1, 21)
CALLS_MAX = 512
LEAVE_RETURN, LEAVE_EXCEPTION, LEAVE_YIELD, LEAVE_UNWOUND, LEAVE_EXIT = range(5)
END_DONE, END_ABORTED, END_EXIT, END_CONTINUED, END_CRASHED = range(5)


class Ring:
    def __init__(self, hello, fd, connection, peer_pid):
        magic, self.version, self.pid, self.size, self.ring_id = HELLO.unpack(hello)
        assert magic == MAGIC
        self.peer_pid = peer_pid
        self.connection = connection
        self.fd_size = os.fstat(fd).st_size
        self.map = mmap.mmap(fd, HEADER + self.size)
        os.close(fd)
        self.header = struct.unpack_from("<QIIQ16sIIQ", self.map, 0)

    def cursor(self, offset):
        return struct.unpack_from("<Q", self.map, offset)[0]

    def _bytes(self, cursor, count):
        at = cursor & (self.size - 1)
        first = min(count, self.size - at)
        return self.map[HEADER + at:HEADER + at + first] + self.map[HEADER:HEADER + count - first]

    def read(self, release=True):
        """The frames published since the last read; `release` gives their room back."""
        head, tail = self.cursor(HEAD), self.cursor(TAIL)
        assert head - tail <= self.size
        frames = []
        while tail < head:
            (length,) = struct.unpack("<I", self._bytes(tail, 4))
            assert 0 < length <= FRAME_MAX and tail + 4 + length <= head, "a record is longer than what is published"
            frames.append(msgpack.unpackb(self._bytes(tail + 4, length), raw=False, strict_map_key=False))
            tail += 4 + length
        if release:
            struct.pack_into("<Q", self.map, TAIL, tail)
        return frames


class Consumer:
    """Listens where the agent looks for a collector."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen(16)
        self.rings = []

    def accept(self, timeout=20):
        self.listener.settimeout(timeout)
        connection, _ = self.listener.accept()
        connection.settimeout(timeout or 20)
        pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        fds = array.array("i")
        hello, ancillary, _, _ = connection.recvmsg(HELLO.size, socket.CMSG_SPACE(4))
        for level, kind, data in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
            fds.frombytes(data[:4])
        assert len(hello) == HELLO.size and len(fds) == 1
        ring = Ring(hello, fds[0], connection, pid)
        self.rings.append(ring)
        return ring

    def close(self):
        self.listener.close()
        for ring in self.rings:
            ring.connection.close()


class Recorded:
    """One request's frames, checked as they come."""

    def __init__(self, frame):
        self.seq, self.realtime_ns, self.monotonic_ns, self.hz = frame[1:5]
        self.params, self.body, self.output = {}, b"", b""
        self.run = self.exit_status = None
        self.body_end = self.output_end = self.end = None
        self.enters, self.throws, self.catches, self.errors, self.notes, self.lost = [], [], [], [], [], {}
        self.leaves = []
        self._noted = []
        self.open = []
        self.lanes, self.lane = {}, 0
        self.ticks = 0
        self.frames = [frame]

    @property
    def duration_ns(self):
        return self.ticks * 1_000_000_000 // self.hz

    def names(self):
        return [name for name, _ in self.enters]

    def add_note(self, note, functions):
        """One without a kind goes on with an earlier one."""
        call = self.open[-1][1] if self.open else None
        if "kind" in note:
            stack = [s if isinstance(s, int) else (functions[s[0]][0] if s[0] else None, s[1]) for s in note["stack"]]
            self.notes.append({**note, "stack": stack})
            self._noted.append((note.get("id"), call))
            return
        wanted = [i for i, (number, of) in enumerate(self._noted)
                  if (number == note["id"] if "id" in note else of == call)]
        assert wanted, f"{note} goes on with none"
        self.notes[wanted[-1]].update(note)


def requests(frames):
    """The requests of a ring's frames and its PROCESS frame; fails on anything docs/frames.md does not allow."""
    assert frames[0][0] == PROCESS, "PROCESS comes first"
    process, functions, found, current = frames[0], {}, [], None
    for frame in frames[1:]:
        kind = frame[0]
        if kind == PROCESS:
            raise AssertionError("PROCESS comes once")
        if kind == FUNCTION:
            fn, cls, name, file, line, flags, params, what = frame[1:9]
            assert fn not in functions and 1 <= fn <= 65535
            assert isinstance(name, (str, bytes)) and isinstance(line, int) and isinstance(params, list)
            functions[fn] = (f"{cls}::{name}" if isinstance(cls, str) else name, frame)
            continue
        if kind == REQUEST:
            assert current is None, "a request begins inside another"
            current = Recorded(frame)
            found.append(current)
            continue
        assert current is not None, f"{frame} belongs to no request"
        current.frames.append(frame)
        assert isinstance(frame[1], int) and 0 <= frame[1] <= 1 << 53, f"dt of {frame}"
        current.ticks += frame[1]
        if kind == PARAMS:
            assert all(isinstance(k, str) and isinstance(v, (str, bytes)) for k, v in frame[2].items())
            current.params.update(frame[2])
        elif kind == BODY:
            current.body += frame[2]
        elif kind == BODY_END:
            current.body_end = tuple(frame[2:4])
        elif kind == ENTER:
            assert frame[2] in functions, f"{frame}: no such function"
            name = functions[frame[2]][0]
            current.open.append((name, len(current.enters)))
            current.enters.append((name, frame[3] if len(frame) > 3 else None))
        elif kind == LEAVE:
            assert current.open, "LEAVE without ENTER"
            how = frame[2] if len(frame) > 2 else LEAVE_RETURN
            current.leaves.append((current.open.pop()[0], how, frame[3] if len(frame) > 3 else None))
        elif kind == CALLS:
            assert 0 < len(frame[2]) <= 8 * CALLS_MAX and len(frame[2]) % 8 == 0
            events = struct.unpack(f"<{len(frame[2]) // 8}Q", frame[2])
            for event in events:
                if event >> 48:
                    name = functions[event >> 48][0]
                    current.open.append((name, len(current.enters)))
                    current.enters.append((name, None))
                else:
                    assert current.open, "CALLS leaves what nothing has entered"
                    current.leaves.append((current.open.pop()[0], LEAVE_RETURN, None))
            took = events[-1] - events[0] & (1 << 48) - 1
            current.ticks += took if took < 1 << 47 else 0
        elif kind == FIBER:
            current.lanes[current.lane], current.lane = current.open, frame[2]
            current.open = current.lanes.pop(frame[2], [])
        elif kind == THROW:
            current.throws.append(frame[3])
        elif kind == CATCH:
            current.catches.append((functions[frame[3]][0] if frame[3] else None, frame[4]))
        elif kind == ERROR:
            current.errors.append(frame[2:6])
        elif kind == NOTE:
            current.add_note(frame[2], functions)
        elif kind == OUTPUT:
            current.output += frame[2]
        elif kind == OUTPUT_END:
            current.output_end = tuple(frame[2:4])
        elif kind == END:
            current.end = frame[2]
            current.exit_status = frame[3] if len(frame) > 3 else None
            assert not current.open or current.end in (END_CONTINUED, END_CRASHED), f"left open at END: {current.open}"
            current = None
        elif kind == RUN:
            current.run = frame[2]
        elif kind == LOST:
            current.lost.update(frame[2])
    return process[2], found
