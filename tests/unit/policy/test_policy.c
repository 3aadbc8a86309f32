/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static struct conf *with(const char *text)
{
    struct conf *c = NULL;
    struct beam_why why = {0};
    cr_assert_eq(conf_new(&c), 0);
    cr_assert_not_null(c);
    cr_assert_eq(conf_parse(c, "x.conf", "/", text, strlen(text), &why), 0, "%s", why.text);
    return c;
}

BEAM_TEST(policy, anonymous_is_built_in)
{
    struct conf *c = with("");
    struct policy p = {.paths = 99};
    cr_assert_eq(policy_find(c, "anonymous", &p, NULL), 0);
    cr_assert_str_eq(p.name, "anonymous");
    cr_assert_eq(p.paths, (unsigned)POLICY_ONION);
    cr_assert_eq(p.egress, POLICY_EGRESS_TOR);
    cr_assert_eq(policy_find(c, c->policy_default, &p, NULL), 0, "the default's default");
    conf_free(c);
}

BEAM_TEST(policy, private_has_a_relay_that_does_not_know_where_we_are)
{
    struct conf *c = with("");
    struct policy p = {.paths = 99};
    cr_assert_eq(policy_find(c, "private", &p, NULL), 0);
    cr_assert_eq(p.paths, (unsigned)(POLICY_ONION | POLICY_RELAY));
    cr_assert_eq(p.egress, POLICY_EGRESS_TOR);
    conf_free(c);
}

BEAM_TEST(policy, others_are_found_as_each_policy_says)
{
    enum { DHT = POLICY_DISCOVERY_DHT, ALL = DHT | POLICY_DISCOVERY_GOSSIP | POLICY_DISCOVERY_LAN };
    static const struct {
        const char *name;
        unsigned paths;
        enum policy_egress egress;
        unsigned discovery;
    } rows[] = {
        {"anonymous", POLICY_ONION, POLICY_EGRESS_TOR, DHT},
        {"private", POLICY_ONION | POLICY_RELAY, POLICY_EGRESS_TOR, DHT},
        {"open", POLICY_ONION | POLICY_RELAY, POLICY_EGRESS_ANY, ALL},
        {"lan", 0, POLICY_EGRESS_LAN, ALL},
        {"unsaid", POLICY_ONION, POLICY_EGRESS_ANY, DHT},
        {"all", POLICY_ONION, POLICY_EGRESS_ANY, ALL},
        {"two", POLICY_ONION, POLICY_EGRESS_LAN, POLICY_DISCOVERY_GOSSIP | POLICY_DISCOVERY_LAN},
        {"hidden", POLICY_ONION, POLICY_EGRESS_TOR, DHT},
        {"none", POLICY_ONION, POLICY_EGRESS_ANY, 0},
        {"empty", POLICY_ONION, POLICY_EGRESS_TOR, 0},
    };
    struct conf *c = with("[policy \"unsaid\"]\npaths=onion\negress=any\n"
                          "[policy \"all\"]\npaths=onion\negress=any\ndiscovery = dht, gossip,lan\n"
                          "[policy \"two\"]\npaths=onion\ndiscovery = lan gossip lan\negress=lan\n"
                          "[policy \"hidden\"]\npaths=onion\ndiscovery = dht\n"
                          "[policy \"none\"]\npaths=onion\negress=any\ndiscovery = none\n"
                          "[policy \"empty\"]\npaths=onion\ndiscovery =\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy p;
        cr_assert_eq(policy_find(c, rows[i].name, &p, NULL), 0);
        cr_expect_eq(p.paths, rows[i].paths, "%s", rows[i].name);
        cr_expect_eq(p.egress, rows[i].egress, "%s", rows[i].name);
        cr_expect_eq(p.discovery, rows[i].discovery, "%s", rows[i].name);
    }
    conf_free(c);
}

