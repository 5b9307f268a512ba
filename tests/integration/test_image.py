# SPDX-License-Identifier: BSD-2-Clause
"""einkorn-image against independent tools: fsck.erofs reads the images,
objdump checks what the patcher took for code."""
import json
import os
import re
import shutil
import stat
import struct
import subprocess

import pytest

from tests.conftest import BUILD

IMAGE = BUILD / "libexec" / "einkorn-image"
LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"


def build(cache, path):
    return subprocess.run([IMAGE, "build", "--json", "-o", cache, path],
                          text=True, capture_output=True, timeout=60)


def entry(cache, path):
    done = build(cache, path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def extract(cache, digest, to):
    image = cache / f"{digest}.erofs"
    subprocess.run(["fsck.erofs", f"--extract={to}", "--preserve", image],
                   check=True, timeout=60, stdout=subprocess.DEVNULL)


def listing(top):
    """Everything that must survive, by relative path."""
    found = {}
    for base, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(base, name)
            st = os.lstat(path)
            # fsck.erofs loses set-user-ID bits and hard links on extraction.
            what = [stat.filemode(st.st_mode & ~0o6000), st.st_uid, st.st_gid]
            if stat.S_ISLNK(st.st_mode):
                what.append(os.readlink(path))
            elif stat.S_ISREG(st.st_mode):
                what += [st.st_size, int(st.st_mtime),
                         open(path, "rb").read()]
            elif not stat.S_ISDIR(st.st_mode):
                what.append(st.st_rdev)
            found[os.path.relpath(path, top)] = what
    return found


@pytest.fixture
def tree(tmp_path):
    """A directory with one of everything, and a crowded one."""
    top = tmp_path / "tree"
    top.mkdir()
    for name in ("dev", "etc", "proc", "run", "sys", "tmp"):
        (top / name).mkdir()
    (top / "empty").write_bytes(b"")
    (top / "block").write_bytes(os.urandom(4096))
    (top / "odd").write_bytes(os.urandom(123457))
    os.link(top / "odd", top / "etc" / "odd-too")
    (top / "link").symlink_to("../nowhere/" + "x" * 200)
    (top / "-dash").write_text("sorts before dots")
    (top / "new\nline\\").write_text("strange name")
    crowd = top / "crowd"
    crowd.mkdir(mode=0o1777)
    for i in range(700):
        (crowd / f"{i:04d}-{'n' * (i % 200)}").write_text(str(i))
    os.mkfifo(top / "fifo")
    os.chmod(top / "odd", 0o4711)
    if os.geteuid() == 0:
        os.mknod(top / "dev" / "node", 0o666 | stat.S_IFCHR,
                 os.makedev(10, 300))
        os.chown(top / "block", 70000, 12)
    return top


def test_directory_becomes_the_same_tree(tmp_path, tree):
    cache = tmp_path / "cache"
    made = entry(cache, tree)
    extract(cache, made["digest"], tmp_path / "out")
    assert listing(tmp_path / "out") == listing(tree)


def dump(image, path):
    text = subprocess.run(["dump.erofs", f"--path={path}", image], text=True,
                          capture_output=True, check=True, timeout=60).stdout
    return {k: int(re.search(rf"{k}: +(\d+)", text).group(1))
            for k in ("NID", "Links")}


def test_hard_links_and_mode_bits_survive(tmp_path, tree):
    cache = tmp_path / "cache"
    image = cache / f"{entry(cache, tree)['digest']}.erofs"
    one, two = dump(image, "/odd"), dump(image, "/etc/odd-too")
    assert one == two
    assert one["Links"] == 2
    mode, = struct.unpack_from("<H", image.read_bytes(), one["NID"] * 32 + 4)
    assert mode == stat.S_IFREG | 0o4711


def test_image_is_deterministic(tmp_path, tree):
    one = entry(tmp_path / "one", tree)
    two = entry(tmp_path / "two", tree)
    assert one["digest"] == two["digest"]


def test_data_is_contiguous_and_aligned(tmp_path, tree):
    cache = tmp_path / "cache"
    made = entry(cache, tree)
    image = (cache / f"{made['digest']}.erofs").read_bytes()
    at = image.find((tree / "odd").read_bytes())
    assert at > 0 and at % 4096 == 0


def test_program_brings_loader_libraries_and_package(tmp_path):
    cache = tmp_path / "cache"
    if not os.path.exists("/usr/sbin/nginx"):
        pytest.skip("nginx is not installed")
    made = entry(cache, "/usr/sbin/nginx")
    out = tmp_path / "out"
    extract(cache, made["digest"], out)
    for path in ("usr/sbin/nginx", "usr/lib64/ld-linux-x86-64.so.2",
                 "etc/nginx/nginx.conf", "etc/passwd", "etc/ld.so.cache",
                 "var/www/html", "var/log/nginx", "var/lib/nginx"):
        assert os.path.lexists(out / path), path
    assert os.readlink(out / "lib") == "usr/lib"
    assert os.readlink(out / "lib64") == "usr/lib64"
    assert (out / "lib/x86_64-linux-gnu/libc.so.6").read_bytes() == \
        open(LIBC, "rb").read()
    assert stat.S_IMODE((out / "tmp").stat().st_mode) == 0o1777
    assert not (out / "usr/share/doc").exists()
    assert made["image_bytes"] < 40 << 20


def test_minimal_package_brings_the_whole(tmp_path):
    """Debian cuts python3.11 in two; the program needs both to be itself."""
    if not os.path.exists("/usr/lib/python3.11/http/server.py"):
        pytest.skip("python3.11 is not installed")
    made = entry(tmp_path / "cache", "/usr/bin/python3")
    extract(tmp_path / "cache", made["digest"], tmp_path / "out")
    assert (tmp_path / "out/usr/lib/python3.11/http/server.py").exists()


def compile_c(tmp_path, name, text, *options):
    source = tmp_path / f"{name}.c"
    source.write_text(text)
    subprocess.run(["gcc", "-o", tmp_path / name, source, *options],
                   check=True)
    return tmp_path / name


def test_musl_program_brings_its_loader(tmp_path):
    if not shutil.which("musl-gcc"):
        pytest.skip("musl-gcc is not installed")
    (tmp_path / "m.c").write_text("int main(void) { return 0; }")
    subprocess.run(["musl-gcc", "-o", tmp_path / "m", tmp_path / "m.c"],
                   check=True)
    cache = tmp_path / "cache"
    made = entry(cache, tmp_path / "m")
    extract(cache, made["digest"], tmp_path / "out")
    assert (tmp_path / "out/lib/ld-musl-x86_64.so.1").stat().st_size > 100000
    assert made["patched"] > 400


# ---- the cache -------------------------------------------------------------


def test_changed_input_is_in_the_list(tmp_path, tree):
    cache = tmp_path / "cache"
    made = entry(cache, tree)
    text = (cache / made["inputs"]).read_text()
    assert text.startswith("einkorn-inputs 3\nsource ")
    assert "new\\nline\\\\\n" in text
    old = made["digest"]
    (tree / "empty").write_text("no longer")
    new = entry(cache, tree)["digest"]
    assert new != old
    # The replaced image is collected, nothing temporary is left.
    assert {p.name for p in cache.iterdir()} == {
        f"{new}.erofs", f"{new}.sidecar", made["inputs"]}


def test_parallel_builders_do_no_harm(tmp_path, tree):
    cache = tmp_path / "cache"
    jobs = [subprocess.Popen([IMAGE, "build", "-o", cache, tree])
            for _ in range(4)]
    assert [j.wait(timeout=60) for j in jobs] == [0] * 4
    assert len(list(cache.iterdir())) == 3


# ---- bad input --------------------------------------------------------------


def refused(tmp_path, path, status, *words):
    done = build(tmp_path / "cache", path)
    assert done.returncode == status, done.stderr
    assert done.stderr.count("\n") == 1
    for word in (str(path), *words):
        assert word in done.stderr
    assert not list((tmp_path / "cache").glob("*")) \
        if (tmp_path / "cache").exists() else True


def test_bad_input_is_named(tmp_path):
    refused(tmp_path, tmp_path / "nowhere", 127, "No such file")
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    refused(tmp_path, script, 126, "script", "/bin/sh")
    text = tmp_path / "text"
    text.write_text("hello")
    text.chmod(0o755)
    refused(tmp_path, text, 126, "not an ELF")
    program = bytearray(open("/bin/true", "rb").read())
    foreign = tmp_path / "foreign"
    struct.pack_into("<H", program, 18, 183)
    foreign.write_bytes(program)
    refused(tmp_path, foreign, 126, "another processor")
    program[4] = 1
    struct.pack_into("<H", program, 18, 3)
    foreign.write_bytes(program)
    refused(tmp_path, foreign, 126, "32-bit")
    os.mkfifo(tmp_path / "fifo")
    refused(tmp_path, tmp_path / "fifo", 126)


def test_program_without_permission(tmp_path):
    plain = tmp_path / "plain"
    shutil.copy("/bin/true", plain)
    plain.chmod(0o644)
    refused(tmp_path, plain, 126, "chmod +x")


def test_register_of_plugins_comes_along(tmp_path):
    """Made when packages are installed; without it no plug-in is found."""
    for program, register in (
            ("/usr/bin/gdbus", "usr/share/glib-2.0/schemas/gschemas.compiled"),
            ("/usr/bin/dot", "usr/lib/x86_64-linux-gnu/graphviz/config6a")):
        if os.path.exists(program) and os.path.exists(f"/{register}"):
            break
    else:
        pytest.skip("SKIP neither libglib2.0-bin nor graphviz is installed")
    made = entry(tmp_path / "cache", program)
    extract(tmp_path / "cache", made["digest"], tmp_path / "out")
    assert (tmp_path / "out" / register).exists()


def test_plugins_that_are_installed_come_along(tmp_path):
    """Nobody depends on them; the settings name them."""
    plugin = "usr/lib/php/20220829/pdo_sqlite.so"
    if not os.path.exists(f"/{plugin}") or not shutil.which("php8.2"):
        pytest.skip("SKIP php8.2-cli or php8.2-sqlite3 is not installed")
    made = entry(tmp_path / "cache", "/usr/bin/php8.2")
    extract(tmp_path / "cache", made["digest"], tmp_path / "out")
    assert (tmp_path / "out" / plugin).exists()
    assert not (tmp_path / "out/usr/bin/phpize8.2").exists()


def test_missing_library_is_named_with_its_package(tmp_path):
    (tmp_path / "lib.c").write_text("int f(void) { return 0; }")
    lib = tmp_path / "libslurm.so.38"
    subprocess.run(["gcc", "-shared", "-Wl,-soname,libslurm.so.38", "-o", lib,
                    tmp_path / "lib.c"], check=True)
    program = compile_c(tmp_path, "p", "int f(void); int main() {return f();}",
                        lib)
    lib.unlink()
    refused(tmp_path, program, 125, "libslurm.so.38")
    known = subprocess.run(["apt-cache", "show", "libslurm38"],
                           capture_output=True)
    if known.returncode == 0:
        refused(tmp_path, program, 125, "apt install libslurm38")


def test_unreadable_file_in_a_directory(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root can read everything")
    top = tmp_path / "top"
    top.mkdir()
    (top / "secret").write_text("x")
    (top / "secret").chmod(0)
    refused(tmp_path, top, 125, "secret")


def test_cache_inside_the_directory(tmp_path, tree):
    done = build(tree / "cache", tree)
    assert done.returncode == 125 or (tree / "cache").exists()
    done = build(tree / "cache", tree)
    assert done.returncode == 125 and "inside" in done.stderr


# ---- the sidecar, with objdump as the judge ----------------------------------


def read_sidecar(path):
    """[(file, [(segment, text, trampolines, sites, maps)])]"""
    data = path.read_bytes()
    head = struct.unpack_from("<QIIQQQQQQIIII32s", data)
    assert head[0] == 0x3145444953454b45 and head[1] == 2
    nr_files, files_off, segs_off, sites_off, maps_off = (
        head[2], head[4], head[5], head[6], head[7])
    assert head[3] == len(data)
    files = []
    for i in range(nr_files):
        f = struct.unpack_from("<QQQII", data, files_off + 32 * i)
        segs = []
        for k in range(f[3], f[3] + f[4]):
            s = struct.unpack_from("<QQQQQqIIII", data, segs_off + 64 * k)
            sites = [struct.unpack_from("<II", data, sites_off + 8 * n)
                     for n in range(s[6], s[6] + s[7])]
            maps = [struct.unpack_from("<II", data, maps_off + 8 * n)
                    for n in range(s[8], s[8] + s[9])]
            segs.append((s, data[s[2]:s[2] + s[1]], data[s[3]:s[3] + s[4]],
                         sites, maps))
        files.append((f, segs))
    return files


def disassemble(path):
    """Instructions, addresses of syscalls, of cpuid, targets of branches."""
    text = subprocess.run(["objdump", "-d", "-w", path], check=True, text=True,
                          capture_output=True, timeout=120).stdout
    insns, syscalls, cpuids, targets = {}, set(), set(), set()
    pattern = re.compile(r"^ +([0-9a-f]+):\t([0-9a-f ]+)\t(.*)$", re.M)
    for at, raw, what in pattern.findall(text):
        at = int(at, 16)
        insns[at] = bytes.fromhex(raw)
        if what.split()[0] == "syscall":
            syscalls.add(at)
        if what.split()[0] == "cpuid":
            cpuids.add(at)
        branch = re.match(r"(?:bnd |notrack )?(?:j\w+|call|loop\w*) +"
                          r"([0-9a-f]+) <", what)
        if branch:
            targets.add(int(branch.group(1), 16))
    return insns, syscalls, cpuids, targets


def rel32(data, at):
    return struct.unpack_from("<i", data, at)[0]


class Segment:
    """One patched segment of a file whose text has equal offsets and
    addresses, so that both are the same here."""

    def __init__(self, seg, path):
        self.seg, self.text, self.tramp, self.sites, maps = seg
        self.base = self.seg[0]
        self.delta = self.seg[5]
        raw = open(path, "rb").read()
        self.original = raw[self.base:self.base + self.seg[1]].ljust(
            self.seg[1], b"\0")
        self.insns, self.syscalls, self.cpuids, self.targets = \
            disassemble(path)
        self.maps = dict(maps)
        self.changed = set()
        assert [m[0] for m in maps] == sorted(m[0] for m in maps)

    def find_jump(self, at):
        """The jump that replaces the instruction at `at`, or None."""
        for jump in range(at, at - 20, -1):
            to = jump + 5 + rel32(self.text, jump + 1) - self.delta
            if (self.text[jump] == 0xe9 and self.base + jump in self.insns
                    and self.text[jump:jump + 5] !=
                    self.original[jump:jump + 5]
                    and 0 <= to < len(self.tramp)):
                return jump
        return None

    def check_moved(self, at, here, end):
        """The trampoline from `at` on performs [here, end) or, if end is
        inside an instruction, a bit more. Where both are afterwards."""
        while here < end:
            insn = self.insns[self.base + here]
            copy = self.tramp[at:at + len(insn)]
            assert self.maps[at] == here
            if copy != insn:  # a RIP-relative operand, moved
                off = next(i for i in range(len(copy)) if copy[i] != insn[i])
                assert any(rel32(copy, o) + at + self.delta ==
                           rel32(insn, o) + here
                           for o in range(max(0, off - 3), off + 1)
                           if o + 4 <= len(copy))
            here += len(insn)
            at += len(insn)
        return at, here

    def enter(self, insn):
        """Checks the jump for an instruction and what is done before it."""
        jump = self.find_jump(insn)
        assert jump is not None, hex(self.base + insn)
        self.changed.update(range(jump, jump + 5))
        assert not any(self.base + t in self.targets
                       for t in range(jump + 1, jump + 5))
        to = jump + 5 + rel32(self.text, jump + 1) - self.delta
        at, here = self.check_moved(to, jump, insn)
        assert here == insn and self.maps[at] == insn
        return jump, at

    def leave(self, jump, insn, at):
        at, here = self.check_moved(at, insn + 2, jump + 5)
        assert self.tramp[at] == 0xe9 and self.maps[at] == here
        assert at + 5 + rel32(self.tramp, at + 1) + self.delta == here

    def check_syscall(self, call, back):
        assert self.base + call in self.syscalls
        jump, at = self.enter(call)
        assert self.tramp[at:at + 3] == b"\x48\x8d\x0d"
        to = at + 7 + rel32(self.tramp, at + 3) + self.delta
        at += 7
        assert self.tramp[at:at + 8] == b"\x65\xff\x24\x25\x10\0\0\0"
        at += 8
        if back == 0xffffffff:
            assert to == call + 2
            return
        assert to == at + self.delta and back == at
        self.leave(jump, call, at)

    def check_cpuid(self, insn):
        if self.find_jump(insn) is None:
            return
        jump, at = self.enter(insn)
        assert self.tramp[at:at + 9] == b"\x65\x48\x8b\x1c\x25\x78\0\0\0"
        self.leave(jump, insn, at + 49)

    def check(self):
        for call, back in self.sites:
            self.check_syscall(call, back)
        for insn in self.cpuids:
            self.check_cpuid(insn - self.base)
        assert {i for i in range(len(self.text))
                if self.text[i] != self.original[i]} <= self.changed
        return len(self.sites), len(self.syscalls)


def check_sidecar(cache, made, paths):
    """Checks what was made of these host files."""
    image = (cache / f"{made['digest']}.erofs").read_bytes()
    checked = set()
    for file, segs in read_sidecar(cache / f"{made['digest']}.sidecar"):
        content = image[file[0]:file[0] + file[1]]
        for path in paths:
            if content != open(path, "rb").read():
                continue
            for seg in segs:
                patched, all_sites = Segment(seg, path).check()
                assert patched >= 0.97 * all_sites
            checked.add(path)
    assert len(checked) == len(paths)


def test_sidecar_of_libc_is_sound(tmp_path):
    cache = tmp_path / "cache"
    made = entry(cache, compile_c(tmp_path, "p", "int main() { return 0; }"))
    check_sidecar(cache, made, [
        LIBC, "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"])


def test_sidecar_of_musl_is_sound(tmp_path):
    if not shutil.which("musl-gcc"):
        pytest.skip("musl-gcc is not installed")
    (tmp_path / "m.c").write_text("int main(void) { return 0; }")
    subprocess.run(["musl-gcc", "-o", tmp_path / "m", tmp_path / "m.c"],
                   check=True)
    cache = tmp_path / "cache"
    check_sidecar(cache, entry(cache, tmp_path / "m"),
                  ["/usr/lib/x86_64-linux-musl/libc.so"])
