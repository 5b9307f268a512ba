/* SPDX-License-Identifier: BSD-2-Clause */
/* mmap(2), mprotect(2), mremap(2), madvise(2), brk(2) as programs rely on
 * them; guard pages and page 0 fault with the right code and address. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/guest/check.h"

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };
enum { ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static sigjmp_buf back;
static volatile sig_atomic_t fault_signal, fault_code;
static void *volatile fault_addr;

static void on_fault(int signo, siginfo_t *info, void *context)
{
    (void)context;
    fault_signal = signo;
    fault_code = info->si_code;
    fault_addr = info->si_addr;
    siglongjmp(back, 1);
}

/* Does touching p raise signo with code? */
static int faults(volatile char *p, int write, int signo, int code)
{
    fault_signal = 0;
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *p = 1;
        else
            (void)*p;
    }
    return fault_signal == signo && fault_code == code &&
           fault_addr == (void *)p;
}

static char *map(void *hint, size_t len, int prot, int flags)
{
    char *p = mmap(hint, len, prot, flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

static int fails(void *got, int error)
{
    return got == MAP_FAILED && errno == error;
}

static void test_arguments(void)
{
    char *p = map(NULL, PAGE, RW, ANON);

    CHECK(fails(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL));
    CHECK(fails(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL));
    CHECK(fails(mmap(NULL, PAGE, RW, MAP_PRIVATE, -1, 0), EBADF));
    CHECK(fails(mmap(p + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL));
    CHECK(fails(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST));
    CHECK(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
    CHECK(munmap(p, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_mprotect, p + 1, PAGE, RW) == -1 && errno == EINVAL);
    CHECK(munmap(p, PAGE) == 0);
    CHECK(munmap(p, PAGE) == 0);
    CHECK(mprotect(p, PAGE, RW) == -1 && errno == ENOMEM);
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM);
    CHECK(msync(p, PAGE, MS_SYNC) == -1 && errno == ENOMEM);
}

static void test_placement(void)
{
    char *p = map(NULL, 16 * PAGE, PROT_NONE, ANON);

    CHECK(munmap(p, 16 * PAGE) == 0);
    CHECK(map(p + 4 * PAGE, PAGE, RW, ANON) == p + 4 * PAGE);
    CHECK(map(p + 4 * PAGE, PAGE, RW, ANON) != p + 4 * PAGE);
    p = map(NULL, PAGE, RW, ANON | MAP_32BIT);
    CHECK((uintptr_t)p < UINT32_MAX);
}

static void test_faults(void)
{
    char *p = map(NULL, 3 * PAGE, RW, ANON);

    CHECK(mprotect(p, PAGE, PROT_NONE) == 0);
    CHECK(mprotect(p + 2 * PAGE, PAGE, PROT_READ) == 0);
    p[PAGE] = 1;
    CHECK(faults(p + 5, 0, SIGSEGV, SEGV_ACCERR));
    CHECK(faults(p + 2 * PAGE, 1, SIGSEGV, SEGV_ACCERR));
    CHECK(p[2 * PAGE] == 0);
    CHECK(faults((char *)0x14, 0, SIGSEGV, SEGV_MAPERR));
    munmap(p, 3 * PAGE);
    CHECK(faults(p + PAGE, 0, SIGSEGV, SEGV_MAPERR));
}

static void test_content_survives(void)
{
    char *p = map(NULL, 4 * PAGE, RW, ANON);

    memset(p, 'x', 4 * PAGE);
    CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(mprotect(p + PAGE, PAGE, RW) == 0);
    CHECK(p[PAGE] == 'x');
    CHECK(madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED) == 0);
    CHECK(p[2 * PAGE] == 0 && p[3 * PAGE] == 'x');
    CHECK(map(p, PAGE, RW, ANON | MAP_FIXED) == p);
    CHECK(p[0] == 0 && p[PAGE] == 'x');
    munmap(p, 4 * PAGE);
}

static void test_remap(void)
{
    char *p = map(NULL, 8 * PAGE, PROT_NONE, ANON), *q;

    CHECK(mprotect(p, 2 * PAGE, RW) == 0);
    strcpy(p + PAGE, "kept");
    CHECK(fails(mremap(p, 2 * PAGE, 4 * PAGE, 0), ENOMEM));
    q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && strcmp(q + PAGE, "kept") == 0);
    q[63 * PAGE] = 1;
    CHECK(faults(p, 0, SIGSEGV, SEGV_MAPERR));
    CHECK(mremap(q, 64 * PAGE, 2 * PAGE, 0) == q);
    CHECK(faults(q + 2 * PAGE, 0, SIGSEGV, SEGV_MAPERR));
    CHECK(mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
    CHECK(strcmp(p + PAGE, "kept") == 0);
    CHECK(fails(mremap(p, PAGE, PAGE, MREMAP_FIXED, q), EINVAL));
    CHECK(fails(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT));
    munmap(p, 8 * PAGE);
}

/* Two pieces that became writable at different times are one mapping. */
static void test_remap_of_pieces(void)
{
    char *p = map(NULL, 32 * PAGE, PROT_NONE, ANON), *q;

    for (int i = 0; i < 16; i++) {
        CHECK(mprotect(p + i * PAGE, PAGE, RW) == 0);
        p[i * PAGE] = (char)i;
    }
    q = mremap(p, 16 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    for (int i = 0; i < 16; i++)
        CHECK(q[i * PAGE] == i);
}

static void test_huge_reservation(void)
{
    size_t len = (size_t)8 << 40;
    char *p = map(NULL, len, PROT_NONE, ANON | MAP_NORESERVE);

    CHECK(mprotect(p + (len / 2), PAGE, RW) == 0);
    p[len / 2] = 1;
    CHECK(faults(p, 1, SIGSEGV, SEGV_ACCERR));
    CHECK(munmap(p, len) == 0);
}

static void test_shared_anonymous(void)
{
    char *p = map(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS), *q;

    q = mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q != p);
    strcpy(p + PAGE, "seen twice");
    CHECK(strcmp(q + PAGE, "seen twice") == 0);
    CHECK(munmap(p, 2 * PAGE) == 0);
    CHECK(strcmp(q + PAGE, "seen twice") == 0);
    CHECK(madvise(q, 2 * PAGE, MADV_DONTNEED) == 0);
    CHECK(strcmp(q + PAGE, "seen twice") == 0);
    munmap(q, 2 * PAGE);
}

/* The bare system call: musl's brk() and sbrk() refuse. */
static char *set_brk(char *addr)
{
    return (char *)syscall(SYS_brk, addr);
}

static void test_brk(void)
{
    char *start = set_brk(NULL);

    CHECK(set_brk(start + 10 * PAGE) == start + 10 * PAGE);
    memset(start, 1, 10 * PAGE);
    CHECK(set_brk(start) == start);
    CHECK(set_brk(start + 10 * PAGE) == start + 10 * PAGE);
    CHECK(start[9 * PAGE] == 0);
    CHECK(set_brk(start) == start);
}

static void test_file(void)
{
    char name[] = "/tmp/mmap-XXXXXX", buf[8];
    int fd = mkstemp(name);
    char *shared, *private;

    CHECK(fd >= 0 && unlink(name) == 0);
    CHECK(write(fd, "content", 7) == 7);
    shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    private = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    CHECK(shared != MAP_FAILED && private != MAP_FAILED);
    CHECK(strcmp(shared, "content") == 0);
    CHECK(faults(shared + PAGE, 0, SIGBUS, BUS_ADRERR));
    private[0] = 'X';
    CHECK(shared[0] == 'c');
    shared[1] = 'O';
    CHECK(pread(fd, buf, 7, 0) == 7 && memcmp(buf, "cOntent", 7) == 0);
    CHECK(msync(shared, PAGE, MS_SYNC) == 0);
    CHECK(ftruncate(fd, 2 * PAGE) == 0);
    shared[PAGE] = 1;
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(faults(shared, 0, SIGBUS, BUS_ADRERR));
    munmap(shared, 2 * PAGE);
    munmap(private, PAGE);
    close(fd);
}

static void test_read_only_file(void)
{
    char name[] = "/tmp/mmap-XXXXXX";
    int rw = mkstemp(name), ro = open(name, O_RDONLY);
    char *p;

    CHECK(rw >= 0 && ro >= 0 && unlink(name) == 0);
    CHECK(write(rw, "x", 1) == 1);
    CHECK(fails(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES));
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
    CHECK(p != MAP_FAILED);
    CHECK(mprotect(p, PAGE, RW) == -1 && errno == EACCES);
    close(rw);
    close(ro);
}

static int recurse(int depth)
{
    volatile char frame[4000];

    frame[0] = (char)depth;
    return depth ? recurse(depth - 1) + frame[0] : 0;
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    test_arguments();
    test_placement();
    test_faults();
    test_content_survives();
    test_remap();
    test_remap_of_pieces();
    test_huge_reservation();
    test_shared_anonymous();
    test_brk();
    test_file();
    test_read_only_file();
    recurse(1500); /* 6 MB of stack */
    puts("mmap: ok");
    return 0;
}
