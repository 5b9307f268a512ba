# SPDX-License-Identifier: BSD-2-Clause
"""Volumes with several users at a time: two instances and the host read and
write the same files, each by its own ways (docs/volumes.md)."""
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.conftest import BUILD, EINKORN, TEST_ALL

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = 100 if TEST_ALL else 40


@pytest.fixture
def shared(tmp_path):
    shutil.copy(HERE / "inside.py", tmp_path)
    return tmp_path


class Users:
    """Starts inside.py in instances and on the host, side by side."""

    def __init__(self, state, folder):
        self.state, self.folder, self.running = state, folder, []

    def guest(self, *args):
        self.start(EINKORN, "run", "--rm", "--network", "none", "-v",
                   f"{self.folder}:/srv", "/usr/bin/python3", "python3",
                   "/srv/inside.py", *args)

    def host(self, *args):
        self.start(sys.executable, self.folder / "inside.py", *args)

    def start(self, *command):
        self.running.append(subprocess.Popen(
            [*map(str, command)], env=self.state, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT))

    def join(self):
        for one in self.running:
            text, _ = one.communicate(timeout=240)
            assert one.returncode == 0, text


@pytest.fixture
def users(state, shared):
    made = Users(state, shared)
    yield made
    for one in made.running:
        one.kill()
        one.wait()


def test_one_database_of_three(users, shared):
    """SQLite's locks and what it reads behind them hold between instances."""
    path = shared / "number.db"
    with sqlite3.connect(path) as db:
        db.execute("create table number (n integer)")
        db.execute("insert into number values (0)")
    db.close()
    users.guest("count", "/srv/number.db", ROUNDS)
    users.guest("count", "/srv/number.db", ROUNDS)
    users.host("count", path, ROUNDS)
    users.join()
    db = sqlite3.connect(path)
    assert db.execute("select n from number").fetchone() == (3 * ROUNDS,)
    assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_appended_lines_stay_whole(users, shared):
    (shared / "lines").touch()
    users.guest("append", "/srv/lines", "one", 10 * ROUNDS)
    users.guest("append", "/srv/lines", "two", 10 * ROUNDS)
    users.host("append", shared / "lines", "host", 10 * ROUNDS)
    users.join()
    lines = (shared / "lines").read_text().splitlines()
    assert len(lines) == 30 * ROUNDS
    for name in ("one", "two", "host"):
        found = [x for x in lines if x.startswith(f"{name} ")]
        assert found == [f"{name} {i}" for i in range(10 * ROUNDS)]


@pytest.mark.parametrize("other", ["guest", "host"])
def test_names_are_seen_by_the_other(users, shared, other):
    users.guest("pass_on", "/srv", "ping", "pong", ROUNDS)
    if other == "guest":
        users.guest("pass_on", "/srv", "pong", "ping", ROUNDS)
    else:
        users.host("pass_on", shared, "pong", "ping", ROUNDS)
    users.join()


def test_number_of_a_removed_file_is_used_again(state, shared):
    for i in range(ROUNDS):
        (shared / f"old{i}").touch()
    with subprocess.Popen([EINKORN, "run", "-i", "--rm", "--network", "none",
                           "-v", f"{shared}:/srv", "/usr/bin/python3",
                           "python3", "/srv/inside.py", "lose", "/srv",
                           str(ROUNDS)], env=state, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as guest:
        for i in range(ROUNDS):
            if guest.stdout.readline() != f"{i}\n":
                break
            (shared / f"old{i}").unlink()
            guest.stdin.write("\n")
            guest.stdin.flush()
        _, text = guest.communicate(timeout=240)
    assert guest.returncode == 0, text
    assert len(list(shared.glob("new*"))) == ROUNDS


@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_directory_behaves_as_on_linux(einkorn, tmp_path, libc):
    done = einkorn("run", "--rm", "--network", "none", "-v",
                   f"{tmp_path}:/srv", "-w", "/srv",
                   BUILD / "guest" / libc / "dirtree", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
