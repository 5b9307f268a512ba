/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors of the host side: a function returns 0 or a useful value, or -1 with
 * a struct err that says on which thing, why, and what to do about it:
 * `open disk /x: permission denied (is the user in group kvm?)`.
 */
#ifndef EINKORN_HOST_COMMON_ERR_H
#define EINKORN_HOST_COMMON_ERR_H

/* Exit statuses of the tools; a program's own status is passed on. */
enum err_status {
    ERR_USAGE = 2,        /* only from helpers; `einkorn` itself says 125 */
    ERR_TOOL = 125,       /* we could not do what was asked */
    ERR_CANNOT_RUN = 126, /* found, but nothing that can be executed */
    ERR_NOT_FOUND = 127,  /* there is no such program or file */
};

struct err {
    int status; /* enum err_status; 0 while nothing has failed */
    char text[1020];
};

/* Fills *e from a format (printf(3); %m is errno); cut if too long. The first
 * error stays: a later call changes nothing. Always returns -1. */
int err_set(struct err *e, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes `tool: text` and a newline to stderr in one call. */
void err_print(const char *tool, const struct err *e);

#endif
