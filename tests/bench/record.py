# SPDX-License-Identifier: MIT
"""Frames of the Laravel application's phone call, twice, as a real worker writes them: the pattern for generated traffic."""
import os
import struct
import sys
from pathlib import Path

import msgpack

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import ring_consumer as rc  # noqa: E402
from harness import Stack, wait_until  # noqa: E402
from salon_call import phone_call, speak_at_once  # noqa: E402

ROUNDS = 3  # the first one loads what later requests find loaded
REQUESTS = 7  # of the call


def moved(value, base):
    """The same in a place that has no random name."""
    if isinstance(value, str):
        return value.replace(base, "/srv/salon")
    if isinstance(value, list):
        return [moved(v, base) for v in value]
    if isinstance(value, dict):
        return {k: moved(v, base) for k, v in value.items()}
    return value


def record(path):
    stack = Stack(collector=False, settings={"pm.max_children": "1"})
    (stack.base / "run").mkdir(exist_ok=True)
    consumer = rc.Consumer(stack.base / "run" / "agent.sock")
    frames = []
    try:
        stack.start()
        for done in range(1, ROUNDS + 1):
            phone_call(stack, speak_at_once)

            def ended(wanted=REQUESTS * done):
                ring = consumer.rings[0] if consumer.rings else consumer.accept()
                frames.extend(ring.read())
                return sum(f[0] == rc.END for f in frames) >= wanted

            wait_until(ended, "the call's requests in the ring")
    finally:
        consumer.close()
        stack.close()
    ends = [i for i, f in enumerate(frames) if f[0] == rc.END]
    first = ends[-2 * REQUESTS - 1] + 1
    # What the first round defined belongs to the others' requests as well.
    kept = [f for i, f in enumerate(frames) if i >= first or f[0] in (rc.PROCESS, rc.FUNCTION)]
    with open(path, "wb") as file:
        for frame in kept:
            data = msgpack.packb(moved(frame, str(stack.base)), unicode_errors="surrogateescape")
            file.write(struct.pack("<I", len(data)) + data)
    return os.path.getsize(path)
