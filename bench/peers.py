# SPDX-License-Identifier: BSD-2-Clause
"""Servers and commands, ours and the peers', with the same arguments.

    einkorn   a caged instance on the bridge
    netns     the bare process in a network namespace behind veth
    crun, runc  the same program in a container: the host's files under an
              overlay, control groups, a network namespace behind veth
    NAME      a plug-in (bench/plugins/README.md)

The servers run on one processor, the clients on another.
"""
import contextlib
import dataclasses
import http.client
import itertools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from harness import CLIENT_CPU, EINKORN, OURS, SERVER_CPU, Skip, sh
from processors import taken, watched
from sandbox import use_cubic

NETNS = "netns"
numbers = itertools.count(1)


@dataclasses.dataclass
class Server:
    """A program that answers on a port. `argv[0]` is its path; folders of
    `volumes` appear inside under the same path, options are einkorn's. What
    it writes into `scratch` is in memory for all: a log on a disk would slow
    the bare server only."""
    name: str
    argv: list
    port: int
    ready: callable = None
    volumes: tuple = ()
    options: tuple = ()
    scratch: tuple = ()


@dataclasses.dataclass
class Running:
    """A started server: how to reach it, and its processes."""
    address: str
    pids: callable

    def cpu_seconds(self):
        """Processor time of its processes so far."""
        ticks = 0
        for pid in self.pids():
            # The name may hold blanks: count from behind it.
            stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def children(task):
    """Of a thread, which may end meanwhile: then none."""
    try:
        return [int(p) for p in task.read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def descendants(pid):
    pids = [pid]
    for known in pids:
        for task in pathlib.Path(f"/proc/{known}/task").glob("*/children"):
            pids += children(task)
    return pids


# ---- waiting until a server answers ------------------------------------
def poll(attempt, seconds=20):
    """Tries until attempt() raises no OSError; seconds that it took."""
    start = time.monotonic()
    while True:
        try:
            attempt()
            return time.monotonic() - start
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() - start > seconds:
                raise TimeoutError(f"no answer in {seconds} s: {error}")
            time.sleep(0.0002)


def answers(address, port, request, timeout):
    """One request on a new connection must bring some bytes."""
    with socket.create_connection((address, port), timeout) as s:
        s.settimeout(1)
        if request:
            s.sendall(request)
            if not s.recv(1):
                raise ConnectionError("closed without an answer")


HTTP = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


def wait_reachable(address, port, request=HTTP, seconds=20):
    """Seconds until the server answers. An attempt is given up soon: what is
    sent to a guest that is not there yet is lost."""
    return poll(lambda: answers(address, port, request, 0.01), seconds)


# ---- einkorn -----------------------------------------------------------
# We choose them, as those of the peers, so nobody has to ask. The one that was
# used last is the next: its tap is there.
addresses = [f"10.114.2.{n}" for n in range(254, 0, -1)]


def pinned(*args, cpu=SERVER_CPU):
    return ["taskset", "-c", cpu, *map(str, args)]


def inspect(name):
    return json.loads(sh(EINKORN, "inspect", name).stdout)[0]


def instance_pids(name):
    """Guest and monitor and whatever helps them."""
    pid = inspect(name)["State"]["Pid"]
    stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    parent = int(stat[1])
    return set(descendants(pid)) | set(descendants(parent)
                                       if parent > 1 else [])


def volume_options(folders):
    return [word for v in folders for word in ("-v", f"{v}:{v}")]


@contextlib.contextmanager
def einkorn(server):
    name, address = f"b{next(numbers)}", addresses.pop()
    sh(*pinned(EINKORN, "run", "-d", "--name", name, "--network", "bridge",
               "--ip", address, *volume_options(server.volumes),
               *server.options, server.argv[0], *server.argv))
    try:
        yield Running(address, lambda: instance_pids(name))
    except Exception as error:
        log = sh(EINKORN, "logs", "-n", "3", name, check=False)
        raise RuntimeError(f"{error}; its log ends: {log.stdout[-300:]}"
                           f"{log.stderr[-300:]}") from error
    finally:
        sh(EINKORN, "rm", "-f", name, check=False)
        addresses.append(address)


# ---- a namespace behind veth -------------------------------------------
class Namespace:
    """A network namespace with an address of its own behind veth."""

    def __init__(self, bridge=None):
        number = next(numbers)
        self.name = f"n{number}"
        self.host = f"10.115.{number >> 6}.{(number & 63) * 4 + 1}"
        self.address = f"10.115.{number >> 6}.{(number & 63) * 4 + 2}"
        self.veth = f"v{number}"
        bits = "16" if bridge else "30"
        sh("ip", "netns", "add", self.name)
        sh("ip", "link", "add", self.veth, "type", "veth", "peer", "name",
           "eth0", "netns", self.name)
        if bridge:
            sh("ip", "link", "set", self.veth, "master", bridge, "up")
        else:
            sh("ip", "addr", "add", f"{self.host}/{bits}", "dev", self.veth)
            sh("ip", "link", "set", self.veth, "up")
        sh("ip", "-n", self.name, "-batch", "-", input=(
            f"addr add {self.address}/{bits} dev eth0\nlink set eth0 up\n"
            f"link set lo up\n" + ("" if bridge else
                                   f"route add default via {self.host}\n")))
        use_cubic(*self.enter())

    def enter(self, *args):
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, args)]

    def close(self):
        sh("ip", "link", "del", self.veth, check=False)
        sh("ip", "netns", "del", self.name, check=False)


