# SPDX-License-Identifier: BSD-2-Clause
"""What a compromised library OS cannot do: precise refusals."""
import os
import pathlib
import signal
import socket
import subprocess

import pytest

from tests.conftest import needs_own_root
from tests.boundary.proc import command, finish, run, start

USER, USER_TOP = 0x10000000, 0x7DFE00000000
KERNEL, HEAP, SHM = 0x7E0000000000, 0x7E1000000000, 0x7E2000000000
GATE = 0x7E8000000000
R, W, X = 1, 2, 4
ANON, PRIVATE, SHARED = 0x4032, 0x4012, 0x4011  # fixed, no reserve
POPULATE = 0x8000
IMAGE_FD, SHM_FD = "image", "shm"

SYSCALLS = dict(
    read=0, write=1, close=3, mmap=9, mprotect=10, munmap=11, ioctl=16,
    pread64=17, pwrite64=18, readv=19, writev=20, mremap=25, madvise=28, dup2=33,
    socket=41, clone=56, execve=59, kill=62, ptrace=101, personality=135,
    prctl=157, arch_prctl=158, mount=165, init_module=175, tgkill=234,
    futex=202, openat=257, unshare=272, ppoll=271, fallocate=285,
    perf_event_open=298, setns=308, process_vm_readv=310, seccomp=317,
    getrandom=318, memfd_create=319, bpf=321, userfaultfd=323,
    io_uring_setup=425, clone3=435, clock_gettime=228, exit_group=231)


def attack(call, *args, gate=True, options=()):
    number = SYSCALLS.get(call, call)
    values = [f"set={k}={v & (2**64 - 1)}" for k, v in zip("abcdef", args)]
    return run("attack_kernel.elf", f"set=nr={number}",
               f"set=gate={int(gate)}", *values, *options)


def assert_killed(result):
    assert result.returncode == -signal.SIGSYS, result.stdout


# Descriptors without an image: 0 to 2 and the shared object, which is 3.
SHM_NR = 3

FORBIDDEN = [
    ("openat", -100, HEAP, 0),
    ("socket", 1, 1, 0),
    ("execve", HEAP, 0, 0),
    ("clone", 0x11),
    ("clone3", HEAP, 64),
    ("kill", 1, 9),
    ("tgkill", 1, 1, 9),
    ("ptrace", 0, 1),
    ("process_vm_readv", 1, HEAP, 1, HEAP, 1),
    ("io_uring_setup", 1, HEAP),
    ("userfaultfd", 0),
    ("perf_event_open", HEAP),
    ("bpf", 0, HEAP, 0),
    ("seccomp", 1, 0, HEAP),
    ("prctl", 4, 1),
    ("arch_prctl", 0x1001, 0),
    ("personality", 0x400000),
    ("unshare", 0x10000000),
    ("setns", 0, 0),
    ("mount", HEAP, HEAP, HEAP),
    ("init_module", HEAP, 1, HEAP),
    ("memfd_create", HEAP, 0),
    ("close", 0),
    ("dup2", 1, 0),
    ("futex", HEAP, 129, 1),
    (39 | 1 << 30,),  # x32
    # right calls, wrong descriptors
    ("read", SHM_NR, HEAP, 16),
    ("write", SHM_NR, HEAP, 16),
    ("write", 0, HEAP, 16),
    ("writev", 1, HEAP, 1),
    ("readv", 0, HEAP, 1),
    ("pread64", SHM_NR, HEAP, 16, 0),
    ("ioctl", 0, 0x5412, HEAP),  # TIOCSTI
    ("ioctl", 0, 0x5401, HEAP),  # TCGETS, but it is no terminal
    ("fallocate", 1, 3, 0, 4096),
    # wrong flags
    ("fallocate", SHM_NR, 0, 0, 4096),
    ("getrandom", HEAP, 16, 2),
    ("ppoll", HEAP, 1, 0, HEAP, 8),
    ("madvise", USER, 4096, 9),  # MADV_REMOVE
    ("madvise", HEAP, 4096, 14),
    # the time that another process has computed; a clock behind a descriptor
    ("clock_gettime", ~1 << 3 | 2, HEAP),
    ("clock_gettime", ~0 << 3 | 3, HEAP),
    ("clock_gettime", 7, HEAP),
    # outside the program's part of the address space
    ("mmap", KERNEL, 4096, R | W, ANON, -1, 0),
    ("mmap", GATE, 4096, R | W, ANON, -1, 0),
    ("mmap", KERNEL - 4096, 8192, R | W, ANON, -1, 0),
    ("mmap", KERNEL - (1 << 32), (1 << 32) + 4096, R, ANON, -1, 0),
    ("mmap", USER, 2**64 - USER, R, ANON, -1, 0),
    ("mmap", USER, 0x7DFFFFFFF000, R, ANON, -1, 0),
    ("mmap", 0, 4096, R | W, 0x4022, -1, 0),  # not fixed
    ("mmap", USER, 4096, R | W, 0x32, -1, 0),  # accounted
    ("mmap", USER, 4096, R, PRIVATE, 0, 0),  # standard input
    ("mmap", USER, 4096, R, SHARED, -1, 0),
    ("mmap", USER, 4096, R | 8, ANON, -1, 0),
    ("mmap", USER, 4096, R | W, ANON | POPULATE, -1, 0),
    ("mmap", USER, 4096, R, SHARED | POPULATE, SHM_NR, 0),
    ("mmap", USER, 4096, R, PRIVATE | POPULATE, SHM_NR, 0),
    ("mmap", USER, 4096, R | 1 << 32, ANON, -1, 0),
    ("mprotect", KERNEL, 4096, R | W),
    ("mprotect", GATE, 4096, R | W | X),
    ("munmap", GATE, 4096),
    ("munmap", HEAP, 4096),
    ("madvise", KERNEL, 4096, 4),
    ("madvise", 0xFFFFFFF800000000, 0x1000000000, 4),
    ("madvise", GATE, 4096, 4),
    ("mremap", USER, 4096, 4096, 3, GATE),
    ("mremap", GATE, 4096, 4096, 3, USER),
    ("mremap", USER, 4096, 4096, 1, USER + 8192),
    ("mremap", USER, 4096, 4096, 7, USER + 8192),
]

