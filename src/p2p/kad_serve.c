/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_serve.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "p2p/standing.h"
#include "stream/frame.h"

enum { IDLE_MS = 60 * 1000, ASKERS_MAX = 1024 };

struct asker {
    TAILQ_ENTRY(asker) link;
    struct kad_serve *serve;
    struct peer_id peer;
    struct frame *frame;
};
TAILQ_HEAD(askers, asker);

struct kad_serve {
    struct kad_serve_spec spec;
    struct askers askers;
    size_t count;
    struct kad_message question, answer;
    uint8_t bytes[KAD_MESSAGE_MAX];
};

static void asker_free(struct asker *a)
{
    TAILQ_REMOVE(&a->serve->askers, a, link);
    a->serve->count--;
    frame_free(a->frame);
    free(a);
}

/* A question that is refused ends its stream (kad-dht, "RPC messages"). */
static void asker_refuse(struct asker *a)
{
    struct frame *f = a->frame;
    a->frame = NULL;
    struct stream *s = frame_take(f);
    stream_reset(s);
    stream_free(s);
    asker_free(a);
}

static int answer(struct kad_serve *s, const struct peer_id *from, const uint8_t *data, size_t len,
                  size_t *out_len)
{
    const struct clock_source *clock = s->spec.clock;
    const struct kad_now now = {.ms = clock->monotonic_ms(clock->arg),
                                .wall_ms = clock->wall_ms(clock->arg)};
    int err = kad_message_decode(data, len, &s->question);
    if (err < 0)
        s->spec.answerer->blame(s->spec.answerer->arg, from, REPUTE_GARBLED);
    if (err == 0)
        err = kad_answer(s->spec.answerer, from, &s->question, now, &s->answer);
    if (err <= 0)
        return err;
    err = kad_message_encode(&s->answer, s->bytes, sizeof(s->bytes), out_len);
    return err < 0 ? err : 1;
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct asker *a = arg;
    size_t answer_len = 0;
    int err = answer(a->serve, &a->peer, data, len, &answer_len);
    if (err > 0)
        err = frame_send(a->frame, a->serve->bytes, answer_len);
    if (err < 0)
        asker_refuse(a);
    else
        frame_read(a->frame, IDLE_MS);
}

static void on_ended(void *arg, int err)
{
    struct asker *a = arg;
    const struct kad_answerer *is = a->serve->spec.answerer;
    if (err == BEAM_EPROTO || err == BEAM_ELIMIT)
        is->blame(is->arg, &a->peer, REPUTE_GARBLED);
    asker_free(a);
}

/* One peer does not take the places of all. */
static bool has_room(const struct kad_serve *s, const struct peer_id *peer)
{
    const struct asker *a;
    size_t n = 0;
    TAILQ_FOREACH(a, &s->askers, link)
    n += peer_id_equal(&a->peer, peer);
    return s->count < ASKERS_MAX && n < KAD_ASKERS_PER_PEER;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct kad_serve *s = arg;
    bool shunned = standing_of(s->spec.host, peer->id) == REPUTE_IS_SHUNNED;
    struct asker *a = !shunned && has_room(s, peer->id) ? malloc(sizeof(*a)) : NULL;
    if (!a) {
        stream_reset(stream);
        stream_free(stream);
        return;
    }
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = a};
    *a = (struct asker){.serve = s, .peer = *peer->id};
    if (frame_new(s->spec.loop, stream, KAD_MESSAGE_MAX, &events, &a->frame) < 0) {
        free(a);
        return;
    }
    TAILQ_INSERT_TAIL(&s->askers, a, link);
    s->count++;
    frame_read(a->frame, IDLE_MS);
}

int kad_serve_start(const struct kad_serve_spec *spec, struct kad_serve **out)
{
    struct kad_serve *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->spec = *spec;
    TAILQ_INIT(&s->askers);
    int err = host_handle(spec->host, spec->protocol, on_stream, s);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void kad_serve_stop(struct kad_serve *s)
{
    if (!s)
        return;
    host_unhandle(s->spec.host, s->spec.protocol);
    while (!TAILQ_EMPTY(&s->askers))
        asker_free(TAILQ_FIRST(&s->askers));
    free(s);
}
