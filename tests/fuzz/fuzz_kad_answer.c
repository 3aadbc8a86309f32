/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What peers ask of a server of the DHT: the input is messages, each behind its length as two
 * bytes, from one peer and the other in turn, hours apart. What is answered must be a message that
 * its asker understands, no value may be given away that is not good, or not any more, and what is
 * kept stays within its limits.
 */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "p2p/kad_answer.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PEERS = 4, KEPT = 3, HOUR_MS = 60 * 60 * 1000, GOOD = 'g' };

static const uint64_t wall_ms = UINT64_C(1767225600000);

/* ---- values that are good for as many hours as they say ------------------------------------- */

static uint64_t hours(struct kad_text value)
{
    return value.len > 1 ? value.at[1] : 0;
}

static uint64_t until(void *arg, struct kad_text key, struct kad_text value)
{
    (void)arg;
    (void)key;
    return wall_ms + hours(value) * HOUR_MS;
}

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t now)
{
    if (value.len == 0 || value.at[0] != GOOD)
        return BEAM_EINVAL;
    return until(arg, key, value) > now ? 0 : BEAM_ETIMEOUT;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    uint64_t left = hours(a), right = hours(b);
    return left == right ? 0 : left > right ? -1 : 1;
}

static const struct kad_validator validator = {
    .name = "v", .check = check, .compare = compare, .until = until, .repeated = true};

/* ---- the server ----------------------------------------------------------------------------- */

struct world {
    struct kad_table *table;
    struct kad_store *store;
    struct peer_id peers[PEERS]; /* the first is the server */
};

static void describe(void *arg, struct kad_contact *contact)
{
    static const uint8_t addr[] = {4, 8, 8, 8, 8, 6, 0, 80};
    (void)arg;
    contact->addrs[contact->n++] = (struct kad_text){addr, sizeof(addr)};
}

static void blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    (void)arg;
    MUST(peer->len > 0 && what < REPUTE_OFFENCES);
}

static void learn(void *arg, const struct kad_contact *contact)
{
    (void)arg;
    MUST(contact->n <= KAD_ADDRS_MAX);
}

static kad_group whence(void *arg, const struct peer_id *peer)
{
    (void)arg;
    return peer->bytes[peer->len - 1];
}

static void fill(void *arg, void *out, size_t len)
{
    uint8_t *n = arg;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = *n = (uint8_t)(*n * 5 + 3);
}

static void make(struct world *w, const struct rng *rng)
{
    static const uint8_t head[6] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};
    const struct kad_store_limits limits = {.values = KEPT, .providers = KEPT, .each = KEPT};
    struct kad_id self;
    for (uint8_t i = 0; i < PEERS; i++) {
        w->peers[i] = (struct peer_id){.len = sizeof(head) + 32};
        memcpy(w->peers[i].bytes, head, sizeof(head));
        w->peers[i].bytes[sizeof(head) + 31] = i;
    }
    kad_id_of_peer(&w->peers[0], &self);
    MUST(kad_table_new(&w->peers[0], &w->table) == 0);
    MUST(kad_store_new(rng, &self, &limits, &w->store) == 0);
    MUST(kad_store_register(w->store, &validator) == 0);
    for (uint8_t i = 1; i < PEERS; i++)
        MUST(kad_table_seen(w->table, &w->peers[i], i, 1, NULL) == 0);
}

static void check_answer(const struct kad_message *reply, struct kad_now now)
{
    static struct kad_message again;
    static uint8_t bytes[KAD_MESSAGE_MAX];
    size_t len;
    MUST(kad_message_encode(reply, bytes, sizeof(bytes), &len) == 0);
    MUST(kad_message_decode(bytes, len, &again) == 0 && again.type == reply->type);
    MUST(again.closer_count == reply->closer_count && again.closer_count < PEERS);
    MUST(again.provider_count == reply->provider_count && again.provider_count <= 2);
    if (again.has_record)
        MUST(check(NULL, again.key, again.value, now.wall_ms) == 0);
}

static void ask(struct world *w, const uint8_t *data, size_t len, const struct peer_id *from,
                struct kad_now now)
{
    static struct kad_message request, reply;
    const struct kad_answerer a = {.table = w->table,
                                   .store = w->store,
                                   .describe = describe,
                                   .blame = blame,
                                   .learn = learn,
                                   .whence = whence,
                                   .arg = w};
    if (kad_message_decode(data, len, &request) < 0)
        return;
    int answered = kad_answer(&a, from, &request, now, &reply);
    MUST(answered <= 1);
    if (answered == 1)
        check_answer(&reply, now);
    MUST(kad_store_values(w->store) <= KEPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t number = 0;
    const struct rng rng = {.fill = fill, .arg = &number};
    struct kad_now now = {.ms = 1, .wall_ms = wall_ms};
    struct kad_text key, value;
    const struct peer_id *from;
    struct world w;
    MUST(sodium_init() >= 0);
    make(&w, &rng);
    for (unsigned i = 0; size >= 2; i++) {
        size_t len = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        ask(&w, data, len, &w.peers[1 + i % 2], now);
        data += len;
        size -= len;
        now.ms += HOUR_MS;
        now.wall_ms += HOUR_MS;
        if (kad_store_due(w.store, now, &key, &value, &from))
            kad_store_tended(w.store, key, now);
    }
    kad_store_free(w.store);
    kad_table_free(w.table);
    return 0;
}
