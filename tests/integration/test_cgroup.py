# SPDX-License-Identifier: BSD-2-Clause
"""/sys/fs/cgroup tells programs the limits that they run under, no others."""
import shutil

import pytest

CGROUP = "/sys/fs/cgroup"


@pytest.fixture(scope="module")
def cat(einkorn, tmp_path_factory):
    busybox = shutil.which("busybox")
    if not busybox:
        pytest.skip("needs busybox-static")
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(busybox, root / "busybox")

    def run(*files, options=()):
        p = einkorn("run", "--rm", "--network", "none", *options, root,
                    "/busybox", "cat", *files)
        assert p.returncode == 0, p.stderr
        return p.stdout

    return run


def test_cgroup_memory_limit_only_if_set(cat):
    assert cat(f"{CGROUP}/memory.max") == "max\n"
    assert cat(f"{CGROUP}/memory.max", options=["-m", "256m"]) == \
        f"{256 << 20}\n"


def test_cgroup_is_a_mounted_version_2(cat):
    assert cat(f"{CGROUP}/cgroup.controllers", f"{CGROUP}/cpu.max",
               f"{CGROUP}/cgroup.procs") == "cpu memory\nmax 100000\n1\n"
    assert 0 < int(cat(f"{CGROUP}/memory.current")) < 1 << 30
    mounts = cat("/proc/self/mountinfo").splitlines()
    assert any(m.split()[4] == CGROUP and " - cgroup2 " in m for m in mounts)
    assert cat("/proc/self/cgroup") == "0::/\n"
