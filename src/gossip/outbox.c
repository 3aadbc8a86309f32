/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pb.h"

enum { FIELD_SUBSCRIPTION = 1, FIELD_PUBLISH = 2, FIELD_CONTROL = 3 };
enum { SUB_ON = 1, SUB_TOPIC = 2 };
enum { CONTROL_IHAVE = 1, CONTROL_IWANT = 2, CONTROL_GRAFT = 3, CONTROL_PRUNE = 4 };
enum { HEAD_MAX = 4 /* a tag, and a length below 2^21 */, FIRST_ROOM = 256 };

void outbox_clear(struct outbox *o)
{
    free(o->plain.bytes);
    free(o->control.bytes);
    *o = (struct outbox){.plain = {.len = 0}};
}

size_t outbox_take(struct outbox *o, uint8_t out[RPC_MAX])
{
    struct wire_writer w;
    size_t len = 0;
    wire_write_init(&w, out, RPC_MAX);
    wire_write_bytes(&w, o->plain.bytes, o->plain.len);
    if (o->control.len > 0)
        pb_write_bytes(&w, FIELD_CONTROL, o->control.bytes, o->control.len);
    (void)wire_write_end(&w, &len);
    outbox_clear(o);
    return len;
}

/* A cursor over `len` more bytes of a part. 0, BEAM_ELIMIT, BEAM_ENOMEM. */
static int extend(struct outbox *o, struct outbox_part *part, size_t len, struct wire_writer *w)
{
    if (o->plain.len + o->control.len + len + HEAD_MAX > RPC_MAX)
        return BEAM_ELIMIT;
    if (part->len + len > part->room) {
        size_t room = part->room ? part->room : FIRST_ROOM;
        while (room < part->len + len)
            room *= 2;
        uint8_t *bytes = realloc(part->bytes, room);
        if (!bytes)
            return BEAM_ENOMEM;
        part->bytes = bytes;
        part->room = room;
    }
    wire_write_init(w, part->bytes + part->len, len);
    part->len += len;
    return 0;
}

int outbox_subscribe(struct outbox *o, struct rpc_text topic, bool on)
{
    struct wire_writer w;
    size_t len = 2 + pb_bytes_size(SUB_TOPIC, topic.len);
    int err = extend(o, &o->plain, pb_bytes_size(FIELD_SUBSCRIPTION, len), &w);
    if (err < 0)
        return err;
    pb_write_head(&w, FIELD_SUBSCRIPTION, len);
    pb_write_number(&w, SUB_ON, on);
    pb_write_bytes(&w, SUB_TOPIC, topic.at, topic.len);
    return 0;
}

int outbox_post(struct outbox *o, const struct post *p)
{
    struct wire_writer w;
    int err = extend(o, &o->plain, pb_bytes_size(FIELD_PUBLISH, p->view.len), &w);
    if (err == 0)
        pb_write_bytes(&w, FIELD_PUBLISH, p->view.at, p->view.len);
    return err;
}

int outbox_graft(struct outbox *o, struct rpc_text topic)
{
    struct wire_writer w;
    size_t len = pb_bytes_size(1, topic.len);
    int err = extend(o, &o->control, pb_bytes_size(CONTROL_GRAFT, len), &w);
    if (err < 0)
        return err;
    pb_write_head(&w, CONTROL_GRAFT, len);
    pb_write_bytes(&w, 1, topic.at, topic.len);
    return 0;
}

/* The record is left away where there is none. */
static size_t peer_size(const struct rpc_peer *p)
{
    return pb_bytes_size(1, p->id.len) + (p->record.len ? pb_bytes_size(2, p->record.len) : 0);
}

int outbox_prune(struct outbox *o, struct rpc_text topic, uint64_t backoff_s,
                 const struct rpc_peer *peers, size_t n)
{
    struct wire_writer w;
    size_t len = pb_bytes_size(1, topic.len);
    if (backoff_s == 0)
        n = 0;
    else
        len += 1 + wire_varint_size(backoff_s);
    for (size_t i = 0; i < n; i++)
        len += pb_bytes_size(2, peer_size(&peers[i]));
    int err = extend(o, &o->control, pb_bytes_size(CONTROL_PRUNE, len), &w);
    if (err < 0)
        return err;
    pb_write_head(&w, CONTROL_PRUNE, len);
    pb_write_bytes(&w, 1, topic.at, topic.len);
    for (size_t i = 0; i < n; i++) {
        pb_write_head(&w, 2, peer_size(&peers[i]));
        pb_write_bytes(&w, 1, peers[i].id.at, peers[i].id.len);
        if (peers[i].record.len > 0)
            pb_write_bytes(&w, 2, peers[i].record.at, peers[i].record.len);
    }
    if (backoff_s > 0)
        pb_write_number(&w, 3, backoff_s);
    return 0;
}

static int write_ids(struct outbox *o, uint32_t number, const struct rpc_text *topic,
                     const struct rpc_text *ids, size_t n)
{
    struct wire_writer w;
    const uint32_t id_number = topic ? 2 : 1;
    size_t len = topic ? pb_bytes_size(1, topic->len) : 0;
    for (size_t i = 0; i < n; i++)
        len += pb_bytes_size(id_number, ids[i].len);
    int err = extend(o, &o->control, pb_bytes_size(number, len), &w);
    if (err < 0)
        return err;
    pb_write_head(&w, number, len);
    if (topic)
        pb_write_bytes(&w, 1, topic->at, topic->len);
    for (size_t i = 0; i < n; i++)
        pb_write_bytes(&w, id_number, ids[i].at, ids[i].len);
    return 0;
}

int outbox_have(struct outbox *o, struct rpc_text topic, const struct rpc_text *ids, size_t n)
{
    return write_ids(o, CONTROL_IHAVE, &topic, ids, n);
}

int outbox_want(struct outbox *o, const struct rpc_text *ids, size_t n)
{
    return write_ids(o, CONTROL_IWANT, NULL, ids, n);
}
