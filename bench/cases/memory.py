# SPDX-License-Identifier: BSD-2-Clause
"""Memory of instances with all their helpers, and how many fit."""
import time

from harness import EINKORN, OURS, compile_c, need, sh
from peers import (NETNS, einkorn, instance_pids, netns, numbers, process,
                   wait_reachable)

from . import case
from .http import NGINX, nginx, wrk
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
def available_kib():
    for line in open("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/meminfo has no MemAvailable")


STEPS = (10, 100, 1000, 5000, 10000)
LEAST_FREE_KIB = 1 << 20


def fill(run, program, started, wanted):
    """Starts instances until there are so many; their start times (ms). Ends
    early when time or memory runs out."""
    times = []
    while started < wanted and run.left() > 0:
        if available_kib() < LEAST_FREE_KIB:
            break
        begun = time.monotonic()
        try:
            start_sleeper(program)
        except Exception as error:  # a limit of the machine's, say
            run.fail(f"with {started:,} running", error)
            break
        times.append(1000 * (time.monotonic() - begun))
        started += 1
    return times


@case(16, "einkorn run -d --network none IDLE, N times", most=240)
def density(run):
    """Idle instances: the start of one more, and memory for each."""
    need("musl-gcc")
    program = sleeper()
    sh(EINKORN, "rm", "-f", start_sleeper(program))  # caches are warm now
    before, started, points = available_kib(), 0, []
    for wanted in STEPS[:3] if run.quick else STEPS:
        times = fill(run, program, started, wanted)
        started += len(times)
        if not times:
            break
        run.row(f"start with {started:,} running", "ms", {OURS: times[-50:]})
        points.append((started, run.result["rows"][-1]["peers"][OURS]
                       ["median"]))
        run.figure("running at the end", started)
        run.figure("memory for each (KiB)",
                   (before - available_kib()) / started)
    run.figure("last start by first", points[-1][1] / points[0][1])
    run.series("idle instances", "start of one more (ms)", {OURS: points})
