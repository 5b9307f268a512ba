# SPDX-License-Identifier: BSD-2-Clause
"""einkorn-kvm with a guest that owns ring 0 and means harm (kvm/guest.c), and
with files that are not what they should be: it goes on where the harm is the
guest's own, or it ends with status 125 and one clear line."""
import os
import random
import shutil
import subprocess

import pytest

from tests.conftest import BUILD, EINKORN, why_no_kvm

MONITOR = BUILD / "libexec" / "einkorn-kvm"
GUEST = BUILD / "tests" / "kvm_guest.elf"
FAILED = 125
MEM = 16 << 20

pytestmark = pytest.mark.skipif(why_no_kvm() is not None,
                                reason=str(why_no_kvm()))


@pytest.fixture
def start(tmp_path):
    """start("v0", ...): a machine whose guest does that."""
    started = []

    def run(case, *args, shim=GUEST, mem=MEM, **kwargs):
        kernel = tmp_path / "case"
        kernel.write_bytes(case.encode().ljust(8 << 20, b"\0"))
        kwargs = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **kwargs}
        started.append(subprocess.Popen(
            [MONITOR, f"shim={shim}", f"kernel={kernel}", f"mem={mem}", *args],
            stderr=subprocess.PIPE, **kwargs))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def finish(start):
    def run(*args, **kwargs):
        process = start(*args, **kwargs)
        out, err = process.communicate(timeout=60)
        return process.returncode, out.decode(), err.decode()
    return run


def one_line(err):
    return err.startswith("einkorn-kvm: ") and err.count("\n") == 1


def test_status_is_the_guests(finish):
    assert finish("e") == (7, "", "")


# ---- harm to itself ---------------------------------------------------------

@pytest.mark.parametrize("case", ["t", "p2", "p3", "p4", "p5"])
def test_triple_fault_ends_the_guest(finish, case):
    status, _, err = finish(case)
    assert status == FAILED and one_line(err)
    assert "triple fault" in err or "KVM cannot go on" in err


@pytest.mark.parametrize("case,out", [("p0", "unchanged"),
                                      ("p1", "nothing there")])
def test_own_page_tables_reach_nothing(finish, tmp_path, case, out):
    assert finish(case) == (0, out + "\n", "")
    kernel = (tmp_path / "case").read_bytes()
    assert kernel == case.encode().ljust(8 << 20, b"\0")


# ---- harm to devices --------------------------------------------------------

@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(1 << 20))
    fd = os.open(path, os.O_RDWR)
    yield fd
    os.close(fd)


@pytest.mark.parametrize("case", [f"v{i}" for i in range(8)])
def test_broken_queue_stops_its_device(finish, disk, case):
    status, out, err = finish(case, f"blk={disk}", pass_fds=[disk])
    assert (status, out) == (0, "went on\n")
    assert one_line(err) and "device 2, queue 0: the guest broke" in err


@pytest.mark.parametrize("case", ["v8", "v9", "va"])
def test_device_stands_noise(finish, disk, case):
    status, out, _ = finish(case, f"blk={disk}", pass_fds=[disk])
    assert (status, out) == (0, "went on\n")


@pytest.mark.parametrize("case", ["v8", "v9", "va"])
def test_console_stands_noise(finish, case):
    with open("/dev/zero", "rb") as zeroes:
        status, out, _ = finish(case, "virtio_console=1", "stdin=1",
                                stdin=zeroes)
    assert status == 0 and "went on\n" in out


def test_monitor_stands_wild_requests(finish):
    assert finish("r") == (0, "went on\n", "")


# ---- two virtual CPUs ---------------------------------------------------------

def test_rings_rewritten_by_another_cpu(finish, disk):
    status, out, err = finish("mr", f"blk={disk}", "vcpus=2", pass_fds=[disk])
    assert (status, out) == (0, "went on\n")
    assert all("the guest broke" in line for line in err.splitlines())


def test_requests_by_two_cpus_at_once(finish):
    assert finish("ma", "vcpus=2")[0] == 0


def test_cpu_that_hangs_does_not_hold_the_end(finish):
    assert finish("mh", "vcpus=2") == (0, "hangs\nwent on\n", "")


@pytest.mark.parametrize("nr", [1, 2])
def test_cpus_that_do_not_exist_do_not_start(finish, nr):
    assert finish("mn", f"vcpus={nr}") == (0, "went on\n", "")


def test_any_cpu_ends_the_guest(finish):
    assert finish("me", "vcpus=2") == (9, "", "")
    status, _, err = finish("mt", "vcpus=2")
    assert status == FAILED and one_line(err) and "triple fault" in err


# ---- floods, silence --------------------------------------------------------

def test_flood_of_accesses(finish):
    assert finish("fp") == (0, "", "")


