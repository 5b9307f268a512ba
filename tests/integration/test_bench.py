# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's harness and its report."""
import json
import os
import subprocess

import pytest

from tests.conftest import ROOT, needs_own_root

REPORT = ROOT / "bench/report"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def bench(out, *cases, minutes=0.3, **env):
    result = subprocess.run(
        [str(ROOT / "bench/bench"), "-o", str(out), *cases],
        env={**os.environ, "BUDGET": str(minutes), **env}, text=True,
        capture_output=True, timeout=120)
    return result, json.loads(out.read_text())["cases"]


@needs_root
@needs_own_root
def test_bench_compares_and_merges(tmp_path):
    out = tmp_path / "results.json"
    out.write_text(json.dumps({"cases": {"http": {"status": "skipped"}}}))
    result, cases = bench(out, "sizes", "system_calls", minutes=0.3)
    assert result.returncode == 0, result.stdout + result.stderr
    assert list(cases) == ["http", "system_calls", "sizes"]
    rows = {row["name"]: row for row in cases["system_calls"]["rows"]}
    assert rows["getppid"]["base"] == "Linux"
    ours = rows["getppid"]["peers"]["einkorn"]
    assert ours["runs"] >= 3 and ours["low"] <= ours["median"] <= ours["high"]
    # Loaded or not: a call that is a jump is not slower than one that traps.
    assert 0 < rows["getppid"]["ratio"]["median"] < 0.9


@needs_root
@needs_own_root
def test_bench_ends_what_hangs(tmp_path):
    """One that hangs, one that breaks, one that is late with something to
    show; nothing of them stays."""
    out = tmp_path / "results.json"
    script = tmp_path / "probe.py"
    script.write_text(f"""
import signal, sys, time, subprocess
sys.path.insert(0, {str(ROOT / 'bench')!r})
import cases, harness
@cases.case(1, "none")
def hangs(run):
    "hangs"
    run.figure("before", 1)
    subprocess.Popen(["sleep", "4321.5"])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    time.sleep(1000)
@cases.case(1, "none")
def dawdles(run):
    "dawdles"
    naps = iter([0.01, 0.01, 1000])
    run.compare("row", "s", {{"einkorn": lambda: time.sleep(next(naps)) or 2.0,
                              "peer": lambda: 1.0}})
@cases.case(1, "none")
def breaks(run):
    "breaks"
    raise ValueError("on purpose")
cases.CASES = {{"hangs": hangs, "breaks": breaks, "dawdles": dawdles}}
import sandbox
if __name__ == "__main__":
    import os
    if os.getpid() == 1:
        sandbox.main()
    sandbox.__file__ = __file__
    sandbox.LEAST_SECONDS = sandbox.SLACK_SECONDS = 1
    import json
    print(json.dumps([sandbox.run_case(n, 1, 60, {str(tmp_path)!r})
                      for n in ("hangs", "breaks", "dawdles")]))
""")
    result = subprocess.run(["/usr/bin/python3", str(script)], text=True,
                            capture_output=True, timeout=60)
    hung, broken, late = json.loads(result.stdout)
    assert hung["status"] == "partial" and "took more than" in hung["reason"]
    assert hung["figures"] == {"before": 1}
    assert broken["status"] == "failed"
    assert broken["reason"] == "ValueError: on purpose"
    assert late["status"] == "partial" and "time was up" in late["reason"]
    assert late["rows"][0]["ratio"]["median"] == 2
    left = subprocess.run(["pgrep", "-f", "sleep 4321.5"], text=True,
                          capture_output=True)
    assert not left.stdout


def summary(value):
    return {"median": value, "low": value, "high": value, "runs": 5}


def report(tmp_path, cases):
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"cases": cases, "machine": {"cpus": 7}}))
    subprocess.run([str(REPORT), "-i", str(results), "-d", str(tmp_path)],
                   check=True)
    return (tmp_path / "performance.md").read_text()


def test_report_says_what_the_data_says(tmp_path):
    row = {"name": "612 B, 64 connections, close", "unit": "requests/s",
           "peers": {"einkorn": summary(1500.0), "netns": summary(1000.0)},
           "ratio": summary(1.5), "base": "netns"}
    text = report(tmp_path, {
        "http": {"status": "partial", "reason": "crun: broke", "what": "W",
                 "command": "C", "rows": [row]},
        "density": {"status": "failed", "reason": "out of luck"}})
    assert "cpus 7" in text
    assert "Partly measured: crun: broke" in text
    assert "**Failed**: out of luck" in text
    # The goal is 2.
    assert ("| 612 B, 64 connections, close (requests/s) | 1,500 (1,500 to "
            "1,500) | 1,000 (1,000 to 1,000) | 1.5 (1.5 to 1.5) | ≥ 2 | "
            "missed by 25% |") in text
    assert ("| [start_to_exit](#start_to_exit) | musl | - | ≤ 0.09 | "
            "not measured |") in text
    assert "Met: 0 of 1 that were measured" in text


def test_report_says_how_busy_the_processors_were(tmp_path):
    row = {"name": "R", "unit": "requests/s",
           "peers": {"einkorn": summary(2.0), "netns": summary(1.0)},
           "busy": {"einkorn": [0.5, 0.996], "netns": [1, 0.25]}}
    text = report(tmp_path, {"http": {"status": "ok", "rows": [row]}})
    assert "| R | 50% and 100% | 100% and 25% |" in text


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2,
                    reason="needs two processors")
def test_a_full_and_an_idle_processor_are_told_apart():
    script = """
import os, processors, subprocess
full, other = sorted(os.sched_getaffinity(0))[:2]
found = []
with processors.watched((full, other), found.append):
    subprocess.run(["taskset", "-c", str(full), "timeout", "0.8", "sh", "-c",
                    "while :; do :; done"])
with processors.watched((full, other), found.append):
    pass # too short to say anything
print(*found[0], len(found))
"""
    out = subprocess.run(["/usr/bin/python3", "-c", script], text=True,
                         cwd=ROOT / "bench", capture_output=True, check=True)
    full, other, reports = map(float, out.stdout.split())
    assert reports == 1 and full > 0.85 and 0 <= other <= 1


def test_report_goal_met(tmp_path):
    row = {"name": "musl", "unit": "ms", "ratio": summary(0.05),
           "peers": {"einkorn": summary(1.0), "crun": summary(20.0)}}
    text = report(tmp_path, {"start_to_exit": {"status": "ok", "rows": [row]}})
    assert ("| [start_to_exit](#start_to_exit) | musl | 0.05 | ≤ 0.09 | met |"
            ) in text


def test_bench_plugins_must_say_that_they_work(tmp_path):
    for name, status in (("good", 0), ("absent", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "README").write_text("not a program\n")
    out = subprocess.run(
        ["/usr/bin/python3", "-c", "import peers; print(list(peers.plugins()))"],
        cwd=ROOT / "bench", env={**os.environ, "BENCH_PLUGINS": str(tmp_path)},
        text=True, capture_output=True, check=True)
    assert out.stdout == "['good']\n"
