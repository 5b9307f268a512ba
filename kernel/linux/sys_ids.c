/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Users, groups and capabilities, credentials(7) and capabilities(7). There is
 * one process; the root that it may start as is the instance's own.
 */
#include <asm/errno.h>
#include <linux/capability.h>

#include "kernel/core/config.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/ids.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/cred.h"

#define ALL_CAPS ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

static bool capable(int cap)
{
    return process.cap_effective >> cap & 1;
}

/* capabilities(7), "Effect of user ID changes". */
static void uids_changed(bool had_root, bool was_effective_root)
{
    bool has_root = !process.uid || !process.euid || !process.suid;

    if (had_root && !has_root && !process.keep_caps)
        process.cap_permitted = process.cap_effective = 0;
    if (was_effective_root && process.euid)
        process.cap_effective = 0;
    if (!was_effective_root && !process.euid)
        process.cap_effective = process.cap_permitted;
}

static void set_uids(uint32_t uid, uint32_t euid, uint32_t suid)
{
    bool had_root = !process.uid || !process.euid || !process.suid;
    bool was_effective_root = !process.euid;

    process.uid = uid;
    process.euid = euid;
    process.suid = suid;
    uids_changed(had_root, was_effective_root);
}

static void set_gids(uint32_t gid, uint32_t egid, uint32_t sgid)
{
    process.gid = gid;
    process.egid = egid;
    process.sgid = sgid;
}

static bool has_uid(uint32_t uid)
{
    return uid == process.uid || uid == process.euid || uid == process.suid;
}

static bool has_gid(uint32_t gid)
{
    return gid == process.gid || gid == process.egid || gid == process.sgid;
}

enum { KEEP = UINT32_MAX };

int64_t sys_getuid(struct abi_frame *r)
{
    (void)r;
    return process.uid;
}

int64_t sys_geteuid(struct abi_frame *r)
{
    (void)r;
    return process.euid;
}

int64_t sys_getgid(struct abi_frame *r)
{
    (void)r;
    return process.gid;
}

int64_t sys_getegid(struct abi_frame *r)
{
    (void)r;
    return process.egid;
}

int64_t sys_setuid(struct abi_frame *r)
{
    uint32_t uid = (uint32_t)r->rdi;

    if (uid == KEEP)
        return -EINVAL;
    if (capable(CAP_SETUID))
        set_uids(uid, uid, uid);
    else if (uid == process.uid || uid == process.suid)
        set_uids(process.uid, uid, process.suid);
    else
        return -EPERM;
    return 0;
}

int64_t sys_setgid(struct abi_frame *r)
{
    uint32_t gid = (uint32_t)r->rdi;

    if (gid == KEEP)
        return -EINVAL;
    if (capable(CAP_SETGID))
        set_gids(gid, gid, gid);
    else if (gid == process.gid || gid == process.sgid)
        set_gids(process.gid, gid, process.sgid);
    else
        return -EPERM;
    return 0;
}

int64_t sys_setreuid(struct abi_frame *r)
{
    uint32_t uid = (uint32_t)r->rdi, euid = (uint32_t)r->rsi, suid;

    if (!capable(CAP_SETUID) &&
        ((uid != KEEP && uid != process.uid && uid != process.euid) ||
         (euid != KEEP && !has_uid(euid))))
        return -EPERM;
    suid = uid != KEEP || (euid != KEEP && euid != process.uid)
               ? (euid != KEEP ? euid : process.euid)
               : process.suid;
    set_uids(uid != KEEP ? uid : process.uid,
             euid != KEEP ? euid : process.euid, suid);
    return 0;
}

int64_t sys_setregid(struct abi_frame *r)
{
    uint32_t gid = (uint32_t)r->rdi, egid = (uint32_t)r->rsi, sgid;

    if (!capable(CAP_SETGID) &&
        ((gid != KEEP && gid != process.gid && gid != process.egid) ||
         (egid != KEEP && !has_gid(egid))))
        return -EPERM;
    sgid = gid != KEEP || (egid != KEEP && egid != process.gid)
               ? (egid != KEEP ? egid : process.egid)
               : process.sgid;
    set_gids(gid != KEEP ? gid : process.gid,
             egid != KEEP ? egid : process.egid, sgid);
    return 0;
}

