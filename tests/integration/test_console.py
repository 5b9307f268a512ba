# SPDX-License-Identifier: BSD-2-Clause
"""A virtio console as standard input and output: on QEMU's buses, where it is
the only console, and of einkorn-kvm, whose reader may take its time."""
import os
import select
import subprocess

import pytest

from tests import compiled
from tests.boundary.vm import Machine, make_bundle, needs_qemu
from tests.conftest import BUILD, why_no_kvm

MONITOR = BUILD / "libexec" / "einkorn-kvm"
DATA = os.urandom(400000)
PROGRAM = r"""
#include <unistd.h>
int main(void)
{
    static char buf[30000];
    ssize_t n, done;

    while ((n = read(0, buf, sizeof(buf))) > 0)
        for (ssize_t at = 0; at < n; at += done)
            if ((done = write(1, buf + at, n - at)) <= 0)
                return 1;
    return n ? 2 : 42;
}
"""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Of a program that gives back what it gets."""
    return compiled.image(tmp_path_factory.mktemp("console"), PROGRAM)


def read(pipe, len_bytes):
    got = b""
    while len(got) < len_bytes and select.select([pipe], [], [], 30)[0]:
        chunk = os.read(pipe.fileno(), len_bytes - len(got))
        if not chunk:
            break
        got += chunk
    return got


# A page's worth: QEMU drops a console's output that its reader does not take.
@needs_qemu
@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_virtio_console_of_qemu(image, machine):
    bundle = make_bundle(image.parent / "bundle",
                         BUILD / "libexec" / "kernel.elf", "--image", image,
                         "--stdin", "exe=/p", "arg=p")
    run = Machine(bundle, "-device", "virtio-serial-@BUS@,max_ports=1",
                  "-device", "virtconsole,chardev=out", machine=machine,
                  mem="128M", serial=False)
    sent = DATA[:4000]
    run.process.stdin.write(sent) # before it is up: nothing is lost
    run.process.stdin.flush()
    assert read(run.process.stdout, len(sent)) == sent
    run.control.sendall(b"\xff")
    assert run.finish() == (42, "", "")


@pytest.mark.skipif(why_no_kvm() is not None, reason=f"SKIP {why_no_kvm()}")
@pytest.mark.parametrize("kind,options,said", [
    ("file", [], ""), ("pipe", [], ""),
    ("pipe", ["eventfd=0"], "einkorn-kvm: KVM without ioeventfd or irqfd: "
     "queues and interrupts cost more\n")])
def test_virtio_console_of_the_monitor(image, kind, options, said, tmp_path):
    config, data = tmp_path / "config", tmp_path / "data"
    config.write_bytes(b"exe=/p\0arg=p\0\0")
    data.write_bytes(DATA)
    with open(data, "rb") as file, subprocess.Popen(
            [MONITOR, f"shim={BUILD}/libexec/einkorn-vm.elf",
             f"kernel={BUILD}/libexec/kernel.elf", f"image={image}",
             f"config={config}", "stdin=1", "mem=33554432",
             "virtio_console=1", *options],
            stdin=file if kind == "file" else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        got = b""
        for at in range(0, len(DATA), 40000):  # more than a pipe holds
            if kind == "pipe":
                process.stdin.write(DATA[at:at + 40000])
                process.stdin.flush()
            got += read(process.stdout, 40000)
        if kind == "pipe":
            process.stdin.close()
        assert got + read(process.stdout, 1) == DATA
        assert process.wait(30) == 42
        assert process.stderr.read().decode() == said
