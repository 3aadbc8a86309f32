/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/port_pool.h"

#include <string.h>

#include "tests/unit/harness.h"

static int parse(const char *text, struct port_range *out)
{
    struct beam_why why = {.text = ""};
    int err = port_range_parse("relay.tcp_ports", text, out, &why);
    cr_assert(err == 0 || strstr(why.text, "relay.tcp_ports"), "%s", why.text);
    return err;
}

BEAM_TEST(port_pool, ranges_are_read)
{
    static const char *const wrong[] = {"0",   "0-5",   "5-4",     "1-65536", "-",
                                        "5-",  "-5",    "1-2-3",   "a",       "1 - 2",
                                        "1,2", "65536", "20000- ", " 20000"};
    struct port_range r = {7, 7};
    cr_assert(parse("", &r) == 0 && r.first == 0 && r.last == 0);
    cr_assert(parse("20000-20999", &r) == 0 && r.first == 20000 && r.last == 20999);
    cr_assert(port_range_has(&r, 20000) && port_range_has(&r, 20999));
    cr_assert(!port_range_has(&r, 19999) && !port_range_has(&r, 21000) && !port_range_has(&r, 0));
    cr_assert(parse("443", &r) == 0 && r.first == 443 && r.last == 443);
    cr_assert(parse("1-65535", &r) == 0 && r.first == 1 && r.last == 65535);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(parse(wrong[i], &r), BEAM_EINVAL, "%s", wrong[i]);
}

BEAM_TEST(port_pool, each_port_is_one_owners)
{
    const struct port_range range = {20000, 20009};
    bool seen[10] = {false}, twice = false;
    struct port_pool *p = NULL;
    cr_assert_eq(port_pool_new(&range, rng_system(), &p), 0);
    uint16_t wanted = port_pool_take(p, 20004), other = port_pool_take(p, 20004);
    uint16_t outside = port_pool_take(p, 80);
    seen[wanted % 10] = seen[other % 10] = seen[outside % 10] = true;
    for (int i = 0; i < 7; i++) {
        uint16_t port = port_pool_take(p, 0);
        twice = twice || !port_range_has(&range, port) || seen[port % 10];
        seen[port % 10] = true;
    }
    uint16_t none = port_pool_take(p, 20004);
    size_t left = port_pool_left(p);
    port_pool_give(p, 20007);
    port_pool_give(p, 20007);
    port_pool_give(p, 80);
    size_t after = port_pool_left(p);
    uint16_t last = port_pool_take(p, 0);
    port_pool_free(p);
    cr_assert(wanted == 20004 && other != 20004 && other >= 20000 && other <= 20009);
    cr_assert(outside >= 20000 && outside <= 20009 && outside != other && outside != wanted);
    cr_assert(!twice && none == 0 && left == 0 && after == 1 && last == 20007);
}

BEAM_TEST(port_pool, what_is_somebodys_can_be_claimed_once_and_none_means_none)
{
    const struct port_range range = {65534, 65535}, empty = {0, 0};
    struct port_pool *p = NULL, *none = NULL;
    cr_assert_eq(port_pool_new(&range, rng_system(), &p), 0);
    cr_assert_eq(port_pool_new(&empty, rng_system(), &none), 0);
    bool first = port_pool_claim(p, 65535), second = port_pool_claim(p, 65535);
    bool zero = port_pool_claim(p, 0), low = port_pool_claim(p, 65533);
    uint16_t other = port_pool_take(p, 0), of_none = port_pool_take(none, 0);
    bool claimed = port_pool_claim(none, 0);
    port_pool_free(p);
    port_pool_free(none);
    cr_assert(first && !second && !zero && !low && !claimed);
    cr_assert(other == 65534 && of_none == 0);
}
