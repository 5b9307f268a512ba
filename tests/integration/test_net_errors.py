# SPDX-License-Identifier: BSD-2-Clause
"""What a guest learns of the host's ICMP errors and of its own MTU."""
import subprocess

import pytest

from tests.conftest import EINKORN
from tests.integration.test_net import netns  # noqa: F401

GUEST = """
import errno, select, socket, struct, sys
IP_MTU_DISCOVER, IP_RECVERR, DO, ERRQUEUE = 10, 11, 2, 0x2000
to = (sys.argv[1], 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_IP, IP_RECVERR, 1)
p = select.poll()
p.register(s, 0)

def error():
    assert p.poll(10000) == [(s.fileno(), select.POLLERR)]
    data, control, flags, name = s.recvmsg(100, 200, ERRQUEUE)
    assert flags == ERRQUEUE and len(control) == 1
    level, kind, body = control[0]
    assert (level, kind) == (socket.SOL_IP, IP_RECVERR)
    return data, name, struct.unpack("IBBBBII", body[:16]), body[20:24]

s.sendto(b"hello", to)
data, name, what, offender = error()
assert data == b"hello" and name == to, (data, name)
assert what == (errno.ECONNREFUSED, 2, 3, 3, 0, 0, 0), what
assert socket.inet_ntoa(offender) == to[0]

s.setsockopt(socket.SOL_IP, IP_MTU_DISCOVER, DO)
try:
    s.sendto(bytes(1473), to)
    assert False, "sent"
except OSError as e:
    assert e.errno == errno.EMSGSIZE
data, name, what, offender = error()
assert data == b"" and what == (errno.EMSGSIZE, 1, 0, 0, 0, 1500, 0), what
assert s.sendto(bytes(1472), to) == 1472
print("as Linux")
"""


# Behind a router whose other link is narrow.
NARROW = """
import errno, select, socket, struct, sys
IP_MTU, IP_TTL = 14, 2
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_IP, 11, 1)
s.setsockopt(socket.SOL_IP, 10, 2)
s.connect((sys.argv[1], 9))
p = select.poll()
p.register(s, 0)

def error():
    assert p.poll(10000) == [(s.fileno(), select.POLLERR)]
    control = s.recvmsg(100, 200, 0x2000)[1]
    return struct.unpack("IBBBBI", control[0][2][:12])

assert s.getsockopt(socket.SOL_IP, IP_MTU) == 1500
assert s.send(bytes(1472)) == 1472
assert error() == (errno.EMSGSIZE, 2, 3, 4, 0, 1400)
assert s.getsockopt(socket.SOL_IP, IP_MTU) == 1400
try:
    s.send(bytes(1373))
    assert False, "sent"
except OSError as e:
    assert e.errno == errno.EMSGSIZE
assert error() == (errno.EMSGSIZE, 1, 0, 0, 0, 1400)
s.setsockopt(socket.SOL_IP, IP_TTL, 1)
assert s.send(bytes(1372)) == 1372
assert error() == (errno.EHOSTUNREACH, 2, 11, 0, 0, 0)
print("as Linux")
"""


def run(netns, state, script, *args):  # noqa: F811
    env = dict(state, EINKORN_BRIDGE="eknerr", EINKORN_SUBNET="10.97.0.0/24")
    p = subprocess.run([*netns, str(EINKORN), "run", "--rm",
                        "/usr/bin/python3", "python3", "-c", script, *args],
                       text=True, capture_output=True, env=env, timeout=120,
                       check=False)
    assert p.stdout == "as Linux\n", p.stdout + p.stderr


def test_errors_reach_the_queue(netns, state):  # noqa: F811
    run(netns, state, GUEST, "10.97.0.1")


@pytest.fixture
def narrow_link(netns):  # noqa: F811
    """A device with nobody behind it that the namespace routes to."""
    for words in ("link add narrow type veth peer name behind",
                  "link set narrow mtu 1400 up", "link set behind up",
                  "address add 10.95.0.1/24 dev narrow"):
        subprocess.run([*netns, "ip", *words.split()], check=True)
    subprocess.run([*netns, "sh", "-c",
                    "echo 1 > /proc/sys/net/ipv4/ip_forward"], check=True)
    yield "10.95.0.2"
    subprocess.run([*netns, "ip", "link", "del", "narrow"], check=True)


def test_path_mtu_and_time_exceeded(netns, state, narrow_link):  # noqa: F811
    run(netns, state, NARROW, narrow_link)
