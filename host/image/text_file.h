/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole small text file in memory.
 */
#ifndef EINKORN_HOST_IMAGE_TEXT_FILE_H
#define EINKORN_HOST_IMAGE_TEXT_FILE_H

/* The NUL-terminated content, to be freed; NULL with errno set on failure. */
char *text_file_read(const char *path);

#endif
