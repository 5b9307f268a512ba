/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's periodic work on kernel timers: neighbours, reassembly, groups and
 * DHCP advance in steps of 100 ms while there is traffic that lwIP sees, ten
 * of them at a time unless a report of a group waits: all else counts in
 * seconds. When it falls asleep it makes up for the missed steps at the next
 * frame, so an idle instance has no tick.
 */
#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/net/lwip/glue.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/sys.h"

enum {
    MS = 1000000,
    STEP_MS = 100,
    SECOND_STEPS = 1000 / STEP_MS,
    BUSY_STEPS = 50,   /* go on for so long after the last frame */
    MISSED_MAX = 6000, /* ten minutes: everything has expired then */
};

static void on_house(struct timer *timer);

static struct timer house_timer = {.fn = on_house};
static uint64_t house_done_ns; /* steps up to here have been made */
static unsigned steps, busy_until_step;

u32_t sys_now(void)
{
    return (u32_t)(clock_mono_ns() / MS);
}

static bool every(unsigned ms)
{
    return steps % (ms / STEP_MS) == 0;
}

static void step(void)
{
    steps++;
    igmp_tmr();
    mld6_tmr();
    if (every(DHCP_FINE_TIMER_MSECS))
        dhcp_fine_tmr();
    if (every(1000)) {
        etharp_tmr();
        ip_reass_tmr();
        nd6_tmr();
        ip6_reass_tmr();
    }
    if (every(DHCP_COARSE_TIMER_SECS * 1000))
        dhcp_coarse_tmr();
}

/* A lease must be renewed even if nobody speaks; asking for one is urgent. */
static uint64_t dhcp_wish_ns(uint64_t now)
{
    uint64_t wish = NO_DEADLINE;

    for (unsigned i = 0; i < nr_ifaces; i++) {
        if (!netif_dhcp_data(&ifaces[i]->netif))
            continue;
        if (!dhcp_supplied_address(&ifaces[i]->netif))
            return now + STEP_MS * MS;
        wish = now + DHCP_COARSE_TIMER_SECS * NSEC_PER_SEC;
    }
    return wish;
}

static void catch_up(uint64_t now)
{
    unsigned made = 0;

    while (house_done_ns + STEP_MS * MS <= now && made++ < MISSED_MAX) {
        step();
        house_done_ns += STEP_MS * MS;
    }
    if (made > MISSED_MAX)
        house_done_ns = now;
}

static bool reports_wait(void)
{
    const struct netif *netif;

    NETIF_FOREACH(netif)
    {
        const struct igmp_group *g4 = netif_igmp_data(netif);
        const struct mld_group *g6 = netif_mld6_data(netif);

        for (; g4; g4 = g4->next)
            if (g4->timer)
                return true;
        for (; g6; g6 = g6->next)
            if (g6->timer)
                return true;
    }
    return false;
}

/* When the next step has something to do. */
static uint64_t next_ns(void)
{
    unsigned nr = reports_wait() ? 1 : SECOND_STEPS - steps % SECOND_STEPS;

    return house_done_ns + (uint64_t)nr * STEP_MS * MS;
}

static void on_house(struct timer *timer)
{
    uint64_t now = clock_mono_ns(), wish;

    catch_up(now);
    wish = dhcp_wish_ns(now);
    if ((int)(busy_until_step - steps) > 0 && next_ns() < wish)
        wish = next_ns();
    if (wish != NO_DEADLINE)
        timer_set(timer, wish);
    lwip_kick();
}

void timers_activity(void)
{
    busy_until_step = steps + BUSY_STEPS;
    if (!timer_armed(&house_timer))
        timer_set(&house_timer, clock_mono_ns());
}

void timers_groups(void)
{
    if (reports_wait())
        timer_set(&house_timer, next_ns());
}

void timers_init(void)
{
    house_done_ns = clock_mono_ns();
    timers_activity();
}
