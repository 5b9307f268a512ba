# SPDX-License-Identifier: BSD-2-Clause
"""Disks: einkorn disk create, and run --mount."""
import json
import os
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, TEST_ALL, why_no_kvm
from tests.integration.conftest import BUSYBOX, wait_for
from tests.integration.conftest import busybox_tool as tool  # a fixture

pytestmark = pytest.mark.skipif(not os.path.exists("/sbin/mke2fs"),
                                reason="needs e2fsprogs")


@pytest.fixture(params=["proc", "kvm", "qemu"])
def platform(request):
    if request.param == "kvm" and why_no_kvm():
        pytest.skip(f"SKIP {why_no_kvm()}")
    if request.param != "proc" and not TEST_ALL:
        pytest.skip("SKIP long: make test-all")
    return request.param


@pytest.fixture
def disk(tool, tmp_path):
    path = tmp_path / "disk.img"
    assert tool.ok("disk", "create", path, "16m") == ""
    return path


def check(disk, option="-fn"):
    return subprocess.run(["/sbin/e2fsck", option, disk], check=False,
                          capture_output=True, text=True)


def mount(disk, place="/data", *words):
    return ["--mount", ",".join(
        ["type=disk", f"source={disk}", f"target={place}", *words])]


def shell(tool, script, *options):
    return tool("run", "--rm", "--network", "none", *options, BUSYBOX,
                "busybox", "sh", "-c", script, timeout=120)


def test_create_makes_what_e2fsck_likes(tool, tmp_path):
    path = tmp_path / "d"
    tool.ok("disk", "create", "--owner", "33:44", path, "32m")
    assert path.stat().st_size == 32 << 20
    assert path.stat().st_blocks * 512 < 24 << 20  # sparse
    assert check(path).returncode == 0
    root = subprocess.run(["/sbin/debugfs", "-R", "stat /", path],
                          capture_output=True, text=True, check=True).stdout
    assert "User:    33   Group:    44" in root
    again = tool("disk", "create", path, "32m")
    assert again.returncode == 125 and "exists" in again.stderr


@pytest.mark.parametrize("args,word", [
    (["create"], "FILE"), (["create", "x", "huge"], "size"),
    (["create", "x", "1m"], "8 MiB"), (["make", "x"], "create"),
    (["create", "--owner", "www", "x", "8m"], "--owner"),
    (["create", "/no/such/x", "8m"], "/no/such"), ([], "create")])
def test_create_refuses(tool, args, word):
    p = tool("disk", *args)
    assert p.returncode == 125 and word in p.stderr
    assert not os.path.exists("x")


@pytest.mark.parametrize("value,word", [
    ("type=disk,source=/none,target=/d", "disk create"),
    ("type=disk,source=/tmp,target=/d", "type=bind"),
    ("type=disk,source=/bin/true", "target="),
    ("type=disk,source=/bin/true,target=d", "target="),
    ("type=tmpfs,source=x,target=/d", "tmpfs"),
    ("type=disk,colour=red", "colour"),
    ("type=bind,source=name,target=/d", "type=volume"),
    ("type=volume,source=/path,target=/d", "type=bind")])
def test_mount_refuses(tool, value, word):
    p = tool("run", "--rm", "--mount", value, BUSYBOX, "true")
    assert p.returncode == 125 and word in p.stderr


def test_files_stay(tool, disk, platform):
    options = [*mount(disk, "/var/lib/data"), "--platform", platform]
    script = ("while read a; do echo was $a; done < /var/lib/data/x; "
              "echo here >> /var/lib/data/x")
    for earlier in range(3):
        p = shell(tool, script, *options)
        assert p.returncode == 0, p.stderr
        assert p.stdout.count("was here") == earlier
        assert check(disk).returncode == 0


