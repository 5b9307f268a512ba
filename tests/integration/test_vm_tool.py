# SPDX-License-Identifier: BSD-2-Clause
"""Instances in QEMU through the tool: input, output, status, stop."""
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, EINKORN

HELLO = BUILD / "guest" / "musl" / "hello"

pytestmark = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"),
                                reason="needs qemu-system-x86_64")


@pytest.fixture(params=["microvm", "q35"])
def run(request, einkorn):
    return lambda *args, **kwargs: einkorn(
        "run", "--rm", "--network", "none", "--platform", "qemu", "--machine",
        request.param, *args, **kwargs)


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


def test_qemu_itself_is_not_what_m_limits(run):
    result = run("-m", "8M", HELLO)
    assert result.returncode == 0, result.stderr


def test_memory_limit_on_qemu(run):
    """What does not fit in -m ends with one line and status 137."""
    result = run("-m", "8M", "/bin/cat", "cat", "/dev/null")
    assert result.returncode in (0, 137)
    assert result.returncode == 0 or "memory" in result.stderr


def test_volume_on_qemu(run, tmp_path):
    (tmp_path / "in").write_text("from outside")
    assert run("-v", f"{tmp_path}:/data", "/bin/cp", "cp", "/data/in",
               "/data/out").returncode == 0
    assert (tmp_path / "out").read_text() == "from outside"


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_stop_on_qemu(einkorn, machine):
    einkorn("run", "-d", "--name", "vmstop", "--network", "none",
            "--platform", "qemu", "--machine", machine, "/bin/sleep", "sleep",
            "1000", check=True)
    assert einkorn("stop", "vmstop").returncode == 0
    assert einkorn("wait", "vmstop").stdout.strip() == "143"
    assert einkorn("rm", "vmstop").returncode == 0
