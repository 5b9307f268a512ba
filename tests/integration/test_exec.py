# SPDX-License-Identifier: BSD-2-Clause
"""Programs that replace themselves by others, as wrappers in entrypoints do;
and what one that forks instead is told."""
import shutil

import pytest

BUSYBOX = shutil.which("busybox")


def run(einkorn, *args):
    return einkorn("run", "--rm", "--network", "none", *args)


@pytest.mark.parametrize("command,out", [
    (["/usr/bin/env", "env", "-i", "FOO=1", "printenv", "FOO"], "1\n"),
    (["/usr/bin/nice", "nice", "-n", "5", "nice"], "5\n"),
    (["/usr/bin/env", "env", "-C", "/tmp", "nice", "env", "A=b", "nohup",
      "stdbuf", "-o0", "pwd"], "/tmp\n"),
])
def test_chain_of_exec(einkorn, command, out):
    p = run(einkorn, *command)
    assert (p.returncode, p.stdout) == (0, out), p.stderr


def test_shell_exec(einkorn):
    p = run(einkorn, BUSYBOX, "busybox", "sh", "-c",
            "trap '' INT; cd /tmp; x=1 exec busybox sh -c "
            "'exec busybox env' ")
    assert p.returncode == 0, p.stderr
    assert "x=1\n" in p.stdout and "PWD=/tmp\n" in p.stdout
    p = run(einkorn, BUSYBOX, "busybox", "sh", "-c", "exec /no/such")
    assert p.returncode == 127
    p = run(einkorn, BUSYBOX, "busybox", "sh", "-c", "exec busybox false")
    assert p.returncode == 1


def test_fork_is_refused_in_one_line(einkorn):
    p = run(einkorn, BUSYBOX, "busybox", "sh", "-c",
            "busybox true; busybox true; echo $?")
    told = [line for line in p.stderr.splitlines() if "no fork" in line]
    assert len(told) == 1
    assert "busybox" in told[0] and "single-process or threaded mode" in told[0]


def test_user_of_a_program(einkorn, tmp_path):
    """Its name comes from the host's accounts, which are in the image. Mount
    points are made although the user may not."""
    tmp_path.chmod(0o755)
    p = einkorn("run", "--rm", "--network", "none", "-u", "www-data", "-v",
                f"{tmp_path}:/no/such/place", BUSYBOX, "busybox", "sh", "-c",
                "cd /no/such/place || exit 1; echo $HOME; exec busybox id")
    assert p.returncode == 0, p.stderr
    assert p.stdout.startswith("/var/www\nuid=33(www-data) gid=33"), p.stdout
    p = einkorn("run", "--rm", "--network", "none", "-u", "nobody-at-all",
                BUSYBOX)
    assert p.returncode == 126 and "nobody-at-all" in p.stderr
