/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random system calls with random, mostly plausible arguments, by several
 * threads at once; or (frames) signal handlers that scribble over the context
 * they return to. Not for a real machine: it does whatever it comes upon. Ends
 * with 0, or dies of its own mistakes; what must not happen is that the kernel
 * does. usage: syscalls calls|frames SEED CALLS MILLISECONDS
 */
#include "tests/fuzz/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    NR_THREADS = 3,
    NR_FDS = 48,
    BUF_BYTES = 8192,
    ARENA_BYTES = 64 * 4096,
    WATCH_US = 2000,
    OWN_FAULT = 99,
    STUCK_MAX = 500, /* looks without progress until it is given up */
};

struct state {
    uint64_t rng;
    pthread_t thread;
    volatile uint64_t nr_calls;
    volatile int last;
    uint8_t *buf; /* BUF_BYTES, then a page that cannot be touched */
    uint8_t *arena;
};

static struct state states[NR_THREADS];
static uint64_t wanted;

static uint64_t rnd(struct state *s)
{
    s->rng ^= s->rng << 13;
    s->rng ^= s->rng >> 7;
    s->rng ^= s->rng << 17;
    return s->rng * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t below(struct state *s, uint64_t n)
{
    return (rnd(s) >> 33) % n;
}

static long raw(int nr, const uint64_t a[6])
{
    register uint64_t r10 __asm__("r10") = a[3];
    register uint64_t r8 __asm__("r8") = a[4];
    register uint64_t r9 __asm__("r9") = a[5];
    long ret;

    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"((long)nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10),
                       "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

/* Numbers that programs have been wrong about. */
static uint64_t odd_number(struct state *s)
{
    static const uint64_t odd[] = {
        0,          1,           2,          7,          8,
        63,         64,          4095,       4096,       4097,
        0x7fffffff, 0x80000000,  0xffffffff, UINT64_MAX, UINT64_C(1) << 63,
        INT64_MAX,  0x7ffff000u, 1u << 20,   -4096,      UINT64_MAX - 7,
    };

    return odd[below(s, sizeof(odd) / sizeof(odd[0]))];
}

/* Null, kernel memory, the end of the program's range, no address at all. */
static uint64_t bad_address(struct state *s)
{
    static const uint64_t bad[] = {
        0,
        8,
        UINT64_C(0x7dffffffffff),
        UINT64_C(0x7e0000000000),
        UINT64_C(0x7e0000001008),
        UINT64_C(0x7effffffe000),
        UINT64_C(0x7ffffffff000),
        UINT64_C(0x800000000000),
        UINT64_C(0xffff800000000000),
        UINT64_MAX,
    };

    return bad[below(s, sizeof(bad) / sizeof(bad[0]))];
}

static uint64_t address(struct state *s)
{
    switch (below(s, 16)) {
    case 0:
        return bad_address(s);
    case 1: /* ends at a page that faults */
        return (uint64_t)s->buf + BUF_BYTES - below(s, 64);
    case 2:
        return (uint64_t)s->arena + below(s, ARENA_BYTES);
    case 3: /* another thread's, changing meanwhile */
        return (uint64_t)states[below(s, NR_THREADS)].buf;
    default:
        return (uint64_t)s->buf + (below(s, BUF_BYTES / 2) & -8u);
    }
}

static uint64_t word(struct state *s)
{
    switch (below(s, 8)) {
    case 0:
        return address(s);
    case 1:
        return odd_number(s);
    case 2:
        return rnd(s);
    case 3:
        return below(s, NR_FDS) | below(s, NR_FDS) << 32;
    default:
        return below(s, 4);
    }
}

static uint64_t structure(struct state *s)
{
    uint64_t at = (uint64_t)s->buf + (below(s, BUF_BYTES / 2) & -8u);
    uint64_t *w = (uint64_t *)at;

    if (below(s, 12) == 0)
        return address(s);
    for (int i = 0; i < 24; i++)
        w[i] = word(s);
    if (below(s, 4) == 0) /* a socket address, perhaps */
        *(uint16_t *)w = (uint16_t)below(s, 17);
    return at;
}

static uint64_t timeout(struct state *s)
{
    uint64_t *w = (uint64_t *)(s->buf + BUF_BYTES - 64);

    if (below(s, 8) == 0)
        return below(s, 2) ? address(s) : 0;
    w[0] = below(s, 8) ? 0 : odd_number(s);
    w[1] = below(s, 8) ? below(s, 1000000) : odd_number(s);
    return (uint64_t)w;
}

static uint64_t vector(struct state *s)
{
    uint64_t *w = (uint64_t *)(s->buf + BUF_BYTES / 2);

    for (int i = 0; i < 8; i++) {
        w[2 * i] = address(s);
        w[2 * i + 1] = below(s, 8) ? below(s, 300) : odd_number(s);
    }
    return below(s, 12) ? (uint64_t)w : address(s);
}

static uint64_t path(struct state *s)
{
    static const char *const names[] = {
        "/tmp/a",
        "/tmp/b",
        "/tmp/d",
        "/tmp/d/x",
        "/tmp/d/../a",
        "a",
        "b/",
        ".",
        "..",
        "",
        "/",
        "/proc/self/fd/3",
        "/proc/self/maps",
        "/proc/1/task",
        "/dev/zero",
        "/dev/null",
        "/proc/self/exe",
        "/dev/shm/m",
        "/sys/devices",
        "/proc/self/fd",
        "/etc/passwd",
        "/tmp/fifo",
        "/tmp/link",
        "/dev/ptmx",
        "/proc/self/mem",
        "/proc/meminfo",
        "/dev/urandom",
        "/dev/stdin",
    };
    char *at = (char *)s->buf + (below(s, BUF_BYTES / 2));

    if (below(s, 24) == 0)
        return address(s);
    if (below(s, 64) == 0) {
        memset(s->buf, 'x', BUF_BYTES - 1);
        return (uint64_t)s->buf;
    }
    strcpy(at, names[below(s, sizeof(names) / sizeof(names[0]))]);
    return (uint64_t)at;
}

static uint64_t argument(struct state *s, char kind)
{
    switch (kind) {
    case 'f':
        if (below(s, 16) == 0)
            return odd_number(s);
        return below(s, 16) ? 3 + below(s, NR_FDS) : (uint64_t)-100;
    case 'b':
        return address(s);
    case 's':
        return structure(s);
    case 'v':
        return vector(s);
    case 'p':
        return path(s);
    case 't':
        return timeout(s);
    case 'l':
        return below(s, 4) ? below(s, 600) : odd_number(s);
    case 'o':
        return below(s, 4) ? below(s, 20000) : odd_number(s);
    case 'i':
        return below(s, 16) ? below(s, 40) : odd_number(s);
    case 'x':
        return rnd(s) & rnd(s) & rnd(s) & 0xffffff;
    case 'g':
        do
            kind = (char)below(s, 66);
        while (kind == SIGKILL || kind == SIGSTOP);
        return (uint64_t)kind;
    case 'k':
        return below(s, NR_THREADS + 4);
    case 'c':
        return below(s, 8) ? below(s, 13) : odd_number(s);
    case 'm':
        if (below(s, 16) == 0)
            return bad_address(s);
        return (uint64_t)s->arena + (below(s, ARENA_BYTES) & -4096u) +
               (below(s, 16) ? 0 : below(s, 4096));
    case 'n':
        return below(s, 8) ? below(s, 9) * 4096 : odd_number(s);
    case 'a':
        return word(s);
    default:
        return 0;
    }
}

/* Memory calls stay inside the arena, or take what the kernel must refuse: a
 * range that reaches the fuzzer's own memory would only end the fuzzer. */
static int is_safe(const struct state *s, int nr, uint64_t a[6])
{
    uint64_t at = nr == SYS_mremap ? a[4] : a[0], arena = (uint64_t)s->arena;
    uint64_t len = nr == SYS_mremap ? a[2] : a[1];
    int in = at >= arena && at < arena + ARENA_BYTES &&
             len <= arena + ARENA_BYTES - at;

    switch (nr) {
    case SYS_mmap:
        a[3] &= 0x3f; /* kinds, FIXED, ANONYMOUS */
        return in || at >= UINT64_C(0x7e0000000000) || !(a[3] & 0x10);
    case SYS_mremap:
        return in && a[0] >= arena && a[0] < arena + ARENA_BYTES &&
               a[1] <= arena + ARENA_BYTES - a[0];
    case SYS_mprotect:
    case SYS_pkey_mprotect:
    case SYS_munmap:
    case SYS_madvise:
    case SYS_shmat:
    case SYS_shmdt:
        return in || at >= UINT64_C(0x7e0000000000);
    case SYS_prlimit64: /* descriptors and memory are needed */
        return a[1] != 7 && a[1] != 9 && a[1] != 2 && a[1] != 3 && a[1] != 1;
    case SYS_close_range:
        return a[0] > 2;
    case SYS_brk:
        return at < 4096 || at >= UINT64_C(0x7e0000000000);
    default:
        return 1;
    }
}

__attribute__((naked)) static void restorer(void)
{
    __asm__("mov $15, %eax\n" /* rt_sigreturn */
            "syscall");
}

/* A fault of its own, which comes again and again, ends the fuzzer; one that
 * was sent does not. */
static void on_signal(int sig, siginfo_t *info, void *context)
{
    static uint64_t last_rip, times;
    const ucontext_t *uc = context;
    uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];

    if (info->si_code <= 0 ||
        (sig != SIGSEGV && sig != SIGBUS && sig != SIGILL && sig != SIGFPE))
        return;
    times = rip == last_rip ? times + 1 : 0;
    last_rip = rip;
    if (times > 1000)
        _exit(OWN_FAULT);
}

/* The kernel's own structure: the C library keeps signals 32 and 33. */
static void set_handlers(void)
{
    struct {
        void (*handler)(int sig, siginfo_t *info, void *context);
        uint64_t flags;
        void (*restorer)(void);
        uint64_t mask;
    } act = {on_signal, SA_SIGINFO | 0x04000000, restorer, 0};

    for (uint64_t i = 1; i < 65; i++)
        raw(SYS_rt_sigaction, (uint64_t[6]){i, (uint64_t)&act, 0, 8});
}

static void open_things(void)
{
    int p[2];
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    open("/tmp/a", O_RDWR | O_CREAT, 0644);
    open("/tmp", O_RDONLY | O_DIRECTORY);
    open("/proc/self/maps", O_RDONLY);
    open("/dev/zero", O_RDWR);
    (void)!pipe2(p, O_NONBLOCK);
    (void)!pipe(p);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p);
    socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
    socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    socket(AF_INET6, SOCK_STREAM, 0);
    socket(AF_INET, SOCK_DGRAM, 0);
    socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socket(AF_NETLINK, SOCK_RAW, 0);
    epoll_create1(0);
    epoll_create1(0);
    eventfd(0, EFD_NONBLOCK);
    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    signalfd(-1, &set, SFD_NONBLOCK);
    inotify_init1(IN_NONBLOCK);
    (void)!ftruncate((int)syscall(SYS_memfd_create, "m", 0), 10000);
}

