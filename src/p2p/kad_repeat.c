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
    struct kad_job *job;
    /* The value at hand, and who left it: what is better and found elsewhere is in his account. */
    struct peer_id from;
    size_t key_len, value_len;
    uint8_t key[KAD_KEY_MAX];
    uint8_t *value; /* KAD_VALUE_MAX bytes; NULL: none is at hand */
};

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

/* Nothing is at hand any more. */
static void rest(struct kad_repeat *r, uint64_t ms)
{
    free(r->value);
    r->value = NULL;
    r->spec.again(r->spec.arg, ms);
}

static void on_put(void *arg, int err, const struct beam_why *why, const struct kad_result *result)
{
    struct kad_repeat *r = arg;
    r->job = NULL;
    if (err < 0)
        log_debug("p2p", "a value of others put again: %s", why->text);
    else
        log_debug("p2p", "a value of others put again, at %zu nodes", result->stored);
    rest(r, BREATH_MS);
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
    err = kad_store_put(r->spec.store, key, value_of(r), &r->from, r->spec.now(r->spec.arg));
    /* That there is no place for it here is no reason to keep it from others. */
    if (err == 0 || err == BEAM_ELIMIT)
        err = kad_job_start(r->spec.jobs, KAD_JOB_PUT, key, value_of(r), on_put, r, &r->job);
    if (err < 0)
        rest(r, BREATH_MS);
}

/* One that is due, and a copy of it: 0, BEAM_ENOTFOUND or BEAM_ENOMEM. */
static int pick_up(struct kad_repeat *r, struct kad_now now)
{
    struct kad_text key, value;
    const struct peer_id *from;
    if (!kad_store_due(r->spec.store, now, &key, &value, &from))
        return BEAM_ENOTFOUND;
    r->value = malloc(KAD_VALUE_MAX);
    if (!r->value)
        return BEAM_ENOMEM;
    memcpy(r->key, key.at, key.len);
    r->key_len = key.len;
    r->from = *from;
    take(r, value);
    return 0;
}

void kad_repeat_look(struct kad_repeat *r)
{
    struct kad_now now = r->spec.now(r->spec.arg);
    if (r->value)
        return;
    int err = pick_up(r, now);
    struct kad_text key = key_of(r);
    if (err == 0)
        err = kad_job_start(r->spec.jobs, KAD_JOB_GET, key, key, on_got, r, &r->job);
    if (err < 0)
        rest(r, r->spec.look_ms);
    else
        kad_store_tended(r->spec.store, key, now);
}

int kad_repeat_new(const struct kad_repeat_spec *spec, struct kad_repeat **out)
{
    struct kad_repeat *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    if (r->spec.look_ms == 0)
        r->spec.look_ms = LOOK_MS;
    *out = r;
    rest(r, r->spec.look_ms);
    return 0;
}

void kad_repeat_free(struct kad_repeat *r)
{
    if (!r)
        return;
    if (r->job)
        kad_job_cancel(r->job);
    free(r->value);
    free(r);
}
