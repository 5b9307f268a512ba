/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiles the rules into a seccomp filter and closes the cage: architecture
 * and the address of the `syscall`. Outside the gate everything is trapped
 * and becomes the kernel's upcall; inside, what no rule permits is the end.
 */
#include "tender/proc/filter.h"

#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/audit.h>

enum { MAX_SAME = 4 /* rules of one call */ };

void emit(struct code *c, int op, uint32_t k, uint8_t jt, uint8_t jf)
{
    if (c->nr == FILTER_MAX)
        die("the filter is too long");
    c->insn[c->nr++] = (struct sock_filter){(uint16_t)op, jt, jf, k};
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

/* How many of their first checks all rules of a call share. */
static uint32_t nr_shared(const struct rule *const *r, uint32_t nr)
{
    uint32_t shared = nr_checks(r[0]);

    for (uint32_t i = 1; i < nr; i++) {
        uint32_t n = 0;

        while (n < shared && same_check(&r[0]->check[n], &r[i]->check[n]))
            n++;
        shared = n;
    }
    return shared;
}

/* The rules of one call. Entered, and left for the next one, with the number
 * in the accumulator. If none holds it is the end, unless the second table
 * knows the call too. */
static void compile_call(struct code *c, const struct rule *const *r,
                         uint32_t nr, int is_last)
{
    uint32_t from = c->nr, shared = nr_shared(r, nr);

    jump(c, BPF_JEQ, r[0]->nr, 0, NEXT);
    for (uint32_t i = 0; i < shared; i++)
        test(c, &r[0]->check[i]);
    for (uint32_t i = 0; i < nr; i++) {
        uint32_t begin = c->nr, checks = nr_checks(r[i]);

        for (uint32_t j = shared; j < checks; j++)
            test(c, &r[i]->check[j]);
        ret(c, SECCOMP_RET_ALLOW);
        resolve(c, begin, 0, c->nr);
    }
    resolve(c, from, c->nr + (nr_checks(r[0]) != 0), c->nr);
    if (!nr_checks(r[0]))
        return;
    if (is_last)
        ret(c, SECCOMP_RET_KILL_PROCESS);
    else
        load(c, FIELD(nr));
}

static int in_table(const struct rule *r, uint16_t nr)
{
    for (; r->name; r++)
        if (r->nr == nr)
            return 1;
    return 0;
}

static void compile_table(struct code *c, const struct rule *r,
                          const struct rule *later)
{
    while (r->name) {
        const struct rule *same[MAX_SAME];
        uint16_t number = r->nr;
        uint32_t nr = 0;

        for (; r->name && r->nr == number; r++) {
            if (!applies(r))
                continue;
            if (nr == MAX_SAME)
                die("too many rules for %s", r->name);
            same[nr++] = r;
        }
        if (nr)
            compile_call(c, same, nr, !in_table(later, number));
    }
}

/* Continue if the accumulator passes, else trap. */
static void else_trap(struct code *c, int condition, uint32_t k, int wanted)
{
    jump(c, condition, k, wanted ? 1 : 0, wanted ? 0 : 1);
    ret(c, SECCOMP_RET_TRAP);
}

static void compile(struct code *c)
{
    static const struct rule no_rule;
    uint64_t begin = (uint64_t)gate_begin, end = (uint64_t)gate_end;
    uint32_t from;

    /* First what differs from call to call: the host tries for each number
     * whether the filter permits it whatever the rest, until it sees this. */
    load(c, FIELD(instruction_pointer) + 4);
    else_trap(c, BPF_JEQ, HI(begin), 1);
    load(c, FIELD(arch));
    else_trap(c, BPF_JEQ, AUDIT_ARCH_X86_64, 1);
    load(c, FIELD(instruction_pointer));
    else_trap(c, BPF_JGE, LO(begin), 1);
    else_trap(c, BPF_JGE, LO(end), 0);
    load(c, FIELD(nr));
    compile_table(c, rules, rules_memory);
    from = c->nr;
    test_user(c, 0, 1);
    jump(c, BPF_JA, 1, 0, 0);
    ret(c, SECCOMP_RET_KILL_PROCESS);
    resolve(c, from, 0, c->nr - 1);
    load(c, FIELD(nr));
    compile_table(c, rules_memory, &no_rule);
    ret(c, SECCOMP_RET_KILL_PROCESS);
    ret(c, SECCOMP_RET_ALLOW); /* for filter_shorten() */
    ret(c, SECCOMP_RET_TRAP);
    filter_shorten(c);
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
