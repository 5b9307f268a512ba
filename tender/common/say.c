/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of a tender; see say.h. */
#include "tender/common/say.h"

#include "abi/handover.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "tender/common/sys.h"

enum { LINE_MAX = 512 };

static void line(const char *fmt, va_list ap)
{
    char text[LINE_MAX];
    size_t n;

    n = (size_t)snprintf(text, sizeof(text), "%s: ", tender_name);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): callers start it
    vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
    n = strlen(text);
    text[n++] = '\n';
    sys3(__NR_write, 2, text, n);
}

void say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(fmt, ap);
    va_end(ap);
}

void die(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line(fmt, ap);
    va_end(ap);
    for (;;)
        sys1(__NR_exit_group, HANDOVER_EXIT_FAILED);
}

const char *errno_text(int64_t negative_errno)
{
    static const struct {
        int number;
        const char *text;
    } texts[] = {
        {EPERM, "not permitted"},
        {ENOENT, "no such file"},
        {EIO, "input/output error"},
        {EBADF, "bad file descriptor"},
        {EAGAIN, "resource temporarily unavailable"},
        {ENOMEM, "out of memory"},
        {EACCES, "permission denied"},
        {EEXIST, "already in use"},
        {ENODEV, "no such device"},
        {ENOTDIR, "not a directory"},
        {EISDIR, "is a directory"},
        {EINVAL, "invalid argument"},
        {EMFILE, "too many open files"},
        {ENOTTY, "wrong kind of file"},
        {ESPIPE, "not a regular file"},
        {ENOSYS, "not supported by this host's kernel"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].number == -negative_errno)
            return texts[i].text;
    return "unexpected error";
}
