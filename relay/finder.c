/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/finder.h"

#include <stdlib.h>

#include "base/log.h"
#include "relay/known.h"

enum {
    FETCHES_MAX = KAD_PROVIDERS_MAX,
    LOOK_MS = 50,                     /* while nobody is known yet */
    AGAIN_MS = 250,                   /* when none of those who are known answered */
    LEARNED_MS = 48 * 60 * 60 * 1000, /* to find it again after it was away */
    FRESH_MS = 10 * 60 * 1000         /* the list is asked for anew after it */
};

/* The word of one relay that is being fetched. */
struct fetch {
    struct finder *finder;
    struct kad_job *job;
};

struct finder {
    struct finder_spec spec;
    struct history history;
    struct loop_timer timer;
    struct kad_job *list;
    struct fetch fetches[FETCHES_MAX];
    size_t fetching;
    uint64_t since, listed; /* loop_now: the pick began; the list was fetched, 0: never */
    finder_fn *done;
    finder_list_fn *list_done; /* the list is what is wanted, and no pick */
    void *arg;
    struct known known;
};

static void answer(struct finder *f, int err, const struct beam_why *why,
                   const struct relay_info *info)
{
    finder_fn *done = f->done;
    finder_list_fn *list_done = f->list_done;
    f->done = NULL;
    f->list_done = NULL;
    if (list_done)
        list_done(f->arg, err, why);
    else
        done(f->arg, err, why, info);
}

static void fail(struct finder *f, int err, const char *what)
{
    struct beam_why why;
    beam_why(&why, err, "relays: %s", what);
    answer(f, err, &why, NULL);
}

/* ---- picking -------------------------------------------------------------------------------- */

static bool pick(struct finder *f)
{
    const struct relay_info *info =
        known_next(&f->known, &f->history, f->spec.kinds, f->spec.rng, loop_now(f->spec.loop));
    if (!info)
        return false;
    host_learn(f->spec.host, &info->id, info->addrs, info->addr_count, ADDRESS_SIGNED, LEARNED_MS);
    answer(f, 0, NULL, info);
    return true;
}

static void add_news(struct finder *f)
{
    const struct relay_info *info;
    for (size_t i = 0; f->spec.news && (info = news_known(f->spec.news, i)); i++)
        known_add(&f->known, info);
}

static void listed(struct finder *f)
{
    f->listed = loop_now(f->spec.loop);
    add_news(f);
    if (f->list_done)
        answer(f, 0, NULL, NULL);
    else if (!pick(f))
        fail(f, BEAM_ENOTFOUND,
             f->known.n == 0 ? "none is known in the network (name one: --community-relay=ADDR)"
                             : "none of those that are known can be used now (name one: "
                               "--community-relay=ADDR)");
}

/* ---- the list ------------------------------------------------------------------------------- */

static void take(struct finder *f, struct kad_text value)
{
    struct relay_info *info = malloc(sizeof(*info));
    if (info && info_open(value.at, value.len, info) == 0)
        known_add(&f->known, info);
    free(info);
}

static void one_less(struct finder *f)
{
    if (--f->fetching == 0)
        listed(f);
}

static void on_info(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct fetch *fetch = arg;
    struct finder *f = fetch->finder;
    fetch->job = NULL;
    if (err == 0)
        take(f, r->value);
    else
        log_info("relay", "what a relay says of itself: %s", why->text);
    one_less(f);
}

/* It may end before it has begun. */
static void fetch_info(struct finder *f, struct fetch *fetch, const struct peer_id *relay)
{
    uint8_t key[INFO_KEY_MAX];
    const struct kad_text k = {.at = key, .len = info_key(relay, key)};
    fetch->finder = f;
    f->fetching++;
    if (kad_job_start(kad_jobs(f->spec.kad), KAD_JOB_GET, k, k, on_info, fetch, &fetch->job) < 0)
        one_less(f);
}

/* Whether somebody may still answer who does not yet. */
static bool may_wait(const struct finder *f)
{
    return loop_now(f->spec.loop) < f->since + f->spec.patience_ms;
}

