# SPDX-License-Identifier: BSD-2-Clause
"""Volumes as programs see them: real instances, the host, and both at once.

Programs are Debian's python3, so that what they do can stand here."""
import fcntl
import mmap
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import EINKORN, why_no_kvm
from tests.integration.conftest import wait_for

PYTHON = os.path.realpath(sys.executable)
PRELUDE = """
import errno, fcntl, mmap, os, sys
os.chdir("/d")
def say(*words):
    print(*words, flush=True)
def wait():
    return sys.stdin.readline().strip()
def fails(number, action, *args):
    try:
        action(*args)
    except OSError as e:
        assert e.errno == number, e
    else:
        raise AssertionError("was allowed")
"""


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


def command(shared, code, options=(), flags=""):
    return [str(EINKORN), "run", "--rm", "-i", "--network", "none", "-v",
            f"{shared}:/d{flags}", *map(str, options), PYTHON, "python3",
            "-c", PRELUDE + textwrap.dedent(code)]


@pytest.fixture
def run(state, shared):
    """Runs code in an instance until its end; returns what it printed."""

    def do(code, options=(), flags="", want="stdout"):
        p = subprocess.run(command(shared, code, options, flags), env=state,
                           text=True, capture_output=True, timeout=120)
        assert p.returncode == 0, p.stdout + p.stderr
        return getattr(p, want)

    return do


class Guest:
    """An instance to talk with, line by line."""

    def __init__(self, args, env):
        self.process = subprocess.Popen(args, env=env, text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def hear(self):
        line = self.process.stdout.readline()
        assert line, "it ended"
        return line.strip()

    def tell(self, text="go"):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, text="go"):
        self.tell(text)
        return self.hear()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0

    def servers(self):
        """Its volumes' servers: other processes of the tool."""
        me = self.process.pid
        children = pathlib.Path(f"/proc/{me}/task/{me}/children").read_text()
        return [int(pid) for pid in children.split() if pathlib.Path(
            f"/proc/{pid}/comm").read_text().strip() == "einkorn"]


@pytest.fixture
def start(state, shared):
    guests = []

    def do(code, options=(), flags=""):
        guests.append(Guest(command(shared, code, options, flags), state))
        return guests[-1]

    yield do
    for guest in guests:
        guest.process.kill()
        guest.process.wait()


LOCKS = """
    f = os.open("db", os.O_RDWR | os.O_CREAT, 0o600)
    say("ready")
    for word in sys.stdin:
        what, kind, length, start = word.split()
        flag = {"sh": fcntl.LOCK_SH, "ex": fcntl.LOCK_EX,
                "un": fcntl.LOCK_UN}[kind]
        if what == "try":
            flag |= fcntl.LOCK_NB
        try:
            fcntl.lockf(f, flag, int(length), int(start))
            say("yes")
        except OSError as e:
            say("no" if e.errno == errno.EAGAIN else e)
"""


def host_can_lock(path, kind, length, start):
    with open(path, "r+b") as f:
        try:
            fcntl.lockf(f, kind | fcntl.LOCK_NB, length, start)
        except OSError:
            return False
        return True


def test_record_locks_hold_between_instances(start, shared):
    a, b = start(LOCKS), start(LOCKS)
    assert a.hear() == b.hear() == "ready"
    assert a.ask("try ex 10 0") == "yes"
    assert a.ask("try sh 10 20") == "yes"
    assert b.ask("try sh 1 5") == "no"
    assert b.ask("try ex 1 25") == "no"
    assert b.ask("try sh 1 25") == "yes"
    assert b.ask("try ex 10 10") == "yes"
    db = shared / "db"
    assert not host_can_lock(db, fcntl.LOCK_SH, 1, 0)
    assert not host_can_lock(db, fcntl.LOCK_EX, 1, 29)
    assert host_can_lock(db, fcntl.LOCK_SH, 1, 29)
    # Given back in part, waited for, gone with the instance.
    assert a.ask("wait un 5 0") == "yes"
    assert b.ask("try ex 5 0") == "yes" and b.ask("try ex 1 5") == "no"
    b.tell("wait ex 5 5")
    assert a.ask("wait un 0 0") == "yes" and b.hear() == "yes"
    b.end()
    assert a.ask("wait ex 0 0") == "yes"
    a.end()
    assert host_can_lock(db, fcntl.LOCK_EX, 0, 0)


