/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control group of an instance may use: see limit.h. */
#include "host/instance/limit.h"

#include <sys/stat.h>

#include "host/instance/image.h"
#include "host/instance/spec.h"

#define MIB (UINT64_C(1) << 20)

static uint64_t file_bytes(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* QEMU: its code and heap, what it translated, and the image, which lies in
 * the machine's memory. */
static uint64_t monitor_bytes(const struct spec *spec,
                              const struct image *image)
{
    switch (spec->platform) {
    case PLATFORM_QEMU:
        return 768 * MIB + file_bytes(image->image_fd) +
               file_bytes(image->sidecar_fd);
    case PLATFORM_KVM:
        return 32 * MIB;
    default:
        return 0;
    }
}

uint64_t limit_bytes(const struct spec *spec, const struct image *image)
{
    return spec->mem_bytes ? spec->mem_bytes + monitor_bytes(spec, image) : 0;
}
