/* SPDX-License-Identifier: BSD-2-Clause */
/* Letting the virtual CPUs go on, up to breakpoints: see gdb_session.h. */
#include <string.h>

#include "tender/kvm/breaks.h"
#include "tender/kvm/gdb_session.h"

static void store_registers(struct gdb_session *s)
{
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++) {
        struct gdb_cpu *cpu = &s->cpus[i];

        if (cpu->changed && !gdb_regs_store(&s->m->vcpus[i], &cpu->regs))
            say("the debugger's registers: %m");
        cpu->changed = false;
    }
}

static void arm_all(struct gdb_session *s, enum break_go how)
{
    for (uint32_t i = 0; i < s->m->nr_vcpus; i++)
        breaks_arm(&s->m->vcpus[i], how);
}

void gdb_go(struct gdb_session *s, int stepper, int only)
{
    store_registers(s);
    arm_all(s, BREAK_GO);
    if (stepper != HOLD_NOBODY)
        breaks_arm(&s->m->vcpus[stepper], BREAK_STEP);
    __atomic_store_n(&s->running, true, __ATOMIC_SEQ_CST);
    s->alone = only != HOLD_NOBODY;
    hold_release(only);
}

void gdb_go_each(struct gdb_session *s, const char *text)
{
    int stepper = HOLD_NOBODY, only = HOLD_NOBODY;
    bool all = false;

    while (*text == ';') {
        bool step = text[1] == 's' || text[1] == 'S';
        const char *end = strchr(text + 1, ';');
        const char *colon = strchr(text + 1, ':');
        uint32_t index = s->at;

        end = end ? end : text + strlen(text);
        if (colon && colon < end) {
            colon++;
            if (!gdb_thread(s, &colon, &index)) {
                gdb_answer_error(s);
                return;
            }
            only = (int)index;
        } else {
            all = true;
        }
        if (step)
            stepper = (int)index;
        text = end;
    }
    gdb_go(s, stepper, all ? HOLD_NOBODY : only);
}

void gdb_detach(struct gdb_session *s)
{
    breaks_remove_all(s->m);
    store_registers(s);
    arm_all(s, BREAK_OFF);
    s->over = true;
    hold_release(HOLD_NOBODY);
}

void gdb_breakpoint(struct gdb_session *s, const char *text)
{
    bool insert = text[0] == 'Z';
    uint64_t addr, len;
    int kind = text[1] - '0', done;

    if (kind < BREAK_SOFT || kind > BREAK_ACCESS)
        return;
    text += 3;
    if (text[-1] != ',' || !gdb_number(&text, ',', &addr) ||
        !gdb_number(&text, 0, &len) || len > 64) {
        gdb_answer_error(s);
        return;
    }
    done =
        insert
            ? breaks_insert(s->m, (enum break_kind)kind, addr, (uint32_t)len)
            : breaks_remove(s->m, (enum break_kind)kind, addr, (uint32_t)len);
    if (done < 0)
        gdb_answer_error(s);
    else if (done)
        gdb_answer(s, "OK");
}
