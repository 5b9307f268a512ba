# SPDX-License-Identifier: BSD-2-Clause
"""Debian's nginx behind the tool's networks, with the real tender: reached
from the host, through published ports, from outside and without root."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, EINKORN, needs_own_root
from tests.integration.conftest import (Tool, give_route, installed,
                                        wait_for)

NGINX = pathlib.Path("/usr/sbin/nginx")
COMMAND = ("nginx", "-g", "daemon off; master_process off;")
NOBODY = 65534


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"SKIP needs {program}")
    for part in ("kernel.elf", "einkorn-proc", "einkorn-image"):
        if not (BUILD / "libexec" / part).exists():
            pytest.skip(f"SKIP {part} is not built")


class Space:
    """A network namespace, as long as the object is in use."""

    def __enter__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        self.run("ip", "link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def run(self, *args):
        return subprocess.run([*self.enter, *args], capture_output=True,
                              text=True, check=True).stdout

    def fetch(self, url):
        """What curl gets; tries again while nobody listens yet."""
        def once():
            p = subprocess.run([*self.enter, "curl", "-sS", "-m", "5", url],
                               capture_output=True, text=True, check=False)
            return p.stdout
        return wait_for(once)


@contextlib.contextmanager
def web_host(base, bridge, subnet):
    """The tool in a network namespace of its own, with state below base."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    need("nginx", "curl", "nft", "ip")
    with Space() as space, \
            installed(base, NGINX, space.enter, EINKORN_BRIDGE=bridge,
                      EINKORN_SUBNET=subnet) as tool:
        tool.space = space
        yield tool


@pytest.fixture
def host(tmp_path):
    with web_host(tmp_path, "ekweb", "10.98.0.0/24") as tool:
        yield tool


def test_bridge_and_published_ports(host):
    host.ok("run", "-d", "--name", "web", "-p", "8080:80", "-p",
            "127.0.0.1:8081:80", NGINX, *COMMAND)
    space = host.space
    for where in ("10.98.0.2", "127.0.0.1:8080", "127.0.0.1:8081",
                  "10.98.0.1:8080"):
        assert "Welcome to nginx" in space.fetch(f"http://{where}/"), where
    # From outside: only what was published on all addresses.
    with Space() as outside:
        space.run("ip", "link", "add", "v0", "type", "veth", "peer", "name",
                  "v1", "netns", str(outside.holder.pid))
        space.run("ip", "address", "add", "10.97.0.1/24", "dev", "v0")
        space.run("ip", "link", "set", "v0", "up")
        outside.run("ip", "address", "add", "10.97.0.2/24", "dev", "v1")
        outside.run("ip", "link", "set", "v1", "up")
        assert "Welcome" in outside.fetch("http://10.97.0.1:8080/")
        closed = subprocess.run(
            [*outside.enter, "curl", "-s", "-m", "2",
             "http://10.97.0.1:8081/"], capture_output=True, check=False)
        assert closed.returncode != 0
    host.ok("stop", "web")
    assert host.ok("wait", "web") == "0"


def test_instances_reach_each_other(host):
    """One instance fetches from the other, by address and published port."""
    host.ok("run", "-d", "--name", "web", "-p", "8080:80", NGINX, *COMMAND)
    assert "Welcome" in host.space.fetch("http://10.98.0.2/")
    for url in ("http://10.98.0.2/", "http://10.98.0.1:8080/"):
        p = host("run", "--rm", "/usr/bin/curl", "curl", "-sS", "-m", "5", url)
        assert "Welcome to nginx" in p.stdout, p.stderr


def received(space, tap):
    """Frames that an instance has read from its tap."""
    link = json.loads(space.run("ip", "-j", "-s", "link", "show", tap))[0]
    return link["stats64"]["tx"]["packets"]


# An ICMP echo reply that nobody asked for: one frame, and none in return.
GREETING = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
    s.sendto(bytes.fromhex("0000ffff00000000"), (sys.argv[1], 0))
"""


def test_a_start_wakes_no_other_instance(host):
    """Whoever runs is sent nothing while others start and speak. (The host's
    new bridge would tell, within a second, of a group that it joins.)"""
    host.space.run("sysctl", "-q", "-w",
                   "net.ipv4.igmp_link_local_mcast_reports=0")
    host.ok("run", "-d", "--name", "idle", NGINX, *COMMAND)
    for _ in range(2):  # with a new tap, and with one that is there
        host.ok("run", "-d", "--name", "web", NGINX, *COMMAND)
        assert "Welcome" in host.space.fetch("http://10.98.0.3/")
        # Else the host would look for it, to tell it that this is the end.
        wait_for(lambda: not host.space.run("ss", "-Htn", "state", "big",
                                            "dst", "10.98.0.3"))
        host.ok("rm", "-f", "web")
    host.space.run("python3", "-c", GREETING, "10.98.0.2")
    wait_for(lambda: received(host.space, "ekweb.2"))
    assert received(host.space, "ekweb.2") == 1


@needs_own_root
def test_without_root_through_passt(tmp_path):
    need("nginx", "curl", "passt", "setpriv")
    if os.geteuid() != 0:
        pytest.skip("SKIP needs root, to become an ordinary user")
    base = pathlib.Path(f"/tmp/einkorn-test-{os.getpid()}")
    base.mkdir()
    os.chown(base, NOBODY, NOBODY)
    shutil.copytree(BUILD / "libexec", base / "libexec")
    shutil.copy(EINKORN, base / "einkorn")
    try:
        with Space() as space:
            give_route(space.run)
            user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                    "--clear-groups"]
            tool = Tool(base / "einkorn", base, NGINX,
                        [*space.enter, *user])
            tool.ok("run", "-d", "--name", "web", "-p", "8080:80", NGINX,
                    *COMMAND)
            try:
                assert "Welcome" in space.fetch("http://127.0.0.1:8080/")
            finally:
                tool.clean_up()
    finally:
        shutil.rmtree(base)
