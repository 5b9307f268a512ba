/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of calls that platform "proc" gives to the kernel, and the
 * state behind them, which the tender filled in.
 */
#include "kernel/platform/proc/gate.h"

struct gate_state gate;
struct gate_cpu_area gate_area[GATE_MAX_CPU];

const struct abi_ops gate_ops = {
    .vcpu_init = gate_vcpu_init,
    .vcpu_start = gate_vcpu_start,
    .vcpu_kick = gate_vcpu_kick,
    .wait = gate_wait,
    .tick = gate_tick,
    .clock_sample = gate_clock_sample,
    .random = gate_random,
    .exit = gate_exit,
    .mem_reserve = gate_mem_reserve,
    .mem_commit = gate_mem_commit,
    .mem_map = gate_mem_map,
    .mem_protect = gate_mem_protect,
    .mem_release = gate_mem_release,
    .mem_discard = gate_mem_discard,
    .mem_move = gate_mem_move,
    .shm_map = gate_shm_map,
    .shm_punch = gate_shm_punch,
    .console_write = gate_console_write,
    .console_read = gate_console_read,
    .console_ctl = gate_console_ctl,
    .net_send = gate_net_send,
    .net_recv = gate_net_recv,
    .blk_read = gate_blk_read,
    .blk_write = gate_blk_write,
    .chan_send = gate_chan_send,
    .chan_recv = gate_chan_recv,
};
