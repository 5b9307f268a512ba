# SPDX-License-Identifier: BSD-2-Clause
"""How busy processors are while something runs.

A ratio of requests says little where the client's processor is full: then no
server could be faster. Linux counts in /proc/stat (proc_stat(5)) how long each
processor had nothing to do, in hundredths of a second.
"""
import contextlib
import os
import threading
import time

STEP_SECONDS = 0.05
LEAST_SECONDS = 0.2
# Of each load that ran since somebody emptied it: the busy share of the
# server's processor and of the client's.
taken = []


def idle_seconds(cpus):
    """Since the machine's start, for each processor, waiting for disks too."""
    ticks = os.sysconf("SC_CLK_TCK")
    with open("/proc/stat") as lines:
        fields = dict(line.split(None, 1) for line in lines)
    return [sum(map(int, fields[f"cpu{cpu}"].split()[3:5])) / ticks
            for cpu in cpus]


def shares(samples):
    """Busy share of each processor in the middle half of the samples
    [(time, [idle seconds])], so that starting and ending do not count; None
    if that is too short to say."""
    quarter = len(samples) // 4
    middle = samples[quarter:len(samples) - quarter]
    if len(middle) < 2 or middle[-1][0] - middle[0][0] < LEAST_SECONDS:
        return None
    (start, before), (end, after) = middle[0], middle[-1]
    return [min(1, max(0, 1 - (b - a) / (end - start)))
            for a, b in zip(before, after)]


@contextlib.contextmanager
def watched(cpus, report):
    """Calls report([share, ...]) at the end, if it was long enough."""
    samples, done = [], threading.Event()

    def sample():
        samples.append((time.monotonic(), idle_seconds(cpus)))

    def watch():
        sample()
        while not done.wait(STEP_SECONDS):
            sample()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        found = shares(samples)
        if found:
            report(found)
