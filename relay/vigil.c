/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/vigil.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

enum { MISSES_MAX = 3, SOONER = 4 /* times, after a look that came to nothing */ };

struct vigil {
    struct vigil_spec spec;
    char url[RESERVATION_URL_SIZE];
    struct loop_timer timer;
    struct seal *seal;
    unsigned misses;
    vigil_fn *seen;
    void *arg;
};

static void wait(struct vigil *v)
{
    uint64_t every = v->misses > 0 ? v->spec.every_ms / SOONER : v->spec.every_ms;
    uint32_t most = every < UINT32_MAX ? (uint32_t)every : UINT32_MAX;
    loop_timer_set(&v->timer, every / 2 + rng_below(v->spec.proof.rng, most + (most == 0)));
}

static void settle(struct vigil *v, int err, const struct beam_why *why)
{
    bool missed = err < 0 && err != BEAM_EAUTH;
    v->misses = missed ? v->misses + 1 : 0;
    if (missed)
        log_info("relay", "whether TLS is still ours was not to be seen: %s", log_scrub(why->text));
    wait(v);
    if (!missed || v->misses >= MISSES_MAX)
        v->seen(v->arg, err, why);
}

static void on_seen(void *arg, int err, const struct beam_why *why)
{
    struct vigil *v = arg;
    struct beam_why words = {.text = ""};
    if (why)
        words = *why;
    seal_free(v->seal);
    v->seal = NULL;
    settle(v, err, &words);
}

static void on_timer(void *arg)
{
    struct vigil *v = arg;
    struct beam_why why = {.text = ""};
    int err = seal_start(&v->spec.proof, v->spec.source, v->url, on_seen, v, &v->seal, &why);
    if (err < 0)
        settle(v, err, &why);
}

int vigil_start(const struct vigil_spec *spec, vigil_fn *seen, void *arg, struct vigil **out)
{
    struct vigil *v = calloc(1, sizeof(*v));
    if (!v)
        return BEAM_ENOMEM;
    v->spec = *spec;
    v->spec.url = NULL;
    v->seen = seen;
    v->arg = arg;
    snprintf(v->url, sizeof(v->url), "%s", spec->url);
    loop_timer_init(spec->proof.loop, &v->timer, on_timer, v);
    wait(v);
    *out = v;
    return 0;
}

void vigil_free(struct vigil *v)
{
    if (!v)
        return;
    loop_timer_clear(&v->timer);
    seal_free(v->seal);
    free(v);
}
