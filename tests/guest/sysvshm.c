/* SPDX-License-Identifier: BSD-2-Clause */
/* shmget(2), shmat(2), shmdt(2), shmctl(2). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>

#include "tests/guest/check.h"

int main(void)
{
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0600);
    struct shmid_ds ds;
    char *a, *b;

    CHECK(id >= 0);
    a = shmat(id, NULL, 0);
    b = shmat(id, NULL, SHM_RDONLY);
    CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
    strcpy(a + 9000, "shared");
    CHECK(strcmp(b + 9000, "shared") == 0);
    CHECK(shmctl(id, IPC_STAT, &ds) == 0);
    CHECK(ds.shm_nattch == 2 && ds.shm_segsz == 10000);
    CHECK(shmdt(a) == 0);
    CHECK(shmdt(a) == -1 && errno == EINVAL);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    CHECK(strcmp(b + 9000, "shared") == 0);
    CHECK(shmdt(b) == 0);
    CHECK(shmat(id, NULL, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmget(0x4e4b, 10, 0) == -1 && errno == ENOENT);
    puts("sysvshm: ok");
    return 0;
}
