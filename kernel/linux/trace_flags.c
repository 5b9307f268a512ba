/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbolic values: sets of flags and enumerations, by name. Bits within
 * `field` are one number among the entries; the others are flags.
 */
#include <asm-generic/fcntl.h>
#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/time.h>

#include "kernel/fs/sock/abi.h"
#include "kernel/linux/trace.h"
#include "lib/list.h"
#include "lib/string.h"

struct entry {
    uint64_t value;
    const char *name;
};

#define ALL UINT64_MAX
#define E(name)                                                                \
    {                                                                          \
        (uint32_t)(name), #name                                                \
    }
#define LIST(...)                                                              \
    (const struct entry[])                                                     \
    {                                                                          \
        __VA_ARGS__,                                                           \
        {                                                                      \
            0, NULL                                                            \
        }                                                                      \
    }

/* clang-format off */
static const struct {
    const char *name;
    uint64_t field;
    const struct entry *entries;
} sets[] = {
    {"oflags", 3,
     LIST(E(O_RDONLY), E(O_WRONLY), E(O_RDWR), E(O_CREAT), E(O_EXCL),
          E(O_NOCTTY), E(O_TRUNC), E(O_APPEND), E(O_NONBLOCK),
          E(O_DIRECTORY), E(O_NOFOLLOW), E(O_NOATIME), E(O_CLOEXEC),
          E(O_PATH), {00010000, "O_DSYNC"}, {00040000, "O_DIRECT"})},
    {"prot", 0,
     LIST({ALL, "PROT_NONE"}, E(PROT_READ), E(PROT_WRITE), E(PROT_EXEC))},
    {"mapflags", 15,
     LIST(E(MAP_SHARED), E(MAP_PRIVATE), E(MAP_SHARED_VALIDATE), E(MAP_FIXED),
          E(MAP_ANONYMOUS), E(MAP_GROWSDOWN), E(MAP_NORESERVE),
          E(MAP_POPULATE), E(MAP_STACK), E(MAP_HUGETLB),
          E(MAP_FIXED_NOREPLACE), {0x800, "MAP_DENYWRITE"}, {0x40, "MAP_32BIT"})},
    {"whence", ALL,
     LIST(E(SEEK_SET), E(SEEK_CUR), E(SEEK_END), E(SEEK_DATA), E(SEEK_HOLE))},
    {"access", 0, LIST({ALL, "F_OK"}, {4, "R_OK"}, {2, "W_OK"}, {1, "X_OK"})},
    {"atflags", 0,
     LIST({0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_REMOVEDIR"},
          {0x400, "AT_SYMLINK_FOLLOW"}, {0x800, "AT_NO_AUTOMOUNT"},
          {0x1000, "AT_EMPTY_PATH"})},
    {"advice", ALL,
     LIST(E(MADV_NORMAL), E(MADV_RANDOM), E(MADV_SEQUENTIAL),
          E(MADV_WILLNEED), E(MADV_DONTNEED), E(MADV_FREE), E(MADV_HUGEPAGE),
          E(MADV_NOHUGEPAGE), E(MADV_DONTDUMP))},
    {"sighow", ALL,
     LIST({0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {2, "SIG_SETMASK"})},
    {"af", ALL,
     LIST(E(AF_UNSPEC), E(AF_UNIX), E(AF_INET), E(AF_INET6), E(AF_NETLINK))},
    {"socktype", SOCK_TYPE_MASK,
     LIST(E(SOCK_STREAM), E(SOCK_DGRAM), E(SOCK_RAW), E(SOCK_SEQPACKET),
          E(SOCK_NONBLOCK), E(SOCK_CLOEXEC))},
    {"msgflags", 0,
     LIST(E(MSG_OOB), E(MSG_PEEK), E(MSG_TRUNC), E(MSG_DONTWAIT),
          E(MSG_WAITALL), E(MSG_NOSIGNAL), E(MSG_MORE), E(MSG_CMSG_CLOEXEC))},
    {"shut", ALL, LIST(E(SHUT_RD), E(SHUT_WR), E(SHUT_RDWR))},
    {"sollevel", ALL,
     LIST({1, "SOL_SOCKET"}, E(SOL_IP), E(SOL_TCP), E(SOL_UDP), E(SOL_IPV6))},
    {"fcntl", ALL,
     LIST(E(F_DUPFD), E(F_GETFD), E(F_SETFD), E(F_GETFL), E(F_SETFL),
          E(F_GETLK), E(F_SETLK), E(F_SETLKW), {1030, "F_DUPFD_CLOEXEC"})},
    {"ioctl", ALL,
     LIST({0x5401, "TCGETS"}, {0x5402, "TCSETS"}, {0x5413, "TIOCGWINSZ"},
          {0x5421, "FIONBIO"}, {0x541b, "FIONREAD"}, {0x5451, "FIOCLEX"})},
    {"epollop", ALL,
     LIST(E(EPOLL_CTL_ADD), E(EPOLL_CTL_DEL), E(EPOLL_CTL_MOD))},
    {"epollbits", 0,
     LIST({1, "EPOLLIN"}, {2, "EPOLLPRI"}, {4, "EPOLLOUT"}, {8, "EPOLLERR"},
          {0x10, "EPOLLHUP"}, {0x2000, "EPOLLRDHUP"},
          {1u << 28, "EPOLLEXCLUSIVE"}, {1u << 30, "EPOLLONESHOT"},
          {1u << 31, "EPOLLET"})},
    {"futexop", 127,
     LIST(E(FUTEX_WAIT), E(FUTEX_WAKE), E(FUTEX_REQUEUE),
          E(FUTEX_CMP_REQUEUE), E(FUTEX_WAKE_OP), E(FUTEX_LOCK_PI),
          E(FUTEX_UNLOCK_PI), E(FUTEX_TRYLOCK_PI), E(FUTEX_WAIT_BITSET),
          E(FUTEX_WAKE_BITSET), E(FUTEX_PRIVATE_FLAG),
          E(FUTEX_CLOCK_REALTIME))},
    {"clock", ALL,
     LIST(E(CLOCK_REALTIME), E(CLOCK_MONOTONIC), E(CLOCK_PROCESS_CPUTIME_ID),
          E(CLOCK_THREAD_CPUTIME_ID), E(CLOCK_MONOTONIC_RAW),
          E(CLOCK_REALTIME_COARSE), E(CLOCK_MONOTONIC_COARSE),
          E(CLOCK_BOOTTIME))},
    {"rlimit", ALL,
     LIST({0, "RLIMIT_CPU"}, {1, "RLIMIT_FSIZE"}, {2, "RLIMIT_DATA"},
          {3, "RLIMIT_STACK"}, {4, "RLIMIT_CORE"}, {7, "RLIMIT_NOFILE"},
          {9, "RLIMIT_AS"})},
    {"cloneflags", 0xff,
     LIST(E(CLONE_VM), E(CLONE_FS), E(CLONE_FILES), E(CLONE_SIGHAND),
          E(CLONE_VFORK), E(CLONE_THREAD), E(CLONE_SYSVSEM), E(CLONE_SETTLS),
          E(CLONE_PARENT_SETTID), E(CLONE_CHILD_CLEARTID),
          E(CLONE_CHILD_SETTID))},
};
/* clang-format on */

static const struct entry *find_set(const char *name, size_t len,
                                    uint64_t *field)
{
    for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
        if (strlen(sets[i].name) == len &&
            memcmp(sets[i].name, name, len) == 0) {
            *field = sets[i].field;
            return sets[i].entries;
        }
    }
    return NULL;
}

static void put(struct trace_line *l, bool *any, const char *name)
{
    trace_put(l, "%s%s", *any ? "|" : "", name);
    *any = true;
}

bool trace_flags(struct trace_line *l, const char *set, size_t set_len,
                 uint64_t value)
{
    uint64_t field, rest = (uint32_t)value;
    const struct entry *e = find_set(set, set_len, &field);
    bool any = false;

    if (!e)
        return false;
    for (; e->name; e++) {
        if (e->value == ALL && value == 0)
            put(l, &any, e->name);
        else if ((e->value & ~field) == 0 && field &&
                 (value & field & UINT32_MAX) == e->value)
            put(l, &any, e->name), rest &= ~field;
        else if ((e->value & field) == 0 && e->value && e->value != ALL &&
                 (rest & e->value) == e->value)
            put(l, &any, e->name), rest &= ~e->value;
    }
    if (rest || !any)
        trace_put(l, "%s%#lx", any ? "|" : "", rest);
    return true;
}
