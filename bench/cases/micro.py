# SPDX-License-Identifier: BSD-2-Clause
"""Costs of single operations, without a network; sizes."""
import json
import os

from harness import BUILD, EINKORN, OURS, Skip, compile_c, sh
from peers import pinned

from . import case

LIBEXEC = BUILD / "libexec"


@case(8, "einkorn run --rm --network none micro; taskset -c 0 micro", most=90)
def system_calls(run):
    """System calls, threads and memory: one operation."""
    program = compile_c("micro.c", "-pthread")
    loops = "0.02" if run.quick else "0.1"
    ours = pinned(EINKORN, "run", "--rm", "--network", "none", program,
                  program, loops)
    run.compare("", "ns", {
        OURS: lambda: json.loads(sh(*ours).stdout),
        "Linux": lambda: json.loads(sh(*pinned(program, loops)).stdout)},
        most=5 if run.quick else 15)


@case(6, "einkorn run --rm --network none --vcpus 2 parallel; parallel",
      most=60)
def two_cpus(run):
    """Two threads on two processors: all of them, from start to join."""
    program = compile_c("parallel.c", "-pthread")
    size = "100" if run.quick else "300"
    if len(os.sched_getaffinity(0)) < 2:
        raise Skip("one processor")

    def ours(vcpus):
        return lambda: json.loads(
            sh(EINKORN, "run", "--rm", "--network", "none", "--platform",
               "proc", "--vcpus", vcpus, program, program, size).stdout)

    run.compare("", "ms", {
        OURS: ours("2"),
        "einkorn, 1 CPU": ours("1"),
        "Linux": lambda: json.loads(sh(program, size).stdout)},
        most=5 if run.quick else 15)


@case(0.5, "strip FILE", most=10)
def sizes(run):
    """Size of what is shipped, stripped (bytes)."""
    files = [LIBEXEC / "kernel.elf", LIBEXEC / "einkorn-proc",
             LIBEXEC / "einkorn-vm.elf", LIBEXEC / "einkorn-kvm", EINKORN]
    for path in files:
        sh("strip", "-o", "/run/stripped", path)
        run.figure(path.name, os.path.getsize("/run/stripped"))
