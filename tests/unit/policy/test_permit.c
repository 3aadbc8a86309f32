/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/permit.h"

#include <string.h>

#include "tests/unit/harness.h"

/* Each address, and which permits cover it when it was typed and when it was
 * learned: l(ocal), t(or), L(an), a(ny). */
static const struct {
    const char *to, *typed, *learned;
} rows[] = {
    {"/run/app.sock", "ltLa", ""},
    {"127.0.0.1", "ltLa", ""},
    {"127.255.255.254", "ltLa", ""},
    {"::1", "ltLa", ""},
    {"::ffff:127.0.0.1", "ltLa", ""},
    {"10.1.2.3", "La", ""},
    {"172.16.0.1", "La", ""},
    {"192.168.1.1", "La", ""},
    {"169.254.1.1", "La", ""},
    {"100.64.0.1", "La", ""},
    {"fe80::1", "La", ""},
    {"fd00::1", "La", ""},
    {"::ffff:192.168.1.1", "La", ""},
    {"192.0.2.1", "a", "a"},
    {"2001:db8::1", "a", "a"},
    {"::ffff:192.0.2.1", "a", "a"},
    {"0.0.0.0", "a", ""},
    {"::", "a", ""},
    {"::ffff:0.0.0.0", "a", ""},
};

static void holds_for(const struct permit *p, char letter)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr to;
        int err = rows[i].to[0] == '/' ? addr_unix(rows[i].to, &to)
                                       : addr_ip(rows[i].to, strlen(rows[i].to), 80, &to);
        cr_assert_eq(err, 0);
        for (int learned = 0; learned < 2; learned++) {
            bool want = strchr(learned ? rows[i].learned : rows[i].typed, letter) != NULL;
            struct beam_why why = {0};
            err = permit_check(p, &to, learned ? PERMIT_LEARNED : PERMIT_TYPED, &why);
            cr_assert_eq(err, want ? 0 : BEAM_EPOLICY, "%c %s %d", letter, rows[i].to, learned);
            cr_assert_eq(why.code, err);
            cr_assert_eq(strlen(why.text) > 0, !want);
            cr_assert_null(strstr(why.text, rows[i].to), "an address is not for every log");
            cr_assert_eq(permit_check(p, &to, learned ? PERMIT_LEARNED : PERMIT_TYPED, NULL), err);
        }
        bool listens = strchr(rows[i].typed, letter) != NULL;
        struct beam_why why = {0};
        err = permit_check_listen(p, &to, &why);
        cr_assert_eq(err, listens ? 0 : BEAM_EPOLICY, "%c %s", letter, rows[i].to);
        cr_assert_eq(why.code, err);
    }
}

BEAM_TEST(permit, what_each_egress_covers)
{
    static const char letters[] = "tLa";
    for (unsigned i = 0; i < 3; i++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, (enum policy_egress)i, &policy), 0);
        cr_assert_eq(permit_new(&policy, &p), 0);
        cr_assert_not_null(p);
        holds_for(p, letters[i]);
        cr_assert_eq(permit_check_tor(p, NULL), 0);
        permit_free(p);
    }
}

BEAM_TEST(permit, what_the_network_names_may_be_private_where_a_user_wants_it)
{
    static const struct {
        const char *to;
        const char *learned; /* under tor, lan, any: t, L, a */
    } cases[] = {{"127.0.0.1", "tLa"}, {"10.1.2.3", "La"}, {"192.0.2.1", "a"}, {"0.0.0.0", ""}};
    static const char letters[] = "tLa";
    for (unsigned i = 0; i < 3; i++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, (enum policy_egress)i, &policy), 0);
        policy.allow_private = true;
        cr_assert_eq(permit_new(&policy, &p), 0);
        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
            struct addr to;
            cr_assert_eq(addr_ip(cases[j].to, strlen(cases[j].to), 80, &to), 0);
            int want = strchr(cases[j].learned, letters[i]) ? 0 : BEAM_EPOLICY;
            cr_expect_eq(permit_check(p, &to, PERMIT_LEARNED, NULL), want, "%c %s", letters[i],
                         cases[j].to);
        }
        permit_free(p);
    }
}

