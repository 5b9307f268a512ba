/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's periodic work on kernel timers. TCP's clock runs while there are
 * connections: each 50 ms while something is under way, else each second. The
 * rest (neighbours, reassembly, groups, DHCP) runs in steps of 100 ms while
 * there is traffic; when it falls asleep it makes up for the missed steps at
 * the next frame, so an idle instance has no tick.
 */
#include "kernel/core/clock.h"
#include "kernel/core/event.h"
#include "kernel/net/lwip/glue.h"
#include "kernel/net/lwip/stream.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"

enum {
    MS = 1000000,
    STEP_MS = 100,
    BUSY_STEPS = 50,   /* go on for so long after the last frame */
    MISSED_MAX = 6000, /* ten minutes: everything has expired then */
    TIME_WAIT_MAX = 4096,
    TCP_SLOW_MS = 1000,
    TCP_CALM_FLAGS = TF_NODELAY | TF_WND_SCALE | TF_SACK | TF_RXCLOSED |
                     TF_FIN, /* FIN_WAIT_2's */
};

static void on_tcp(struct timer *timer);
static void on_house(struct timer *timer);

static struct timer tcp_timer = {.fn = on_tcp};
static struct timer house_timer = {.fn = on_house};
static uint64_t house_done_ns; /* steps up to here have been made */
static unsigned steps, busy_until_step;
static uint64_t tcp_done_ns; /* TCP's clock shows this time */
static bool tcp_slow;        /* it ticks rarely: nobody is in a hurry */

u32_t sys_now(void)
{
    return (u32_t)(clock_mono_ns() / MS);
}

/* Keep the list of TIME_WAIT connections short, oldest go (they are at its
 * end). lwIP looks for what it removes: show it only that. */
static void trim_time_wait(void)
{
    struct tcp_pcb **link = &tcp_tw_pcbs, *whole, *pcb;

    for (unsigned n = 0; *link && n < TIME_WAIT_MAX; n++)
        link = &(*link)->next;
    while ((pcb = *link)) {
        *link = pcb->next;
        whole = tcp_tw_pcbs;
        tcp_tw_pcbs = pcb;
        pcb->next = NULL;
        tcp_abort(pcb); /* silent in this state */
        tcp_tw_pcbs = whole;
    }
}

/* Does anything but the hands of the clock wait for TCP's ticks? */
static bool tcp_busy(void)
{
    for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
        if (p->unacked || p->unsent || p->ooseq || p->refused_data ||
            p->persist_backoff || (p->flags & ~TCP_CALM_FLAGS) ||
            p->state < ESTABLISHED || p->state == FIN_WAIT_1 ||
            p->state > CLOSE_WAIT)
            return true;
    return false;
}

/* The ticks that a slow clock skipped moved nothing but time itself. */
static void tcp_catch_up(uint64_t now)
{
    uint64_t ticks = (now - tcp_done_ns) / (SLOW_TICK_MS * MS);

    tcp_done_ns = now;
    if (tcp_slow)
        tcp_ticks += (u32_t)ticks;
    tcp_slow = false;
}

static void on_tcp(struct timer *timer)
{
    uint64_t now = clock_mono_ns();

    tcp_catch_up(now);
    stream_check_timeouts(now);
    tcp_tmr();
    trim_time_wait();
    if (tcp_active_pcbs || tcp_tw_pcbs) {
        tcp_slow = !tcp_busy();
        timer_set(timer,
                  now + (tcp_slow ? TCP_SLOW_MS : TCP_TMR_INTERVAL) * MS);
    }
    lwip_kick();
}

void tcp_timer_needed(void)
{
    if (!timer_armed(&tcp_timer) && (tcp_active_pcbs || tcp_tw_pcbs)) {
        tcp_done_ns = clock_mono_ns();
        tcp_slow = false;
        timer_set(&tcp_timer, tcp_done_ns + TCP_TMR_INTERVAL * MS);
    }
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

static void on_house(struct timer *timer)
{
    uint64_t now = clock_mono_ns(), wish;

    catch_up(now);
    wish = dhcp_wish_ns(now);
    if ((int)(busy_until_step - steps) > 0)
        wish = now + STEP_MS * MS;
    if (wish != NO_DEADLINE)
        timer_set(timer, wish);
    lwip_kick();
}

void timers_activity(void)
{
    busy_until_step = steps + BUSY_STEPS;
    if (tcp_slow && timer_armed(&tcp_timer)) {
        uint64_t now = clock_mono_ns();

        tcp_catch_up(now);
        timer_set(&tcp_timer, now + TCP_TMR_INTERVAL * MS);
    }
    if (!timer_armed(&house_timer))
        timer_set(&house_timer, clock_mono_ns());
}

void timers_init(void)
{
    house_done_ns = clock_mono_ns();
    timers_activity();
}
