/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP as a whole: start-up, the event source of all devices, and the work
 * that must follow each call into it.
 */
#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/core/event.h"
#include "kernel/core/log.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "lwip/dhcp.h"
#include "lwip/init.h"

enum { LOOP_ROUNDS = 64, DHCP_WAIT_MS = 4000 };

static bool netifs_wait(void)
{
    struct netif *netif;

    NETIF_FOREACH(netif)
    if (netif->loop_first)
        return true;
    return false;
}

static bool loops_wait(void)
{
    return tcp_loop_waits() || netifs_wait();
}

/* Bounded: two busy local sockets must not keep everybody else waiting; the
 * next poll goes on. */
static bool deliver_loops(void)
{
    bool any = false;

    for (unsigned i = 0; i < LOOP_ROUNDS && loops_wait(); i++) {
        tcp_loop_deliver();
        if (netifs_wait()) {
            timers_activity();
            netif_poll_all();
        }
        any = true;
    }
    return any;
}

bool devices_idle(void)
{
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (!netdev_idle(&ifaces[i]->nd))
            return false;
    return true;
}

void lwip_kick(void)
{
    tcp_batch_end();
    deliver_loops();
    for (unsigned i = 0; i < nr_ifaces; i++)
        netdev_flush(&ifaces[i]->nd);
    tx_free_zombies();
}

static bool much_waits(void)
{
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (netdev_much_waits(&ifaces[i]->nd))
            return true;
    return false;
}

void lwip_kick_later(void)
{
    tcp_batch_end();
    if (loops_wait() || much_waits() || !event_defer())
        lwip_kick();
}

static void flush(struct event_source *source)
{
    (void)source;
    lwip_kick();
}

static bool poll(struct event_source *source)
{
    bool any = deliver_loops();

    (void)source;
    tcp_poll_begin();
    for (unsigned i = 0; i < nr_ifaces; i++)
        any |= netdev_poll(&ifaces[i]->nd);
    if (devices_idle())
        conn_resume_all(); /* who was refused for want of memory */
    if (any)
        lwip_kick();
    return any;
}

static struct event_source event = {.poll = poll, .flush = flush};

static bool lease_missing(void)
{
    for (unsigned i = 0; i < nr_ifaces; i++)
        if (netif_dhcp_data(&ifaces[i]->netif) &&
            !dhcp_supplied_address(&ifaces[i]->netif))
            return true;
    return false;
}

/* Programs expect their address to be there when they start. */
static void await_lease(void)
{
    uint64_t end = clock_mono_ns() + DHCP_WAIT_MS * UINT64_C(1000000);

    while (lease_missing()) {
        uint64_t next = timer_run();

        if (clock_mono_ns() >= end) {
            klog(LOG_WARN, "no DHCP lease yet; going on without");
            return;
        }
        if (!poll(&event))
            platform.ops.wait(next < end ? next : end, ABI_WAIT_DEVICES);
    }
}

void net_init(void)
{
    lwip_init();
    icmp_error_init();
    tcp_glue_init();
    for (uint32_t i = 0; i < platform.boot->nr_net && i < ABI_MAX_NET; i++) {
        struct iface *iface = iface_new(i, &platform.boot->net[i]);

        if (!iface)
            panic("net%u: out of memory", i);
        iface_configure(iface, i);
    }
    timers_init();
    event_register(&event);
    lwip_kick();
    await_lease();
}
