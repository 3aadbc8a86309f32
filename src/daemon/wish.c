/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/wish.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "p2p/rendezvous_conf.h"

/* A fault in what the user typed. */
static int usage(int err, struct beam_why *why)
{
    if (err == BEAM_EINVAL || err == BEAM_ELIMIT || err == BEAM_ENOTFOUND)
        err = why->code = BEAM_EUSAGE;
    return err;
}

/* A path where something else is than a socket; where nothing is yet, one may come. */
static int check_path(const struct target *t, struct beam_why *why)
{
    const char *path = addr_path(&t->addr[0]);
    struct stat st;
    if (!path || stat(path, &st) != 0 || S_ISSOCK(st.st_mode))
        return 0;
    return beam_why(why, BEAM_EUSAGE, "target %s: %s, not a socket", t->text,
                    S_ISDIR(st.st_mode) ? "a folder" : "a file");
}

static int read_target(const char *text, const char *dir, struct target *out, struct beam_why *why)
{
    int err = usage(target_parse(text, dir, out, why), why);
    return err < 0 ? err : check_path(out, why);
}

int wish_check(const char *target, const char *dir, const char *name, struct beam_why *why)
{
    struct target parsed;
    int err = read_target(target, dir, &parsed, why);
    return err == 0 && name ? usage(names_check(name, why), why) : err;
}

/* An ad hoc policy, or `anonymous` where that comes to the same; all but paths and egress is as
 * `like` has it, or as `anonymous` has (NULL). Of what the policy may find others by, a tunnel uses
 * the DHT alone. */
static int make_policy(const struct conf *conf, unsigned paths, enum policy_egress egress,
                       const struct policy *like, struct policy *out)
{
    struct policy usual, p;
    int err = policy_find(conf, "anonymous", &usual, NULL);
    if (err < 0)
        return err;
    if (!like)
        like = &usual;
    p = usual;
    if (usual.paths != paths || usual.egress != egress ||
        (usual.discovery & ~like->discovery) != 0 || usual.tag_circuits != like->tag_circuits)
        err = policy_ad_hoc(paths, egress, &p);
    if (err < 0)
        return err;
    p.discovery &= like->discovery;
    p.tag_circuits = like->tag_circuits;
    p.allow_private = like->allow_private;
    *out = p;
    return 0;
}

/* Options make an ad hoc policy; an egress alone changes that of the default one. */
static int read_policy(const struct message *m, const struct conf *conf, struct policy *out,
                       struct beam_why *why)
{
    enum policy_egress egress = m->publish.has_egress ? m->publish.egress : POLICY_EGRESS_TOR;
    if (m->publish.paths)
        return make_policy(conf, m->publish.paths, egress, NULL, out);
    const char *name = m->publish.policy ? m->publish.policy : conf->policy_default;
    int err = usage(policy_find(conf, name, out, why), why);
    if (err == 0 && out->paths == 0)
        err =
            beam_why(why, BEAM_EUSAGE,
                     "policy %s: has no path by which a tunnel could be published (it is for this "
                     "machine's node; name another with --policy, or a path: --tor)",
                     name);
    if (err == 0 && m->publish.has_egress)
        err = make_policy(conf, out->paths, egress, out, out);
    return err;
}

/* What cannot be had is refused: a gate that lets everybody in would be worse than none. */
static int read_gates(const struct message *m, struct wish *w, struct beam_why *why)
{
    if (m->publish.allow)
        return beam_why(why, BEAM_EUSAGE,
                        "--allow: visitors of %s have no address that could be allowed (let them "
                        "in by a key or a password: --client-auth, --basic-auth)",
                        w->policy.paths & POLICY_ONION ? "an onion" : "a relay");
    if (m->publish.client_auth && w->policy.paths != POLICY_ONION)
        return beam_why(why, BEAM_EUSAGE,
                        "--client-auth: policy %s has paths by which visitors without a key come; "
                        "only an onion can ask for one (publish that by itself: --tor alone)",
                        w->policy.name);
    if (m->publish.basic_auth && m->publish.proto && strcmp(m->publish.proto, "http") != 0)
        return beam_why(why, BEAM_EUSAGE,
                        "--basic-auth: a password can be asked for in HTTP, and not with --proto "
                        "%s (leave that away, or let visitors in by a key: --client-auth)",
                        m->publish.proto);
    w->client_auth = m->publish.client_auth;
    w->basic_auth = m->publish.basic_auth;
    return 0;
}

