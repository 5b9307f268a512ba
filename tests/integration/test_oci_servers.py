# SPDX-License-Identifier: BSD-2-Clause
"""Images laid out like those of redis and nginx, used unmodified: entrypoint
script, user change, exposed ports, stop signal."""
import json
import os
import subprocess

import pytest

from tests.conftest import needs_own_root
from tests.integration import oci_images
from tests.integration.conftest import installed, own_network, wait_for
from tests.integration.oci_layout import Layout, debian, tar


pytestmark = needs_own_root


@pytest.fixture
def tool(tmp_path):
    """The tool with root's bridge, in a network namespace of its own."""
    with own_network() as enter, installed(
            tmp_path, prefix=enter, EINKORN_BRIDGE="ekoci",
            EINKORN_SUBNET="10.97.0.0/24") as made:
        yield made


def need(*paths):
    for path in paths:
        if not os.path.exists(path):
            pytest.skip(f"SKIP needs {path}")


def inspect(tool, name):
    return json.loads(tool.ok("inspect", name))[0]


def inside(tool, *command):
    """A client in the tool's network namespace."""
    return subprocess.run([*tool.prefix, *command], capture_output=True,
                          text=True, timeout=30, check=False).stdout


def test_redis(tool, tmp_path):
    need("/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/sbin/gosu")
    oci_images.redis(tmp_path / "redis")
    tool.ok("run", "-d", "--name", "r", f"oci:{tmp_path}/redis:7",
            "--protected-mode", "no")
    data = inspect(tool, "r")
    assert data["Config"]["ExposedPorts"] == {"6379/tcp": {}}
    assert data["Config"]["Volumes"] == {"/data": {}}
    assert data["Config"]["WorkingDir"] == "/data"
    assert data["Args"] == ["--protected-mode", "no"]
    cli = ["redis-cli", "-h", data["NetworkSettings"]["IPAddress"]]
    wait_for(lambda: inside(tool, *cli, "ping") == "PONG\n")
    assert inside(tool, *cli, "set", "key", "value") == "OK\n"
    assert inside(tool, *cli, "get", "key") == "value\n"
    assert inside(tool, *cli, "save") == "OK\n"
    assert "6379/tcp" in tool.ok("ps")
    tool.ok("stop", "r")
    assert tool.ok("wait", "r") == "0"
    log = tool("logs", "r").stdout
    assert "DB saved on disk" in log and "bye bye" in log


def test_nginx(tool, tmp_path):
    need("/usr/sbin/nginx", "/usr/bin/curl")
    oci_images.nginx(tmp_path / "nginx")
    p = tool("run", "-d", "-P", "--name", "n", "-e", "GREETING=hello",
             f"oci:{tmp_path}/nginx")
    assert p.returncode == 0, p.stderr
    assert "ran /docker-entrypoint.sh once" in p.stderr
    assert "master_process off" in p.stderr
    port = inspect(tool, "n")["NetworkSettings"]["Ports"]["80/tcp"][0]
    url = f"http://127.0.0.1:{port['HostPort']}"
    page = wait_for(lambda: inside(tool, "curl", "-s", url))
    assert page == "<h1>Welcome</h1>\n"
    assert inside(tool, "curl", "-s", f"{url}/greeting") == "hello\n"
    assert f"0.0.0.0:{port['HostPort']}->80/tcp" in tool.ok("ps")
    tool.ok("stop", "n")
    assert tool.ok("wait", "n") == "0"
    log = tool("logs", "n")
    assert "GET /greeting" in log.stdout
    assert "SIGQUIT" in log.stderr  # the image's stop signal


def test_skopeo_makes_the_same_image(tool, tmp_path):
    need("/usr/bin/skopeo", "/usr/sbin/nginx")
    oci_images.nginx(tmp_path / "nginx")
    found = set()
    for kind in ("oci", "oci-archive", "docker-archive"):
        name = f"{kind}:{tmp_path}/{kind}:copy/of:nginx"
        subprocess.run(["skopeo", "copy", "-q", "--insecure-policy",
                        f"oci:{tmp_path}/nginx:1", name], check=True)
        tool.ok("run", "--name", kind, "--network", "none", "--entrypoint",
                "nginx", name, "-v")
        found.add(inspect(tool, kind)["Image"])
    assert len(found) == 1


def test_stop_signal_option(tool, tmp_path):
    need("/usr/bin/dash")
    Layout(tmp_path / "image").make([tar(*debian("/usr/bin/dash"))], {
        "Cmd": ["dash", "-c", "trap 'exit 4' USR1; echo on; "
                              "while :; do read -r x < /dev/zero; done"],
        "StopSignal": "SIGRTMIN+3"})
    name = f"oci:{tmp_path}/image"
    tool.ok("run", "-d", "--network", "none", "--name", "s", "--entrypoint",
            "dash", "--stop-signal", "USR1", name, "-c",
            "trap 'exit 4' USR1; echo on; while :; do :; done")
    wait_for(lambda: tool.ok("logs", "s") == "on")
    tool.ok("stop", "s")
    assert tool.ok("wait", "s") == "4"
    assert inspect(tool, "s")["Config"]["StopSignal"] == "10"
    # One that the tender gets in the hands of another (abi/handover.h).
    tool.ok("run", "-d", "--network", "none", "--name", "rt", "--entrypoint",
            "dash", name, "-c",
            "trap 'exit 5' 37; echo on; while :; do :; done")
    wait_for(lambda: tool.ok("logs", "rt") == "on")
    tool.ok("stop", "rt")
    assert tool.ok("wait", "rt") == "5"
