/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Semaphore sets: what semop(2) and semctl(2) share.
 */
#ifndef EINKORN_KERNEL_LINUX_SEM_H
#define EINKORN_KERNEL_LINUX_SEM_H

#include <linux/sem.h>

#include "kernel/linux/sysvipc.h"

enum { SEM_OWN_PID = 1 };

struct sem {
    uint16_t value;
    int32_t pid; /* who changed it last; 0: nobody yet */
};

struct sem_set {
    struct ipc_object ipc;
    int64_t otime, ctime;
    struct list sleepers; /* struct sem_call */
    uint32_t nr;
    struct sem sems[];
};

/* One call of semop(2). */
struct sem_call {
    struct list node; /* while it sleeps */
    struct sem_set *set;
    const struct sembuf *ops;
    uint32_t nr;
    const struct sembuf *stuck; /* the one that it waits for */
    int result;                 /* 1: not yet */
};

extern struct ipc_table sem_sets;
extern uint32_t sem_total; /* semaphores of all sets */

#endif
