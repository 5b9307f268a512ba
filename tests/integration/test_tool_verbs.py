# SPDX-License-Identifier: BSD-2-Clause
"""Every verb of the tool, with a fake tender: no kernel is involved."""
import json
import os
import re
import subprocess

import pytest

from tests.conftest import needs_own_root
from tests.integration.conftest import Tool, wait_for


def test_run_passes_status_and_streams(tool):
    p = tool.sh("echo out; echo err >&2; exit 3", "--rm")
    assert (p.returncode, p.stdout, p.stderr) == (3, "out\n", "err\n")


def test_run_without_rm_keeps_log_apart_by_stream(tool):
    p = tool.sh("echo out; echo err >&2", "--name", "kept")
    assert (p.stdout, p.stderr) == ("out\n", "err\n")
    p = tool("logs", "kept")
    assert (p.stdout, p.stderr) == ("out\n", "err\n")
    assert tool.ok("ps", "-q") == ""
    assert len(tool.ok("ps", "-aq")) == 12


def test_run_rm_leaves_nothing(tool):
    tool.sh("true", "--rm", "--name", "gone")
    assert tool.ok("ps", "-aq") == ""
    assert not list((tool.run_dir / "instances").iterdir())
    assert not list((tool.run_dir / "names").iterdir())


def test_run_program_killed_by_signal(tool):
    # Not by itself: the first process of a pid namespace is immune.
    p = tool.popen("run", "--rm", "--network", "none", tool.target, "sleep",
                   "60")
    ident = wait_for(lambda: tool.ok("ps", "-q", "--no-trunc"))
    tool.ok("kill", ident)
    assert p.wait(timeout=10) == 137


def test_run_foreground_forwards_signals(tool):
    p = tool.popen("run", "--rm", "--network", "none", tool.target, "sh", "-c",
                   "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; "
                   "done")
    assert p.stdout.readline() == "ready\n"
    p.terminate()
    assert p.wait(timeout=10) == 9


def test_run_stdin_only_with_i(tool):
    args = ("run", "--rm", "--network", "none")
    p = subprocess.run(tool.command(*args, "-i", tool.target, "cat"),
                       input="text", text=True, env=tool.env,
                       capture_output=True, timeout=30)
    assert p.stdout == "text"
    p = subprocess.run(tool.command(*args, tool.target, "cat"), input="text",
                       text=True, env=tool.env, capture_output=True,
                       timeout=30)
    assert p.stdout == ""


def test_run_tty_gives_terminal(tool):
    p = tool.sh("test -t 0 && test -t 1 && test -t 2 && echo yes", "--rm",
                "-t")
    assert p.stdout == "yes\n"


def test_run_configuration_reaches_kernel(tool):
    p = tool.sh('echo "$CONFIG"', "--rm", "-e", "A=b c", "-w", "/tmp", "-e",
                "HOME=/x")
    lines = p.stdout.splitlines()
    assert f"exe={tool.target}" in lines
    assert lines[1:4] == ["arg=sh", "arg=-c", 'arg=echo "$CONFIG"']
    assert "env=A=b c" in lines and "env=HOME=/x" in lines
    assert "env=HOME=/root" not in lines
    assert "cwd=/tmp" in lines


@needs_own_root
@pytest.mark.parametrize("there", sorted(os.sched_getaffinity(0)))
@pytest.mark.parametrize("here", sorted(os.sched_getaffinity(0)))
def test_cage_in_a_mount_namespace_of_any_processor(tool, here, there):
    """Linux 6.18 numbers those of each processor by themselves."""
    tool.prefix = ["taskset", "-c", str(here), "unshare", "-m", "taskset",
                   "-c", str(there)]
    assert "\nunshare=0\n" in tool.sh('echo "$HANDOVER"', "--rm").stdout


