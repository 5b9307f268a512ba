# SPDX-License-Identifier: BSD-2-Clause
"""gdb on instances that are machines: einkorn-kvm's own server, QEMU's."""
import os
import re
import shutil
import socket
import subprocess

import pytest

from tests.conftest import why_no_kvm
from tests.integration.conftest import wait_for

SOURCE = r"""
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile int counter;

__attribute__((noinline)) static int inner(int a, int b)
{
    counter += a * b;
    return counter;
}

__attribute__((noinline)) static int outer(int n)
{
    int sum = 0;

    for (int i = 0; i < n; i++)
        sum += inner(i, n);
    return sum;
}

/* The other CPUs have nothing to do. */
static void go_to_second_cpu(void)
{
    cpu_set_t second;

    CPU_ZERO(&second);
    CPU_SET(1, &second);
    sched_setaffinity(0, sizeof(second), &second);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "second")) {
        go_to_second_cpu();
    } else if (argc > 1) {
        puts("waits");
        fflush(stdout);
        for (;;)
            pause();
    }
    printf("%d\n", outer(4));
    return 7;
}
"""

pytestmark = pytest.mark.skipif(not shutil.which("gdb"), reason="SKIP no gdb")
PLATFORMS = [
    pytest.param("kvm", marks=pytest.mark.skipif(
        why_no_kvm() is not None, reason=f"SKIP {why_no_kvm()}")),
    pytest.param("qemu", marks=pytest.mark.skipif(
        not shutil.which("qemu-system-x86_64"), reason="SKIP no QEMU"))]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    base = tmp_path_factory.mktemp("debug")
    (base / "prog.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", "-fno-optimize-sibling-calls", "-o",
                    base / "prog", base / "prog.c"], check=True)
    return base / "prog"


@pytest.fixture
def start(einkorn, program):
    """start(platform, arguments of run, arguments): the instance's id."""
    ids = []

    def run(platform, *options, args=()):
        p = einkorn("run", "-d", "--network", "none", "--platform", platform,
                    *options, program, "prog", *args)
        assert p.returncode == 0, p.stderr
        ids.append(p.stdout.strip())
        return ids[-1]

    yield run
    for ident in ids:
        einkorn("rm", "-f", ident)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def gdb(einkorn, ident, *commands, **kwargs):
    words = [w for c in commands for w in ("-ex", c)]
    return einkorn("debug", ident, "-batch", *words, **kwargs).stdout


@pytest.mark.parametrize("vcpus", [1, 2])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_breakpoint_by_name_and_status(einkorn, start, platform, vcpus):
    if len(os.sched_getaffinity(0)) < vcpus:
        pytest.skip("SKIP one processor: no instance with two")
    ident = start(platform, "--gdb", free_port(), "--vcpus", vcpus)
    # QEMU's server says now and then once more that it stands there.
    before_next = ["delete 2"] if platform == "qemu" else []
    text = gdb(einkorn, ident, "break inner if a == 2", "continue", "bt",
               "print b", "print counter", *before_next, "next",
               "print counter", "set var counter = 100", "finish", "stepi",
               "p/x $cs", "delete", "continue")
    assert "hit Breakpoint" in text or "Breakpoint 2, inner" in text, text
    names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", text, re.M)
    assert names[:3] == ["inner", "outer", "main"], text
    for part in ("$1 = 4", "$2 = 4", "$3 = 12", "Value returned is $4 = 100",
                 "$5 = 0x33"):
        assert part in text, text
    assert einkorn("wait", ident).stdout.strip() == "7"
    # 0, then 4, then 100, then 112: as if nobody had looked but for the 100
    assert einkorn("logs", ident).stdout == f"{0 + 4 + 100 + 112}\n"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_breakpoint_while_the_first_cpu_sleeps(einkorn, start, platform):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("SKIP one processor: no instance with two")
    ident = start(platform, "--gdb", free_port(), "--vcpus", 2,
                  args=["second"])
    text = gdb(einkorn, ident, "break inner", "continue", "info threads",
               "continue", "stepi", "delete", "continue")
    assert re.search(r"^\* 2 +Thread .*inner", text, re.M), text
    assert einkorn("wait", ident).stdout.strip() == "7"
    assert einkorn("logs", ident).stdout == f"{0 + 4 + 12 + 24}\n"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_running_machine_can_be_looked_at(einkorn, start, platform):
    ident = start(platform, args=["wait"])
    wait_for(lambda: einkorn("logs", ident).stdout == "waits\n", timeout=60)
    for _ in range(2): # gdb lets it go on, and may come again
        text = gdb(einkorn, ident, "bt", "info threads")
        names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", text, re.M)
        assert "syscall_dispatch" in names and "main" in names, text
    assert einkorn("stop", "-t", "30", ident).returncode == 0
    assert einkorn("wait", ident).stdout.strip() == "143"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_virtual_cpus_are_threads(einkorn, start, platform):
    """All are held, also where all of them sleep, and each has registers."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("SKIP one processor: no instance with two")
    ident = start(platform, "--vcpus", 2, args=["wait"])
    wait_for(lambda: einkorn("logs", ident).stdout == "waits\n", timeout=60)
    for _ in range(2):
        text = gdb(einkorn, ident, "info threads", "thread 1", "p/x $gs_base",
                   "thread 2", "p/x $gs_base")
        assert len(re.findall(r"^[* ] +[12] +Thread ", text, re.M)) == 2, text
        bases = re.findall(r"^\$\d = (0x\w+)", text, re.M)
        assert len(set(bases)) == 2 and "0x0" not in bases, text
    assert einkorn("stop", "-t", "30", ident).returncode == 0
    assert einkorn("wait", ident).stdout.strip() == "143"


def test_own_monitor_says_how_it_ended(einkorn, start):
    if why_no_kvm():
        pytest.skip(f"SKIP {why_no_kvm()}")
    ident = start("kvm", "--gdb", free_port())
    assert "exited with code 07]" in gdb(einkorn, ident, "continue")
    ident = start("kvm", "--gdb", free_port())
    gdb(einkorn, ident, "break inner", "continue", "kill")
    assert einkorn("wait", ident).stdout.strip() == "137"


def test_peers_that_talk_rubbish_leave_the_program_alone(einkorn, start):
    if why_no_kvm():
        pytest.skip(f"SKIP {why_no_kvm()}")
    port = free_port()
    ident = start("kvm", "--gdb", port, args=["wait"])
    for words in (b"", b"\x03" * 1000, b"$" * 100000, b"GET / HTTP/1.0\r\n\r\n",
                  b"$m0,ffffffff#" + b"a" * 10, b"$Z0,0,1#9d$z", b"$G00#d8"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
            s.sendall(words)
    assert einkorn("stop", "-t", "30", ident).returncode == 0
    assert einkorn("wait", ident).stdout.strip() == "143"


def test_only_machines_have_a_port(einkorn, program):
    p = einkorn("run", "--platform", "proc", "--gdb", "5000", program)
    assert p.returncode == 125 and "einkorn debug" in p.stderr
    p = einkorn("run", "--platform", "qemu", "--gdb", "x", program)
    assert p.returncode == 125 and "not a port" in p.stderr
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        p = einkorn("run", "--platform", "qemu", "--network", "none", "--gdb",
                    s.getsockname()[1], program)
    assert p.returncode == 125 and "in use" in p.stderr
