# SPDX-License-Identifier: BSD-2-Clause
"""The 9P server of -v, spoken to by a fake tender's program."""
import os
import pathlib
import stat
import subprocess
import sys
import textwrap

import pytest

from tests.integration.oci_layout import Layout, program, tar

FAKE = pathlib.Path(__file__).resolve().parent / "fake"
PRELUDE = """
import errno, os, struct, sys
sys.path.insert(0, %r)
from ninep import Client, Refused, string
c = Client()
""" % str(FAKE)


@pytest.fixture
def shared(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "file").write_text("content")
    (folder / "sub").mkdir()
    (folder / "out").symlink_to("/etc")
    (folder / "loop").symlink_to("sub")
    (tmp_path / "secret").write_text("secret")
    return folder


# The server as the program sees it, which is its monitor's other child.
SERVER = """
        def status(pid):
            with open(f"/proc/{pid}/status") as f:
                return dict(l.strip("\\n").split(":\t", 1) for l in f)
        def server():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    s = status(pid)
                except OSError:
                    continue
                if s["PPid"] == me and s["Name"] == "einkorn":
                    return pid, s
        me = status("self")["PPid"]
"""


def run(tool, shared, code, flags="", options=(), target=None):
    p = tool("run", "--rm", "--network", "none", *options, "-v",
             f"{shared}:/data{flags}", target or tool.target, sys.executable,
             "-c", PRELUDE + textwrap.dedent(code))
    assert p.returncode == 0, p.stderr
    return p.stdout


def test_read_write_create(tool, shared):
    run(tool, shared, """
        assert c.read(c.open("file")) == b"content"
        assert c.stat("file")["size"] == 7
        f = c.create("sub", "new", 0o640)
        assert c.write(f, b"x" * 60000) == 60000
        assert c.write(f, b"end", 60000) == 3
        c.call(50, struct.pack("<II", f, 0))
        c.clunk(f)
        assert len(c.read(c.open("sub/new"))) == 60003
        assert c.refused(c.create, "sub", "new",
                         flags=os.O_RDWR | os.O_EXCL) == errno.EEXIST
        c.create("sub", "new")
    """)
    assert (shared / "sub/new").stat().st_mode & 0o7777 == 0o640
    assert (shared / "sub/new").read_bytes().endswith(b"xxend")


def test_large_message(tool, shared):
    (shared / "big").write_bytes(os.urandom(1 << 17))
    run(tool, shared, """
        c = Client(msize=131072)
        f = c.open("big")
        first = c.read(f, 0, 1 << 20)
        assert len(first) == 131072 - 7 - 4
        w = c.create("", "copy")
        n = 131072 - 23
        assert c.write(w, (first + b"0" * 100)[:n]) == n
    """)


def test_names(tool, shared):
    run(tool, shared, """
        c.call(72, struct.pack("<I", 0) + string("made")
               + struct.pack("<II", 0o755, 0))
        made = c.walk("made")
        c.call(74, struct.pack("<I", 0) + string("file")
               + struct.pack("<I", made) + string("moved"))
        assert c.list("made") == ["moved"]
        c.call(70, struct.pack("<II", made, c.walk("made/moved"))
               + string("linked"))
        assert c.stat("made/linked")["nlink"] == 2
        c.call(16, struct.pack("<I", made) + string("sym")
               + string("../x/y") + struct.pack("<I", 0))
        reply = c.call(22, struct.pack("<I", c.walk("made/sym")))
        assert reply == string("../x/y")
        c.call(76, struct.pack("<I", made) + string("linked")
               + struct.pack("<I", 0))
        assert c.refused(c.call, 76, struct.pack("<I", 0) + string("made")
                         + struct.pack("<I", 0x200)) == errno.ENOTEMPTY
    """)
    assert (shared / "made/moved").read_text() == "content"


