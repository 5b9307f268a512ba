# SPDX-License-Identifier: BSD-2-Clause
"""The tool keeps a start on one processor; what runs on may use all that who
called the tool may use."""
import os
import pathlib

import pytest

from tests.integration.conftest import wait_for

several = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2,
                             reason="needs two processors")


def allowed(pid="self"):
    """As Linux writes it, of the process."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines
                if line.startswith("Cpus_allowed_list:"))


# Waits until it may use those, and says so; the tool's word comes after its
# start.
AWAIT = """
for i in $(seq 2000); do
    grep -q "^Cpus_allowed_list:.%s$" /proc/self/status && echo all && exit
done
grep Cpus_allowed_list /proc/self/status
"""


@several
@pytest.mark.parametrize("cpus", ["all", "last"])
def test_an_instance_may_use_what_its_caller_may(tool, cpus):
    mine = allowed()
    if cpus == "last":
        mine = str(max(os.sched_getaffinity(0)))
        tool.prefix = ["taskset", "-c", mine]
    assert tool.sh(AWAIT % mine).stdout == "all\n"
    name = tool.start(AWAIT % mine)
    assert tool.ok("wait", name) == "0"
    assert tool.ok("logs", name) == "all"


@several
def test_a_monitor_may_use_what_its_caller_may(tool):
    monitor = tool.popen("run", "--network", "none", tool.target, "sh", "-c",
                         "trap 'exit 0' TERM; echo up; while sleep 0.1; do :; "
                         "done")
    try:
        assert monitor.stdout.readline() == "up\n"
        wait_for(lambda: allowed(monitor.pid) == allowed())
    finally:
        monitor.terminate()
        monitor.wait(20)
