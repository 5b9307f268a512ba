/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host's KVM is good for (docs/kvm.md, "Which platform"). */
#ifndef EINKORN_HOST_INSTANCE_KVM_PROBE_H
#define EINKORN_HOST_INSTANCE_KVM_PROBE_H

#include "host/instance/boot_cache.h"
#include "host/instance/dirs.h"
#include "host/instance/spec.h"

/* One line: "fast: ...", "slow: ..." or why there is no KVM. The first call
 * after a boot runs a loop in a virtual machine, a few milliseconds, and keeps
 * the answer in RUN/kvm. */
void kvm_probe(const struct dirs *dirs, char answer[BOOT_CACHE_MAX]);

/* What "auto" means for this instance: kvm where it is fast, otherwise proc;
 * and proc where a terminal is wanted, which no virtual machine here has. */
enum platform_kind kvm_probe_choose(const struct dirs *dirs,
                                    const struct spec *spec);

#endif