int64_t sys_setresuid(struct abi_frame *r)
{
    uint32_t uid = (uint32_t)r->rdi, euid = (uint32_t)r->rsi;
    uint32_t suid = (uint32_t)r->rdx;

    if (!capable(CAP_SETUID) &&
        ((uid != KEEP && !has_uid(uid)) || (euid != KEEP && !has_uid(euid)) ||
         (suid != KEEP && !has_uid(suid))))
        return -EPERM;
    set_uids(uid != KEEP ? uid : process.uid,
             euid != KEEP ? euid : process.euid,
             suid != KEEP ? suid : process.suid);
    return 0;
}

int64_t sys_setresgid(struct abi_frame *r)
{
    uint32_t gid = (uint32_t)r->rdi, egid = (uint32_t)r->rsi;
    uint32_t sgid = (uint32_t)r->rdx;

    if (!capable(CAP_SETGID) &&
        ((gid != KEEP && !has_gid(gid)) || (egid != KEEP && !has_gid(egid)) ||
         (sgid != KEEP && !has_gid(sgid))))
        return -EPERM;
    set_gids(gid != KEEP ? gid : process.gid,
             egid != KEEP ? egid : process.egid,
             sgid != KEEP ? sgid : process.sgid);
    return 0;
}

static int64_t put_three(const struct abi_frame *r, uint32_t a, uint32_t b,
                         uint32_t c)
{
    if (copy_out(r->rdi, &a) < 0 || copy_out(r->rsi, &b) < 0)
        return -EFAULT;
    return copy_out(r->rdx, &c);
}

int64_t sys_getresuid(struct abi_frame *r)
{
    return put_three(r, process.uid, process.euid, process.suid);
}

int64_t sys_getresgid(struct abi_frame *r)
{
    return put_three(r, process.gid, process.egid, process.sgid);
}

/* The file system ids follow the effective ones; both calls only tell. */
int64_t sys_setfsuid(struct abi_frame *r)
{
    (void)r;
    return process.euid;
}

int64_t sys_setfsgid(struct abi_frame *r)
{
    (void)r;
    return process.egid;
}

int64_t sys_getgroups(struct abi_frame *r)
{
    const uint32_t *groups;
    uint32_t nr = cred_groups(&groups);
    int32_t room = (int32_t)r->rdi;

    if (room < 0 || (room > 0 && (uint32_t)room < nr))
        return -EINVAL;
    if (room > 0 && copy_to_user(r->rsi, groups, nr * sizeof(*groups)) < 0)
        return -EFAULT;
    return nr;
}

int64_t sys_setgroups(struct abi_frame *r)
{
    uint32_t groups[CRED_GROUPS_MAX];

    if (!capable(CAP_SETGID))
        return -EPERM;
    if (r->rdi > CRED_GROUPS_MAX)
        return -EINVAL;
    if (copy_from_user(groups, r->rsi, r->rdi * sizeof(*groups)) < 0)
        return -EFAULT;
    return cred_set_groups(groups, (uint32_t)r->rdi);
}

void ids_init(void)
{
    process.cap_bounding = ALL_CAPS;
    process.cap_effective = process.cap_permitted = ALL_CAPS;
}

static void set_configured_groups(void)
{
    uint32_t groups[CRED_GROUPS_MAX], nr = 0;

    while (nr < CRED_GROUPS_MAX && config_get("group", nr)) {
        groups[nr] = (uint32_t)config_get_u64_at("group", nr, 0);
        nr++;
    }
    if (nr > 0)
        cred_set_groups(groups, nr);
}

void ids_become_configured(void)
{
    uint32_t uid = (uint32_t)config_get_u64("uid", 0);
    uint32_t gid = (uint32_t)config_get_u64("gid", 0);

    set_configured_groups();
    process.uid = process.euid = process.suid = uid;
    process.gid = process.egid = process.sgid = gid;
    if (uid != 0)
        process.cap_effective = process.cap_permitted = 0;
}
