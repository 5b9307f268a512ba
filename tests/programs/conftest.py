# SPDX-License-Identifier: BSD-2-Clause
"""A network namespace for all programs, and what was found about each."""
import ctypes
import json
import os
import pathlib
import subprocess

import pytest

from tests.conftest import EINKORN
from tests.integration.conftest import Tool

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "network namespace")


@pytest.fixture(scope="package")
def own_network():
    """This thread and all it starts live in a new network namespace."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    must(libc.unshare(CLONE_NEWNET))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    yield
    must(libc.setns(before, CLONE_NEWNET))
    os.close(before)


@pytest.fixture(scope="package")
def tool(own_network, tmp_path_factory):  # noqa: ARG001
    base = tmp_path_factory.mktemp("programs")
    made = Tool(EINKORN, base, None)
    made.env.update(EINKORN_ROOT=str(base / "data"), EINKORN_BRIDGE="ekprog",
                    EINKORN_SUBNET="10.96.0.0/24")
    yield made
    made.clean_up()


@pytest.fixture(scope="package")
def record():
    """record(program, platform, what): for EINKORN_PROGRAMS_RESULTS, a file
    that keeps what earlier runs found of others."""
    path = os.environ.get("EINKORN_PROGRAMS_RESULTS")
    kept = pathlib.Path(path) if path else None

    def put(program, platform, what):
        if not kept:
            return
        found = json.loads(kept.read_text()) if kept.exists() else {}
        found.setdefault(program, {})[platform] = what
        kept.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")

    return put
