/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbolic values: sets of flags and enumerations, by name. Bits within
 * `field` are one number among the entries; the others are flags.
 */
#include <asm-generic/fcntl.h>
#include <asm/socket.h>
#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/tcp.h>
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
          E(MSG_WAITALL), E(MSG_NOSIGNAL), E(MSG_MORE), E(MSG_CMSG_CLOEXEC), E(MSG_CTRUNC), E(MSG_EOR),
          E(MSG_ERRQUEUE), E(MSG_WAITFORONE))},
    {"shut", ALL, LIST(E(SHUT_RD), E(SHUT_WR), E(SHUT_RDWR))},
    {"sollevel", ALL,
     LIST({1, "SOL_SOCKET"}, E(SOL_IP), E(SOL_TCP), E(SOL_UDP), E(SOL_IPV6))},
    {"fcntl", ALL,
     LIST(E(F_DUPFD), E(F_GETFD), E(F_SETFD), E(F_GETFL), E(F_SETFL),
          E(F_GETLK), E(F_SETLK), E(F_SETLKW), E(F_SETOWN), E(F_GETOWN),
          {1030, "F_DUPFD_CLOEXEC"}, {1031, "F_SETPIPE_SZ"},
          {1032, "F_GETPIPE_SZ"}, {1033, "F_ADD_SEALS"}, {36, "F_OFD_GETLK"},
          {37, "F_OFD_SETLK"}, {38, "F_OFD_SETLKW"})},
    {"ioctl", ALL,
     LIST({0x5401, "TCGETS"}, {0x5402, "TCSETS"}, {0x5413, "TIOCGWINSZ"},
          {0x5421, "FIONBIO"}, {0x541b, "FIONREAD"}, {0x5451, "FIOCLEX"},
          {0x5450, "FIONCLEX"}, {0x5452, "FIOASYNC"}, {0x8912, "SIOCGIFCONF"},
          {0x8913, "SIOCGIFFLAGS"}, {0x8915, "SIOCGIFADDR"},
          {0x8921, "SIOCGIFMTU"}, {0x8927, "SIOCGIFHWADDR"},
          {0x8910, "SIOCGIFNAME"}, {0x8933, "SIOCGIFINDEX"})},
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
          {3, "RLIMIT_STACK"}, {4, "RLIMIT_CORE"}, {5, "RLIMIT_RSS"},
          {6, "RLIMIT_NPROC"}, {8, "RLIMIT_MEMLOCK"}, {7, "RLIMIT_NOFILE"},
          {9, "RLIMIT_AS"})},
    {"timerflags", 0, LIST({1, "TIMER_ABSTIME"}, {2, "TFD_TIMER_CANCEL_ON_SET"})},
    {"itimer", ALL,
     LIST(E(ITIMER_REAL), E(ITIMER_VIRTUAL), E(ITIMER_PROF))},
    {"sigev", ALL,
     LIST({0, "SIGEV_SIGNAL"}, {1, "SIGEV_NONE"}, {2, "SIGEV_THREAD"},
          {4, "SIGEV_THREAD_ID"})},
    {"saflags", 0,
     LIST({1, "SA_NOCLDSTOP"}, {2, "SA_NOCLDWAIT"}, {4, "SA_SIGINFO"},
          {0x04000000, "SA_RESTORER"}, {0x08000000, "SA_ONSTACK"},
          {0x10000000, "SA_RESTART"}, {0x40000000, "SA_NODEFER"},
          {0x80000000, "SA_RESETHAND"})},
    {"prctl", ALL,
     LIST(E(PR_SET_PDEATHSIG), E(PR_GET_PDEATHSIG), E(PR_GET_DUMPABLE),
          E(PR_SET_DUMPABLE), E(PR_GET_KEEPCAPS), E(PR_SET_KEEPCAPS),
          E(PR_SET_NAME), E(PR_GET_NAME), E(PR_CAPBSET_READ),
          E(PR_CAPBSET_DROP), E(PR_GET_SECUREBITS), E(PR_SET_SECUREBITS),
          E(PR_SET_TIMERSLACK), E(PR_GET_TIMERSLACK),
          E(PR_SET_CHILD_SUBREAPER), E(PR_GET_CHILD_SUBREAPER),
          E(PR_SET_NO_NEW_PRIVS), E(PR_GET_NO_NEW_PRIVS),
          E(PR_GET_TID_ADDRESS), E(PR_SET_THP_DISABLE),
          E(PR_GET_THP_DISABLE), E(PR_CAP_AMBIENT), E(PR_SET_VMA),
          E(PR_SET_SECCOMP), E(PR_GET_SECCOMP), E(PR_SET_PTRACER))},
    {"archprctl", ALL,
     LIST({0x1001, "ARCH_SET_GS"}, {0x1002, "ARCH_SET_FS"},
          {0x1003, "ARCH_GET_FS"}, {0x1004, "ARCH_GET_GS"},
          {0x3001, "ARCH_CET_STATUS"})},
    {"randflags", 0,
     LIST({1, "GRND_NONBLOCK"}, {2, "GRND_RANDOM"}, {4, "GRND_INSECURE"})},
    {"remapflags", 0,
     LIST({1, "MREMAP_MAYMOVE"}, {2, "MREMAP_FIXED"}, {4, "MREMAP_DONTUNMAP"})},
    {"msflags", 0, LIST({1, "MS_ASYNC"}, {2, "MS_INVALIDATE"}, {4, "MS_SYNC"})},
    {"flock", 3,
     LIST({1, "LOCK_SH"}, {2, "LOCK_EX"}, {4, "LOCK_NB"}, {8, "LOCK_UN"})},
    {"waitflags", 0,
     LIST({1, "WNOHANG"}, {2, "WUNTRACED"}, {4, "WEXITED"}, {8, "WCONTINUED"},
          {0x01000000, "WNOWAIT"})},
    {"memfdflags", 0,
     LIST({1, "MFD_CLOEXEC"}, {2, "MFD_ALLOW_SEALING"}, {4, "MFD_HUGETLB"},
          {8, "MFD_NOEXEC_SEAL"}, {16, "MFD_EXEC"})},
    {"rusage", ALL,
     LIST({0, "RUSAGE_SELF"}, {1, "RUSAGE_THREAD"},
          {UINT32_MAX, "RUSAGE_CHILDREN"})},
    {"renameflags", 0,
     LIST({1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"},
          {4, "RENAME_WHITEOUT"})},
    {"fallocflags", 0,
     LIST({1, "FALLOC_FL_KEEP_SIZE"}, {2, "FALLOC_FL_PUNCH_HOLE"},
          {8, "FALLOC_FL_COLLAPSE_RANGE"}, {16, "FALLOC_FL_ZERO_RANGE"},
          {32, "FALLOC_FL_INSERT_RANGE"})},
    {"membarrier", ALL,
     LIST({0, "MEMBARRIER_CMD_QUERY"}, {1, "MEMBARRIER_CMD_GLOBAL"},
          {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
          {16, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"})},
    {"so", ALL,
     LIST(E(SO_REUSEADDR), E(SO_TYPE), E(SO_ERROR), E(SO_DONTROUTE),
          E(SO_BROADCAST), E(SO_SNDBUF), E(SO_RCVBUF), E(SO_KEEPALIVE),
          E(SO_OOBINLINE), E(SO_PRIORITY), E(SO_LINGER), E(SO_REUSEPORT),
          E(SO_PASSCRED), E(SO_PEERCRED), E(SO_RCVLOWAT), E(SO_SNDLOWAT),
          {20, "SO_RCVTIMEO"}, {21, "SO_SNDTIMEO"}, {29, "SO_TIMESTAMP"},
          E(SO_ACCEPTCONN), E(SO_SNDBUFFORCE), E(SO_RCVBUFFORCE),
          {35, "SO_TIMESTAMPNS"}, E(SO_MARK), E(SO_PROTOCOL), E(SO_DOMAIN),
          E(SO_BUSY_POLL), E(SO_INCOMING_CPU), E(SO_INCOMING_NAPI_ID),
          E(SO_ZEROCOPY), E(SO_BINDTODEVICE), E(SO_ATTACH_FILTER))},
    {"ipopt", ALL,
     LIST(E(IP_TOS), E(IP_TTL), E(IP_PKTINFO), E(IP_MTU_DISCOVER),
          E(IP_RECVERR), E(IP_RECVTTL), E(IP_RECVTOS), E(IP_MTU),
          E(IP_FREEBIND), E(IP_TRANSPARENT), E(IP_BIND_ADDRESS_NO_PORT),
          E(IP_MULTICAST_IF), E(IP_MULTICAST_TTL), E(IP_MULTICAST_LOOP),
          E(IP_ADD_MEMBERSHIP), E(IP_DROP_MEMBERSHIP))},
    {"tcpopt", ALL,
     LIST(E(TCP_NODELAY), E(TCP_MAXSEG), E(TCP_CORK), E(TCP_KEEPIDLE),
          E(TCP_KEEPINTVL), E(TCP_KEEPCNT), E(TCP_SYNCNT), E(TCP_LINGER2),
          E(TCP_DEFER_ACCEPT), E(TCP_WINDOW_CLAMP), E(TCP_INFO),
          E(TCP_QUICKACK), E(TCP_CONGESTION), E(TCP_USER_TIMEOUT),
          E(TCP_FASTOPEN), E(TCP_FASTOPEN_CONNECT))},
    {"ip6opt", ALL,
     LIST(E(IPV6_UNICAST_HOPS), E(IPV6_MULTICAST_IF), E(IPV6_MULTICAST_HOPS),
          E(IPV6_MULTICAST_LOOP), E(IPV6_ADD_MEMBERSHIP),
          E(IPV6_DROP_MEMBERSHIP), E(IPV6_MTU_DISCOVER), E(IPV6_MTU),
          E(IPV6_RECVERR), E(IPV6_V6ONLY), E(IPV6_RECVPKTINFO),
          E(IPV6_RECVHOPLIMIT), E(IPV6_RECVTCLASS), E(IPV6_TCLASS))},
    {"cloneflags", 0xff,
     LIST({17, "SIGCHLD"}, E(CLONE_VM), E(CLONE_FS), E(CLONE_FILES), E(CLONE_SIGHAND),
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
