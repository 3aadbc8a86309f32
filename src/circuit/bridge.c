/* SPDX-License-Identifier: BSD-3-Clause */
#include "circuit/bridge.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/wire.h"
#include "p2p/open.h"
#include "stream/frame.h"
#include "stream/splice.h"

enum {
    ANSWER_MS = 60 * 1000, /* of the far peer, who may be beyond Tor */
    LAST_MS = 10 * 1000,   /* for a refusal to be read */
    WINDOW = 64 * 1024,    /* bytes that are held a direction, of many circuits */
    HEAD_MAX = 128         /* bytes of an answer of ours, and its length */
};

struct bridge {
    struct bridge_spec spec;
    /* Until they are joined: */
    struct frame *near, *far;
    struct open *open; /* of the far one's stream */
    /* From then on: */
    struct splice *splice;
    uint64_t left[2]; /* bytes that each side may still send */
    struct loop_timer duration;
    struct loop_task finish;
    bool over; /* a limit was reached: the splice ends */
    bridge_fn *done;
    void *arg;
};

const struct bridge_spec *bridge_spec(const struct bridge *b)
{
    return &b->spec;
}

static void end(struct bridge *b)
{
    b->done(b->arg, b);
    bridge_free(b);
}

static void on_finish(void *arg)
{
    end(arg);
}

/* ---- joined --------------------------------------------------------------------------------- */

/* Looks at no byte, and is asked again only when as many have passed as may: there is nothing else
 * to do for those in between. */
static uint64_t on_pass(void *arg, enum splice_side from, const void *data, size_t len)
{
    struct bridge *b = arg;
    (void)data;
    if (b->over || len > b->left[from]) {
        b->over = true;
        splice_free(b->splice);
        loop_post(b->spec.loop, &b->finish);
        return 0;
    }
    uint64_t unseen = b->left[from] - len;
    b->left[from] = 0;
    return unseen;
}

static void on_done(void *arg, int err)
{
    struct bridge *b = arg;
    b->splice = NULL;
    log_debug("circuit", "a circuit has ended: %s", err < 0 ? beam_err_text(err) : "in order");
    end(b);
}

static void on_duration(void *arg)
{
    end(arg);
}

/* Our answer to the near peer goes before what the far one sends. */
static int write_answer(struct bridge *b, struct buf *head)
{
    const struct hop_message answer = {.type = HOP_STATUS,
                                       .status = HOP_OK,
                                       .limit = b->spec.limit,
                                       .has_limit = hop_limit_any(&b->spec.limit)};
    uint8_t bytes[HEAD_MAX];
    struct wire_writer w;
    size_t len, size;
    int err = hop_message_encode(HOP_SIDE, &answer, bytes + 1, sizeof(bytes) - 1, &len);
    if (err < 0)
        return err;
    wire_write_init(&w, bytes, 1);
    wire_write_varint(&w, len);
    err = wire_write_end(&w, &size);
    return err < 0 ? err : buf_add(head, bytes, size + len);
}

static void join(struct bridge *b)
{
    const struct splice_events events = {
        .tap = b->spec.limit.data ? on_pass : NULL, .done = on_done, .arg = b};
    const struct splice_options options = {.events = &events, .window = WINDOW};
    struct buf head;
    buf_init(&head, loop_pool(b->spec.loop), HEAD_MAX);
    int err = write_answer(b, &head);
    if (err < 0) {
        end(b);
        return;
    }
    b->left[SPLICE_A] = b->spec.limit.data;
    b->left[SPLICE_B] = b->spec.limit.data + buf_len(&head);
    struct stream *near = frame_take(b->near), *far = frame_take(b->far);
    b->near = b->far = NULL;
    err = splice_start(b->spec.loop, near, far, NULL, &head, &options, &b->splice);
    if (err < 0)
        end(b);
    else if (b->spec.limit.duration)
        loop_timer_set(&b->duration, (uint64_t)b->spec.limit.duration * 1000);
}

