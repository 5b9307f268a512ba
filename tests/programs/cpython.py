# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside an instance: CPython's own tests (`test.regrtest`'s arguments).
A test that starts another process is skipped: there is no fork here."""
import _posixsubprocess
import os
import subprocess
import unittest

from test.libregrtest import main


def refuse(*_args, **_kwargs):
    raise unittest.SkipTest("needs fork")


for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
    setattr(os, name, refuse)
_posixsubprocess.fork_exec = subprocess._fork_exec = refuse  # noqa: SLF001
main()
