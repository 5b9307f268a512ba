# SPDX-License-Identifier: BSD-2-Clause
"""Hello servers of language runtimes, and how a runtime's calls enter."""
import contextlib
import os
import re

from harness import EINKORN, PROGRAMS, TOOLS, need, sh
from peers import Server, inspect, numbers, start, wait_reachable

from . import case
from .http import NGINX, nginx, wrk

PYTHON, NODE, GO = "/usr/bin/python3", "/usr/bin/node", TOOLS / "hello-go"
HELLO = "/run/hello"


def servers():
    """The servers of the runtimes that are installed."""
    os.makedirs(HELLO, exist_ok=True)
    for name in ("hello.py", "hello.js"):
        with open(f"{HELLO}/{name}", "w") as copy:
            copy.write((PROGRAMS / name).read_text())
    return [server for server in (
        Server("Go", [str(GO), "8080"], 8080),
        Server("Python", [PYTHON, f"{HELLO}/hello.py", "8080"], 8080,
               volumes=[HELLO]),
        Server("Node", [NODE, f"{HELLO}/hello.js", "8080"], 8080,
               volumes=[HELLO], options=("-m", "1g")))
        if os.path.exists(server.argv[0])]


@case(14, "wrk -t1 -c64 -d1s http://HELLO/", most=120)
def runtimes(run):
    """Hello servers of Go, Python and Node: requests a second."""
    need("wrk")
    chosen = servers()
    run.plan(len(chosen))
    for server in chosen:
        try:
            compare(run, server)
        except Exception as error:
            run.fail(server.name, error)


def compare(run, server):
    with contextlib.ExitStack() as stack:
        running = start(run, stack, server)
        for one in running.values():  # a runtime compiles what it runs often
            wrk(f"http://{one.address}:8080/", 64)
        run.compare(server.name, "requests/s", {
            peer: lambda s=s: wrk(f"http://{s.address}:8080/", 64)
            for peer, s in running.items()}, most=10)


@case(4, "einkorn run --stats nginx; wrk -c64 -d1s; einkorn stop", most=20)
def fast_share(run):
    """nginx: system calls that entered by a jump, of all its calls."""
    need(NGINX, "wrk")
    server, name = nginx(), f"s{next(numbers)}"
    sh(EINKORN, "run", "-d", "--stats", "--name", name, "--network", "bridge",
       server.argv[0], *server.argv)
    address = inspect(name)["NetworkSettings"]["IPAddress"]
    wait_reachable(address, 80)
    wrk(f"http://{address}/", 64)
    sh(EINKORN, "stop", name)
    logs = sh(EINKORN, "logs", name)
    found = re.search(r"stats: calls fast (\d+) slow (\d+)",
                      logs.stdout + logs.stderr)
    fast, slow = int(found[1]), int(found[2])
    run.figure("fast", fast)
    run.figure("slow", slow)
    run.figure("share of fast entries", fast / (fast + slow))
