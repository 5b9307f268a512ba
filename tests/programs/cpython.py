# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside an instance: CPython's own tests (`test.regrtest`'s arguments).
A test that starts another process is skipped: there is no fork here."""
import _posixsubprocess
import errno
import os
import posix
import subprocess
import unittest

from test.libregrtest import main


class NeedsFork(unittest.SkipTest, OSError):
    """Also what the kernel answers: some code has another way then."""


def refuse(*_args, **_kwargs):
    raise NeedsFork(errno.ENOSYS, "needs fork")


for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system"):
    setattr(os, name, refuse)
    setattr(posix, name, refuse)
_posixsubprocess.fork_exec = subprocess._fork_exec = refuse  # noqa: SLF001
main()
