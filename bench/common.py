# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmark's cases share: processes, network namespaces, figures.

Every comparison takes turns between ours and the baseline in one run: the
machines are shared, so only ratios mean anything.
"""
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("O", "build")
EINKORN = str(BUILD / "einkorn")
QUICK = bool(os.environ.get("QUICK"))
SERVER_CPU, CLIENT_CPU = "0", "1"


def sh(*args, check=True, **kwargs):
    kwargs.setdefault("capture_output", True)
    return subprocess.run([str(a) for a in args], text=True, check=check,
                          **kwargs)


def runs(full, quick):
    return quick if QUICK else full


def summary(values):
    """Median and spread (quartiles) of a list of numbers."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return {"median": statistics.median(ordered), "low": ordered[quarter],
            "high": ordered[-1 - quarter], "runs": len(ordered)}


def compile_c(source, *flags, compiler="gcc"):
    out = BUILD / "bench" / (pathlib.Path(source).stem + "-" + compiler +
                             "".join(flags).replace("/", "_"))
    out.parent.mkdir(parents=True, exist_ok=True)
    sh(compiler, "-O2", "-o", out, ROOT / "bench" / source, *flags)
    return str(out)


@contextlib.contextmanager
def instance(*args, pin=SERVER_CPU):
    """A detached instance; yields (name, address) and removes it."""
    name = f"bench{os.getpid()}x{time.monotonic_ns() % 1000000}"
    sh("taskset", "-c", pin, EINKORN, "run", "-d", "--name", name, *args)
    try:
        info = json.loads(sh(EINKORN, "inspect", name).stdout)[0]
        yield name, info["NetworkSettings"]["IPAddress"]
    finally:
        sh(EINKORN, "rm", "-f", name, check=False)


class Namespace:
    """A network namespace behind veth, for the bare program."""

    made = 0

    def __init__(self):
        Namespace.made += 1
        self.name = f"ekb{os.getpid()}x{Namespace.made}"
        self.host, self.address = "10.115.77.1", "10.115.77.2"
        veth = f"ekb{os.getpid() % 100000}x{Namespace.made}"
        sh("ip", "netns", "add", self.name)
        sh("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0",
           "netns", self.name)
        sh("ip", "addr", "add", self.host + "/30", "dev", veth)
        sh("ip", "link", "set", veth, "up")
        inside = ["ip", "-n", self.name]
        sh(*inside, "addr", "add", self.address + "/30", "dev", "eth0")
        sh(*inside, "link", "set", "eth0", "up")
        sh(*inside, "link", "set", "lo", "up")

    def command(self, *args, pin=SERVER_CPU):
        return ["ip", "netns", "exec", self.name, "taskset", "-c", pin,
                *map(str, args)]

    @contextlib.contextmanager
    def server(self, *args):
        process = subprocess.Popen(self.command(*args),
                                   stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)

    def close(self):
        sh("ip", "netns", "del", self.name, check=False)


def wait_http(url, seconds=20):
    """Seconds until the first answer."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return time.monotonic() - start
        except OSError:
            time.sleep(0.001)
    raise TimeoutError(url)


def memory_kib(pids):
    """PSS and private memory of processes, in KiB."""
    total = {"pss": 0, "private": 0}
    for pid in pids:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            words = line.split()
            if words[0] == "Pss:":
                total["pss"] += int(words[1])
            elif words[0] in ("Private_Clean:", "Private_Dirty:"):
                total["private"] += int(words[1])
    return total


def descendants(pid):
    pids = [pid]
    for known in pids:
        for task in pathlib.Path(f"/proc/{known}/task").glob("*/children"):
            pids += [int(p) for p in task.read_text().split()]
    return pids


def temp_dir():
    return tempfile.TemporaryDirectory(prefix="einkorn-bench-")


def have(*programs):
    return all(shutil.which(p) for p in programs)
