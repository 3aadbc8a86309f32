/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/wish.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/tunnel/folder.h"

struct set {
    struct folder folder;
    struct keystore *keys;
    struct conf *conf;
    struct wish wish;
    struct beam_why why;
};

static struct set begin(void)
{
    struct set s = {.folder = folder_make()};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(conf_new(&s.conf), 0);
    cr_assert_eq(keystore_new(s.folder.path, KEYSTORE_OWN, rng_system(), &s.keys), 0);
    return s;
}

static void end(struct set *s)
{
    conf_free(s->conf);
    keystore_free(s->keys);
    folder_remove(&s->folder);
}

static int read_wish(struct set *s, const struct message *m)
{
    return wish_read(m, s->conf, s->keys, rng_system(), &s->wish, &s->why);
}

BEAM_TEST(wish, a_name_is_made_and_kept)
{
    struct set s = begin();
    const struct message m = {.publish = {.target = "3000"}};
    char first[NAMES_SIZE];
    cr_assert_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    cr_expect_str_eq(s.wish.target.text, "127.0.0.1:3000");
    cr_expect_str_eq(s.wish.policy.name, "anonymous");
    snprintf(first, sizeof(first), "%s", s.wish.name);
    cr_assert_eq(read_wish(&s, &m), 0);
    cr_expect_str_eq(s.wish.name, first);
    end(&s);
}

BEAM_TEST(wish, a_given_name_is_taken_or_refused)
{
    struct set s = begin();
    cr_assert_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .name = "a-b"}}), 0);
    cr_expect_str_eq(s.wish.name, "a-b");
    cr_expect_eq(folder_count(&s.folder), 0, "something was kept");
    cr_expect_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .name = "A"}}),
                 BEAM_EUSAGE);
    cr_expect_eq(s.why.code, BEAM_EUSAGE);
    end(&s);
}

BEAM_TEST(wish, policies)
{
    static const char text[] =
        "[policy \"mine\"]\npaths = onion\negress = lan\ntag_circuits = yes\n";
    struct set s = begin();
    cr_assert_eq(conf_parse(s.conf, "t", "/", text, sizeof(text) - 1, &s.why), 0, "%s", s.why.text);

    cr_assert_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .policy = "mine"}}), 0);
    cr_expect_str_eq(s.wish.policy.name, "mine");
    cr_expect_eq(s.wish.policy.egress, POLICY_EGRESS_LAN);
    cr_expect(s.wish.policy.tag_circuits);

    cr_expect_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .policy = "other"}}),
                 BEAM_EUSAGE);

    cr_expect_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .policy = "lan"}}),
                 BEAM_EUSAGE, "no path");
    cr_assert_eq(read_wish(&s,
                           &(struct message){
                               .publish = {.target = "1", .policy = "lan", .paths = POLICY_ONION}}),
                 0);

    /* --tor is what `anonymous` is; any other egress is not. */
    cr_assert_eq(
        read_wish(&s, &(struct message){.publish = {.target = "1", .paths = POLICY_ONION}}), 0);
    cr_expect_str_eq(s.wish.policy.name, "anonymous");
    cr_expect_eq(s.wish.policy.egress, POLICY_EGRESS_TOR);
    const struct message any = {
        .publish = {
            .target = "1", .paths = POLICY_ONION, .has_egress = true, .egress = POLICY_EGRESS_ANY}};
    cr_assert_eq(read_wish(&s, &any), 0);
    cr_expect_str_eq(s.wish.policy.name, "ad hoc");
    cr_expect_eq(s.wish.policy.egress, POLICY_EGRESS_ANY);
    cr_expect(!s.wish.policy.tag_circuits);
    cr_assert_eq(conf_set(s.conf, "onion.tag_circuits=yes", NULL), 0);
    cr_assert_eq(read_wish(&s, &any), 0);
    cr_expect(s.wish.policy.tag_circuits);
    cr_assert_eq(conf_set(s.conf, "onion.tag_circuits=no", NULL), 0);

    /* An egress alone changes that of the default policy, here to a tighter one. */
    cr_assert_eq(conf_set(s.conf, "policy.default=mine", NULL), 0);
    const struct message tor = {
        .publish = {.target = "1", .has_egress = true, .egress = POLICY_EGRESS_TOR}};
    cr_assert_eq(read_wish(&s, &tor), 0);
    cr_expect_eq(s.wish.policy.egress, POLICY_EGRESS_TOR);
    cr_expect(s.wish.policy.tag_circuits);
    end(&s);
}

