/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/announce.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum {
    LOOK_MS = 1000,            /* while nobody is known yet */
    AGAIN_MS = 30 * 60 * 1000, /* nodes come and go, and we fill up */
    RETRY_MS = 60 * 1000,
    SOON_MS = 20 * 1000 /* once more after the first time: others have come, and an onion perhaps */
};

struct announce {
    struct announce_spec spec;
    struct loop_timer timer;
    struct kad_job *put, *provide;
    unsigned times;
    uint64_t alone_until; /* loop_now: while nobody is known it is said again then */
    bool failed;
};

static void fill(const struct announce *a, struct relay_info *info)
{
    const struct announce_spec *s = &a->spec;
    const struct multiaddr *addr;
    *info = (struct relay_info){.made = s->clock->wall_ms(s->clock->arg),
                                .kinds = s->terms->kinds,
                                .reservations = lease_count(s->store),
                                .max_reservations = s->max_reservations};
    for (size_t i = 0; info->addr_count < INFO_ADDRS_MAX && (addr = host_addr(s->host, i)); i++)
        if (way_public(addr, s->allow_private))
            info->addrs[info->addr_count++] = *addr;
    (void)snprintf(info->url, sizeof(info->url), "%s", s->url);
    (void)snprintf(info->version, sizeof(info->version), "%s", s->version);
    (void)snprintf(info->contact, sizeof(info->contact), "%s", s->contact);
}

/* Both are over: when they are due again. */
static void settle(struct announce *a)
{
    if (a->put || a->provide)
        return;
    a->times += !a->failed;
    loop_timer_set(&a->timer, a->failed ? RETRY_MS : a->times == 1 ? SOON_MS : AGAIN_MS);
}

static void done(struct announce *a, int err, const struct beam_why *why, const char *what)
{
    if (err < 0)
        log_info("relay", "%s in the DHT: %s", what, log_scrub(why->text));
    a->failed |= err < 0;
    settle(a);
}

static void on_put(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct announce *a = arg;
    (void)r;
    a->put = NULL;
    done(a, err, why, "what is known of this relay");
}

static void on_provided(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct announce *a = arg;
    (void)r;
    a->provide = NULL;
    done(a, err, why, "the list of relays");
}

static bool is_alone(const struct announce *a)
{
    return kad_table_count(kad_table(a->spec.kad)) == 0;
}

/* Here, and where it belongs if anybody is there. */
static int put_info(struct announce *a)
{
    uint8_t key[INFO_KEY_MAX], value[INFO_MAX];
    size_t len = 0;
    struct relay_info *info = malloc(sizeof(*info));
    if (!info)
        return BEAM_ENOMEM;
    fill(a, info);
    int err = info_seal(a->spec.key, info, value, sizeof(value), &len);
    free(info);
    if (err == 0 && a->spec.news)
        (void)news_tell(a->spec.news, value, len); /* whom that does not reach asks the DHT */
    const struct kad_text k = {.at = key, .len = info_key(host_id(a->spec.host), key)};
    const struct kad_text v = {.at = value, .len = len};
    if (err == 0)
        err = kad_keep_value(a->spec.kad, k, v);
    if (err < 0 || is_alone(a))
        return err;
    return kad_job_start(kad_jobs(a->spec.kad), KAD_JOB_PUT, k, v, on_put, a, &a->put);
}

static int be_listed(struct announce *a)
{
    const struct kad_text topic = info_topic();
    int err = kad_keep_provider(a->spec.kad, topic);
    if (err < 0 || is_alone(a))
        return err;
    return kad_job_start(kad_jobs(a->spec.kad), KAD_JOB_PROVIDE, topic, topic, on_provided, a,
                         &a->provide);
}

static void on_timer(void *arg)
{
    struct announce *a = arg;
    bool alone = is_alone(a);
    uint64_t now = loop_now(a->spec.loop);
    if (alone && now < a->alone_until) {
        loop_timer_set(&a->timer, LOOK_MS);
        return;
    }
    a->failed = put_info(a) < 0;
    a->failed |= be_listed(a) < 0;
    if (!alone) {
        settle(a);
        return;
    }
    a->alone_until = now + AGAIN_MS;
    loop_timer_set(&a->timer, LOOK_MS);
}

int announce_new(const struct announce_spec *spec, struct announce **out)
{
    struct announce *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->spec = *spec;
    int err = kad_store_register(kad_store(spec->kad), &info_validator);
    if (err < 0 && err != BEAM_EEXIST) {
        free(a);
        return err;
    }
    loop_timer_init(spec->loop, &a->timer, on_timer, a);
    loop_timer_set(&a->timer, LOOK_MS);
    *out = a;
    return 0;
}

void announce_free(struct announce *a)
{
    if (!a)
        return;
    loop_timer_clear(&a->timer);
    if (a->put)
        kad_job_cancel(a->put);
    if (a->provide)
        kad_job_cancel(a->provide);
    free(a);
}
