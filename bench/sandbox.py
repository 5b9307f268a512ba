# SPDX-License-Identifier: BSD-2-Clause
"""Runs one case in namespaces of its own and bounds its time.

The case is process 1's child in a new process namespace: when process 1 ends,
or is killed, the host's kernel ends every process that the case started, and
with them its network, mounts and everything below /run. What is left then,
control groups of OCI runtimes, is found by the names that harness.py gives.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("O", "build")
EINKORN = BUILD / "einkorn"
ALLOWED = pathlib.Path("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
AUTOGROUP = pathlib.Path("/proc/sys/kernel/sched_autogroup_enabled")
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# A case that misses its share by this much hangs. Half of what the others
# have is never taken from them.
SLACK_FACTOR, SLACK_SECONDS, LEAST_SECONDS = 1.5, 15, 3
LATE_FACTOR = 1.2
# For starting, and for ending by itself when it is told that its time is up.
GRACE_SECONDS = 8


def run_case(name, seconds, left, folder):
    """The case's results, as harness.Run saved them, with "status", "reason"
    and "seconds". `left` is what the whole budget still has."""
    out, log = pathlib.Path(folder) / "out.json", pathlib.Path(folder) / "log"
    tag = f"ekbench{os.getpid()}"
    limit = max(LEAST_SECONDS,
                min(seconds * SLACK_FACTOR + min(seconds, SLACK_SECONDS),
                    seconds * LATE_FACTOR + (left - seconds) / 2))
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc",
               "--kill-child", sys.executable, __file__, name, str(seconds),
               str(limit), str(out), tag]
    start = time.monotonic()
    with open(log, "w") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                   stdout=stream, stderr=stream)
        try:
            status = process.wait(limit + GRACE_SECONDS)
            reason = "ended by the harness"
        except subprocess.TimeoutExpired:
            status, reason = None, f"ended: took more than {limit:.0f} s"
        finally:
            process.kill()
            process.wait()
            remove_cgroups(tag)
    case = json.loads(out.read_text()) if out.exists() else {"status": "failed"}
    if status != 0 and "reason" not in case:
        tail = log.read_text(errors="replace").strip().splitlines()[-3:]
        case["reason"] = reason + "".join(f"; {line}" for line in tail)
    if status != 0:
        measured = case.get("rows") or case.get("figures")
        case["status"] = "partial" if measured else "failed"
    return case | {"seconds": round(time.monotonic() - start, 2)}


def remove_cgroups(tag):
    for path in sorted(CGROUPS.glob(f"**/*{tag}*"), reverse=True):
        try:
            path.rmdir()
        except OSError as error:
            print(f"bench: cannot remove {path}: {error}", file=sys.stderr)


def enter():
    """In the fresh namespaces: what is there looks like a machine's."""
    sh = subprocess.check_call
    sh(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    os.makedirs("/run/netns")
    os.makedirs("/run/cgroup")
    # sysfs shows the network it was mounted in. crun refuses a host that
    # mounts cgroup v2 beside v1's controllers: hide v2 there.
    sh(["mount", "--rbind", str(CGROUPS), "/run/cgroup"])
    sh(["mount", "-t", "sysfs", "sysfs", "/sys"])
    sh(["mount", "--rbind", "/run/cgroup", str(CGROUPS)])
    if (CGROUPS / "unified").is_dir():
        sh(["umount", f"{CGROUPS}/unified", "/run/cgroup/unified"])
    sh(["ip", "link", "set", "lo", "up"])
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    use_cubic()
    os.environ.update(EINKORN_ROOT=str(BUILD / "bench/root"),
                      EINKORN_RUN="/run/einkorn")
    for name in ("EINKORN_BRIDGE", "EINKORN_SUBNET", "QUICK", "BUDGET"):
        os.environ.pop(name, None)


def use_cubic(*enter):
    """Linux's usual congestion control, whatever this machine prefers."""
    subprocess.call([*enter, "sh", "-c", "grep -q cubic "
                     "/proc/sys/net/ipv4/tcp_congestion_control || echo cubic "
                     "> /proc/sys/net/ipv4/tcp_congestion_control"])


@contextlib.contextmanager
def setting(path, value, why):
    """A setting that the machine has is another for the time of the run."""
    if not path.exists():
        yield
        return
    try:
        before = path.read_text()
        path.write_text(value(before.strip()) + "\n")
    except OSError as error:
        print(f"bench: {why}: {error}", file=sys.stderr)
        yield
        return
    try:
        yield
    finally:
        path.write_text(before)


@contextlib.contextmanager
def settings():
    """A machine whose own choice of congestion control is another one allows
    the namespaces it made only that, and reno; they may have CUBIC. And each
    session (our instances have their own) would get an equal part of a busy
    processor, whatever its priority: sched(7), "The autogroup feature"."""
    with setting(ALLOWED, lambda v: v if "cubic" in v else v + " cubic",
                 "no CUBIC for the peers"), \
            setting(AUTOGROUP, lambda _: "0", "sessions share processors"):
        yield


def reap(child):
    """Process 1's duty: waits for all, returns the child's exit status."""
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def main():
    name, seconds, limit, out, tag = sys.argv[1:]
    enter()
    child = os.fork()
    if child == 0:
        import harness  # it reads the environment that enter() made
        harness.run(name, float(seconds), float(limit), pathlib.Path(out),
                    tag)
        os._exit(0)
    os._exit(0 if reap(child) == 0 else 1)


if __name__ == "__main__":
    assert os.getpid() == 1, "sandbox.py is run by bench in its own namespaces"
    main()
