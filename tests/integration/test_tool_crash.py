# SPDX-License-Identifier: BSD-2-Clause
"""Monitors that are killed, and many at once."""
import json
import os
import pathlib
import signal
from concurrent.futures import ThreadPoolExecutor

from tests.integration.conftest import wait_for


def kill_monitor(tool, ident):
    pid = tool.monitor_pid(ident)
    assert pid > 1
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: tool.monitor_pid(ident) == 0)


def test_killed_monitor_takes_its_instance_along(tool):
    ident = tool.start("sleep 60", "--name", "c")
    pid = json.loads(tool.ok("inspect", "c"))[0]["State"]["Pid"]
    kill_monitor(tool, ident)
    wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists()
             or "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text())
    state = json.loads(tool.ok("inspect", "c"))[0]["State"]
    assert state["Status"] == "exited" and state["ExitCode"] == 137
    assert "monitor" in state["Error"]
    assert tool.ok("ps", "-q") == ""
    assert "unknown" in tool.ok("ps", "-a")
    assert tool.ok("wait", "c") == "137"
    assert tool.ok("stop", "c") == "c"


def test_rm_cleans_up_after_killed_monitor(tool):
    ident = tool.start("sleep 60", "--name", "c", "-m", "64m")
    kill_monitor(tool, ident)
    groups = [pathlib.Path("/sys/fs/cgroup/memory/einkorn") / ident,
              pathlib.Path("/sys/fs/cgroup/einkorn") / ident]
    assert any(g.exists() for g in groups)
    tool.ok("rm", "c")
    assert not any(g.exists() for g in groups)
    assert not list((tool.run_dir / "instances").iterdir())
    assert not list((tool.run_dir / "names").iterdir())
    tool.start("sleep 60", "--name", "c")


def test_follower_ends_when_monitor_is_killed(tool):
    ident = tool.start("echo x; sleep 60", "--name", "c")
    p = tool.popen("logs", "-f", "c")
    assert p.stdout.readline() == "x\n"
    kill_monitor(tool, ident)
    assert p.wait(timeout=10) == 0


def test_name_of_unfinished_start_is_free_again(tool):
    tool.ok("ps")
    dead = "0" * 64
    (tool.run_dir / "instances" / f".{dead}").write_text("")
    (tool.run_dir / "names" / "n").symlink_to(dead)
    assert tool.sh("true", "--name", "n").returncode == 0
    # And old leftovers are swept away.
    os.utime(tool.run_dir / "instances" / f".{dead}", (0, 0))
    tool.ok("ps")
    assert not (tool.run_dir / "instances" / f".{dead}").exists()


def test_broken_files_do_no_harm(tool):
    tool.sh("true", "--name", "good")
    folder = tool.run_dir / "instances"
    (folder / ("1" * 64)).write_text("")
    (folder / ("2" * 64)).write_bytes(b"EKI1" + b"\xff" * 1000)
    assert len(tool.ok("ps", "-aq").split()) == 1
    (folder / ("1" * 64)).unlink()
    (folder / ("2" * 64)).unlink()


def test_concurrent_runs(tool):
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(
            lambda i: tool.sh(f"echo {i}; exit {i}", "--rm"), range(48)))
    for i, p in enumerate(results):
        assert (p.returncode, p.stdout) == (i, f"{i}\n"), p.stderr
    assert tool.ok("ps", "-aq") == ""


def test_concurrent_claims_of_one_name(tool):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(
            lambda i: tool("run", "-d", "--name", "one", "--network", "none",
                           tool.target, "sleep", "60"), range(8)))
    assert sorted(p.returncode for p in results) == [0] + [125] * 7
    assert len(tool.ok("ps", "-q").split()) == 1


def test_concurrent_removal(tool):
    tool.start("sleep 60", "--name", "r")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: tool("rm", "-f", "r"), range(4)))
    assert tool.ok("ps", "-aq") == ""