/* Who opens TLS, if a relay does not. */
static int read_tls(const struct message *m, struct wish *w, struct beam_why *why)
{
    const bool files = m->publish.tls_certificate != NULL;
    if (files != (m->publish.tls_key != NULL))
        return beam_why(why, BEAM_EUSAGE,
                        "--tls-certificate and --tls-key: the one is of no use without the other");
    if (files && !m->publish.tls_passthrough)
        return beam_why(why, BEAM_EUSAGE,
                        "--tls-certificate: for TLS that a relay passes on unopened (add "
                        "--tls-passthrough)");
    if (m->publish.tls_passthrough && !(w->policy.paths & POLICY_RELAY))
        return beam_why(why, BEAM_EUSAGE,
                        "--tls-passthrough: policy %s has no relay among its paths (add "
                        "--community-relay)",
                        w->policy.name);
    if (m->publish.tls_passthrough && w->protocol == TUNNEL_UDP)
        return beam_why(why, BEAM_EUSAGE, "--tls-passthrough: not with --proto udp");
    if (m->publish.tls_passthrough && !files && w->protocol == TUNNEL_HTTP)
        return beam_why(why, BEAM_EUSAGE,
                        "%s: needs to read what TLS hides (give a certificate to open it with: "
                        "--tls-certificate, --tls-key)",
                        m->publish.basic_auth ? "--basic-auth" : "--proto http");
    w->tls_passthrough = m->publish.tls_passthrough;
    w->tls_certificate = m->publish.tls_certificate;
    w->tls_key = m->publish.tls_key;
    return 0;
}

static enum tunnel_protocol protocol_of(const struct message *m)
{
    if (m->publish.basic_auth || (m->publish.proto && strcmp(m->publish.proto, "http") == 0))
        return TUNNEL_HTTP;
    if (m->publish.proto)
        return strcmp(m->publish.proto, "udp") == 0 ? TUNNEL_UDP : TUNNEL_TCP;
    return TUNNEL_BYTES;
}

int wish_check_relay(const char *relay, struct beam_why *why)
{
    struct where ignored;
    return usage(where_parse(relay, &ignored, why), why);
}

static int add_relay(struct wish *w, const char *text, struct beam_why *why)
{
    if (w->relay_count == MESSAGE_RELAYS_MAX)
        return beam_why(why, BEAM_EUSAGE, "relay %s: one too many, %d are the most", text,
                        MESSAGE_RELAYS_MAX);
    for (size_t i = 0; i < w->relay_count; i++)
        if (strcmp(w->relays[i].text, text) == 0)
            return beam_why(why, BEAM_EUSAGE, "relay %s: given twice", text);
    int err = usage(where_parse(text, &w->relays[w->relay_count], why), why);
    if (err == 0)
        w->relay_count++;
    return err;
}

/* Those of relay.at, one a line. */
static int read_configured(const struct conf *conf, struct wish *w, struct beam_why *why)
{
    char text[WHERE_TEXT_SIZE];
    int err = 0;
    for (const char *at = conf->relay_at; err == 0 && *at; at += strspn(at, "\n")) {
        size_t len = strcspn(at, "\n");
        snprintf(text, sizeof(text), "%.*s", (int)len, at);
        err = add_relay(w, text, why);
        at += len;
    }
    return err;
}

static int read_relays(const struct message *m, const struct conf *conf, struct wish *w,
                       struct beam_why *why)
{
    const cJSON *item;
    int err = 0;
    if (!(w->policy.paths & POLICY_RELAY))
        return m->publish.relays
                   ? beam_why(why, BEAM_EUSAGE, "policy %s: has no relay among its paths",
                              w->policy.name)
                   : 0;
    cJSON_ArrayForEach(item, m->publish.relays)
    {
        if (err == 0)
            err = add_relay(w, item->valuestring, why);
    }
    if (err == 0 && w->relay_count == 0)
        err = read_configured(conf, w, why);
    w->find_relay = err == 0 && w->relay_count == 0;
    w->rendezvous = w->find_relay && rendezvous_conf_wanted(conf, &w->policy);
    if (w->find_relay && !(w->policy.discovery & POLICY_DISCOVERY_DHT))
        err = beam_why(why, BEAM_EUSAGE,
                       "relay: which one? (--community-relay=ADDR, or relay.at in the "
                       "configuration; policy %s finds none, for want of `dht` in its discovery)",
                       w->policy.name);
    else if (w->find_relay && !w->rendezvous && !conf->network_bootstrap[0])
        err = beam_why(why, BEAM_EUSAGE,
                       "relay: which one? (--community-relay=ADDR, or relay.at in the "
                       "configuration; or network.bootstrap, a node from which one is found; or "
                       "network.rendezvous, to find one of those)");
    return err;
}

