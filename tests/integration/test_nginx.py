# SPDX-License-Identifier: BSD-2-Clause
"""Debian's nginx, unmodified, on each platform: curl, a 100 MB download
checked by its hash, wrk, and the end on request."""
import hashlib
import json
import os
import shutil
import subprocess

import pytest

from tests.conftest import TEST_ALL
from tests.integration.conftest import installed, own_network, wait_for

NGINX = "/usr/sbin/nginx"
FOREGROUND = "daemon off; master_process off;"
NEEDED = [NGINX, "curl", "wrk", "fsck.erofs", "qemu-system-x86_64"]
BIG_BYTES = 100_000_000


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def tool(base):
    """The tool inside a network namespace with nothing but loopback."""
    for program in NEEDED:
        if shutil.which(program) is None:
            pytest.skip(f"SKIP needs {program}")
    with own_network() as enter, installed(
            base, prefix=enter, EINKORN_BRIDGE="ekngx",
            EINKORN_SUBNET="10.98.0.0/24") as made:
        yield made


@pytest.fixture(scope="module")
def directory(tool, base):
    """The tree that the tool makes for nginx, with a large file added."""
    tool.ok("run", "--rm", "--network", "none", NGINX, "nginx", "-v")
    image = next((base / "data").rglob("*.erofs"))
    root = base / "root"
    subprocess.run(["fsck.erofs", f"--extract={root}", image], check=True,
                   capture_output=True)
    with (root / "var/www/html/big").open("wb") as file:
        for _ in range(100):
            file.write(os.urandom(BIG_BYTES // 100))
    return root


PLATFORMS = ["proc", "qemu"] + (["q35"] if TEST_ALL else [])


@pytest.fixture(params=PLATFORMS)
def serve(request, tool):
    """serve(PATH) -> address of an nginx that answers."""
    name = f"ngx-{request.param}"
    platform = [request.param]
    if request.param == "q35":
        platform = ["qemu", "--machine", "q35"]

    def start(path, command):
        tool.ok("run", "-d", "--name", name, "--platform", *platform,
                path, command, "-g", FOREGROUND)
        info = json.loads(tool.ok("inspect", name))[0]
        address = info["NetworkSettings"]["IPAddress"]
        wait_for(lambda: fetch(tool, f"http://{address}/").returncode == 0, 30)
        return address

    yield start
    tool("stop", name)
    status = tool.ok("wait", name)
    log = tool.ok("logs", name)
    tool.ok("rm", name)
    assert status == "0", log


def fetch(tool, url, *args):
    return subprocess.run([*tool.prefix, "curl", "-sf", "-m", "60", *args,
                           url], capture_output=True)


@pytest.mark.parametrize("serve", ["proc", "qemu", "q35"], indirect=True)
def test_nginx_answers(tool, serve):
    address = serve(NGINX, "nginx")
    assert b"Welcome to nginx" in fetch(tool, f"http://{address}/").stdout
    missing = fetch(tool, f"http://{address}/no/such")
    assert missing.returncode == 22  # an HTTP error


def test_nginx_large_download(tool, serve, directory, base):
    address = serve(directory, NGINX)
    out = base / "big"
    for _ in range(2):
        result = fetch(tool, f"http://{address}/big", "-o", out)
        assert result.returncode == 0
        ours, theirs = (hashlib.sha256(p.read_bytes()).hexdigest()
                        for p in (out, directory / "var/www/html/big"))
        assert ours == theirs


def test_nginx_under_load(tool, serve):
    address = serve(NGINX, "nginx")
    out = subprocess.run([*tool.prefix, "wrk", "-t1", "-c32", "-d2",
                          f"http://{address}/"], capture_output=True,
                         text=True, check=True).stdout
    assert "requests in" in out
    assert "Socket errors" not in out and "Non-2xx" not in out
    assert b"Welcome to nginx" in fetch(tool, f"http://{address}/").stdout
