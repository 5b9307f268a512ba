/* SPDX-License-Identifier: BSD-2-Clause */
/* Start, reporting, boot information, clocks, random bytes and console. */
#include "tests/boundary/abi/kernel.h"

#include "lib/fmt.h"
#include "lib/string.h"

const struct abi_boot *boot;
const struct abi_ops *ops;
struct abi_vcpu vcpu;
volatile struct seen seen;
volatile uint32_t spin_stop, stop_after;

static uint32_t nr_failed, failed_before;
static uint8_t kernel_stack[65536] __attribute__((aligned(16)));

void test_main(const struct abi_boot *info);
uint32_t on_upcall(struct abi_frame *f);
void on_pending(void);

void say(const char *fmt, ...)
{
    char line[256];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    ops->console_write(ABI_CONSOLE_OUT, line, (uint64_t)n);
}

void check_at(int ok, const char *what, const char *file, int line)
{
    if (ok)
        return;
    nr_failed++;
    say("FAIL %s:%d: %s\n", file, line, what);
}

const char *config(const char *key)
{
    const char *s = (const char *)boot->config.base;

    for (; *s; s += strlen(s) + 1)
        if (!strncmp(s, key, strlen(key)))
            return s + strlen(key);
    return NULL;
}

uint64_t now_ns(void)
{
    struct abi_clock_sample s;

    ops->clock_sample(&s);
    return s.mono_ns;
}

/* 1: leave to application context, 0: resume with everything still masked. */
uint32_t on_upcall(struct abi_frame *f)
{
    int in_probe =
        f->rip >= (uint64_t)probe_begin && f->rip < (uint64_t)probe_end;

    seen.frame = (uint64_t)f;
    seen.rip = f->rip;
    CHECK(vcpu.mask == 1);
    CHECK(((uint64_t)f & 15) == 0);
    if (f->kind == ABI_UPCALL_EVENT) {
        on_pending();
        return 1;
    }
    if (f->kind == ABI_UPCALL_SYSCALL) {
        seen.nr_syscalls++;
        if (f->rax == 1000) {
            seen.end_arg = f->rdi;
            app_leave();
        }
        f->rax = f->rdi + 1;
        return 1;
    }
    CHECK(f->kind == ABI_UPCALL_EXCEPTION);
    seen.nr_exceptions++;
    seen.vector = f->vector;
    seen.error = f->error;
    seen.addr = f->addr;
    f->rip = in_probe ? (uint64_t)probe_failed : f->rbx;
    f->rflags &= ~0x100ull;
    return !in_probe;
}

void on_pending(void)
{
    seen.pending |= __atomic_exchange_n(&vcpu.pending, 0, __ATOMIC_SEQ_CST);
    seen.nr_events++;
    if (seen.nr_events >= stop_after)
        spin_stop = 1;
}

uint64_t run_app(const char *entry, uint64_t arg)
{
    struct abi_frame *f = (struct abi_frame *)(vcpu.kstack_top - 184);

    memset(f, 0, sizeof(*f));
    f->rdi = arg;
    f->rip = USER_CODE + (uint64_t)(entry - app_base);
    f->cs = boot->user_cs;
    f->ss = boot->user_ss;
    f->rflags = 0x202;
    f->rsp = USER_STACK + 0x8000;
    app_enter(f);
    CHECK(vcpu.mask == 1);
    return seen.end_arg;
}

static void done(const char *name)
{
    if (nr_failed == failed_before)
        say("ok %s\n", name);
    failed_before = nr_failed;
}

static int is(struct abi_range r, uint64_t base)
{
    return r.base == base && r.len_bytes;
}

static void test_boot(void)
{
    uint32_t bits = 0;

    CHECK(boot->magic == ABI_MAGIC && boot->version == ABI_VERSION);
    CHECK(boot->size_bytes == sizeof(*boot));
    CHECK(strlen(boot->platform) > 0);
    CHECK(is(boot->kernel, ABI_KERNEL_BASE) && is(boot->heap, ABI_HEAP_BASE));
    CHECK(is(boot->shm, ABI_SHM_BASE) && is(boot->image, ABI_IMAGE_BASE));
    CHECK(is(boot->config, ABI_CONFIG_BASE));
    CHECK(config("abi=") && !strcmp(config("abi="), "yes"));
    CHECK(boot->heap.len_bytes >= 32 << 20 && boot->nr_vcpus >= 1);
    CHECK((boot->user_cs & 3) == 3 && (boot->user_ss & 3) == 3);
    CHECK(*(volatile uint64_t *)boot->heap.base == 0);
    CHECK(*(volatile uint8_t *)(boot->image.base + 4096) == 0x11);
    for (size_t i = 0; i < sizeof(boot->entropy); i++)
        bits |= boot->entropy[i];
    CHECK(bits);
}

static void test_vcpu(void)
{
    uint64_t self;

    vcpu.mask = 1;
    vcpu.kstack_top = (uint64_t)(kernel_stack + sizeof(kernel_stack) - 8);
    vcpu.upcall_entry = (uint64_t)upcall_entry;
    vcpu.exit_begin = (uint64_t)exit_begin;
    vcpu.exit_end = (uint64_t)exit_end;
    vcpu.self = (uint64_t)&vcpu;
    CHECK(ops->vcpu_init(&vcpu) == 0);
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(self) : "i"(ABI_VCPU_SELF));
    CHECK(self == (uint64_t)&vcpu);
}

static void test_clock(void)
{
    struct abi_clock_sample a, b;
    uint64_t ns, ticks;

    CHECK(ops->clock_sample(&a) == 0);
    CHECK(a.real_ns > 1600000000000000000);
    while (now_ns() < a.mono_ns + 20000000)
        ;
    ops->clock_sample(&b);
    ns = b.mono_ns - a.mono_ns;
    CHECK(b.real_ns - a.real_ns > 15000000);
    if (boot->flags & ABI_BOOT_TSC) {
        ticks = ns * (boot->tsc_hz / 1000) / 1000000;
        CHECK(b.tsc - a.tsc > ticks - ticks / 20);
        CHECK(b.tsc - a.tsc < ticks + ticks / 20);
    }
}

static void test_random(void)
{
    uint64_t a[64] = {0}, b[64] = {0};

    CHECK(ops->random(a, sizeof(a)) == 0 && ops->random(b, sizeof(b)) == 0);
    CHECK(memcmp(a, b, sizeof(a)) && a[63] && b[63]);
}

static void test_console(void)
{
    uint8_t settings[64];

    CHECK(ops->console_write(ABI_CONSOLE_OUT, "console\n", 8) == 8);
    CHECK(ops->console_write(ABI_CONSOLE_ERR, "error\n", 6) == 6);
    CHECK(ops->console_write(ABI_CONSOLE_OUT, "", 0) == 0);
    CHECK(ops->console_write(7, "x", 1) == -22);
    if (!(boot->flags & ABI_BOOT_TTY))
        CHECK(ops->console_ctl(ABI_CONSOLE_GET_TERMIOS, settings) == -25);
    CHECK(ops->console_ctl(99, settings) == -22);
}

static void run_all(void)
{
    test_boot();
    done("boot");
    test_clock();
    done("clock");
    test_random();
    done("random");
    test_console();
    done("console");
    test_memory();
    done("memory");
    test_upcalls();
    done("upcalls");
    test_events();
    done("events");
}

void test_main(const struct abi_boot *info)
{
    boot = info;
    ops = info->ops;
    test_vcpu();
    done("vcpu");
    if (config("test="))
        test_partner(config("test="));
    else
        run_all();
    say("%u failed\n", nr_failed);
    ops->exit(nr_failed != 0);
}
