# SPDX-License-Identifier: BSD-2-Clause
"""Container images as input of `run`: what their configuration asks for."""
import shutil
import subprocess

import pytest

from tests.integration.conftest import BUSYBOX
from tests.integration.conftest import busybox_tool as tool  # a fixture
from tests.integration.oci_layout import (Layout, directory, hardlink, program,
                                          symlink, tar)

APPLETS = "sh ls cat id env pwd sleep stat find true".split()
PASSWD = (b"root:x:0:0::/root:/bin/sh\nweb:x:33:44::/home/web:/bin/sh\n")
GROUP = b"root:x:0:\nextra:x:77:web\nother:x:78:\n"


def base_layer(*more):
    return tar(program("bin/busybox", BUSYBOX),
               *[symlink(f"bin/{name}", "busybox") for name in APPLETS],
               ("etc/passwd", PASSWD), ("etc/group", GROUP), *more)


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


def run(tool, name, *command, options=()):
    return tool("run", "--rm", "--network", "none", *options, name, *command)


def output(tool, name, *command, options=()):
    p = run(tool, name, *command, options=options)
    assert p.returncode == 0, p.stderr
    return p.stdout


def test_entrypoint_and_cmd(tool, layout):
    layout.make([base_layer()], {"Entrypoint": ["/bin/busybox", "echo"],
                                 "Cmd": ["from", "image"]})
    name = f"oci:{layout.path}"
    assert output(tool, name) == "from image\n"
    assert output(tool, name, "from", "me") == "from me\n"
    assert output(tool, f"{name}:latest") == "from image\n"
    assert output(tool, name, "/etc/group", options=["--entrypoint", "cat"]
                  ) == GROUP.decode()
    p = run(tool, name, options=["--entrypoint", "nothing"])
    assert p.returncode == 127 and "nothing" in p.stderr


def test_image_without_command(tool, layout):
    layout.make([base_layer()])
    p = run(tool, f"oci:{layout.path}")
    assert p.returncode == 125 and "names no command" in p.stderr
    assert output(tool, f"oci:{layout.path}", "pwd") == "/\n"


def test_environment_is_merged(tool, layout):
    layout.make([base_layer()], {"Cmd": ["env"], "User": "web",
                                 "Env": ["PATH=/bin", "A=1", "B=2"]})
    lines = output(tool, f"oci:{layout.path}",
                   options=["-e", "A=x y", "-e", "C=3"]).splitlines()
    for line in ("A=x y", "B=2", "C=3", "PATH=/bin", "HOME=/home/web"):
        assert line in lines
    assert len(lines) == len({line.split("=")[0] for line in lines})


@pytest.mark.parametrize("user, expected", [
    ("web", "uid=33(web) gid=44 groups=77(extra)"),
    ("33", "uid=33(web) gid=44 groups=77(extra)"),
    ("web:other", "uid=33(web) gid=78(other)"),
    ("1234:5", "uid=1234 gid=5"), ("1234", "uid=1234 gid=0(root)"),
    ("0", "uid=0(root) gid=0(root)"), ("", "uid=0(root) gid=0(root)")])
def test_user(tool, layout, user, expected):
    layout.make([base_layer()], {"Cmd": ["id"], "User": user})
    assert output(tool, f"oci:{layout.path}").strip() == expected
    assert "uid=7" in output(tool, f"oci:{layout.path}", options=["-u", "7"])


def test_unknown_user_is_named(tool, layout):
    layout.make([base_layer()], {"Cmd": ["id"], "User": "nobody"})
    p = run(tool, f"oci:{layout.path}")
    assert p.returncode == 126 and "nobody" in p.stderr


def test_working_directory_is_made(tool, layout):
    layout.make([base_layer()], {"Cmd": ["pwd"], "WorkingDir": "/srv/app"})
    assert output(tool, f"oci:{layout.path}") == "/srv/app\n"
    assert output(tool, f"oci:{layout.path}", options=["-w", "/bin"]
                  ) == "/bin\n"


def test_layers_and_whiteouts(tool, layout):
    lower = base_layer(directory("opaque"), ("opaque/old", b"1"),
                       directory("kept"), ("kept/gone", b"1"),
                       ("kept/stays", b"2"), ("real/file", b"3"),
                       symlink("link", "real"), ("tree/a/b", b"4"))
    upper = tar(("opaque/new", b"5"), ("opaque/.wh..wh..opq", b""),
                ("kept/.wh.gone", b""), ("link/through", b"6"),
                hardlink("hard", "kept/stays"), (".wh.tree", b""),
                ("tree/c", b"7"))
    layout.make([lower, upper])
    name = f"oci:{layout.path}"
    found = output(tool, name, "find", "/opaque", "/kept", "/real", "/tree",
                   "/link", "-type", "f").split()
    assert sorted(found) == ["/kept/stays", "/opaque/new", "/real/file",
                             "/real/through", "/tree/c"]
    assert output(tool, name, "cat", "/hard", "/link/through") == "26"
    assert output(tool, name, "stat", "-c", "%h", "/hard") == "2\n"


@pytest.mark.parametrize("pack", ["", "+gzip", "+zstd"])
def test_compressions(tool, layout, pack):
    if pack == "+zstd" and not shutil.which("zstd"):
        pytest.skip("SKIP needs zstd")
    layout.make([base_layer(), tar(("x", b"ok"))], pack=pack)
    assert output(tool, f"oci:{layout.path}", "cat", "/x") == "ok"


def test_second_start_does_not_unpack(tool, layout, tmp_path):
    layout.make([base_layer()], {"Cmd": ["true"]})
    output(tool, f"oci:{layout.path}")
    for blob in (layout.path / "blobs" / "sha256").iterdir():
        if blob.stat().st_size > 10000:
            blob.unlink()
    output(tool, f"oci:{layout.path}")
    # The same image by another name: its digest is known.
    shutil.copytree(layout.path, tmp_path / "copy")
    output(tool, f"oci:{tmp_path}/copy")


def test_skopeo_archives(tool, layout, tmp_path):
    if not shutil.which("skopeo"):
        pytest.skip("SKIP needs skopeo")
    layout.make([base_layer(), tar(("x", b"ok"))], {"Cmd": ["cat", "/x"]})
    for kind in ("oci-archive", "docker-archive"):
        file = tmp_path / kind
        subprocess.run(["skopeo", "copy", "-q", "--insecure-policy",
                        f"oci:{layout.path}:latest", f"{kind}:{file}:x/y:v1"],
                       check=True)
        assert output(tool, f"{kind}:{file}") == "ok"
        assert output(tool, f"{kind}:{file}:x/y:v1") == "ok"
        p = run(tool, f"{kind}:{file}:other")
        assert p.returncode == 125 and "no such image" in p.stderr