@needs_own_root
def test_run_handover_names_files_and_cage(tool):
    p = tool.sh('echo "$HANDOVER"', "--rm", "--no-jit", "--stats")
    assert p.returncode == 0, p.stderr
    keys = dict(line.split("=", 1) for line in p.stdout.splitlines())
    assert keys["kernel"].endswith("/libexec/kernel.elf")
    assert keys["jit"] == "0" and keys["stats"] == "1" and keys["tty"] == "0"
    assert keys["unshare"] == "0" and "netns" in keys and "mntns" in keys
    assert "net" not in keys


def test_run_own_pid_namespace(tool):
    assert tool.sh("echo $$", "--rm").stdout == "1\n"


def test_detach_prints_id_and_monitor_outlives_tool(tool):
    ident = tool.start("echo hi; sleep 60", "--name", "web")
    assert re.fullmatch("[0-9a-f]{64}", ident)
    assert tool.ok("ps", "-q") == ident[:12]
    wait_for(lambda: tool.ok("logs", "web") == "hi")
    line = tool.ok("ps").splitlines()[1]
    assert line.startswith(ident[:12]) and line.endswith("web")
    assert "Up " in line


def test_stop_asks_then_kills(tool):
    tool.start("trap 'echo asked; exit 5' TERM; echo on; "
               "while :; do sleep 0.05; done", "--name", "polite")
    wait_for(lambda: tool.ok("logs", "polite") == "on")
    assert tool.ok("stop", "polite") == "polite"
    assert tool.ok("wait", "polite") == "5"
    assert tool.ok("logs", "polite") == "on\nasked"
    tool.start("trap '' TERM; while :; do sleep 0.05; done", "--name", "deaf")
    assert tool.ok("stop", "-t", "0", "deaf") == "deaf"
    assert tool.ok("wait", "deaf") == "137"


def test_kill_sends_any_signal(tool):
    tool.start("trap 'exit 7' USR1; echo on; while :; do sleep 0.05; done",
               "--name", "k")
    wait_for(lambda: tool.ok("logs", "k") == "on")
    tool.ok("kill", "-s", "USR1", "k")
    assert tool.ok("wait", "k") == "7"
    p = tool("kill", "k")
    assert p.returncode == 125 and "is not running" in p.stderr


def test_wait_blocks_until_the_end(tool):
    tool.start("sleep 0.3; exit 4", "--name", "w")
    assert tool.ok("wait", "w", "w") == "4\n4"


def test_wait_sees_status_of_removed_instance(tool):
    tool.start("sleep 0.3; exit 6", "--rm", "--name", "w")
    assert tool.ok("wait", "w") == "6"
    assert tool.ok("ps", "-aq") == ""


def test_rm_refuses_running_and_force_stops(tool):
    tool.start("sleep 60", "--name", "r")
    p = tool("rm", "r")
    assert p.returncode == 125 and "still running" in p.stderr
    assert tool.ok("rm", "-f", "r") == "r"
    assert tool.ok("ps", "-aq") == ""


def test_logs_follow_until_the_end(tool):
    tool.start("for i in 1 2 3; do echo $i; sleep 0.1; done", "--name", "f")
    p = tool("logs", "-f", "f", timeout=20)
    assert p.stdout == "1\n2\n3\n" and p.returncode == 0


def test_logs_tail_and_times(tool):
    tool.sh("echo a; sleep 0.05; echo b; sleep 0.05; echo c", "--name", "l")
    assert tool.ok("logs", "-n", "2", "l") == "b\nc"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z c",
                        tool.ok("logs", "-t", "-n", "1", "l"))


def test_logs_large_output_is_complete(tool):
    tool.sh("seq 1 200000", "--name", "big")
    assert tool("logs", "big").stdout == "".join(
        f"{i}\n" for i in range(1, 200001))