BEAM_TEST(policy, sections_get_their_meaning)
{
    struct conf *c = with("[policy \"a\"]\npaths=onion\n"
                          "[policy \"b\"]\npaths= onion , onion\negress=lan\n"
                          "[policy \"c\"]\npaths=onion\negress=any\n"
                          "[policy \"d\"]\npaths=onion\negress=tor\n");
    static const enum policy_egress want[] = {POLICY_EGRESS_TOR, POLICY_EGRESS_LAN,
                                              POLICY_EGRESS_ANY, POLICY_EGRESS_TOR};
    struct beam_why why = {0};
    cr_assert_eq(policy_check(c, &why), 0, "%s", why.text);
    for (size_t i = 0; i < 4; i++) {
        struct policy p = {.paths = 0};
        char name[2] = {(char)('a' + i), '\0'};
        cr_assert_eq(policy_find(c, name, &p, &why), 0, "%s", why.text);
        cr_assert_str_eq(p.name, name);
        cr_assert_eq(p.paths, (unsigned)POLICY_ONION);
        cr_assert_eq(p.egress, want[i], "unsaid, it is tor");
    }
    conf_free(c);
}

BEAM_TEST(policy, circuits_are_told_apart_as_it_says_or_as_all_are)
{
    static const struct {
        const char *all;
        bool yes, no, unsaid;
    } rows[] = {{"", true, false, false}, {"[onion]\ntag_circuits=yes\n", true, false, true}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        struct policy p = {.paths = 0};
        snprintf(text, sizeof(text),
                 "[policy \"yes\"]\npaths=onion\ntag_circuits=yes\n"
                 "[policy \"no\"]\npaths=onion\ntag_circuits=no\n"
                 "[policy \"unsaid\"]\npaths=onion\n%s",
                 rows[i].all);
        struct conf *c = with(text);
        cr_assert_eq(policy_find(c, "yes", &p, NULL), 0);
        cr_expect_eq(p.tag_circuits, rows[i].yes);
        cr_assert_eq(policy_find(c, "no", &p, NULL), 0);
        cr_expect_eq(p.tag_circuits, rows[i].no);
        cr_assert_eq(policy_find(c, "unsaid", &p, NULL), 0);
        cr_expect_eq(p.tag_circuits, rows[i].unsaid);
        cr_assert_eq(policy_find(c, "anonymous", &p, NULL), 0);
        cr_expect_eq(p.tag_circuits, rows[i].unsaid);
        conf_free(c);
    }
}

