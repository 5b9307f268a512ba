# SPDX-License-Identifier: BSD-2-Clause
"""Platform "vm" under QEMU: what ring 3 must not be able to do, and how an
instance starts and ends. Needs no kernel but its own (vm/kernel.c)."""
import struct
import subprocess

import pytest

from tests.boundary.vm import SHIM, Machine, make_bundle, needs_qemu

pytestmark = needs_qemu


@pytest.fixture
def bundle(tmp_path):
    return lambda *args: make_bundle(tmp_path / "bundle", "vm_kernel.elf",
                                     *args)


@pytest.fixture
def run(bundle):
    return lambda *args, **kwargs: Machine(bundle(*args), **kwargs).finish()


@pytest.mark.parametrize("status", [0, 1, 127, 128, 255])
def test_exit_status_arrives_whole(run, status):
    assert run("case=exit", f"status={status}") == (status, "", "")


def test_input_and_stop_request_arrive(bundle):
    machine = Machine(bundle("case=echo", "--stdin"))
    text = b"more than a sixteen byte queue holds\n" * 20
    machine.await_ready()
    machine.process.stdin.write(text)
    machine.process.stdin.flush()
    assert machine.process.stdout.read(len(text)) == text
    machine.control.send(bytes([15]))
    status, out, _ = machine.finish()
    assert (status, out) == (143, "stop 4000\n")


GP, PF = 13, 14
USER, WRITE, PRESENT = 4, 2, 1


@pytest.mark.parametrize("args,vector,error", [
    (["case=port"], GP, 0),
    (["case=cli"], GP, 0),
    (["case=text"], PF, USER | WRITE | PRESENT),
    (["case=read", "addr=0xffffffff80200000"], PF, USER | PRESENT),
    (["case=read", "addr=0xffff800000200000"], PF, USER | PRESENT),
    (["case=read", "addr=0x1000"], PF, USER),
    (["case=write", "addr=0x7e8000000000"], PF, USER | WRITE | PRESENT),
    (["case=write", "addr=0x7e0000480000"], PF, USER | WRITE | PRESENT),
])
def test_ring3_cannot(run, args, vector, error):
    status, out, _ = run(*args)
    assert status == 0
    assert out.startswith(f"upcall 2 vector {vector} error {error:x} ")


def test_ranges_are_checked(run):
    _, out, _ = run("case=ranges")
    lines = dict(line.rsplit(" ", 1) for line in out.splitlines())
    assert lines.pop("last") == "0"
    assert len(lines) == 8 and set(lines.values()) == {"-22"}


def test_sealed_instance_gets_no_new_code(run, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(bytes(8192))
    _, out, _ = run("case=sealed", "--image", image)
    lines = dict(line.rsplit(" ", 1) for line in out.splitlines())
    assert lines.pop("image rx") == "0"
    assert len(lines) == 5 and set(lines.values()) == {"-13"}


def gate():
    symbols = subprocess.run(["nm", SHIM], check=True, capture_output=True,
                             text=True).stdout.split("\n")
    return next(s.split()[0] for s in symbols if s.endswith(" vm_call"))


def test_boot_calls_are_closed_after_boot(run):
    _, out, _ = run("case=gate", f"gate=0x{gate()}")
    lines = dict(line.rsplit(" ", 1) for line in out.splitlines())
    refused = {"mmio": "-38", "dma": "-38", "irq": "-38", "seal": "-38",
               "fixed": "-22", "window": "-22", "number": "-38",
               "vcpu": "-22"}
    assert lines == refused


@pytest.mark.parametrize("nr", [1, 2])
def test_processors_that_cannot_be_started(bundle, nr):
    machine = Machine(bundle("case=vcpus", f"gate=0x{gate()}"), "-smp", nr)
    _, out, _ = machine.finish()
    lines = dict(line.rsplit(" ", 1) for line in out.splitlines())
    assert len(lines) == 7 and set(lines.values()) == {"-22"}


def test_memory_runs_out_with_one_line(run):
    status, _, err = run("case=memory")
    assert status == 137
    assert err.count("\n") == 1 and "out of memory" in err


def test_wild_kernel_stack_ends_the_instance(run):
    status, _, err = run("case=stack")
    assert status == 125 and "stack pointer is wild" in err


def test_old_processor_is_named(run):
    status, _, err = run("case=exit", cpu="qemu64")
    assert status == 125 and "FSGSBASE" in err


@pytest.mark.parametrize("offset,value,message", [
    (0, 0, "not a bundle"),
    (8, 99, "not a bundle"),
    (40, 1 << 40, "table is damaged"),  # kernel's offset
    (48, 1 << 60, "table is damaged"),  # kernel's length
    (40, 0, "not an ELF"),
])
def test_damaged_bundle_is_refused(bundle, offset, value, message):
    path = bundle("case=exit")
    data = bytearray(path.read_bytes())
    data[offset:offset + 8] = struct.pack("<Q", value)
    path.write_bytes(data)
    status, _, err = Machine(path).finish()
    assert status == 125 and message in err
