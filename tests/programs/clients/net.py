# SPDX-License-Identifier: BSD-2-Clause
"""Clients of echo servers, name servers, brokers and the like."""
import asyncio
import json
import os
import subprocess

from tests.integration.conftest import wait_for
from tests.programs.lab import run

CONNECTIONS = 50
ECHO_BYTES = 200_000
QUERIES = 5000
MESSAGES = 2000


async def echo_once(address):
    """Sends random bytes and reads at the same time."""
    reader, writer = await asyncio.open_connection(address, 7)
    data = os.urandom(ECHO_BYTES)
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    writer.close()


def echo(server):
    async def all_of_them():
        await asyncio.gather(*(echo_once(server.address)
                               for _ in range(CONNECTIONS)))

    asyncio.run(asyncio.wait_for(all_of_them(), 240))


def ask(server, *question):
    return run("kdig", f"@{server.address}", "+dnssec", "+retry=5", *question)


def load(server, names, modes=("udp", "tcp")):
    """dnsperf, a fixed number of queries: each is answered."""
    path = server.lab.base / f"{server.name}.queries"
    path.write_text("".join(f"{n} A\n" for n in names))
    for mode in modes:
        out = run("dnsperf", "-s", server.address, "-d", path, "-n",
                  QUERIES // len(names), "-m", mode, "-D", "-c", 4, "-q", 50)
        assert "Queries completed:    " in out
        assert "Queries lost:         0 " in out, out


def dns(server):
    for way in ("+notcp", "+tcp"):
        out = ask(server, way, "www.example.test", "A")
        assert "192.0.2.80" in out and "RRSIG" in out, out
    large = ask(server, "+ignore", "+bufsize=512", "big.example.test", "TXT")
    assert " tc " in large or " tc;" in large, large
    assert ask(server, "big.example.test", "TXT").count("x" * 250) == 6
    assert "NXDOMAIN" in ask(server, "no.example.test", "A")


def knot(server):
    dns(server)
    assert "NSEC" in ask(server, "no.example.test", "A")
    if server.first:
        load(server, ["www.example.test", "no.example.test"])


def bind(server):
    """It signs in the background; then the zone is given away whole."""
    wait_for(lambda: "RRSIG" in ask(server, "www.example.test", "A"), 120)
    dns(server)
    assert "NSEC" in ask(server, "no.example.test", "A")
    assert "192.0.2.80" in ask(server, "example.test", "AXFR")
    if server.first:
        load(server, ["www.example.test", "no.example.test"])


def dnsmasq(server):
    """Own names, and those of the server behind it."""
    assert "192.0.2.53" in ask(server, "x.own.test", "A")
    dns(server)
    if server.first:
        load(server, ["x.own.test", "www.example.test"], ["udp"])


def unbound(server):
    """Answers of the signed zone are marked as authenticated."""
    dns(server)
    flags = ask(server, "www.example.test", "A").split("Flags: ")[1]
    assert " ad" in flags.split(";")[0], flags
    if server.first:
        load(server, [f"n{i}.example.test" for i in range(100)])


def mosquitto(server):
    """All of QoS 1 arrive in order; a retained one outlives the restart."""
    host = ["-h", server.address]
    if not server.first:
        assert run("mosquitto_sub", *host, "-t", "kept", "-C", "1", "-W",
                   "60") == "yes\n"
        return
    run("mosquitto_pub", *host, "-q", "1", "-r", "-t", "kept", "-m", "yes")
    with subprocess.Popen(["mosquitto_sub", *host, "-q", "1", "-t", "#", "-C",
                           str(MESSAGES + 1), "-W", "240"], text=True,
                          stdout=subprocess.PIPE) as subscriber:
        assert subscriber.stdout.readline() == "yes\n"  # it has subscribed
        lines = "".join(f"{i}\n" for i in range(MESSAGES))
        run("mosquitto_pub", *host, "-q", "1", "-t", "load", "-l", input=lines)
        assert subscriber.stdout.read() == lines


def node_exporter(server):
    """What monitoring of a machine shows, read many times at once."""
    page = f"http://{server.address}:9100/metrics"
    out = run("curl", "-sSf", page)
    for name in ("node_memory_MemTotal_bytes ", "node_cpu_seconds_total{",
                 "node_load1 ", "node_filesystem_size_bytes{",
                 'node_network_receive_bytes_total{device="eth0"}',
                 'node_network_up{device="eth0"} 1',
                 "node_netstat_Tcp_CurrEstab ", "node_sockstat_TCP_inuse ",
                 'node_uname_info{'):
        assert f"\n{name}" in out, (name, out)
    if server.first:
        out = run("curl", "-sSfZ", "--parallel-max", "8", f"{page}#[1-50]")
        assert out.count("\nnode_load1 ") == 50


def prometheus(server):
    """Both targets are up; what was seen before a restart is still there."""
    def number(query):
        out = json.loads(run("curl", "-sSfG", "--data-urlencode",
                             f"query={query}",
                             f"http://{server.address}:9090/api/v1/query"))
        return float(([0, 0], *(x["value"] for x in out["data"]["result"]))
                     [-1][1])

    ready = f"http://{server.address}:9090/-/ready"
    wait_for(lambda: subprocess.run(
        ["curl", "-sf", ready], capture_output=True,
        check=False).returncode == 0, 120)
    wait_for(lambda: number("sum(up)") == 2, 120)
    seen = server.lab.values.get("samples", 0)
    wait_for(lambda: number("sum(count_over_time(up[1h]))") > seen + 10, 120)
    server.lab.values["samples"] = number("sum(count_over_time(up[1h]))")


def iperf3(server):
    """A fixed number of bytes, each way, with one and four streams. The
    server opens its port anew for each of them."""
    for nr, way in enumerate([[], ["-R"], ["-P", "4"], ["-u", "-b", "50M"]]):
        wait_for(lambda n=nr: server.log().count("Server listening") > n, 60)
        out = json.loads(run("iperf3", "-c", server.address, "-n",
                             "20M" if "-u" in way else "200M", "-J", *way))
        assert "error" not in out, out["error"]
        assert out["end"]["streams"]


def threads(server):
    """What eight threads left on the volume is what the host sees."""
    work = server.folder / "work"
    names = {f"{t}.{i}" for t in range(8) for i in range(0, 50, 2)}
    assert {x.name for x in work.iterdir()} == names
    for name in names:
        text = f"{name.replace('.', ' ')}\n" * 1000
        assert (work / name).read_text() == text