def test_attributes(tool, shared):
    run(tool, shared, """
        c.setattr("file", 1, mode=0o600)
        c.setattr("file", 2 | 4, uid=12, gid=13)
        c.setattr("file", 8, size=3)
        c.setattr("file", 32 | 256)
        s = c.stat("file")
        assert s["mode"] == 0o100600 and s["size"] == 3
        assert (s["uid"], s["gid"]) == (12, 13)
        assert len(c.call(8, struct.pack("<I", 0))) == 60
    """)
    assert (shared / "file").stat().st_mtime == 1


def test_long_listing(tool, shared):
    for i in range(2000):
        (shared / "sub" / f"{i:04}-{'x' * 60}").touch()
    out = run(tool, shared, """
        names = c.list("sub")
        print(len(names), names == sorted(os.listdir(%r)))
    """ % str(shared / "sub"))
    assert out == "2000 True\n"


def test_nothing_outside_can_be_reached(tool, shared):
    run(tool, shared, """
        for name in ("..", ".", "", "a/b", "/etc"):
            body = struct.pack("<IIH", 0, 999, 1) + string(name)
            assert c.refused(c.call, 110, body) == errno.EINVAL, name
        # Links are the client's to follow.
        assert c.refused(c.walk, "out/passwd") in (2, 20, errno.ELOOP)
        assert c.refused(c.walk, "loop/x") in (2, 20, errno.ELOOP)
        assert c.refused(c.open, "out") == errno.ELOOP
        assert c.refused(c.create, "", "../escape") == errno.EINVAL
        assert c.refused(c.create, "", "out") in (errno.EEXIST, errno.ELOOP)
        assert c.refused(c.create, "out", "x") == errno.ENOTDIR
    """)


def test_special_files_are_not_opened(tool, shared):
    os.mkfifo(shared / "fifo")
    if os.geteuid() == 0:
        os.mknod(shared / "null", 0o20666, os.makedev(1, 3))
    run(tool, shared, """
        for name in set(c.list("")) & {"fifo", "null"}:
            assert c.refused(c.open, name) == errno.EACCES
            assert c.refused(c.create, "", name) == errno.EACCES
    """)


def test_read_only(tool, shared):
    run(tool, shared, """
        assert c.read(c.open("file")) == b"content"
        for action, args in (
                (c.create, ("", "new")), (c.open, ("file", os.O_RDWR)),
                (c.open, ("file", os.O_TRUNC)), (c.setattr, ("file", 1)),
                (c.call, (76, struct.pack("<I", 0) + string("file")
                          + struct.pack("<I", 0)))):
            assert c.refused(action, *args) == errno.EROFS
    """, ":ro")
    assert sorted(p.name for p in shared.iterdir()) == ["file", "loop", "out",
                                                        "sub"]


def test_malformed_messages_end_nothing(tool, shared):
    run(tool, shared, """
        import random
        random.seed(1)
        c.sock.settimeout(5)
        for _ in range(3000):
            kind = random.choice([8, 12, 14, 16, 22, 24, 26, 40, 50, 52, 70,
                                  72, 74, 76, 110, 116, 118, 120])
            body = random.randbytes(random.randrange(60))
            if random.random() < 0.7:
                body = struct.pack("<I", 0) + body
            c.raw(struct.pack("<IBH", 7 + len(body), kind, 1) + body)
            # Without a fid 0 nothing more would be tested.
            c.raw(struct.pack("<IBH", 7 + 20, 104, 1) + struct.pack(
                "<II", 0, 0) + string("root") + struct.pack("<HI", 0, 0))
        c.sock.send(b"\\1")  # too short: no answer
        assert c.read(c.open("file", 0)) is not None
    """)


