# SPDX-License-Identifier: BSD-2-Clause
"""einkorn image ls and prune: what stays, what goes."""
import pathlib
import shutil

import pytest

from tests.conftest import needs_own_root
from tests.integration.conftest import BUSYBOX
from tests.integration.conftest import busybox_tool as tool  # a fixture
from tests.integration.oci_layout import Layout, program, script, tar


def run(tool, *target):
    return tool.ok("run", "--rm", "--network", "none", *target)


def kinds(tool):
    rows = tool.ok("image", "ls", "-a").splitlines()[1:]
    return sorted(row.split()[1] for row in rows)


def files(tool):
    return sorted(p.suffix for p in
                  pathlib.Path(tool.env["EINKORN_ROOT"], "cache").iterdir())


def test_stale_entries_go(tool, tmp_path):
    copy = tmp_path / "copy"
    shutil.copy(BUSYBOX, copy)
    run(tool, BUSYBOX, "busybox", "true")
    run(tool, copy, "busybox", "true")
    assert kinds(tool) == ["elf", "elf"]
    assert tool.ok("image", "prune", "-f").startswith("Total reclaimed")
    assert kinds(tool) == ["elf", "elf"]
    copy.write_bytes(copy.read_bytes() + b"changed")
    out = tool.ok("image", "prune", "-f").splitlines()
    assert out[0] == f"deleted: {copy}" and "0.0 MB" not in out[-1]
    assert kinds(tool) == ["elf"]
    assert files(tool) == [".erofs", ".inputs", ".sidecar"]
    assert run(tool, BUSYBOX, "busybox", "echo", "still") == "still"


@needs_own_root
def test_digests_and_recordings_go_with_their_image(tool, tmp_path):
    layout = Layout(tmp_path / "layout")
    layout.make([tar(program("bin/busybox", BUSYBOX),
                     program("bin/sh", BUSYBOX),
                     script("start", "#!/bin/sh\nx=$(/bin/busybox pwd)\n"
                                     "exec /bin/busybox echo recorded\n"))],
                {"Entrypoint": ["/start"]})
    assert run(tool, f"oci:{layout.path}") == "recorded"
    assert kinds(tool) == ["image", "manifest", "record"]
    assert len(tool.ok("image", "ls").splitlines()) == 2
    tool.ok("image", "prune", "-f")
    assert kinds(tool) == ["image", "manifest", "record"]
    shutil.rmtree(layout.path)
    tool.ok("image", "prune", "-f")
    assert kinds(tool) == [] and files(tool) == []


def test_all_goes_under_what_runs(tool):
    ident = tool.ok("run", "-d", "--network", "none", BUSYBOX, "busybox", "sh",
                    "-c", "read x; echo $x; exec busybox sleep 600")
    tool.ok("image", "prune", "-a", "-f")
    assert files(tool) == []
    assert ident in tool.ok("ps", "-q", "--no-trunc")
    assert run(tool, BUSYBOX, "busybox", "echo", "made again") == "made again"


def test_asks_before(tool):
    run(tool, BUSYBOX, "busybox", "true")
    assert "[y/N]" in tool("image", "prune", "-a").stderr
    assert kinds(tool) == ["elf"]
