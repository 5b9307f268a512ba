# SPDX-License-Identifier: BSD-2-Clause
"""One stream over a wire that loses one packet in a hundred and takes 50 ms
there and back, with Linux's TCP at the other end: all bytes arrive, and not
much slower than from Linux to Linux over the same wire."""
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import BUILD, EINKORN, TEST_ALL
from tests.integration.conftest import wait_for

HERE = Path(__file__).resolve().parent
MEGABYTES = int(os.environ.get("LOSSY_MB", 16 if TEST_ALL else 1))
SUBNET = "10.97.0"


# ---- inside the client's namespace ----------------------------------------

def fnv(data):
    h = 2166136261
    for byte in data:
        h = ((h ^ byte) * 16777619) & 0xffffffff
    return h


def client_download(ip, port=19):
    size = MEGABYTES << 20
    got = b""
    with socket.create_connection((ip, port), timeout=120) as s:
        start = time.monotonic()
        while len(got) < size:
            got += s.recv(1 << 16)
        took = time.monotonic() - start
    want = struct.pack(f"<{size // 4}I", *range(size // 4))
    assert hashlib.sha256(got[:size]).digest() == hashlib.sha256(want).digest()
    print(took)


def client_sendfile(ip):
    client_download(ip, 20)


def client_upload(ip):
    size = MEGABYTES << 20
    data = os.urandom(size)
    with socket.create_connection((ip, 9), timeout=120) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
        start = time.monotonic()
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        answer = s.recv(100).decode()
        took = time.monotonic() - start
    assert answer == f"{size} {fnv(data):08x}\n"
    print(took)


# ---- outside ---------------------------------------------------------------

def namespace():
    holder = subprocess.Popen(["unshare", "-n", "sleep", "900"])
    own = os.readlink("/proc/self/ns/net")
    wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own)
    return holder


def inside(holder, *args, **kwargs):
    return subprocess.run(["nsenter", "-t", str(holder.pid), "-n", *args],
                          check=True, **kwargs)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    if shutil.which("musl-gcc") is None:
        pytest.skip("SKIP needs musl-gcc")
    path = tmp_path_factory.mktemp("lossy") / "netserver"
    subprocess.run(["musl-gcc", "-static", "-O2", "-o", str(path),
                    str(HERE / "netserver.c")], check=True)
    return path


@pytest.fixture(scope="module")
def wire(program, state):
    """The client's namespace; the addresses of a guest and of Linux, which run
    the same program at the wire's other end."""
    env = dict(state, EINKORN_BRIDGE="eknlossy", EINKORN_SUBNET=f"{SUBNET}.0/24")
    server, client = namespace(), namespace()
    children = [server, client]

    def tool(*args):
        return inside(server, str(EINKORN), *args, text=True,
                      capture_output=True, env=env, timeout=120).stdout

    try:
        tool("run", "-d", "--name", "lossy", str(program))
        guest = json.loads(tool("inspect", "lossy"))[0]
        children.append(subprocess.Popen(
            ["nsenter", "-t", str(server.pid), "-n", str(program)]))
        forwarder = subprocess.Popen(
            [sys.executable, str(HERE / "lossy_wire.py"),
             f"/proc/{server.pid}/ns/net", "lossy0",
             f"/proc/{client.pid}/ns/net", "lossy1", "25", "0.01", "1"],
            stdout=subprocess.PIPE, text=True)
        children.append(forwarder)
        assert forwarder.stdout.readline() == "ready\n"
        inside(server, "ip", "link", "set", "lossy0", "master", "eknlossy",
               "up")
        inside(client, "ip", "addr", "add", f"{SUBNET}.200/24", "dev",
               "lossy1")
        inside(client, "ip", "link", "set", "lossy1", "up")
        yield client, {"guest": guest["NetworkSettings"]["IPAddress"],
                       "linux": f"{SUBNET}.1"}
        tool("rm", "-f", "lossy")
    finally:
        for child in reversed(children):
            child.kill()
            child.wait()


@pytest.mark.parametrize("way", ["download", "sendfile", "upload"])
def test_net_lossy(way, wire):
    client, addresses = wire
    took = {}
    for peer, ip in addresses.items():
        out = inside(client, sys.executable, "-m",
                     "tests.integration.test_net_lossy", way, ip, text=True,
                     stdout=subprocess.PIPE, timeout=300, cwd=HERE.parents[1],
                     env=dict(os.environ)).stdout
        took[peer] = float(out)
    print(f"{way}, {MEGABYTES} MiB: {took}")
    # With so little data luck decides: Linux alone takes half a second if it
    # loses nothing in slow start, else four. Timeouts would take longer.
    assert took["guest"] < 4 * took["linux"] + 10 * MEGABYTES


if __name__ == "__main__":
    for _ in range(200):
        try:
            socket.create_connection((sys.argv[2], 7), timeout=3).close()
            break
        except OSError:
            time.sleep(0.05)
    globals()["client_" + sys.argv[1]](sys.argv[2])
