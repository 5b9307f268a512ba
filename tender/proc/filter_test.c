/* SPDX-License-Identifier: BSD-2-Clause */
/* What a rule compares, as instructions of the filter: see filter.h. */
#include "tender/proc/filter.h"

#include "abi/layout.h"
#include "lib/list.h"
#include "tender/proc/launch.h"

#include <linux/mman.h>

enum { MAX_FDS = ABI_MAX_CHAN };

#define ARG_LO(i) (FIELD(args) + 8u * (i))
#define ARG_HI(i) (ARG_LO(i) + 4u)

_Static_assert(LO(ABI_USER_TOP) == 0, "test_user compares the upper half");
_Static_assert(HI(ABI_KERNEL_BASE) - HI(ABI_USER_TOP) >= 2, "test_user");
_Static_assert(LO(ABI_HEAP_BASE) == 0 && LO(ABI_HEAP_MAX) == 0, "test_heap");

struct fd_set {
    int32_t fd[MAX_FDS];
    uint32_t nr;
};

static void add_fd(struct fd_set *s, int32_t fd)
{
    if (fd >= 0)
        s->fd[s->nr++] = fd;
}

static void add_nets(struct fd_set *s, enum gate_net_kind kind)
{
    for (uint32_t i = 0; i < gate.boot.nr_net; i++)
        if (gate.net[i].kind == kind)
            add_fd(s, gate.net[i].fd);
}

static struct fd_set fds_of(enum rule_fds which)
{
    struct fd_set s = {.nr = 0};
    uint32_t i;

    if (which == FDS_IN && (gate.boot.flags & ABI_BOOT_STDIN))
        add_fd(&s, 0);
    if (which == FDS_OUT)
        s = (struct fd_set){{1, 2}, 2};
    if (which == FDS_TTY)
        add_fd(&s, gate.tty_fd);
    if (which == FDS_IMAGE) {
        add_fd(&s, gate.image_fd);
        add_fd(&s, gate.sidecar_fd);
    }
    if (which == FDS_SHM)
        add_fd(&s, gate.shm_fd);
    if (which == FDS_TAP)
        add_nets(&s, GATE_NET_TAP);
    if (which == FDS_STREAM)
        add_nets(&s, GATE_NET_STREAM);
    for (i = 0; which == FDS_CHAN && i < gate.boot.nr_chan; i++)
        add_fd(&s, gate.chan[i].fd);
    for (i = 0; which == FDS_BLK && i < gate.boot.nr_blk; i++)
        add_fd(&s, gate.blk_fd[i]);
    for (i = 0; which == FDS_BLK_RW && i < gate.boot.nr_blk; i++)
        if (!gate.boot.blk[i].flags)
            add_fd(&s, gate.blk_fd[i]);
    return s;
}

static void test_eq32(struct code *c, uint32_t arg, uint64_t value)
{
    load(c, ARG_LO(arg));
    jump(c, BPF_JEQ, LO(value), 0, FAILED);
}

static void test_eq_but(struct code *c, uint32_t arg, uint64_t value)
{
    load(c, ARG_LO(arg));
    emit(c, BPF_ALU | BPF_AND | BPF_K, ~HI(value), 0, 0);
    jump(c, BPF_JEQ, LO(value), 0, FAILED);
}

static void test_high(struct code *c, uint32_t arg, uint32_t value)
{
    load(c, ARG_HI(arg));
    jump(c, BPF_JEQ, value, 0, FAILED);
}

static void test_eq(struct code *c, uint32_t arg, uint64_t value)
{
    test_eq32(c, arg, value);
    test_high(c, arg, HI(value));
}

static void test_fd(struct code *c, uint32_t arg, enum rule_fds which)
{
    struct fd_set s = fds_of(which);

    load(c, ARG_LO(arg));
    for (uint32_t i = 0; i + 1 < s.nr; i++)
        jump(c, BPF_JEQ, (uint32_t)s.fd[i], (uint8_t)(s.nr - 1 - i), 0);
    jump(c, BPF_JEQ, (uint32_t)s.fd[s.nr - 1], 0, FAILED);
}

