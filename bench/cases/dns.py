# SPDX-License-Identifier: BSD-2-Clause
"""DNS over UDP: unbound, which answers from its own data."""
import contextlib
import os
import pathlib
import re
import socket

from harness import compile_c, need
from peers import Server, client, poll, start

from . import case

UNBOUND = "/usr/sbin/unbound"
NAMES, PORT = 1000, 53
CONFIG = """
server:
    interface: 0.0.0.0
    access-control: 0.0.0.0/0 allow
    do-ip6: no
    do-daemonize: no
    use-syslog: no
    chroot: ""
    username: ""
    directory: "FOLDER"
    pidfile: ""
    num-threads: 1
    module-config: "iterator"
    local-zone: "bench." static
"""
# The header of a query for n0.bench, type A: RFC 1035, section 4.1.
QUERY = (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
         b"\x02n0\x05bench\x00\x00\x01\x00\x01")


def wait_answer(address, port):
    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.05)
            s.connect((address, port))
            s.send(QUERY)
            s.recv(512)
    return poll(ask)


def unbound(folder):
    os.makedirs(folder)
    config = CONFIG.replace("FOLDER", folder) + "".join(
        f'    local-data: "n{i}.bench. 3600 IN A 10.{i >> 8}.{i & 255}.1"\n'
        for i in range(NAMES))
    pathlib.Path(folder, "unbound.conf").write_text(
        config + "remote-control:\n    control-enable: no\n")
    pathlib.Path(folder, "queries").write_text(
        "".join(f"n{i}.bench A\n" for i in range(NAMES)))
    return Server("unbound", [UNBOUND, "-d", "-c", f"{folder}/unbound.conf"],
                  PORT, ready=wait_answer, volumes=[folder])


def dnsperf(server, folder, *options):
    """Answers a second."""
    out = client("dnsperf", "-s", server.address, "-d", f"{folder}/queries",
                 "-l", "1", "-t", "0.5", *options)
    return float(re.search(r"Queries per second: *([\d.]+)", out)[1])


def keeps_up(server, program, rate):
    """Are so many queries a second asked, and all but 1 in 200 answered?"""
    asked, answered = map(int, client(program, server.address, PORT, NAMES,
                                      rate, 1, 1).split())
    return asked > 0.95 * rate and answered > 0.995 * asked


def highest_rate(server, program):
    """The highest rate that the server keeps up with, to a twentieth."""
    good, bad, rate = 0, None, 60000
    while bad is None or bad > max(1.05 * good, 1000):
        if keeps_up(server, program, rate):
            good = rate
        else:
            bad = rate
        rate = 2 * good if bad is None else (good + bad) // 2
    return good


@case(14, "dnsperf -s SERVER -d 1000-names -l 1 -q 100; "
      "bench/programs/queries.c", most=150)
def dns(run):
    """unbound: DNS answers a second over UDP."""
    need(UNBOUND, "dnsperf")
    folder = "/run/unbound"
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, unbound(folder))
        run.plan(1 if run.quick else 2)
        run.compare("answers", "answers/s", {
            peer: lambda s=s: dnsperf(s, folder, "-q", "100")
            for peer, s in servers.items()}, most=5)
        if run.quick:
            return
        program = compile_c("queries.c")
        run.compare("highest rate without loss", "answers/s", {
            peer: lambda s=s: highest_rate(s, program)
            for peer, s in servers.items()}, most=5, least=3)
