# SPDX-License-Identifier: BSD-2-Clause
"""Memory of instances with all their helpers, and how many fit."""
import json
import os
import shutil
import statistics
import subprocess
import time

from harness import EINKORN, OURS, compile_c, need, sh
from peers import (NETNS, einkorn, instance_pids, netns, numbers, process,
                   wait_reachable)

from . import case
from .http import NGINX, nginx, wrk
from .start import bundle
from .stores import REDIS, redis_benchmark, redis_server

SETTLE_SECONDS = 0.5


def sleeper():
    return compile_c("idle.c", "-static", compiler="musl-gcc")


def memory_kib(pids):
    """(PSS, private memory) of all the processes, in KiB."""
    pss = private = 0
    for pid in pids:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            words = line.split()
            if words[0] == "Pss:":
                pss += int(words[1])
            elif words[0] in ("Private_Clean:", "Private_Dirty:"):
                private += int(words[1])
    return pss, private


def start_sleeper(program):
    name = f"m{next(numbers)}"
    sh(EINKORN, "run", "-d", "--name", name, "--network", "none", program,
       program)
    return name


@case(6, "/proc/PID/smaps_rollup of monitor, guest and helpers", most=30)
def memory_idle(run):
    """Idle memory of all an instance's processes (KiB)."""
    need("musl-gcc")
    program = sleeper()
    names = [start_sleeper(program) for _ in range(2)]
    with process(program) as bare:
        time.sleep(SETTLE_SECONDS)
        pss, private = memory_kib(instance_pids(names[0]))
        _, bare_private = memory_kib([bare.pid])
    run.figure("hello, PSS (KiB)", pss)
    run.figure("hello, private (KiB)", private)
    run.figure("hello as a bare process, private (KiB)", bare_private)
    run.figure("hello, PSS above the bare program's private memory (KiB)",
               pss - bare_private)
    for name in names:
        sh(EINKORN, "rm", "-f", name)


def measure_load(run, server, peer, maker, load):
    with maker(server) as running:
        (server.ready or wait_reachable)(running.address, server.port)
        for state in ("idle", "loaded"):
            if state == "loaded":
                load(running)
            time.sleep(SETTLE_SECONDS)
            pss, private = memory_kib(running.pids())
            run.figure(f"{server.name}, {state}, {peer}, PSS (KiB)", pss)
            run.figure(f"{server.name}, {state}, {peer}, private (KiB)",
                       private)


@case(10, "the same after wrk -c64 -d1s, redis-benchmark -P 16", most=40)
def memory_loaded(run):
    """Memory of servers, idle and just after load (KiB)."""
    need(NGINX, REDIS)
    loads = ((nginx(), lambda s: wrk(f"http://{s.address}/", 64)),
             (redis_server(), lambda s: redis_benchmark(s, 16, 1024)))
    for server, load in loads:
        for peer, maker in ((OURS, einkorn), (NETNS, netns)):
            measure_load(run, server, peer, maker, load)


# ---- density -----------------------------------------------------------
def meminfo_kib(name):
    for line in open("/proc/meminfo"):
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/meminfo has no {name}")


# Each instance has a seccomp filter, which Linux compiles. On 6.18 the end of
# more than 1,024 of them at once can stop the machine's kernel for good
# (docs/start.md, "Density"). However the case ends, all its processes end at
# once: so it stays below that unless it is told otherwise, and ends larger
# crowds itself, slowly.
STEPS, MORE_STEPS = (10, 100, 500), (1000, 5000, 10000)
PIECE = 250  # started or ended before time and memory are looked at again
PAUSE_SECONDS = 0.1
END_SECONDS_EACH = 0.01
SHOWN = 50  # starts of which the median is shown
CRUN_MOST = 100


