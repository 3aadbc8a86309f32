/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_repeat.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
    LOOK_MS = 60 * 1000, /* while nothing is due, or nobody is there */
    BREATH_MS = 1000     /* between two */
};

struct kad_repeat {
    struct kad_repeat_spec spec;
    struct loop_timer timer;
    struct kad_job *job;
    /* The value at hand, and who left it: what is better and found elsewhere is in his account. */
    struct peer_id from;
    size_t key_len, value_len;
    uint8_t key[KAD_KEY_MAX], value[KAD_VALUE_MAX];
};

static struct kad_now now(const struct kad_repeat *r)
{
    const struct clock_source *clock = r->spec.clock;
    return (struct kad_now){.ms = clock->monotonic_ms(clock->arg),
                            .wall_ms = clock->wall_ms(clock->arg)};
}

static struct kad_text key_of(const struct kad_repeat *r)
{
    return (struct kad_text){.at = r->key, .len = r->key_len};
}

static struct kad_text value_of(const struct kad_repeat *r)
{
    return (struct kad_text){.at = r->value, .len = r->value_len};
}

static void take(struct kad_repeat *r, struct kad_text value)
{
    memcpy(r->value, value.at, value.len);
    r->value_len = value.len;
}

static void on_put(void *arg, int err, const struct beam_why *why, const struct kad_result *result)
{
    struct kad_repeat *r = arg;
    r->job = NULL;
    if (err < 0)
        log_debug("p2p", "a value of others put again: %s", why->text);
    else
        log_debug("p2p", "a value of others put again, at %zu nodes", result->stored);
    loop_timer_set(&r->timer, BREATH_MS);
}

/* Where others have a better one, that is the one. */
static void on_got(void *arg, int err, const struct beam_why *why, const struct kad_result *result)
{
    struct kad_repeat *r = arg;
    struct kad_text key = key_of(r);
    const struct kad_validator *v = kad_store_validator(r->spec.store, key);
    (void)why;
    r->job = NULL;
    if (err == 0 && v->compare(v->arg, key, value_of(r), result->value) > 0)
        take(r, result->value);
    err = kad_store_put(r->spec.store, key, value_of(r), &r->from, now(r));
    /* That there is no place for it here is no reason to keep it from others. */
    if (err == 0 || err == BEAM_ELIMIT)
        err = kad_job_start(r->spec.jobs, KAD_JOB_PUT, key, value_of(r), on_put, r, &r->job);
    if (err < 0)
        loop_timer_set(&r->timer, BREATH_MS);
}

static void on_timer(void *arg)
{
    struct kad_repeat *r = arg;
    struct kad_text key, value;
    const struct peer_id *from;
    if (!kad_store_due(r->spec.store, now(r), &key, &value, &from)) {
        loop_timer_set(&r->timer, r->spec.look_ms);
        return;
    }
    memcpy(r->key, key.at, key.len);
    r->key_len = key.len;
    take(r, value);
    r->from = *from;
    key = key_of(r);
    if (kad_job_start(r->spec.jobs, KAD_JOB_GET, key, key, on_got, r, &r->job) < 0)
        loop_timer_set(&r->timer, r->spec.look_ms);
    else
        kad_store_tended(r->spec.store, key, now(r));
}

int kad_repeat_new(const struct kad_repeat_spec *spec, struct kad_repeat **out)
{
    struct kad_repeat *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    if (r->spec.look_ms == 0)
        r->spec.look_ms = LOOK_MS;
    loop_timer_init(spec->loop, &r->timer, on_timer, r);
    loop_timer_set(&r->timer, r->spec.look_ms);
    *out = r;
    return 0;
}

void kad_repeat_free(struct kad_repeat *r)
{
    if (!r)
        return;
    loop_timer_clear(&r->timer);
    if (r->job)
        kad_job_cancel(r->job);
    free(r);
}