def test_what_a_lock_protects_is_seen(start, shared):
    """A counter that two instances count up under a lock."""
    count = """
        f = os.open("n", os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(200):
            fcntl.lockf(f, fcntl.LOCK_EX)
            n = int(os.pread(f, 20, 0) or b"0")
            os.pwrite(f, b"%d" % (n + 1), 0)
            fcntl.lockf(f, fcntl.LOCK_UN)
    """
    for guest in [start(count), start(count)]:
        guest.end()
    assert (shared / "n").read_text() == "400"


def test_appending_from_two_instances_and_the_host(start, shared):
    code = """
        f = open("log", "ab", 0)
        say("ready")
        name = wait()
        for i in range(400):
            f.write(b"%s %d %s\\n" % (name.encode(), i, b"x" * (i % 97)))
        say(f.tell())
        wait()
        say(len(open("log", "rb").read().splitlines()))
    """
    a, b = start(code), start(code)
    assert a.hear() == b.hear() == "ready"
    a.tell("a")
    b.tell("b")
    with open(shared / "log", "ab", 0) as log:
        for i in range(400):
            log.write(b"h %d %s\n" % (i, b"x" * (i % 97)))
    ends = [int(a.hear()), int(b.hear())]
    size = (shared / "log").stat().st_size
    assert max(ends) <= size and min(ends) > size / 3
    lines = (shared / "log").read_text().splitlines()
    for name in "abh":
        mine = [line for line in lines if line.startswith(name + " ")]
        assert mine == [f"{name} {i} {'x' * (i % 97)}" for i in range(400)]
    assert len(lines) == 1200
    assert a.ask() == b.ask() == "1200"


def test_changes_are_seen_by_the_other(start, shared):
    """One changes, the other looks: contents, sizes, names, all at once."""
    (shared / "f").write_text("one")
    looker = start("""
        kept = open("f", "rb", 0)
        for line in sys.stdin:
            try:
                say(open("f").read(), os.stat("f").st_size,
                    os.pread(kept.fileno(), 99, 0).decode(),
                    *sorted(os.listdir()))
            except OSError as e:
                say(e.errno, os.pread(kept.fileno(), 99, 0).decode())
    """)
    changer = start("""
        for line in sys.stdin:
            exec(line)
            say("done")
    """)
    assert looker.ask() == "one 3 one f"
    for change, seen in (
            ("open('f', 'w').write('two!')", "two! 4 two! f"),
            ("open('g', 'w').write('three')", "two! 4 two! f g"),
            ("os.rename('g', 'f')", "three 5 two! f"),
            ("os.truncate('f', 2)", "th 2 two! f"),
            ("open('f', 'r+').write('T')", "Th 2 two! f"),
            ("os.unlink('f')", "2 two!")):
        assert changer.ask(change) == "done"
        assert looker.ask() == seen, change
    (shared / "f").write_text("host")
    assert looker.ask() == "host 4 two! f"
    looker.end()
    changer.end()


@pytest.fixture(params=["proc", "kvm"])
def platform(request):
    if request.param == "kvm" and why_no_kvm():
        pytest.skip(why_no_kvm())
    return ["--platform", request.param]