class Crowd:
    """Idle instances of one kind, started from a small C program."""

    def __init__(self, command):
        self.command, self.spawn = command, compile_c("spawn.c")
        self.running = self.used_kib = 0
        self.points = []

    def start_piece(self, number):
        """Times of so many more starts (ms); the first is not told."""
        before = meminfo_kib("MemAvailable")
        # What stays holds no pipe of ours.
        words = [w.replace("@", f"{self.running}x") for w in self.command]
        out = sh(self.spawn, number - 1, "--", *words, timeout=120,
                 capture_output=False, stdout=subprocess.PIPE,
                 stderr=subprocess.DEVNULL).stdout
        self.running += number
        self.used_kib += before - meminfo_kib("MemAvailable")
        return [t / 1e6 for t in json.loads(out)[0]]

    def fill(self, wanted, may_go_on):
        """Starts instances until there are so many, or not may_go_on();
        the times of the last ones."""
        times = []
        while self.running < wanted and may_go_on():
            times += self.start_piece(min(PIECE, wanted - self.running))
        times = times[-SHOWN:]
        if times:
            self.points.append((self.running, statistics.median(times)))
        return times


def end_slowly():
    """Ends the instances, a piece at a time; milliseconds for each."""
    ids = sh(EINKORN, "ps", "-q").stdout.split()
    begun = time.monotonic()
    for at in range(0, len(ids), PIECE):
        sh(EINKORN, "rm", "-f", *ids[at:at + PIECE], timeout=120)
        time.sleep(PAUSE_SECONDS)
    return 1000 * (time.monotonic() - begun) / max(1, len(ids))


def steps(run):
    """DENSITY=N in the environment: up to so many."""
    most = int(os.environ.get("DENSITY") or STEPS[-1])
    wanted = [n for n in STEPS + MORE_STEPS if n <= most]
    return wanted[:2] if run.quick and most == STEPS[-1] else wanted


def crun_crowd(run, program):
    folder = "/run/density"
    bundle(folder, program)
    return Crowd(["crun", "run", "-d", "-b", folder, f"{run.tag}d@%"])


def density_figures(run, crowds):
    for peer, crowd in crowds.items():
        if not crowd.points:
            continue
        run.figure(f"{peer}, running at the end", crowd.running)
        run.figure(f"{peer}, memory for each (KiB)",
                   crowd.used_kib / crowd.running)
    points = crowds[OURS].points
    if points:
        run.figure("last start by first", points[-1][1] / points[0][1])


def density_step(run, crowds, wanted, may_go_on):
    """Fills the crowds up to so many and adds a row; False: no more to come."""
    times = {}
    for peer, crowd in crowds.items():
        if peer != OURS and wanted > CRUN_MOST:
            continue
        try:
            times[peer] = crowd.fill(wanted, may_go_on)
        except Exception as error:  # a limit of the machine's, say
            run.fail(f"{peer} with {crowd.running:,} running", error)
    running = crowds[OURS].running
    if times.get(OURS):
        run.row(f"start with {running:,} running", "ms",
                {peer: t for peer, t in times.items()
                 if t and crowds[peer].running == running})
    return running == wanted


@case(16, "einkorn run -d --network none IDLE, N times; crun run -d", most=240)
def density(run):
    """Idle instances: the start of one more, and memory for each."""
    need("musl-gcc")
    program = sleeper()
    sh(EINKORN, "rm", "-f", start_sleeper(program))  # caches are warm now
    crowds = {OURS: Crowd([str(EINKORN), "run", "-d", "--network", "none",
                           program])}
    if shutil.which("crun"):
        crowds["crun"] = crun_crowd(run, program)
    least_free = meminfo_kib("MemTotal") // 4

    def may_go_on():
        return (run.left() > END_SECONDS_EACH * crowds[OURS].running and
                meminfo_kib("MemAvailable") > least_free)

    try:
        for wanted in steps(run):
            whole = density_step(run, crowds, wanted, may_go_on)
            density_figures(run, crowds)
            if not whole:
                break
    finally:
        run.figure("end of one (ms)", end_slowly())
    run.series("idle instances", "start of one more (ms)",
               {peer: crowd.points for peer, crowd in crowds.items()})
