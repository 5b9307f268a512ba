/* SPDX-License-Identifier: BSD-2-Clause */
/* What is started and ended again and again. */
#include <unistd.h>

int main(void)
{
    return write(1, "hello\n", 6) != 6;
}
