# SPDX-License-Identifier: BSD-2-Clause
"""Every guest program on Linux itself, then as a unikernel.

The same binary must pass on both: Linux is the reference.
"""
import os
import pathlib
import re
import subprocess

import pytest

from tests.conftest import BUILD, TEST_ALL, why_no_kvm

HERE = pathlib.Path(__file__).resolve().parent
# All of the list everywhere, but by default only these as virtual machines,
# and with two virtual CPUs.
QUICK = {"qemu": {"hello"},
         "proc2": {"parallel", "storm", "threads", "futexes", "pirequeue",
                   "rseq", "sigfpu", "execve", "shootdown"},
         "kvm2": {"parallel", "storm", "threads", "futexes", "signals",
                  "pirequeue", "shootdown"},
         "qemu2": {"parallel", "threads", "futexes", "signals", "pirequeue"},
         "kvm": {"hello", "files", "mmap", "signals", "threads", "timers"}}
# What makes files makes them on a volume too: /tmp is a host directory.
ON_VOLUME = ["files", "dirtree", "filemap", "getdents", "mmap", "polling",
             "sendfile", "unixsock"]


def programs():
    for source in sorted(HERE.glob("*.c")):
        only = re.search(r"only: *(\w+)", source.read_text())
        for libc in ("musl", "glibc"):
            if not only or only[1] in (libc, "proc"):
                yield source.stem, libc


def cases():
    for name, libc in programs():
        for platform in ("linux", "proc", "proc2", "qemu", "qemu2", "kvm",
                         "kvm2"):
            if TEST_ALL or name in QUICK.get(platform, {name}):
                yield pytest.param(name, libc, platform,
                                   id=f"{name}-{libc}-{platform}")


@pytest.mark.parametrize("name,libc,platform", cases())
def test_guest(name, libc, platform, einkorn, tmp_path):
    program = BUILD / "guest" / libc / name
    vcpus = 2 if platform.endswith("2") else 1
    if len(os.sched_getaffinity(0)) < vcpus:
        pytest.skip("SKIP one processor: no instance with two")
    if platform.startswith("kvm") and why_no_kvm():
        pytest.skip(why_no_kvm())
    if platform == "linux":
        result = subprocess.run([str(program)], capture_output=True, text=True,
                                timeout=60, cwd=tmp_path)
    else:
        result = einkorn("run", "--rm", "--network", "none", "--platform",
                         platform.rstrip("2"), "--vcpus", vcpus, program,
                         timeout=300)
    check(result)


@pytest.mark.parametrize("name", ON_VOLUME)
@pytest.mark.parametrize("libc", ["musl"] + (["glibc"] if TEST_ALL else []))
def test_guest_on_volume(name, libc, einkorn, tmp_path):
    check(einkorn("run", "--rm", "--network", "none", "-v",
                  f"{tmp_path}:/tmp", "-w", "/tmp",
                  BUILD / "guest" / libc / name, timeout=300))


def check(result):
    if result.returncode == 77:
        pytest.skip(result.stdout.strip() or "no reason given")
    assert result.returncode == 0, result.stdout + result.stderr
