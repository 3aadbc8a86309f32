/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/subscriber.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "relay/download.h"

enum { LEAST_MS = 5000, READ_MS = 1000, IDLE_MS = 60000, MOST_MS = 2 * 3600 * 1000, SPREAD = 10 };

/* One that is elsewhere. */
struct source {
    struct subscriber *owner;
    size_t place; /* among the lists */
    struct download *download;
    struct loop_timer next;
    unsigned failures;
    uint64_t coming;             /* its sequence, while it is fetched */
    uint64_t tagged;             /* the sequence of what the tag is of */
    char tag[DOWNLOAD_TAG_SIZE]; /* or "" */
    char part[DENYLISTS_PATH_SIZE];
};

struct subscriber {
    struct subscriber_spec spec;
    struct source all[DENYLISTS_MAX];
};

/* A tenth more or less, so that not all relays ask at once. */
static uint64_t spread(const struct subscriber *s, uint64_t ms)
{
    uint64_t width = ms / SPREAD;
    uint32_t word;
    s->spec.rng->fill(s->spec.rng->arg, &word, sizeof(word));
    return ms - width + word % (2 * width + 1);
}

static void wait_next(struct source *o)
{
    const struct subscriber *s = o->owner;
    uint64_t every = s->spec.every_ms, least = every < LEAST_MS ? every : LEAST_MS;
    uint64_t ms = o->failures > 0 ? backoff_pause(o->failures - 1, least, every) : every;
    loop_timer_set(&o->next, spread(s, ms));
}

static void tell(struct source *o, const struct beam_why *why)
{
    const struct subscriber_spec *spec = &o->owner->spec;
    const char *url = denylists_url(spec->lists, o->place);
    struct beam_why told = {.text = ""};
    if (o->failures++ > 0)
        return;
    log_warn("relay", "a denylist cannot be fetched: %s: %s", log_scrub(url), why->text);
    (void)beam_why(&told, why->code, "relay.denylist %s: cannot be fetched: %s", url, why->text);
    if (spec->warning)
        spec->warning(spec->arg, &told);
}

static int on_begins(void *arg, const void *data, size_t len, struct beam_why *why)
{
    struct source *o = arg;
    int said = denylists_judge(o->owner->spec.lists, o->place, data, len, &o->coming, why);
    return said == DENYLISTS_SAME ? DOWNLOAD_UNCHANGED : said;
}

static void on_done(void *arg, int err, const struct beam_why *why, const char *tag)
{
    struct source *o = arg;
    o->download = NULL;
    if (err < 0) {
        tell(o, why);
        wait_next(o);
        return;
    }
    o->failures = 0;
    if (err == 0) {
        memcpy(o->tag, tag, sizeof(o->tag));
        o->tagged = o->coming;
        denylists_bring(o->owner->spec.lists, o->place);
    }
    wait_next(o);
}

static void on_next(void *arg)
{
    struct source *o = arg;
    const struct subscriber_spec *spec = &o->owner->spec;
    struct beam_why why = {.text = ""};
    if (denylists_reads(spec->lists, o->place)) {
        loop_timer_set(&o->next, READ_MS);
        return;
    }
    /* What was refused once it was here is fetched again. */
    bool here = denylists_sequence(spec->lists, o->place) == o->tagged;
    struct download_spec d = {.way = spec->way,
                              .path = o->part,
                              .tag = here ? o->tag : "",
                              .max = DENYLIST_HEAD_MAX +
                                     (uint64_t)DENYLIST_ENTRIES_MAX * DENYLIST_HASH_SIZE,
                              .first = DENYLIST_HEAD_MAX,
                              .idle_ms = IDLE_MS,
                              .most_ms = MOST_MS};
    const struct download_events events = {.begins = on_begins, .done = on_done, .arg = o};
    int err = where_parse_url(denylists_url(spec->lists, o->place), &d.url, &why);
    if (err == 0)
        err = download_start(&d, &events, &o->download, &why);
    if (err == 0)
        return;
    tell(o, &why);
    wait_next(o);
}

void subscriber_stop(struct subscriber *s)
{
    for (size_t i = 0; s && i < DENYLISTS_MAX; i++) {
        download_cancel(s->all[i].download);
        loop_timer_clear(&s->all[i].next);
        s->all[i].download = NULL;
    }
}

void subscriber_start(struct subscriber *s, uint64_t every_ms)
{
    if (!s)
        return;
    s->spec.every_ms = every_ms;
    for (size_t i = 0; i < denylists_count(s->spec.lists); i++) {
        struct source *o = &s->all[i];
        o->failures = 0;
        o->tag[0] = '\0';
        if (denylists_url(s->spec.lists, i)[0] && denylists_part(s->spec.lists, i, o->part))
            loop_timer_set(&o->next, 0);
    }
}

int subscriber_new(const struct subscriber_spec *spec, struct subscriber **out)
{
    struct subscriber *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->spec = *spec;
    for (size_t i = 0; i < DENYLISTS_MAX; i++) {
        s->all[i].owner = s;
        s->all[i].place = i;
        loop_timer_init(spec->way.loop, &s->all[i].next, on_next, &s->all[i]);
    }
    subscriber_start(s, spec->every_ms);
    *out = s;
    return 0;
}

void subscriber_free(struct subscriber *s)
{
    subscriber_stop(s);
    free(s);
}
