/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lease store under any order of requests by a few keys, with time that passes and restarts in
 * between, held against what must be true of it whatever happened: its bounds, that a lease is
 * found by its id and name or by neither, and that nobody gets at another's. Five bytes are a step.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "relay/lease.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 4, KEPT = 8, STEP = 5, STEPS_MAX = 64 };

static const struct lease_limits limits = {
    .total = 6, .each_owner = 3, .lease_ms = 100, .hold_ms = 400};

/* A lease that was granted, and what its owner knows of it. */
struct kept {
    struct peer_id owner;
    uint8_t id[RESERVATION_ID_SIZE], token[RESERVATION_TOKEN_SIZE];
    bool known;
};

struct world {
    struct lease_store *store;
    struct kept kept[KEPT];
    uint64_t now;
};

static struct peer_id keys[KEYS];
static char path[64];

static void begin_once(void)
{
    static char dir[] = "/tmp/beam-fuzz-lease.XXXXXX";
    if (path[0])
        return;
    if (sodium_init() < 0 || !mkdtemp(dir))
        abort();
    snprintf(path, sizeof(path), "%s/db", dir);
    for (uint8_t i = 0; i < KEYS; i++) {
        const uint8_t seed[KEY_SEED_SIZE] = {i};
        struct key_pair *pair;
        struct key_public key;
        if (key_pair_from_seed(seed, &pair) < 0)
            abort();
        key_pair_public(pair, &key);
        key_pair_free(pair);
        if (peer_id_from_key(&key, &keys[i]) < 0)
            abort();
    }
}

static void open_store(struct world *w)
{
    if (lease_store_open(path, &limits, rng_system(), w->now, &w->store, NULL) < 0)
        abort();
}

static void check(const struct world *w, const struct lease *l)
{
    if (lease_by_id(w->store, l->id, w->now) != l || l->expires > w->now + limits.lease_ms ||
        l->expires + limits.lease_ms / 8 <= w->now + limits.lease_ms ||
        (l->name[0] && lease_by_name(w->store, l->name, w->now) != l))
        abort();
}

static void step(struct world *w, const uint8_t *in)
{
    static const char *const names[] = {"", "a", "b", "-"};
    const struct peer_id *who = &keys[in[1] % KEYS];
    struct kept *k = &w->kept[in[2] % KEPT];
    uint8_t token[RESERVATION_TOKEN_SIZE] = {0};
    const struct lease *l = NULL;
    struct reservation_request r = {.verb = 1 + in[0] % 5, .kind = 1 + in[0] / 128u};
    w->now += in[4];
    r.has_id = r.verb != RESERVATION_RESERVE || in[3] & 4;
    memcpy(r.id, k->id, sizeof(r.id));
    memcpy(r.token, k->token, sizeof(r.token));
    snprintf(r.name, sizeof(r.name), "%s", names[in[3] % 4]);
    enum reservation_status status = lease_ask(w->store, who, &r, true, w->now, token, &l);
    if (status == RESERVATION_OK && r.has_id && !(k->known && peer_id_equal(who, &k->owner)))
        abort();
    bool gives = r.verb == RESERVATION_RESERVE || r.verb == RESERVATION_RENEW;
    if (lease_count(w->store) > limits.total || (l != NULL) != (status == RESERVATION_OK && gives))
        abort();
    if (!l)
        return;
    check(w, l);
    if (!peer_id_equal(&l->owner, who))
        abort();
    k->known = true;
    k->owner = *who;
    memcpy(k->id, l->id, sizeof(k->id));
    memcpy(k->token, token, sizeof(k->token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.now = 1};
    begin_once();
    open_store(&w);
    for (size_t i = 0; i + STEP <= size && i < STEP * STEPS_MAX; i += STEP) {
        if (data[i] == 0xff) {
            size_t count = lease_count(w.store);
            lease_store_close(w.store);
            open_store(&w);
            if (lease_count(w.store) > count)
                abort();
        } else {
            step(&w, data + i);
        }
    }
    lease_store_close(w.store);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char file[80];
        snprintf(file, sizeof(file), "%s%s", path, ends[i]);
        (void)file_remove(file);
    }
    return 0;
}