static bool all_here(const struct wish *w)
{
    for (size_t i = 0; i < w->relay_count; i++)
        if (!w->relays[i].loopback)
            return false;
    return w->relay_count > 0;
}

/* Datagrams come by relays alone, and only of those whose ports can be seen to lead here. */
static int check_udp(const struct wish *w, struct beam_why *why)
{
    if (w->policy.paths != POLICY_RELAY)
        return beam_why(why, BEAM_EUSAGE,
                        "--proto udp: policy %s publishes as an onion, and Tor carries TCP alone "
                        "(publish through a relay: --community-relay=ADDR)",
                        w->policy.name);
    if (addr_path(&w->target.addr[0]))
        return beam_why(why, BEAM_EUSAGE, "--proto udp: %s takes no datagrams (give a port)",
                        w->target.text);
    if (w->policy.egress == POLICY_EGRESS_TOR && !all_here(w))
        return beam_why(why, BEAM_EPOLICY,
                        "--proto udp: whether a relay's port leads here is seen by sending a "
                        "datagram to it, and datagrams do not go through Tor, to which policy %s "
                        "keeps (add --egress any, or publish by --proto tcp)",
                        w->policy.name);
    return 0;
}

static int read_port(const struct message *m, struct wish *w, struct beam_why *why)
{
    bool ports =
        (w->protocol == TUNNEL_TCP || w->protocol == TUNNEL_UDP) && !m->publish.tls_passthrough;
    if (m->publish.relay_port != 0 && (!ports || !(w->policy.paths & POLICY_RELAY)))
        return beam_why(why, BEAM_EUSAGE,
                        "--relay-port: only a relay has ports to give, to tunnels of TCP and UDP "
                        "(add --proto tcp, and --community-relay)");
    w->relay_port = m->publish.relay_port;
    return w->protocol == TUNNEL_UDP ? check_udp(w, why) : 0;
}

static int choose_name(struct keystore *keys, const struct rng *rng, struct wish *w,
                       struct beam_why *why)
{
    if (!w->ephemeral)
        return names_for(keys, w->target.text, w->name, why);
    names_make(rng, w->name);
    return 0;
}

static int read_name(const struct message *m, struct keystore *keys, const struct rng *rng,
                     struct wish *w, struct beam_why *why)
{
    w->named = m->publish.name != NULL;
    if (!w->named)
        return choose_name(keys, rng, w, why);
    int err = names_check(m->publish.name, why);
    if (err < 0)
        return usage(err, why);
    if (strlen(m->publish.name) >= sizeof(w->name))
        return beam_why(why, BEAM_EUSAGE, "--name: longer than %d characters", NAMES_SIZE - 1);
    snprintf(w->name, sizeof(w->name), "%s", m->publish.name);
    return 0;
}

int wish_read(const struct message *m, const struct conf *conf, struct keystore *keys,
              const struct rng *rng, struct wish *out, struct beam_why *why)
{
    struct wish w = {.ephemeral = m->publish.ephemeral, .protocol = protocol_of(m)};
    int err = read_target(m->publish.target, "/", &w.target, why);
    if (err == 0)
        err = read_policy(m, conf, &w.policy, why);
    if (err == 0)
        err = read_gates(m, &w, why);
    if (err == 0)
        err = read_tls(m, &w, why);
    if (err == 0)
        err = read_relays(m, conf, &w, why);
    if (err == 0)
        err = read_port(m, &w, why);
    if (err == 0)
        err = read_name(m, keys, rng, &w, why);
    if (err == 0)
        *out = w;
    return err;
}
