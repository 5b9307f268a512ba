# SPDX-License-Identifier: BSD-2-Clause
"""Where programs run: the tool in a network namespace of the tests' own, a
folder for each program, and what the others must know of it."""
import contextlib
import json
import re
import socket
import subprocess
import tomllib

from tests.conftest import BUILD, ROOT
from tests.integration.conftest import wait_for
from tests.programs import prepare

CATALOG = ROOT / "tests/programs/programs.toml"
HOST = "10.96.0.1"  # the bridge's address, as the guests see us
READY_SECONDS = {"proc": 60, "kvm": 120, "qemu": 240}


def catalog():
    """All programs: name -> table."""
    return tomllib.loads(CATALOG.read_text())


class Server:
    """A running instance of a program."""

    def __init__(self, lab, name, spec, folder, ident, first):
        self.lab, self.name, self.spec = lab, name, spec
        self.folder, self.ident, self.first = folder, ident, first
        self.address = self.inspect()["NetworkSettings"]["IPAddress"]

    def inspect(self):
        return json.loads(self.lab.tool.ok("inspect", self.ident))[0]

    def running(self):
        return self.inspect()["State"]["Running"]

    def log(self):
        done = self.lab.tool("logs", self.ident)
        return done.stdout + done.stderr

    def is_ready(self):
        sign = self.spec["ready"]
        assert self.running(), f"{self.name} has ended:\n{self.log()}"
        if isinstance(sign, str):
            return sign in self.log()
        with contextlib.suppress(OSError):
            socket.create_connection((self.address, sign), 1).close()
            return True
        return False

    def wait_ready(self):
        wait_for(self.is_ready, READY_SECONDS[self.lab.platform])

    def stop(self):
        """SIGTERM; the program must end by itself, as it does on Linux."""
        self.lab.tool.ok("stop", "-t", "60", self.ident, timeout=90)
        self.check_end()

    def check_end(self):
        status = self.lab.tool.ok("wait", self.ident)
        assert status == str(self.spec.get("ends", 0)), \
            f"status {status}\n{self.log()}"
        assert self.spec.get("says", "") in self.log()

    def kill(self):
        """No clean end at all."""
        self.lab.tool.ok("kill", self.ident)
        self.lab.tool.ok("wait", self.ident)

    def stats(self):
        """System calls through patched sites and others, unknown ones."""
        text = self.log()
        total = re.search(r"stats: calls fast (\d+) slow (\d+)", text)
        assert total, f"no statistics in the log:\n{text}"
        missing = re.findall(r"stats: call (\w+) .* enosys [1-9]", text)
        return {"fast": int(total[1]), "slow": int(total[2]),
                "missing": sorted(missing)}


class Lab:
    """Starts programs on one platform; ends all of them with itself."""

    def __init__(self, tool, base, platform, stack):
        self.tool, self.base, self.platform = tool, base, platform
        self.stack = stack
        self.servers = {}
        self.values = {"host": HOST, "build": str(BUILD)}

    def fill(self, text):
        """Puts values at the places of @names@."""
        return re.sub(r"@([\w-]+)@",
                      lambda m: str(self.values.get(m[1], m[0])), text)

    def prepare(self, name, spec):
        for other in spec.get("behind", []):
            self.values[other] = self.start(other).address
        folder = self.base / name
        folder.mkdir()
        self.values["srv"] = folder
        for what in spec.get("needs", []):
            getattr(prepare, what)(self, folder)
        for path, text in spec.get("files", {}).items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(self.fill(text))
        return folder

    def start(self, name, spec=None):
        """Starts a program, the second time on what the first one left."""
        spec = spec or catalog()[name]
        first = name not in self.servers
        folder = (self.prepare(name, spec) if first
                  else self.servers[name].folder)
        self.values["srv"] = folder
        ident = self.tool.ok(
            "run", "-d", "--stats", "--platform", self.platform, "-v",
            f"{folder}:/srv", *spec.get("options", []),
            self.fill(spec["program"]), *map(self.fill, spec["args"]),
            timeout=240)
        self.stack.callback(self.tool, "rm", "-f", ident)
        self.servers[name] = Server(self, name, spec, folder, ident, first)
        self.servers[name].wait_ready()
        return self.servers[name]


def run(*command, timeout=240, **options):
    """A client: must succeed; returns its output."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout
