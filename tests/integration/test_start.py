# SPDX-License-Identifier: BSD-2-Clause
"""How the first program starts, and what is said when it cannot; what sealed
memory refuses."""
import shutil
import subprocess

import pytest

from tests.conftest import BUILD

HELLO = BUILD / "guest" / "musl" / "hello"
DYNAMIC = BUILD / "guest" / "glibc" / "hello"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A root directory with programs, good and bad ones."""
    root = tmp_path_factory.mktemp("tree")
    (root / "bin").mkdir()
    shutil.copy(HELLO, root / "bin" / "hello")
    shutil.copy(DYNAMIC, root / "bin" / "dynamic")
    elf = bytearray(HELLO.read_bytes())
    files = {
        "text": b"only text\n",
        "script": b"#!/bin/hello one two\n",
        "lost-script": b"#!/bin/nowhere\n",
        "cut": bytes(elf[:3000]),
        "elf32": bytes(elf[:4] + b"\1" + elf[5:18] + b"\3" + elf[19:]),
        "foreign": bytes(elf[:18] + b"\xb7" + elf[19:]),
    }
    for name, content in files.items():
        (root / "bin" / name).write_bytes(content)
        (root / "bin" / name).chmod(0o755)
    (root / "bin" / "plain").write_bytes(elf)
    (root / "bin" / "plain").chmod(0o644)
    return root


@pytest.fixture
def start(einkorn, tree):
    def run(*command):
        return einkorn("run", "--rm", "--network", "none", tree, *command)

    return run


@pytest.mark.parametrize("path,status,words", [
    ("/bin/nowhere", 127, "no such file"),
    ("nowhere", 127, "no such file"),
    ("/bin/text", 126, "not an elf program"),
    ("/bin/lost-script", 127, "/bin/nowhere, which is not in the image"),
    ("/bin/dynamic", 127, "/lib64/ld-linux-x86-64.so.2"),
    ("/bin/cut", 126, "cut short"),
    ("/bin/elf32", 126, "32-bit"),
    ("/bin/foreign", 126, "another processor"),
    ("/bin/plain", 126, "permission"),
    ("/bin", 126, "permission"),
])
def test_start_refused(start, path, status, words):
    result = start(path)
    assert result.returncode == status, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1 and words in lines[0].lower() and path in lines[0]


def test_start_script(start):
    result = start("/bin/script", "three")
    assert result.stdout == "hello from /bin/hello (4 arguments)\n"


def test_start_by_name(start):
    assert start("hello").stdout == "hello from hello (1 arguments)\n"


JIT = r"""
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
int main(int argc, char **argv)
{
    int fixed = argc > 1 && !strcmp(argv[1], "later");
    unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};
    void *p = mmap(0, 4096, PROT_READ | PROT_WRITE | (fixed ? 0 : PROT_EXEC),
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return 1;
    memcpy(p, code, sizeof(code));
    if (fixed && mprotect(p, 4096, PROT_READ | PROT_EXEC))
        return 2;
    return ((int (*)(void))p)();
}
"""


@pytest.fixture(scope="module")
def jit(tmp_path_factory):
    program = tmp_path_factory.mktemp("jit") / "jit"
    subprocess.run(["gcc", "-O1", "-static", "-x", "c", "-", "-o", program],
                   input=JIT, text=True, check=True)
    return program


@pytest.mark.parametrize("when,status", [("now", 1), ("later", 2)])
def test_start_executable_memory(einkorn, jit, when, status):
    run = ("run", "--rm", "--network", "none")
    result = einkorn(*run, jit, jit, when)
    assert result.returncode == 42
    assert result.stderr.count("--no-jit") == 1
    result = einkorn(*run, "--no-jit", jit, jit, when)
    assert result.returncode == status
    assert result.stderr.count("without --no-jit") == 1
