# SPDX-License-Identifier: BSD-2-Clause
"""Platform "vm" under QEMU: what ring 3 must not be able to do, and how an
instance starts and ends. Needs no kernel but its own (vm_kernel.c)."""
import shutil
import socket
import struct
import subprocess

import pytest

from tests.conftest import BUILD, ROOT

SHIM = BUILD / "libexec" / "einkorn-vm.elf"
CFLAGS = """-std=gnu11 -O1 -g -Wall -Wextra -Werror -I. -ffreestanding -fPIE
    -fvisibility=hidden -mgeneral-regs-only -mno-red-zone -fno-builtin
    -fno-stack-protector -fcf-protection=none -nostdinc""".split()
QEMU = """qemu-system-x86_64 -nodefaults -no-user-config -no-reboot
    -display none -M microvm,acpi=off,x-option-roms=off -accel tcg
    -global virtio-mmio.force-legacy=false
    -chardev stdio,id=out,signal=off -serial chardev:out
    -chardev file,id=err,path=/dev/fd/2,append=on
    -device isa-debugcon,iobase=0x402,readback=0x65,chardev=err
    -device isa-serial,index=1,chardev=ctl
    -device isa-debug-exit,iobase=0xf4,iosize=4""".split()

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-system-x86_64") or not SHIM.exists(),
    reason="needs qemu-system-x86_64 and a build")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    out = tmp_path_factory.mktemp("vm") / "kernel.elf"
    include = subprocess.run(["gcc", "-print-file-name=include"], check=True,
                             capture_output=True, text=True).stdout.strip()
    objects = []
    for source in ("tests/boundary/vm_kernel.c", "lib/string.c", "lib/fmt.c"):
        objects.append(out.parent / (source.split("/")[-1] + ".o"))
        subprocess.run(["gcc", *CFLAGS, "-isystem", include, "-c", "-o",
                        objects[-1], source], cwd=ROOT, check=True)
    subprocess.run(["ld", "-pie", "--no-dynamic-linker", "-z", "norelro",
                    "-z", "noexecstack", "-T", "kernel/kernel.ld", "-o", out,
                    *objects], cwd=ROOT, check=True)
    return out


class Machine:
    """A running QEMU with both ends of its control line."""

    def __init__(self, bundle, cpu="max", mem="64M"):
        self.control, theirs = socket.socketpair()
        self.control.settimeout(30)
        with theirs:
            self.process = subprocess.Popen(
                [*QEMU, "-cpu", cpu, "-m", mem, "-kernel", SHIM, "-initrd",
                 bundle, "-chardev", f"socket,id=ctl,fd={theirs.fileno()}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, pass_fds=[theirs.fileno()])

    def finish(self):
        """(exit status by the control line, standard output, error)"""
        out, err = self.process.communicate(timeout=60)
        line = b""
        while chunk := self.control.recv(64):
            line += chunk
        self.control.close()
        status = int(line.split()[1]) if line.startswith(b"exit ") else None
        if status is not None:
            assert self.process.returncode == (status * 2 + 1) & 255
        return status, out.decode(), err.decode()


@pytest.fixture
def bundle(kernel, tmp_path):
    def make(*args, kernel_file=None):
        path = tmp_path / "bundle"
        subprocess.run([ROOT / "tools" / "mkbundle", path,
                        kernel_file or kernel, *args], check=True)
        return path

    return make


@pytest.fixture
def run(bundle):
    def go(*args, **kwargs):
        return Machine(bundle(*args), **kwargs).finish()

    return go


@pytest.mark.parametrize("status", [0, 1, 127, 128, 255])
def test_exit_status_arrives_whole(run, status):
    assert run("case=exit", f"status={status}") == (status, "", "")


def test_input_and_stop_request_arrive(bundle):
    machine = Machine(bundle("case=echo", "--stdin"))
    text = b"more than a sixteen byte queue holds\n" * 20
    assert machine.process.stderr.readline() == b"ready\n"
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
    (["case=write", "addr=0x7e7000000000"], PF, USER | WRITE | PRESENT),
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


def test_boot_calls_are_closed_after_boot(run):
    symbols = subprocess.run(["nm", SHIM], check=True, capture_output=True,
                             text=True).stdout.split("\n")
    gate = next(s.split()[0] for s in symbols if s.endswith(" vm_call"))
    _, out, _ = run("case=gate", f"gate=0x{gate}")
    lines = dict(line.rsplit(" ", 1) for line in out.splitlines())
    refused = {"mmio": "-38", "dma": "-38", "irq": "-38", "seal": "-38",
               "fixed": "-22", "window": "-22", "number": "-38",
               "vcpu": "-22"}
    assert lines == refused


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