BEAM_TEST(wish, targets)
{
    struct set s = begin();
    char text[128];
    cr_expect_eq(wish_check("3000", "/", NULL, &s.why), 0);
    cr_expect_eq(wish_check("3000", "/", "a", &s.why), 0);
    cr_expect_eq(wish_check("unix:not-there-yet", s.folder.path, NULL, &s.why), 0);
    static const char *const bad[] = {"0", "65536", "abc", "unix:", "example.com:80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(wish_check(bad[i], "/", NULL, &s.why), BEAM_EUSAGE, "%s", bad[i]);
    cr_expect_eq(wish_check("3000", "/", "a.b", &s.why), BEAM_EUSAGE);

    snprintf(text, sizeof(text), "unix:%s", s.folder.path);
    cr_expect_eq(wish_check(text, "/", NULL, &s.why), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "folder"), "%s", s.why.text);
    snprintf(text, sizeof(text), "%s/file", s.folder.path);
    cr_assert_eq(file_write(text, 0600, "", 0), 0);
    cr_expect_eq(wish_check("unix:file", s.folder.path, NULL, &s.why), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "not a socket"), "%s", s.why.text);
    end(&s);
}

/* A relay that nobody named is looked for where nodes are known, or can be met. */
BEAM_TEST(wish, a_relay_is_found_by_who_can_ask_somebody)
{
    struct set s = begin();
    const struct message m = {.publish = {.target = "1", .policy = "private"}};
    cr_assert_eq(read_wish(&s, &m), 0);
    cr_expect(s.wish.find_relay && s.wish.rendezvous);
    cr_assert_eq(conf_set(s.conf, "network.bootstrap=/ip4/192.0.2.1/tcp/1", &s.why), 0);
    cr_assert_eq(read_wish(&s, &m), 0);
    cr_expect(s.wish.find_relay && !s.wish.rendezvous);
    cr_assert_eq(conf_set(s.conf, "network.bootstrap=", &s.why), 0);
    cr_assert_eq(conf_set(s.conf, "network.rendezvous=off", &s.why), 0);
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "network.rendezvous"), "%s", s.why.text);
    end(&s);
}

/* Without the DHT among its policy's discovery nobody is asked, however its egress is changed. */
BEAM_TEST(wish, a_relay_is_found_by_the_dht_or_named)
{
    static const char text[] = "[policy \"mine\"]\npaths = onion, relay\ndiscovery = none\n";
    static const char relay[] = "[\"127.0.0.1:4001\"]";
    struct set s = begin();
    struct message m = {.publish = {.target = "1", .policy = "mine"}};
    cr_assert_eq(conf_parse(s.conf, "t", "/", text, sizeof(text) - 1, &s.why), 0, "%s", s.why.text);
    cr_assert_eq(conf_set(s.conf, "network.bootstrap=/ip4/192.0.2.1/tcp/1", &s.why), 0);
    cr_assert_eq(conf_set(s.conf, "policy.default=mine", &s.why), 0);
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "policy mine finds none"), "%s", s.why.text);
    m.publish.policy = NULL;
    m.publish.has_egress = true;
    m.publish.egress = POLICY_EGRESS_ANY;
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "policy ad hoc finds none"), "%s", s.why.text);
    m.publish.relays = cJSON_Parse(relay);
    cr_expect_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    cr_expect(!s.wish.find_relay && s.wish.relay_count == 1);
    cr_expect_eq(s.wish.policy.discovery, 0u);
    cJSON_Delete((cJSON *)m.publish.relays);
    end(&s);
}