FORBIDDEN_SEALED = [
    ("mmap", USER, 4096, R | X, ANON, -1, 0),
    ("mmap", USER, 4096, R | W | X, ANON, -1, 0),
    ("mmap", USER, 4096, R | X, SHARED, SHM_NR, 0),
    ("mmap", USER, 4096, R | X, PRIVATE, SHM_NR, 0),
    ("mprotect", USER, 4096, X),
    ("mprotect", USER, 4096, R | W | X),
]

ALLOWED = [
    ("getrandom", (HEAP, 16, 0), 16),
    ("clock_gettime", (0, HEAP), 0),
    ("clock_gettime", (1, HEAP), 0),
    ("mmap", (USER, 4096, R | W | X, ANON, -1, 0), USER),
    ("mmap", (USER_TOP - 4096, 4096, R, ANON, -1, 0), USER_TOP - 4096),
    ("mmap", (USER, USER_TOP - USER, 0, ANON, -1, 0), USER),
    ("mmap", (USER, 4096, R, SHARED, SHM_NR, 0), USER),
    ("madvise", (HEAP, 4096, 4), 0),
    ("munmap", (USER, 4096), 0),
]


def name(case):
    return f"{case[0]}-" + "-".join(f"{a & (2**64 - 1):x}" for a in case[1:])


@pytest.mark.parametrize("case", FORBIDDEN, ids=map(name, FORBIDDEN))
def test_cage_refuses_from_gate(case):
    assert_killed(attack(*case))


@pytest.mark.parametrize("case", FORBIDDEN_SEALED,
                         ids=map(name, FORBIDDEN_SEALED))
def test_cage_refuses_execution_when_sealed(case):
    assert_killed(attack(*case, options=["jit=0"]))


# What only instances with several virtual CPUs may call, and how not.
FORBIDDEN_SECOND = [
    ("openat", -100, HEAP, 0),
    ("execve", HEAP, 0, 0),
    ("clone", 0x11),
    ("kill", 1, 9),
    ("mmap", KERNEL, 4096, R | W, ANON, -1, 0),
    ("mprotect", GATE, 4096, R | W | X),
    ("tgkill", 1, 1, 9),
    ("tgkill", 0, 1, 23),
    ("futex", HEAP, 0, 0, 0),  # not private
    ("futex", HEAP, 128, 0, HEAP),  # a timeout
    ("futex", HEAP, 3, 1, 1, HEAP),  # requeue
]


@pytest.mark.parametrize("case", FORBIDDEN_SECOND,
                         ids=map(name, FORBIDDEN_SECOND))
def test_cage_refuses_from_a_second_cpu(case):
    assert_killed(attack(*case, options=["vcpus=2", "set=second=1"]))


def test_cage_compares_what_is_used():
    """Another CPU changes the argument between any two instructions."""
    assert_killed(attack("mmap", USER, 4096, R | W, ANON, -1, 0,
                         options=["vcpus=2", f"set=flip={KERNEL}"]))


@pytest.mark.parametrize("case", ALLOWED, ids=lambda c: name((c[0], *c[1])))
def test_cage_allows_the_platforms_own_calls(case):
    call, args, wanted = case
    result = attack(call, *args)
    assert result.stdout == f"returned {wanted}\n", result.returncode


def test_cage_refuses_image_pages_writable_and_executable(tmp_path):
    image = tmp_path / "image"
    image.write_bytes(b"\xc3" * 4096)
    with open(image, "rb") as file:
        def try_map(prot):
            return run("attack_kernel.elf", "set=nr=9", "set=gate=1", "jit=0",
                       f"image=@{file.fileno()}", f"set=a={USER}",
                       "set=b=4096", f"set=c={prot}", f"set=d={PRIVATE}",
                       f"set=e={file.fileno()}", pass_fds=[file.fileno()])

        assert_killed(try_map(R | W | X))
        assert try_map(R | X).stdout == f"returned {USER}\n"


