/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel for tests of platform "vm": what the configuration's "case=" asks
 * for is tried from where the real kernel runs, and a line says what came of
 * it. ../test_vm_boundary.py expects those lines.
 */
#include "abi/layout.h"
#include "abi/platform.h"
#include "kernel/platform/vm/hcall.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { RW = ABI_PROT_READ | ABI_PROT_WRITE, RX = ABI_PROT_READ | 4, BUF = 256 };

void kernel_start(const struct abi_boot *boot);
void upcall(const struct abi_frame *frame);

static const struct abi_boot *boot;
static const struct abi_ops *ops;
static struct abi_vcpu vcpu;
static char stack[16384] __attribute__((aligned(4096)));

static void say(const char *fmt, ...)
{
    char line[BUF];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    ops->console_write(ABI_CONSOLE_OUT, line, (uint64_t)len);
}

/* Every upcall ends the test. */
void upcall(const struct abi_frame *f)
{
    say("upcall %d vector %u error %x addr %llx\n", (int)f->kind, f->vector,
        f->error, (unsigned long long)f->addr);
    ops->exit(0);
}

__asm__(".text\nupcall_entry: and $-16, %rsp\n\tcall upcall\n\tud2\n");
extern char upcall_entry[];

static const char *config(const char *key)
{
    size_t len = strlen(key);

    for (const char *s = (const char *)boot->config.base; *s;
         s += strlen(s) + 1)
        if (!strncmp(s, key, len))
            return s + len;
    return "";
}

/* ---- cases ----------------------------------------------------------------
 */

static void case_exit(void)
{
    ops->exit((uint32_t)str_to_u64(config("status="), NULL));
}

/* Echoes its input until a stop request comes. */
static void case_echo(void)
{
    char buf[BUF];

    say("ready\n");
    while (!vcpu.stop_signals) {
        int64_t n = ops->console_read(buf, sizeof(buf));

        if (n > 0)
            ops->console_write(ABI_CONSOLE_OUT, buf, (uint64_t)n);
        if (n == 0)
            ops->exit(1);
        if (n < 0 && !__atomic_exchange_n(&vcpu.pending, 0, __ATOMIC_SEQ_CST))
            ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
    }
    say("stop %llx\n", (unsigned long long)vcpu.stop_signals);
    ops->exit(143);
}

static void case_port(void)
{
    __asm__ volatile("outb %%al, %%dx" ::"a"(0), "d"(0xf4));
}

static void case_cli(void)
{
    __asm__ volatile("cli");
}

static void case_read(void)
{
    uint64_t addr = str_to_u64(config("addr="), NULL);

    say("read %d\n", *(volatile char *)addr);
}

static void case_write(void)
{
    uint64_t addr = str_to_u64(config("addr="), NULL);

    *(volatile char *)addr = 0;
    say("written\n");
}

static void case_write_text(void)
{
    *(volatile char *)upcall_entry = 0;
    say("written\n");
}

/* Touches memory until there is none left. */
static void case_memory(void)
{
    volatile char *heap = (char *)boot->heap.base;

    for (uint64_t off = 0; off < boot->heap.len_bytes; off += 4096)
        heap[off] = 1;
    say("endless memory\n");
}

static void case_wild_stack(void)
{
    vcpu.kstack_top = UINT64_C(0xffffffff80213000);
    vcpu.mask = 0;
    __asm__ volatile("mov %0, %%rsp\n\tsyscall" ::"r"(UINT64_C(0x10000))
                     : "memory");
}

static void case_ranges(void)
{
    say("kernel %d\n", (int)ops->mem_commit(ABI_KERNEL_BASE, 4096, RW));
    say("across %d\n", (int)ops->mem_commit(ABI_USER_TOP - 4096, 8192, RW));
    say("odd %d\n", (int)ops->mem_commit(0x400001, 4096, RW));
    say("wrap %d\n", (int)ops->mem_release(4096, UINT64_MAX - 4095));
    say("prot %d\n", (int)ops->mem_commit(0x400000, 4096, 8));
    say("image %d\n",
        (int)ops->mem_map(0x400000, 4096, 1, ABI_SOURCE_IMAGE, 1u << 30));
    say("move %d\n", (int)ops->mem_move(0x400000, 8192, 0x401000, 8192));
    say("discard %d\n", (int)ops->mem_discard((uint64_t)stack, sizeof(stack)));
    say("last %d\n", (int)ops->mem_commit(ABI_USER_TOP - 4096, 4096, RW));
}

