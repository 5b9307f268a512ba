# SPDX-License-Identifier: BSD-2-Clause
"""A bad wire between two network namespaces, for machines whose kernel has no
sch_netem: two taps, and this program carries each frame from one to the other
after a delay, or loses it.

    lossy_wire.py NETNS_A NAME_A NETNS_B NAME_B DELAY_MS LOSS SEED

NETNS are files under /proc/PID/ns. "ready" is printed when both taps exist."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454ca
IFF_TAP_NO_PI = 0x1002
CLONE_NEWNET = 0x40000000
QUEUE_MAX = 2000  # frames: as long as a router's


def open_tap(netns, name):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(netns, "rb") as f:
        if libc.setns(f.fileno(), CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), f"setns {netns}")
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                            IFF_TAP_NO_PI))
    return tap


def carry(taps, delay, loss, rng):
    queue, count = [], 0
    while True:
        wait = max(0, queue[0][0] - time.monotonic()) if queue else None
        for tap in select.select(taps, [], [], wait)[0]:
            try:
                frame = os.read(tap, 70000)
            except BlockingIOError:
                continue
            # Small ones of ARP must not decide how long a test takes.
            is_ip = frame[12:14] in (b"\x08\x00", b"\x86\xdd")
            if len(queue) >= QUEUE_MAX or (is_ip and rng.random() < loss):
                continue
            count += 1
            other = taps[1] if tap == taps[0] else taps[0]
            heapq.heappush(queue, (time.monotonic() + delay, count, other,
                                   frame))
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, tap, frame = heapq.heappop(queue)
            try:
                os.write(tap, frame)
            except OSError:  # the interface is down
                pass


def main():
    a, name_a, b, name_b, delay_ms, loss, seed = sys.argv[1:]
    taps = [open_tap(a, name_a), open_tap(b, name_b)]
    print("ready", flush=True)
    carry(taps, float(delay_ms) / 1000, float(loss), random.Random(int(seed)))


if __name__ == "__main__":
    main()
