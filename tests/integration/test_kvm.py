# SPDX-License-Identifier: BSD-2-Clause
"""Instances in the own monitor, through the tool (docs/kvm.md)."""
import json
import os
import pathlib
import select
import subprocess

import pytest

from tests.conftest import BUILD, EINKORN, why_no_kvm

HELLO = BUILD / "guest" / "musl" / "hello"
pytestmark = pytest.mark.skipif(why_no_kvm() is not None,
                                reason=str(why_no_kvm()))


@pytest.fixture
def run(einkorn):
    return lambda *args, **kwargs: einkorn(
        "run", "--rm", "--network", "none", "--platform", "kvm", *args,
        **kwargs)


def test_hello_on_kvm(run):
    result = run(HELLO)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"hello from {HELLO} (1 arguments)\n"


def test_arguments_and_environment_on_kvm(run):
    result = run("-e", "A=b c", "/usr/bin/env", "env", "-u", "PATH")
    assert result.returncode == 0
    assert "A=b c" in result.stdout.splitlines()
    assert "PATH=" not in result.stdout


def test_exit_status_on_kvm(run):
    assert run("/bin/false").returncode == 1
    result = run("/bin/cat", "cat", "/no/such")
    assert result.returncode == 1
    assert "No such file" in result.stderr


def test_input_and_its_end_on_kvm(run):
    text = "first line\n" + "x" * 9000 + "\nlast line without end"
    result = run("-i", "/bin/cat", input=text)
    assert (result.returncode, result.stdout) == (0, text)


def test_input_from_a_file_on_kvm(run, tmp_path):
    file = tmp_path / "in"
    file.write_text("y" * 10000)
    with file.open() as stdin:
        assert run("-i", "/bin/cat", stdin=stdin).stdout == "y" * 10000


def test_memory_limit_on_kvm(run):
    result = run("-m", "8M", "/bin/cat", "cat", "/dev/null")
    assert result.returncode in (0, 126, 137)
    assert result.returncode == 0 or "memory" in result.stderr


def test_stop_on_kvm(einkorn):
    einkorn("run", "-d", "--name", "kvmstop", "--network", "none",
            "--platform", "kvm", "/bin/sleep", "sleep", "1000", check=True)
    assert einkorn("stop", "kvmstop").returncode == 0
    assert einkorn("wait", "kvmstop").stdout.strip() == "143"
    assert einkorn("rm", "kvmstop").returncode == 0


def test_volume_on_kvm(run, tmp_path):
    (tmp_path / "in").write_text("z" * 300000)
    result = run("-v", f"{tmp_path}:/v", "/bin/cp", "cp", "/v/in", "/v/out")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out").read_text() == "z" * 300000


def children(pid):
    task = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()]


def test_killed_tool_takes_its_monitor_along(state):
    tool = subprocess.Popen(
        [EINKORN, "run", "--network", "none", "--platform", "kvm", "/bin/sh",
         "sh", "-c", "echo up; while :; do :; done"], env=state,
        stdout=subprocess.PIPE)
    assert tool.stdout.readline() == b"up\n"
    monitor = os.pidfd_open(children(tool.pid)[0])
    tool.kill()
    tool.wait()
    assert select.select([monitor], [], [], 30)[0], "einkorn-kvm goes on"
    os.close(monitor)


def kvm_line(einkorn, **kwargs):
    lines = einkorn("info", **kwargs).stdout.splitlines()
    return next(line for line in lines if line.startswith("kvm:"))


def test_info_keeps_what_the_probe_said(einkorn, state, tmp_path):
    env = {**state, "EINKORN_RUN": str(tmp_path / "run")}
    first = kvm_line(einkorn, env=env)
    assert "ns for 2000 instructions in ring 0" in first
    assert (tmp_path / "run" / "kvm").read_text().endswith(
        first.removeprefix("kvm:").lstrip() + "\n")
    assert kvm_line(einkorn, env=env) == first
    subprocess.run(["umount", "-q", "-l", "-R", str(tmp_path / "run")],
                   check=False)


@pytest.mark.parametrize("answer,args,platform", [
    ("fast: so", [], "kvm"),
    ("fast: so", ["-t"], "proc"),
    ("slow: so", [], "proc"),
])
def test_auto_follows_the_probe(einkorn, state, answer, args, platform):
    boot_id = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()
    cache = pathlib.Path(state["EINKORN_RUN"]) / "kvm"
    einkorn("info", check=True)
    before = cache.read_text()
    cache.write_text(f"{boot_id.strip()} {answer}\n")
    einkorn("run", "-d", "--name", "auto", "--network", "none", *args,
            "/bin/true", check=True)
    cache.write_text(before)
    record = json.loads(einkorn("inspect", "auto", check=True).stdout)[0]
    assert einkorn("wait", "auto").stdout.strip() == "0"
    einkorn("rm", "auto", check=True)
    assert record["HostConfig"]["Runtime"] == platform


def test_much_output_on_kvm(run):
    result = run("/bin/dd", "dd", "if=/dev/zero", "bs=100000", "count=50")
    assert result.returncode == 0
    assert result.stdout == "\0" * 5000000