@contextlib.contextmanager
def namespace(bridge=None):
    made = Namespace(bridge)
    try:
        yield made
    finally:
        made.close()


def end(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def process(*args, **kwargs):
    """A process of ours that is ended with the block."""
    kwargs.setdefault("stdout", subprocess.DEVNULL)
    kwargs.setdefault("stderr", subprocess.DEVNULL)
    started = subprocess.Popen([str(a) for a in args],
                               stdin=subprocess.DEVNULL, **kwargs)
    try:
        yield started
    finally:
        end(started)


def with_scratch(argv, folders):
    """The command in a mount namespace with the folders in memory."""
    if not folders:
        return argv
    mounts = "".join(f"mount -t tmpfs tmpfs {f}; " for f in folders)
    return ["unshare", "--mount", "sh", "-c", mounts + 'exec "$@"', "sh",
            *argv]


@contextlib.contextmanager
def netns(server):
    command = with_scratch(pinned(*server.argv), server.scratch)
    with namespace() as net, process(*net.enter(*command)) as started:
        yield Running(net.address, lambda: descendants(started.pid))


# ---- OCI runtimes ------------------------------------------------------
@contextlib.contextmanager
def host_root(folder):
    """The host's files as a container sees its image: under an overlay."""
    root = pathlib.Path(folder) / "rootfs"
    scratch = pathlib.Path(folder) / "scratch"
    for path in (root, scratch / "upper", scratch / "work"):
        path.mkdir(parents=True)
    sh("mount", "-t", "overlay", "overlay", "-o",
       f"lowerdir=/,upperdir={scratch}/upper,workdir={scratch}/work", root)
    try:
        yield root
    finally:
        sh("umount", "-l", root)


def oci_spec(folder, argv, net=None, volumes=()):
    """Writes config.json for argv in folder/rootfs."""
    sh("crun", "spec", cwd=folder)
    path = pathlib.Path(folder) / "config.json"
    spec = json.loads(path.read_text())
    spec["process"].update(args=list(map(str, argv)), terminal=False)
    spec["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 20000,
                                   "hard": 20000}]
    spec["root"]["readonly"] = False
    # The name that the host's /etc/hosts knows: a server that looks up its
    # own would wait for an answer of DNS.
    spec["hostname"] = socket.gethostname()
    for kind in spec["process"]["capabilities"].values():
        kind[:] = ["CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_OVERRIDE",
                   "CAP_NET_BIND_SERVICE", "CAP_KILL", "CAP_SYS_CHROOT"]
    for kind in spec["linux"]["namespaces"]:
        if kind["type"] == "network" and net:
            kind["path"] = f"/run/netns/{net.name}"
    spec["mounts"] += [{"destination": "/run", "type": "tmpfs",
                        "source": "tmpfs", "options": ["mode=755"]},
                       *({"destination": str(v), "source": str(v),
                          "type": "bind", "options": ["rbind"]}
                         for v in volumes)]
    path.write_text(json.dumps(spec))


