/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct kad_own {
    struct kad_own_spec spec;
    struct loop_timer timer;
    struct kad_job *job;
    bool was_taken;       /* once */
    uint64_t alone_until; /* loop_now: while nobody is there it is due then */
    uint8_t key[KAD_KEY_MAX];
};

static void on_done(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct kad_own *o = arg;
    uint64_t next = o->was_taken ? o->spec.again_ms : o->spec.soon_ms;
    (void)r;
    o->job = NULL;
    if (err < 0) {
        log_info("p2p", "%s in the DHT: %s", o->spec.what, log_scrub(why->text));
        next = KAD_OWN_RETRY_MS;
    }
    o->was_taken |= err == 0;
    loop_timer_set(&o->timer, next);
}

static int put(struct kad_own *o, bool alone)
{
    struct kad_text value = o->spec.key;
    int err = o->spec.value ? o->spec.value(o->spec.arg, &value) : 0;
    if (err == 0)
        err = o->spec.value ? kad_keep_value(o->spec.kad, o->spec.key, value)
                            : kad_keep_provider(o->spec.kad, o->spec.key);
    /* That there is no place for it here is no reason to keep it from others. */
    if (alone || (err < 0 && err != BEAM_ELIMIT))
        return err;
    return kad_job_start(kad_jobs(o->spec.kad), o->spec.value ? KAD_JOB_PUT : KAD_JOB_PROVIDE,
                         o->spec.key, value, on_done, o, &o->job);
}

static void on_timer(void *arg)
{
    struct kad_own *o = arg;
    bool alone = kad_alone(o->spec.kad);
    uint64_t now = loop_now(o->spec.loop);
    if (alone && now < o->alone_until) {
        loop_timer_set(&o->timer, KAD_OWN_LOOK_MS);
        return;
    }
    int err = put(o, alone);
    if (err < 0)
        log_info("p2p", "%s in the DHT: %s", o->spec.what, beam_err_text(err));
    if (err < 0 || alone)
        loop_timer_set(&o->timer, err < 0 ? KAD_OWN_RETRY_MS : KAD_OWN_LOOK_MS);
    if (alone)
        o->alone_until = now + o->spec.again_ms;
}

int kad_own_new(const struct kad_own_spec *spec, struct kad_own **out)
{
    if (spec->key.len > KAD_KEY_MAX)
        return BEAM_ELIMIT;
    struct kad_own *o = calloc(1, sizeof(*o));
    if (!o)
        return BEAM_ENOMEM;
    o->spec = *spec;
    memcpy(o->key, spec->key.at, spec->key.len);
    o->spec.key.at = o->key;
    if (o->spec.soon_ms == 0)
        o->spec.soon_ms = KAD_OWN_SOON_MS;
    if (o->spec.again_ms == 0)
        o->spec.again_ms = KAD_OWN_AGAIN_MS;
    loop_timer_init(spec->loop, &o->timer, on_timer, o);
    loop_timer_set(&o->timer, KAD_OWN_LOOK_MS);
    *out = o;
    return 0;
}

void kad_own_free(struct kad_own *o)
{
    if (!o)
        return;
    loop_timer_clear(&o->timer);
    if (o->job)
        kad_job_cancel(o->job);
    free(o);
}
