# SPDX-License-Identifier: BSD-2-Clause
"""Runs einkorn-proc with a test kernel, as abi/handover.h says."""
import subprocess

from tests.conftest import BUILD

TENDER = BUILD / "libexec" / "einkorn-proc"
TESTS = BUILD / "tests"


def command(kernel, *args):
    return [str(TENDER), *map(str, args), f"kernel={TESTS / kernel}"]


def run(kernel, *args, timeout=30, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command(kernel, *args), capture_output=True,
                          text=True, timeout=timeout, **kwargs)


def abi_args(*config):
    return (f"image={TESTS / 'abi_image.bin'}", "set=abi=yes",
            *(f"set={c}" for c in config))


def start(*args, config=(), **kwargs):
    """The conformance kernel with a partner test, once it said "ready"."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    child = subprocess.Popen(
        command("abi_kernel.elf", *abi_args(*config), *args),
        stdout=subprocess.PIPE, **kwargs)
    for line in child.stdout:
        if line == b"ready\n":
            return child
    raise AssertionError(f"ended with {child.wait()} before it was ready")


def finish(child, timeout=20):
    """Its remaining output; fails the test unless all checks passed."""
    out = child.stdout.read().decode()
    assert child.wait(timeout) == 0, out
    return out