BEAM_TEST(policy, sections_that_mean_nothing)
{
    static const struct {
        const char *text, *name, *word;
    } rows[] = {
        {"[policy \"a\"]\n", "a", "`paths` is missing"},
        {"[policy \"a\"]\npaths=\n", "a", "`` is not a list of: onion"},
        {"[policy \"a\"]\npaths=,\n", "a", "is not a list of: onion"},
        {"[policy \"a\"]\npaths=carrier-pigeon\n", "a", "`carrier-pigeon` is not a list of: onion"},
        {"[policy \"a\"]\npaths=onion, on\n", "a", "is not a list of: onion"},
        {"[policy \"a\"]\npaths=onions\n", "a", "is not a list of: onion"},
        {"[policy \"a\"]\npaths=onion\negress=internet\n", "a", "not one of: tor, lan, any"},
        {"[policy \"a\"]\npaths=onion\negress=\n", "a", "not one of: tor, lan, any"},
        {"[policy \"a\"]\npaths=onion\ndiscovery=dns\n", "a",
         "discovery: `dns` is not a list of: dht, gossip, lan; or none"},
        {"[policy \"a\"]\npaths=onion\ndiscovery=dht, none\n", "a", "`dht, none` is not a list of"},
        {"[policy \"a\"]\npaths=onion\ndiscovery=DHT\n", "a", "is not a list of: dht"},
        {"[policy \"a\"]\npaths=onion\ndiscovery=gossip\n", "a", "with egress = tor"},
        {"[policy \"a\"]\npaths=onion\negress=tor\ndiscovery=dht lan\n", "a", "by dht alone"},
        {"[policy \"a\"]\npaths=onion\ntag_circuits=maybe\n", "a", "`maybe` is not yes or no"},
        {"[policy \"A\"]\npaths=onion\n", "A", "the name may hold"},
        {"[policy \"ad hoc\"]\npaths=onion\n", "ad hoc", "the name may hold"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf *c = with(rows[i].text);
        struct policy p = {.paths = 77};
        struct beam_why why = {0};
        cr_assert_eq(policy_check(c, &why), BEAM_EINVAL, "%zu", i);
        cr_assert_eq(strncmp(why.text, "x.conf:1: ", 10), 0, "%s", why.text);
        cr_assert_not_null(strstr(why.text, rows[i].word), "%s", why.text);
        cr_assert_eq(policy_find(c, rows[i].name, &p, &why), BEAM_EINVAL);
        cr_assert_eq(p.paths, 77u);
        conf_free(c);
    }
    struct conf *c = with("[policy \"anonymous\"]\npaths=onion\negress=any\n");
    struct policy p;
    struct beam_why why = {0};
    cr_assert_eq(policy_check(c, &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "built in"));
    cr_assert_eq(policy_find(c, "anonymous", &p, &why), 0);
    cr_assert_eq(p.egress, POLICY_EGRESS_TOR, "a section cannot loosen a built-in one");
    conf_free(c);
}

BEAM_TEST(policy, one_that_is_not_there)
{
    struct conf *c = with("[policy \"mine\"]\npaths=onion\n");
    struct policy p = {.paths = 77};
    struct beam_why why = {0};
    cr_assert_eq(policy_find(c, "anonymos", &p, &why), BEAM_ENOTFOUND);
    cr_assert_eq(beam_err_exit(why.code), 5);
    cr_assert_not_null(strstr(why.text, "did you mean \"anonymous\"?"));
    cr_assert_not_null(strstr(why.text, "there are anonymous, private, open, lan, mine)"));
    cr_assert_eq(policy_find(c, "", &p, NULL), BEAM_ENOTFOUND);
    cr_assert_eq(p.paths, 77u);
    conf_free(c);

    /* So many that they do not fit a message. */
    char text[CONF_POLICIES_MAX * 64];
    size_t len = 0;
    for (int i = 0; i < CONF_POLICIES_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "[policy \"a-rather-long-name-%d\"]\npaths=onion\n", i);
    c = with(text);
    cr_assert_eq(policy_find(c, "none", &p, &why), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(why.text, "anonymous, private, open, lan, a-rather-long-name-0, "));
    conf_free(c);
}

BEAM_TEST(policy, ad_hoc)
{
    struct policy p = {.paths = 77};
    cr_assert_eq(policy_ad_hoc(0, POLICY_EGRESS_TOR, &p), BEAM_EINVAL);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION | 1u << 7, POLICY_EGRESS_TOR, &p), BEAM_EINVAL);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, (enum policy_egress)3, &p), BEAM_EINVAL);
    cr_assert_eq(p.paths, 77u);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &p), 0);
    cr_assert_str_eq(p.name, "ad hoc");
    cr_assert_eq(p.paths, (unsigned)POLICY_ONION);
    cr_assert_eq(p.egress, POLICY_EGRESS_ANY);
    cr_assert_eq(p.discovery, (unsigned)POLICY_DISCOVERY_DHT);
}

BEAM_TEST(policy, names)
{
    static const char *const names[] = {"tor", "lan", "any"};
    for (int i = 0; i < 3; i++) {
        enum policy_egress e = POLICY_EGRESS_TOR;
        cr_assert_eq(policy_egress_parse(names[i], &e), 0);
        cr_assert_eq((int)e, i);
        cr_assert_str_eq(policy_egress_name(e), names[i]);
    }
    enum policy_egress e = POLICY_EGRESS_LAN;
    cr_assert_eq(policy_egress_parse("", &e), BEAM_EINVAL);
    cr_assert_eq(policy_egress_parse("Any", &e), BEAM_EINVAL);
    cr_assert_eq(e, POLICY_EGRESS_LAN);
    cr_assert_str_eq(policy_path_name(POLICY_ONION), "onion");
    cr_assert_str_eq(policy_path_name((enum policy_path)6), "?");
}
