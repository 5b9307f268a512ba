# SPDX-License-Identifier: BSD-2-Clause
"""What all Python tests share: where the build is, a private state folder."""
import functools
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("O", "build")
EINKORN = BUILD / "einkorn"
TEST_ALL = bool(os.environ.get("EINKORN_TEST_ALL"))

FILTER_PROBE = """
import ctypes, struct
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
libc.prctl(22, 2, program)
"""


@functools.cache
def kernel_is_stuck():
    """Whether a process that installs a seccomp filter hangs in the host's
    kernel. Linux 6.18 comes to that when more than 1,024 filtered processes
    end at once (docs/start.md); what tries it then cannot even be killed."""
    probe = subprocess.Popen(["/usr/bin/python3", "-c", FILTER_PROBE])
    try:
        probe.wait(20)
    except subprocess.TimeoutExpired:
        return True
    return False


@functools.cache
def why_no_kvm():
    """None, or why einkorn-kvm cannot run here."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no /dev/kvm that we may use"
    if kernel_is_stuck():
        return "the kernel is stuck"
    probe = subprocess.run([BUILD / "libexec" / "einkorn-kvm", "--probe"],
                           capture_output=True, text=True, check=False)
    return probe.stderr.strip() if probe.returncode else None


def pytest_collection_modifyitems(items):
    if not items or os.environ.get("EINKORN_TEST_STUCK") or \
            not kernel_is_stuck():
        return
    stuck = pytest.mark.skip(
        reason="SKIP this machine's kernel no longer installs seccomp filters "
        "(who tries hangs for ever): restart the machine")
    for item in items:
        item.add_marker(stuck)


def in_chroot():
    """A root that is no mount, so far as mounts are to be seen."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        return not any(line.split()[4] == "/" for line in mounts)


# There the kernel gives no user namespaces, and / cannot be made private.
needs_own_root = pytest.mark.skipif(
    in_chroot(), reason="SKIP a chroot: no user namespaces, no pivot_root")


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    """Environment with state folders of the test run's own."""
    base = tmp_path_factory.mktemp("einkorn")
    env = dict(os.environ)
    env["EINKORN_ROOT"] = str(base / "root")
    env["EINKORN_RUN"] = str(base / "run")
    yield env
    # Pinned namespaces are mounts; they would keep the folder from going.
    subprocess.run(["umount", "-q", "-l", "-R", str(base / "run")],
                   check=False)


@pytest.fixture(scope="session")
def einkorn(state):
    """Runs the tool: einkorn("run", "--rm", ...) -> CompletedProcess."""

    def run(*args, timeout=60, **kwargs):
        kwargs.setdefault("capture_output", True)
        kwargs.setdefault("env", state)
        return subprocess.run([str(EINKORN), *map(str, args)], text=True,
                              timeout=timeout, **kwargs)

    return run
