/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiles the rules into a seccomp filter and closes the cage: architecture,
 * then the address of the `syscall`. Outside the gate everything is trapped
 * and becomes the kernel's upcall; inside, what no rule permits is the end.
 */
#include "abi/layout.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"
#include "tender/proc/rules.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/seccomp.h>

enum {
    MAX_CODE = 768,
    MAX_FDS = ABI_MAX_CHAN,
    /* Jump targets inside a rule, replaced when it is complete. */
    NEXT = 0xfe,  /* next rule; the accumulator still holds the number */
    FAILED = 0xff /* next rule; it does not */
};

#define FIELD(name) ((uint32_t)offsetof(struct seccomp_data, name))
#define ARG_LO(i) (FIELD(args) + 8u * (i))
#define ARG_HI(i) (ARG_LO(i) + 4u)
#define HI(x) ((uint32_t)((x) >> 32))
#define LO(x) ((uint32_t)(x))

_Static_assert(LO(ABI_USER_TOP) == 0, "test_user compares the upper half");
_Static_assert(LO(ABI_HEAP_BASE) == 0 && LO(ABI_HEAP_MAX) == 0, "test_heap");

struct code {
    struct sock_filter insn[MAX_CODE];
    uint32_t nr;
};

struct fd_set {
    int32_t fd[MAX_FDS];
    uint32_t nr;
};

static void emit(struct code *c, int op, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (c->nr == MAX_CODE)
        die("the filter is too long");
    c->insn[c->nr++] = (struct sock_filter){(uint16_t)op, jt, jf, k};
}

