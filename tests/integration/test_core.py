# SPDX-License-Identifier: BSD-2-Clause
"""Core files: gdb opens them; and when there is none."""
import os
import re
import shutil
import subprocess

import pytest

from tests.conftest import why_no_kvm
from tests.integration.conftest import wait_for

SOURCE = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int answer = 42;
char *heap, *big, *shared, *closed, *secret;
static __thread int mine;
static int fds[2];

__attribute__((noinline)) static void *sleeper(void *arg)
{
    char c;

    mine = (int)(long)arg;
    read(fds[0], &c, 1);
    return NULL;
}

static void *spinner(void *arg)
{
    register double x __asm__("xmm7") = 1.5;

    mine = 7;
    for (;;)
        __asm__ volatile("" : "+x"(x));
    return arg;
}

__attribute__((noinline)) static int deep(int depth, const char *how)
{
    char local[16] = "local";

    if (depth)
        return deep(depth - 1, how) + local[0];
    if (!strcmp(how, "abort"))
        abort();
    *(volatile int *)8 = 1;
    return 0;
}

int main(int argc, char **argv)
{
    struct rlimit none = {0, RLIM_INFINITY};
    const char *how = argc > 1 ? argv[1] : "crash";
    size_t len = 1 << 24;
    pthread_t t;

    if (!strcmp(how, "exit"))
        return 3;
    if (!strcmp(how, "rlimit"))
        setrlimit(RLIMIT_CORE, &none);
    if (!strcmp(how, "dumpable"))
        prctl(PR_SET_DUMPABLE, 0);
    answer = mine = 43;
    heap = strdup("on the heap");
    big = mmap(0, len, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    strcpy(big + len / 2, "in the middle");
    shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                  -1, 0);
    strcpy(shared, "shared");
    closed = mmap(0, 4096, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(closed, "closed");
    secret = mmap(0, 8192, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(secret, "not for the core");
    madvise(secret, 4096, MADV_DONTDUMP);
    mprotect(closed, 4096, PROT_NONE);
    mmap(0, (size_t)1 << 42, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pipe(fds);
    pthread_create(&t, NULL, sleeper, (void *)5);
    pthread_create(&t, NULL, spinner, NULL);
    usleep(30000);
    return deep(2, how);
}
"""

needs_gdb = pytest.mark.skipif(not shutil.which("gdb"), reason="SKIP no gdb")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    base = tmp_path_factory.mktemp("core")
    (base / "prog.c").write_text(SOURCE)
    flags = ["-g", "-O0", base / "prog.c"]
    subprocess.run(["gcc", *flags, "-o", base / "prog", "-pthread"], check=True)
    subprocess.run(["musl-gcc", *flags, "-static", "-no-pie", "-o",
                    base / "static"], check=True)
    return base


@pytest.fixture(params=["proc", "kvm", "qemu"])
def platform(request):
    if request.param == "kvm" and why_no_kvm():
        pytest.skip(why_no_kvm())
    if request.param == "qemu" and not shutil.which("qemu-system-x86_64"):
        pytest.skip("SKIP no qemu-system-x86_64")
    return request.param


def run(einkorn, *args, **kwargs):
    return einkorn("run", "--rm", "--network", "none", *args, **kwargs)


def gdb(program, core, *commands):
    args = [a for c in commands for a in ("-ex", c)]
    p = subprocess.run(["gdb", "-nx", "-q", "-batch", *args, program, core],
                       capture_output=True, text=True, timeout=60)
    return p.stdout + p.stderr


@needs_gdb
@pytest.mark.parametrize("name", ["prog", "static"])
def test_core_opens_in_gdb(einkorn, programs, tmp_path, name, platform):
    p = run(einkorn, "--core", tmp_path, "--platform", platform,
            programs / name)
    assert p.returncode == 128 + 11, p.stderr
    (core,) = tmp_path.iterdir()
    assert re.fullmatch(rf"core\.{name}\.[0-9a-f]{{12}}", core.name)
    assert f"core file: {core}" in p.stderr
    assert core.stat().st_mode & 0o777 == 0o600
    assert core.stat().st_blocks * 512 < 2 << 20  # zeroes are holes
    out = gdb(programs / name, core, "bt", "p answer", "p heap",
              "p big + (1 << 23)", "p shared", "p closed",
              "p $_siginfo.si_signo", "p $_siginfo._sifields._sigfault.si_addr",
              "thread apply all bt", "info auxv")
    assert "terminated with signal SIGSEGV" in out
    assert re.search(r"#0 .*deep \(depth=0.*\n#1 .*deep \(depth=1.*\n"
                     r"#2 .*deep \(depth=2.*\n#3 .*main \(argc=1", out), out
    assert "$1 = 43" in out and '"on the heap"' in out
    for text in ("in the middle", "shared", "closed"):
        assert f'"{text}"' in out, out
    assert "= 11" in out and "= (void *) 0x8" in out
    assert "spinner (arg=0x0)" in out
    assert b"not for the core" not in core.read_bytes()
    assert name == "static" or "in sleeper (arg=0x5)" in out
    assert re.search(r"AT_EXECFN.*/" + name, out)


@needs_gdb
def test_core_of_abort_has_registers_and_thread_locals(einkorn, programs,
                                                       tmp_path, platform):
    core = tmp_path / "my.core"
    p = run(einkorn, "--core", core, "--platform", platform,
            programs / "prog", "prog", "abort")
    assert p.returncode == 128 + 6, p.stderr
    assert list(tmp_path.iterdir()) == [core]
    out = gdb(programs / "prog", core, "bt", "p mine", "info threads",
              "thread 3", "p mine", "p $xmm7.v2_double[0]", "thread 2",
              "p mine", "p $orig_rax")
    assert "SIGABRT" in out and "in main (" in out, out
    assert "abort ()" in out, out
    assert re.findall(r"^\$\d = (.*)$", out, re.M) == ["43", "7", "1.5", "5",
                                                        "0"], out


def test_core_is_not_left_without_a_crash(einkorn, programs, tmp_path):
    p = run(einkorn, "--core", tmp_path, programs / "prog", "prog", "exit")
    assert p.returncode == 3 and not list(tmp_path.iterdir())
    p = run(einkorn, "--core", tmp_path, "/bin/no-such-program")
    assert p.returncode == 127 and not list(tmp_path.iterdir())


def test_core_replaces_an_older_file(einkorn, programs, tmp_path):
    core = tmp_path / "core"
    core.write_text("old")
    p = run(einkorn, "--core", core, programs / "prog", "prog", "exit")
    assert p.returncode == 3 and core.read_text() == "old"
    run(einkorn, "--core", core, programs / "prog")
    assert core.read_bytes()[:4] == b"\x7fELF"


@pytest.mark.parametrize("how", ["rlimit", "dumpable"])
def test_program_can_refuse_core(einkorn, programs, tmp_path, how):
    p = run(einkorn, "--core", tmp_path, programs / "prog", "prog", how)
    assert p.returncode == 128 + 11 and not list(tmp_path.iterdir())


def test_core_is_written_only_when_asked(einkorn, programs, tmp_path):
    p = run(einkorn, programs / "prog", cwd=tmp_path)
    assert p.returncode == 128 + 11 and "core file" not in p.stderr
    assert not list(tmp_path.iterdir())


def test_core_keeps_its_limit(einkorn, programs, tmp_path, platform):
    p = run(einkorn, "--core", tmp_path, "--core-size", "64k", "--platform",
            platform, programs / "prog")
    (core,) = tmp_path.iterdir()
    assert "cut at its limit" in p.stderr
    assert core.stat().st_size <= 65536
    core.unlink()
    p = run(einkorn, "--core", tmp_path, "--core-size", "4k", "--platform",
            platform, programs / "prog")
    assert "no core file: its head alone needs" in p.stderr
    assert not list(tmp_path.iterdir())


def test_core_of_a_background_instance(einkorn, programs, tmp_path):
    p = einkorn("run", "-d", "--name", "cored", "--network", "none", "--core",
                ".", programs / "prog", cwd=tmp_path)
    assert p.returncode == 0, p.stderr
    assert einkorn("wait", "cored").stdout.strip() == "139"
    wait_for(lambda: [f for f in os.listdir(tmp_path)
                      if f == f"core.prog.{p.stdout[:12]}"])
    assert "core file: " in einkorn("logs", "cored").stderr
    einkorn("rm", "cored")


@pytest.mark.parametrize("args,text", [
    (["--core", "/no/such/dir/core"], "make the directory first"),
    (["--core", ".", "--core-size", "1x"], "not a size of a file"),
    (["--core", ""], "which directory or file"),
])
def test_core_errors(einkorn, programs, tmp_path, args, text):
    p = run(einkorn, *args, programs / "prog", cwd=tmp_path)
    assert p.returncode == 125 and text in p.stderr, p.stderr
    assert not list(tmp_path.iterdir())
