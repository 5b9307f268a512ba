/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One TCP stream, and what a tap allows:
 *
 *     stream serve send|receive             by sockets, on port 5000
 *     stream tap NAME ADDRESS send|receive  the same, straight on a tap
 *     stream ask ADDRESS send|receive       takes part for a second; Gbit/s
 *
 * `send` and `receive` are always what the server does. On the tap it neither
 * copies nor looks at bytes: it sends the same 64 KB again and again, and
 * receives all into one place. It knows one connection at a time and no loss.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    PORT = 5000,
    BLOCK = 128 << 10,
    MSS = 1460,
    CUT = 44 * MSS, /* payload of one frame */
    WINDOW_SCALE = 10,
    WINDOW = 4096,
    TYPE_IP = 0x0800,
    TYPE_ARP = 0x0806,
};
enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };
enum { OPTION_NOP = 1, OPTION_MSS = 2, OPTION_SCALE = 3, OPTIONS_MAX = 40 };

struct __attribute__((packed)) headers {
    struct virtio_net_hdr vnet;
    uint8_t to[6], from[6];
    uint16_t type;
    uint8_t ip[20];
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t off, flags;
    uint16_t window, sum, urgent;
    uint8_t options[OPTIONS_MAX];
};

enum { FIXED = sizeof(struct headers) - OPTIONS_MAX };
enum { VNET = sizeof(struct virtio_net_hdr) };

static int tap;
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
static uint32_t my_ip;
static char payload[1 << 17];

static struct {
    struct headers h; /* of what we send */
    uint32_t acked, next, received, window;
    unsigned scale;
    bool open;
} conn;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- packets ---- */

static uint32_t add(uint32_t sum, const void *words, unsigned len)
{
    for (unsigned i = 0; i < len; i += 2) {
        uint16_t w;

        memcpy(&w, (const char *)words + i, 2);
        sum += w;
    }
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void fill_ip(struct headers *h, unsigned len)
{
    uint16_t be_len = htons((uint16_t)(20 + len)), sum;

    memcpy(h->ip + 2, &be_len, 2);
    memset(h->ip + 10, 0, 2);
    sum = (uint16_t)~fold(add(0, h->ip, 20));
    memcpy(h->ip + 10, &sum, 2);
}

static void put(uint8_t flags, unsigned options, unsigned len)
{
    struct headers *h = &conn.h;
    struct iovec v[2] = {{h, FIXED + options}, {payload, len}};
    unsigned tcp = 20 + options;

    fill_ip(h, tcp + len);
    h->seq = htonl(conn.next);
    h->ack = htonl(conn.received);
    h->flags = flags;
    h->off = (uint8_t)(tcp / 4 << 4);
    h->sum = fold(
        add(htons(IPPROTO_TCP) + htons((uint16_t)(tcp + len)), h->ip + 12, 8));
    h->vnet = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                      .csum_start = 34,
                                      .csum_offset = 16};
    if (len > MSS) {
        h->vnet.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        h->vnet.gso_size = MSS;
        h->vnet.hdr_len = (uint16_t)(34 + tcp);
    }
    if (writev(tap, v, 2) < 0 && errno != EAGAIN)
        die("writev");
    conn.next += len;
}

static void answer_arp(const uint8_t *eth)
{
    uint8_t frame[VNET + 42] = {0}, *e = frame + VNET;

    if (memcmp(eth + 38, &my_ip, 4) != 0)
        return;
    memcpy(e, eth + 6, 6);
    memcpy(e + 6, mac, 6);
    memcpy(e + 12, eth + 12, 8);
    e[21] = 2; /* reply */
    memcpy(e + 22, mac, 6);
    memcpy(e + 28, &my_ip, 4);
    memcpy(e + 32, eth + 22, 10);
    if (write(tap, frame, sizeof(frame)) < 0)
        die("write");
}

static unsigned scale_of(const struct headers *in)
{
    unsigned i = 0, end = (in->off >> 4) * 4u - 20;

    while (i + 2 < end && in->options[i]) {
        if (in->options[i] == OPTION_SCALE)
            return in->options[i + 2];
        i += in->options[i] == OPTION_NOP ? 1 : in->options[i + 1];
    }
    return 0;
}

