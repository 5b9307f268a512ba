# SPDX-License-Identifier: BSD-2-Clause
"""Traces, counters, crash reports, debugger: what the user is shown."""
import re
import shutil
import subprocess

import pytest

from tests.conftest import BUILD
from tests.integration.conftest import wait_for

SOURCE = r"""
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

__attribute__((noinline)) static void crash_here(volatile int *p)
{
    *p = 1;
}

__attribute__((noinline)) static void call_crash(void)
{
    crash_here(0);
    write(1, "", 0);
}

static void handler(int sig)
{
    (void)sig;
}

static void records(void)
{
    struct itimerval it = {{0, 0}, {100, 7}};
    struct iovec iov[2] = {{"ab", 2}, {"c", 1}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
    int fds[2], one = 1;

    setitimer(ITIMER_REAL, &it, NULL);
    socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
    sendmsg(fds[0], &m, MSG_NOSIGNAL);
    setsockopt(fds[0], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
    char c;

    if (argc < 2) {
        open("/no/such\n", O_RDONLY | O_CLOEXEC);
        write(1, "some text\n", 10);
        signal(SIGUSR1, handler);
        raise(SIGUSR1);
        records();
        syscall(449, 0);
        return 3;
    }
    if (!strcmp(argv[1], "crash"))
        call_crash();
    pause();
    return read(0, &c, 1);
}
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    base = tmp_path_factory.mktemp("diag")
    (base / "prog.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", "-fno-omit-frame-pointer",
                    "-fno-optimize-sibling-calls", "-o", base / "prog",
                    base / "prog.c"], check=True)
    return base / "prog"


def check_trace(text):
    assert (r'openat(AT_FDCWD, "/no/such\n", O_RDONLY|O_CLOEXEC) = '
            "-1 ENOENT (No such file or directory)") in text
    assert r'write(1, "some text\n", 10) = 10' in text
    assert "--- SIGUSR1 {" in text
    assert re.search(r"rt_sigaction\(SIGUSR1, \{sa_handler=0x\w+, "
                     r"sa_mask=\[USR1\], sa_flags=SA_RESTORER\|SA_RESTART\}",
                     text)
    assert ("setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, "
            "it_value={tv_sec=100, tv_usec=7}}, NULL) = 0") in text
    assert ('{msg_name=NULL, msg_iov=["ab", "c"], msg_controllen=0, '
            "msg_flags=0x0}, MSG_NOSIGNAL) = 3") in text
    assert "SOL_SOCKET, SO_PASSCRED, [1], 4) = 0" in text
    assert "prctl(PR_SET_DUMPABLE, " in text
    assert "-1 ENOSYS (" in text
    assert text.splitlines()[-2].endswith("exit_group(3) = ?")
    assert text.splitlines()[-1] == "[1] +++ exited with 3 +++"


def test_trace_shows_calls_signals_and_end(einkorn, program):
    p = einkorn("trace", "--rm", "--network", "none", program)
    assert (p.returncode, p.stdout) == (3, "some text\n")
    check_trace(p.stderr)


def test_trace_knows_the_arguments_of_each_served_call():
    linux = BUILD.parent / "kernel" / "linux"
    served = re.findall(r'\{"(\w+)", sys_', (linux / "table.c").read_text())
    known = re.findall(r"__NR_(\w+)\]",
                       (linux / "trace_table.c").read_text())
    assert len(served) > 200 and not set(served) - set(known)


def test_trace_to_a_file_leaves_stderr_alone(einkorn, program, tmp_path):
    p = einkorn("trace", "-o", tmp_path / "t", "--rm", "--network", "none",
                program)
    assert (p.returncode, p.stdout, p.stderr) == (3, "some text\n", "")
    check_trace((tmp_path / "t").read_text())


def test_trace_file_that_cannot_be_made(einkorn, program):
    p = einkorn("trace", "-o", "/no/such", "--network", "none", program)
    assert p.returncode == 125 and "-o /no/such" in p.stderr


def test_stats_count_calls(einkorn, program):
    p = einkorn("run", "--stats", "--rm", "--network", "none", program)
    lines = re.findall(r"stats: call (\w+) nr (\d+) fast (\d+) slow (\d+) "
                       r"enosys (\d+)", p.stderr)
    by_name = {name: list(map(int, rest)) for name, *rest in lines}
    assert by_name["write"][1] + by_name["write"][2] == 1
    missing = [n for n in by_name.values() if n[0] == 449]
    assert missing and missing[0][3] == 1
    total = re.search(r"stats: calls fast (\d+) slow (\d+) enosys (\d+)",
                      p.stderr)
    assert int(total[1]) == sum(n[1] for n in by_name.values())
    assert re.search(r"stats: upcalls events \d+ exceptions \d+ faults user "
                     r"\d+ kernel \d+", p.stderr)


def test_crash_names_functions_and_files(einkorn, program):
    p = einkorn("run", "--rm", "--network", "none", program, "prog", "crash")
    assert p.returncode == 139
    assert "ended by signal 11 (code 1, address 0)" in p.stderr
    where = r" at 0x[0-9a-f]+ (\w+)\+0x[0-9a-f]+ \((\S+)\+0x[0-9a-f]+\)"
    found = re.findall(where, p.stderr)
    assert [name for name, _ in found[:3]] == ["crash_here", "call_crash",
                                               "main"]
    assert found[0][1] == str(program)
    assert len(p.stderr.splitlines()) <= 24


@pytest.fixture
def waiting(einkorn, program):
    p = einkorn("run", "-d", "--network", "none", program, "prog", "wait")
    assert p.returncode == 0, p.stderr
    ident = p.stdout.strip()
    yield ident
    einkorn("rm", "-f", ident)


@pytest.mark.skipif(not shutil.which("gdb"), reason="SKIP no gdb")
def test_debug_shows_kernel_and_program(einkorn, waiting, program):
    wait_for(lambda: "sys_pause" in einkorn("debug", waiting, "-batch", "-ex",
                                            "bt").stdout)
    p = einkorn("debug", waiting, "-batch", "-ex", "bt")
    names = re.findall(r"^#\d+ +(?:0x\w+ in )?(\w+) \(", p.stdout, re.M)
    assert "syscall_dispatch" in names, p.stdout + p.stderr
    assert names[-1] == "main", p.stdout + p.stderr
    assert f"{program.parent}/prog.c:" in p.stdout
    assert waiting[:12] in einkorn("ps", "-q").stdout


def test_debug_says_what_it_lacks(einkorn, waiting, state):
    p = einkorn("debug", waiting, env={**state, "PATH": "/nonexistent"})
    assert p.returncode == 125 and "gdb: not found" in p.stderr
    assert einkorn("debug", "no-such").returncode == 125
    einkorn("kill", waiting)
    einkorn("wait", waiting)
    p = einkorn("debug", waiting)
    assert p.returncode == 125 and "is not running" in p.stderr
