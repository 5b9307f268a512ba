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
    """A PC of QEMU's that boots from a disk, which it leaves as it was unless
    it is to keep what is written. It ends when it is switched off, not when it
    restarts."""

    def __init__(self, folder, disk, kind="raw", firmware="bios", args=(),
                 keep=False):
        self.output = folder / "serial"
        self.output.unlink(missing_ok=True)
        if firmware == "uefi":
            args = ["-drive", "if=pflash,unit=0,format=raw,readonly=on,"
                    f"file={OVMF}", "-drive", "if=pflash,unit=1,format=raw,"
                    "snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd", *args]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-nodefaults", "-no-user-config",
             "-display", "none", "-M", "q35", "-accel", "tcg", "-cpu", "max",
             "-m", "256M", "-serial", f"file:{self.output}", "-drive",
             f"if=none,id=d,format={kind},file={disk},"
             f"snapshot={'off' if keep else 'on'}",
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
            for e in (tables[0][i * 128:][:128] for i in range(3))}


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
    """The environment is the option's, GRUB's and fw_cfg's."""
    disk = export("-e", "ONE=1", "--ip", "none", root, "/busybox", "env")
    parts = check_table(disk)
    assert parts["c12a7328-f81f-11d2-ba4b-00a0c93ec93b"][0] == ESP
    config = tmp_path / "grub.cfg"
    config.write_text("multiboot2 /boot/einkorn-vm.elf einkorn.env=TWO=2\n"
                      "module2 /boot/bundle\nboot\n")
    subprocess.run(["mcopy", "-o", "-i", f"{disk}@@{ESP * SECTOR}", config,
                    "::/boot/grub/grub.cfg"], check=True)
    with Pc(tmp_path, disk, args=[
            "-fw_cfg", "name=opt/einkorn/env/THREE,string=3"]) as pc:
        assert pc.process.wait(60) == 0
        lines = pc.output.read_text().splitlines()
    assert "ONE=1" in lines and "TWO=2" in lines and \
        "THREE=3" in lines


@needs_grub
@pytest.mark.parametrize("dma", ["on", "off"])
def test_fw_cfg_configures_a_microvm(export, tmp_path, root, dma):
    """Arguments replace the bundle's, everything else stands before it."""
    disk = export("-e", "FROM=bundle", "--ip", "none", root, "/busybox", "true")
    bundle, config = tmp_path / "bundle", tmp_path / "config"
    subprocess.run(["mcopy", "-i", f"{disk}@@{ESP * SECTOR}", "::/boot/bundle",
                    bundle], check=True)
    config.write_text("# lines, as abi/config.h has them\n\narg=/busybox\n"
                      "arg=env\nenv=LINE=a b " + "c" * 9000 + "\n")
    (tmp_path / "value").write_text("one\n")
    result = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
         "-display", "none", "-accel", "tcg", "-cpu", "max", "-m", "256M",
         "-M", "microvm,acpi=off,x-option-roms=off", "-global",
         "virtio-mmio.force-legacy=false", "-global",
         f"fw_cfg.dma_enabled={dma}", "-kernel",
         BUILD / "libexec/einkorn-vm.elf", "-initrd", bundle, "-serial",
         "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
         "-append", "einkorn.env=FROM=line", "-fw_cfg",
         f"name=opt/einkorn/config,file={config}", "-fw_cfg",
         f"name=opt/einkorn/env/FILE,file={tmp_path}/value", "-fw_cfg",
         "name=opt/other,string=not-ours"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False)
    assert result.returncode == 1  # status 0
    lines = result.stdout.splitlines()
    assert [v for v in lines if v.startswith("FROM=")][0] == "FROM=line"
    assert "LINE=a b " + "c" * 9000 in lines and "FILE=one" in lines
    assert "not-ours" not in result.stdout


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


# ---- data that stays ------------------------------------------------------

DATA = "0fc63daf-8483-4772-8e79-3d69d8477de4"
needs_mke2fs = pytest.mark.skipif(not shutil.which("mke2fs", path="/sbin"),
                                  reason="needs e2fsprogs")


def check_data(disk, crashed=False):
    """e2fsck's word for the partition of a raw disk."""
    first, last = check_table(disk)[DATA]
    part = disk.with_name("part")
    part.write_bytes(
        disk.read_bytes()[first * SECTOR:(last + 1) * SECTOR])
    if crashed:
        assert subprocess.run(["/sbin/e2fsck", "-fp", part],
                              check=False).returncode <= 1
    subprocess.run(["/sbin/e2fsck", "-fn", part], check=True)


@needs_grub
@needs_mke2fs
def test_export_keeps_data(export, tmp_path, root):
    disk = export("--data", "16m:/var/data", "--ip", "none", root, "/busybox",
                  "sh", "-c", "while read a; do echo was $a; done "
                  "< /var/data/x; echo here >> /var/data/x; echo end")
    check_data(disk)
    for earlier in range(2):
        with Pc(tmp_path, disk, keep=True) as pc:
            assert pc.process.wait(60) == 0
        text = pc.output.read_text()
        assert text.count("was here") == earlier and "end" in text
        check_data(disk)


@pytest.mark.parametrize("value", ["1m", "x", "1g:data", "1g:/a:b", ""])
def test_export_refuses_data(einkorn, value):
    result = einkorn("export", "-o", "x", "--data", value, "/bin/true")
    assert result.returncode == 125 and "--data" in result.stderr


@pytest.fixture(scope="module")
def keeper(tmp_path_factory):
    """Serves and takes one file: keeper.c."""
    program = tmp_path_factory.mktemp("keeper") / "keeper"
    source = pathlib.Path(__file__).with_name("keeper.c")
    subprocess.run(["musl-gcc", "-static", "-O2", "-D_GNU_SOURCE", "-Wall",
                    "-o", program, source], check=True)
    return program


def put(url, data):
    request = urllib.request.Request(url, data=data, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert reply.read() == b"taken"


@needs_grub
@needs_mke2fs
@long
@pytest.mark.parametrize("firmware,kind", [
    ("bios", "raw"), ("uefi", "raw"), ("bios", "qcow2"), ("uefi", "qcow2"),
    ("bios", "vmdk"), ("uefi", "vmdk"), ("bios", "vhd"), ("uefi", "vhd"),
    ("bios", "vdi"), ("uefi", "vdi")])
def test_export_keeps_a_file_across_restarts(export, keeper, tmp_path,
                                              firmware, kind):
    """By the power button, and when QEMU is killed after an fsync."""
    disk = export("--format", kind, "--data", "32m", keeper)
    kind = "vpc" if kind == "vhd" else kind
    control = tmp_path / "monitor"
    port = free_port()
    url = f"http://127.0.0.1:{port}/"

    def machine():
        control.unlink(missing_ok=True)
        return Pc(tmp_path, disk, kind, firmware, [
            "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80",
            "-device", "virtio-net-pci,netdev=n",
            "-monitor", f"unix:{control},server=on,wait=off"], keep=True)

    def shows(content):
        wait_for(lambda: get(url) == content, 120)

    with machine() as pc:
        shows(b"nothing")
        put(url, b"one" * 10000)
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(control))
            monitor.sendall(b"system_powerdown\n")
            pc.process.wait(60)
    with machine():
        shows(b"one" * 10000)
        put(url + "sync", b"two" * 20000)
    with machine():
        shows(b"two" * 20000)
    if kind == "raw":
        check_data(disk, crashed=True)
