# SPDX-License-Identifier: BSD-2-Clause
"""A foreground `run` whose reader does not read: stop and signals still work,
and a reader that only takes its time gets everything."""
import fcntl
import os
import signal
import struct
import subprocess
import termios
import time

import pytest

from tests.conftest import EINKORN
from tests.integration.conftest import wait_for

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    long most = argc > 1 ? atol(argv[1]) : -1;

    for (long i = 0; most < 0 || i < most; i++)
        printf("line %09ld\n", i);
    return 7;
}
"""


@pytest.fixture(scope="module")
def talker(tmp_path_factory):
    base = tmp_path_factory.mktemp("stall")
    (base / "talker.c").write_text(SOURCE)
    subprocess.run(["gcc", "-O1", "-o", base / "talker", base / "talker.c"],
                   check=True)
    return base / "talker"


@pytest.fixture
def start(einkorn, state, talker):
    """start([lines]) talks for ever, or prints as many lines as it says, into
    a pipe of one page; whatever happens, it ends with the test."""
    def run(*command):
        out, end = os.pipe()
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
        p = subprocess.Popen(
            [EINKORN, "run", "--network", "none", "--name", "stalled", talker,
             *command], env=state, stdout=end, stderr=subprocess.DEVNULL)
        os.close(end)
        p.stdout = os.fdopen(out, "rb")
        return p
    yield run
    einkorn("rm", "-f", "stalled")


def unread(fd):
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))[0]


def wait_until_full(pipe):
    """A pipe of one page is full when a write does not fit behind what is
    there: how much that is depends on how the lines were cut."""
    def full():
        before = unread(pipe)
        time.sleep(0.2)
        return before and unread(pipe) == before
    wait_for(full)


def full_pipe(start):
    p = start()
    wait_until_full(p.stdout)
    return p


def test_stop_ends_an_instance_whose_reader_stalls(einkorn, start):
    p = full_pipe(start)
    assert einkorn("stop", "-t", "1", "stalled").returncode == 0
    assert p.wait(20) in (128 + signal.SIGTERM, 128 + signal.SIGKILL)
    log = einkorn("logs", "-n", "1", "stalled").stdout
    assert log.startswith("line ")


def test_signals_end_an_instance_whose_reader_stalls(einkorn, start):
    p = full_pipe(start)
    assert einkorn("kill", "stalled").returncode == 0
    assert p.wait(20) == 128 + signal.SIGKILL


def test_a_slow_reader_gets_everything(start):
    p = start("talker", "100000")
    wait_until_full(p.stdout)
    text = p.stdout.read().decode()
    assert text == "".join(f"line {i:09}\n" for i in range(100000))
    assert p.wait(20) == 7


def test_a_reader_that_leaves_does_not_end_the_instance(einkorn, start):
    p = start("talker", "20000")
    p.stdout.close()
    assert p.wait(30) == 7
    assert einkorn("logs", "-n", "1", "stalled").stdout == "line 000019999\n"
