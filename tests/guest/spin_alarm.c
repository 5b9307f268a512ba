/* SPDX-License-Identifier: BSD-2-Clause */
/* The first thing a program does is to arm a timer and spin: no call after
 * that, and yet the signal comes. */
#include <signal.h>
#include <sys/time.h>

#include "check.h"

static volatile sig_atomic_t fired;

static void note(int signo)
{
    fired = signo;
}

int main(void)
{
    struct itimerval it = {.it_value = {.tv_usec = 30000}};

    CHECK(signal(SIGALRM, note) != SIG_ERR);
    CHECK(setitimer(ITIMER_REAL, &it, NULL) == 0);
    while (!fired)
        ;
    CHECK(fired == SIGALRM);
    return 0;
}
