# SPDX-License-Identifier: BSD-2-Clause
"""Instances in QEMU through the tool: input, output, status, stop."""
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, EINKORN

HELLO = BUILD / "guest" / "musl" / "hello"

pytestmark = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"),
                                reason="needs qemu-system-x86_64")


@pytest.fixture
def run(einkorn):
    return lambda *args, **kwargs: einkorn(
        "run", "--rm", "--network", "none", "--platform", "qemu", *args,
        **kwargs)


def test_hello_on_qemu(run):
    result = run(HELLO)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("hello from ")
    assert result.stderr == ""


def test_exit_status_on_qemu(run):
    assert run("/bin/false").returncode == 1
    assert run("/bin/cat", "cat", "/no/such").returncode == 1


def test_input_and_its_end_on_qemu(run):
    text = "first line\n" + "x" * 5000 + "\nlast line without end"
    result = run("-i", "/bin/cat", input=text)
    assert (result.returncode, result.stdout) == (0, text)


def test_output_goes_where_the_tool_writes(state, tmp_path):
    """A file that the caller holds open: no byte lost or overwritten."""
    out = tmp_path / "out"
    with out.open("w") as file:
        file.write("before\n")
        file.flush()
        subprocess.run([EINKORN, "run", "--rm", "--network", "none",
                        "--platform", "qemu", HELLO], env=state, stdout=file,
                       check=True, timeout=60)
        file.write("after\n")
    lines = out.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and len(lines) == 3


def test_memory_limit_on_qemu(run):
    """What does not fit in -m ends with one line and status 137."""
    result = run("-m", "8M", "/bin/cat", "cat", "/dev/null")
    assert result.returncode in (0, 137)
    assert result.returncode == 0 or "memory" in result.stderr


def test_stop_on_qemu(einkorn):
    einkorn("run", "-d", "--name", "vmstop", "--network", "none",
            "--platform", "qemu", "/bin/sleep", "sleep", "1000", check=True)
    assert einkorn("stop", "vmstop").returncode == 0
    assert einkorn("wait", "vmstop").stdout.strip() == "143"
    assert einkorn("rm", "vmstop").returncode == 0