def test_flood_of_output(finish):
    status, out, err = finish("fc")
    assert (status, err) == (0, "") # what has no room is not taken
    assert 65536 <= len(out) <= 200 << 16


def test_flood_of_output_to_who_does_not_read(start):
    process = start("fc")
    assert process.wait(timeout=60) == 0
    assert 4096 <= len(process.stdout.read()) < 200 << 16


def test_flood_of_output_to_nobody(start):
    process = start("fc")
    process.stdout.close()
    assert process.wait(timeout=60) == 0


def test_hang_without_interrupts_can_be_killed(start):
    process = start("h")
    assert process.stdout.readline() == b"hangs\n"
    process.terminate()
    assert process.wait(timeout=30) == -15


def test_hang_without_interrupts_can_be_stopped(state, tmp_path):
    """The tool's stop first asks, then ends it."""
    (tmp_path / "libexec").mkdir()
    for file in (BUILD / "libexec").iterdir():
        (tmp_path / "libexec" / file.name).symlink_to(file)
    (tmp_path / "libexec" / "einkorn-vm.elf").unlink()
    (tmp_path / "libexec" / "einkorn-vm.elf").symlink_to(GUEST)
    tool = shutil.copy(EINKORN, tmp_path / "einkorn")

    def einkorn(*args):
        return subprocess.run([tool, *args], env=state, capture_output=True,
                              text=True, timeout=60, check=False)

    assert einkorn("run", "-d", "--name", "hang", "--network", "none",
                   "--platform", "kvm", "/bin/true").returncode == 0
    assert einkorn("stop", "-t", "1", "hang").returncode == 0
    assert einkorn("wait", "hang").stdout.strip() == "137"
    assert einkorn("rm", "hang").returncode == 0


# ---- files ------------------------------------------------------------------

@pytest.mark.parametrize("case", ["xc", "xr"])
def test_file_that_becomes_shorter_ends_the_guest(start, tmp_path, case):
    """Where ring 0 is emulated its own read of what is gone is a device's."""
    process = start(case, "stdin=1")
    assert process.stdout.readline() == b"ready\n"
    os.truncate(tmp_path / "case", 4096)
    _, err = process.communicate(b"\n", timeout=60)
    if case == "xr" and process.returncode == 0:
        return
    assert process.returncode == FAILED
    assert one_line(err.decode())
    assert b"shorter" in err or b"cut short" in err


@pytest.mark.parametrize("len_bytes", [0, 1, 63, 64, 120, 4096, 5000])
def test_boot_file_cut_short(finish, tmp_path, len_bytes):
    shim = tmp_path / "shim"
    shim.write_bytes(GUEST.read_bytes()[:len_bytes])
    status, _, err = finish("e", shim=shim)
    assert status == FAILED and one_line(err) and "boot file" in err


def test_boot_file_at_random(finish, tmp_path):
    """A few bytes of headers and note changed: it starts or it says why."""
    rng = random.Random(1)
    whole = GUEST.read_bytes()
    note = whole.index(b"Einkorn\0")
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            where = rng.choice([rng.randrange(0, 64), rng.randrange(64, 176),
                                rng.randrange(note - 12, note + 104)])
            data[where] = rng.choice([0, 1, 0x7f, 0x80, 0xff,
                                      rng.randrange(256)])
        shim = tmp_path / "shim"
        shim.write_bytes(data)
        status, _, err = finish("e", shim=shim)
        assert status == 7 or (status == FAILED and one_line(err)), err


def test_image_too_large(finish, tmp_path):
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(2 << 40)
    status, _, err = finish("e", f"image={image}")
    assert status == FAILED and one_line(err) and "too large" in err


@pytest.mark.parametrize("mem,line", [
    (0, "at least 4 MiB"), (1 << 20, "at least 4 MiB"),
    ((4 << 20) + 1, "whole pages"), (1 << 60, "not a number"),
])
def test_memory_that_cannot_be(finish, mem, line):
    status, _, err = finish("e", mem=mem)
    assert status == FAILED and one_line(err) and line in err


@pytest.mark.parametrize("arg,line", [
    ("kernel=/no/such", "/no/such"), ("kernel=/dev/null", "regular file"),
    ("image=@99", "@99"), ("blk=99", "blk=99"), ("chan=x", "chan="),
    ("net=tap,0,1:2:3,1500", "net="), ("net=tun,0,2:0:0:0:0:1,1500", "net="),
    ("what=ever", "unknown argument"), ("vcpus=0", "at least one"),
    ("vcpus=17", "not a number from 0 to 16"),
])
def test_argument_that_cannot_be(finish, arg, line):
    status, _, err = finish("e", arg)
    assert status == FAILED and one_line(err) and line in err