static void case_sealed(void)
{
    volatile char *p = (char *)0x500000;

    say("anon rx %d\n", (int)ops->mem_commit(0x400000, 4096, RX));
    ops->mem_commit(0x400000, 4096, RW);
    say("anon to rx %d\n", (int)ops->mem_protect(0x400000, 4096, RX));
    say("image rwx %d\n",
        (int)ops->mem_map(0x500000, 4096, 7, ABI_SOURCE_IMAGE, 0));
    say("image rx %d\n",
        (int)ops->mem_map(0x500000, 4096, RX, ABI_SOURCE_IMAGE, 0));
    ops->mem_protect(0x500000, 4096, RW);
    *p = 1;
    say("dirty to rx %d\n", (int)ops->mem_protect(0x500000, 4096, RX));
    say("object rx %d\n", (int)ops->shm_map(0x600000, 4096, RX, 0, 0));
}

/* The shim's gate is a code address like others; what it does is not. */
static void case_gate(void)
{
    int64_t (*call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) =
        (void *)str_to_u64(config("gate="), NULL);

    say("mmio %d\n", (int)call(VM_MAP_MMIO, VM_MMIO + 0x10000, 0x200000, 0, 0));
    say("dma %d\n", (int)call(VM_DMA_ALLOC, VM_DMA, 4096, 0, 0));
    say("irq %d\n", (int)call(VM_IRQ, 3, 0, 0, 0));
    say("seal %d\n", (int)call(VM_SEAL, ABI_KERNEL_BASE, 4096, 1, 1));
    say("fixed %d\n",
        (int)call(VM_MEM_SET, 0x400000, 4096, VM_ORIGIN(VM_FIXED, RW, 0), 0));
    say("window %d\n",
        (int)call(VM_MEM_SET, 0x400000, 4096, VM_ORIGIN(VM_WINDOW, RW, 0), 0));
    say("number %d\n", (int)call(1000, 0, 0, 0, 0));
    say("vcpu %d\n", (int)call(VM_VCPU_INIT, 0xffffffff80210000, 0, 0, 0));
}

/* Processors that do not exist, or with data that is not the kernel's. */
static void case_vcpus(void)
{
    static struct abi_vcpu other;
    int64_t (*call)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) =
        (void *)str_to_u64(config("gate="), NULL);
    uint64_t kept = (uint64_t)&other;

    say("none %d\n", (int)call(VM_VCPU_START, boot->nr_vcpus, kept, 0, 0));
    say("wild %d\n", (int)call(VM_VCPU_START, UINT64_MAX, kept, 0, 0));
    say("self %d\n", (int)call(VM_VCPU_START, 0, kept, 0, 0));
    say("shim %d\n", (int)call(VM_VCPU_START, 1, 0xffffffff80210000, 0, 0));
    say("program %d\n", (int)call(VM_VCPU_START, 1, 0x400000, 0, 0));
    say("kick %d\n", (int)call(VM_VCPU_KICK, 7, 0, 0, 0));
    say("kick wild %d\n", (int)call(VM_VCPU_KICK, UINT64_MAX, 0, 0, 0));
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"exit", case_exit},        {"echo", case_echo},
    {"port", case_port},        {"cli", case_cli},
    {"read", case_read},        {"write", case_write},
    {"text", case_write_text},  {"memory", case_memory},
    {"stack", case_wild_stack}, {"ranges", case_ranges},
    {"sealed", case_sealed},    {"gate", case_gate},
    {"vcpus", case_vcpus},
};

void kernel_start(const struct abi_boot *info)
{
    boot = info;
    ops = boot->ops;
    vcpu.self = (uint64_t)&vcpu;
    vcpu.mask = 1;
    vcpu.kstack_top = (uint64_t)stack + sizeof(stack);
    vcpu.upcall_entry = (uint64_t)upcall_entry;
    ops->vcpu_init(&vcpu);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (!strcmp(cases[i].name, config("case=")))
            cases[i].run();
    ops->exit(0);
}