def test_batches(tool, shared):
    """Done in order; behind one that fails its chain ends, others go on."""
    (shared / "big").write_bytes(b"x" * 100000)
    run(tool, shared, r"""
        def answers(*requests):
            body = b"".join(struct.pack("<IBH", 7 + len(b), kind, tag) + b
                            for kind, tag, b in requests)
            reply = c.raw(struct.pack("<IBH", 7 + len(body), 92, 9) + body)
            assert struct.unpack("<IBH", reply[:7])[0] == len(reply)
            if reply[4] == 7:
                return -struct.unpack("<I", reply[7:])[0]
            assert reply[4] == 93 and reply[5:7] == b"\t\0"
            found, at = [], 7
            while at < len(reply):
                size, kind, tag = struct.unpack_from("<IBH", reply, at)
                found.append((kind, tag, reply[at + 7:at + size]))
                at += size
            assert at == len(reply)
            return found
        def walk(tag, new, name, fid=0):
            names = string(name) if name else b""
            return 110, tag, struct.pack("<IIH", fid, new, bool(name)) + names
        def getattr(tag, fid):
            return 24, tag, struct.pack("<IQ", fid, 0x7ff)
        def read(tag, fid, count):
            return 116, tag, struct.pack("<IQI", fid, 0, count)

        assert answers(walk(1, 50, "file")) == -errno.EOPNOTSUPP
        c = Client(dialect="9P2000.L.einkorn")
        # A chain, and one that fails at its second request.
        out = answers(walk(1, 50, "file"), getattr(1, 50),
                      walk(2, 51, "sub"), walk(2, 52, "none"), getattr(2, 50),
                      getattr(3, 51))
        assert [(k, t) for k, t, _ in out] == [
            (111, 1), (25, 1), (111, 2), (7, 2), (25, 3)]
        # What it creates, opens and writes is there for the next one.
        out = answers(walk(1, 60, None), (14, 1, struct.pack("<I", 60)
                      + string("made") + struct.pack("<III", 2, 0o600, 0)),
                      (118, 1, struct.pack("<IQI", 60, 0, 4) + b"data"),
                      read(1, 60, 100), (120, 1, struct.pack("<I", 60)))
        assert [k for k, _, _ in out] == [111, 15, 119, 117, 121]
        assert out[3][2] == struct.pack("<I", 4) + b"data"
        # What has no place in a batch, and what is none.
        assert answers((100, 1, struct.pack("<I", 8192)
                        + string("9P2000.L"))) == -errno.EINVAL
        assert answers((92, 1, b"")) == -errno.EINVAL
        for body in (b"\0", struct.pack("<IBH", 6, 24, 1),
                     struct.pack("<IBH", 400, 24, 1)):
            reply = c.raw(struct.pack("<IBH", 7 + len(body), 92, 9) + body)
            assert reply[4] == 7
        assert answers() == []
        # An answer ends where the message does.
        f = c.open("big")
        out = answers(read(1, f, 40000), read(2, f, 40000))
        assert [len(b) for _, _, b in out] == [40004, 65536 - 7 - 40011 - 7]
        out = answers(*[read(i, f, 65536) for i in range(3)])
        assert [(k, t) for k, t, _ in out] == [(117, 0)]
        assert c.read(f, 0, 4) == b"xxxx"
    """)


def test_server_is_confined(tool, shared):
    """It sees nothing but its volume and its own descriptors."""
    out = run(tool, shared, SERVER + """
        pid, s = server()
        print(s["CapEff"], s["CapBnd"], s["Seccomp"], s["NoNewPrivs"])
        print(os.listdir(f"/proc/{pid}/root"))
        print(sorted(os.listdir(f"/proc/{pid}/root/v")))
        print(all(n.isdigit() for n in os.listdir(f"/proc/{pid}/root/p")))
        for ns in ("mnt", "pid", "ipc", "uts"):
            assert (os.readlink(f"/proc/{pid}/ns/{ns}")
                    != os.readlink("/proc/self/ns/" + ns))
    """)
    rights, top, inside, descriptors = out.splitlines()
    # chown, dac_override, fowner
    assert rights == "000000000000000b 0000000000000000 2 1"
    assert sorted(eval(top)) == ["p", "v"]
    assert eval(inside) == ["file", "loop", "out", "sub"]
    assert descriptors == "True"