static void map_arena(struct state *s)
{
    mmap(s->arena, ARENA_BYTES, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void one_call(struct state *s)
{
    const struct call *c = &calls[below(s, sizeof(calls) / sizeof(calls[0]))];
    uint64_t a[6], none[6] = {SIG_SETMASK, (uint64_t) & (uint64_t){0}, 0, 8};

    for (size_t i = 0; i < 6; i++)
        a[i] = i < strlen(c->args) ? argument(s, c->args[i]) : rnd(s);
    if (!is_safe(s, c->nr, a))
        return;
    s->last = c->nr;
    raw(c->nr, a);
    if (c->nr == SYS_rt_sigprocmask)
        raw(SYS_rt_sigprocmask, none);
}

static void *fuzz(void *arg)
{
    struct state *s = arg;

    while (s->nr_calls < wanted) {
        one_call(s);
        s->nr_calls++;
        if (s->nr_calls % 512 == 0)
            map_arena(s);
        if (s->nr_calls % 2048 == 0 && s == states)
            open_things();
    }
    return NULL;
}

static void set_up(struct state *s, uint64_t seed)
{
    size_t len = BUF_BYTES + 4096;

    s->rng = seed * 1000003 + 88172645463325252;
    s->buf = mmap(NULL, len, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(s->buf + BUF_BYTES, 4096, PROT_NONE);
    s->arena =
        mmap(NULL, ARENA_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map_arena(s);
}

/* Interrupts what sleeps. True while somebody gets on. */
static int nudge(void)
{
    static uint64_t seen[NR_THREADS];
    int busy = 0;

    for (int i = 0; i < NR_THREADS; i++) {
        struct state *s = &states[i];

        if (s->nr_calls == seen[i] && s->nr_calls < wanted)
            pthread_kill(s->thread, SIGUSR1);
        busy |= s->nr_calls != seen[i];
        seen[i] = s->nr_calls;
    }
    return busy;
}

static int all_done(void)
{
    for (int i = 0; i < NR_THREADS; i++)
        if (states[i].nr_calls < wanted)
            return 0;
    return 1;
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Until all calls are made, the time is over, or all threads sleep for good
 * (with every signal blocked, say). */
static void watch(uint64_t end_ms)
{
    int stuck = 0;

    while (!all_done() && stuck < STUCK_MAX && now_ms() < end_ms) {
        struct timespec t = {0, WATCH_US * 1000};

        nanosleep(&t, NULL);
        stuck = nudge() ? 0 : stuck + 1;
    }
}

static void fuzz_calls(uint64_t end_ms)
{
    mkdir("/tmp/d", 0755);
    (void)!chdir("/tmp");
    open_things();
    for (int i = 0; i < NR_THREADS; i++)
        pthread_create(&states[i].thread, NULL, fuzz, &states[i]);
    set_handlers();
    watch(end_ms);
    for (int i = 0; i < NR_THREADS; i++)
        dprintf(2, "thread %d: %lu calls, last %d\n", i, states[i].nr_calls,
                states[i].last);
}

/* A few words between the signal's information and the end of the vector
 * registers become something else. */
static void scribble(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct state *s = &states[0];
    uint64_t *low = (uint64_t *)info;
    uint64_t *vectors = (uint64_t *)uc->uc_mcontext.fpregs;

    (void)sig;
    s->nr_calls++;
    for (uint64_t n = below(s, 3); n > 0; n--)
        low[below(s, sizeof(*info) / 8 + sizeof(*uc) / 8)] = word(s);
    if (vectors && below(s, 2))
        vectors[below(s, 100)] = word(s);
}

static void fuzz_frames(uint64_t end_ms)
{
    stack_t stack = {.ss_sp = states[1].arena, .ss_size = ARENA_BYTES};

    for (int i = 1; i < 32; i++)
        sigaction(i,
                  &(struct sigaction){.sa_sigaction = scribble,
                                      .sa_flags = SA_SIGINFO | SA_ONSTACK},
                  NULL);
    sigaltstack(&stack, NULL);
    while (states[0].nr_calls < wanted && now_ms() < end_ms)
        raw(SYS_tgkill, (uint64_t[6]){1, 1, SIGUSR1});
}

int main(int argc, char **argv)
{
    uint64_t seed, end_ms;

    if (argc < 5)
        return 2;
    seed = strtoull(argv[2], NULL, 0);
    wanted = strtoull(argv[3], NULL, 0) / NR_THREADS;
    end_ms = now_ms() + strtoull(argv[4], NULL, 0);
    set_handlers();
    for (uint64_t i = 0; i < NR_THREADS; i++)
        set_up(&states[i], seed * NR_THREADS + i);
    if (strcmp(argv[1], "frames") == 0)
        fuzz_frames(end_ms);
    else
        fuzz_calls(end_ms);
    _exit(0);
}
