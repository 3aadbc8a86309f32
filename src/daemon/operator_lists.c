/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_lists.h"

#include <stdlib.h>
#include <string.h>

#include "path/circuits.h"
#include "relay/subscriber.h"

enum { THERE_MS = 30000 };

struct operator_lists {
    struct circuits circuits;
    struct isolation isolation;
    char *ca; /* the configuration may be read anew meanwhile */
    struct subscriber *subscriber;
};

int operator_lists_new(const struct operator_lists_spec *spec, struct operator_lists **out,
                       struct beam_why *why)
{
    struct operator_lists *o = calloc(1, sizeof(*o));
    if (!o || !(o->ca = strdup(spec->conf->relay_ca))) {
        free(o);
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    }
    isolation_init(&o->isolation, rng_system());
    o->circuits = (struct circuits){.loop = spec->loop,
                                    .tor = spec->tor,
                                    .permit = spec->permit,
                                    .isolation = &o->isolation,
                                    .persona = "denylists"};
    struct subscriber_spec s = {.way = {.loop = spec->loop,
                                        .permit = spec->permit,
                                        .origin = PERMIT_TYPED,
                                        .ca_file = o->ca,
                                        .timeout_ms = THERE_MS},
                                .rng = rng_system(),
                                .lists = spec->lists,
                                .every_ms = spec->conf->relay_denylist_every,
                                .warning = spec->warning,
                                .arg = spec->arg};
    if (spec->tor)
        s.way.tor = circuits_way(&o->circuits);
    int err = subscriber_new(&s, &o->subscriber);
    if (err < 0) {
        operator_lists_free(o);
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    }
    *out = o;
    return 0;
}

void operator_lists_pause(struct operator_lists *o)
{
    if (o)
        subscriber_stop(o->subscriber);
}

void operator_lists_resume(struct operator_lists *o, const struct conf *c)
{
    if (o)
        subscriber_start(o->subscriber, c->relay_denylist_every);
}

void operator_lists_free(struct operator_lists *o)
{
    if (!o)
        return;
    subscriber_free(o->subscriber);
    free(o->ca);
    free(o);
}
