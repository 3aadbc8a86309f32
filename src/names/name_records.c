/* SPDX-License-Identifier: BSD-3-Clause */
#include "names/name_records.h"

#include <stdlib.h>

#include "names/latest.h"

struct name_records {
    struct name_records_spec spec;
    struct latest *latest; /* NULL: it does not gossip */
    struct binding said;   /* by the message at hand */
};

static uint64_t wall_ms(const struct name_records *r)
{
    return r->spec.clock->wall_ms(r->spec.clock->arg);
}

static enum router_verdict on_judge(void *arg, struct post *p, const struct peer_id *from)
{
    struct name_records *r = arg;
    const struct ration_share share = gossip_share(r->spec.gossip, p, from);
    const struct kad_now now = {.ms = loop_now(r->spec.loop), .wall_ms = wall_ms(r)};
    return latest_judge(r->latest, &share, p->view.data, p->view.data_len, now, &r->said);
}

/* It was judged just now. Of names that are nearer to others, others keep the record. */
static void on_heard(void *arg, struct post *p)
{
    struct name_records *r = arg;
    if (!r->spec.kad)
        return;
    struct kad_store *store = kad_store(r->spec.kad);
    const struct clock_source *clock = r->spec.clock;
    const struct kad_now now = {.ms = clock->monotonic_ms(clock->arg), .wall_ms = wall_ms(r)};
    const struct kad_text value = {.at = p->view.data, .len = p->view.data_len};
    uint8_t key[BINDING_KEY_SIZE];
    const struct kad_text k = {.at = key, .len = sizeof(key)};
    struct kad_text kept;
    binding_key(r->said.key, key);
    if (kad_store_get(store, k, now, &kept) == 0)
        (void)kad_store_put(store, k, value, &p->view.from, now); /* who has no place keeps none */
}

static int join(struct name_records *r)
{
    struct router_topic topic = {
        .name = NAME_RECORDS_TOPIC, .judge = on_judge, .heard = on_heard, .arg = r};
    int err = latest_new(r->spec.rng, LATEST_MAX, &r->latest);
    if (err < 0)
        return err;
    score_topic_default(&topic.score);
    return gossip_join(r->spec.gossip, &topic);
}

int name_records_new(const struct name_records_spec *spec, struct name_records **out)
{
    struct name_records *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    int err = spec->kad ? kad_store_register(kad_store(spec->kad), &binding_validator) : 0;
    if (err == 0 && spec->gossip)
        err = join(r);
    if (err < 0) {
        latest_free(r->latest);
        free(r);
        return err;
    }
    *out = r;
    return 0;
}

void name_records_free(struct name_records *r)
{
    if (!r)
        return;
    if (r->spec.gossip)
        gossip_part(r->spec.gossip, NAME_RECORDS_TOPIC);
    latest_free(r->latest);
    free(r);
}
