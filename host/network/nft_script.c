/* SPDX-License-Identifier: BSD-2-Clause */
/* Running nft(8): see nft_script.h. */
#include "host/network/nft_script.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/common/err.h"
#include "host/instance/launch.h"

void nft_line(struct nft_script *s, const char *format, ...)
{
    size_t room = sizeof(s->text) - s->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(s->text + s->len, room, format, args);
    va_end(args);
    if (len > 0 && (size_t)len < room) {
        s->len += (size_t)len;
    }
}

const char *nft_path(void)
{
    static const char *const paths[] = {"/usr/sbin/nft", "/sbin/nft",
                                        "/usr/local/sbin/nft", "/usr/bin/nft"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (access(paths[i], X_OK) == 0) {
            return paths[i];
        }
    }
    return NULL;
}

int nft_run(char **argv, int in_fd, int out_fd)
{
    static char *no_env[] = {NULL};
    struct err ignored = {0};
    struct launch launch;
    int status;
    pid_t pid;

    launch_init(&launch);
    launch.path = nft_path();
    launch.argv = argv;
    launch.envp = no_env;
    launch.stdio[0] = in_fd;
    launch.stdio[1] = launch.stdio[2] = out_fd;
    if (launch.path == NULL) {
        return -1;
    }
    pid = launch_start(&launch, &ignored);
    if (pid < 0) {
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int nft_memory_file(const char *text, size_t len)
{
    int fd = memfd_create("nft", MFD_CLOEXEC);

    if (fd >= 0 &&
        (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

int nft_run_script(const struct nft_script *s, char *out, size_t cap)
{
    char *argv[] = {"nft", "-f", "-", NULL};
    int in_fd = nft_memory_file(s->text, s->len);
    int out_fd = nft_memory_file("", 0);
    int rc = -1;

    out[0] = '\0';
    if (in_fd >= 0 && out_fd >= 0) {
        ssize_t n;

        rc = nft_run(argv, in_fd, out_fd);
        n = pread(out_fd, out, cap - 1, 0);
        out[n < 0 ? 0 : n] = '\0';
    }
    close(in_fd);
    close(out_fd);
    return rc;
}