static void on_list(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct finder *f = arg;
    f->list = NULL;
    /* Those who are known may all be gone, and the network may be, and come back. */
    if (err == BEAM_EUNREACH && f->known.n == 0 && may_wait(f)) {
        loop_timer_set(&f->timer, AGAIN_MS);
        return;
    }
    /* Who hides the list from us does not hide those that are known already. */
    if (err < 0 && err != BEAM_ENOTFOUND && f->known.n == 0) {
        answer(f, err, why, NULL);
        return;
    }
    f->fetching = 1; /* more may follow, until all have begun */
    for (size_t i = 0; err == 0 && i < r->provider_count && i < FETCHES_MAX; i++)
        fetch_info(f, &f->fetches[i], &r->providers[i]);
    one_less(f);
}

static void on_timer(void *arg)
{
    struct finder *f = arg;
    const struct kad_text topic = info_topic();
    if (!f->spec.kad) {
        listed(f);
        return;
    }
    if (f->listed != 0)
        add_news(f);
    if (!f->list_done && f->listed != 0 && loop_now(f->spec.loop) < f->listed + FRESH_MS && pick(f))
        return;
    if (kad_table_count(kad_table(f->spec.kad)) == 0) {
        if (may_wait(f))
            loop_timer_set(&f->timer, LOOK_MS);
        else
            fail(f, BEAM_EUNREACH, "nobody in the network answers (see network.bootstrap)");
        return;
    }
    int err =
        kad_job_start(kad_jobs(f->spec.kad), KAD_JOB_PROVIDERS, topic, topic, on_list, f, &f->list);
    if (err < 0)
        fail(f, err, beam_err_text(err));
}

void finder_pick(struct finder *f, finder_fn *done, void *arg)
{
    f->done = done;
    f->arg = arg;
    f->since = loop_now(f->spec.loop);
    loop_timer_set(&f->timer, 0);
}

void finder_list(struct finder *f, finder_list_fn *done, void *arg)
{
    f->list_done = done;
    f->arg = arg;
    f->since = loop_now(f->spec.loop);
    loop_timer_set(&f->timer, 0);
}

const struct relay_info *finder_known(const struct finder *f, size_t i, struct pick_history *seen)
{
    if (i >= f->known.n)
        return NULL;
    if (seen)
        *seen = history_of(&f->history, &f->known.rows[i].info.id);
    return &f->known.rows[i].info;
}

void finder_prefer(struct finder *f, const struct peer_id *relay)
{
    f->known.preferred = *relay;
}

void finder_report(struct finder *f, const struct peer_id *relay, bool served, uint64_t ms)
{
    struct beam_why why;
    history_note(&f->history, relay, served, ms);
    if (served)
        known_served(&f->known, relay);
    if (f->spec.history && history_save(&f->history, f->spec.history, &why) < 0)
        log_warn("relay", "%s", why.text);
}

/* ---- the whole ------------------------------------------------------------------------------ */

int finder_new(const struct finder_spec *spec, struct finder **out)
{
    struct beam_why why;
    struct finder *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->spec = *spec;
    int err = spec->kad ? kad_store_register(kad_store(spec->kad), &info_validator) : 0;
    if (err < 0 && err != BEAM_EEXIST) {
        free(f);
        return err;
    }
    if (spec->history) {
        err = history_load(&f->history, spec->history, &why);
        if (err < 0 && err != BEAM_ENOTFOUND)
            log_warn("relay", "%s", why.text);
    }
    loop_timer_init(spec->loop, &f->timer, on_timer, f);
    *out = f;
    return 0;
}

void finder_cancel(struct finder *f)
{
    loop_timer_clear(&f->timer);
    if (f->list)
        kad_job_cancel(f->list);
    for (size_t i = 0; i < FETCHES_MAX; i++) {
        if (f->fetches[i].job)
            kad_job_cancel(f->fetches[i].job);
        f->fetches[i].job = NULL;
    }
    f->list = NULL;
    f->fetching = 0;
    f->done = NULL;
    f->list_done = NULL;
}

void finder_free(struct finder *f)
{
    if (!f)
        return;
    finder_cancel(f);
    free(f);
}
