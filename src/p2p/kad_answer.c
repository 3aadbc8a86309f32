/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_answer.h"

#include <string.h>

#include "base/err.h"

static void put_contact(const struct kad_answerer *a, const struct peer_id *peer,
                        struct kad_contact *out)
{
    *out = (struct kad_contact){.peer = *peer, .connection = KAD_NOT_CONNECTED};
    a->describe(a->arg, out);
}

/* The asker knows itself. */
static void put_closer(const struct kad_answerer *a, const struct peer_id *from,
                       struct kad_text key, struct kad_message *reply)
{
    const struct kad_peer *near[KAD_K + 1];
    struct kad_id target;
    kad_id_of(key.at, key.len, &target);
    size_t n = kad_table_nearest(a->table, &target, near, KAD_K + 1);
    for (size_t i = 0; i < n && reply->closer_count < KAD_PEERS_MAX; i++)
        if (!peer_id_equal(&near[i]->peer, from))
            put_contact(a, &near[i]->peer, &reply->closer[reply->closer_count++]);
}

static int get_value(const struct kad_answerer *a, const struct kad_message *request,
                     struct kad_now now, struct kad_message *reply)
{
    if (kad_store_get(a->store, request->key, now, &reply->value) == 0) {
        reply->has_record = true;
        reply->record_key = request->key;
    }
    return 1;
}

/* What one of whom a value was not taken did; a namespace that is not known here may be a newer
 * program's. */
static void blame_putter(const struct kad_answerer *a, const struct peer_id *from,
                         struct kad_text key, int err)
{
    if (err == BEAM_EEXIST || (err == BEAM_EINVAL && !kad_store_validator(a->store, key)))
        a->blame(a->arg, from, REPUTE_UNWANTED);
    else if (err == BEAM_EINVAL)
        a->blame(a->arg, from, REPUTE_BAD_VALUE);
}

static int put_value(const struct kad_answerer *a, const struct peer_id *from,
                     const struct kad_message *request, struct kad_now now,
                     struct kad_message *reply)
{
    if (!request->has_record || request->record_key.len != request->key.len ||
        memcmp(request->record_key.at, request->key.at, request->key.len) != 0) {
        a->blame(a->arg, from, REPUTE_BAD_VALUE);
        return BEAM_EINVAL;
    }
    int err = kad_store_put(a->store, request->key, request->value, from, now);
    if (err < 0) {
        blame_putter(a, from, request->key, err);
        return err;
    }
    reply->has_record = true;
    reply->record_key = request->record_key;
    reply->value = request->value;
    return 1;
}

static int get_providers(const struct kad_answerer *a, const struct kad_message *request,
                         struct kad_now now, struct kad_message *reply)
{
    struct peer_id peers[KAD_PEERS_MAX];
    size_t n = kad_store_providers(a->store, request->key, now, peers, KAD_PEERS_MAX);
    for (size_t i = 0; i < n; i++)
        put_contact(a, &peers[i], &reply->providers[i]);
    reply->provider_count = n;
    return 1;
}

/* Nobody provides for another. */
static int add_provider(const struct kad_answerer *a, const struct peer_id *from,
                        const struct kad_message *request, struct kad_now now)
{
    for (size_t i = 0; i < request->provider_count; i++) {
        if (!peer_id_equal(&request->providers[i].peer, from))
            continue;
        int err = kad_store_provide(a->store, request->key, from, a->whence(a->arg, from), now);
        if (err == 0)
            a->learn(a->arg, &request->providers[i]);
        return err;
    }
    a->blame(a->arg, from, REPUTE_FALSE_NAME);
    return BEAM_EINVAL;
}

int kad_answer(const struct kad_answerer *a, const struct peer_id *from,
               const struct kad_message *request, struct kad_now now, struct kad_message *reply)
{
    if (request->key.len == 0 && request->type != KAD_PING) {
        a->blame(a->arg, from, REPUTE_GARBLED);
        return BEAM_EINVAL;
    }
    memset(reply, 0, offsetof(struct kad_message, closer));
    reply->type = request->type;
    reply->key = request->key;
    int answered = 1;
    switch (request->type) {
    case KAD_PUT_VALUE:
        return put_value(a, from, request, now, reply);
    case KAD_ADD_PROVIDER:
        return add_provider(a, from, request, now);
    case KAD_PING:
        return 1;
    case KAD_GET_VALUE:
        answered = get_value(a, request, now, reply);
        break;
    case KAD_GET_PROVIDERS:
        answered = get_providers(a, request, now, reply);
        break;
    case KAD_FIND_NODE:
        break;
    }
    put_closer(a, from, request->key, reply);
    return answered;
}
