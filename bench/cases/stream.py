# SPDX-License-Identifier: BSD-2-Clause
"""iperf3: bulk streams, also over a long path that loses packets."""
import contextlib
import json

from harness import compile_c, need, sh
from peers import (Running, Server, client, descendants, load, namespace,
                   numbers, pinned, poll, process, start, wait_reachable)

from . import case

IPERF = "/usr/bin/iperf3"


def iperf_run(address, *options, enter=(), seconds=1):
    """Gbit/s that were received."""
    length = [] if "-n" in options else ["-t", seconds]
    out = load(IPERF, "-c", address, "-J", *length, "--connect-timeout",
               "3000", *options, enter=enter, check=False,
               timeout=seconds + 20)
    try:
        result = json.loads(out.stdout)
    except ValueError:
        raise RuntimeError(f"iperf3: {out.stdout[-200:]}{out.stderr[-200:]}")
    if "error" in result:
        raise RuntimeError(f"iperf3: {result['error']}")
    end = result["end"]
    if "-u" in options:
        total = end["sum"]
        return (total["bits_per_second"] *
                (1 - total["lost_percent"] / 100)) / 1e9
    return end["sum_received"]["bits_per_second"] / 1e9


def ready(address, _port):
    """iperf3 counts a connection without its greeting as a failed test; so
    the shortest real test is what asks."""
    def ask():
        try:
            iperf_run(address, "-n", "1000")
        except RuntimeError as error:
            raise ConnectionError(error) from error
    return poll(ask)


def server():
    return Server("iperf3", [IPERF, "-s"], 5201, ready=ready)


@case(12, "iperf3 -c SERVER -t 1 [-R] [-u -b 0 -l 1400]", most=120)
def iperf(run):
    """iperf3: one stream (Gbit/s received)."""
    need(IPERF)
    variants = [("TCP, server sends", ["-R"]), ("TCP, server receives", []),
                ("UDP 1,400 B, server receives", ["-u", "-b", "0", "-l",
                                                  "1400"]),
                ("UDP 1,400 B, server sends", ["-u", "-b", "0", "-l", "1400",
                                               "-R"])]
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, server())
        for name, options in run.pick(variants, 2):
            run.compare(name, "Gbit/s", {
                peer: lambda s=s: iperf_run(s.address, *options)
                for peer, s in servers.items()}, most=12)


@contextlib.contextmanager
def bare_tap(server, _run):
    """The program's own TCP, straight on a tap."""
    program, way, number = server.argv[0], server.argv[-1], next(numbers)
    tap, net = f"tap{number}", f"10.118.{number % 250}"
    with process(*pinned(program, "tap", tap, f"{net}.2", way)) as started:
        poll_device((), tap)
        sh("ip", "addr", "add", f"{net}.1/24", "dev", tap)
        sh("ip", "link", "set", tap, "up")
        yield Running(f"{net}.2", lambda: descendants(started.pid))


def connects(address, port):
    return wait_reachable(address, port, request=None)


@case(8, "bench/programs/stream.c", most=60)
def stream_bound(run):
    """One stream without iperf3 (Gbit/s), and what a tap allows: a program that
    is its own TCP and touches no byte of the data."""
    program = compile_c("stream.c")
    run.plan(2)
    for name, way in (("server sends", "send"), ("server receives",
                                                 "receive")):
        with contextlib.ExitStack() as stack:
            servers = start(run, stack, Server(
                "stream", [program, "serve", way], 5000, ready=connects),
                {"bare tap": bare_tap})
            run.compare(name, "Gbit/s", {
                peer: lambda s=s: float(client(program, "ask", s.address, way))
                for peer, s in servers.items()}, most=12)


@contextlib.contextmanager
def long_path(far, delay_ms, loss_permille):
    """A path from namespace `far` to here through a program that delays and
    drops packets: many kernels lack sch_netem. Both ways are delayed by half,
    packets to far are lost."""
    link = compile_c("link.c")
    with process(link, f"/run/netns/{far.name}", delay_ms * 500,
                 loss_permille):
        for enter, device, mine, peer in (
                ((), "near0", "10.116.0.1", "10.116.0.2"),
                (far.enter(), "far0", "10.116.0.2", "10.116.0.1")):
            poll_device(enter, device)
            sh(*enter, "ip", "addr", "add", mine, "peer", peer, "dev", device)
            sh(*enter, "ip", "link", "set", device, "mtu", "1500", "up")
        sh(*far.enter("ip", "route", "replace", "default", "dev", "far0"))
        yield


def poll_device(enter, device):
    def look():
        if sh(*enter, "ip", "link", "show", device, check=False).returncode:
            raise ConnectionError(device)
    poll(look, 5)


@case(14, "iperf3 -c SERVER -t 3 [-R] over 50 ms, 1 % loss", most=120)
def lossy_path(run):
    """One bulk stream over a path of 50 ms, with 1 % loss and without."""
    need(IPERF)
    seconds = 2 if run.quick else 4
    with contextlib.ExitStack() as stack:
        servers = start(run, stack, server())
        far = stack.enter_context(namespace())
        # -C each time: a server of iperf3's keeps what the last client asked
        # for.
        for name, loss, *options in run.pick((
                ("server sends", 10, "-R", "-C", "cubic"),
                ("server sends, BBR", 10, "-R", "-C", "bbr"),
                ("server sends, no loss", 0, "-R", "-C", "cubic"),
                ("server receives", 10, "-C", "cubic"))):
            with long_path(far, 50, loss):
                run.compare(name, "Mbit/s", {
                    peer: lambda s=s: 1000 * iperf_run(
                        s.address, *options, enter=far.enter(),
                        seconds=seconds)
                    for peer, s in servers.items()}, most=10)
