/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front_spare.h"

#include <stdlib.h>

struct front_spare_visit {
    TAILQ_ENTRY(front_spare_visit) all;
    struct front_spare *spare;
    struct stream *stream;
    struct front_tally *place;
};

void front_spare_init(struct front_spare *s, struct buf_pool *pool, struct front_tallies *tallies)
{
    s->pool = pool;
    s->tallies = tallies;
    s->n = 0;
    TAILQ_INIT(&s->visits);
}

static void drop(struct front_spare_visit *v)
{
    struct front_spare *s = v->spare;
    TAILQ_REMOVE(&s->visits, v, all);
    s->n--;
    stream_free(v->stream);
    front_tally_leave(s->tallies, v->place);
    free(v);
}

void front_spare_clear(struct front_spare *s)
{
    struct front_spare_visit *v;
    while ((v = TAILQ_FIRST(&s->visits)))
        drop(v);
}

void front_spare_drop(struct front_spare *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct front_spare_visit *v = TAILQ_FIRST(&s->visits), *next;
    for (; v; v = next) {
        next = TAILQ_NEXT(v, all);
        if (front_tally_is_of(v->place, id))
            drop(v);
    }
}

/* It was not asked anything: whatever it says ends it. */
static void on_ready(void *arg, struct stream *stream, unsigned ready)
{
    struct front_spare_visit *v = arg;
    struct buf said;
    if (!(ready & STREAM_READABLE))
        return;
    buf_init(&said, v->spare->pool, 1);
    ssize_t n = stream_read(stream, &said, 1);
    buf_clear(&said);
    if (n != BEAM_EAGAIN)
        drop(v);
}

void front_spare_put(struct front_spare *s, struct stream *visit, struct front_tally *place)
{
    struct front_spare_visit *v = calloc(1, sizeof(*v));
    if (!v) {
        stream_free(visit);
        front_tally_leave(s->tallies, place);
        return;
    }
    *v = (struct front_spare_visit){.spare = s, .stream = visit, .place = place};
    stream_own(visit, on_ready, v);
    TAILQ_INSERT_HEAD(&s->visits, v, all);
    if (++s->n > FRONT_SPARE_MAX)
        drop(TAILQ_LAST(&s->visits, front_spare_visits));
}

struct stream *front_spare_take(struct front_spare *s, const uint8_t id[RESERVATION_ID_SIZE],
                                struct front_tally **place)
{
    struct front_spare_visit *v;
    TAILQ_FOREACH(v, &s->visits, all)
    if (front_tally_is_of(v->place, id))
        break;
    if (!v)
        return NULL;
    struct stream *stream = v->stream;
    *place = v->place;
    TAILQ_REMOVE(&s->visits, v, all);
    s->n--;
    free(v);
    stream_own(stream, NULL, NULL);
    return stream;
}
