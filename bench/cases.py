# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's cases. Each returns {"what", "command", figures ...}."""
import json
import os
import pathlib
import re
import subprocess
import time

from common import (BUILD, CLIENT_CPU, EINKORN, Namespace, compile_c,
                    descendants, have, instance, memory_kib, runs, sh, summary,
                    temp_dir, wait_http)

NGINX = "/usr/sbin/nginx"
NGINX_ARGS = ["nginx", "-g", "daemon off; master_process off;"]


def oci_bundle(folder, program):
    root = pathlib.Path(folder) / "rootfs"
    root.mkdir()
    sh("cp", program, root / "hello")
    sh("crun", "spec", cwd=folder)
    path = pathlib.Path(folder) / "config.json"
    spec = json.loads(path.read_text())
    spec["process"]["args"] = ["/hello"]
    spec["process"]["terminal"] = False
    path.write_text(json.dumps(spec))


# crun knows cgroup v1 and v2, but not both at once: on a host whose v1
# controllers stand beside an unused v2 tree ("hybrid") it refuses to start.
# There it runs without cgroups, in a mount namespace without the v2 tree. All
# commands of the comparison run in that namespace.
HYBRID = ["unshare", "-m", "sh", "-c",
          'umount /sys/fs/cgroup/unified; exec "$@"', "sh"]


def oci_peers(folder):
    """What to run all commands in, and the OCI runtimes that work here."""
    name = f"ekbench{os.getpid()}"
    wrap = []
    peers = {"crun": ["crun", "run", "-b", folder, name]}
    if sh(*peers["crun"], check=False).returncode:
        wrap = HYBRID
        peers["crun"].insert(1, "--cgroup-manager=disabled")
    if have("runc") and not sh(*wrap, "runc", "run", "-b", folder, name,
                               check=False).returncode:
        peers["runc"] = ["runc", "run", "-b", folder, name]
    return wrap, peers


def compare_start(spawn, program):
    """Medians of einkorn, its peers and the bare process, taking turns."""
    ours = [EINKORN, "run", "--rm", "--network", "none", program]
    sh(*ours)  # image and namespaces are made outside of the wrapper
    with temp_dir() as folder:
        oci_bundle(folder, program)
        wrap, peers = oci_peers(folder)
        commands = {"einkorn": ours, **peers, "bare": [program]}
        out = sh(*wrap, spawn, runs(100, 20),
                 *(word for c in commands.values() for word in ("--", *c)))
    result = dict(zip(commands, map(summary, json.loads(out.stdout))))
    for peer in peers:
        result[f"ratio to {peer}"] = (result["einkorn"]["median"] /
                                      result[peer]["median"])
    return result | {"ratio": result["ratio to crun"]}


def start_to_exit():
    """hello, start to exit, against crun with the same static binary."""
    if not have("crun"):
        return {"skipped": "crun is not installed"}
    spawn = compile_c("spawn.c")
    return {"what": "hello, start to exit (ns)",
            "command": "einkorn run --rm --network none HELLO",
            "musl": compare_start(spawn, compile_c("hello.c", "-static",
                                                   compiler="musl-gcc")),
            "glibc": compare_start(spawn, compile_c("hello.c", "-static"))}


def first_response():
    """nginx: from the tool's start to the first answer."""
    ours, bare = [], []
    namespace = Namespace()
    try:
        for _ in range(runs(10, 3)):
            start = time.monotonic()
            with instance("--network", "bridge", NGINX, *NGINX_ARGS) as (
                    _, address):
                wait_http(f"http://{address}/")
                ours.append(time.monotonic() - start)
            start = time.monotonic()
            with namespace.server(NGINX, *NGINX_ARGS[1:]):
                wait_http(f"http://{namespace.address}/")
                bare.append(time.monotonic() - start)
    finally:
        namespace.close()
    return {"what": "nginx: start to first response (s)",
            "command": "einkorn run -d nginx; first HTTP answer",
            "einkorn": summary(ours), "bare in netns": summary(bare)}


def wrk(url, connections, seconds, *headers):
    out = sh("taskset", "-c", CLIENT_CPU, "wrk", "-t1", f"-c{connections}",
             f"-d{seconds}s", *headers, url).stdout
    return float(re.search(r"Requests/sec: *([\d.]+)", out)[1])