static void on_syn(const struct headers *in)
{
    static const uint8_t options[] = {OPTION_MSS, 4,           MSS >> 8,
                                      MSS & 255,  OPTION_NOP,  OPTION_SCALE,
                                      3,          WINDOW_SCALE};
    struct headers *h = &conn.h;

    memset(&conn, 0, sizeof(conn));
    conn.scale = scale_of(in);
    memcpy(h->to, in->from, 6);
    memcpy(h->from, mac, 6);
    h->type = htons(TYPE_IP);
    memcpy(h->ip, (uint8_t[]){0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6}, 10);
    memcpy(h->ip + 12, in->ip + 16, 4);
    memcpy(h->ip + 16, in->ip + 12, 4);
    h->sport = in->dport;
    h->dport = in->sport;
    h->window = htons(WINDOW);
    memcpy(h->options, options, sizeof(options));
    conn.received = ntohl(in->seq) + 1;
    put(SYN | ACK, sizeof(options), 0);
    conn.acked = ++conn.next;
    conn.open = true;
}

static void on_tcp(const struct headers *in)
{
    unsigned len =
        ((unsigned)in->ip[2] << 8 | in->ip[3]) - 20 - (in->off >> 4) * 4u;

    if (in->flags & SYN) {
        on_syn(in);
        return;
    }
    if (!conn.open || in->sport != conn.h.dport)
        return;
    conn.open = !(in->flags & RST);
    if ((int32_t)(ntohl(in->ack) - conn.acked) > 0)
        conn.acked = ntohl(in->ack);
    conn.window = (uint32_t)ntohs(in->window) << conn.scale;
    if (len && ntohl(in->seq) == conn.received)
        conn.received += len;
    if (in->flags & FIN) {
        conn.received++;
        put(ACK | FIN, 0, 0);
        conn.open = false;
    } else if (len) {
        put(ACK, 0, 0);
    }
}

static bool take(void)
{
    static struct headers h;
    struct iovec v[2] = {{&h, conn.open ? FIXED : sizeof(h)},
                         {payload, sizeof(payload)}};
    ssize_t n = readv(tap, v, 2);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0)
        die("readv");
    if (h.type == htons(TYPE_ARP))
        answer_arp(h.to);
    else if (h.type == htons(TYPE_IP) && h.ip[9] == IPPROTO_TCP &&
             memcmp(h.ip + 16, &my_ip, 4) == 0)
        on_tcp(&h);
    return true;
}

static _Noreturn void serve_tap(const char *name, bool sends)
{
    struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &r) < 0 ||
        ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0)
        die(name);
    for (;;) {
        while (take())
            ;
        while (sends && conn.open &&
               conn.next + CUT - conn.acked <= conn.window) {
            put(ACK, 0, CUT);
            take();
        }
        poll(&(struct pollfd){.fd = tap, .events = POLLIN}, 1, -1);
    }
}

/* ---- by sockets ---- */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Gbit/s until the end of the time or of the connection. */
static double transfer(int fd, bool sends, double seconds)
{
    static char block[BLOCK];
    double start = now(), bytes = 0;
    ssize_t n;

    do {
        n = sends ? write(fd, block, BLOCK) : read(fd, block, BLOCK);
        bytes += n > 0 ? (double)n : 0;
    } while (n > 0 && now() - start < seconds);
    return bytes * 8 / 1e9 / (now() - start);
}

static _Noreturn void serve(bool sends)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(l, (void *)&a, sizeof(a)) < 0 || listen(l, 5) < 0)
        die("listen");
    for (;;) {
        int fd = accept(l, NULL, NULL);

        transfer(fd, sends, 1e9);
        close(fd);
    }
}

static void ask(const char *address, bool sends)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct linger reset = {1, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (!inet_aton(address, &a.sin_addr) ||
        connect(fd, (void *)&a, sizeof(a)) < 0)
        die(address);
    printf("%.3f\n", transfer(fd, sends, 1));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 2 ? argv[1] : "";
    bool sends = argc > 2 && strcmp(argv[argc - 1], "send") == 0;

    signal(SIGPIPE, SIG_IGN);
    if (argc == 5 && strcmp(verb, "tap") == 0 &&
        inet_aton(argv[3], (struct in_addr *)&my_ip))
        serve_tap(argv[2], sends);
    if (argc == 3 && strcmp(verb, "serve") == 0)
        serve(sends);
    if (argc != 4 || strcmp(verb, "ask") != 0) {
        fprintf(stderr, "usage: stream serve|tap|ask ... send|receive\n");
        return 2;
    }
    ask(argv[2], !sends);
    return 0;
}
