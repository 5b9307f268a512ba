/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that take a text at once: those of /proc and of control groups. */
#ifndef EINKORN_HOST_COMMON_WRITE_TEXT_H
#define EINKORN_HOST_COMMON_WRITE_TEXT_H

/* Into a file that is there. 0, or -1 and errno. */
int write_text(const char *path, const char *text);

#endif