@pytest.mark.parametrize("mode", ["O_RDONLY", "O_RDWR"])
def test_the_host_is_seen_in_what_is_open(start, shared, platform, mode):
    """Read, size and mapping of a file that stays open, and of a directory."""
    (shared / "f").write_text("one")
    guest = start(f"""
        f = os.open("f", os.{mode})
        m = mmap.mmap(f, 3, mmap.MAP_SHARED, mmap.PROT_READ)
        d = os.open(".", os.O_RDONLY)
        for line in sys.stdin:
            say(os.pread(f, 99, 0).decode(), m[:].decode(),
                os.fstat(f).st_size, *sorted(os.listdir(d)))
    """, platform)
    assert guest.ask() == "one one 3 f"
    for i, text in enumerate(["two", "three", "six"] * 10):
        with open(shared / "f", "r+") as f:
            f.write(text)
            f.truncate()
        (shared / "g").touch() if i % 2 else (shared / "g").unlink(True)
        names = "f g" if i % 2 else "f"
        assert guest.ask() == f"{text} {text[:3]} {len(text)} {names}"
        assert (shared / "f").read_text() == text
    guest.end()


def test_unlinked_and_replaced_while_open(run, shared):
    run("""
        f = open("a", "w+b", 0)
        f.write(b"kept")
        os.unlink("a")
        f.seek(0)
        assert f.read() == b"kept" and os.fstat(f.fileno()).st_nlink == 0
        f.write(b"!")
        assert os.fstat(f.fileno()).st_size == 5
        os.ftruncate(f.fileno(), 2)
        os.fsync(f.fileno())
        assert os.pread(f.fileno(), 9, 0) == b"ke"
        open("new", "w").write("new")
        g = open("old", "w+b", 0)
        g.write(b"old")
        os.rename("new", "old")
        assert os.pread(g.fileno(), 9, 0) == b"old"
        assert open("old").read() == "new" and os.listdir() == ["old"]
    """)
    assert (shared / "old").read_text() == "new"


def test_cached_files_cost_no_requests(run, shared, platform):
    """However often a file is read: counted, not timed."""
    (shared / "page").write_bytes(os.urandom(300000))

    def requests(times):
        out = run(f"""
            for _ in range({times}):
                with open("page", "rb") as f:
                    assert len(f.read()) == 300000
                os.stat("page")
        """, ["--stats", *platform], want="stderr")
        return int(re.search(r"stats: volume /d requests (\d+)", out)[1])

    once = requests(1)
    assert once < 40
    assert requests(300) <= once + 2


def test_eight_volumes_are_all_watched(run, tmp_path, platform):
    """So that what was read once is served from memory in each of them."""
    options = []
    for i in range(7):
        (tmp_path / f"v{i}").mkdir()
        (tmp_path / f"v{i}" / "page").write_text("page")
        options += ["-v", f"{tmp_path}/v{i}:/v{i}"]
    out = run("""
        for i in range(7):
            for _ in range(100):
                with open(f"/v{i}/page") as f:
                    assert f.read() == "page"
    """, [*options, "--stats", *platform], want="stderr")
    requests = re.findall(r"stats: volume /v\d requests (\d+)", out)
    assert len(requests) == 7 and all(int(n) < 40 for n in requests), out


def test_own_changes_leave_other_names_known(run, shared):
    """Removing and renaming are no news of somebody else: each round costs its
    own requests, and none to look up the directory that lies beside."""
    def requests(rounds):
        shutil.rmtree(shared / "dir", ignore_errors=True)
        out = run(f"""
            os.mkdir("dir")
            for i in range({rounds}):
                open("a", "w").close()
                os.rename("a", "b")
                os.unlink("b")
                for _ in range(20):
                    assert os.path.isdir("dir")
                    assert not os.path.exists("absent")
        """, ["--stats"], want="stderr")
        return int(re.search(r"stats: volume /d requests (\d+)", out)[1])

    assert requests(30) - requests(10) <= 20 * 18


def test_many_files(run, shared):
    for i in range(5000):
        (shared / f"host{i}").write_text(str(i))
    out = run("""
        for i in range(5000):
            with open(f"guest{i}", "w") as f:
                f.write(str(i))
        assert len(os.listdir()) == 10000
        assert sum(e.stat().st_size for e in os.scandir()) == 2 * sum(
            len(str(i)) for i in range(5000))
        for i in range(0, 5000, 3):
            assert open(f"host{i}").read() == str(i)
            os.unlink(f"host{i}")
        say(len(os.listdir()))
    """)
    assert int(out) == 10000 - 1667 == len(os.listdir(shared))
    assert (shared / "guest4999").read_text() == "4999"


