# SPDX-License-Identifier: BSD-2-Clause
"""The platform ABI on platform "proc": every call, every upcall."""
import os
import pty
import signal
import socket
import struct

import pytest

from tests.boundary.proc import abi_args, finish, run, start

MAC = "52:54:00:12:34:56"


@pytest.mark.parametrize("jit", ["jit=1", "jit=0"])
def test_abi_all_calls(jit):
    result = run("abi_kernel.elf", *abi_args(), jit)
    assert result.returncode == 0, result.stdout
    passed = [x[3:] for x in result.stdout.splitlines() if x.startswith("ok ")]
    assert passed == ["vcpu", "boot", "clock", "random", "console", "memory",
                      "upcalls", "events"]
    assert result.stderr == "error\n"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_abi_random_memory_calls(seed):
    result = run("abi_kernel.elf", *abi_args("test=random", f"seed={seed}"))
    assert result.returncode == 0, result.stdout


def test_abi_without_tsc_frequency_from_caller():
    given = run("abi_kernel.elf", *abi_args(), "tsc_hz=0")
    assert given.returncode == 0, given.stdout


def test_abi_several_cpus():
    result = run("abi_kernel.elf", *abi_args("test=vcpus"), "vcpus=2")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("config", ["test=stop", "test=stop_spin"])
def test_abi_stop_signal(config):
    child = start(config=[config])
    child.send_signal(signal.SIGTERM)
    assert "signals 4000" in finish(child)


def test_abi_stop_signals_are_told_apart():
    child = start(config=["test=stop"])
    child.send_signal(signal.SIGWINCH)
    assert child.stdout.readline() == b"signals 8000000\n"
    child.send_signal(signal.SIGSEGV)
    assert child.stdout.readline() == b"signals 400\n"
    child.send_signal(signal.SIGTERM)
    finish(child)


def test_abi_console_input():
    r, w = os.pipe()
    child = start(config=["test=cat"], stdin=r)
    os.close(r)
    for text in (b"one\n", b"two\n"):
        os.write(w, text)
        assert child.stdout.readline() == text
    os.close(w)
    finish(child)


def test_abi_console_input_can_be_off():
    r, w = os.pipe()
    os.write(w, b"never read\n")
    assert finish(start("stdin=0", config=["test=cat"], stdin=r)) == \
        "0 failed\n"
    os.close(w)
    os.close(r)


def test_abi_console_terminal():
    master, slave = pty.openpty()
    child = start(config=["test=cat"], stdin=slave)
    os.close(slave)
    os.write(master, b"line\n\x04")
    assert child.stdout.readline() == b"line\n"
    finish(child)
    os.close(master)


def frame(payload, size=60):
    return bytes.fromhex("525400123456" "0200000000aa" "88b5") + \
        payload.ljust(size - 14, b".")


def swapped(data):
    return data[6:12] + data[:6] + data[12:]


def receive(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        assert more
        data += more
    return data


def test_abi_net_over_stream_socket():
    ours, theirs = socket.socketpair()
    child = start(f"net=stream,{theirs.fileno()},{MAC},1500",
                  config=["test=net"], pass_fds=[theirs.fileno()])
    theirs.close()
    ours.settimeout(10)
    for data in (frame(b"small"), frame(b"large", 60000), frame(b"end")):
        message = struct.pack(">I", len(data)) + data
        ours.sendall(message[:7])  # frames arrive in pieces
        ours.sendall(message[7:])
        length, = struct.unpack(">I", receive(ours, 4))
        assert receive(ours, length) == swapped(data)
    finish(child)


def test_abi_channel():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = start(f"chan={theirs.fileno()}", config=["test=chan"],
                  pass_fds=[theirs.fileno()])
    theirs.close()
    ours.settimeout(10)
    for message in (b"a", b"b" * 4096, b"c" * 131072):
        ours.send(message)
        assert ours.recv(200000) == message
    ours.close()
    finish(child)


def test_abi_block_device(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(b"a" * 512 + b"b" * 512 + b"c" * 1024)
    fd = os.open(disk, os.O_RDWR)
    result = run("abi_kernel.elf", *abi_args("test=blk"), f"blk={fd}",
                 pass_fds=[fd])
    assert result.returncode == 0, result.stdout
    assert disk.read_bytes() == b"a" * 512 + b"x" * 512 + b"c" * 1024


def test_abi_lost_image_page(tmp_path):
    image = tmp_path / "image"
    image.write_bytes(b"i" * 16384)
    r, w = os.pipe()
    child = start(f"image={image}", config=["test=lost"], stdin=r)
    os.truncate(image, 4096)
    os.write(w, b".")
    finish(child)
    os.close(w)
    os.close(r)
