/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest program that proves the whole path: start, write, exit. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("hello from %s (%d arguments)\n", argv[0], argc);
    return 0;
}
