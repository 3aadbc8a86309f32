/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/operator_crew.h"

enum {
    SOURCES = 65536,    /* sources of visitors, and of owners, that are counted at once */
    ALL_PER_MINUTE = 2, /* requests of owners, for each reservation there may be */
    ALL_LEAST = 1000,
    TRAFFIC_MS = 60000 /* between looks at what was carried */
};

static int read_terms(const struct conf *c, bool local, bool https, struct terms *out,
                      struct beam_why *why)
{
    const struct terms_spec spec = {.class = c->relay_class,
                                    .kinds = c->relay_kinds,
                                    .tcp = c->relay_tcp_ports[0] != '\0',
                                    .udp = c->relay_udp_ports[0] != '\0',
                                    .methods = c->relay_methods,
                                    .content_types = c->relay_content_types,
                                    .friends = c->relay_friend,
                                    .interstitial = c->relay_interstitial,
                                    .local = local,
                                    .hosts = c->relay_domain[0] != '\0',
                                    .https = https};
    return terms_init(&spec, out, why);
}

/* All owners come back within a minute of a restart, and then each renews now and then. */
static void set_limits(struct guard *g, const struct conf *c, unsigned n)
{
    const struct guard_limits limits = {
        .source_visitors = operator_crew_share(c->relay_source_visitors, n),
        .source_requests = operator_crew_share(c->relay_source_requests, n),
        .tunnel_requests = operator_crew_share(c->relay_tunnel_requests, n),
        .key_reservations = c->relay_key_reservations,
        .source_reservations = c->relay_source_reservations,
        .key_names = c->relay_key_names,
        .source_names = c->relay_source_names,
        .reservations = ALL_LEAST + c->relay_max_reservations * ALL_PER_MINUTE};
    guard_limit(g, &limits);
}

static void set_traffic(struct traffic *t, const struct conf *c, unsigned n)
{
    const struct traffic_limits limits = {.rate = c->relay_bandwidth,
                                          .month = c->relay_month,
                                          .tunnel_rate = c->relay_tunnel_bandwidth,
                                          .tunnel_month = c->relay_tunnel_month,
                                          .among = n};
    traffic_limit(t, &limits);
}

/* What those read who look who is behind an address that they got, and whom to tell. */
static void write_notice(const struct conf *c, struct operator_rules *r)
{
    text_escape(c->relay_contact, strlen(c->relay_contact), r->contact, sizeof(r->contact));
    if (!r->contact[0])
        return;
    snprintf(r->notice, OPERATOR_NOTICE_SIZE,
             "This is a community relay: it passes requests on to programs of other people, who\n"
             "publish them here. Whoever runs it has not made what you see at its addresses.\n\n"
             "To report abuse, write to: %s\n"
             "Give the whole address, and when you saw it (with the time zone).\n",
             r->contact);
}

static void on_timer(void *arg)
{
    struct operator_rules *r = arg;
    if (traffic_turn(r->traffic) < 0)
        log_error("relay", "what was carried this month cannot be written");
    loop_timer_set(&r->timer, TRAFFIC_MS);
}

static void on_denylist(void *arg)
{
    struct operator_rules *r = arg;
    if (r->changed)
        r->changed(r->arg);
}

static int open_bans(struct operator_rules *r, const char *dir, struct beam_why *why)
{
    char *path = file_join(dir, "bans");
    int err = path ? bans_open(path, rng_system(), &r->bans, why)
                   : beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    free(path);
    return err;
}

static int open_traffic(struct operator_rules *r, const struct conf *c, const char *dir,
                        struct beam_why *why)
{
    char *path = file_join(dir, "traffic");
    int err = path ? traffic_open(r->index == 0 ? path : NULL, c->relay_max_reservations + SOURCES,
                                  rng_system(), clock_system(), &r->traffic, why)
                   : beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    free(path);
    return err;
}

int operator_rules_open(struct loop *l, const struct conf *c, const char *dir, bool local,
                        bool https, struct operator_rules *r, struct beam_why *why)
{
    int err = read_terms(c, local, https, &r->terms, why);
    if (err == 0)
        err = open_bans(r, dir, why);
    if (err == 0)
        err = open_traffic(r, c, dir, why);
    if (err == 0) {
        err = guard_new(rng_system(), r->bans, SOURCES, c->relay_max_reservations + SOURCES,
                        &r->guard);
        if (err < 0)
            beam_why(why, err, "relay: %s", beam_err_text(err));
    }
    if (err == 0)
        err = names_read(rng_system(), c->relay_refused_names, &r->names, why);
    if (err == 0)
        err = denylists_new(l, dir, r->index == 0, on_denylist, r, &r->denylists, why);
    if (err == 0)
        err = denylists_set(r->denylists, c->relay_denylist, why);
    if (err == 0 && (err = work_new(rng_system(), &r->work)) < 0)
        beam_why(why, err, "relay: %s", beam_err_text(err));
    if (err < 0) {
        operator_rules_close(r);
        return err;
    }
    guard_subscribe(r->guard, r->denylists);
    r->work_least = c->relay_work;
    write_notice(c, r);
    set_limits(r->guard, c, r->workers);
    set_traffic(r->traffic, c, r->workers);
    loop_timer_init(l, &r->timer, on_timer, r);
    loop_timer_set(&r->timer, TRAFFIC_MS);
    return 0;
}

int operator_rules_reread(struct operator_rules *r, const struct conf *c, struct beam_why *why)
{
    struct terms terms;
    struct names *names = NULL;
    int err = read_terms(c, r->terms.local, r->terms.https, &terms, why);
    if (err == 0)
        err = names_read(rng_system(), c->relay_refused_names, &names, why);
    if (err == 0)
        err = denylists_set(r->denylists, c->relay_denylist, why);
    if (err == 0)
        err = bans_reread(r->bans, why);
    if (err < 0) {
        names_free(names);
        return err;
    }
    r->terms = terms;
    names_free(r->names);
    r->names = names;
    r->work_least = c->relay_work;
    set_limits(r->guard, c, r->workers);
    set_traffic(r->traffic, c, r->workers);
    return 0;
}

void operator_rules_close(struct operator_rules *r)
{
    if (r->timer.loop)
        loop_timer_clear(&r->timer);
    traffic_close(r->traffic);
    names_free(r->names);
    denylists_free(r->denylists);
    work_free(r->work);
    guard_free(r->guard);
    bans_free(r->bans);
    *r = (struct operator_rules){.bans = NULL};
}
