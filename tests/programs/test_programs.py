# SPDX-License-Identifier: BSD-2-Clause
"""The programs of programs.toml: started, used by a real client under load,
stopped by SIGTERM with an end of their own, restarted."""
import contextlib
import os
import pathlib
import shutil

import pytest

from tests.conftest import TEST_ALL
from tests.integration.conftest import wait_for
from tests.programs.clients import net, store, web
from tests.programs.lab import Lab, catalog

CHOSEN = os.environ.get("EINKORN_PROGRAMS")  # platforms: all programs there
EVERY = bool(TEST_ALL or CHOSEN)
PLATFORMS = (CHOSEN or ("proc,qemu" if TEST_ALL else "proc")).split(",")


def client_of(name, spec):
    wanted = spec.get("client", name)
    return next(getattr(m, wanted) for m in (web, store, net)
                if hasattr(m, wanted))


def cases():
    for platform in PLATFORMS:
        for name, spec in catalog().items():
            if EVERY or spec.get("fast"):
                yield pytest.param(name, spec, platform,
                                   id=f"{name}-{platform}")


def absent(spec):
    """Programs of the host that this one needs and that are not there."""
    names = [spec["program"], *spec.get("clients", [])]
    names += [catalog()[x]["program"] for x in spec.get("behind", [])]
    return [x for x in names if "@" not in x and not shutil.which(x)]


def use(lab, name, client):
    """One life: start, client, SIGTERM."""
    server = lab.start(name)
    client(server)
    server = lab.servers[name]  # the client may have started another
    if server.running():
        server.stop()
    return server


def add(first, second):
    return {"fast": first["fast"] + second["fast"],
            "slow": first["slow"] + second["slow"],
            "missing": sorted({*first["missing"], *second["missing"]})}


@pytest.mark.parametrize("name,spec,platform", cases())
def test_program(name, spec, platform, tool, record, tmp_path):
    if missing := absent(spec):
        pytest.skip(f"SKIP {', '.join(missing)} not there: "
                    "tools/install-packages programs")
    record(name, platform, {"passed": False})
    with contextlib.ExitStack() as stack:
        lab = Lab(tool, pathlib.Path(tmp_path), platform, stack)
        client = client_of(name, spec)
        stats = [use(lab, name, client).stats() for _ in range(2)]
    record(name, platform, {"passed": True, **add(*stats)})


def test_server_that_forks_is_refused(tool, tmp_path):
    """busybox httpd: the log names the call and the way out; it lives on."""
    spec = {"program": "/usr/bin/busybox", "ready": 80, "ends": 143,
            "args": ["busybox", "httpd", "-f", "-p", "80"]}
    with contextlib.ExitStack() as stack:
        lab = Lab(tool, pathlib.Path(tmp_path), "proc", stack)
        server = lab.start("httpd", spec)
        wait_for(lambda: "fork" in server.log())
        server.stop()
