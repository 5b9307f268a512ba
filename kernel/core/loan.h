/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of one owner that others read for a while: file pages on their way
 * into the network. The owner gives it to nobody else until the last borrower
 * has returned it; its content may change meanwhile.
 */
#ifndef EINKORN_KERNEL_CORE_LOAN_H
#define EINKORN_KERNEL_CORE_LOAN_H

#include <stdint.h>

struct loan {
    uint32_t refs;
    void (*end)(struct loan *loan); /* NULL: the memory stays for ever */
};

static inline void loan_get(struct loan *loan)
{
    loan->refs++;
}

static inline void loan_put(struct loan *loan)
{
    if (--loan->refs == 0 && loan->end)
        loan->end(loan);
}

#endif
