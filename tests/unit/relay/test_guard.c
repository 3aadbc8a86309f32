/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/guard.h"

#include "tests/unit/relay/owners.h"

struct scene {
    struct bans *bans;
    struct guard *guard;
};

static void begin(struct scene *s, const char *bans, const struct guard_limits *limits)
{
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    s->bans = NULL;
    s->guard = NULL;
    cr_assert_eq(bans_parse(rng_system(), "bans", bans, strlen(bans), &s->bans, &why), 0);
    cr_assert_eq(guard_new(rng_system(), s->bans, 8, 8, &s->guard), 0);
    guard_limit(s->guard, limits);
}

static void end(struct scene *s)
{
    guard_free(s->guard);
    bans_free(s->bans);
}

static struct net net(const char *text)
{
    struct net n = {.version = 0};
    if (text)
        cr_assert_eq(net_parse(text, &n), 0);
    return n;
}

BEAM_TEST(guard, a_source_has_so_many_visitors)
{
    struct scene s;
    const struct guard_limits limits = {.source_visitors = 2};
    struct net a = net("192.0.2.1"), b = net("192.0.2.2"), c = net("192.0.3.1"),
               here = net("127.0.0.1");
    begin(&s, "", &limits);
    cr_expect(guard_enter(s.guard, &a));
    cr_expect(guard_enter(s.guard, &b));
    cr_expect_not(guard_enter(s.guard, &a), "of one source with b");
    cr_expect(guard_enter(s.guard, &c));
    for (int i = 0; i < 10; i++)
        cr_expect(guard_enter(s.guard, &here), "a proxy of the operator's");
    guard_leave(s.guard, &b);
    cr_expect(guard_enter(s.guard, &a));
    end(&s);
}

BEAM_TEST(guard, requests_are_counted_by_source_and_by_tunnel)
{
    struct scene s;
    const struct guard_limits limits = {.source_requests = 1, .tunnel_requests = 2};
    struct net a = net("192.0.2.1"), here = net("127.0.0.1");
    struct peer_id alice = owner(1), bob = owner(2);
    uint64_t wait = 0;
    begin(&s, "", &limits);
    for (int i = 0; i < 10; i++)
        cr_expect(guard_request(s.guard, &a, &alice, 1000, &wait));
    cr_expect_not(guard_request(s.guard, &a, &bob, 1000, &wait));
    cr_expect_eq(wait, 1000u);
    for (int i = 0; i < 10; i++)
        cr_expect(guard_request(s.guard, &here, &alice, 1000, &wait));
    cr_expect_not(guard_request(s.guard, &here, &alice, 1000, &wait));
    cr_expect(guard_request(s.guard, &here, &bob, 1000, &wait));
    end(&s);
}

BEAM_TEST(guard, owners_are_counted_by_key_by_source_and_together)
{
    struct scene s;
    struct guard_limits limits = {
        .key_reservations = 1, .source_reservations = 2, .reservations = 6};
    struct net a = net("192.0.2.1"), onion = net(NULL);
    struct peer_id key[6];
    uint64_t wait = 0;
    for (uint8_t i = 0; i < 6; i++)
        key[i] = owner(i);
    begin(&s, "", &limits);
    cr_expect_eq(guard_ask(s.guard, &key[0], &a, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[0], &a, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[0], &a, 0, &wait), BEAM_ELIMIT);
    cr_expect_eq(wait, 60000u);
    cr_expect_eq(guard_ask(s.guard, &key[1], &a, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[2], &a, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[3], &a, 0, &wait), BEAM_ELIMIT, "that source");
    cr_expect_eq(guard_load(s.guard, 0), 66u);
    cr_expect_eq(guard_ask(s.guard, &key[4], &onion, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[4], &onion, 0, &wait), 0);
    cr_expect_eq(guard_ask(s.guard, &key[5], &onion, 0, &wait), BEAM_ELIMIT, "all together");
    cr_expect_eq(wait, 10000u);
    end(&s);
}

BEAM_TEST(guard, new_names_are_counted_by_key_and_by_source)
{
    struct scene s;
    const struct guard_limits limits = {.key_names = 2, .source_names = 3};
    struct net a = net("192.0.2.1"), b = net("192.0.2.2"), here = net("127.0.0.1");
    struct peer_id alice = owner(1), bob = owner(2);
    begin(&s, "", &limits);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(guard_name_wait(s.guard, &alice, &a, 0), 0u);
        cr_expect_eq(guard_name_wait(s.guard, &alice, &a, 0), 0u, "asking takes none");
        guard_named(s.guard, &alice, &a, 0);
    }
    cr_expect_eq(guard_name_wait(s.guard, &alice, &a, 0), 1800000u);
    cr_expect_eq(guard_name_wait(s.guard, &alice, &here, 0), 1800000u, "from wherever");
    cr_expect_eq(guard_name_wait(s.guard, &bob, &b, 0), 0u);
    guard_named(s.guard, &bob, &b, 0);
    cr_expect_eq(guard_name_wait(s.guard, &bob, &b, 0), 1200000u, "that source");
    cr_expect_eq(guard_name_wait(s.guard, &bob, &here, 0), 0u);
    cr_expect_eq(guard_name_wait(s.guard, &alice, &a, 1800000), 0u);
    end(&s);
}

BEAM_TEST(guard, bans_come_first)
{
    struct scene s;
    const struct guard_limits none = {.source_visitors = 0};
    struct peer_id alice = owner(1), bob = owner(2);
    char text[2 * PEER_ID_TEXT_SIZE], key[PEER_ID_TEXT_SIZE];
    struct net in = net("127.0.0.1"), out = net("192.0.2.1");
    uint64_t wait = 0;
    peer_id_text(&alice, key);
    snprintf(text, sizeof(text), "127.0.0.0/8\n%s\n", key);
    begin(&s, text, &none);
    cr_expect_not(guard_enter(s.guard, &in));
    cr_expect(guard_enter(s.guard, &out));
    cr_expect_eq(guard_ask(s.guard, &alice, &out, 0, &wait), BEAM_EPERM);
    cr_expect_eq(guard_ask(s.guard, &bob, &in, 0, &wait), BEAM_EPERM);
    cr_expect_eq(guard_ask(s.guard, &bob, &out, 0, &wait), 0);
    cr_expect(guard_shuts_out(s.guard, &alice, &out));
    cr_expect_not(guard_shuts_out(s.guard, &bob, &out));
    cr_expect(guard_shuts_out(s.guard, NULL, &in));
    cr_expect_not(guard_shuts_out(s.guard, NULL, &out));
    end(&s);
}
