/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/lan.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/egress.h"
#include "loop/listen.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

static struct permit *permit_of(enum policy_egress egress, bool nearby)
{
    struct policy policy;
    struct permit *p = NULL;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, egress, &policy), 0);
    policy.discovery = nearby ? POLICY_DISCOVERY_LAN : 0;
    policy.allow_private = true;
    cr_assert_eq(permit_new(&policy, &p), 0);
    return p;
}

static struct addr address(const char *ip, uint16_t port)
{
    struct addr a;
    cr_assert_eq(addr_ip(ip, strlen(ip), port, &a), 0);
    return a;
}

/* Loopback, as the system has it. */
static struct lan here(const struct permit *p)
{
    struct lan list[LANS_MAX];
    int n = lan_list(p, list), i = 0;
    while (i < n && addr_scope(&list[i].at) != ADDR_LOOPBACK)
        i++;
    cr_assert_lt(i, n);
    return list[i];
}

BEAM_TEST(lan, who_is_on_it)
{
    const struct lan l = {.index = 1, .at = address("192.168.7.1", 1), .prefix = 22};
    const struct lan same = l, longer = {.index = 1, .at = l.at, .prefix = 23};
    const struct addr near = address("192.168.4.9", 5), far = address("192.168.8.1", 5),
                      other = address("fe80::1", 5);
    cr_expect(lan_covers(&l, &near));
    cr_expect(!lan_covers(&l, &far));
    cr_expect(!lan_covers(&l, &other));
    cr_expect(lan_equal(&l, &same));
    cr_expect(!lan_equal(&l, &longer));
}

BEAM_TEST(lan, only_what_the_permit_covers)
{
    struct lan list[LANS_MAX];
    struct permit *tor = permit_of(POLICY_EGRESS_TOR, true);
    struct permit *blind = permit_of(POLICY_EGRESS_ANY, false);
    struct permit *open = permit_of(POLICY_EGRESS_ANY, true);
    const struct addr group = address("224.0.0.251", 15353);
    const struct lan lo = here(open);
    int fd = -1;
    cr_expect_eq(lo.prefix, 8u);
    cr_expect_eq(lan_list(tor, list), 0);
    cr_expect_eq(lan_list(blind, list), 0);
    cr_expect_eq(listen_group(tor, &lo, &group, &fd), BEAM_EPOLICY);
    cr_expect_eq(egress_group(blind, &lo, &group, &fd), BEAM_EPOLICY);
    cr_expect_eq(fd, -1);
    permit_free(tor);
    permit_free(blind);
    permit_free(open);
}

static bool has_come(void *arg)
{
    char byte;
    return recv(*(int *)arg, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

BEAM_TEST(lan, what_is_sent_to_a_group_comes_to_all_who_listen)
{
    struct loop *l = until_loop_new();
    struct permit *p = permit_of(POLICY_EGRESS_LAN, true);
    const struct addr group = address("224.0.0.251", 15353);
    const struct lan lo = here(p);
    int in[2] = {-1, -1}, out = -1;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(listen_group(p, &lo, &group, &in[i]), 0);
    cr_assert_eq(egress_group(p, &lo, &group, &out), 0);
    cr_assert_eq(send(out, "x", 1, 0), 1);
    for (int i = 0; i < 2; i++) {
        struct addr from = {.len = sizeof(from.ss)};
        char byte = 0;
        cr_assert(until(l, has_come, &in[i]));
        cr_assert_eq(recvfrom(in[i], &byte, 1, 0, (struct sockaddr *)&from.ss, &from.len), 1);
        cr_expect_eq(byte, 'x');
        cr_expect_eq(addr_port(&from), 15353);
        close(in[i]);
    }
    close(out);
    permit_free(p);
    loop_free(l);
}