static void test_prot(struct code *c, uint32_t arg, int of_image)
{
    int sealed = !(gate.boot.flags & ABI_BOOT_JIT);
    uint32_t wx = PROT_WRITE | PROT_EXEC, all = wx | PROT_READ;
    uint32_t allowed = sealed && !of_image ? all & ~(uint32_t)PROT_EXEC : all;

    test_high(c, arg, 0);
    load(c, ARG_LO(arg));
    jump(c, BPF_JSET, ~allowed, FAILED, 0);
    if (sealed && of_image) {
        emit(c, BPF_ALU | BPF_AND | BPF_K, wx, 0, 0);
        jump(c, BPF_JEQ, wx, FAILED, 0);
    }
}

/* With a and l the upper halves, addr + len < (a + l + 2) << 32. That both are
 * bounded first keeps their sum from overflowing. */
void test_user(struct code *c, uint32_t addr, uint32_t len)
{
    load(c, ARG_HI(len));
    jump(c, BPF_JGT, HI(ABI_USER_TOP), FAILED, 0);
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    load(c, ARG_HI(addr));
    jump(c, BPF_JGT, HI(ABI_USER_TOP), FAILED, 0);
    emit(c, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
    jump(c, BPF_JGT, HI(ABI_USER_TOP), FAILED, 0);
}

/* The end may lie up to 4 GiB beyond the heap's window, in that of the shared
 * object: dropping shared pages loses nothing. */
static void test_heap(struct code *c, uint32_t addr, uint32_t len)
{
    load(c, ARG_HI(len));
    jump(c, BPF_JGT, HI(ABI_HEAP_MAX), FAILED, 0);
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    load(c, ARG_HI(addr));
    jump(c, BPF_JGE, HI(ABI_HEAP_BASE), 0, FAILED);
    jump(c, BPF_JGT, HI(ABI_HEAP_BASE + ABI_HEAP_MAX) - 1, FAILED, 0);
    emit(c, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
    jump(c, BPF_JGT, HI(ABI_HEAP_BASE + ABI_HEAP_MAX) - 1, FAILED, 0);
}

void test(struct code *c, const struct rule_check *t)
{
    switch ((enum rule_test)t->test) {
    case TEST_END:
        break;
    case TEST_EQ:
        test_eq(c, t->arg, t->value);
        break;
    case TEST_EQ32:
        test_eq32(c, t->arg, t->value);
        break;
    case TEST_EQ_BUT:
        test_eq_but(c, t->arg, t->value);
        break;
    case TEST_FD:
        test_fd(c, t->arg, (enum rule_fds)t->value);
        break;
    case TEST_PID:
        test_eq32(c, t->arg, (uint32_t)gate.pid);
        break;
    case TEST_PROT:
        test_prot(c, t->arg, 0);
        break;
    case TEST_PROT_W:
        test_prot(c, t->arg, 1);
        break;
    case TEST_HIGH0:
        test_high(c, t->arg, 0);
        break;
    case TEST_USER:
        test_user(c, t->arg, (uint32_t)t->value);
        break;
    case TEST_HEAP:
        test_heap(c, t->arg, (uint32_t)t->value);
        break;
    }
}

/* The two kinds of protection differ in sealed instances only. */
int same_check(const struct rule_check *a, const struct rule_check *b)
{
    int jit = (gate.boot.flags & ABI_BOOT_JIT) != 0;
    int both_prot = (a->test == TEST_PROT || a->test == TEST_PROT_W) &&
                    (b->test == TEST_PROT || b->test == TEST_PROT_W);

    return (a->test == b->test || (jit && both_prot)) && a->arg == b->arg &&
           a->value == b->value;
}

uint32_t nr_checks(const struct rule *r)
{
    uint32_t n = 0;

    while (n < ARRAY_LEN(r->check) && r->check[n].test)
        n++;
    return n;
}

/* A rule about descriptors that this instance has not is left out. */
int applies(const struct rule *r)
{
    if (r->need == NEED_VCPUS && gate.boot.nr_vcpus < 2)
        return 0;
    for (uint32_t i = 0; i < nr_checks(r); i++)
        if (r->check[i].test == TEST_FD &&
            !fds_of((enum rule_fds)r->check[i].value).nr)
            return 0;
    return 1;
}
