# SPDX-License-Identifier: BSD-2-Clause
"""Go's own tests, Debian's golang-1.19-src: the packages that go.toml lists
must pass inside an instance, all tests but those that it leaves out."""
import os
import pathlib
import re
import shutil
import subprocess
import tomllib

import pytest

from tests.conftest import TEST_ALL

HERE = pathlib.Path(__file__).resolve().parent
GO = "/usr/lib/go-1.19/bin/go"
SHARE = pathlib.Path("/usr/share/go-1.19")
LISTED = tomllib.loads((HERE / "go.toml").read_text())
# What tests read that is not in the binary.
FILES = [SHARE, "/usr/lib/go-1.19", "/etc/services", "/etc/protocols"]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """compiled(package): its test binary; the compiler's cache is ours."""
    folder = tmp_path_factory.mktemp("go")
    env = {"GOCACHE": str(folder / "cache"), **os.environ}

    def compile_one(package):
        program = folder / f"{package.replace('/', '-')}.test"
        subprocess.run([GO, "test", "-c", "-o", program, package], check=True,
                       cwd=SHARE / "src" / package, env=env)
        return program

    return compile_one


def names_of(package, program):
    """All tests but those left out, which must exist."""
    done = subprocess.run([program, "-test.list", "."], text=True, check=True,
                          cwd=SHARE / "src" / package, capture_output=True)
    there = [x for x in done.stdout.split() if not x.startswith("Benchmark")]
    left_out = {x for names in LISTED["without"].get(package, {}).values()
                for x in names}
    assert left_out <= set(there), left_out - set(there)
    return [x for x in there if x not in left_out]


def volumes():
    return [x for path in FILES if pathlib.Path(path).exists()
            for x in ("-v", f"{path}:{path}:ro")]


@pytest.mark.parametrize("package",
                         LISTED["packages" if TEST_ALL else "fast"])
def test_go(package, einkorn, compiled):
    if not shutil.which(GO) or not (SHARE / "src/os/os_test.go").exists():
        pytest.skip("SKIP needs Debian's golang-1.19-go and golang-1.19-src")
    program = compiled(package)
    names = names_of(package, program)
    done = einkorn("run", "--rm", "--network", "none", "-m", "2g", "-w",
                   SHARE / "src" / package, *volumes(), program, program.name,
                   "-test.short", "-test.v", "-test.run",
                   f"^({'|'.join(names)})$", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^--- PASS", done.stdout, re.M), done.stdout
