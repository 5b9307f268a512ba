# SPDX-License-Identifier: BSD-2-Clause
"""A foreground `run` whose reader does not read: stop and signals still work,
other threads go on, and a reader that only takes its time gets everything."""
import fcntl
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

from tests.compiled import program
from tests.conftest import EINKORN, why_no_kvm
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


# One thread fills standard output, the other goes on; SIGTERM ends both.
TWO = r"""
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *fill(void *arg)
{
    char line[4000];

    (void)arg;
    memset(line, 'x', sizeof(line));
    for (;;)
        if (write(1, line, sizeof(line)) < 0)
            perror("write");
}

static void end(int sig)
{
    (void)sig;
    _exit(9);
}

int main(void)
{
    struct pollfd p = {.fd = 1, .events = POLLOUT};
    pthread_t t;

    signal(SIGTERM, end);
    pthread_create(&t, NULL, fill, NULL);
    while (poll(&p, 1, 0) == 1)
        usleep(1000);
    for (int i = 0; i < 3; i++) {
        usleep(10000);
        fprintf(stderr, "still here\n");
    }
    if (poll(&p, 1, -1) == 1 && p.revents == POLLOUT)
        fprintf(stderr, "read again\n");
    pause();
}
"""


@pytest.fixture(scope="module")
def talker(tmp_path_factory):
    return program(tmp_path_factory.mktemp("stall"), "talker", SOURCE, "-O1")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return program(tmp_path_factory.mktemp("two"), "two", TWO, "-O1",
                   "-pthread")


PLATFORMS = [
    "proc",
    pytest.param("kvm", marks=pytest.mark.skipif(
        why_no_kvm() is not None, reason=f"SKIP {why_no_kvm()}")),
    pytest.param("qemu", marks=pytest.mark.skipif(
        not shutil.which("qemu-system-x86_64"), reason="SKIP no QEMU"))]


@pytest.fixture(params=PLATFORMS)
def start(einkorn, state, talker, request):
    """start([lines]) talks for ever, or prints as many lines as it says, into
    a pipe of one page; whatever happens, it ends with the test."""
    def run(*command):
        out, end = os.pipe()
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
        p = subprocess.Popen(
            [EINKORN, "run", "--network", "none", "--platform", request.param,
             "--name", "stalled", talker, *command], env=state, stdout=end,
            stderr=subprocess.DEVNULL)
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
    assert p.wait(20) == 128 + signal.SIGTERM
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


def open_pipe():
    return os.pipe()


def open_terminal():
    return pty.openpty()


def open_socket():
    return [s.detach() for s in socket.socketpair()]


OUTPUTS = [open_pipe, open_terminal, open_socket]


def read_all(fd):
    """What lies there, and what comes while we read."""
    os.set_blocking(fd, False)
    try:
        while os.read(fd, 65536):
            pass
    except BlockingIOError:
        pass


@pytest.mark.parametrize("rm", [[], ["--rm"]], ids=["log", "rm"])
@pytest.mark.parametrize("opened", OUTPUTS)
def test_only_the_thread_that_writes_waits(einkorn, state, two, opened, rm):
    ours, theirs = opened()
    flags = fcntl.fcntl(theirs, fcntl.F_GETFL)
    with subprocess.Popen(
            [EINKORN, "run", *rm, "--network", "none", "--name", "two", two],
            env=state, stdout=theirs, stderr=subprocess.PIPE) as p:
        lines = [p.stderr.readline() for _ in range(3)]
        assert lines == [b"still here\n"] * 3
        assert fcntl.fcntl(theirs, fcntl.F_GETFL) == flags
        while not select.select([p.stderr], [], [], 0.05)[0]:
            read_all(ours)
        assert p.stderr.readline() == b"read again\n"
        assert einkorn("stop", "-t", "20", "two").returncode == 0
        os.close(ours)
        assert p.wait(20) == 9
    os.close(theirs)
    if not rm:
        einkorn("rm", "two")