/* ---- before --------------------------------------------------------------------------------- */

/* The near peer is told, and given the time to read it. */
static void refuse(struct bridge *b, enum hop_status status)
{
    const struct hop_message answer = {.type = HOP_STATUS, .status = status};
    uint8_t bytes[HEAD_MAX];
    size_t len;
    frame_free(b->far);
    b->far = NULL;
    int err = hop_message_encode(HOP_SIDE, &answer, bytes, sizeof(bytes), &len);
    if (err == 0)
        err = frame_send(b->near, bytes, len);
    if (err < 0) {
        end(b);
        return;
    }
    frame_shut(b->near);
    frame_read(b->near, LAST_MS);
}

static void on_far_answer(void *arg, const uint8_t *data, size_t len)
{
    struct bridge *b = arg;
    struct hop_message answer;
    int err = hop_message_decode(STOP_SIDE, data, len, &answer);
    if (err == 0 && answer.type == HOP_STATUS && answer.status == HOP_OK &&
        frame_unsent(b->far) == 0)
        join(b);
    else
        refuse(b, HOP_CONNECTION_FAILED);
}

static void on_far_ended(void *arg, int err)
{
    (void)err;
    refuse(arg, HOP_CONNECTION_FAILED);
}

static int ask(struct bridge *b)
{
    const struct hop_message question = {.type = HOP_CONNECT,
                                         .has_peer = true,
                                         .peer = b->spec.from,
                                         .has_limit = hop_limit_any(&b->spec.limit),
                                         .limit = b->spec.limit};
    uint8_t bytes[HEAD_MAX];
    size_t len;
    int err = hop_message_encode(STOP_SIDE, &question, bytes, sizeof(bytes), &len);
    return err < 0 ? err : frame_send(b->far, bytes, len);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct bridge *b = arg;
    const struct frame_events events = {.message = on_far_answer, .ended = on_far_ended, .arg = b};
    (void)why;
    (void)protocol;
    (void)peer;
    b->open = NULL;
    if (err == 0)
        err = frame_new(b->spec.loop, s, HOP_MESSAGE_MAX, &events, &b->far);
    if (err == 0)
        err = ask(b);
    if (err < 0)
        refuse(b, HOP_CONNECTION_FAILED);
    else
        frame_read(b->far, ANSWER_MS);
}

/* Only after a refusal is anything read there: whatever comes, it was told. */
static void on_near_message(void *arg, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    end(arg);
}

static void on_near_ended(void *arg, int err)
{
    (void)err;
    end(arg);
}

int bridge_start(struct stream *near, const struct bridge_spec *spec, bridge_fn *done, void *arg,
                 struct bridge **out)
{
    static const char *const protocols[] = {STOP_PROTOCOL};
    const struct connect_spec to = {.peer = &spec->to, .straight = true, .standing = true};
    struct bridge *b = calloc(1, sizeof(*b));
    if (!b) {
        stream_reset(near);
        stream_free(near);
        return BEAM_ENOMEM;
    }
    *b = (struct bridge){.spec = *spec, .done = done, .arg = arg};
    loop_timer_init(spec->loop, &b->duration, on_duration, b);
    loop_task_init(&b->finish, on_finish, b);
    const struct frame_events events = {
        .message = on_near_message, .ended = on_near_ended, .arg = b};
    int err = frame_new(spec->loop, near, HOP_MESSAGE_MAX, &events, &b->near);
    if (err == 0)
        err = open_start(spec->host, &to, protocols, 1, on_open, b, &b->open);
    if (err < 0) {
        bridge_free(b);
        return err;
    }
    *out = b;
    return 0;
}

void bridge_free(struct bridge *b)
{
    open_cancel(b->open);
    frame_free(b->near);
    frame_free(b->far);
    if (!b->over)
        splice_free(b->splice);
    loop_timer_clear(&b->duration);
    loop_task_cancel(b->spec.loop, &b->finish);
    free(b);
}
