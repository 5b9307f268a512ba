# SPDX-License-Identifier: BSD-2-Clause
"""Volumes with names: einkorn volume, and run -v NAME:/GUEST."""
import json
import os
import pathlib

import pytest

from tests.integration.conftest import BUSYBOX
from tests.integration.conftest import busybox_tool as tool  # a fixture
from tests.integration.oci_layout import (Layout, directory, program, symlink,
                                          tar)


def run(tool, volume, *command, options=(), image=BUSYBOX):
    return tool.ok("run", "--rm", "--network", "none", "-v", volume, *options,
                   image, "busybox", *command)


def test_made_listed_removed(tool):
    assert tool.ok("volume", "ls", "-q") == ""
    assert tool.ok("volume", "create", "b") == "b"
    assert tool.ok("volume", "create", "a") == "a"
    assert tool.ok("volume", "create", "a") == "a"
    assert tool.ok("volume", "ls", "-q").split() == ["a", "b"]
    assert tool.ok("volume", "ls").splitlines()[0].split() == [
        "DRIVER", "VOLUME", "NAME"]
    about, = json.loads(tool.ok("volume", "inspect", "a"))
    assert about["Name"] == "a" and about["Driver"] == "local"
    assert pathlib.Path(about["Mountpoint"]).is_dir()
    assert tool.ok("volume", "rm", "a", "b").split() == ["a", "b"]
    assert not pathlib.Path(about["Mountpoint"]).exists()
    assert os.listdir(pathlib.Path(about["Mountpoint"]).parents[1]) == []


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "-f"])
def test_bad_names(tool, name):
    assert tool("volume", "create", "--", name).returncode == 125
    assert not os.path.exists(tool.env["EINKORN_ROOT"] + "/x")


def test_unknown_one_is_named(tool):
    for verb in ("rm", "inspect"):
        p = tool("volume", verb, "none")
        assert p.returncode == 125 and "volume none: there is none" in p.stderr


def test_contents_stay(tool):
    run(tool, "store:/data", "sh", "-c", "echo kept > /data/x")
    assert run(tool, "store:/other:ro", "cat", "/other/x") == "kept"
    assert tool.ok("volume", "ls", "-q") == "store"


def test_used_ones_are_not_removed(tool):
    ident = tool.ok("run", "-d", "--network", "none", "-v", "used:/d", BUSYBOX,
                    "busybox", "sleep", "600")
    tool.ok("volume", "create", "unused")
    p = tool("volume", "rm", "used")
    assert p.returncode == 125 and "is in use" in p.stderr
    mount, = json.loads(tool.ok("inspect", ident))[0]["Mounts"]
    assert (mount["Type"], mount["Name"]) == ("volume", "used")
    assert tool.ok("volume", "prune", "-f") == "unused"
    tool.ok("kill", ident)
    tool.ok("wait", ident)
    assert tool("volume", "rm", "used").returncode == 125  # an ended one
    assert tool.ok("volume", "prune", "-f") == ""
    tool.ok("rm", ident)
    assert tool.ok("volume", "rm", "used") == "used"


def test_prune_asks(tool):
    tool.ok("volume", "create", "a")
    assert "[y/N]" in tool("volume", "prune").stderr
    assert tool.ok("volume", "ls", "-q") == "a"


def test_new_one_begins_with_the_image(tool, tmp_path):
    """Contents, owners and modes, links; once, and nothing set-user-id."""
    own = dict(uid=70, gid=71)
    layout = Layout(tmp_path / "layout")
    layout.make([tar(
        program("bin/busybox", BUSYBOX), directory("data", 0o750, **own),
        ("data/file", b"from image", dict(mode=0o640, **own)),
        ("data/suid", b"x", dict(mode=0o4755)), symlink("data/link", "file"),
        directory("data/sub", 0o2755, **own),
        ("data/sub/deep", b"deep", dict(mode=0o600)))],
        {"Entrypoint": ["/bin/busybox"], "User": "70:71"})
    image = f"oci:{layout.path}"

    def inside(*command):
        return tool.ok("run", "--rm", "--network", "none", "-v", "db:/data",
                       image, *command)

    assert inside("cat", "/data/link") == "from image"
    data = pathlib.Path(tool.env["EINKORN_ROOT"]) / "volumes/db/_data"
    assert (data / "suid").stat().st_mode & 0o7777 == 0o755
    assert (data / "sub/deep").read_text() == "deep"
    if os.geteuid() == 0:
        assert (data.stat().st_uid, data.stat().st_gid) == (70, 71)
        assert data.stat().st_mode & 0o7777 == 0o750
        assert (data / "file").stat().st_uid == 70
    inside("rm", "-f", "/data/file")  # as user 70, in its own directory
    inside("touch", "/data/mine")
    assert not (data / "file").exists() and (data / "mine").exists()
    assert os.listdir(data.parent) == ["_data"]