def test_holes_and_big_files(run, shared):
    with open(shared / "host", "wb") as f:
        f.seek(5 << 30)
        f.write(b"end")
    run("""
        f = os.open("host", os.O_RDONLY)
        assert os.pread(f, 9, 5 << 30) == b"end"
        assert os.pread(f, 3, 3 << 30) == bytes(3)
        st = os.fstat(f)
        assert st.st_size == (5 << 30) + 3 and st.st_blocks < 1000
        g = os.open("guest", os.O_RDWR | os.O_CREAT)
        assert os.pwrite(g, b"x", 6 << 30) == 1
        assert os.pread(g, 2, (6 << 30) - 1) == b"\\0x"
        os.ftruncate(g, 7 << 30)
        assert os.fstat(g).st_blocks < 1000
    """)
    st = (shared / "guest").stat()
    assert st.st_size == 7 << 30 and st.st_blocks < 1000


def test_more_data_than_memory(run, shared):
    """What is remembered makes room."""
    block = os.urandom(1 << 20)
    with open(shared / "big", "wb") as f:
        for i in range(96):
            f.write(i.to_bytes(4, "big") + block[4:])
    run("""
        for _ in range(2):
            with open("big", "rb") as f:
                for i in range(96):
                    assert f.read(1 << 20)[:4] == i.to_bytes(4, "big")
    """, ["-m", "64m"])


def test_shared_mappings_are_written_back(start, shared):
    (shared / "m").write_bytes(bytes(300000))
    guest = start("""
        f = os.open("m", os.O_RDWR)
        m = mmap.mmap(f, 300000)
        m[0:3] = b"abc"
        m[200000] = 7
        m.flush()
        say("flushed")
        wait()
        os.fstat(f)  # whoever asks about the file sees it in the mapping too
        assert m[100000:100004] == b"host"
        os.pwrite(f, b"W", 1)
        assert m[1:2] == b"W"
        m[299999] = 9
        m.close()
        say("closed")
        wait()
        m = mmap.mmap(f, 300000)
        m[5] = 5  # neither flushed nor closed
        os._exit(0)
    """)
    host = mmap.mmap(os.open(shared / "m", os.O_RDWR), 300000)
    assert guest.hear() == "flushed"
    assert host[0:3] == b"abc" and host[200000] == 7
    with open(shared / "m", "r+b") as f:
        f.seek(100000)
        f.write(b"host")
    assert guest.ask() == "closed"
    assert host[0:3] == b"aWc" and host[299999] == 9
    assert host[100000:100004] == b"host"
    guest.tell()
    guest.end()
    assert host[5] == 5


def test_attributes(run, shared):
    (shared / "sub").mkdir()
    run("""
        open("f", "w").write("x")
        os.utime("f", ns=(1_000_000_007, -5_000_000_001))
        st = os.stat("f")
        assert (st.st_atime_ns, st.st_mtime_ns) == (1_000_000_007,
                                                    -5_000_000_001)
        os.chmod("f", 0o640)
        assert os.stat("f").st_mode == 0o100640
        fails(errno.EPERM, os.chmod, "f", 0o4755)
        for path in ("f", "sub"):
            os.setxattr(path, "user.a", b"1")
            os.setxattr(path, "user.b", b"x" * 1000)
            assert sorted(os.listxattr(path)) == ["user.a",
                                                    "user.b"]
            assert os.getxattr(path, "user.b") == b"x" * 1000
            os.removexattr(path, "user.b")
            fails(errno.ENODATA, os.getxattr, path, "user.b")
            fails(errno.EEXIST, os.setxattr, path, "user.a", b"",
                  os.XATTR_CREATE)
            fails(errno.EOPNOTSUPP, os.setxattr, path, "trusted.a", b"")
        vfs = os.statvfs(".")
        assert vfs.f_blocks > vfs.f_bfree > 0 and vfs.f_namemax == 255
        d = os.open("sub", os.O_RDONLY)
        os.fsync(d)
    """)
    assert os.getxattr(shared / "f", "user.a") == b"1"
    assert (shared / "f").stat().st_mtime_ns == -5_000_000_001