def requests():
    """nginx requests/s against the same nginx behind veth."""
    close = ["-H", "Connection: close"]
    variants = {"keep-alive, 64 connections": (64, []),
                "keep-alive, 1 connection": (1, []),
                "close, 64 connections": (64, close)}
    result = {"what": "nginx, 612 B page, requests/s",
              "command": "wrk -t1 -cN -d5s"}
    namespace = Namespace()
    seconds = runs(5, 2)
    try:
        with instance("--network", "bridge", NGINX, *NGINX_ARGS) as (
                _, address), namespace.server(NGINX, *NGINX_ARGS[1:]):
            ours_url = f"http://{address}/"
            bare_url = f"http://{namespace.address}/"
            wait_http(ours_url)
            wait_http(bare_url)
            for name, (connections, headers) in variants.items():
                ours, bare = [], []
                for _ in range(runs(5, 2)):
                    ours.append(wrk(ours_url, connections, seconds, *headers))
                    bare.append(wrk(bare_url, connections, seconds, *headers))
                ours, bare = summary(ours), summary(bare)
                result[name] = {"einkorn": ours, "behind veth": bare,
                                "ratio": ours["median"] / bare["median"]}
    finally:
        namespace.close()
    return result


def system_calls():
    """Patched getppid and a thread switch against Linux's."""
    program = compile_c("getpid.c", "-pthread")
    ours, linux = [], []
    for _ in range(runs(5, 2)):
        ours.append(json.loads(sh(EINKORN, "run", "--rm", "--network", "none",
                                  program).stdout))
        linux.append(json.loads(sh("taskset", "-c", "0", program).stdout))
    result = {"what": "system call and thread switch (ns)",
              "command": "einkorn run --rm --network none getpid"}
    for key in ("getppid_ns", "switch_ns"):
        a = summary([o[key] for o in ours])
        b = summary([o[key] for o in linux])
        result[key] = {"einkorn": a, "linux": b,
                       "times faster": b["median"] / a["median"]}
    return result


def fast_share():
    """fast / (fast + slow) entries over nginx's whole run."""
    name = f"benchstats{os.getpid()}"
    sh(EINKORN, "run", "-d", "--stats", "--name", name, "--network", "bridge",
       NGINX, *NGINX_ARGS)
    try:
        info = json.loads(sh(EINKORN, "inspect", name).stdout)[0]
        url = f"http://{info['NetworkSettings']['IPAddress']}/"
        wait_http(url)
        wrk(url, 64, 2)
        sh(EINKORN, "stop", name)
        logs = sh(EINKORN, "logs", name)
    finally:
        sh(EINKORN, "rm", "-f", name, check=False)
    text = logs.stdout + logs.stderr
    found = re.search(r"stats: calls fast (\d+) slow (\d+)", text)
    fast, slow = int(found[1]), int(found[2])
    return {"what": "nginx: system calls by entry", "command":
            "einkorn run --stats nginx; wrk -c64 -d2s", "fast": fast,
            "slow": slow, "share": fast / (fast + slow)}


def sizes():
    """Size of what is shipped."""
    with temp_dir() as folder:
        figures = {}
        for name in ("kernel.elf", "einkorn-proc", "einkorn-vm.elf"):
            out = f"{folder}/{name}"
            sh("strip", "-o", out, BUILD / "libexec" / name)
            figures[name] = os.path.getsize(out)
        sh("strip", "-o", f"{folder}/einkorn", EINKORN)
        figures["einkorn"] = os.path.getsize(f"{folder}/einkorn")
    return {"what": "size, stripped (bytes)", "command": "strip", **figures}


def idle_memory():
    """PSS and private memory of all processes of an idle instance."""
    sleeper = compile_c("idle.c", "-static", compiler="musl-gcc")
    result = {"what": "idle memory of all processes (KiB)",
              "command": "/proc/PID/smaps_rollup of monitor and guest"}
    for name, args in (("hello", ["--network", "none", sleeper]),
                       ("nginx", ["--network", "bridge", NGINX, *NGINX_ARGS])):
        with instance(*args) as (ident, address):
            if address:
                wait_http(f"http://{address}/")
            time.sleep(1)
            info = json.loads(sh(EINKORN, "inspect", ident).stdout)[0]
            pid = info["State"]["Pid"]
            parent = int(open(f"/proc/{pid}/stat").read().split()[3])
            pids = set(descendants(pid)) | ({parent} - {0, 1})
            result[name] = memory_kib(pids)
    bare = subprocess.Popen([sleeper])
    time.sleep(0.2)
    result["hello bare"] = memory_kib([bare.pid])
    bare.terminate()
    bare.wait()
    return result


CASES = {f.__name__: f for f in (
    sizes, system_calls, start_to_exit, first_response, requests, fast_share,
    idle_memory)}
