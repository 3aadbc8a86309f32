/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/bans.h"

#include <sys/stat.h>

#include "tests/unit/relay/owners.h"

static struct bans *make(const char *text)
{
    struct bans *b = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(bans_parse(rng_system(), "bans", text, strlen(text), &b, &why), 0, "%s", why.text);
    return b;
}

static struct net net(const char *text)
{
    struct net n;
    cr_assert_eq(net_parse(text, &n), 0);
    return n;
}

static void add(struct bans *b, const char *what, int expected)
{
    struct bans_row row = {.since = 7, .why = "because"};
    struct beam_why why = {.text = ""};
    cr_assert_eq(ban_parse(what, &row.ban, &why), 0, "%s", why.text);
    cr_assert_eq(bans_add(b, &row, &why), expected, "%s", why.text);
}

BEAM_TEST(bans, hold_for_keys_endpoints_and_prefixes)
{
    struct bans *b = make("192.0.2.0/24\t1\tspam\n2001:db8::/32\n# a word\n\n"
                          "aeaqcaibaeaqcaibaeaqcaibae\t\tphishing");
    struct peer_id alice = owner(1), bob = owner(2);
    char text[PEER_ID_TEXT_SIZE];
    const uint8_t id[RESERVATION_ID_SIZE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const uint8_t other[RESERVATION_ID_SIZE] = {1};
    struct net in = net("192.0.2.200"), out = net("192.0.3.1"), six = net("2001:db8:9::1"),
               none = {.version = 0};
    cr_expect_eq(bans_count(b), 3u);
    cr_expect(bans_net(b, &in));
    cr_expect(bans_net(b, &six));
    cr_expect_not(bans_net(b, &out));
    cr_expect_not(bans_net(b, &none));
    cr_expect(bans_endpoint(b, id));
    cr_expect_not(bans_endpoint(b, other));
    peer_id_text(&alice, text);
    cr_expect_not(bans_key(b, &alice));
    add(b, text, 0);
    cr_expect(bans_key(b, &alice));
    cr_expect_not(bans_key(b, &bob));
    add(b, text, BEAM_EEXIST);
    struct ban ban = {.kind = BAN_NET, .net = net("192.0.2.0/24")};
    cr_expect_eq(bans_remove(b, &ban, NULL), 0);
    cr_expect_not(bans_net(b, &in));
    cr_expect_eq(bans_remove(b, &ban, NULL), BEAM_ENOTFOUND);
    bans_free(b);
}

BEAM_TEST(bans, are_there_after_a_restart_and_read_again)
{
    struct place p;
    struct bans *b = NULL, *again = NULL;
    struct beam_why why = {.text = ""};
    const struct bans_row *row;
    struct stat st;
    size_t at = 0;
    place_make(&p);
    cr_assert_eq(bans_open(p.file, rng_system(), &b, &why), 0, "%s", why.text);
    add(b, "192.0.2.0/24", 0);
    add(b, "192.0.3.7", 0);
    cr_assert_eq(stat(p.file, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600u);
    cr_assert_eq(bans_open(p.file, rng_system(), &again, &why), 0, "%s", why.text);
    cr_expect_eq(bans_count(again), 2u);
    while ((row = bans_next(again, &at)) != NULL) {
        cr_expect_eq(row->since, 7u);
        cr_expect_str_eq(row->why, "because");
    }
    struct net out = net("198.51.100.1"), was = net("192.0.3.7");
    cr_assert_eq(file_write(p.file, 0600, "198.51.100.0/24\n", 16), 0);
    cr_assert_eq(bans_reread(b, &why), 0, "%s", why.text);
    cr_expect(bans_net(b, &out));
    cr_expect_not(bans_net(b, &was));
    cr_assert_eq(file_write(p.file, 0600, "nobody\n", 7), 0);
    cr_expect_eq(bans_reread(b, &why), BEAM_EINVAL);
    cr_expect_not_null(strstr(why.text, ":1: nobody"), "%s", why.text);
    cr_expect(bans_net(b, &out), "as it was");
    bans_free(b);
    bans_free(again);
    place_remove(&p);
}

BEAM_TEST(bans, a_file_that_makes_no_sense_is_said_where)
{
    static const char *const bad[] = {"192.0.2.0/24\n192.0.2.1/24", "x", "192.0.2.1\tyesterday",
                                      "\t1\t", "\xff\xfe"};
    struct bans *b = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(bans_parse(rng_system(), "bans", bad[i], strlen(bad[i]), &b, &why),
                     BEAM_EINVAL, "%s", bad[i]);
        cr_expect_not_null(strstr(why.text, i == 0 ? "bans:2: " : "bans:1: "), "%s", why.text);
    }
}

BEAM_TEST(bans, what_is_written_can_be_read)
{
    struct place p;
    struct bans *b = NULL, *again = NULL;
    struct beam_why why = {.text = ""};
    struct bans_row row = {.why = "a\tb\nc"};
    place_make(&p);
    cr_assert_eq(ban_parse("192.0.2.1", &row.ban, NULL), 0);
    cr_assert_eq(bans_open(p.file, rng_system(), &b, &why), 0);
    cr_assert_eq(bans_add(b, &row, &why), 0, "%s", why.text);
    cr_assert_eq(bans_open(p.file, rng_system(), &again, &why), 0, "%s", why.text);
    cr_expect_eq(bans_count(again), 1u);
    bans_free(b);
    bans_free(again);
    place_remove(&p);
}
