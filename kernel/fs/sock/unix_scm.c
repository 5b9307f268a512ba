/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What travels beside the bytes of AF_UNIX sockets: open files and
 * credentials (unix(7), "Ancillary messages").
 */
#include <asm/socket.h>
#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/sock/unix.h"
#include "lib/string.h"

enum { SCM_MAX_FD = 253 };

/* A message may have several such headers: the reader gets one. */
static int take_files(const struct cmsghdr *hdr, struct unix_msg *m)
{
    const int32_t *fds = (const int32_t *)(hdr + 1);
    size_t nr = (hdr->len - sizeof(*hdr)) / sizeof(*fds);
    struct file **files;

    if (nr + m->nr_files > SCM_MAX_FD)
        return -EINVAL;
    files = krealloc(m->files, (m->nr_files + nr + 1) * sizeof(*files));
    if (!files)
        return -ENOMEM;
    m->files = files;
    for (size_t i = 0; i < nr; i++) {
        struct file *f = fd_file_get(fds[i]);

        if (!f)
            return -EBADF;
        m->files[m->nr_files++] = f;
    }
    return 0;
}

int scm_take(const struct sock_control *c, struct unix_msg *m)
{
    const struct cmsghdr *hdr;
    size_t off = 0;
    int err = 0;

    while (c && !err && (hdr = control_next(c, &off, &err))) {
        if (hdr->level != SOL_SOCKET)
            continue;
        if (hdr->type == SCM_RIGHTS)
            err = take_files(hdr, m);
        else if (hdr->type == SCM_CREDENTIALS &&
                 hdr->len >= sizeof(*hdr) + sizeof(m->cred))
            memcpy(&m->cred, hdr + 1, sizeof(m->cred));
        else
            err = -EINVAL;
    }
    return err;
}

/* Descriptors for as many files as there is room for. */
static void give_files(struct sock_msg *msg, struct unix_msg *m)
{
    struct sock_control *c = msg->control;
    size_t room =
        c && c->room_bytes > c->len_bytes + sizeof(struct cmsghdr)
            ? (c->room_bytes - c->len_bytes - sizeof(struct cmsghdr)) /
                  sizeof(int32_t)
            : 0;
    int32_t fds[SCM_MAX_FD];
    unsigned nr = 0;

    while (nr < m->nr_files && nr < room) {
        struct file *f = m->files[nr];
        int fd;

        file_get(f);
        fd = fd_install(f, 0, msg->flags & MSG_CMSG_CLOEXEC);
        if (fd < 0)
            break;
        fds[nr++] = fd;
    }
    if (nr)
        control_put(msg, SOL_SOCKET, SCM_RIGHTS, fds, nr * sizeof(fds[0]));
    if (nr < m->nr_files)
        msg->out_flags |= MSG_CTRUNC;
    if (msg->flags & MSG_PEEK)
        return;
    for (unsigned i = 0; i < m->nr_files; i++)
        file_put(m->files[i]);
    kfree(m->files);
    m->files = NULL;
    m->nr_files = 0;
}

void scm_give(struct unix_sock *u, struct sock_msg *msg, struct unix_msg *m)
{
    if (u->sock.passcred && msg->control)
        control_put(msg, SOL_SOCKET, SCM_CREDENTIALS, &m->cred,
                    sizeof(m->cred));
    if (m->nr_files)
        give_files(msg, m);
}
