# SPDX-License-Identifier: BSD-2-Clause
"""Machines that cannot be had here, stood in for by QEMU with their devices and
nothing else: what docs/vm.md says of them rests on these."""
import socket
import struct
import subprocess

import pytest

from tests import compiled
from tests.boundary.vm import SHIM, TESTS, make_bundle, needs_qemu
from tests.conftest import BUILD

pytestmark = needs_qemu

QEMU = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot",
        "-display", "none", "-accel", "tcg", "-cpu", "max", "-m", "128M",
        "-global", "virtio-mmio.force-legacy=false", "-chardev",
        "stdio,id=out,signal=off"]
MICROVM = ["-M", "microvm,acpi=off,x-option-roms=off"]
SERIAL = ["-serial", "chardev:out"]
PROGRAM = r"""
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int wait_to_be_asked(void)
{
    sigset_t term;
    int signal;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    puts("waits");
    fflush(stdout);
    sigwait(&term, &signal);
    puts("asked");
    return 0;
}

/* Counts its starts in a file, if there is a disk to keep it. */
static int count_starts(void)
{
    char count = '0';
    int fd = open("/data/count", O_RDWR | O_CREAT, 0600);

    if (fd >= 0) {
        pread(fd, &count, 1, 0);
        count++;
        if (pwrite(fd, &count, 1, 0) != 1 || fsync(fd) || close(fd))
            return 1;
    }
    printf("start %c\n", count);
    fflush(stdout);
    fprintf(stderr, "error\n");
    return 3;
}

int main(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? wait_to_be_asked() : count_starts();
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return compiled.image(tmp_path_factory.mktemp("targets"), PROGRAM)


@pytest.fixture
def disk(tmp_path):
    """An empty ext4 file system."""
    path = tmp_path / "disk"
    path.write_bytes(b"")
    subprocess.run(["mkfs.ext4", "-q", path, "8M"], check=True)
    return path


@pytest.fixture
def command(image, tmp_path):
    """command(*options): QEMU's command line for the program."""
    def line(*options, kernel=SHIM, config=()):
        bundle = make_bundle(tmp_path / "bundle",
                             BUILD / "libexec" / "kernel.elf", "--image",
                             image, "exe=/p", "arg=p", *config)
        return [*QEMU, "-kernel", kernel, "-initrd", bundle, *options]
    return line


@pytest.fixture
def boot(command):
    """boot(*options): (QEMU's status, what came on the console)."""
    def run(*options, **kwargs):
        p = subprocess.run(command(*options, **kwargs),
                           stdin=subprocess.DEVNULL, timeout=60,
                           capture_output=True, check=False)
        return p.returncode, p.stdout.decode() + p.stderr.decode()
    return run


def test_like_firecracker(boot, disk):
    """Linux's 64-bit entry, one serial port, virtio-mmio as the command line
    says, the end by a reset."""
    entry, = struct.unpack_from("<Q", SHIM.read_bytes(), 24)  # e_entry
    machine = [
        *MICROVM, *SERIAL, "-device", f"loader,file={SHIM}", "-device",
        f"loader,addr=0x2000000,data={entry},data-len=8", "-drive",
        f"if=none,id=d,format=raw,file={disk}", "-device",
        "virtio-blk-device,drive=d", "-device", "virtio-rng-device"]
    for start in (1, 2):
        assert boot(*machine, kernel=TESTS / "linux_loader.elf",
                    config=["disk0=/data"]) == (0, f"start {start}\nerror\n")


def test_like_cloud_hypervisor(boot, disk):
    """PVH entry, PCI devices only, no serial port: a virtio console for both
    streams, the end by ACPI."""
    machine = [
        "-M", "q35", "-device", "virtio-serial-pci,max_ports=1", "-device",
        "virtconsole,chardev=out", "-drive",
        f"if=none,id=d,format=raw,file={disk}", "-device",
        "virtio-blk-pci,drive=d", "-device", "virtio-rng-pci"]
    for start in (1, 2):
        assert boot(*machine, config=["disk0=/data"]) == (
            0, f"start {start}\nerror\n")


def test_power_button_without_fixed_hardware(command):
    """ACPI's generic event device, as Cloud Hypervisor has one (QEMU's has
    another register: tests/unit/test_acpi_ged.c), and a sleep register."""
    qmp, theirs = socket.socketpair()
    qmp.settimeout(60)
    with qmp, qmp.makefile("rwb") as talk, theirs, subprocess.Popen(
            command("-M", "microvm,acpi=on,x-option-roms=off", *SERIAL,
                    "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
                    "-mon", "chardev=qmp,mode=control",
                    config=["arg=wait"]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            pass_fds=[theirs.fileno()]) as machine:
        theirs.close()
        assert machine.stdout.readline() == b"waits\n"
        talk.write(b'{"execute": "qmp_capabilities"}'
                   b'{"execute": "system_powerdown"}')
        talk.flush()
        assert machine.stdout.read() == b"asked\n"
        assert machine.wait(60) == 0
        assert b'"reason": "guest-shutdown"' in talk.read()


@pytest.mark.parametrize("options", [
    ["virtio-serial-pci", "-device", "virtserialport,chardev=agent"],
    ["virtio-serial-pci,vectors=0,max_ports=1"]])
def test_ports_for_others_are_no_console(boot, options):
    """Such as a guest's agent has under libvirt."""
    status, out = boot("-M", "q35", *SERIAL, "-chardev", "null,id=agent",
                       "-device", *options)
    assert (status, out) == (0, "start 0\nerror\n")


def test_machine_without_a_clock(boot):
    status, out = boot("-M", "microvm,acpi=off,x-option-roms=off,pit=off",
                       *SERIAL)
    assert status == 0
    assert out == ("einkorn-vm: the machine has no clock: neither KVM's nor "
                   "a PIT\n")