static void load(struct code *c, uint32_t offset)
{
    emit(c, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void ret(struct code *c, uint32_t action)
{
    emit(c, BPF_RET | BPF_K, action, 0, 0);
}

static void jump(struct code *c, int condition, uint32_t k, uint8_t jt,
                 uint8_t jf)
{
    emit(c, BPF_JMP | condition, k, jt, jf);
}

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
    return s;
}

static void test_eq32(struct code *c, uint32_t arg, uint64_t value)
{
    load(c, ARG_LO(arg));
    jump(c, BPF_JEQ, LO(value), 0, FAILED);
}

static void test_eq(struct code *c, uint32_t arg, uint64_t value)
{
    test_eq32(c, arg, value);
    load(c, ARG_HI(arg));
    jump(c, BPF_JEQ, HI(value), 0, FAILED);
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

    load(c, ARG_HI(arg));
    jump(c, BPF_JEQ, 0, 0, FAILED);
    load(c, ARG_LO(arg));
    jump(c, BPF_JSET, ~allowed, FAILED, 0);
    if (sealed && of_image) {
        emit(c, BPF_ALU | BPF_AND | BPF_K, wx, 0, 0);
        jump(c, BPF_JEQ, wx, FAILED, 0);
    }
}

/* addr + len <= ABI_USER_TOP in 32-bit steps: the halves are bounded first,
 * so that the sum of the upper ones and the carry cannot overflow. */
static void test_user(struct code *c, uint32_t addr, uint32_t len)
{
    load(c, ARG_HI(len));
    jump(c, BPF_JGT, HI(ABI_USER_TOP), FAILED, 0);
    load(c, ARG_HI(addr));
    jump(c, BPF_JGE, HI(ABI_USER_TOP), FAILED, 0);
    load(c, ARG_LO(len));
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    load(c, ARG_LO(addr));
    emit(c, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
    emit(c, BPF_ST, 0, 0, 0);
    jump(c, BPF_JGE | BPF_X, 0, 3, 0); /* sum >= len: no carry */
    load(c, ARG_HI(len));
    emit(c, BPF_ALU | BPF_ADD | BPF_K, 1, 0, 0);
    jump(c, BPF_JA, 1, 0, 0);
    load(c, ARG_HI(len));
    emit(c, BPF_MISC | BPF_TAX, 0, 0, 0);
    load(c, ARG_HI(addr));
    emit(c, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
    jump(c, BPF_JGT, HI(ABI_USER_TOP), FAILED, 0);
    jump(c, BPF_JEQ, HI(ABI_USER_TOP), 0, 2);
    emit(c, BPF_LD | BPF_MEM, 0, 0, 0);
    jump(c, BPF_JEQ, 0, 0, FAILED);
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
    emit(c, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
    jump(c, BPF_JGT, HI(ABI_HEAP_BASE + ABI_HEAP_MAX) - 1, FAILED, 0);
}

static void test(struct code *c, const struct rule_check *t)
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
    case TEST_USER:
        test_user(c, t->arg, (uint32_t)t->value);
        break;
    case TEST_HEAP:
        test_heap(c, t->arg, (uint32_t)t->value);
        break;
    }
}

static void resolve(struct code *c, uint32_t from, uint32_t next,
                    uint32_t failed)
{
    for (uint32_t i = from; i < c->nr; i++) {
        struct sock_filter *f = &c->insn[i];

        if (BPF_CLASS(f->code) != BPF_JMP || BPF_OP(f->code) == BPF_JA)
            continue;
        if (f->jt == FAILED)
            f->jt = (uint8_t)(failed - i - 1);
        if (f->jf == FAILED)
            f->jf = (uint8_t)(failed - i - 1);
        if (f->jf == NEXT)
            f->jf = (uint8_t)(next - i - 1);
    }
}

/* A rule about descriptors that this instance has not is left out. */
static int applies(const struct rule *r)
{
    if (r->need == NEED_VCPUS && gate.boot.nr_vcpus < 2)
        return 0;
    for (uint32_t i = 0; i < 5 && r->check[i].test; i++)
        if (r->check[i].test == TEST_FD &&
            !fds_of((enum rule_fds)r->check[i].value).nr)
            return 0;
    return 1;
}

/* Entered, and left for the next one, with the number in the accumulator. */
static void compile_rule(struct code *c, const struct rule *r)
{
    uint32_t from = c->nr, i;

    jump(c, BPF_JEQ, r->nr, 0, NEXT);
    for (i = 0; i < 5 && r->check[i].test; i++)
        test(c, &r->check[i]);
    ret(c, SECCOMP_RET_ALLOW);
    if (i)
        load(c, FIELD(nr));
    resolve(c, from, c->nr, c->nr - 1);
}

static void compile_table(struct code *c, const struct rule *r)
{
    for (; r->name; r++)
        if (applies(r))
            compile_rule(c, r);
}

/* Continue if the accumulator passes, else trap. */
static void else_trap(struct code *c, int condition, uint32_t k, int wanted)
{
    jump(c, condition, k, wanted ? 1 : 0, wanted ? 0 : 1);
    ret(c, SECCOMP_RET_TRAP);
}

static void compile(struct code *c)
{
    uint64_t begin = (uint64_t)gate_begin, end = (uint64_t)gate_end;
    uint32_t from;

    load(c, FIELD(arch));
    else_trap(c, BPF_JEQ, AUDIT_ARCH_X86_64, 1);
    load(c, FIELD(instruction_pointer) + 4);
    else_trap(c, BPF_JEQ, HI(begin), 1);
    load(c, FIELD(instruction_pointer));
    else_trap(c, BPF_JGE, LO(begin), 1);
    else_trap(c, BPF_JGE, LO(end), 0);
    load(c, FIELD(nr));
    compile_table(c, rules);
    from = c->nr;
    test_user(c, 0, 1);
    jump(c, BPF_JA, 1, 0, 0);
    ret(c, SECCOMP_RET_KILL_PROCESS);
    resolve(c, from, 0, c->nr - 1);
    load(c, FIELD(nr));
    compile_table(c, rules_memory);
    ret(c, SECCOMP_RET_KILL_PROCESS);
}

void filter_install(void)
{
    static struct code code;
    struct sock_fprog program;
    unsigned int flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    int64_t err;

    if (gate.boot.nr_vcpus > 1)
        flags |= SECCOMP_FILTER_FLAG_TSYNC;
    compile(&code);
    program = (struct sock_fprog){(unsigned short)code.nr, code.insn};
    err = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (err)
        die("install the seccomp filter: %s", errno_text(err));
}
