# SPDX-License-Identifier: BSD-2-Clause
"""From the start of a command to its end."""
import json
import os
import pathlib
import shutil
import time

from harness import EINKORN, OURS, TOOLS, Run, Skip, compile_c, need, sh
from peers import oci_spec, plugins

from . import case


def bundle(folder, program):
    root = pathlib.Path(folder) / "rootfs"
    root.mkdir(parents=True)
    shutil.copy(program, root / "hello")
    oci_spec(folder, ["/hello"])


def einkorn_hello(program, *options):
    return [str(EINKORN), "run", "--rm", "--network", "none", *options,
            program]


def compare_commands(run: Run, name, commands, rounds):
    """Runs the commands in turns from a small C program: what starts them must
    not cost more than they do."""
    spawn = compile_c("spawn.c")
    words = [w for c in commands.values() for w in ("--", *c)]
    share = run.left() / run.planned
    run.planned -= 1
    probe = json.loads(sh(spawn, 1, *words).stdout)
    # The first, warming round is not among the measured ones.
    one_round = sum(t for times in probe for t in times) / 1e9
    rounds = max(3, min(rounds, int(share * 0.8 / one_round) - 2))
    times = json.loads(sh(spawn, rounds, *words, timeout=300).stdout)
    run.row(name, "ms", {peer: [t / 1e6 for t in ts]
                         for peer, ts in zip(commands, times)})


def working(run, commands):
    """Those that end with status 0; the others are told."""
    good = {}
    for name, command in commands.items():
        try:
            sh(*command)
            good[name] = command
        except Exception as error:
            if name == OURS:
                raise
            run.fail(name, error)
    return good


@case(12, "einkorn run --rm --network none HELLO; crun run, runc run, HELLO",
      most=120)
def start_to_exit(run):
    """Hello, start to exit: static binaries, against containers."""
    need("crun", "musl-gcc")
    run.plan(2)
    for libc, compiler in (("musl", "musl-gcc"), ("glibc", "gcc")):
        program = compile_c("hello.c", "-static", compiler=compiler)
        folder = f"/run/hello-{libc}"
        bundle(folder, program)
        name = f"{run.tag}-{libc}"
        commands = {
            OURS: einkorn_hello(program),
            "crun": ["crun", "run", "-b", folder, name],
            "crun without cgroups": ["crun", "--cgroup-manager=disabled",
                                     "run", "-b", folder, name],
            "runc": ["runc", "run", "-b", folder, name],
            "bare": [program]}
        compare_commands(run, libc, working(run, commands), 200)


def cpio(files):
    """An initramfs of executable files: cpio's "newc" format (the kernel's
    Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = bytearray()
    for name, data in [*files.items(), ("TRAILER!!!", b"")]:
        fields = (0, 0o100755, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % f for f in fields)
        for part in (name.encode() + b"\0", data):
            out += part + b"\0" * (-(len(out) + len(part)) % 4)
    return bytes(out)


def small_linux(program):
    """QEMU's command for Debian's kernel with the program as its init."""
    kernel = sorted([*TOOLS.glob("linux/boot/vmlinuz-*"),
                     *pathlib.Path("/boot").glob("vmlinuz-*")])
    if not kernel:
        raise Skip("no Linux kernel image (make bench-programs fetches one)")
    pathlib.Path("/run/initrd").write_bytes(cpio({
        "init": pathlib.Path(program).read_bytes()}))
    return ["qemu-system-x86_64", "-M", "pc", "-cpu", "max", "-m", "128",
            "-nodefaults", "-no-user-config", "-nographic", "-serial", "null",
            "-no-reboot", "-kernel", str(kernel[0]), "-initrd", "/run/initrd",
            # Process 1 that ends is a panic, and that the end of QEMU.
            "-append", "quiet console=ttyS0 panic=-1 tsc=reliable "
            "no_timer_check random.trust_cpu=on"]


def milliseconds(command):
    begun = time.monotonic()
    sh(*command)
    return 1000 * (time.monotonic() - begun)


@case(14, "einkorn run --platform qemu|kvm HELLO; "
      "qemu-system-x86_64 -kernel vmlinuz -initrd HELLO", most=90)
def start_as_vm(run):
    """Hello, start to exit: as a virtual machine, against a small Linux."""
    need("qemu-system-x86_64", "musl-gcc")
    program = compile_c("hello.c", "-static", compiler="musl-gcc")
    commands = {OURS: einkorn_hello(program, "--platform", "qemu")}
    try:
        commands["small Linux in QEMU"] = small_linux(program)
    except Skip as error:
        run.fail("small Linux in QEMU", error)
    if os.path.exists("/dev/kvm"):
        commands["einkorn, own monitor"] = einkorn_hello(program, "--platform",
                                                         "kvm")
    commands |= {n: [p, "hello"] for n, p in plugins().items()}
    sh(*commands[OURS])  # the image is made only once
    run.compare("musl", "ms", {peer: lambda c=command: milliseconds(c)
                               for peer, command in commands.items()}, most=12,
                least=2)
