/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that does nothing, for the memory figures. */
#include <unistd.h>

int main(void)
{
    for (;;)
        pause();
}