@pytest.mark.skipif(os.geteuid() != 0, reason="SKIP needs root")
def test_server_is_who_the_program_is(tool, shared, tmp_path):
    """No privilege at all is left to it."""
    layout = Layout(tmp_path / "layout")
    layout.make([tar(program(sys.executable[1:], tool.target))])
    (shared / "file").chmod(0o600)
    (shared / "sub").chmod(0o777)
    (shared / "file").parent.chmod(0o755)
    out = run(tool, shared, SERVER + """
        s = server()[1]
        print(s["CapPrm"], s["Uid"].split(), s["Gid"].split(), s["Groups"])
        assert c.refused(c.open, "file") == errno.EACCES
        assert c.refused(c.create, "", "x") == errno.EACCES
        assert c.refused(c.setattr, "file", 1, mode=0o644) == errno.EPERM
        c.create("sub", "x")
        assert c.refused(c.setattr, "sub/x", 2, uid=0) == errno.EPERM
    """, options=("-u", "1234:1235"), target=f"oci:{layout.path}")
    assert out.strip() == f"{'0' * 16} {['1234'] * 4} {['1235'] * 4}"
    st = (shared / "sub/x").stat()
    assert (st.st_uid, st.st_gid) == (1234, 1235)


def test_nobody_else_runs_what_a_volume_brings(tool, shared):
    """Bits that make a program run as its owner are refused."""
    (shared / "was").touch()
    (shared / "was").chmod(0o4755)
    (shared / "group").mkdir()
    (shared / "group").chmod(0o2775)
    run(tool, shared, """
        for mode in (0o4755, 0o2755, 0o6777):
            assert c.refused(c.setattr, "file", 1, mode=mode) == errno.EPERM
            assert c.refused(c.create, "", "new", mode) == errno.EPERM
            assert c.refused(c.call, 18, struct.pack("<I", 0) + string("x")
                             + struct.pack("<IIII", 0o100000 | mode, 0, 0, 0)
                             ) == errno.EPERM
        assert c.refused(c.setattr, "sub", 1, mode=0o4755) == errno.EPERM
        c.setattr("sub", 1, mode=0o2755)  # hands down its group: harmless
        c.setattr("group", 1, mode=0o2755)
        c.setattr("was", 1, mode=0o4755)  # as it was
        c.write(c.open("was", os.O_RDWR), b"x")
    """)
    assert (shared / "file").stat().st_mode & 0o7777 == 0o644
    assert (shared / "sub").stat().st_mode & 0o7777 == 0o2755
    assert (shared / "was").stat().st_mode & 0o7777 == 0o755
    assert not (shared / "new").exists() and not (shared / "x").exists()


