# SPDX-License-Identifier: BSD-2-Clause
"""What a case sees: its time, its comparisons, its results.

Every comparison takes turns between ours and the peers: the machines are
shared, so only ratios within one run mean anything. A ratio is the median of
the rounds' ratios, ours by the first peer's.
"""
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time
import traceback

from processors import taken
from sandbox import BUILD, EINKORN, ROOT

TOOLS = BUILD / "bench"
PROGRAMS = ROOT / "bench" / "programs"
OURS = "einkorn"
SERVER_CPU, CLIENT_CPU = "0", "1"
# Cases that are given less than this take fewer variants, and 3 rounds.
QUICK_FACTOR = 2.5


class Skip(Exception):
    """The machine lacks what the case needs."""


class TimeUp(BaseException):
    """The case is about to be ended; no peer's failure. What was measured so
    far becomes rows."""


def sh(*args, check=True, timeout=60, **kwargs):
    kwargs.setdefault("capture_output", True)
    kwargs.setdefault("stdin", subprocess.DEVNULL if "input" not in kwargs
                      else None)
    if "input" in kwargs:
        del kwargs["stdin"]
    return subprocess.run([str(a) for a in args], text=True, check=check,
                          timeout=timeout, **kwargs)


def need(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise Skip(f"not installed: {', '.join(missing)} "
                   "(tools/install-packages bench)")


def summary(values):
    """Median and spread (quartiles) of a list of numbers."""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    return {"median": statistics.median(ordered), "low": ordered[quarter],
            "high": ordered[-1 - quarter], "runs": len(ordered)}


def compile_c(source, *flags, compiler="gcc"):
    """Path of the program, compiled once into build/bench."""
    path = PROGRAMS / source
    out = TOOLS / ("-".join([path.stem, compiler, *flags]).replace("/", "_"))
    if not out.exists() or out.stat().st_mtime < path.stat().st_mtime:
        TOOLS.mkdir(parents=True, exist_ok=True)
        sh(compiler, "-O2", "-Wall", "-o", out, path, *flags)
    return str(out)


def why(error):
    """One line of what went wrong."""
    if isinstance(error, subprocess.CalledProcessError):
        tail = ((error.stderr or "") + (error.stdout or "")).strip()
        text = (f"{' '.join(map(str, error.cmd))[:120]}: status "
                f"{error.returncode}: {tail[-300:]}")
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())


class Run:
    """One case's run."""

    def __init__(self, case, what, seconds, out, tag):
        self.tag = tag
        self.out = out
        self.disk = out.parent / "disk"
        self.disk.mkdir(exist_ok=True)
        self.quick = seconds < case.weight * QUICK_FACTOR
        self.end = time.monotonic() + seconds
        self.planned = 1
        self.result = {"what": what, "command": case.command,
                       "status": "ok", "rows": [], "figures": {}, "failures":
                       {}, "date": time.strftime("%Y-%m-%d %H:%M")}

    def save(self):
        new = self.out.with_suffix(".new")
        new.write_text(json.dumps(self.result))
        new.replace(self.out)

    def left(self):
        return self.end - time.monotonic()

    def plan(self, comparisons):
        """How many comparisons will share the time that is left."""
        self.planned = comparisons

    def pick(self, variants, quick=1):
        """All variants, or the first `quick` in a quick run; plans them."""
        chosen = list(variants)[:quick] if self.quick else list(variants)
        self.plan(len(chosen))
        return chosen

    def fail(self, what, error):
        """Records that a part failed; the rest of the case goes on."""
        traceback.print_exception(error)
        self.result["failures"][what] = why(error)
        self.save()

    def figure(self, name, value):
        self.result["figures"][name] = value
        self.save()

    def compare(self, name, unit, peers, most=None, least=None):
        """Measures the peers {name: function} in turns, ours and the baseline
        first; a function gives a number, or {part: number}. Adds a row, or
        one for each part. Ends when its share of the time is used."""
        share = max(self.left(), 0) / max(self.planned, 1)
        self.planned -= 1
        least = least or (3 if self.quick else 5)
        values = {peer: [] for peer in peers}
        busy = {peer: [] for peer in peers}
        try:
            self.take_turns(name, peers, share, least, most or 25, values,
                            busy)
        finally:
            self.rows(name, unit, values, busy)

    def rows(self, name, unit, values, busy):
        parts = dict.fromkeys(part for rounds in values.values()
                              for v in rounds for part in v)
        for part in parts:
            self.row(", ".join(filter(None, (name, part))), unit,
                     {peer: [v[part] for v in rounds]
                      for peer, rounds in values.items() if rounds}, busy)

    def take_turns(self, name, peers, share, least, most, values, busy):
        start = time.monotonic()
        working = dict(peers)
        for done in range(most):
            used = time.monotonic() - start
            if done >= least and used + used / done > share:
                break
            if done and (self.left() < -used / done * 2 or not working):
                break
            for peer, measure in list(working.items()):
                taken.clear()
                try:
                    value = measure()
                    values[peer].append(value if isinstance(value, dict)
                                        else {"": value})
                    busy[peer] += taken
                except Exception as error:
                    self.fail(f"{name}: {peer}", error)
                    del working[peer]

    def row(self, name, unit, values, busy=None):
        """Adds a row from the lists of numbers {peer: [...]}, and how busy
        [server's, client's processor] were {peer: [[share, share], ...]}."""
        row = {"name": name, "unit": unit,
               "peers": {p: summary(v) for p, v in values.items()},
               "values": {p: [float(f"{x:.5g}") for x in v]
                          for p, v in values.items()}}
        known = {p: [round(statistics.median(cpu), 2) for cpu in zip(*b)]
                 for p, b in (busy or {}).items() if b}
        if known:
            row["busy"] = known
        base = [p for p in values if p != OURS]
        if OURS in values and base:
            pairs = list(zip(values[OURS], values[base[0]]))
            ratios = [a / b for a, b in pairs if b]
            if ratios:
                row["base"] = base[0]
                row["ratio"] = summary(ratios)
        self.result["rows"].append(row)
        self.save()

    def series(self, x, y, lines):
        """A plot: {name: [(x, y), ...]}."""
        self.result.setdefault("series", []).append(
            {"x": x, "y": y, "lines": lines})
        self.save()

    def result_is_empty(self):
        return not self.result["rows"] and not self.result["figures"]


def ring(limit):
    """Raises TimeUp after so many seconds."""
    def time_up(*_):
        raise TimeUp
    signal.signal(signal.SIGALRM, time_up)
    signal.setitimer(signal.ITIMER_REAL, limit)


def run(name, seconds, limit, out, tag):
    """Runs the case, which has `seconds` and is told when `limit` is reached;
    what it measured is in `out`, however it ends."""
    from cases import CASES, title
    case = Run(CASES[name], title(CASES[name]), seconds, out, tag)
    ring(limit)
    try:
        CASES[name](case)
        if case.result["failures"]:
            case.result["status"] = ("failed" if case.result_is_empty()
                                     else "partial")
            case.result["reason"] = "; ".join(
                f"{what}: {text}" for what, text
                in case.result["failures"].items())
        elif case.result_is_empty():
            case.result.update(status="failed", reason="measured nothing")
    except Skip as error:
        case.result.update(status="skipped", reason=str(error))
    except TimeUp:
        case.result.update(
            status="failed" if case.result_is_empty() else "partial",
            reason=f"its time was up after {limit:.0f} s")
    except Exception as error:  # the report tells; other cases go on
        traceback.print_exc()
        case.result.update(status="failed", reason=why(error))
    case.save()
    sys.stdout.flush()
