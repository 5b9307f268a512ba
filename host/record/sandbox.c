/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox: see sandbox.h. Three processes: outside, the caller; the
 * keeper, who has the namespaces and sees the first process's files; and that
 * first process (init.c), which becomes the script.
 */
#include "host/record/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/record/changes.h"
#include "host/record/idmap.h"
#include "host/record/init.h"
#include "host/record/materialise.h"
#include "host/record/trace.h"

/* Covered for the sandbox alone. Others than the host's root can enter it. */
static const char mount_dir[] = "/tmp";

enum { STRINGS_MAX = 2 << 20 };

struct keeper {
    const struct sandbox *box;
    int dir_fd;    /* the file system of memory */
    int output_fd; /* what the script writes */
    struct timespec since;
    pid_t init;
    struct sandbox_result result;
    char *strings;
};

static int failed(struct keeper *k, const char *step)
{
    return err_set(&k->result.err, ERR_TOOL, "sandbox: %s: %m", step);
}

/* ---- namespaces ---------------------------------------------------------- */

static void loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

static int become_root(struct keeper *k)
{
    const int others =
        CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

    /* Dumpable again, or /proc/self would be the outer root's. */
    if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 ||
        setresuid(0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
        return failed(k, "become its root");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(others) < 0)
        return failed(k, "make namespaces");
    if (sethostname(SANDBOX_HOSTNAME, strlen(SANDBOX_HOSTNAME)) < 0)
        return failed(k, "set its host name");
    loopback_up();
    return 0;
}

static int make_files(struct keeper *k)
{
    const struct sandbox *box = k->box;
    char options[128];
    struct timespec tick = {.tv_nsec = 20000000};

    snprintf(options, sizeof(options), "mode=755,size=%llu,nr_inodes=%zu",
             (unsigned long long)box->data_bytes + (UINT64_C(1) << 30),
             box->tree->nr_nodes + 500000);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("image", mount_dir, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
        return failed(k, "mount its files");
    k->dir_fd = open(mount_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (k->dir_fd < 0)
        return failed(k, "open its files");
    umask(0);
    if (materialise(box->tree, box->data, k->dir_fd, &k->result.err) < 0)
        return -1;
    umask(022);
    nanosleep(&tick, NULL); /* what changes from now on has a later time */
    clock_gettime(CLOCK_REALTIME_COARSE, &k->since);
    return 0;
}

/* ---- the script ---------------------------------------------------------- */

static int start_init(struct keeper *k, int *go_fd)
{
    int fds[2];

    k->output_fd = memfd_create("output", MFD_CLOEXEC);
    if (k->output_fd < 0 || pipe2(fds, O_CLOEXEC) < 0)
        return failed(k, "make a pipe");
    fcntl(k->output_fd, F_SETFL, O_APPEND);
    k->init = fork();
    if (k->init < 0)
        return failed(k, "fork");
    if (k->init == 0) {
        close(fds[1]);
        init_run(k->box->request, k->dir_fd, k->output_fd, fds[0]);
    }
    close(fds[0]);
    *go_fd = fds[1];
    return 0;
}

/* Killing the first process of a pid namespace kills all. */
static void end_init(struct keeper *k)
{
    if (k->init <= 0)
        return;
    kill(k->init, SIGKILL);
    while (waitpid(k->init, NULL, __WALL) < 0 && errno == EINTR) {
    }
}

static void keep_output(struct keeper *k)
{
    struct stat st;
    size_t cap = sizeof(k->result.said) - 1;
    off_t from;
    ssize_t n;

    if (k->output_fd < 0 || fstat(k->output_fd, &st) < 0)
        return;
    from = st.st_size > (off_t)cap ? st.st_size - (off_t)cap : 0;
    n = pread(k->output_fd, k->result.said, cap, from);
    k->result.said[n > 0 ? n : 0] = '\0';
}

static int follow(struct keeper *k)
{
    struct strings out;
    int go_fd = -1;

    if (start_init(k, &go_fd) < 0 || trace_attach(k->init, &k->result.err) < 0)
        return -1;
    if (write(go_fd, "", 1) != 1)
        return failed(k, "begin");
    close(go_fd);
    k->strings = xmalloc(STRINGS_MAX);
    strings_init(&out, k->strings, STRINGS_MAX);
    if (trace_run(k->init, k->box->timeout_s, &out, &k->result.err) < 0)
        return -1;
    k->result.strings_len = (uint32_t)strings_end(&out);
    return k->result.strings_len
               ? 0
               : err_set(&k->result.err, ERR_TOOL, "sandbox: command too long");
}

static int keep(struct keeper *k, FILE *out)
{
    int ret = become_root(k) < 0 || make_files(k) < 0 ? -1 : follow(k);

    end_init(k);
    keep_output(k);
    if (fwrite(&k->result, sizeof(k->result), 1, out) != 1 || ret < 0)
        return -1;
    fwrite(k->strings, 1, k->result.strings_len, out);
    return changes_send(k->box->tree, k->box->data, k->dir_fd, k->since,
                        k->box->spool, out, &k->result.err);
}

/* ---- from outside -------------------------------------------------------- */

/* The keeper: tells by a byte that it has a user namespace, and reads one that
 * says it has ids. */
static _Noreturn void keeper_main(const struct sandbox *box, FILE *out,
                                  int sync_fd)
{
    static struct keeper k;
    sigset_t set;
    char byte = 0;

    k.box = box;
    k.output_fd = k.dir_fd = -1;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (unshare(CLONE_NEWUSER) < 0) {
        failed(&k, "make a user namespace (are they forbidden here?)");
        fwrite(&k.result, sizeof(k.result), 1, out);
    } else if (write(sync_fd, &byte, 1) == 1 && read(sync_fd, &byte, 1) == 1) {
        keep(&k, out);
    }
    fclose(out);
    _exit(k.result.err.status);
}

FILE *sandbox_start(const struct sandbox *box, pid_t *pid, struct err *err)
{
    int out[2], sync[2];
    char byte = 0;
    FILE *stream;

    if (pipe2(out, O_CLOEXEC) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) < 0 ||
        (*pid = fork()) < 0) {
        err_set(err, ERR_TOOL, "sandbox: start: %m");
        return NULL;
    }
    if (*pid == 0) {
        close(out[0]);
        close(sync[0]);
        keeper_main(box, fdopen(out[1], "w"), sync[1]);
    }
    close(out[1]);
    close(sync[1]);
    stream = fdopen(out[0], "r");
    if (read(sync[0], &byte, 1) == 1 && idmap_write(*pid, err) == 0)
        (void)!write(sync[0], &byte, 1);
    close(sync[0]);
    return stream;
}
