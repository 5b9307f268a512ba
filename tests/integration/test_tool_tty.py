# SPDX-License-Identifier: BSD-2-Clause
"""The tool on a terminal: -i, -t, the end of input and the interrupt key, with
a fake tender and with the kernel."""
import os
import pty
import select
import time

import pytest

from tests import compiled
from tests.conftest import BUILD, EINKORN
from tests.integration.conftest import Tool

PROGRAM = r"""
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    char line[256];
    printf("tty %d%d%d\n", isatty(0), isatty(1), isatty(2));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        printf("got %s", line);
        fflush(stdout);
    }
    puts("end");
    return 4;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return compiled.program(tmp_path_factory.mktemp("tty"), "p", PROGRAM,
                            "-static")


@pytest.fixture(params=["fake", "proc"])
def any_tool(request, fake_install, program, tmp_path):
    if request.param == "fake":
        t = Tool(fake_install / "einkorn", tmp_path, program)
    elif not (BUILD / "libexec" / "kernel.elf").exists():
        pytest.skip("SKIP kernel.elf is not built")
    else:
        t = Tool(EINKORN, tmp_path, program,
                 env={"EINKORN_ROOT": str(tmp_path / "data")})
    yield t
    t.clean_up()


def start_on_terminal(tool, option, target):
    """Its process, and our side of its terminal."""
    args = tool.command("run", "--rm", "--network", "none", option, target,
                        target)
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(args[0], args, tool.env)
    return pid, fd


def on_terminal(tool, option, dialog):
    """Runs the program on a terminal of its own; for each (wait for, type)
    of the dialog. Returns all output and the exit status."""
    pid, fd = start_on_terminal(tool, option, tool.target)
    out, dialog, end = b"", list(dialog), time.monotonic() + 20
    while time.monotonic() < end:
        if dialog and dialog[0][0] in out:
            os.write(fd, dialog.pop(0)[1])
        if select.select([fd], [], [], 0.05)[0]:
            try:
                out += os.read(fd, 4096)
            except OSError:
                break
    else:
        os.kill(pid, 9)
    os.close(fd)
    return out, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_terminal_of_its_own(any_tool):
    out, status = on_terminal(any_tool, "-it", [
        (b"tty 111", b"hello\n"), (b"got hello", b"\x04")])
    assert b"tty 111\r\nhello\r\ngot hello\r\nend\r\n" in out
    assert status == 4


def test_interrupt_key_in_its_own_terminal(any_tool):
    # Under the fake tender the program is a namespace's first process, which
    # the signal does not end.
    if any_tool.path != EINKORN:
        return
    _, status = on_terminal(any_tool, "-it", [(b"tty 111", b"\x03")])
    assert status == 130


def test_our_terminal_passed_through(any_tool):
    out, status = on_terminal(any_tool, "-i", [
        (b"tty ", b"hello\n"), (b"got hello", b"\x04")])
    assert b"got hello\r\nend\r\n" in out
    assert status == 4


def test_interrupt_key_on_our_terminal(any_tool):
    if any_tool.path != EINKORN:
        return
    _, status = on_terminal(any_tool, "-i", [(b"tty ", b"\x03")])
    assert status == 130


DEAF = r"""
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    for (;;) {
        puts("tick");
        fflush(stdout);
        usleep(10000);
    }
}
"""


def test_typing_to_a_deaf_program_hides_no_output(any_tool, tmp_path):
    deaf = compiled.program(tmp_path, "deaf", DEAF, "-static")
    pid, fd = start_on_terminal(any_tool, "-it", deaf)
    os.set_blocking(fd, False)
    typed, ticks, end = 0, 0, time.monotonic() + 20
    try:
        while (typed < 200000 or ticks < 20) and time.monotonic() < end:
            if ticks and select.select([], [fd], [], 0)[1]:
                typed += os.write(fd, b"anybody?\n" * 100)
            else:
                typed += 10000 * (ticks > 0)  # no more room: that will do
            if select.select([fd], [], [], 0.05)[0]:
                seen = os.read(fd, 65536).count(b"tick")
                ticks = ticks + seen if typed >= 200000 else 1
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(fd)
    assert ticks >= 20


def test_no_terminal_in_qemu(any_tool):
    p = any_tool("run", "--rm", "--network", "none", "--platform", "qemu",
                 "-t", any_tool.target)
    assert p.returncode == 125 and "-t" in p.stderr
