# SPDX-License-Identifier: BSD-2-Clause
"""Disks that `einkorn export` writes: their tables, and that they boot by BIOS
and by UEFI on a PC with PCI devices."""
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import urllib.request
import uuid
import zlib

import pytest

from tests.conftest import BUILD, TEST_ALL
from tests.integration.conftest import wait_for

NGINX = "/usr/sbin/nginx"
FOREGROUND = "daemon off; master_process off;"
OVMF = pathlib.Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
GRUB = pathlib.Path("/usr/lib/grub")
NEEDED = ["grub-mkimage", "mcopy", "qemu-img", "qemu-system-x86_64"]
MISSING = [p for p in NEEDED if not shutil.which(p)] + \
    [str(p) for p in (GRUB / "i386-pc/boot.img", GRUB / "x86_64-efi", OVMF)
     if not p.exists()]
SECTOR, ESP = 512, 4096

needs_grub = pytest.mark.skipif(bool(MISSING), reason=f"needs {MISSING}")
long = pytest.mark.skipif(not TEST_ALL, reason="long: make test-all")


@pytest.fixture
def export(einkorn, tmp_path):
    def run(*args, name="disk"):
        path = tmp_path / name
        result = einkorn("export", "-o", path, *args)
        assert result.returncode == 0, result.stderr
        assert [p.name for p in tmp_path.iterdir()] == [name]
        return path

    return run


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A small root file system."""
    if not os.path.exists("/bin/busybox"):
        pytest.skip("needs busybox-static")
    path = tmp_path_factory.mktemp("root")
    shutil.copy("/bin/busybox", path)
    return path


class Pc:
    """A PC of QEMU's that boots from a disk, which it leaves as it was. It
    ends when it is switched off, not when it restarts."""

    def __init__(self, folder, disk, kind="raw", firmware="bios", args=()):
        self.output = folder / "serial"
        if firmware == "uefi":
            args = ["-drive", "if=pflash,unit=0,format=raw,readonly=on,"
                    f"file={OVMF}", "-drive", "if=pflash,unit=1,format=raw,"
                    "snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd", *args]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config",
             "-display", "none", "-M", "q35", "-accel", "tcg", "-cpu", "max",
             "-m", "256M", "-serial", f"file:{self.output}", "-drive",
             f"if=none,id=d,format={kind},snapshot=on,file={disk}",
             "-device", "virtio-blk-pci,drive=d,bootindex=0", *args])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def check_table(disk):
    """The table and its copy (UEFI 2.10, 5.3); returns the partitions."""
    data = disk.read_bytes()
    last = len(data) // SECTOR - 1
    tables = []
    for own, other in ((1, last), (last, 1)):
        header = bytearray(data[own * SECTOR:][:92])
        signature, _, size, crc, _, here, there, _, _, _, at, nr, each, sums = \
            struct.unpack("<8sIIIIQQQQ16sQIII", header)
        header[16:20] = bytes(4)
        table = data[at * SECTOR:][:nr * each]
        assert (signature, size, here, there) == (b"EFI PART", 92, own, other)
        assert (zlib.crc32(header), zlib.crc32(table)) == (crc, sums)
        tables.append(table)
    assert tables[0] == tables[1] and data[510:512] == b"\x55\xaa"
    return {str(uuid.UUID(bytes_le=e[:16])): struct.unpack("<QQ", e[32:48])
            for e in (tables[0][i * 128:][:128] for i in range(2))}


@pytest.mark.parametrize("args,words", [
    (["-o", "x", "--format", "iso", "/bin/true"], ["iso", "qcow2"]),
    (["/bin/true"], ["-o FILE"]),
    (["-o", "x"], ["which program"]),
    (["-o", "x", "--ip", "10.0.0.300/8", "/bin/true"], ["--ip", "dhcp"]),
    (["-o", "/no/such/x", "/bin/true"], ["/no/such"]),
])
def test_export_refuses(einkorn, args, words):
    result = einkorn("export", *args)
    assert result.returncode == 125 and result.stdout == ""
    for word in words:
        assert word in result.stderr


@needs_grub
def test_export_boots_by_bios(export, tmp_path, root):
    """The environment is the option's, the image's and GRUB's."""
    disk = export("-e", "ONE=1", "--ip", "none", root, "/busybox", "env")
    parts = check_table(disk)
    assert parts["c12a7328-f81f-11d2-ba4b-00a0c93ec93b"][0] == ESP
    config = tmp_path / "grub.cfg"
    config.write_text("multiboot2 /boot/einkorn-vm.elf einkorn.env=TWO=2\n"
                      "module2 /boot/bundle\nboot\n")
    subprocess.run(["mcopy", "-o", "-i", f"{disk}@@{ESP * SECTOR}", config,
                    "::/boot/grub/grub.cfg"], check=True)
    with Pc(tmp_path, disk) as pc:
        assert pc.process.wait(60) == 0
        lines = pc.output.read_text().splitlines()
    assert "ONE=1" in lines and "TWO=2" in lines


@needs_grub
def test_power_button_ends_the_program(export, tmp_path, root):
    """It is SIGTERM to the program; the machine goes off after it."""
    disk = export("--ip", "none", root, "/busybox", "sh", "-c",
                  "echo ready; exec sleep 1000")
    control = tmp_path / "monitor"
    with Pc(tmp_path, disk, args=[
            "-monitor", f"unix:{control},server=on,wait=off"]) as pc, \
            socket.socket(socket.AF_UNIX) as monitor:
        wait_for(lambda: pc.output.exists() and
                 "ready" in pc.output.read_text(), 60)
        monitor.connect(str(control))
        monitor.sendall(b"system_powerdown\n")
        assert pc.process.wait(30) == 0


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read()
    except OSError:
        return b""


@needs_grub
@long
@pytest.mark.skipif(not os.path.exists(NGINX), reason="needs nginx")
@pytest.mark.parametrize("firmware,kind", [
    ("bios", "raw"), ("uefi", "raw"), ("bios", "qcow2"), ("uefi", "qcow2"),
    ("bios", "vmdk"), ("uefi", "vmdk"), ("bios", "vhd"), ("uefi", "vhd"),
    ("bios", "vdi"), ("uefi", "vdi")])
def test_export_serves_http(export, tmp_path, firmware, kind):
    disk = export("--format", kind, NGINX, "nginx", "-g", FOREGROUND)
    port = free_port()
    kind = "vpc" if kind == "vhd" else kind
    info = json.loads(subprocess.run(
        ["qemu-img", "info", "--output=json", disk], capture_output=True,
        check=True).stdout)
    assert info["format"] == kind
    with Pc(tmp_path, disk, kind, firmware, [
            "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80",
            "-device", "virtio-net-pci,netdev=n"]):
        wait_for(lambda: b"Welcome to nginx" in
                 get(f"http://127.0.0.1:{port}/"), 120)
