# SPDX-License-Identifier: BSD-2-Clause
"""Processor time for one request: what depends little on who else is busy. It
favours Linux: there the client's processor does part of the server's receiving,
ours does all of it in the instance."""
import contextlib
import os

from peers import start

from . import case, dns, runtimes, stores
from .http import nginx, wrk


def redis_load(server, load=stores.RedisLoad(1, 16)):
    load(server)
    return 2 * load.requests


# Name, server, a load of about a second that tells how many requests it made.
def loads():
    yield "nginx", nginx(), lambda s: wrk(f"http://{s.address}/", 64)
    folder = "/run/unbound-cpu"
    yield ("unbound", dns.unbound(folder),
           lambda s: dns.dnsperf(s, folder, "-q", "100"))
    yield "redis", stores.redis_server(), redis_load
    for server in runtimes.servers():
        yield (server.name, server,
               lambda s, port=server.port: wrk(f"http://{s.address}:{port}/",
                                               64))
    yield ("memcached", stores.memcached_server(),
           lambda s: stores.memaslap(s, 16))
    yield "nginx, close", nginx(), lambda s: wrk(f"http://{s.address}/", 64,
                                                 True)


def microseconds(server, load):
    """All its processes' time for one request."""
    before = server.cpu_seconds()
    requests = load(server)
    return (server.cpu_seconds() - before) / requests * 1e6


@case(16, "utime + stime of the server's processes by the requests of 1 s",
      most=120)
def cpu_per_request(run):
    """Processor time of all a server's processes for one request."""
    chosen = [entry for entry in loads() if os.path.exists(entry[1].argv[0])]
    for name, server, load in run.pick(chosen, 4):
        try:
            with contextlib.ExitStack() as stack:
                servers = start(run, stack, server)
                for one in servers.values():
                    load(one)
                run.compare(name, "µs", {
                    peer: lambda s=s: microseconds(s, load)
                    for peer, s in servers.items()}, most=8, least=3)
        except Exception as error:
            run.fail(name, error)
