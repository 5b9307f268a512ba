/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kernel modules need below them when they run hosted in a unit test:
 * memory from malloc, messages on standard error, a platform to fill in.
 */
#ifndef EINKORN_TESTS_UNIT_FAKE_KERNEL_H
#define EINKORN_TESTS_UNIT_FAKE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/platform.h"
#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/core/random.h"

static struct abi_boot fake_boot;
struct platform platform = {.boot = &fake_boot};

void *kmalloc(size_t len_bytes)
{
    return malloc(len_bytes);
}

void *kzalloc(size_t len_bytes)
{
    return calloc(1, len_bytes);
}

void *krealloc(void *ptr, size_t len_bytes)
{
    return realloc(ptr, len_bytes);
}

void kfree(void *ptr)
{
    free(ptr);
}

void klog(enum log_level level, const char *fmt, ...)
{
    (void)level;
    (void)fmt;
}

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

uint64_t random_u64(void)
{
    return (uint64_t)rand() << 31 ^ (uint64_t)rand();
}

#undef assert

#endif
