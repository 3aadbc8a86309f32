/* SPDX-License-Identifier: BSD-3-Clause */
/* A key that some provide, and a flood of others who say so too, from few networks. */
#include "tests/sim/world_parts.h"

static struct kad_text key_of(const struct world *w)
{
    return (struct kad_text){.at = w->multihash, .len = sizeof(w->multihash)};
}

static void on_provided(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)r;
}

static void provide(struct node *n)
{
    struct kad_job *j;
    const struct kad_text key = key_of(n->world);
    world_must(kad_job_start(n->jobs, KAD_JOB_PROVIDE, key, key, on_provided, NULL, &j) == 0,
               "a key cannot be provided");
}

void world_provide(struct world *w, size_t honest)
{
    w->multihash[0] = 0x12; /* sha2-256 */
    w->multihash[1] = 32;
    dice_fill(&w->dice, w->multihash + 2, sizeof(w->multihash) - 2);
    w->provided = (struct world_provided){.lookups = 0};
    for (; honest > 0; honest--)
        provide(world_random_up(w, false));
}

/* Each knows somebody when it has come. */
void world_flood(struct world *w, size_t count, size_t networks)
{
    size_t first = w->n;
    kad_group group = KAD_NOWHERE;
    for (size_t i = 0; i < count; i++) {
        struct node *n = world_add(w, false);
        n->liar = true;
        if (i % (count / networks) == 0)
            group = world_network(w);
        w->groups[n->index] = group;
        world_join(n);
    }
    world_run(w, 60 * 1000);
    for (size_t i = first; i < w->n; i++)
        provide(w->nodes[i]);
}

static void on_told(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct node *n = arg;
    struct world_provided *p = &n->world->provided;
    size_t told[2] = {0};
    (void)err;
    (void)why;
    for (size_t i = 0; i < r->provider_count; i++)
        told[n->world->nodes[world_index_of(&r->providers[i])]->liar]++;
    p->lookups++;
    p->without += told[0] == 0;
    p->told[0] += told[0];
    p->told[1] += told[1];
}

void world_get_providers(struct world *w)
{
    struct kad_job *j;
    struct node *n = world_random_up(w, false);
    const struct kad_text key = key_of(w);
    world_must(kad_job_start(n->jobs, KAD_JOB_PROVIDERS, key, key, on_told, n, &j) == 0,
               "nobody can be asked");
}

void world_provided(const struct world *w, struct world_provided *out)
{
    *out = w->provided;
}
