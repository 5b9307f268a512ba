/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an image's script may do while it is recorded: what it may in an
 * ordinary container, without network and for a limited time.
 */
#ifndef EINKORN_HOST_RECORD_CONFINE_H
#define EINKORN_HOST_RECORD_CONFINE_H

/* For the first process of the sandbox, whose working directory is the
 * materialised tree: a mount namespace with nothing but that, /proc and a few
 * devices. NULL, or the step that failed, with errno. */
const char *confine_mounts(void);

/* Capabilities, limits, system call filter: from here on nothing can be
 * mounted. */
const char *confine_process(void);

#endif
