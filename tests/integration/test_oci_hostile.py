# SPDX-License-Identifier: BSD-2-Clause
"""Damaged and hostile images: each is refused with one line that names the
thing, and nothing outside of the cache changes."""
import json
import os
import subprocess
import tarfile

import pytest

from tests.conftest import BUILD
from tests.integration.oci_layout import (CONFIG, LAYER, MANIFEST, PACK,
                                          Layout, digest, directory,
                                          hardlink, symlink, tar)

IMAGE = BUILD / "libexec" / "einkorn-image"
GOOD = tar(("file", b"content"))


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "layout")


def build(tmp_path, name=None):
    return subprocess.run(
        [IMAGE, "build", "-o", tmp_path / "cache",
         name or f"oci:{tmp_path}/layout"], text=True, capture_output=True,
        timeout=60)


def refused(tmp_path, *words, name=None, status=125):
    p = build(tmp_path, name)
    assert p.returncode == status, p.stderr
    assert p.stderr.startswith("einkorn: ") and p.stderr.count("\n") == 1
    for word in words:
        assert word in p.stderr
    left = [path.name for path in (tmp_path / "cache").glob("*")]
    assert not [name for name in left if name.startswith(".tmp")]
    assert not [name for name in left if name.endswith(".inputs")]
    return p.stderr


def listing(tmp_path):
    """Paths in the image that was built."""
    p = build(tmp_path)
    assert p.returncode == 0, p.stderr
    image = next((tmp_path / "cache").glob("*.erofs"))
    out = tmp_path / "out"
    subprocess.run(["fsck.erofs", f"--extract={out}", image], check=True,
                   stdout=subprocess.DEVNULL)
    return {os.path.relpath(os.path.join(base, name), out)
            for base, dirs, files in os.walk(out) for name in dirs + files}


# ---- the layout ---------------------------------------------------------------

def test_no_layout(tmp_path):
    (tmp_path / "layout").mkdir()
    refused(tmp_path, "index.json", "No such file")
    refused(tmp_path, "No such file", name="oci:/nonexistent", status=127)
    refused(tmp_path, "Not a directory", name=f"oci:{IMAGE}")


@pytest.mark.parametrize("text, word", [
    ("", "index.json"), ("{", "line 1"), ("[]", "list of manifests"),
    ('{"manifests": 5}', "list of manifests"), ('{"manifests": []}', "no such"),
    ('{"manifests": [{}]}', "digest"), ('{"manifests": [5]}', "digest"),
    ('{"manifests": [{"digest": 5, "size": 1}]}', "digest"),
    ('{"a": 1, "a": 2}', "duplicate"), ("[" * 100000, "depth"),
    ('{"x": "' + "a" * 9_000_000 + '"}', "too many")],
    ids=range(11))
def test_bad_index(layout, tmp_path, text, word):
    (layout.path / "index.json").write_text(text)
    refused(tmp_path, word)


@pytest.mark.parametrize("name, word", [
    ("sha256:../../../../etc/passwd", "no digest"), ("sha256:" + "A" * 64, ""),
    ("sha256:" + "0" * 63, "no digest"), ("sha512:" + "0" * 128, "only sha256"),
    ("sha256:" + "0" * 64, "missing"), ("", "no digest")])
def test_bad_digest(layout, tmp_path, name, word):
    layout.tag({"mediaType": MANIFEST, "digest": name, "size": 2})
    refused(tmp_path, word)


@pytest.mark.parametrize("size", [-1, "1", None, 1.5, 1, 1 << 62])
def test_bad_size(layout, tmp_path, size):
    layout.tag(dict(layout.image([GOOD]), size=size))
    refused(tmp_path, "size" if size in (-1, "1", None, 1.5) else "bytes")


def test_several_images_need_a_tag(layout, tmp_path):
    layout.make([GOOD], name="one").make([GOOD], {"Cmd": ["x"]}, name="two")
    refused(tmp_path, "several images", "one, two")
    refused(tmp_path, "no such image", "one, two",
            name=f"oci:{tmp_path}/layout:three")
    assert build(tmp_path, f"oci:{tmp_path}/layout:two").returncode == 0


def test_platforms_and_nested_indexes(layout, tmp_path):
    ours = dict(layout.image([GOOD]), platform={"os": "linux",
                                               "architecture": "amd64"})
    other = dict(layout.image([GOOD], architecture="arm64"),
                 platform={"os": "linux", "architecture": "arm64"})
    unknown = dict(other, platform={"os": "unknown",
                                    "architecture": "unknown"})
    layout.tag(layout.index(other, layout.index(unknown, ours), unknown))
    # The nested index has no platform: it is the first that may fit.
    assert build(tmp_path).returncode == 0


def test_other_platform(layout, tmp_path):
    other = layout.image([GOOD], architecture="arm64")
    layout.tag(other)
    refused(tmp_path, "linux/arm64", "only linux/amd64", status=126)
    platform = {"os": "linux", "architecture": "arm64"}
    layout.manifests.clear()
    layout.tag(layout.index(dict(other, platform=platform)))
    refused(tmp_path, "no image for linux/amd64", status=126)


