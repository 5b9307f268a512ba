# SPDX-License-Identifier: BSD-2-Clause
"""Runs a test kernel in a virtual machine, as docs/vm.md says."""
import shutil
import socket
import subprocess

import pytest

from tests.conftest import BUILD, ROOT

SHIM = BUILD / "libexec" / "einkorn-vm.elf"
TESTS = BUILD / "tests"
QEMU = """qemu-system-x86_64 -nodefaults -no-user-config -no-reboot
    -display none -accel tcg
    -global virtio-mmio.force-legacy=false
    -chardev stdio,id=out,signal=off
    -chardev file,id=err,path=/dev/fd/2,append=on
    -device isa-serial,index=1,chardev=ctl
    -device isa-debug-exit,iobase=0xf4,iosize=4""".split()

# The machine, its bus, and where the firmware leaves the error port alone.
MACHINES = {"microvm": ("microvm,acpi=off,x-option-roms=off", "device",
                        "0x402"),
            "q35": ("q35", "pci", "0x405")}

needs_qemu = pytest.mark.skipif(not shutil.which("qemu-system-x86_64"),
                                reason="needs qemu-system-x86_64")


def make_bundle(path, kernel, *args):
    subprocess.run([ROOT / "tools" / "mkbundle", path, TESTS / kernel, *args],
                   check=True)
    return path


class Machine:
    """A running QEMU with both ends of its control line. Devices are called
    "virtio-net-@BUS@" and so on."""

    def __init__(self, bundle, *args, cpu="max", mem="64M", pass_fds=(),
                 machine="microvm", kernel=SHIM, serial=True):
        name, bus, port = MACHINES[machine]
        if serial:
            args = ["-serial", "chardev:out", *args]
        args = [str(arg).replace("@BUS@", bus) for arg in args]
        self.control, theirs = socket.socketpair()
        self.control.settimeout(30)
        with theirs:
            self.process = subprocess.Popen(
                [*QEMU, "-M", name, "-device",
                 f"isa-debugcon,iobase={port},readback=0x65,chardev=err",
                 "-cpu", cpu, "-m", mem, "-kernel", kernel, "-initrd",
                 bundle, "-chardev", f"socket,id=ctl,fd={theirs.fileno()}",
                 *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno(), *pass_fds])

    def await_ready(self):
        """Returns self once the kernel said "ready"."""
        for line in self.process.stdout:
            if line == b"ready\n":
                return self
        raise AssertionError("it ended before it was ready")

    def finish(self):
        """(exit status by the control line, standard output, error)"""
        out, err = self.process.communicate(timeout=60)
        line = b""
        while chunk := self.control.recv(64):
            line += chunk
        self.control.close()
        last = line.split(b"\n")[-2] if b"\n" in line else b""
        status = int(last.split()[1]) if last.startswith(b"exit ") else None
        if status is not None:
            assert self.process.returncode == (status * 2 + 1) & 255
        return status, out.decode(), err.decode()
