/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/stop.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "base/log.h"
#include "circuit/hop_message.h"
#include "stream/frame.h"

enum { QUESTION_MS = 30 * 1000, LAST_MS = 10 * 1000, CALLERS_MAX = 256, ANSWER_MAX = 64 };

/* A stop stream, until it was answered. */
struct caller {
    TAILQ_ENTRY(caller) link;
    struct stop *stop;
    struct multiaddr relay; /* with /p2p-circuit */
    struct peer_id from;
    struct hop_limit limit;
    struct frame *frame;
    bool accepted, refused;
};

struct stop {
    struct stop_spec spec;
    TAILQ_HEAD(, caller) callers;
    size_t count;
};

static void caller_free(struct caller *c)
{
    TAILQ_REMOVE(&c->stop->callers, c, link);
    c->stop->count--;
    frame_free(c->frame);
    free(c);
}

static int answer(struct caller *c, enum hop_status status)
{
    const struct hop_message m = {.type = HOP_STATUS, .status = status};
    uint8_t bytes[ANSWER_MAX];
    size_t len;
    int err = hop_message_encode(STOP_SIDE, &m, bytes, sizeof(bytes), &len);
    return err < 0 ? err : frame_send(c->frame, bytes, len);
}

/* The answer has gone: what follows is the far peer's. */
static void hand_over(struct caller *c)
{
    struct stream *s = frame_take(c->frame);
    c->frame = NULL;
    const struct way_limit limit = hop_limit_way(&c->limit);
    host_accept_circuit(c->stop->spec.host, s, &c->relay, &c->from, &limit);
    caller_free(c);
}

static void refuse(struct caller *c, enum hop_status status)
{
    c->refused = true;
    if (answer(c, status) < 0) {
        caller_free(c);
        return;
    }
    frame_shut(c->frame);
    frame_read(c->frame, LAST_MS);
}

static void on_flushed(void *arg)
{
    struct caller *c = arg;
    if (c->accepted)
        hand_over(c);
}

static void accept_it(struct caller *c)
{
    c->accepted = true;
    if (answer(c, HOP_OK) < 0)
        caller_free(c);
    else if (frame_unsent(c->frame) == 0)
        hand_over(c);
}

static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct caller *c = arg;
    struct hop_message m;
    if (c->refused)
        caller_free(c);
    else if (hop_message_decode(STOP_SIDE, data, len, &m) < 0)
        refuse(c, HOP_MALFORMED);
    else if (m.type != HOP_CONNECT)
        refuse(c, HOP_UNEXPECTED);
    else if (!m.has_peer || peer_id_equal(&m.peer, host_id(c->stop->spec.host)))
        refuse(c, HOP_MALFORMED);
    else {
        c->from = m.peer;
        c->limit = m.limit;
        accept_it(c);
    }
}

static void on_ended(void *arg, int err)
{
    (void)err;
    caller_free(arg);
}

static void turn_away(struct stream *s, const char *reason)
{
    log_info("circuit", "a circuit was turned away: %s", reason);
    stream_reset(s);
    stream_free(s);
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct stop *s = arg;
    struct multiaddr relay;
    if (peer->way == WAY_CIRCUIT || !s->spec.knows(s->spec.arg, peer->id, &relay)) {
        turn_away(stream, "from no relay of ours");
        return;
    }
    struct caller *c = s->count < CALLERS_MAX ? malloc(sizeof(*c)) : NULL;
    if (!c) {
        turn_away(stream, "there are too many");
        return;
    }
    const struct frame_events events = {
        .message = on_message, .ended = on_ended, .flushed = on_flushed, .arg = c};
    *c = (struct caller){.stop = s, .relay = relay};
    if (frame_new(s->spec.loop, stream, HOP_MESSAGE_MAX, &events, &c->frame) < 0) {
        free(c);
        return;
    }
    TAILQ_INSERT_TAIL(&s->callers, c, link);
    s->count++;
    frame_read(c->frame, QUESTION_MS);
}

int stop_new(const struct stop_spec *spec, struct stop **out)
{
    struct stop *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->spec = *spec;
    TAILQ_INIT(&s->callers);
    int err = host_handle(spec->host, STOP_PROTOCOL, on_stream, s);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void stop_free(struct stop *s)
{
    if (!s)
        return;
    struct caller *c;
    host_unhandle(s->spec.host, STOP_PROTOCOL);
    while ((c = TAILQ_FIRST(&s->callers)))
        caller_free(c);
    free(s);
}