def test_endless_nesting(layout, tmp_path):
    descriptor = layout.image([GOOD])
    for _ in range(20):
        descriptor = layout.index(descriptor)
    layout.tag(descriptor)
    refused(tmp_path, "nested deeper")


# ---- blobs --------------------------------------------------------------------

@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("how", ["flip", "longer", "shorter", "gone"])
def test_damaged_blob(layout, tmp_path, which, how):
    layout.make([GOOD], {"Cmd": ["x"]}, pack="")
    blobs = sorted((layout.path / "blobs/sha256").iterdir(),
                   key=lambda path: path.stat().st_size)
    data = bytearray(blobs[which].read_bytes())
    if how == "gone":
        blobs[which].unlink()
    else:
        data[len(data) // 2] ^= 1 if how == "flip" else 0
        data = data + b" " if how == "longer" else data
        blobs[which].write_bytes(data[:-1] if how == "shorter" else data)
    refused(tmp_path, {"flip": "damaged", "gone": "missing"}.get(how, "bytes"))


def test_blob_that_is_no_file(layout, tmp_path):
    descriptor = layout.image([GOOD])
    layout.tag(descriptor)
    path = layout.blob_path(descriptor["digest"])
    path.unlink()
    os.mkfifo(path)
    refused(tmp_path, "not a file")
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert "root:" not in refused(tmp_path, "bytes")


@pytest.mark.parametrize("media", [
    "", "application/vnd.oci.image.layer.v1.tar+encrypted", "text/plain",
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip"])
def test_unknown_layer_type(layout, tmp_path, media):
    config = layout.blob({"os": "linux", "architecture": "amd64", "rootfs": {
        "diff_ids": [digest(GOOD)]}}, CONFIG)
    layout.tag(layout.blob({"config": config,
                            "layers": [layout.blob(GOOD, media)]}, MANIFEST))
    refused(tmp_path, "layer 1", "cannot be unpacked")


def test_artifact_is_no_image(layout, tmp_path):
    layout.tag(layout.blob({"config": layout.blob(
        {}, "application/vnd.oci.empty.v1+json"), "layers": []}, MANIFEST))
    refused(tmp_path, "no container image")
    layout.manifests.clear()
    layout.tag(layout.blob({}, "application/vnd.example"))
    refused(tmp_path, "no container image")


@pytest.mark.parametrize("top, word", [
    ({"rootfs": {"diff_ids": []}}, "lists 0 layers, the manifest 1"),
    ({"rootfs": {"diff_ids": [5]}}, "diff_id"),
    ({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}, "unpacks to"),
    ({"rootfs": None}, "lists 0"), ({"os": "windows"}, "windows"),
    ({"config": {"Env": ["novalue"]}}, "Env"),
    ({"config": {"Cmd": "text"}}, "Cmd"),
    ({"config": {"Entrypoint": [5]}}, "Entrypoint"),
    ({"config": {"ExposedPorts": {"99999/tcp": {}}}}, "ExposedPorts"),
    ({"config": {"ExposedPorts": {"x": {}}}}, "ExposedPorts"),
    ({"config": {"Volumes": {"relative": {}}}}, "Volumes"),
    ({"config": {"Cmd": ["x" * 2_000_000]}}, "too long")], ids=range(12))
def test_bad_configuration(layout, tmp_path, top, word):
    layout.make([GOOD], **top)
    refused(tmp_path, word, status=126 if word == "windows" else 125)


# ---- layers -------------------------------------------------------------------

@pytest.mark.parametrize("entry, word", [
    (("../out", b""), "leads out"), (("a/../../out", b""), "leads out"),
    (("..", b""), "leads out"), (("a/..", b""), "leads out"),
    (("x" * 300, b""), "longer than 255"),
    (("d/" * 1000 + "x", b""), "too deep"), (("d/" * 2100 + "x", b""), "long"),
    (("file/below", b""), "where a directory"),
    (("loop/x", b""), "symbolic links"), (("self/x", b""), "symbolic links"),
    (hardlink("h", "../etc/passwd"), "leads out"),
    (hardlink("h", "/nothing"), "hard link"),
    (hardlink("h", "dir"), "hard link"), (hardlink("h", "."), "hard link"),
    ((".wh.", b""), "whiteout"), (("dir/.wh...", b""), "whiteout"),
    (("own", b"", dict(uid=1 << 33)), "owner")])
def test_bad_entry(layout, tmp_path, entry, word):
    first = tar(("file", b""), directory("dir"), symlink("loop", "pool"),
                symlink("pool", "loop"), symlink("self", "self/self"))
    layout.make([first, tar(entry)])
    refused(tmp_path, "layer 2", word)


def test_links_lead_nowhere_but_into_the_image(layout, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    layout.make([
        tar(symlink("abs", str(outside)), symlink("up", "../../../.."),
            symlink("etc", "/"), ("/absolute", b"")),
        tar(("abs/evil", b"x"), (f"up{outside}/evil2", b"x"),
            ("etc/evil3", b"x"), hardlink("evil4", "etc/evil3"))])
    found = listing(tmp_path)
    assert not list(outside.iterdir())
    assert "evil3" in found and "evil4" in found and "absolute" in found
    assert str(outside)[1:] + "/evil" in found
    assert str(outside)[1:] + "/evil2" in found


def test_replacing_and_removing_everything(layout, tmp_path):
    layout.make([
        tar(directory("d"), ("d/x", b""), ("f", b""), symlink("l", "d"),
            ("a", b"1"), hardlink("b", "a"), ("n", b"")),
        tar(("d", b"now a file"), directory("f"), ("f/y", b""),
            directory("l"), ("l/z", b""), hardlink("a", "a"),
            (".wh.missing", b""), ("m/.wh..wh..opq", b""), (".wh.n", b""))])
    found = listing(tmp_path)
    assert {"d", "f", "f/y", "l", "l/z", "a", "b", "m"} <= found
    assert "d/x" not in found and "n" not in found


def test_devices_and_attributes(layout, tmp_path):
    device = ("dev0", None, dict(type=tarfile.CHRTYPE, devmajor=1, devminor=3))
    xattr = ("ping", b"", dict(pax_headers={
        "SCHILY.xattr.security.capability": "x", "SCHILY.xattr.user.a": "b"}))
    layout.make([tar(device, xattr, ("umlaut-ä", b""))])
    p = build(tmp_path)
    assert p.returncode == 0 and "attributes" in p.stderr and "1 files" in p.stderr
    assert {"dev0", "ping", "umlaut-ä"} <= listing(tmp_path)


@pytest.mark.parametrize("cut", [1, 10, 100, 400])
@pytest.mark.parametrize("pack", ["", "+gzip", "+zstd"])
def test_truncated_layer(layout, tmp_path, cut, pack):
    data = PACK[pack](tar(("file", os.urandom(2000))))
    config = layout.blob({"os": "linux", "architecture": "amd64", "rootfs": {
        "diff_ids": [digest(tar(("file", b"")))]}}, CONFIG)
    layer = layout.blob(data[:-cut], LAYER + pack)
    layout.tag(layout.blob({"config": config, "layers": [layer]}, MANIFEST))
    refused(tmp_path, "layer 1")


def sparse_tar(size):
    """GNU's old sparse format: a file of that size without any data."""
    info = tarfile.TarInfo("huge")
    info.type = tarfile.GNUTYPE_SPARSE
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[386:398] = b"%011o\0" % 0
    head[398:410] = b"%011o\0" % 0
    head[483:495] = (b"\x80" + size.to_bytes(11, "big"))
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    return bytes(head) + bytes(1024)


def test_absurd_file_size(layout, tmp_path):
    layout.make([sparse_tar(1 << 50)])
    refused(tmp_path, "more than")
    info = tarfile.TarInfo("huge")
    info.size = 1 << 60
    layout.manifests.clear()
    layout.make([info.tobuf(tarfile.GNU_FORMAT)])
    refused(tmp_path, "more than")


def test_not_a_tar(layout, tmp_path):
    layout.make([b"this is no tar archive" * 100])
    refused(tmp_path, "layer 1")


def test_empty_layer_is_fine(layout, tmp_path):
    layout.make([tar(), GOOD])
    assert "file" in listing(tmp_path)


# ---- archives -----------------------------------------------------------------

def archive(tmp_path, *entries):
    (tmp_path / "archive").write_bytes(tar(*entries))
    return f"oci-archive:{tmp_path}/archive"


def test_bad_archives(tmp_path):
    name = archive(tmp_path, ("x", b""))
    refused(tmp_path, "index.json is missing", name=name)
    refused(tmp_path, "manifest.json is missing", name="docker-" + name[4:])
    (tmp_path / "archive").write_bytes(b"no archive" * 1000)
    refused(tmp_path, "not a readable archive", name=name)
    refused(tmp_path, "readable", name=f"oci-archive:{tmp_path}")
    archive(tmp_path, symlink("index.json", "index.json"))
    refused(tmp_path, "index.json is missing", name=name)
    archive(tmp_path, symlink("index.json", "/etc/passwd"))
    refused(tmp_path, "index.json is missing", name=name)


@pytest.mark.parametrize("manifest, word", [
    ([], "name one"), ({}, "name one"), ([{}], "not named by its digest"),
    ([{"Config": "../../etc/passwd.json", "Layers": []}], "not named by"),
    ([{"Config": "0" * 64 + ".json", "Layers": ["x"]}], "is missing"),
    ([{"Config": "0" * 64 + ".json", "Layers": 5}], "list of")])
def test_bad_docker_archive(tmp_path, manifest, word):
    name = archive(tmp_path, ("manifest.json", json.dumps(manifest).encode()))
    refused(tmp_path, word, name="docker-" + name[4:])
