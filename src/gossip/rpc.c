/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/rpc.h"

#include <string.h>

#include "base/err.h"
#include "base/pb.h"

enum { FIELD_SUBSCRIPTION = 1, FIELD_PUBLISH = 2, FIELD_CONTROL = 3 };
enum { SUB_ON = 1, SUB_TOPIC = 2 };
enum { CONTROL_IHAVE = 1, CONTROL_IWANT = 2, CONTROL_GRAFT = 3, CONTROL_PRUNE = 4 };
enum { IHAVE_TOPIC = 1, IHAVE_IDS = 2, IWANT_IDS = 1, GRAFT_TOPIC = 1 };
enum { PRUNE_TOPIC = 1, PRUNE_PEERS = 2, PRUNE_BACKOFF = 3 };
enum { PEER_ID = 1, PEER_RECORD = 2 };

static struct rpc_text text_of(const struct pb_field *f)
{
    return (struct rpc_text){.at = f->at, .len = f->len};
}

/* Of a list that has more fields than a message may have, the beginning counts. */
static int end_of_list(const struct pb_reader *r, struct rpc *out)
{
    int err = pb_end(r);
    if (err != BEAM_ELIMIT)
        return err;
    out->left_out++;
    return 0;
}

static void add_id(struct rpc *out, const struct pb_field *f, struct rpc_text *list, size_t *n)
{
    if (*n < RPC_IDS_MAX && f->len > 0 && f->len <= RPC_ID_MAX)
        list[(*n)++] = text_of(f);
    else
        out->left_out++;
}

static int read_sub(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    struct rpc_sub sub = {.on = false};
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, SUB_ON, PB_VARINT))
            sub.on = f.value != 0;
        else if (pb_is(&f, SUB_TOPIC, PB_BYTES))
            sub.topic = text_of(&f);
    }
    if (out->sub_count < RPC_SUBS_MAX)
        out->subs[out->sub_count++] = sub;
    else
        out->left_out++;
    return pb_end(&r);
}

static int read_have(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    struct rpc_have have = {.first = out->had_count};
    if (out->have_count == RPC_CONTROL_MAX) {
        out->left_out++;
        return 0;
    }
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, IHAVE_TOPIC, PB_BYTES))
            have.topic = text_of(&f);
        else if (pb_is(&f, IHAVE_IDS, PB_BYTES))
            add_id(out, &f, out->had, &out->had_count);
    }
    have.n = out->had_count - have.first;
    out->haves[out->have_count++] = have;
    return end_of_list(&r, out);
}

static int read_want(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f))
        if (pb_is(&f, IWANT_IDS, PB_BYTES))
            add_id(out, &f, out->wanted, &out->want_count);
    return end_of_list(&r, out);
}

static int read_graft(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    struct rpc_text topic = {.at = NULL};
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f))
        if (pb_is(&f, GRAFT_TOPIC, PB_BYTES))
            topic = text_of(&f);
    if (out->graft_count < RPC_CONTROL_MAX)
        out->grafts[out->graft_count++] = topic;
    else
        out->left_out++;
    return pb_end(&r);
}

static int read_peer(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    struct rpc_peer peer = {.id = {.at = NULL}};
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, PEER_ID, PB_BYTES))
            peer.id = text_of(&f);
        else if (pb_is(&f, PEER_RECORD, PB_BYTES))
            peer.record = text_of(&f);
    }
    if (out->peer_count < RPC_PEERS_MAX)
        out->peers[out->peer_count++] = peer;
    else
        out->left_out++;
    return pb_end(&r);
}

static int read_prune(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    struct rpc_prune prune = {.first = out->peer_count};
    if (out->prune_count == RPC_CONTROL_MAX) {
        out->left_out++;
        return 0;
    }
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, PRUNE_TOPIC, PB_BYTES))
            prune.topic = text_of(&f);
        else if (pb_is(&f, PRUNE_BACKOFF, PB_VARINT))
            prune.backoff_s = f.value;
        else if (pb_is(&f, PRUNE_PEERS, PB_BYTES))
            pb_fail(&r, read_peer(out, &f));
    }
    prune.n = out->peer_count - prune.first;
    out->prunes[out->prune_count++] = prune;
    return pb_end(&r);
}

static int read_control(struct rpc *out, const struct pb_field *bytes)
{
    struct pb_reader r;
    struct pb_field f;
    pb_read_init(&r, bytes->at, bytes->len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, CONTROL_IHAVE, PB_BYTES))
            pb_fail(&r, read_have(out, &f));
        else if (pb_is(&f, CONTROL_IWANT, PB_BYTES))
            pb_fail(&r, read_want(out, &f));
        else if (pb_is(&f, CONTROL_GRAFT, PB_BYTES))
            pb_fail(&r, read_graft(out, &f));
        else if (pb_is(&f, CONTROL_PRUNE, PB_BYTES))
            pb_fail(&r, read_prune(out, &f));
    }
    return end_of_list(&r, out);
}

int rpc_decode(const void *data, size_t len, struct rpc *out)
{
    struct pb_reader r;
    struct pb_field f;
    if (len > RPC_MAX)
        return BEAM_ELIMIT;
    memset(out, 0, offsetof(struct rpc, subs));
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (pb_is(&f, FIELD_SUBSCRIPTION, PB_BYTES))
            pb_fail(&r, read_sub(out, &f));
        else if (pb_is(&f, FIELD_PUBLISH, PB_BYTES) && out->post_count < RPC_POSTS_MAX)
            out->posts[out->post_count++] = text_of(&f);
        else if (pb_is(&f, FIELD_PUBLISH, PB_BYTES))
            out->left_out++;
        else if (pb_is(&f, FIELD_CONTROL, PB_BYTES))
            pb_fail(&r, read_control(out, &f));
    }
    return end_of_list(&r, out);
}
