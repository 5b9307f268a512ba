# SPDX-License-Identifier: BSD-2-Clause
"""nginx under wrk while many other connections are open and silent."""
import contextlib
import dataclasses
import os
import pathlib
import resource
import signal
import socket
import statistics

from harness import OURS, Skip, need
from peers import start

from . import case
from .http import NGINX, nginx, wrk

IDLE, IDLE_QUICK, ACTIVE = 10000, 2000, 64
SPARE_FILES = 1000
CONFIG = """
worker_processes 1;
worker_rlimit_nofile 20000;
pid /run/nginx-crowd.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
    access_log off;
    sendfile on;
    keepalive_timeout 3600;
    keepalive_requests 1000000;
    server { listen 80 backlog=4096; root FOLDER; }
}
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"


def crowd_nginx(folder):
    os.makedirs(folder)
    pathlib.Path(folder, "index.html").write_text("x" * 612)
    config = pathlib.Path(folder, "nginx.conf")
    config.write_text(CONFIG.replace("FOLDER", folder))
    server = nginx([folder], ["-c", str(config)])
    return dataclasses.replace(server, name="nginx-crowd")


def open_idle(address, count):
    """Connections that have had their first answer and say no more."""
    idle = [socket.create_connection((address, 80), 10) for _ in range(count)]
    for s in idle:
        s.sendall(REQUEST)
    for s in idle:
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("an idle connection had no answer")
    return idle


@contextlib.contextmanager
def crowd(address, count):
    """They are a process of their own: files for each are limited."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            idle = open_idle(address, count)
            os.write(told, b"%d" % len(idle))
            signal.pause()
        os._exit(1)
    os.close(told)
    try:
        if not os.read(ready, 9):
            raise RuntimeError(f"cannot open {count:,} connections")
        yield
    finally:
        os.close(ready)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@case(8, "wrk -t1 -c64 -d1s beside N idle connections", most=90)
def many_connections(run):
    """nginx: 64 active connections, alone and beside many idle ones."""
    need(NGINX, "wrk")
    count = IDLE_QUICK if run.quick else IDLE
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if 0 <= hard < count + SPARE_FILES:
        raise Skip(f"no more than {hard} open files for each process")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, crowd_nginx("/run/crowd"))
        run.plan(2)
        names = ["64 connections alone", f"64 beside {count:,} idle"]
        for name in names:
            if name != names[0]:
                for server in servers.values():
                    stack.enter_context(crowd(server.address, count))
            run.compare(name, "requests/s", {
                peer: lambda s=s: wrk(f"http://{s.address}/", ACTIVE)
                for peer, s in servers.items()}, most=10)
        alone, beside = ({p: statistics.median(v)
                          for p, v in row["values"].items()}
                         for row in run.result["rows"])
        for peer in servers:
            who = "ours" if peer == OURS else peer
            run.figure(f"{who}, beside idle ones by alone",
                       round(beside[peer] / alone[peer], 3))
