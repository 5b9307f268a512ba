/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's registers and memory in gdb's packets: see gdb_session.h. */
#include <string.h>

#include "tender/kvm/breaks.h"
#include "tender/kvm/gdb_session.h"
#include "tender/kvm/gva.h"

/* ---- registers ---------------------------------------------------------- */

void gdb_read_all(struct gdb_session *s)
{
    for (uint32_t n = 0; n < GDB_NR_REGS; n++) {
        uint8_t value[GDB_REG_MAX];

        gdb_reg_get(&gdb_cpu_of(s)->regs, n, value);
        gdb_answer_bytes(s, value, gdb_reg_size(n));
    }
}

void gdb_write_all(struct gdb_session *s, const char *text)
{
    size_t left = strlen(text);

    for (uint32_t n = 0; n < GDB_NR_REGS && left; n++) {
        uint32_t size = gdb_reg_size(n);
        uint8_t value[GDB_REG_MAX];

        if (left < 2 * size || !gdb_unhex(text, value, size)) {
            gdb_answer_error(s);
            return;
        }
        gdb_reg_set(&gdb_cpu_of(s)->regs, n, value);
        text += 2 * size;
        left -= 2 * size;
    }
    gdb_cpu_of(s)->changed = true;
    gdb_answer(s, "OK");
}

void gdb_read_one(struct gdb_session *s, const char *text)
{
    uint8_t value[GDB_REG_MAX];
    uint64_t n;

    if (!gdb_number(&text, 0, &n) || n >= GDB_NR_REGS) {
        gdb_answer_error(s);
        return;
    }
    gdb_reg_get(&gdb_cpu_of(s)->regs, (uint32_t)n, value);
    gdb_answer_bytes(s, value, gdb_reg_size((uint32_t)n));
}

void gdb_write_one(struct gdb_session *s, const char *text)
{
    uint8_t value[GDB_REG_MAX];
    uint64_t n;

    if (!gdb_number(&text, '=', &n) || n >= GDB_NR_REGS ||
        strlen(text) != 2 * gdb_reg_size((uint32_t)n) ||
        !gdb_unhex(text, value, gdb_reg_size((uint32_t)n))) {
        gdb_answer_error(s);
        return;
    }
    gdb_reg_set(&gdb_cpu_of(s)->regs, (uint32_t)n, value);
    gdb_cpu_of(s)->changed = true;
    gdb_answer(s, "OK");
}

/* ---- memory ------------------------------------------------------------- */

void gdb_read_memory(struct gdb_session *s, const char *text)
{
    static uint8_t bytes[GDB_BYTES_MAX];
    uint64_t addr, len;

    if (!gdb_number(&text, ',', &addr) || !gdb_number(&text, 0, &len)) {
        gdb_answer_error(s);
        return;
    }
    len = len < GDB_BYTES_MAX ? len : GDB_BYTES_MAX;
    len = gva_read(s->m, gdb_cpu_of(s)->regs.special.cr3, addr, bytes, len);
    if (!len) {
        gdb_answer_error(s);
        return;
    }
    breaks_hide(addr, bytes, len);
    gdb_answer_bytes(s, bytes, len);
}

void gdb_write_memory(struct gdb_session *s, const char *text, int text_len,
                      bool is_binary)
{
    static uint8_t bytes[GDB_PACKET_MAX];
    const char *end = text + text_len;
    uint64_t addr, len;

    if (!gdb_number(&text, ',', &addr) || !gdb_number(&text, ':', &len) ||
        len * (is_binary ? 1 : 2) != (uint64_t)(end - text) ||
        len > sizeof(bytes)) {
        gdb_answer_error(s);
        return;
    }
    if (is_binary)
        memcpy(bytes, text, len);
    else if (!gdb_unhex(text, bytes, len))
        len = UINT64_MAX;
    if (len == UINT64_MAX || gva_write(s->m, gdb_cpu_of(s)->regs.special.cr3,
                                       addr, bytes, len) != len)
        gdb_answer_error(s);
    else
        gdb_answer(s, "OK");
}