def test_mapped_files(einkorn, disk, platform):
    """Cold the second time: no page is known before it is touched."""
    command = ["run", "--rm", "--network", "none", "--platform", platform,
               *mount(disk), BUILD / "guest/musl/filemap", "/data/f"]
    for words in ["make"], []:
        p = einkorn(*command, *words, timeout=300)
        assert p.returncode == 0, p.stdout + p.stderr
        assert check(disk).returncode == 0


def test_sigterm_leaves_a_clean_disk(tool, disk, platform):
    ident = tool.ok("run", "-d", "--network", "none", "--platform", platform,
                    *mount(disk), BUSYBOX, "busybox", "sh", "-c",
                    "echo kept > /data/x; echo ready; exec sleep 1000")
    wait_for(lambda: "ready" in tool.ok("logs", ident), 60)
    about, = json.loads(tool.ok("inspect", ident))
    assert {"Type": "disk", "Source": str(disk), "Destination": "/data",
            "Mode": "rw", "RW": True} in about["Mounts"]
    taken = shell(tool, "true", *mount(disk), "--platform", platform)
    assert taken.returncode == 125 and "another instance" in taken.stderr
    tool.ok("stop", ident)
    assert check(disk).returncode == 0
    assert shell(tool, "read a < /data/x; echo $a", *mount(disk)
                 ).stdout == "kept\n"


def test_readonly_may_be_shared(tool, disk):
    options = mount(disk, "/data", "readonly")
    ident = tool.ok("run", "-d", "--network", "none", *options, BUSYBOX,
                    "busybox", "sleep", "1000")
    p = shell(tool, "echo x > /data/x", *options)
    assert p.returncode != 0 and "Read-only" in p.stderr
    writer = shell(tool, "true", *mount(disk))
    assert writer.returncode == 125 and "another instance" in writer.stderr
    tool.ok("kill", ident)


def test_two_disks_are_told_apart(tool, disk, platform, tmp_path):
    other = tmp_path / "other.img"
    shutil.copy(disk, other)
    p = shell(tool, "echo 1 > /a/one; echo 2 > /b/two", *mount(disk, "/a"),
              *mount(other, "/b"), "--platform", platform)
    assert p.returncode == 0, p.stderr
    for path, name in (disk, "one"), (other, "two"):
        names = subprocess.run(["/sbin/debugfs", "-R", "ls -p /", path],
                               capture_output=True, text=True, check=True)
        assert f"/{name}/" in names.stdout


@pytest.mark.parametrize("make,word", [
    (["mke2fs", "-q", "-F", "-t", "ext2"], "ext2"),
    (["mke2fs", "-q", "-F", "-t", "ext4", "-O", "bigalloc"], "bigalloc"),
    (["mke2fs", "-q", "-F", "-t", "ext4", "-O", "inline_data"],
     "inline_data"),
    (["truncate", "-s", "16m"], "no ext4")])
def test_other_file_systems_are_named(tool, tmp_path, make, word):
    path = tmp_path / "other.img"
    path.write_bytes(bytes(16 << 20))
    subprocess.run([*make, path], check=True, capture_output=True,
                   env={"PATH": "/sbin:/usr/sbin:/bin:/usr/bin"})
    p = shell(tool, "true", *mount(path))
    assert p.returncode != 0 and word in p.stderr


def test_linux_mounts_it(tool, disk, tmp_path):
    place = tmp_path / "mnt"
    place.mkdir()
    script = "for i in 1 2 3 4 5 6 7 8 9; do echo $i > /data/f$i; done"
    assert shell(tool, script, *mount(disk)).returncode == 0
    if subprocess.run(["mount", "-o", "loop", disk, place], check=False,
                      capture_output=True).returncode:
        pytest.skip("SKIP no loop mounts here")
    try:
        assert (place / "f7").read_text() == "7\n"
        (place / "linux").write_text("was here\n")
    finally:
        subprocess.run(["umount", place], check=True)
    assert shell(tool, "read a < /data/linux; echo $a", *mount(disk)
                 ).stdout == "was here\n"
