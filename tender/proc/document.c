/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes docs/host-calls.md from the table that the filter is made of. */
#include "lib/fmt.h"
#include "lib/string.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"
#include "tender/proc/rules.h"

enum { ROW_MAX = 512 };

static void put(const char *text)
{
    sys3(__NR_write, 1, text, strlen(text));
}

static void put_rule(const struct rule *r, const char *common)
{
    char row[ROW_MAX];
    const char *also = common[0] && r->text[0] ? "; " : "";

    snprintf(row, sizeof(row), "| `%s` | %s%s%s | %s%s |\n", r->name, common,
             also, r->text, r->reason,
             r->need == NEED_VCPUS ? " (instances with several only)" : "");
    put(row);
}

void rules_print(void)
{
    put("<!-- Written by `make docs-host-calls`: edit tender/proc/rules.c "
        "instead. -->\n"
        "# Host calls of a caged instance\n\n"
        "What `einkorn-proc` still lets through once its seccomp filter is\n"
        "closed, in the filter's order. The filter looks at the architecture\n"
        "first, then at the address of the `syscall` instruction: outside\n"
        "the gate's own pages every call is trapped and becomes the library\n"
        "OS's business, none reaches the host. Inside, the calls below pass\n"
        "if their arguments do; anything else ends the instance (SIGSYS).\n"
        "Rules for descriptors that an instance has not been given are left\n"
        "out of its filter. \"Sealed\" means started with `--no-jit`.\n\n"
        "Only values in registers are compared, never memory, so another\n"
        "virtual CPU of the instance can change nothing between the look and\n"
        "the call. What a pointer points to is not looked at, and need not\n"
        "be: no rule depends on it.\n\n"
        "| call | arguments compared | needed to |\n"
        "|---|---|---|\n");
    for (const struct rule *r = rules; r->name; r++)
        put_rule(r, "");
    for (const struct rule *r = rules_memory; r->name; r++)
        put_rule(r, "range ends below the kernel's");
}
