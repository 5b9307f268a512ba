# SPDX-License-Identifier: BSD-2-Clause
"""A tender that hangs in the host's kernel before the instance runs."""
import pytest

from tests.integration.conftest import wait_for

WHERE = ["did not come up in 1 s", "host's kernel", "state S", "system call 0"]


@pytest.fixture
def impatient(tool):
    tool.env["EINKORN_START_SECONDS"] = "1"
    return tool


def test_hanging_start_is_ended_and_explained(impatient):
    p = impatient.sh("true", "-e", "FAKE_HANG=1", "--name", "h")
    assert p.returncode == 125 and p.stdout == ""
    assert not [w for w in ["h: ", *WHERE] if w not in p.stderr], p.stderr
    assert impatient.ok("ps", "-q") == ""


def test_hanging_start_in_the_background(impatient):
    ident = impatient.start("true", "-e", "FAKE_HANG=1")
    wait_for(lambda: impatient.ok("ps", "-q") == "")
    said = impatient("logs", ident).stderr
    assert not [w for w in WHERE if w not in said], said
    assert impatient.ok("wait", ident) == "125"


def test_slow_program_is_no_hang(impatient):
    p = impatient.sh("sleep 2; echo done")
    assert (p.returncode, p.stdout) == (0, "done\n"), p.stderr
