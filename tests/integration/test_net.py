# SPDX-License-Identifier: BSD-2-Clause
"""The guest's TCP/IP against Linux's, over a tap, in a network namespace of
the test's own. Clients are this file, run inside the namespace."""
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import BUILD, EINKORN, TEST_ALL, why_no_kvm
from tests.integration.conftest import wait_for

SOURCE = Path(__file__).resolve().parent / "netserver.c"
TOTAL = 100_000_000
PLATFORMS = ["proc"] + (["kvm"] if why_no_kvm() is None else []) + \
    (["qemu"] if TEST_ALL else [])


# ---- inside the namespace ------------------------------------------------

def receive_all(s):
    parts = []
    while True:
        data = s.recv(1 << 20)
        if not data:
            return b"".join(parts)
        parts.append(data)


def client_download(ip):
    """The pattern arrives whole."""
    with socket.create_connection((ip, 19), timeout=60) as s:
        got = hashlib.sha256(receive_all(s)).hexdigest()
    words = struct.pack("<25000000I", *range(25000000))
    assert got == hashlib.sha256(words).hexdigest()


def client_upload(ip):
    data = os.urandom(1 << 16)
    h = 2166136261
    count = 8
    with socket.create_connection((ip, 9), timeout=60) as s:
        for _ in range(count):
            s.sendall(data)
            for byte in data:
                h = ((h ^ byte) * 16777619) & 0xffffffff
        s.shutdown(socket.SHUT_WR)
        assert receive_all(s).decode() == f"{count * len(data)} {h:08x}\n"


def client_echo(ip):
    data = os.urandom(5_000_000)
    with socket.create_connection((ip, 7), timeout=60) as s:
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        t = threading.Thread(target=send)
        t.start()
        assert receive_all(s) == data
        t.join()


def client_large_frames(ip):
    """Segmentation is left to the other side, both ways: frames of more than
    the MTU pass the tap, and all arrives."""
    guest = socket.inet_aton(ip)
    largest = {"to": 0, "from": 0}
    every_protocol = 3  # linux/if_ether.h
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                       socket.htons(every_protocol)) as tap:
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        tap.settimeout(1)
        client_echo(ip)
        try:
            while any(n <= 1500 for n in largest.values()):
                packet = tap.recv(1 << 16)
                for way, at in (("to", 16), ("from", 12)):
                    if packet[at:at + 4] == guest:
                        largest[way] = max(largest[way], len(packet))
        except TimeoutError:
            pass
    assert min(largest.values()) > 3000, largest


def client_udp(ip):
    """From nothing to the longest, in one frame and in fragments."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((ip, 7))
        for n in (0, 1, 1472, 1473, 9000, 65507):
            data = os.urandom(n)
            s.send(data)
            assert s.recv(70000) == data


def client_udp_train(ip):
    """Equally long datagrams that Linux hands over as one frame, and their
    answers, which may come back as one: none lost, long or out of order."""
    udp_segment = 103  # linux/udp.h
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((ip, 7))
        s.setsockopt(socket.IPPROTO_UDP, udp_segment, 500)
        for last in (1, 123, 500):
            train = os.urandom(10 * 500 + last)
            s.send(train)
            for at in range(0, len(train), 500):
                assert s.recv(70000) == train[at:at + 500]


def client_unreachable(ip):
    try:
        socket.create_connection((ip, 1), timeout=10)
        assert False, "connected"
    except ConnectionRefusedError:
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.connect((ip, 1))
        s.send(b"x")
        try:
            s.recv(1)
            assert False, "answered"
        except ConnectionRefusedError:
            pass


def client_reset(ip):
    with socket.create_connection((ip, 13), timeout=10) as s:
        s.send(b"x")
        try:
            s.recv(1)
            assert False, "no reset"
        except ConnectionResetError:
            pass


def client_many(ip):
    """A thousand connections at once, each with a few bytes."""
    socks = [socket.create_connection((ip, 7), timeout=30)
             for _ in range(1000)]
    for i, s in enumerate(socks):
        s.sendall(b"%d" % i)
    for i, s in enumerate(socks):
        assert s.recv(10) == b"%d" % i
        s.close()
    # And again in a hurry: nothing may be left of the old ones.
    for i in range(2000):
        with socket.create_connection((ip, 7), timeout=30) as s:
            s.sendall(b"a")
            assert s.recv(1) == b"a"


def client_slow_reader(ip):
    """Backpressure: the sender waits, nothing is lost."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(60)
        s.connect((ip, 19))
        time.sleep(0.7)
        want = struct.pack("<250000I", *range(250000))
        got = b""
        while len(got) < len(want):
            got += s.recv(4096)
        assert got[:len(want)] == want


# ---- outside -------------------------------------------------------------

@pytest.fixture(scope="module")
def netns():
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    with subprocess.Popen(["unshare", "-n", "sleep", "900"]) as holder:
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own)
        enter = ["nsenter", "-t", str(holder.pid), "-n"]
        subprocess.run([*enter, "ip", "link", "set", "lo", "up"], check=True)
        yield enter
        holder.kill()


@pytest.fixture(scope="module", params=PLATFORMS)
def server(request, netns, state, tmp_path_factory):
    """Address of a running guest, and how to get to it."""
    if shutil.which("musl-gcc") is None:
        pytest.skip("SKIP needs musl-gcc")
    program = tmp_path_factory.mktemp("net") / "netserver"
    subprocess.run(["musl-gcc", "-static", "-O2", "-o", str(program),
                    str(SOURCE)], check=True)
    env = dict(state, EINKORN_BRIDGE="ekntest", EINKORN_SUBNET="10.98.0.0/24")
    name = f"net-{request.param}"

    def tool(*args):
        return subprocess.run([*netns, str(EINKORN), *args], text=True,
                              capture_output=True, env=env, timeout=120,
                              check=False)

    started = tool("run", "-d", "--name", name, "--platform", request.param,
                   str(program))
    assert started.returncode == 0, started.stderr
    info = json.loads(tool("inspect", name).stdout)[0]
    yield netns, info["NetworkSettings"]["IPAddress"]
    logs = tool("logs", name)
    tool("rm", "-f", name)
    assert "panic" not in logs.stdout + logs.stderr


CASES = [n[len("client_"):] for n in list(globals())
         if n.startswith("client_")]


@pytest.mark.parametrize("case", CASES)
def test_net(case, server):
    enter, ip = server
    p = subprocess.run([*enter, sys.executable, "-m",
                        "tests.integration.test_net", case, ip], text=True,
                       capture_output=True, timeout=180, check=False,
                       cwd=BUILD.parent)
    assert p.returncode == 0, p.stdout + p.stderr


def await_server(ip):
    for _ in range(200):
        try:
            socket.create_connection((ip, 7), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)


if __name__ == "__main__":
    await_server(sys.argv[2])
    globals()["client_" + sys.argv[1]](sys.argv[2])