BEAM_TEST(permit, whom_a_machine_on_the_link_names)
{
    static const struct {
        enum policy_egress egress;
        bool nearby, allow_private;
        const char *covered; /* of the addresses below, by their first letters */
    } cases[] = {
        {POLICY_EGRESS_TOR, true, true, ""}, /* whatever else a policy says */
        {POLICY_EGRESS_LAN, false, true, ""},   {POLICY_EGRESS_LAN, true, false, "pk"},
        {POLICY_EGRESS_ANY, true, false, "pk"}, {POLICY_EGRESS_ANY, true, true, "pkl"},
    };
    static const struct {
        char letter;
        const char *text;
    } addrs[] = {{'p', "192.168.1.7"}, {'k', "169.254.3.4"}, {'l', "127.0.0.1"},
                 {'g', "192.0.2.1"},   {'u', "0.0.0.0"},     {'m', "224.0.0.251"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy policy;
        struct permit *p = NULL;
        cr_assert_eq(policy_ad_hoc(POLICY_ONION, cases[i].egress, &policy), 0);
        policy.discovery = cases[i].nearby ? POLICY_DISCOVERY_LAN : POLICY_DISCOVERY_DHT;
        policy.allow_private = cases[i].allow_private;
        cr_assert_eq(permit_new(&policy, &p), 0);
        for (size_t j = 0; j < sizeof(addrs) / sizeof(addrs[0]); j++) {
            struct beam_why why = {0};
            struct addr to;
            int want = strchr(cases[i].covered, addrs[j].letter) ? 0 : BEAM_EPOLICY;
            cr_assert_eq(addr_ip(addrs[j].text, strlen(addrs[j].text), 80, &to), 0);
            cr_expect_eq(permit_check(p, &to, PERMIT_NEARBY, &why), want, "%zu %s", i,
                         addrs[j].text);
            cr_expect_eq(permit_check_nearby(p, &to, &why), want, "%zu %s", i, addrs[j].text);
            cr_expect_eq(why.code, want);
        }
        permit_free(p);
    }
}

BEAM_TEST(permit, local_covers_this_machine_alone)
{
    struct permit *p = NULL;
    struct beam_why why = {0};
    cr_assert_eq(permit_new_local(&p), 0);
    cr_assert_not_null(p);
    holds_for(p, 'l');
    cr_assert_eq(permit_check_tor(p, &why), BEAM_EPOLICY);
    cr_assert_eq(beam_err_exit(why.code), 4);
    permit_free(p);
    permit_free(NULL);
}

BEAM_TEST(permit, an_address_of_no_known_kind_is_global)
{
    struct permit *p = NULL;
    struct addr to = {0};
    cr_assert_eq(permit_new_local(&p), 0);
    cr_assert_not_null(p);
    cr_assert_eq(permit_check(p, &to, PERMIT_TYPED, NULL), BEAM_EPOLICY);
    cr_assert_eq(permit_check(p, &to, PERMIT_LEARNED, NULL), BEAM_EPOLICY);
    permit_free(p);
}

BEAM_TEST(permit, outlives_its_policy)
{
    struct policy policy;
    struct permit *p = NULL;
    struct addr to;
    struct beam_why why = {0};
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &p), 0);
    cr_assert_not_null(p);
    policy.egress = POLICY_EGRESS_ANY; /* nothing widens what was made */
    memcpy(policy.name, "changed", 8);
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &to), 0);
    cr_assert_eq(permit_check(p, &to, PERMIT_TYPED, &why), BEAM_EPOLICY);
    cr_assert_not_null(strstr(why.text, "policy ad hoc: "));
    cr_assert_not_null(strstr(why.text, "`tor`"));
    permit_free(p);
}
