# SPDX-License-Identifier: BSD-2-Clause
"""Reading and making files."""
import json
import os

from harness import EINKORN, OURS, compile_c, sh
from peers import pinned, volume_options

from . import case


def ours(program, folder, args, volumes=()):
    return pinned(EINKORN, "run", "--rm", "--network", "none",
                  *volume_options(volumes), program, program, folder, *args)


def numbers_of(command):
    return json.loads(sh(*command).stdout)


def compare(run, name, unit, our_command, bare_command):
    run.compare(name, unit, {OURS: lambda: numbers_of(our_command),
                             "Linux": lambda: numbers_of(bare_command)},
                most=12)


@case(8, "files DIRECTORY read (64 MB by 64 KB, random 4 KB)", most=60)
def file_reads(run):
    """Reads of a file that is cached: from memory, and from a volume."""
    program = compile_c("files.c")
    disk = f"{run.disk}/reads"
    os.makedirs(disk)
    sh(program, disk, "make", "64")
    run.plan(2)
    compare(run, "volume", "MB/s", ours(program, disk, ["read"], [disk]),
            pinned(program, disk, "read"))
    os.makedirs("/run/reads")
    compare(run, "memory", "MB/s", ours(program, "/tmp", ["make-read", "32"]),
            pinned(program, "/run/reads", "make-read", "32"))


@case(8, "files DIRECTORY churn: look for headers, read, write, rename, remove",
      most=60)
def file_churn(run):
    """As compilers do: many small files, in memory and on a volume."""
    program = compile_c("files.c")
    disk = f"{run.disk}/churn"
    os.makedirs(disk)
    os.makedirs("/run/churn")
    rounds = "40" if run.quick else "200"
    run.plan(2)
    compare(run, "memory", "units/s", ours(program, "/tmp", ["churn", rounds]),
            pinned(program, "/run/churn", "churn", rounds))
    compare(run, "volume", "units/s",
            ours(program, disk, ["churn", rounds], [disk]),
            pinned(program, disk, "churn", rounds))
