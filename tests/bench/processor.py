# SPDX-License-Identifier: MIT
"""Who spends how much time on a processor: what passes while others run on it is not in it."""
from harness import wait_until


def spent(*pids):
    """Nanoseconds that processes were on a processor."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat") as file:
            total += int(file.read().split()[0])
    return total


def rest(stack):
    """Until the collector, if there is one, has read and written everything: it does nothing for 20 ms."""
    if not stack.collector:
        return
    seen = []

    def idle():
        seen.append(spent(stack.collector.process.pid))
        return len(seen) > 1 and seen[-1] == seen[-2]

    wait_until(idle, "the collector to come to rest")
