# SPDX-License-Identifier: BSD-2-Clause
"""The monitor and the cage on a stock Debian kernel, whose KVM (kvm_amd) has a
ring 0 of its own: QEMU's TCG emulates the processor with its virtualisation.

Takes a minute or two: only in `make test-all`, which gets the kernel by
tools/debian-kernel."""
import re
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, TEST_ALL
from tests.integration.initrd import Initrd

KERNEL = BUILD / "debian-kernel"
MODULES = ["virt/lib/irqbypass", "arch/x86/kvm/kvm", "drivers/crypto/ccp/ccp",
           "arch/x86/kvm/kvm-amd", "drivers/net/tun"]
# Not those that measure time: an emulated processor has little of it.
PROGRAMS = ["hello", "mmap", "signals", "threads", "files"]
TWO_CPUS = ["threads", "shootdown"]

# pivot_root(2) wants another root than the first one, so there are two.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mkdir /r
mount -t tmpfs r /r
cp -a bin ek lib* usr second /r
mkdir -p /r/proc /r/sys /r/dev /r/tmp /r/run /r/var/tmp
exec switch_root /r /second
"""
SECOND = """#!/bin/sh
mount -t proc p /proc
mount -t sysfs s /sys
mount -t devtmpfs d /dev
mount -t tmpfs t /run
mount -t cgroup2 c /sys/fs/cgroup
for m in {modules}; do insmod /lib/modules/$m.ko; done
export EINKORN_ROOT=/var/tmp/root EINKORN_RUN=/run/ek HOME=/
run() {{
    name=$1; shift
    echo "BEGIN $name"
    "$@"
    echo "END $name $?"
}}
run probe /ek/libexec/einkorn-kvm --probe
run info /ek/einkorn info
for platform in proc kvm; do
    for program in {programs}; do
        run $platform-$program /ek/einkorn run --rm --network none \\
            --platform $platform /ek/guest/musl/$program
    done
    run $platform-memory /ek/einkorn run --rm --network none -m 64M \\
        --platform $platform /ek/guest/musl/hello
done
for program in {two_cpus}; do
    run kvm2-$program /ek/einkorn run --rm --network none --platform kvm \\
        --vcpus 2 /ek/guest/musl/$program
done
for case in t p0 p2 p4 r; do
    printf $case > /tmp/case
    run guest-$case /ek/libexec/einkorn-kvm shim=/ek/tests/kvm_guest.elf \\
        kernel=/tmp/case mem=16777216
done
poweroff -f
"""


def make_initrd(path, modules):
    initrd = Initrd()
    initrd.add("init", INIT.encode())
    initrd.add("second", SECOND.format(
        modules=" ".join(m.rsplit("/", 1)[1] for m in MODULES),
        programs=" ".join(PROGRAMS), two_cpus=" ".join(TWO_CPUS)).encode())
    initrd.add_file("bin/busybox", shutil.which("busybox"))
    for module in MODULES:
        file = modules / f"{module}.ko"
        initrd.add_file(f"lib/modules/{file.name}", file)
    files = [BUILD / "einkorn", BUILD / "tests" / "kvm_guest.elf",
             *(BUILD / "guest" / "musl" / name
               for name in {*PROGRAMS, *TWO_CPUS}),
             *(BUILD / "libexec").iterdir()]
    for file in files:
        initrd.add_file(f"ek/{file.relative_to(BUILD)}", file)
    initrd.add_libraries(BUILD / "libexec" / "einkorn-image")
    initrd.write(path)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """{name: (status, output)} of all that ran there."""
    if not TEST_ALL:
        pytest.skip("make test-all boots Debian's kernel")
    for program in ("qemu-system-x86_64", "busybox"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    if not (KERNEL / ".done").exists():
        pytest.skip("needs Debian's kernel (tools/debian-kernel "
                    "build/debian-kernel)")
    modules = next((KERNEL / "lib" / "modules").iterdir()) / "kernel"
    initrd = tmp_path_factory.mktemp("ring0") / "initrd"
    make_initrd(initrd, modules)
    # Without SMAP: QEMU 7.2 takes an iretq in ring 3 for the kernel's access.
    qemu = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,+svm,+npt,-smap",
         "-smp", "2", "-m", "1500M", "-nodefaults", "-display", "none", "-serial", "stdio",
         "-no-reboot", "-kernel", next((KERNEL / "boot").glob("vmlinuz-*")),
         "-initrd", initrd, "-append",
         "console=ttyS0 quiet loglevel=3 panic=-1"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=900,
        check=False)
    text = qemu.stdout.decode(errors="replace").replace("\r", "")
    found = re.findall(r"BEGIN (\S+)\n(.*?)END \1 (\d+)\n", text, re.S)
    assert found, text + qemu.stderr.decode()
    return {name: (int(status), out) for name, out, status in found}


def test_probe_finds_a_real_ring0(machine):
    status, out = machine["probe"]
    assert status == 0 and "instructions in ring 0" in out
    assert "stays in ring 3" not in out
    assert "kvm:" in machine["info"][1]


@pytest.mark.parametrize("platform,program", [
    *((platform, program) for platform in ("proc", "kvm")
      for program in [*PROGRAMS, "memory"]),
    *(("kvm2", program) for program in TWO_CPUS)])
def test_program_on_debians_kernel(machine, platform, program):
    status, out = machine[f"{platform}-{program}"]
    assert status in (0, 77), out


@pytest.mark.parametrize("case,status,text", [
    ("t", 125, "triple fault"), ("p0", 0, "unchanged"), ("p2", 125, "ends"),
    ("p4", 125, "triple fault"), ("r", 0, "went on"),
])
def test_hostile_guest_on_debians_kernel(machine, case, status, text):
    got, out = machine[f"guest-{case}"]
    assert got == status and text in out
