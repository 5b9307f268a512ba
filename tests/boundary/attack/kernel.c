/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compromised library OS: makes the host call that its configuration asks
 * for ("nr=", "a=" to "f="), either with a `syscall` instruction that it
 * found inside the gate ("gate=1") or with one of its own. Prints what came of
 * it; the cage may end it instead. With "second=1" its second virtual CPU makes
 * the call; with "flip=" it changes the first argument to that and back all the
 * time, while the first makes the call over and over.
 */
#include "abi/layout.h"
#include "abi/platform.h"
#include "lib/fmt.h"
#include "lib/string.h"

#pragma GCC visibility push(hidden)
void kernel_start(const struct abi_boot *boot);
void upcall_entry(const struct abi_frame *frame);
int64_t call_through(uint64_t site, const uint64_t *args);
#pragma GCC visibility pop

static const struct abi_boot *boot;
static struct abi_vcpu vcpu, second;
static uint8_t stack[16384] __attribute__((aligned(16)));
static uint8_t second_stack[16384] __attribute__((aligned(16)));
static uint64_t args[7];

static void say(const char *what, uint64_t value)
{
    char line[80];
    int n = snprintf(line, sizeof(line), "%s %lld\n", what, (long long)value);

    boot->ops->console_write(ABI_CONSOLE_OUT, line, (uint64_t)n);
}

/* Reached by an upcall with rdi = frame. */
void upcall_entry(const struct abi_frame *frame)
{
    say(frame->kind == ABI_UPCALL_SYSCALL ? "trapped" : "exception",
        frame->kind == ABI_UPCALL_SYSCALL ? frame->rax : frame->vector);
    boot->ops->exit(0);
}

static uint64_t argument(const char *key)
{
    const char *s = (const char *)boot->config.base;

    for (; *s; s += strlen(s) + 1)
        if (!strncmp(s, key, strlen(key)))
            return str_to_u64(s + strlen(key), &s);
    return 0;
}

/* `syscall; ret` somewhere among the platform's functions. */
static uint64_t find_site(void)
{
    const uint64_t *ops = (const uint64_t *)boot->ops;
    uint64_t low = UINT64_MAX, high = 0;

    for (size_t i = 0; i < sizeof(*boot->ops) / sizeof(*ops); i++) {
        low = ops[i] < low ? ops[i] : low;
        high = ops[i] > high ? ops[i] : high;
    }
    for (; low < high; low++)
        if (!memcmp((const void *)low, "\x0f\x05\xc3", 3))
            return low;
    say("no site", 0);
    boot->ops->exit(1);
    return 0;
}

__asm__(".text\n"
        "own_site: syscall\n"
        "ret\n"
        ".globl call_through\n"
        "call_through:\n"
        "pushq %rbx\n"
        "movq %rdi, %rbx\n"
        "movq %rsi, %r11\n"
        "movq 0(%r11), %rax\n"
        "movq 8(%r11), %rdi\n"
        "movq 16(%r11), %rsi\n"
        "movq 24(%r11), %rdx\n"
        "movq 32(%r11), %r10\n"
        "movq 40(%r11), %r8\n"
        "movq 48(%r11), %r9\n"
        "call *%rbx\n"
        "popq %rbx\n"
        "ret\n");

extern const char own_site[] __attribute__((visibility("hidden")));

static int64_t call(void)
{
    return call_through(argument("gate=") ? find_site() : (uint64_t)own_site,
                        args);
}

static void call_once(void)
{
    say("returned", (uint64_t)call());
    boot->ops->exit(0);
}

/* A call that passes must have been made with the argument as checked. */
static void call_often(void)
{
    uint64_t forbidden = argument("flip=");

    for (;;)
        if ((uint64_t)call() == forbidden)
            call_once();
}

static void flip(void)
{
    volatile uint64_t *arg = &args[1];
    uint64_t allowed = *arg, forbidden = argument("flip=");

    for (;;) {
        for (int i = 0; i < 1000; i++)
            *arg = allowed;
        *arg = forbidden;
    }
}

static void start_second(void (*fn)(void))
{
    second.mask = 1;
    second.kstack_top = (uint64_t)(second_stack + sizeof(second_stack) - 8);
    second.upcall_entry = (uint64_t)upcall_entry;
    if (boot->ops->vcpu_start(1, &second, (uint64_t)fn, 0, second.kstack_top))
        boot->ops->exit(1);
}

void kernel_start(const struct abi_boot *info)
{
    boot = info;
    vcpu.mask = 1;
    vcpu.kstack_top = (uint64_t)(stack + sizeof(stack) - 8);
    vcpu.upcall_entry = (uint64_t)upcall_entry;
    boot->ops->vcpu_init(&vcpu);
    args[0] = argument("nr=");
    args[1] = argument("a=");
    args[2] = argument("b=");
    args[3] = argument("c=");
    args[4] = argument("d=");
    args[5] = argument("e=");
    args[6] = argument("f=");
    if (argument("flip=")) {
        start_second(flip);
        call_often();
    } else if (argument("second=")) {
        start_second(call_once);
        for (;;)
            boot->ops->wait(ABI_NO_DEADLINE, ABI_WAIT_DEVICES);
    }
    call_once();
}