def oci(runtime):
    @contextlib.contextmanager
    def peer(server, run):
        folder = f"/run/oci{next(numbers)}"
        os.mkdir(folder)
        name = f"{run.tag}x{next(numbers)}"
        with namespace() as net, host_root(folder):
            oci_spec(folder, server.argv, net, server.volumes)
            with process(*pinned(runtime, "run", "-b", folder, name),
                         stderr=open(f"{folder}/log", "w")) as started:
                try:
                    yield Running(net.address,
                                  lambda: descendants(started.pid)[1:])
                except Exception as error:
                    log = pathlib.Path(f"{folder}/log").read_text()[-300:]
                    raise RuntimeError(f"{error}; {log}") from error
                finally:
                    sh(runtime, "delete", "-f", name, check=False)
    return peer


# ---- plug-ins ----------------------------------------------------------
def plugins():
    """Programs in BENCH_PLUGINS that say they can run here."""
    folder = os.environ.get("BENCH_PLUGINS")
    found = sorted(pathlib.Path(folder).iterdir()) if folder else []
    return {p.name: str(p) for p in found if os.access(p, os.X_OK)
            and p.is_file() and sh(p, "probe", check=False).returncode == 0}


def plugin(path):
    @contextlib.contextmanager
    def peer(server, _run):
        number = next(numbers)
        tap, host = f"p{number}", f"10.117.{number % 250}.1"
        env = {**os.environ, "BENCH_TAP": tap, "BENCH_GATEWAY": host,
               "BENCH_ADDRESS": f"10.117.{number % 250}.2",
               "BENCH_BITS": "24", "BENCH_PORT": str(server.port)}
        sh("ip", "tuntap", "add", tap, "mode", "tap")
        sh("ip", "addr", "add", f"{host}/24", "dev", tap)
        sh("ip", "link", "set", tap, "up")
        with process(*pinned(path, "serve", server.name), env=env) as started:
            yield Running(env["BENCH_ADDRESS"],
                          lambda: descendants(started.pid))
        sh("ip", "link", "del", tap, check=False)
    return peer


# ---- all of them -------------------------------------------------------
def containers():
    return {name: oci(name) for name in ("crun", "runc") if shutil.which(name)}


def start(run, stack, server, others=()):
    """Starts the server (a Server, or a function that makes one for a peer)
    under einkorn, behind veth, and under `others` (of containers() and
    plugins()); returns {peer: Running} of those that answer. Without ours
    there is nothing to compare: its failure is the case's."""
    makers = {OURS: einkorn, NETNS: netns}
    for name, maker in dict(others).items():
        makers[name] = lambda s, maker=maker: maker(s, run)
    running = {}
    for name, maker in makers.items():
        wanted = server(name) if callable(server) else server
        # What a failed peer left behind goes before the next one starts.
        with contextlib.ExitStack() as mine:
            try:
                one = mine.enter_context(maker(wanted))
                (wanted.ready or wait_reachable)(one.address, wanted.port)
            except Exception as error:
                if name == OURS:
                    raise
                run.fail(f"{wanted.name}: {name}", error)
                continue
            running[name] = one
            stack.push(mine.pop_all())
    return running


def load(*args, enter=(), **kwargs):
    """Runs a load generator on the clients' processor, as sh()."""
    with watched((SERVER_CPU, CLIENT_CPU), taken.append):
        return sh(*enter, *pinned(*args, cpu=CLIENT_CPU), **kwargs)


def client(*args, **kwargs):
    """Runs a load generator on the clients' processor; its output."""
    return load(*args, **kwargs).stdout


def cpu_check():
    if os.cpu_count() < 2:
        raise Skip("needs two processors: one serves, one asks")
