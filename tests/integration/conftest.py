# SPDX-License-Identifier: BSD-2-Clause
"""For tests of the tool alone: a copy of it beside a tender that runs host
commands, with state folders of each test's own."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from tests.conftest import BUILD, EINKORN

BUSYBOX = "/bin/busybox"
HERE = pathlib.Path(__file__).resolve().parent


def wait_for(condition, timeout=10):
    """Polls until condition() is true; returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.01)


def give_route(run):
    """A network with a default route for a namespace that has none; run(...)
    runs a command there. (passt insists on one.)"""
    run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1")
    run("ip", "address", "add", "10.97.9.1/24", "dev", "up0")
    run("ip", "link", "set", "up0", "up")
    run("ip", "link", "set", "up1", "up")
    run("ip", "route", "add", "default", "via", "10.97.9.2")


class Tool:
    """The tool with a fake tender; call it like the command."""

    def __init__(self, path, base, target, prefix=(), env=None):
        self.path = path
        self.run_dir = base / "run"
        self.target = target
        self.prefix = list(prefix)
        self.env = {**os.environ, "EINKORN_ROOT": str(path.parent / "data"),
                    "EINKORN_RUN": str(self.run_dir), **(env or {})}

    def command(self, *args):
        return [*self.prefix, str(self.path), *map(str, args)]

    def __call__(self, *args, timeout=30, **kwargs):
        kwargs.setdefault("capture_output", True)
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(self.command(*args), text=True, env=self.env,
                              timeout=timeout, **kwargs)

    def popen(self, *args, **kwargs):
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(self.command(*args), text=True, env=self.env,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **kwargs)

    def ok(self, *args, **kwargs):
        """Runs it, insists on success, returns its output."""
        p = self(*args, **kwargs)
        assert p.returncode == 0, p.stderr
        return p.stdout.strip()

    def sh(self, script, *options):
        """run [options] with a shell script as the program."""
        return self("run", "--network", "none", *options, self.target, "sh",
                    "-c", script)

    def start(self, script, *options, network="none"):
        """The same in the background; returns the id."""
        return self.ok("run", "-d", "--network", network, *options,
                       self.target, "sh", "-c", script)

    def monitor_pid(self, ident):
        """Who holds the lock: what the tool itself asks the kernel."""
        st = os.stat(self.run_dir / "instances" / ident)
        file = "%02x:%02x:%d" % (os.major(st.st_dev), os.minor(st.st_dev),
                                 st.st_ino)
        for line in pathlib.Path("/proc/locks").read_text().splitlines():
            f = line.split()
            if f[1] == "POSIX" and f[5] == file:
                return int(f[4])
        return 0

    def clean_up(self):
        for ident in self("ps", "-aq", "--no-trunc").stdout.split():
            self("rm", "-f", ident)
        subprocess.run(["umount", "-l", "-R", self.run_dir], check=False,
                       capture_output=True)


@contextlib.contextmanager
def installed(base, target=None, prefix=(), **env):
    """The tool as it was built, with state below base; ends all it started."""
    made = Tool(EINKORN, base, target, prefix, env)
    made.env["EINKORN_ROOT"] = str(base / "data")
    try:
        yield made
    finally:
        made.clean_up()


@pytest.fixture
def busybox_tool(tmp_path):
    """The tool as it was built, for a static busybox."""
    if not os.path.exists(BUSYBOX):
        pytest.skip("SKIP needs busybox-static")
    with installed(tmp_path, BUSYBOX) as made:
        yield made


@contextlib.contextmanager
def own_network():
    """The command that enters a new network namespace, with loopback up."""
    if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
        pytest.skip("SKIP needs root and /dev/net/tun")
    holder = subprocess.Popen(["unshare", "-n", "sleep", "600"])
    try:
        own = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own)
        enter = ["nsenter", "-t", str(holder.pid), "-n"]
        subprocess.run([*enter, "ip", "link", "set", "lo", "up"], check=True)
        yield enter
    finally:
        holder.kill()
        holder.wait()


@pytest.fixture(scope="session")
def fake_install(tmp_path_factory):
    """The built tool, the real image builder, a fake tender, a target."""
    if not EINKORN.exists():
        pytest.skip("SKIP build/einkorn is not built")
    base = tmp_path_factory.mktemp("install")
    libexec = base / "libexec"
    libexec.mkdir()
    shutil.copy(EINKORN, base / "einkorn")
    shutil.copy(HERE / "fake" / "einkorn-proc", libexec)
    (libexec / "einkorn-image").symlink_to(
        BUILD / "libexec" / "einkorn-image")
    source = base / "target.c"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-static", "-o", base / "target", source],
                   check=True)
    return base


@pytest.fixture
def tool(fake_install, tmp_path):
    t = Tool(fake_install / "einkorn", tmp_path, fake_install / "target")
    yield t
    t.clean_up()
