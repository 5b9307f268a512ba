/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the gate of platform "proc": what its files share. The calls
 * themselves are specified in abi/platform.h; ops.c holds the table.
 */
#ifndef EINKORN_PROC_GATE_H
#define EINKORN_PROC_GATE_H

#include "abi/gate.h"
#include "abi/layout.h"
#include "kernel/platform/proc/hostcall.h"

/* vdso.c: once, unless the host has none. */
void gate_vdso_find(void);

/* time.c, cpu.c */
int64_t gate_vcpu_init(struct abi_vcpu *vcpu);
int64_t gate_vcpu_start(uint32_t index, struct abi_vcpu *vcpu, uint64_t entry,
                        uint64_t arg, uint64_t stack_top);
int64_t gate_vcpu_kick(uint32_t index);
int64_t gate_wait(uint64_t deadline_mono_ns, uint32_t flags);
int64_t gate_tick(uint64_t period_ns);
int64_t gate_clock_sample(struct abi_clock_sample *out);
int64_t gate_random(void *buf, uint64_t len_bytes);
void gate_exit(uint32_t status);

/* mem.c */
int64_t gate_mem_reserve(uint64_t addr, uint64_t len_bytes);
int64_t gate_mem_commit(uint64_t addr, uint64_t len_bytes, uint32_t prot);
int64_t gate_mem_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                     uint32_t source, uint64_t offset);
int64_t gate_mem_protect(uint64_t addr, uint64_t len_bytes, uint32_t prot);
int64_t gate_mem_release(uint64_t addr, uint64_t len_bytes);
int64_t gate_mem_discard(uint64_t addr, uint64_t len_bytes);
int64_t gate_mem_move(uint64_t old_addr, uint64_t old_len_bytes,
                      uint64_t new_addr, uint64_t new_len_bytes);
int64_t gate_shm_map(uint64_t addr, uint64_t len_bytes, uint32_t prot,
                     uint64_t offset, uint32_t is_private);
int64_t gate_shm_punch(uint64_t offset, uint64_t len_bytes);

/* console.c, net.c, dev.c */
int64_t gate_console_write(uint32_t stream, const void *buf,
                           uint64_t len_bytes);
int64_t gate_console_read(void *buf, uint64_t len_bytes);
int64_t gate_console_ctl(uint32_t op, void *arg);
int64_t gate_net_send(uint32_t dev, const struct abi_packet *packets,
                      uint32_t nr_packets);
int64_t gate_net_recv(uint32_t dev, struct abi_packet *packets,
                      uint32_t nr_packets);
int64_t gate_blk_read(uint32_t dev, void *buf, uint64_t len_bytes,
                      uint64_t offset);
int64_t gate_blk_write(uint32_t dev, const void *buf, uint64_t len_bytes,
                       uint64_t offset, uint32_t flush);
int64_t gate_chan_send(uint32_t chan, const void *msg, uint64_t len_bytes);
int64_t gate_chan_recv(uint32_t chan, void *msg, uint64_t len_bytes);

/* stream.c: frames over a stream socket. */
int64_t gate_stream_send(uint32_t dev, const struct abi_packet *packet);
int64_t gate_stream_recv(uint32_t dev, struct abi_packet *packet);

/* A call refused with -EAGAIN: let whoever waits for devices look at it. */
void gate_arm(uint8_t *want);

/* The calling virtual CPU. */
struct gate_cpu *gate_self(void);
/* Say what went wrong on the host's standard error and end the instance. */
_Noreturn void gate_panic(const char *what, uint64_t rip, uint64_t addr);

/* entry.S: ppoll() unless *pending is set; an event that arrives between the
 * look and the call makes it return -EINTR at once. */
struct pollfd;
int64_t gate_ppoll(struct pollfd *fds, uint64_t nr, void *timeout,
                   const uint8_t *pending);
#pragma GCC visibility push(hidden)
extern const char gate_ppoll_begin[], gate_ppoll_end[], gate_ppoll_out[];
#pragma GCC visibility pop

#endif
