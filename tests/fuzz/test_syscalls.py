# SPDX-License-Identifier: BSD-2-Clause
"""Random system calls and broken signal frames: whatever becomes of the
program, the kernel must live (a panic is status 134) and come to an end."""
import os
import pathlib
import subprocess

import pytest

from tests.conftest import TEST_ALL

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PANIC = 134
FRESH = int.from_bytes(os.urandom(4), "little")  # shown when it finds something
SEEDS = [*range(1, 41 if TEST_ALL else 4), FRESH]
FRAME_SEEDS = range(1, 201 if TEST_ALL else 13)
CALLS, MS = (400000, 3000) if TEST_ALL else (15000, 500)


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "fuzz"
    subprocess.run(["gcc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra",
                    "-Werror", "-D_GNU_SOURCE", f"-I{ROOT}", "-static", "-o",
                    path, HERE / "syscalls.c", "-pthread"], check=True)
    return path


def run(einkorn, fuzzer, mode, seed):
    p = einkorn("run", "--rm", "--network", "none", fuzzer, "fuzz", mode, seed,
                CALLS, MS, timeout=60, stdin=subprocess.DEVNULL,
                errors="replace")
    assert p.returncode != PANIC and "panic" not in p.stderr, \
        f"{mode} {seed}: status {p.returncode}\n{p.stderr[-4000:]}"
    assert p.returncode != 125, p.stderr
    return p


def test_kernel_survives_random_calls(einkorn, fuzzer):
    ends = [run(einkorn, fuzzer, "calls", s).returncode for s in SEEDS]
    assert ends.count(0) >= len(SEEDS) // 2, ends  # not all fell at once


def test_kernel_survives_broken_signal_frames(einkorn, fuzzer):
    for seed in FRAME_SEEDS:
        run(einkorn, fuzzer, "frames", seed)
