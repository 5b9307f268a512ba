# SPDX-License-Identifier: BSD-2-Clause
"""From the start of a server to its first answer."""
import contextlib
import os
import random
import time

from harness import EINKORN, OURS, need, sh
from peers import (NETNS, Namespace, Running, addresses, containers, einkorn,
                   host_root, namespace, netns, numbers, oci_spec, pinned,
                   process, wait_reachable)

from . import case
from .http import NGINX, nginx
from .runtimes import servers as runtime_servers
from .stores import redis_server


def time_to_answer(maker, server):
    """Milliseconds from the command's start until the first answer."""
    begun = time.monotonic()
    with maker(server) as running:
        (server.ready or wait_reachable)(running.address, server.port)
        return 1000 * (time.monotonic() - begun)


def in_made_namespace(net):
    """The strictest baseline: the process in a namespace that was there."""
    @contextlib.contextmanager
    def peer(server):
        with process(*net.enter(*pinned(*server.argv))) as started:
            yield Running(net.address, lambda: [started.pid])
    return peer


@case(16, "einkorn run -d SERVER; first answer to a request", most=150)
def first_response(run):
    """Servers: from the command's start to the first answer. The baseline's
    namespace is there before; other peers make their network, as ours does."""
    servers = [nginx(), redis_server(), *runtime_servers()]
    servers = [s for s in servers if os.path.exists(s.argv[0])]
    with namespace() as net:
        makers = {OURS: einkorn, "netns made before": in_made_namespace(net),
                  NETNS: netns}
        if not run.quick:
            makers |= {n: lambda s, maker=maker: maker(s, run)
                       for n, maker in containers().items()}
        run.plan(len(servers))
        for server in servers:
            time_to_answer(einkorn, server)  # the image is made only once
            run.compare(server.name, "ms", {
                peer: lambda m=maker: time_to_answer(m, server)
                for peer, maker in makers.items()}, most=10, least=3)


# ---- churn -------------------------------------------------------------
class EinkornChurn:
    """Instances of nginx on the bridge."""

    def __init__(self, _run):
        self.server = nginx()

    def start(self):
        """(handle, milliseconds until reachable)."""
        name, address = f"c{next(numbers)}", addresses.pop()
        begun = time.monotonic()
        sh(EINKORN, "run", "-d", "--name", name, "--network", "bridge",
           "--ip", address, self.server.argv[0], *self.server.argv)
        wait_reachable(address, 80)
        return (name, address), 1000 * (time.monotonic() - begun)

    def stop(self, handle):
        name, address = handle
        sh(EINKORN, "rm", "-f", name)
        addresses.append(address)


class OciChurn:
    """The same under an OCI runtime, with a namespace and a veth on a bridge
    for each."""

    def __init__(self, run, runtime="crun"):
        self.run, self.runtime = run, runtime
        if sh("ip", "link", "show", "br-oci", check=False).returncode:
            sh("ip", "link", "add", "br-oci", "type", "bridge")
            sh("ip", "addr", "add", "10.115.0.1/16", "dev", "br-oci")
            sh("ip", "link", "set", "br-oci", "up")

    def start(self):
        number = next(numbers)
        folder = f"/run/churn{number}"
        os.mkdir(folder)
        name = f"{self.run.tag}c{number}"
        begun = time.monotonic()
        net = Namespace("br-oci")
        root = contextlib.ExitStack()
        root.enter_context(host_root(folder))
        oci_spec(folder, nginx().argv, net)
        container = root.enter_context(process(
            self.runtime, "run", "-b", folder, name))
        root.callback(sh, self.runtime, "delete", "-f", name, check=False)
        handle = (net, root, container)
        try:
            wait_reachable(net.address, 80)
        except Exception:
            self.stop(handle)
            raise
        return handle, 1000 * (time.monotonic() - begun)

    def stop(self, handle):
        net, root, _ = handle
        root.close()
        net.close()


def fill(side, running, wanted, run):
    while len(running) < wanted:
        if run.left() < 0:
            raise TimeoutError(f"time was up at {len(running)} running")
        running.append(side.start()[0])


def churn_once(side, running, chance):
    """Ends a random instance, starts a new one; milliseconds it took."""
    side.stop(running.pop(chance.randrange(len(running))))
    handle, took = side.start()
    running.append(handle)
    return took


@case(30, "N running nginx; end one at random, start one, until it answers",
      most=400)
def churn(run):
    """nginx among N running ones: start until reachable, with network."""
    need(NGINX, "crun")
    steps = [10, 70, 140] if run.quick else range(10, 141, 10)
    sides = {OURS: EinkornChurn(run), "crun": OciChurn(run)}
    running = {peer: [] for peer in sides}
    points = {peer: [] for peer in sides}
    chance = random.Random(1)
    run.plan(len(steps))
    for wanted in steps:
        for peer, side in sides.items():
            fill(side, running[peer], wanted, run)
        run.compare(f"{wanted} running", "ms", {
            peer: lambda p=peer, s=side: churn_once(s, running[p], chance)
            for peer, side in sides.items()}, most=15)
        row = run.result["rows"][-1]
        for peer, values in row["peers"].items():
            points[peer].append((wanted, values["median"]))
    run.figure("last by first", points[OURS][-1][1] / points[OURS][0][1])
    run.series("running instances", "start until reachable (ms)", points)