BEAM_TEST(wish, a_gate_that_cannot_be_is_wrong_usage)
{
    struct set s = begin();
    cr_expect_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .allow = true}}),
                 BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "no address"), "%s", s.why.text);
    cr_assert_eq(read_wish(&s, &(struct message){.publish = {.target = "1", .client_auth = "/f"}}),
                 0);
    cr_expect_str_eq(s.wish.client_auth, "/f");
    cr_expect_eq(s.wish.protocol, TUNNEL_BYTES);
    struct message m = {.publish = {.target = "1", .basic_auth = "/f", .proto = "tcp"}};
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "--proto tcp"), "%s", s.why.text);
    m.publish.proto = NULL;
    cr_assert_eq(read_wish(&s, &m), 0);
    cr_expect_eq(s.wish.protocol, TUNNEL_HTTP);
    m = (struct message){.publish = {.target = "1", .proto = "tcp"}};
    cr_assert_eq(read_wish(&s, &m), 0);
    cr_expect_eq(s.wish.protocol, TUNNEL_TCP);
    end(&s);
}

static cJSON *relay_at(const char *text)
{
    cJSON *array = cJSON_CreateArray();
    cr_assert(cJSON_AddItemToArray(array, cJSON_CreateString(text)));
    return array;
}

static void is_refused(struct set *s, const struct message *m, const char *word)
{
    cr_expect_eq(read_wish(s, m), BEAM_EUSAGE, "%s", word);
    cr_expect_not_null(strstr(s->why.text, word), "%s", s->why.text);
}

BEAM_TEST(wish, tls_that_a_relay_does_not_open_is_opened_by_somebody)
{
    struct set s = begin();
    cJSON *here = relay_at("127.0.0.1:4001");
    struct message m = {.publish = {.target = "1", .paths = POLICY_RELAY, .tls_passthrough = true}};
    m.publish.relays = here;
    cr_assert_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    cr_expect(s.wish.tls_passthrough && !s.wish.tls_certificate);
    m.publish.basic_auth = "/f";
    is_refused(&s, &m, "--basic-auth: needs to read");
    m.publish.tls_certificate = "/p";
    is_refused(&s, &m, "no use without the other");
    m.publish.tls_key = "/k";
    cr_assert_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    cr_expect_str_eq(s.wish.tls_certificate, "/p");
    cr_expect_str_eq(s.wish.tls_key, "/k");
    m.publish.tls_passthrough = false;
    is_refused(&s, &m, "add --tls-passthrough");
    m = (struct message){.publish = {.target = "1", .tls_passthrough = true}};
    is_refused(&s, &m, "no relay among its paths");
    m.publish.paths = POLICY_RELAY;
    m.publish.relays = here;
    m.publish.proto = "udp";
    is_refused(&s, &m, "not with --proto udp");
    cJSON_Delete(here);
    end(&s);
}

BEAM_TEST(wish, datagrams_come_by_relays_that_can_be_seen_to_lead_here)
{
    struct set s = begin();
    cJSON *here = relay_at("127.0.0.1:4001"), *away = relay_at("relay.example:4001");
    struct message m = {.publish = {.target = "1", .proto = "udp", .paths = POLICY_RELAY}};
    m.publish.relays = here;
    m.publish.relay_port = 20001;
    cr_assert_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    cr_expect(s.wish.protocol == TUNNEL_UDP && s.wish.relay_port == 20001);
    m.publish.relays = away;
    cr_expect_eq(read_wish(&s, &m), BEAM_EPOLICY);
    cr_expect_not_null(strstr(s.why.text, "do not go through Tor"), "%s", s.why.text);
    m.publish.has_egress = true;
    m.publish.egress = POLICY_EGRESS_ANY;
    cr_expect_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    m.publish.target = "unix:/a";
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    m.publish.target = "1";
    m.publish.paths = POLICY_RELAY | POLICY_ONION;
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "Tor carries TCP alone"), "%s", s.why.text);
    cJSON_Delete(here);
    cJSON_Delete(away);
    end(&s);
}

BEAM_TEST(wish, a_port_is_a_relays_to_give)
{
    struct set s = begin();
    cJSON *here = relay_at("127.0.0.1:4001");
    struct message m = {.publish = {.target = "1", .proto = "tcp", .relay_port = 20001}};
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    m.publish.paths = POLICY_RELAY;
    m.publish.relays = here;
    cr_expect_eq(read_wish(&s, &m), 0, "%s", s.why.text);
    m.publish.proto = "http";
    cr_expect_eq(read_wish(&s, &m), BEAM_EUSAGE);
    cr_expect_not_null(strstr(s.why.text, "--relay-port"), "%s", s.why.text);
    cJSON_Delete(here);
    end(&s);
}
