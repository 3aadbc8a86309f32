/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_rules.h"

#include <stdlib.h>

#include "base/file.h"

enum {
    SOURCES = 65536,    /* sources of visitors, and of owners, that are counted at once */
    ALL_PER_MINUTE = 2, /* requests of owners, for each reservation there may be */
    ALL_LEAST = 1000
};

static int read_terms(const struct conf *c, bool local, struct terms *out, struct beam_why *why)
{
    const struct terms_spec spec = {.class = c->relay_class,
                                    .methods = c->relay_methods,
                                    .content_types = c->relay_content_types,
                                    .friends = c->relay_friend,
                                    .local = local,
                                    .hosts = c->relay_domain[0] != '\0'};
    return terms_init(&spec, out, why);
}

/* All owners come back within a minute of a restart, and then each renews now and then. */
static void set_limits(struct guard *g, const struct conf *c)
{
    const struct guard_limits limits = {.source_visitors = c->relay_source_visitors,
                                        .source_requests = c->relay_source_requests,
                                        .tunnel_requests = c->relay_tunnel_requests,
                                        .key_reservations = c->relay_key_reservations,
                                        .source_reservations = c->relay_source_reservations,
                                        .reservations =
                                            ALL_LEAST + c->relay_max_reservations * ALL_PER_MINUTE};
    guard_limit(g, &limits);
}

int operator_rules_open(const struct conf *c, const char *dir, bool local,
                        struct operator_rules *out, struct beam_why *why)
{
    struct operator_rules r = {.bans = NULL};
    char *path = file_join(dir, "bans");
    int err = path ? read_terms(c, local, &r.terms, why)
                   : beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    if (err == 0)
        err = bans_open(path, rng_system(), &r.bans, why);
    if (err == 0) {
        err =
            guard_new(rng_system(), r.bans, SOURCES, c->relay_max_reservations + SOURCES, &r.guard);
        if (err < 0)
            beam_why(why, err, "relay: %s", beam_err_text(err));
    }
    free(path);
    if (err < 0) {
        operator_rules_close(&r);
        return err;
    }
    set_limits(r.guard, c);
    *out = r;
    return 0;
}

int operator_rules_reread(struct operator_rules *r, const struct conf *c, struct beam_why *why)
{
    struct terms terms;
    int err = read_terms(c, r->terms.local, &terms, why);
    if (err == 0)
        err = bans_reread(r->bans, why);
    if (err < 0)
        return err;
    r->terms = terms;
    set_limits(r->guard, c);
    return 0;
}

void operator_rules_close(struct operator_rules *r)
{
    guard_free(r->guard);
    bans_free(r->bans);
    *r = (struct operator_rules){.bans = NULL};
}
