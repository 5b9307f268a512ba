/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual CPUs as gdb's threads: see gdb_session.h. Number n is thread n + 1.
 */
#include <stdio.h>

#include "tender/kvm/gdb_session.h"

/* One that the guest has started; the first one always stands for itself. */
static bool is_there(const struct gdb_session *s, uint64_t index)
{
    return index == 0 ||
           (index < s->m->nr_vcpus &&
            __atomic_load_n(&s->m->vcpus[index].started, __ATOMIC_SEQ_CST));
}

bool gdb_thread(const struct gdb_session *s, const char **at, uint32_t *index)
{
    uint64_t id;

    *index = s->at;
    if (gdb_starts(*at, "-1")) {
        *at += 2;
        return true;
    }
    if (!gdb_number(at, 0, &id))
        return false;
    if (id && !is_there(s, id - 1))
        return false;
    *index = id ? (uint32_t)id - 1 : s->at;
    return true;
}

void gdb_choose_thread(struct gdb_session *s, const char *text)
{
    bool sets = text[0] == 'H' && text[1] == 'g';
    uint32_t index;

    text += text[0] == 'H' && text[1] ? 2 : 1;
    if (!gdb_thread(s, &text, &index)) {
        gdb_answer_error(s);
        return;
    }
    if (sets)
        s->at = index;
    gdb_answer(s, "OK");
}

void gdb_list_threads(struct gdb_session *s)
{
    gdb_answer(s, "m1");
    for (uint32_t i = 1; i < s->m->nr_vcpus; i++)
        if (is_there(s, i))
            gdb_answer(s, ",%x", i + 1);
}

void gdb_describe_thread(struct gdb_session *s, const char *text)
{
    char line[16];
    uint32_t index;
    int len;

    if (!gdb_thread(s, &text, &index)) {
        gdb_answer_error(s);
        return;
    }
    len = snprintf(line, sizeof(line), "vCPU %u", index);
    gdb_answer_bytes(s, (const uint8_t *)line, (uint64_t)len);
}