def test_links_swapped_under_a_walk(tool, shared, tmp_path):
    """Whatever a name becomes meanwhile, the way leads nowhere else."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/x").write_text("secret")
    (shared / "d").mkdir()
    (shared / "d/x").write_text("inside")
    (shared / "l").symlink_to(tmp_path / "secrets")
    out = run(tool, shared, """
        import threading
        path, end, seen = %r, False, set()
        def swap():
            while not end:
                os.rename(path + "/d", path + "/t")
                os.rename(path + "/l", path + "/d")
                os.rename(path + "/d", path + "/l")
                os.rename(path + "/t", path + "/d")
        t = threading.Thread(target=swap, daemon=True)
        t.start()
        for _ in range(3000):
            try:
                f = c.open("d/x")
                seen.add(c.read(f))
                c.clunk(f)
            except Refused as e:
                seen.add(e.errno)
        end = True
        t.join()
        print(b"secret" in seen, b"inside" in seen)
    """ % str(shared))
    assert out == "False True\n"


def test_messages_of_any_size(tool, shared):
    run(tool, shared, """
        c.sock.setblocking(False)
        for n in (0, 1, 6, 131073, 262144):  # no answer: nobody to ask
            if n:
                c.sock.send(b"\\xff" * n)
        c.sock.setblocking(True)
        assert c.read(c.open("file")) == b"content"
        c = Client(msize=4096)
        os.symlink("x" * 4095, %r)
        assert c.refused(c.call, 22, struct.pack("<I", c.walk("long"))
                         ) == errno.EMSGSIZE
        assert c.read(c.open("file")) == b"content"
    """ % str(shared / "long"))


def test_mknod_of_devices_is_refused(tool, shared):
    run(tool, shared, """
        def mknod(name, mode):
            return c.call(18, struct.pack("<I", 0) + string(name)
                          + struct.pack("<IIII", mode, 1, 3, 0))
        mknod("fifo", 0o010644)
        mknod("sock", 0o140644)
        for kind in (0o020666, 0o060666, 0o040755, 0o120777):
            assert c.refused(mknod, "x", kind) == errno.EPERM
    """)
    assert stat.S_ISFIFO((shared / "fifo").stat().st_mode)
    assert stat.S_ISSOCK((shared / "sock").stat().st_mode)


def test_single_file(tool, shared):
    p = tool("run", "--rm", "--network", "none", "-v",
             f"{shared}/file:/etc/file", tool.target, sys.executable, "-c",
             PRELUDE + textwrap.dedent("""
        assert c.read(c.open("")) == b"content"
        assert c.refused(c.walk, "..") == errno.EINVAL
        assert c.refused(c.walk, "sub") == errno.ENOTDIR
        assert c.refused(c.create, "", "x") == errno.ENOTDIR
    """))
    assert p.returncode == 0, p.stderr


def test_lease_ends_with_a_notice(tool, shared):
    """Changes by others are told, the client's own are not."""
    run(tool, shared, """
        path = %r
        leased = lambda fid: struct.unpack("<Q", c.call(
            24, struct.pack("<IQ", fid, 1 << 63 | 0x7ff))[:8])[0] >> 63
        def qid(fid):
            return struct.unpack("<Q", c.call(
                24, struct.pack("<IQ", fid, 0x7ff))[13:21])[0]
        def notice():
            c.sock.settimeout(10)
            m = c.sock.recv(1000)
            assert struct.unpack("<IBH", m[:7]) == (19, 91, 0xffff)
            return struct.unpack("<QI", m[7:])
        f, d = c.walk("file"), c.walk("")
        file_qid, dir_qid = qid(f), qid(d)
        assert leased(f) == leased(d) == leased(f) == 1
        w = c.open("file", os.O_RDWR)
        c.write(w, b"own")
        c.setattr("file", 1, mode=0o600)
        c.clunk(w)
        c.create("", "own")
        assert leased(f) == leased(d) == 1  # no notice came in between
        open(path + "/file", "a").close()
        assert notice() == (file_qid, 0)  # closed by a writer
        open(path + "/file", "a").write("x")  # nobody is told twice
        open(path + "/other", "w").close()
        assert notice() == (dir_qid, 0)
        assert leased(f) and leased(d)
        os.unlink(path + "/file")
        assert sorted([notice(), notice()]) == sorted([(file_qid, 1),
                                                       (dir_qid, 0)])
    """ % str(shared))


def test_two_volumes_in_order(tool, shared, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b/other").touch()
    p = tool("run", "--rm", "--network", "none", "-v", f"{shared}:/a", "-v",
             f"{tmp_path}/b:/b:ro", tool.target, sys.executable, "-c",
             PRELUDE + "print(c.list(''), Client(1).list(''))\n"
             "print(os.environ['CONFIG'])")
    assert p.stdout.startswith("['file', 'loop', 'out', 'sub'] ['other']")
    assert "volume0=/a:rw,watch=2\nvolume1=/b:ro,watch=3\n" in p.stdout


def test_missing_directory(tool):
    p = tool("run", "--rm", "--network", "none", "-v", "/no/such:/data",
             tool.target, "true")
    assert p.returncode == 125 and "/no/such" in p.stderr
    assert len(p.stderr.splitlines()) == 1


def test_detached_with_a_volume_lets_go_of_the_output(tool, shared):
    """Whoever reads the tool's output until its end is not kept waiting."""
    p = tool("run", "-d", "--network", "none", "-v", f"{shared}:/data",
             tool.target, "sleep", "60", stderr=subprocess.STDOUT,
             capture_output=False, stdout=subprocess.PIPE, timeout=10)
    assert p.returncode == 0 and len(p.stdout.strip()) == 64
