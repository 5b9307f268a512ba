# SPDX-License-Identifier: BSD-2-Clause
"""The same calls on Linux and in an instance, answer by answer.

Each NAME.c here prints a line for a call. Where we answer otherwise on
purpose, or where Linux's answer depends on its version or on the machine,
DIFFERENT has the reason.
"""
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

DIFFERENT = {
    # Linux's own answer varies
    r"\[c=-?[23]\]|clock_settime.*c=-": "clocks of processes: kernel versions",
    r"(tcp|udp)6? [gs]et 16\b": "SO_PASSCRED off AF_UNIX: refused since 6.16",
    r"unix\w* [gs]et 15\b": "SO_REUSEPORT on AF_UNIX: refused since 6.13",
    r"get_priority_m.*p=7": "SCHED_EXT is new in 6.12",
    r"xattr\(.*: EOPNOTSUPP": "user attributes on tmpfs: since 6.6",
    r"0x89ff": "what is behind the private ioctls",
    r"getpriority\(PRIO_(USER|PGRP)": "other processes count",
    # ours
    r"(v4|mapped) queued, bytes": "lwIP quotes a datagram's header only",
    r"p\[0\] \[a=8\]": "MADV_FREE: the pages go at once",
    r"SYS_futex, 8, op.*\[op=(1|3|5|10)\]": "a shared futex's page need not exist",
    r"word \+ 1, op.*\[op=7\]": "EFAULT before EPERM",
    r"1000 \+ prctls.*=(58000|35000)\]": "PR_GET_IO_FLUSHER, PR_SET_MM",
    r"tcp6 [gs]et 18\b": "IPV6_MULTICAST_HOPS on a stream: kept",
    r'rmdir\("d/\.\."\)': "EINVAL, as for a dot",
    r"lseek\(ep": "epoll, eventfd and their like cannot be positioned",
}


def lines_of(command, cwd):
    p = subprocess.run(command, capture_output=True, text=True, timeout=60,
                       cwd=cwd, check=True)
    return p.stdout.splitlines()


def excused(line):
    return any(re.search(pattern, line) for pattern in DIFFERENT)


@pytest.mark.parametrize("name", sorted(p.stem for p in HERE.glob("*.c")))
def test_answers_are_those_of_linux(einkorn, tmp_path, name):
    probe = tmp_path / name
    subprocess.run(["gcc", "-std=gnu11", "-g", "-O1", "-w", "-D_GNU_SOURCE",
                    f"-I{ROOT}", "-o", probe, HERE / f"{name}.c", "-pthread"],
                   check=True)
    linux = lines_of([probe], tmp_path)
    p = einkorn("run", "--rm", "--network", "none", probe)
    assert p.returncode == 0, p.stderr
    guest = p.stdout.splitlines()
    assert len(linux) == len(guest) > 100
    wrong = [f"Linux: {a}\n here: {b}" for a, b in zip(linux, guest)
             if a != b and not excused(a)]
    assert not wrong, "\n".join(wrong)


def listed(name):
    text = (HERE / name).read_text()
    return [line for line in text.splitlines() if line[0] != "#"]


def test_common_files_are_there(einkorn):
    """By shell built-ins alone: nothing forks here."""
    script = "for f in $*; do [ -e $f ] || echo $f; done; echo end"
    p = einkorn("run", "--rm", "--network", "none", "/bin/busybox", "busybox",
                "sh", "-c", script, "sh", *listed("paths.txt"))
    assert p.stdout == "end\n", p.stdout + p.stderr


def test_common_calls_are_served():
    """docs/syscalls.md is generated from the table of calls."""
    rows = re.findall(r"^\| *\d+ *\| *`?(\w+)`? *\| *(\w+)",
                      (ROOT / "docs/syscalls.md").read_text(), re.M)
    level = dict(rows)
    assert not [c for c in listed("calls.txt")
                if level.get(c) not in ("full", "partial")]
