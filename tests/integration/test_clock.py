# SPDX-License-Identifier: BSD-2-Clause
"""The machine's clock against the host's: KVM's own, the monitor's page, and
what QEMU's emulation is measured by at start."""
import os
import shutil
import subprocess
import time

import pytest

from tests import compiled
from tests.boundary.vm import Machine, make_bundle, needs_qemu
from tests.conftest import BUILD

MONITOR = BUILD / "libexec" / "einkorn-kvm"
PROGRAM = r"""
#include <stdio.h>
#include <time.h>
int main(void)
{
    struct timespec mono, real, last = {0};

    while (getchar() != EOF) {
        clock_gettime(CLOCK_REALTIME, &real);
        clock_gettime(CLOCK_MONOTONIC, &mono);
        if (mono.tv_sec < last.tv_sec ||
            (mono.tv_sec == last.tv_sec && mono.tv_nsec < last.tv_nsec))
            return 1;
        last = mono;
        printf("%lld.%09ld %lld.%09ld\n", (long long)mono.tv_sec, mono.tv_nsec,
               (long long)real.tv_sec, real.tv_nsec);
        fflush(stdout);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return compiled.image(tmp_path_factory.mktemp("clock"), PROGRAM)


def ask(process):
    """(host's time, guest's monotonic and real time) of one moment."""
    process.stdin.write(b"?")
    process.stdin.flush()
    mono, real = process.stdout.readline().split()
    return time.time(), float(mono), float(real)


def compare(process):
    """Half a second of the guest's clock in the host's; how far the guest's
    date is off at the end."""
    first = ask(process)
    while ask(process)[0] < first[0] + 0.5:
        pass
    last = ask(process)
    return (last[1] - first[1]) / (last[0] - first[0]), last[2] - last[0]


def run_kvm(image, *args):
    if not os.access("/dev/kvm", os.W_OK):
        pytest.skip("needs /dev/kvm")
    config = image.parent / "config"
    config.write_bytes(b"exe=/p\0arg=p\0\0")
    with subprocess.Popen(
            [MONITOR, f"shim={BUILD}/libexec/einkorn-vm.elf",
             f"kernel={BUILD}/libexec/kernel.elf", f"image={image}",
             f"config={config}", "stdin=1", "mem=33554432", *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        rate, off = compare(process)
        process.stdin.close()
        assert process.wait(30) == 0
    return rate, off


def test_monitors_clock(image):
    rate, off = run_kvm(image)
    assert abs(rate - 1) < 0.1 and abs(off) < 5


def test_kvms_clock_counts_by_itself(image):
    """A wrong rate on the monitor's page is not looked at."""
    rate, off = run_kvm(image, "kvm_clock=1", "tsc_hz=200000000")
    assert abs(rate - 1) < 0.1 and abs(off) < 5


@needs_qemu
@pytest.mark.skipif(not shutil.which("mkfs.erofs"), reason="needs mkfs.erofs")
def test_clock_measured_at_start(image):
    bundle = make_bundle(image.parent / "bundle",
                         BUILD / "libexec" / "kernel.elf", "--image", image,
                         "--stdin", "exe=/p", "arg=p")
    machine = Machine(bundle)
    said = b""
    while not said.endswith(b"up\n"):  # input before it may be lost
        said += machine.control.recv(1)
    rate, off = compare(machine.process)
    machine.control.sendall(b"\xff")
    assert machine.finish()[0] == 0
    assert abs(rate - 1) < 0.1 and abs(off) < 5
