# SPDX-License-Identifier: BSD-2-Clause
"""Bridge, taps, addresses and published ports, in a network namespace of the
test's own and with a fake tender."""
import json
import os
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import needs_own_root
from tests.integration.conftest import Tool, give_route, wait_for

BRIDGE = "ektest"


@pytest.fixture
def net(fake_install, tmp_path):
    """The tool inside a network namespace with nothing but loopback."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    if shutil.which("nft") is None:
        pytest.skip("SKIP needs nft")
    with subprocess.Popen(["unshare", "-n", "sleep", "600"]) as holder:
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own)
        enter = ["nsenter", "-t", str(holder.pid), "-n"]
        subprocess.run([*enter, "ip", "link", "set", "lo", "up"], check=True)
        tool = Tool(fake_install / "einkorn", tmp_path,
                    fake_install / "target", enter,
                    {"EINKORN_BRIDGE": BRIDGE,
                     "EINKORN_SUBNET": "10.99.0.0/24"})
        tool.inside = lambda *args: subprocess.run(
            [*enter, *args], capture_output=True, text=True,
            check=True).stdout
        yield tool
        tool.clean_up()
        holder.kill()


def settings(tool, name):
    return json.loads(tool.ok("inspect", name))[0]["NetworkSettings"]


def elements(tool):
    data = json.loads(tool.inside("nft", "-j", "list", "table", "ip", BRIDGE))
    return [e for o in data["nftables"] if "map" in o
            for e in o["map"].get("elem", [])]


def test_bridge_and_tap_are_made(net):
    net.start("sleep 60", "--name", "a", network="bridge")
    s = settings(net, "a")
    assert s["IPAddress"] == "10.99.0.2" and s["Gateway"] == "10.99.0.1"
    assert s["IPPrefixLen"] == 24
    assert s["MacAddress"] == "02:45:0a:63:00:02"
    assert "10.99.0.1/24" in net.inside("ip", "-br", "address", "show",
                                        BRIDGE)
    assert f"{BRIDGE}.2" in net.inside("ip", "link", "show", "master", BRIDGE)
    assert "masquerade" in net.inside("nft", "list", "table", "ip", BRIDGE)
    assert net.inside("cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"


def test_bridge_is_default_for_root(net):
    net.ok("run", "-d", "--name", "a", net.target, "sleep", "60")
    assert settings(net, "a")["IPAddress"] == "10.99.0.2"


def test_guest_is_told_its_network(net):
    p = net("run", "--rm", net.target, "sh", "-c",
            'echo "$CONFIG"; echo "$HANDOVER"')
    lines = p.stdout.splitlines()
    assert "net0.ip=10.99.0.2/24" in lines and "net0.gw=10.99.0.1" in lines
    assert "net0.gwmac=02:45:0a:63:00:01" in lines
    dev = [x for x in lines if x.startswith("net=tap,")]
    assert len(dev) == 1 and dev[0].endswith(",02:45:0a:63:00:02,1500")


def test_addresses_differ_and_are_used_again(net):
    for name in "abc":
        net.start("sleep 60", "--name", name, network="bridge")
    assert [settings(net, n)["IPAddress"] for n in "abc"] == [
        "10.99.0.2", "10.99.0.3", "10.99.0.4"]
    net.ok("rm", "-f", "b")
    net.start("sleep 60", "--name", "d", network="bridge")
    assert settings(net, "d")["IPAddress"] == "10.99.0.3"


def test_address_can_be_chosen(net):
    net.start("sleep 60", "--name", "a", "--ip", "10.99.0.77",
              network="bridge")
    assert settings(net, "a")["IPAddress"] == "10.99.0.77"
    for wrong, why in {"10.99.0.77": "an instance has it",
                       "10.99.0.1": "not an address for an instance",
                       "10.99.0.255": "not an address for an instance",
                       "10.98.0.2": "not an address for an instance",
                       "10.99.0": "not an IPv4 address"}.items():
        p = net("run", "--rm", "--ip", wrong, net.target, "true")
        assert p.returncode == 125 and f"--ip {wrong}: {why}" in p.stderr
    p = net("run", "--rm", "--ip", "10.99.0.78", "--network", "none",
            net.target, "true")
    assert p.returncode == 125 and "--ip: only a bridge" in p.stderr
    net.ok("rm", "-f", "a")
    assert "NO-CARRIER" in net.inside("ip", "link", "show", f"{BRIDGE}.77")
    net.start("sleep 60", "--name", "b", "--ip", "10.99.0.77",
              network="bridge")
    net.start("sleep 60", "--name", "c", network="bridge")
    assert settings(net, "c")["IPAddress"] == "10.99.0.2"


def test_addresses_of_killed_monitors_are_used_again(net):
    """Before one that nobody has had."""
    idents = {n: net.start("sleep 60", "--name", n, network="bridge")
              for n in "abcd"}
    for name in "bc":
        os.kill(net.monitor_pid(idents[name]), signal.SIGKILL)
        wait_for(lambda n=name: net.monitor_pid(idents[n]) == 0)
    # Its tap is free when the tender has ended, too.
    for number in (3, 4):
        wait_for(lambda n=number: "NO-CARRIER" in net.inside(
            "ip", "link", "show", f"{BRIDGE}.{n}"))
    net.ok("rm", "-f", "a")
    for name in "efgh":
        net.start("sleep 60", "--name", name, network="bridge")
    assert [settings(net, n)["IPAddress"] for n in "efgh"] == [
        "10.99.0.2", "10.99.0.3", "10.99.0.4", "10.99.0.6"]


def test_bridge_and_host_know_who_is_behind_a_tap(net):
    mac = "02:45:0a:63:00:02"
    tap = f"{BRIDGE}.2"
    net.start("sleep 60", "--name", "a", network="bridge")
    for _ in range(2):
        entry = net.inside("bridge", "fdb", "show", "dev", tap)
        assert f"{mac} master {BRIDGE} static" in entry
        port = net.inside("bridge", "-d", "link", "show", "dev", tap)
        assert "learning off" in port
        known = net.inside("ip", "neighbour", "show", "dev", BRIDGE)
        assert f"10.99.0.2 lladdr {mac}" in known
        assert "inet6" not in net.inside("ip", "address", "show", tap)
        assert "qdisc noqueue" in net.inside("ip", "link", "show", tap)
        net.ok("rm", "-f", "a")
        assert "10.99.0.2" not in net.inside("ip", "neighbour", "show", "dev",
                                             BRIDGE)
        # The tap stays, and with it what the bridge knows.
        net.start("sleep 60", "--name", "a", network="bridge")


def test_instances_have_ip6_if_the_bridge_has(net):
    script = 'echo "$CONFIG"'
    p = net("run", "--rm", net.target, "sh", "-c", script)
    assert "net0.ip6=none" in p.stdout.splitlines()
    net.inside("sysctl", "-w", f"net.ipv6.conf.{BRIDGE}.disable_ipv6=0")
    p = net("run", "--rm", net.target, "sh", "-c", script)
    assert p.returncode == 0 and "net0.ip6" not in p.stdout


def test_many_at_once_get_distinct_addresses(net):
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda i: net.start("sleep 60", network="bridge"),
                      range(24)))
    ids = net.ok("ps", "-q").split()
    ips = {settings(net, i)["IPAddress"] for i in ids}
    assert len(ids) == len(ips) == 24


def test_published_ports_come_and_go(net):
    ident = net.start("sleep 60", "--name", "a", "-p", "8080:80", "-p",
                      "127.0.0.1:53:5353/udp", network="bridge")
    got = {json.dumps(e) for e in elements(net)}
    assert len(got) == 2 and all(ident[:12] in e for e in got)
    assert settings(net, "a")["Ports"] == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}],
        "5353/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}]}
    assert "0.0.0.0:8080->80/tcp" in net.ok("ps")
    net.ok("stop", "-t", "0", "a")
    assert elements(net) == []
    assert "8080" not in net.ok("ps", "-a")


def test_port_in_use(net):
    net.start("sleep 60", "--name", "a", "-p", "8080:80", network="bridge")
    for spec in ("8080:81", "127.0.0.1:8080:81"):
        p = net("run", "--rm", "-p", spec, net.target, "true")
        assert p.returncode == 125
        assert "8080/tcp" in p.stderr and "in use" in p.stderr
    # The same number for the other protocol is another port.
    assert net("run", "--rm", "-p", "8080:80/udp", net.target,
               "true").returncode == 0


def test_port_of_foreign_program(net):
    p = subprocess.Popen([*net.prefix, "python3", "-c",
                          "import socket; s = socket.create_server(('', 7001)"
                          "); print(flush=True); input()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdout.readline()
    r = net("run", "--rm", "-p", "7001:80", net.target, "true")
    assert r.returncode == 125 and "7001/tcp" in r.stderr
    p.communicate(b"\n")


def test_killed_monitor_frees_port_and_address(net):
    ident = net.start("sleep 60", "--name", "a", "-p", "8080:80",
                      network="bridge")
    os.kill(net.monitor_pid(ident), signal.SIGKILL)
    wait_for(lambda: net.monitor_pid(ident) == 0)
    # The next one takes both, and replaces the stale element.
    other = net.start("sleep 60", "--name", "b", "-p", "8080:80",
                      network="bridge")
    wait_for(lambda: len(elements(net)) == 1)
    assert other[:12] in json.dumps(elements(net))
    # Removing the dead one leaves the living one's element alone.
    net.ok("rm", "a")
    assert len(elements(net)) == 1
    net.ok("rm", "-f", "b")
    assert elements(net) == []


def test_rm_removes_elements_of_killed_monitor(net):
    ident = net.start("sleep 60", "--name", "a", "-p", "8080:80",
                      network="bridge")
    os.kill(net.monitor_pid(ident), signal.SIGKILL)
    wait_for(lambda: net.monitor_pid(ident) == 0)
    assert len(elements(net)) == 1
    net.ok("rm", "a")
    assert elements(net) == []


def test_flushed_ruleset_comes_back(net):
    net.start("sleep 60", "--name", "a", network="bridge")
    net.inside("nft", "flush", "ruleset")
    net.start("sleep 60", "--name", "b", "-p", "8080:80", network="bridge")
    assert len(elements(net)) == 1


def test_bad_bridge_settings(net):
    net.env["EINKORN_SUBNET"] = "10.0.0.0"
    p = net("run", "--rm", net.target, "true")
    assert p.returncode == 125 and "EINKORN_SUBNET 10.0.0.0" in p.stderr


def test_subnet_can_be_full(net):
    net.env["EINKORN_SUBNET"] = "10.99.1.0/28"
    for _ in range(13):
        net.start("sleep 60", network="bridge")
    p = net("run", "--rm", net.target, "true")
    assert p.returncode == 125 and "all 13" in p.stderr


def test_user_network_needs_a_network(net):
    if shutil.which("passt") is None:
        pytest.skip("SKIP needs passt")
    p = net("run", "--rm", "--network", "user", net.target, "true")
    assert p.returncode == 125
    assert "passt: " in p.stderr and len(p.stderr.splitlines()) == 1


@needs_own_root
def test_user_network_speaks_to_passt(net):
    if shutil.which("passt") is None:
        pytest.skip("SKIP needs passt")
    give_route(net.inside)
    p = net("run", "--rm", "--network", "user", net.target, "sh", "-c",
            'echo "$CONFIG"; echo "$HANDOVER"')
    assert p.returncode == 0, p.stderr
    assert "net0.ip=10.114.0.2/16" in p.stdout.splitlines()
    assert "net=stream," in p.stdout