def test_cage_writes_no_read_only_block_device(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(4096))
    with open(disk, "r+b") as file:
        def write(mode):
            return run("attack_kernel.elf", f"set=nr={SYSCALLS['pwrite64']}",
                       "set=gate=1", f"blk={file.fileno()},{mode}",
                       f"set=a={file.fileno()}", f"set=b={HEAP}", "set=c=512",
                       "set=d=0", pass_fds=[file.fileno()])

        assert_killed(write("ro"))
        assert write("rw").stdout == "returned 512\n"


@pytest.mark.parametrize("call", ["openat", "getrandom", "exit_group",
                                  "write", "execve", "io_uring_setup"])
def test_cage_traps_calls_from_outside_the_gate(call):
    result = attack(call, 1, HEAP, 0, gate=False)
    assert result.stdout == f"trapped {SYSCALLS[call]}\n"


@pytest.fixture
def stopped():
    """An instance at rest, and its /proc folder."""
    ours, theirs = socket.socketpair()
    child = start(config=["test=stop"],
                  pass_fds=[ours.fileno(), theirs.fileno()])
    yield pathlib.Path("/proc") / str(child.pid)
    child.send_signal(signal.SIGTERM)
    finish(child)
    ours.close()
    theirs.close()


def field(folder, key):
    for line in (folder / "status").read_text().splitlines():
        if line.startswith(key + ":"):
            return line.split(":", 1)[1].strip()
    return None


def test_cage_state_as_the_host_sees_it(stopped):
    assert field(stopped, "Seccomp") == "2"
    assert field(stopped, "NoNewPrivs") == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(field(stopped, kind), 16) == 0
    assert "SigBlk" and int(field(stopped, "SigBlk"), 16) == 0
    if os.geteuid() == 0:
        assert field(stopped, "Uid").split() == ["65534"] * 4
        assert field(stopped, "Groups") == ""


def test_cage_descriptors(stopped):
    kinds = {int(f.name): os.readlink(f) for f in (stopped / "fd").iterdir()}
    assert set(kinds) - {0, 1, 2} == {
        n for n, path in kinds.items()
        if "memfd:einkorn" in path or path.endswith("abi_image.bin")}


@needs_own_root
def test_cage_namespaces_and_root(stopped):
    if os.geteuid() != 0:
        pytest.skip("needs root to look")
    for kind in ("mnt", "ipc", "uts", "net"):
        ours = os.readlink(f"/proc/self/ns/{kind}")
        assert os.readlink(stopped / "ns" / kind) != ours
    assert os.listdir(f"{stopped}/root/") == []
    assert len((stopped / "mountinfo").read_text().splitlines()) == 1


def test_cage_memory_is_never_writable_and_executable(stopped):
    for line in (stopped / "maps").read_text().splitlines():
        assert "wx" not in line.split()[1]


def test_cage_nothing_of_the_tender_lies_in_program_memory(stopped):
    for line in (stopped / "maps").read_text().splitlines():
        begin = int(line.split("-")[0], 16)
        if "vsyscall" not in line:
            assert begin >= USER_TOP


@pytest.mark.parametrize("how", [
    ["--reuid", "65534", "--regid", "65534", "--clear-groups"],
    ["--bounding-set", "-all", "--inh-caps", "-all"],
], ids=["user", "root-without-capabilities"])
def test_cage_without_privileges(how, tmp_path):
    """What the host refuses is left out; the filter holds all the same."""
    if os.geteuid() != 0:
        pytest.skip("needs root to give it up")
    tender, kernel = command("attack_kernel.elf")
    for call, status in ((SYSCALLS["openat"], -signal.SIGSYS),
                         (SYSCALLS["clock_gettime"], 0)):
        with open(tender, "rb") as t, open(kernel.split("=")[1], "rb") as k:
            done = subprocess.run(
                ["setpriv", *how, f"/proc/self/fd/{t.fileno()}",
                 f"kernel=@{k.fileno()}", "set=gate=1", f"set=nr={call}",
                 f"set=b={HEAP}"], pass_fds=[t.fileno(), k.fileno()],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        assert done.returncode == status, done.stderr


def test_cage_ends_with_its_parent(tmp_path):
    """The monitor's death is the instance's death."""
    args = command("abi_kernel.elf", "set=abi=yes", "set=test=stop")
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys\n"
        "c = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)\n"
        "while c.stdout.readline() != b'ready\\n': pass\n"
        "print(c.pid, flush=True)\n")
    done = subprocess.run(["python3", str(script), *args],
                          stdout=subprocess.PIPE, text=True, timeout=20)
    try:
        fd = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return
    import select
    assert select.select([fd], [], [], 10)[0]
    os.close(fd)
