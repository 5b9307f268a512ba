# SPDX-License-Identifier: BSD-2-Clause
"""Bad input of einkorn-proc: one clear line and status 125."""
import os
import struct
import subprocess

import pytest

from tests.boundary.proc import TENDER, TESTS, run
from tests.conftest import ROOT

BASE = 0x7E0000000000


def tender(*args, **kwargs):
    return subprocess.run([str(TENDER), *map(str, args)], text=True,
                          capture_output=True, timeout=20, **kwargs)


def assert_refused(result, *words):
    assert result.returncode == 125
    assert result.stderr.startswith("einkorn-proc: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize("args,words", [
    ([], ["usage"]),
    (["/nowhere"], ["kernel", "/nowhere", "no such file"]),
    (["/tmp"], ["kernel", "/tmp", "directory"]),
    (["/etc/hostname"], ["/etc/hostname", "not an ELF"]),
    (["/bin/true"], ["/bin/true", "7e0000000000"]),
    (["a", "b", "c", "d"], ["d", "argument"]),
    (["kernel=@77"], ["77", "bad file descriptor"]),
    (["kernel=@x"], ["x", "not a number"]),
    (["jit=2"], ["jit=2", "0 to 1"]),
    (["vcpus=99"], ["vcpus=99"]),
    (["mem=-1"], ["mem=-1"]),
    (["net=tap,0,zz,1500"], ["net=", "MAC"]),
    (["net=wire,0,52:54:00:12:34:56,1500"], ["net=", "tap nor stream"]),
    (["chan=99"], ["chan=99", "bad file descriptor"]),
])
def test_tender_bad_arguments(args, words):
    assert_refused(tender(*args), *words)


@pytest.mark.parametrize("key", ["image", "sidecar", "config"])
def test_tender_missing_file(key):
    result = run("abi_kernel.elf", f"{key}=/nowhere")
    assert_refused(result, "/nowhere", "no such file")


def test_tender_empty_image():
    assert_refused(run("abi_kernel.elf", "image=/dev/null"), "empty")


def test_tender_tap_that_is_none():
    result = run("abi_kernel.elf", "net=tap,0,52:54:00:12:34:56,1500")
    assert_refused(result, "not a tap")


def header(phnum=1, entry=BASE):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, entry, 64, 0, 0, 64, 56, phnum, 0, 0, 0)


def load(flags, off, vaddr, filesz, memsz, kind=1):
    return struct.pack("<IIQQQQQQ", kind, flags, off, vaddr, vaddr, filesz,
                       memsz, 4096)


BAD_KERNELS = {
    "low": ([load(5, 0, 0x400000, 4096, 4096)], "linked"),
    "huge": ([load(5, 0, BASE, 4096, 1 << 40)], "linked"),
    "truncated": ([load(5, 0, BASE, 1 << 20, 1 << 20)], "cut short"),
    "wx": ([load(7, 0, BASE, 4096, 4096)], "writable executable"),
    "shared page": ([load(5, 0, BASE, 100, 100),
                     load(6, 200, BASE + 200, 100, 100)], "share a page"),
    "entry": ([load(6, 0, BASE, 4096, 4096)], "entry point"),
    "nothing": ([load(4, 0, BASE, 0, 0, kind=4)], "nothing to load"),
    "dynamic": ([load(5, 0, BASE, 4096, 4096),
                 load(6, 0, 0x1000, 64, 64, kind=2)], "dynamic"),
}


@pytest.mark.parametrize("case", BAD_KERNELS)
def test_tender_bad_kernel(case, tmp_path):
    segments, word = BAD_KERNELS[case]
    data = header(len(segments)) + b"".join(segments)
    (tmp_path / "kernel").write_bytes(data.ljust(8192, b"\0"))
    assert_refused(tender(tmp_path / "kernel"), word)


def test_tender_config_forms(tmp_path):
    text = tmp_path / "text"
    text.write_text("# comment\n\nabi=yes\ntest=unknown\n")
    strings = tmp_path / "strings"
    strings.write_bytes(b"abi=yes\0test=unknown\0\0")
    for config in (text, strings):
        result = run("abi_kernel.elf", f"config={config}")
        assert "unknown test" in result.stdout
        assert result.returncode == 1
    r, w = os.pipe()
    os.write(w, strings.read_bytes())
    os.close(w)
    result = run("abi_kernel.elf", f"config=@{r}", pass_fds=[r])
    os.close(r)
    assert "unknown test" in result.stdout


def test_tender_config_too_large(tmp_path):
    config = tmp_path / "config"
    config.write_bytes(b"x" * (1 << 20))
    assert_refused(run("abi_kernel.elf", f"config={config}"), "larger")


def test_tender_is_static_and_linked_high():
    out = subprocess.run(["readelf", "-hlW", str(TENDER)], text=True,
                         capture_output=True, check=True).stdout
    assert "EXEC" in out and "INTERP" not in out and "DYNAMIC" not in out
    loads = [x.split() for x in out.splitlines() if x.split()[:1] == ["LOAD"]]
    # Above the programs; between the kernel and its heap.
    assert all(BASE < int(x[2], 16) < BASE + 0x1000000000 for x in loads)
    assert not any("W" in x[6:-1] and "E" in x[6:-1] for x in loads)


def test_tender_document_is_current():
    result = tender("--print-host-calls")
    assert result.stdout == (ROOT / "docs" / "host-calls.md").read_text()
    assert (TESTS / "abi_kernel.elf").exists()


def test_tender_configuration_from_environment():
    """Each string of the environment is one of the configuration."""
    result = run("attack_kernel.elf", "env=1", env={"nr": "39", "gate": "0"})
    assert result.stdout == "trapped 39\n", result.stderr


def test_tender_environment_is_not_configuration_unasked():
    result = run("attack_kernel.elf", "set=nr=39", env={"gate": "1"})
    assert result.stdout == "trapped 39\n", result.stderr
