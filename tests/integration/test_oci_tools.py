# SPDX-License-Identifier: BSD-2-Clause
"""Images as buildah and umoci make them, with layers that remove files. All
of it in `make test-all`; the programs are of kind `programs`."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from tests.conftest import TEST_ALL
from tests.integration.conftest import installed

BUSYBOX = "/bin/busybox"

pytestmark = pytest.mark.skipif(not TEST_ALL, reason="SKIP in make test-all")


def need(name):
    if os.geteuid() != 0 or not os.path.exists(BUSYBOX):
        pytest.skip("SKIP needs root and busybox-static")
    if shutil.which(name) is None:
        pytest.skip(f"SKIP needs {name}: tools/install-packages programs")


def call(*words, **more):
    p = subprocess.run([str(w) for w in words], capture_output=True, text=True,
                       check=False, timeout=120, **more)
    assert p.returncode == 0, f"{words}: {p.stderr}"
    return p.stdout.strip()


@pytest.fixture
def tool(tmp_path):
    with installed(tmp_path) as made:
        yield made


def fill(root):
    """First layer: a program, and what the second one changes."""
    for folder in ("bin", "etc", "gone/deep", "kept", "srv"):
        (root / folder).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for applet in ("sh", "ls", "id", "cat", "env", "find", "sleep"):
        (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n"
                                     "web:x:33:44::/srv:/bin/sh\n")
    (root / "gone/deep/file").write_text("removed")
    (root / "kept/file").write_text("old")
    (root / "kept/other").write_text("other")
    os.link(root / "kept/other", root / "kept/same")
    os.chown(root / "srv", 33, 44)


def change(root):
    """The other text has another length: within one second that is all by
    which buildah tells that a file has changed."""
    shutil.rmtree(root / "gone")
    (root / "kept/file").write_text("newer")
    (root / "kept/other").unlink()
    (root / "added").write_text("added")


def check(tool, name):
    """What both images must come to."""
    def run(*command, options=()):
        return tool.ok("run", "--rm", "--network", "none", *options, name,
                       *command)

    assert run() == "uid=33(web) gid=44"
    text = run("cat", "/kept/file", "/kept/same", "/added")
    assert text == "newerotheradded"
    assert run("ls", "/kept") == "file\nsame"
    assert "gone" not in run("ls", "/").split()
    env = run("env").splitlines()
    assert "GREETING=hello world" in env and "HOME=/srv" in env
    # User 33 may write to its own directory, which is where it starts.
    assert run("sh", "-c", "echo x > mine && pwd") == "/srv"
    ident = tool.ok("run", "-d", "--network", "none", name, "sleep", "100")
    record = json.loads(tool.ok("inspect", ident))[0]
    assert record["Config"]["StopSignal"] in ("SIGINT", "INT", "2")
    tool.ok("rm", "-f", ident)


@pytest.fixture
def buildah(tmp_path):
    need("buildah")
    base = ["buildah", "--storage-driver", "vfs", "--root", tmp_path / "store",
            "--runroot", tmp_path / "runroot"]
    made = []

    def do(*words):
        out = call(*base, *words)
        if words[0] == "from":
            made.append(out)
        return out

    yield do
    for container in made:
        subprocess.run([*map(str, base), "rm", container], check=False,
                       capture_output=True)


@pytest.mark.parametrize("transport", ["oci", "oci-archive",
                                       "docker-archive"])
def test_buildah(tool, buildah, tmp_path, transport):
    first = buildah("from", "scratch")
    fill(pathlib.Path(buildah("mount", first)))
    buildah("config", "--entrypoint", "[]", "--cmd", "id", "--user", "web",
            "--workingdir", "/srv", "--env", "GREETING=hello world",
            "--stop-signal", "SIGINT", "--port", "80", first)
    buildah("commit", first, "first")
    second = buildah("from", "--pull-never", "first")
    change(pathlib.Path(buildah("mount", second)))
    path = tmp_path / "image"
    name = f"{transport}:{path}"
    docker = transport == "docker-archive"
    buildah("commit", "--format", "docker" if docker else "oci", second,
            f"{name}:web:1" if docker else f"{name}:latest")
    check(tool, name)


def test_umoci(tool, tmp_path):
    need("umoci")
    layout, bundle = tmp_path / "layout", tmp_path / "bundle"
    call("umoci", "init", "--layout", layout)
    call("umoci", "new", "--image", f"{layout}:web")
    call("umoci", "unpack", "--image", f"{layout}:web", bundle)
    fill(bundle / "rootfs")
    call("umoci", "repack", "--refresh-bundle", "--image", f"{layout}:web",
         bundle)
    change(bundle / "rootfs")
    call("umoci", "repack", "--image", f"{layout}:web", bundle)
    call("umoci", "config", "--image", f"{layout}:web", "--config.cmd", "id",
         "--config.user", "web", "--config.workingdir", "/srv",
         "--config.env", "GREETING=hello world", "--config.stopsignal",
         "SIGINT", "--config.exposedports", "80/tcp")
    check(tool, f"oci:{layout}:web")