def test_inspect_has_dockers_fields(tool):
    ident = tool.start("sleep 60", "--name", "i", "-e", "A=1", "-w", "/srv",
                       "-m", "64m")
    data = json.loads(tool.ok("inspect", "i"))[0]
    assert data["Id"] == ident and data["Name"] == "i"
    assert data["State"]["Status"] == "running" and data["State"]["Running"]
    assert data["State"]["Pid"] > 1 and not data["State"]["OOMKilled"]
    assert data["Config"]["Cmd"] == ["sh", "-c", "sleep 60"]
    assert "A=1" in data["Config"]["Env"]
    assert data["Config"]["WorkingDir"] == "/srv"
    assert data["HostConfig"]["Memory"] == 64 << 20
    assert data["NetworkSettings"]["IPAddress"] == ""
    tool.ok("stop", "-t", "0", "i")
    state = json.loads(tool.ok("inspect", "i"))[0]["State"]
    assert state["Status"] == "exited" and state["Pid"] == 0
    assert state["StartedAt"] < state["FinishedAt"]


def test_inspect_escapes_json(tool):
    tool.sh("true", "--name", "q", "-e", 'A="\\\n\té')
    env = json.loads(tool.ok("inspect", "q"))[0]["Config"]["Env"]
    assert 'A="\\\n\té' in env


def test_prefixes_and_ambiguity(tool):
    ident = tool.start("sleep 60", "--name", "alpha")
    tool.start("sleep 60", "--name", "alpine")
    assert json.loads(tool.ok("inspect", ident[:6]))[0]["Id"] == ident
    assert json.loads(tool.ok("inspect", "alph"))[0]["Id"] == ident
    p = tool("inspect", "al")
    assert p.returncode == 125 and "2 instances begin so" in p.stderr


def test_ps_and_names_with_few_descriptors(tool):
    """There may be more instances than descriptors, and each is found by
    what belongs to it alone."""
    for i in range(20):
        tool.sh("true", *(["--name", f"grain{i:02}x"] if i % 2 else []))
    few = Tool(tool.path, tool.run_dir.parent, tool.target,
               prefix=["prlimit", "--nofile=12"])
    rows = [row.split() for row in few.ok("ps", "-a").splitlines()[1:]]
    assert len(rows) == 20
    for ident, name in ((row[0], row[-1]) for row in rows):
        for ref in (ident, name, name[:-1]):
            found = json.loads(few.ok("inspect", ref))[0]
            assert found["Id"].startswith(ident)
            assert found["Name"].lstrip("/") == name
    assert "10 instances begin so" in few("inspect", "grain").stderr


def test_memory_limit_kills_and_says_so(tool):
    p = tool.sh("head -c 100m /dev/zero | tail > /dev/null", "-m", "32m",
                "--name", "fat")
    assert p.returncode == 137
    assert "lack of memory" in p.stderr and "-m" in p.stderr
    assert json.loads(tool.ok("inspect", "fat"))[0]["State"]["OOMKilled"]


def test_info_version_help(tool):
    assert "namespaces:" in tool.ok("info")
    assert re.fullmatch(r"einkorn \d+\.\d+\.\d+", tool.ok("version"))
    assert "run a program as a unikernel" in tool.ok("help")


@pytest.mark.parametrize("verb", ["run", "trace", "export", "ps", "logs",
                                  "stop", "image", "volume", "disk", "info"])
def test_help_of_one_verb(tool, verb):
    said = tool.ok(verb, "--help")
    assert said == tool.ok("help", verb)
    assert said.startswith(f"Usage: einkorn {verb}")
    assert ("--publish" in said) == (verb in ("run", "trace"))


def test_help_is_the_programs_behind_its_name(tool):
    """What stands behind the program is for the program."""
    p = tool("run", "--network", "none", tool.target, "sh", "-c",
             'echo "$1"', "sh", "--help")
    assert p.stdout == "--help\n"


def test_help_of_what_is_unknown(tool):
    p = tool("help", "nothing")
    assert p.returncode == 125 and "nothing: unknown verb" in p.stderr
    p = tool("ps", "--nothing")
    assert p.returncode == 125 and "einkorn ps --help" in p.stderr
