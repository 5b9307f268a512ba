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


@functools.cache
def why_no_kvm():
    """None, or why einkorn-kvm cannot run here."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no /dev/kvm that we may use"
    probe = subprocess.run([BUILD / "libexec" / "einkorn-kvm", "--probe"],
                           capture_output=True, text=True, check=False)
    return probe.stderr.strip() if probe.returncode else None


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
