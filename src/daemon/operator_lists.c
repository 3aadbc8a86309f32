/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_lists.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "path/circuits.h"
#include "relay/list_age.h"
#include "relay/subscriber.h"

enum { THERE_MS = 30000, LOOK_MS = 5000, SECOND_MS = 1000 };

struct operator_lists {
    struct circuits circuits;
    struct isolation isolation;
    char *ca; /* the configuration may be read anew meanwhile */
    struct subscriber *subscriber;
    const struct denylists *lists;
    const struct clock_source *clock;
    uint64_t age_ms; /* that one may have */
    struct list_age age;
    struct loop_timer look;
    void (*warning)(void *arg, const struct beam_why *why);
    void *arg;
};

/* ---- their age ------------------------------------------------------------------------------ */

static uint64_t now_s(const struct operator_lists *o)
{
    return o->clock->wall_ms(o->clock->arg) / SECOND_MS;
}

static void on_look(void *arg)
{
    struct operator_lists *o = arg;
    struct beam_why why;
    while (list_age_next(&o->age, o->lists, now_s(o), o->age_ms / SECOND_MS, &why)) {
        log_warn("relay", "%s", why.text);
        o->warning(o->arg, &why);
    }
    loop_timer_set(&o->look, LOOK_MS);
}

size_t operator_lists_old(const struct operator_lists *o)
{
    return list_age_count(o->lists, now_s(o), o->age_ms / SECOND_MS);
}

/* ---- all of them ---------------------------------------------------------------------------- */

int operator_lists_new(const struct operator_lists_spec *spec, struct operator_lists **out,
                       struct beam_why *why)
{
    struct operator_lists *o = calloc(1, sizeof(*o));
    if (!o || !(o->ca = strdup(spec->conf->relay_ca))) {
        free(o);
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    }
    o->lists = spec->lists;
    o->clock = clock_system();
    o->age_ms = spec->conf->relay_denylist_age;
    o->warning = spec->warning;
    o->arg = spec->arg;
    loop_timer_init(spec->loop, &o->look, on_look, o);
    loop_timer_set(&o->look, LOOK_MS);
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
    if (!o)
        return;
    o->age_ms = c->relay_denylist_age;
    o->age = (struct list_age){.told = {false}};
    subscriber_start(o->subscriber, c->relay_denylist_every);
}

void operator_lists_free(struct operator_lists *o)
{
    if (!o)
        return;
    loop_timer_clear(&o->look);
    subscriber_free(o->subscriber);
    free(o->ca);
    free(o);
}
