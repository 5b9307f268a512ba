# SPDX-License-Identifier: BSD-2-Clause
"""CPython's own tests, Debian's libpython3.11-testsuite: the modules that
cpython.toml lists must pass inside an instance."""
import pathlib
import tomllib

import pytest

from tests.conftest import TEST_ALL

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"
SUITE = "/usr/lib/python3.11/test"
LISTED = tomllib.loads((HERE / "cpython.toml").read_text())


def ignored(module):
    """regrtest's arguments for what the table leaves out."""
    return [x for pattern in LISTED["without"].get(module, {})
            for x in ("-i", pattern)]


def succeeded(module, text):
    if module in LISTED["threads_left"] and "altered the execution" in text:
        return "Tests result: SUCCESS" in text
    return "1 test OK." in text


@pytest.mark.parametrize("module",
                         LISTED["modules" if TEST_ALL else "fast"])
def test_cpython(module, einkorn):
    if not pathlib.Path(SUITE, "test_os.py").exists():
        pytest.skip("SKIP needs Debian's libpython3.11-testsuite")
    done = einkorn("run", "--rm", "--network", "none", "-m", "2g", "-w",
                   "/tmp", "-v", f"{SUITE}:{SUITE}:ro", "-v", f"{HERE}:/t:ro",
                   PYTHON, "python3", "/t/cpython.py", "-W", *ignored(module),
                   module, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert succeeded(module, done.stdout), done.stdout
