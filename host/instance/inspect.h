/* SPDX-License-Identifier: BSD-2-Clause */
/* All that is known about an instance, under Docker's field names. */
#ifndef EINKORN_HOST_INSTANCE_INSPECT_H
#define EINKORN_HOST_INSTANCE_INSPECT_H

#include "host/common/json.h"
#include "host/instance/store.h"

void inspect_write(struct json *j, const struct inst *inst);

/* RFC 3339 with nanoseconds, UTC; zero is Docker's "never". */
void inspect_time(int64_t real_ns, char out[40]);

/* One "ip:host:guest/proto" of a record, cut into its fields. */
struct port_text {
    char ip[16], host[8], guest[8], proto[4];
};
int inspect_port(const char *text, struct port_text *out);

#endif
