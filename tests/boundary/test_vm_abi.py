# SPDX-License-Identifier: BSD-2-Clause
"""The platform ABI on platform "vm": every call, every upcall."""
import socket
import struct

import pytest

from tests.boundary.vm import (MACHINES, SHIM, TESTS, Machine, make_bundle,
                               needs_qemu)

pytestmark = needs_qemu


@pytest.fixture
def start(tmp_path):
    def go(config, *args, flags=("--jit",), **kwargs):
        path = make_bundle(tmp_path / "bundle", "abi_kernel.elf", "--image",
                           TESTS / "abi_image.bin", "abi=yes", *config, *flags)
        return Machine(path, *args, **kwargs)

    return go


def passed(machine):
    status, out, err = machine.finish()
    assert status == 0, out + err
    return out


@pytest.mark.parametrize("flags", [["--jit"], []])
def test_abi_all_calls(start, flags):
    out = passed(start([], flags=flags))
    done = [x[3:] for x in out.splitlines() if x.startswith("ok ")]
    assert done == ["vcpu", "boot", "clock", "random", "console", "memory",
                    "upcalls", "events"]


@pytest.mark.parametrize("machine", MACHINES)
def test_abi_second_processor(start, machine):
    passed(start(["test=vcpus"], "-smp", 2, machine=machine))


def test_abi_by_linux_boot_protocol(start):
    """Entered in long mode with Linux's boot parameters: a loader of ours
    stands in for Firecracker's."""
    entry, = struct.unpack_from("<Q", SHIM.read_bytes(), 24)  # e_entry
    assert "ok boot" in passed(start(
        [], "-device", f"loader,file={SHIM}", "-device",
        f"loader,addr=0x2000000,data={entry},data-len=8",
        kernel=TESTS / "linux_loader.elf"))


def test_abi_leaves_other_pci_devices_alone(start):
    """One without a driver may lack what ours need."""
    assert "ok boot" in passed(start(
        [], "-device", "virtio-serial-pci,vectors=0", "-device",
        "virtio-balloon-pci", "-device", "virtio-rng-pci", machine="q35"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_abi_random_memory_calls(start, seed):
    passed(start(["test=random", f"seed={seed}"], mem="16M"))


@pytest.mark.parametrize("config", ["test=stop", "test=stop_spin"])
def test_abi_stop_signal(start, config):
    machine = start([config]).await_ready()
    machine.control.send(bytes([15]))
    assert "signals 4000" in passed(machine)


def test_abi_console_input(start):
    machine = start(["test=cat"], flags=["--stdin"]).await_ready()
    for text in (b"one\n", b"two\n" * 100):
        machine.process.stdin.write(text)
        machine.process.stdin.flush()
        assert machine.process.stdout.read(len(text)) == text
    machine.control.send(bytes([255]))
    passed(machine)


def test_abi_input_can_be_off(start):
    passed(start(["test=cat"]))


def frame(payload, size=60):
    return bytes.fromhex("525400123456" "0200000000aa" "88b5") + \
        payload.ljust(size - 14, b".")


def start_net(start, test, machine):
    """A machine whose network device is the socket that is returned too."""
    ours, theirs = socket.socketpair()
    with theirs:
        machine = start(
            [f"test={test}"], "-netdev", f"socket,id=n0,fd={theirs.fileno()}",
            "-device", "virtio-net-@BUS@,netdev=n0,mac=52:54:00:12:34:56",
            pass_fds=[theirs.fileno()], machine=machine).await_ready()
    ours.settimeout(30)
    return machine, ours


on_each_machine = pytest.mark.parametrize("kind", MACHINES)


@on_each_machine
def test_abi_net(start, kind):
    machine, ours = start_net(start, "net", kind)
    # A socket with a timeout may give less than MSG_WAITALL asks for.
    with ours, ours.makefile("rb") as file:
        for data in (frame(b"small"), frame(b"large", 60000), frame(b"end")):
            ours.sendall(struct.pack(">I", len(data)) + data)
            length, = struct.unpack(">I", file.read(4))
            answer = file.read(length)
            assert answer == data[6:12] + data[:6] + data[12:]
        passed(machine)


@on_each_machine
def test_abi_net_loses_no_wake_up(start, kind):
    """Every frame arrives, even when the device was about to sleep."""
    machine, ours = start_net(start, "flood", kind)
    with ours, ours.makefile("rb") as file:
        for i in range(50000):
            message = file.read(64)
            assert message[18:26] == struct.pack("<Q", i)
    passed(machine)


@on_each_machine
def test_abi_block_device(start, tmp_path, kind):
    disk = tmp_path / "disk"
    disk.write_bytes(b"a" * 512 + b"b" * 512 + b"c" * 1024)
    passed(start(["test=blk"], "-drive",
                 f"if=none,id=d0,format=raw,file={disk}", "-device",
                 "virtio-blk-@BUS@,drive=d0", machine=kind))
    assert disk.read_bytes() == b"a" * 512 + b"x" * 512 + b"c" * 1024
