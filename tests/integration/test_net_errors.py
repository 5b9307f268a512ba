# SPDX-License-Identifier: BSD-2-Clause
"""What a guest learns of the host's ICMP errors and of its own MTU."""
import subprocess

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


def test_errors_reach_the_queue(netns, state):  # noqa: F811
    env = dict(state, EINKORN_BRIDGE="eknerr", EINKORN_SUBNET="10.97.0.0/24")
    p = subprocess.run([*netns, str(EINKORN), "run", "--rm",
                        "/usr/bin/python3", "python3", "-c", GUEST, "10.97.0.1"],
                       text=True, capture_output=True, env=env, timeout=120,
                       check=False)
    assert p.stdout == "as Linux\n", p.stdout + p.stderr