def test_read_only(run, shared):
    (shared / "f").write_text("text")
    run("""
        assert open("f").read() == "text"
        mmap.mmap(os.open("f", os.O_RDONLY), 4, prot=mmap.PROT_READ)
        fcntl.lockf(os.open("f", os.O_RDONLY), fcntl.LOCK_SH)
        for action, *args in ((open, "f", "a"), (open, "g", "w"),
                              (os.unlink, "f"), (os.mkdir, "d"),
                              (os.chmod, "f", 0o600), (os.truncate, "f", 0),
                              (os.rename, "f", "g"), (os.utime, "f"),
                              (os.setxattr, "f", "user.a", b"")):
            fails(errno.EROFS, action, *args)
    """, flags=":ro")
    assert os.listdir(shared) == ["f"] and not os.listxattr(shared / "f")


def test_places(run, shared, tmp_path):
    """Files, paths that the image lacks, one volume within another."""
    for name in ("outer", "inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    (tmp_path / "one").write_text("single")
    run("""
        assert open("/etc/one.conf").read() == "single"
        open("/etc/one.conf", "w").write("changed")
        assert sorted(os.listdir("/new/place")) == ["in", "outer"]
        assert os.listdir("/new/place/in") == ["inner"]
        open("/new/place/in/x", "w").close()
        fails(errno.EXDEV, os.rename, "/new/place/in/x", "/new/place/x")
        fails(errno.EBUSY, os.rmdir, "/new/place/in")
    """, ["-v", f"{tmp_path}/inner:/new/place/in", "-v",
          f"{tmp_path}/outer:/new/place", "-v",
          f"{tmp_path}/one:/etc/one.conf"])
    assert (tmp_path / "one").read_text() == "changed"
    assert (tmp_path / "inner/x").exists()


@pytest.mark.parametrize("platform", ["proc", "kvm"])
def test_server_that_is_killed(start, shared, platform):
    """Its volume is lost, the instance is not."""
    if platform == "kvm" and why_no_kvm():
        pytest.skip(why_no_kvm())
    (shared / "f").write_text("seen")
    (shared / "unseen").write_text("unseen")
    guest = start("""
        import threading
        f = open("f", "r+b", 0)
        assert f.read() == b"seen"
        say("ready")
        wait()
        fails(errno.EIO, open, "unseen")
        fails(errno.EIO, f.write, b"x")
        fails(errno.EIO, os.fsync, f.fileno())
        fails(errno.EIO, os.mkdir, "new")
        fails(errno.EIO, fcntl.lockf, f, fcntl.LOCK_EX)
        f.close()
        open("/tmp/x", "w").write("goes on")
        say("survived")
    """, ["--platform", platform])
    assert guest.hear() == "ready"
    servers = guest.servers()
    assert len(servers) == 1
    os.kill(servers[0], signal.SIGKILL)
    assert guest.ask() == "survived"
    guest.end()


def test_server_that_stands_still(start, shared):
    """Nobody else waits for it; it goes on where it was."""
    guest = start("""
        import threading, time
        say("ready")
        wait()
        t = threading.Thread(target=lambda: open("f", "w").write("late"))
        t.start()
        open("/tmp/x", "w").write("meanwhile")
        say("meanwhile")
        t.join()
        say("done")
    """)
    assert guest.hear() == "ready"
    server, = guest.servers()
    os.kill(server, signal.SIGSTOP)
    assert guest.ask() == "meanwhile"
    os.kill(server, signal.SIGCONT)
    assert guest.hear() == "done"
    guest.end()
    wait_for(lambda: not pathlib.Path(f"/proc/{server}").exists())
