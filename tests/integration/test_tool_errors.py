# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: one line with the thing, the reason and the way out, and an exit
status as Docker has them."""
import pytest


def fails(p, status, *parts):
    assert p.returncode == status, p.stderr
    lines = p.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("einkorn: "), p.stderr
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize("args, parts", [
    (["frobnicate"], ["frobnicate", "unknown verb", "help"]),
    (["run"], ["which program"]),
    (["inspect", "--frob", "x"], ["inspect --frob", "inspect --help"]),
    (["wait", "--frob", "x"], ["wait --frob", "unknown option"]),
    (["image", "ls", "--frob"], ["image ls --frob", "image --help"]),
    (["volume", "ls", "--frob"], ["volume ls --frob", "volume --help"]),
    (["disk", "create", "/nowhere/x", "10m"], ["disk create /nowhere/x"]),
    (["export", "-o", "/nowhere/x", "/bin/busybox"], ["-o /nowhere/x: "]),
    (["run", "--mount", "type=foo", "x"], ["type=foo", "use disk, bind"]),
    (["run", "--frob", "x"], ["--frob", "unknown option"]),
    (["run", "-Z", "x"], ["-Z", "unknown option"]),
    (["run", "-p"], ["-p", "needs a value"]),
    (["run", "--name", "a b", "x"], ["a b", "not a name"]),
    (["run", "--network", "fast", "x"], ["fast", "bridge"]),
    (["run", "--platform", "fast", "x"], ["fast", "qemu"]),
    (["run", "--machine", "pc98", "x"], ["pc98", "q35"]),
    (["run", "--machine", "q35", "x"], ["--machine", "--platform qemu"]),
    (["run", "-p", "80", "x"], ["80", "host:guest"]),
    (["run", "-p", "0:80", "x"], ["0:80", "host:guest"]),
    (["run", "-p", "1:70000", "x"], ["1:70000"]),
    (["run", "-p", "1.2.3:1:2", "x"], ["1.2.3:1:2"]),
    (["run", "-p", "1:2/sctp", "x"], ["sctp"]),
    (["run", "-v", "/tmp", "x"], ["/tmp", "host:/guest"]),
    (["run", "-v", "/tmp:/x:rx", "x"], ["rx", "unknown"]),
    (["run", "-m", "1k", "x"], ["1k", "too little memory"]),
    (["run", "-m", "lots", "x"], ["lots", "not a size"]),
    (["run", "-m", "99999999999g", "x"], ["not a size"]),
    (["run", "--vcpus", "0", "x"], ["--vcpus 0", "1 to"]),
    (["run", "--vcpus", "1.5", "x"], ["1.5", "whole number"]),
    (["run", "--vcpus", "4096", "x"], ["4096", "processors"]),
    (["run", "-w", "tmp", "x"], ["tmp", "absolute"]),
    (["run", "-e", "=x", "x"], ["=x", "K=V"]),
    (["stop"], ["which instance"]),
    (["stop", "-t", "soon", "x"], ["soon", "number"]),
    (["kill", "-s", "SIGFROB", "x"], ["SIGFROB", "unknown signal"]),
    (["ps", "x"], ["x", "no operands"]),
    (["logs", "-n", "few", "x"], ["few"]),
    (["inspect", "nobody"], ["nobody", "not found", "ps -a"]),
])
def test_usage(tool, args, parts):
    fails(tool(*args), 125, *parts)


def test_path_that_does_not_exist(tool):
    fails(tool("run", "--rm", "/no/such/file"), 127, "/no/such/file")
    for name in ("redis", "redis:7", "docker://redis"):
        fails(tool("run", "--rm", name), 127, f"run {name}:",
              "skopeo copy docker://redis")


def test_script_and_text_cannot_be_executed(tool, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    fails(tool("run", "--rm", script), 126, str(script))


def test_directory_without_command(tool, tmp_path):
    (tmp_path / "d").mkdir()
    fails(tool("run", "--rm", tmp_path / "d"), 125, "needs a command")


def test_command_in_directory(tool, tmp_path):
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    (root / "bin/plain").write_text("text")
    (root / "bin/out").symlink_to("/etc/passwd")
    net = ("run", "--rm", "--network", "none")
    fails(tool(*net, root, "/bin/none"), 127, "/bin/none")
    fails(tool(*net, root, "none"), 127, "none")
    fails(tool(*net, root, "/bin/plain"), 126, "/bin/plain")
    # A link out of the directory does not reach the host's file.
    fails(tool(*net, root, "/bin/out"), 127, "/bin/out")


def test_name_in_use(tool):
    tool.start("sleep 60", "--name", "n")
    fails(tool.sh("true", "--name", "n"), 125, "name n", "in use", "rm n")


def test_ports_without_network(tool):
    fails(tool.sh("true", "--rm", "-p", "8080:80"), 125, "--network bridge")


def test_no_permission_for_run_directory(tool, tmp_path):
    (tmp_path / "file").write_text("")
    tool.env["EINKORN_RUN"] = str(tmp_path / "file" / "run")
    fails(tool("run", "--rm", "--network", "none", tool.target), 125,
          "run/instances", "Not a directory")


def test_broken_tender(tool, fake_install):
    tender = fake_install / "libexec" / "einkorn-proc"
    saved = tender.rename(tender.with_suffix(".saved"))
    try:
        fails(tool.sh("true"), 125, "einkorn-proc", "No such file")
        assert tool.ok("ps", "-aq") == ""
    finally:
        saved.rename(tender)


def test_detached_error_comes_back(tool):
    tool.start("sleep 60", "--name", "n")
    p = tool("run", "-d", "--name", "n", "--network", "none", tool.target)
    fails(p, 125, "in use")
    assert p.stdout == ""
