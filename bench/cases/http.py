# SPDX-License-Identifier: BSD-2-Clause
"""nginx under wrk."""
import contextlib
import dataclasses
import os
import pathlib
import re

from harness import need
from peers import Server, client, containers, plugin, plugins, start

from . import case

NGINX = "/usr/sbin/nginx"
NGINX_ARGS = ["-g", "daemon off; master_process off;"]


def nginx(volumes=(), args=()):
    return Server("nginx", [NGINX, *NGINX_ARGS, *args], 80, volumes=volumes,
                  scratch=("/var/log/nginx",))


def wrk(url, connections, close=False, seconds=1):
    headers = ["-H", "Connection: close"] if close else []
    out = client("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *headers,
                 url)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if errors:
        raise RuntimeError(f"{url}: {errors[0]}")
    return float(re.search(r"Requests/sec: *([\d.]+)", out)[1])


# Debian's configuration allows 768 connections and has only small files; this
# one, on a volume, is for the rest.
CONFIG = """
worker_processes 1;
pid /run/nginx-wide.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    server { listen 80; root FOLDER; }
}
"""
FILES = {"64k": 65536, "1m": 1 << 20}


def wide_nginx(folder):
    """nginx with larger files and room for connections, on a volume."""
    os.makedirs(folder)
    for name, size in FILES.items():
        pathlib.Path(folder, name).write_bytes(os.urandom(size))
    pathlib.Path(folder, "index.html").write_text("x" * 612)
    config = pathlib.Path(folder, "nginx.conf")
    config.write_text(CONFIG.replace("FOLDER", folder))
    server = nginx([folder], ["-c", str(config)])
    return dataclasses.replace(server, name="nginx-wide")


# Name, connections, a connection for each request?
SMALL = [("612 B, 64 connections, keep-alive", 64, False),
         ("612 B, 64 connections, close", 64, True),
         ("612 B, 1 connection, keep-alive", 1, False),
         ("612 B, 1 connection, close", 1, True)]
WIDE = [("64 KB, 64 connections, keep-alive", "64k", 64, False),
        ("1 MB, 64 connections, keep-alive", "1m", 64, False),
        ("612 B, 1,000 connections, keep-alive", "", 1000, False),
        ("612 B, 1,000 connections, close", "", 1000, True),
        ("64 KB, 1 connection, keep-alive", "64k", 1, False),
        ("1 MB, 1 connection, keep-alive", "1m", 1, False),
        ("64 KB, 64 connections, close", "64k", 64, True),
        ("1 MB, 64 connections, close", "1m", 64, True)]


def compare(run, name, servers, path, connections, close):
    run.compare(name, "requests/s", {
        peer: lambda s=s: wrk(f"http://{s.address}/{path}", connections, close)
        for peer, s in servers.items()})


@case(26, "wrk -t1 -cN -d1s http://SERVER/")
def http(run):
    """nginx: requests a second, a 612 B page of Debian's configuration."""
    need(NGINX, "wrk")
    with contextlib.ExitStack() as stack:
        others = {} if run.quick else containers()
        others |= {n: plugin(p) for n, p in plugins().items()}
        servers = start(run, stack, nginx(), others)
        for name, connections, close in run.pick(SMALL, 3):
            compare(run, name, servers, "", connections, close)


@case(14, "wrk -t1 -cN -d1s http://SERVER/FILE")
def http_files(run):
    """nginx: larger files from a volume, and 1,000 connections."""
    need(NGINX, "wrk")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, wide_nginx("/run/site"))
        for name, path, connections, close in run.pick(WIDE, 2):
            compare(run, name, servers, path, connections, close)


def h2load(url, rate, connections=8, seconds=1):
    """Latencies in µs at a fixed rate: {percentile: value}."""
    log = f"/run/h2load{os.getpid()}"
    client("h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}",
           f"--rps={rate / connections}", f"--log-file={log}", url)
    # start (µs), status, duration (µs); -1 is a request that failed.
    lines = [line.split() for line in open(log)]
    os.unlink(log)
    times = sorted(int(w[2]) for w in lines)
    if any(w[1] != "200" for w in lines) or len(times) < 0.5 * rate * seconds:
        raise RuntimeError(f"{len(times)} answers at {rate} requests/s")
    return {f"p{p}": times[min(int(len(times) * p / 100), len(times) - 1)]
            for p in (50, 99, 99.9)}


@case(12, "h2load --h1 -t1 -c8 -D1 --rps=RATE http://SERVER/", most=150)
def latency(run):
    """nginx: latency at fixed rates (µs)."""
    need(NGINX, "h2load")
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, nginx())
        for rate in run.pick((2000, 500, 5000, 10000), 2):
            run.compare(f"{rate:,} requests/s", "µs", {
                peer: lambda s=s: h2load(f"http://{s.address}/", rate)
                for peer, s in servers.items()})
