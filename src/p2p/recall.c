/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/recall.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "p2p/address_file.h"
#include "p2p/connect.h"
#include "p2p/core.h"

enum {
    HASH_LEN = 16,
    TICK_MS = 30 * 1000, /* is the table empty? */
    RETRY_MS = 2000,
    RETRY_MAX_MS = 5 * 60 * 1000,
    FIRST_SAVE_MS = 60 * 1000 /* a program that is killed has kept somebody, too */
};

struct recall {
    struct recall_spec spec;
    char *path;
    size_t n, next; /* known; whose turn it is */
    struct peer_id peers[RECALL_PEERS];
    struct call {
        struct recall *recall;
        struct connect *connect;
    } calls[RECALL_AT_ONCE];
    unsigned rounds; /* in which nobody was there */
    struct loop_timer tick, save;
};

char *recall_path(const char *dir, const struct peer_id *persona)
{
    uint8_t hash[HASH_LEN];
    char name[TEXT_HEX_SIZE(HASH_LEN) + sizeof(".peers")];
    crypto_generichash(hash, sizeof(hash), persona->bytes, persona->len, NULL, 0);
    text_hex_encode(hash, sizeof(hash), name, TEXT_HEX_SIZE(HASH_LEN));
    strncat(name, ".peers", sizeof(name) - strlen(name) - 1);
    return file_join(dir, name);
}

size_t recall_count(const struct recall *r)
{
    return r->n;
}

static uint64_t wall_ms(const struct recall *r)
{
    return r->spec.clock->wall_ms(r->spec.clock->arg);
}

/* ---- who is known --------------------------------------------------------------------------- */

static void add_peer(struct recall *r, const struct peer_id *peer)
{
    for (size_t i = 0; i < r->n; i++)
        if (peer_id_equal(&r->peers[i], peer))
            return;
    if (r->n < RECALL_PEERS)
        r->peers[r->n++] = *peer;
}

/* What may not be dialled is left out, and a clock that was wrong makes nothing last longer. */
static void take_row(struct recall *r, const struct address_file_row *row)
{
    uint64_t wall = wall_ms(r), left = row->until > wall ? row->until - wall : 0;
    if (left == 0 || !core_may_learn(r->spec.host, &row->addr))
        return;
    host_learn(r->spec.host, &row->peer, &row->addr, 1, row->word,
               left < HOST_REACHED_MS ? left : HOST_REACHED_MS);
    add_peer(r, &row->peer);
}

static void load(struct recall *r)
{
    struct address_file *f = malloc(sizeof(*f));
    struct beam_why why = {.code = BEAM_ENOMEM};
    int err = f ? address_file_load(r->path, host_id(r->spec.host), f, &why) : BEAM_ENOMEM;
    for (size_t i = 0; err == 0 && i < f->n; i++)
        take_row(r, &f->rows[i]);
    if (err < 0 && err != BEAM_ENOTFOUND)
        log_warn("p2p", "the peers of last time are not known: %s",
                 why.text[0] ? why.text : beam_err_text(err));
    free(f);
}

/* ---- keeping them --------------------------------------------------------------------------- */

static bool is_known(struct recall *r, const struct peer_id *peer)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    return address_book_get(r->spec.host->book, peer, loop_now(r->spec.loop), rows) > 0;
}

/* Whom we are connected to is there, however long ago we dialled. */
static void note_connected(struct recall *r, const struct peer_id *id)
{
    struct host_peer peer;
    if (host_find(r->spec.host, id, &peer) && !peer.inbound &&
        core_may_learn(r->spec.host, peer.addr))
        host_learn(r->spec.host, id, peer.addr, 1, ADDRESS_PROVEN, HOST_REACHED_MS);
}

static void put_rows(struct recall *r, const struct peer_id *peer, struct address_file *f)
{
    struct address_book_row rows[ADDRESS_BOOK_PER_PEER];
    uint64_t now = loop_now(r->spec.loop), wall = wall_ms(r);
    note_connected(r, peer);
    size_t n = address_book_get(r->spec.host->book, peer, now, rows);
    for (size_t i = 0; i < n && i < RECALL_ADDRS && f->n < ADDRESS_FILE_ROWS; i++) {
        if (rows[i].origin != PERMIT_LEARNED)
            continue;
        f->rows[f->n++] = (struct address_file_row){.peer = *peer,
                                                    .word = rows[i].word,
                                                    .until = wall + (rows[i].expires - now),
                                                    .addr = rows[i].addr};
    }
}

/* Those in the table first, the nearest of all, and behind them those who were known before. */
static void gather(struct recall *r)
{
    const struct kad_table *t = kad_table(r->spec.kad);
    struct peer_id before[RECALL_PEERS];
    size_t n = r->n;
    memcpy(before, r->peers, n * sizeof(before[0]));
    r->n = r->next = 0;
    for (unsigned shared = KAD_ID_BITS; shared-- > 0;) {
        const struct kad_peer *peers[KAD_K];
        size_t count = kad_table_bucket(t, shared, peers);
        for (size_t i = 0; i < count; i++)
            if (peers[i]->failures == 0)
                add_peer(r, &peers[i]->peer);
    }
    for (size_t i = 0; i < n; i++)
        if (is_known(r, &before[i]))
            add_peer(r, &before[i]);
}

static void save(struct recall *r)
{
    struct address_file *f = calloc(1, sizeof(*f));
    struct beam_why why = {.code = BEAM_ENOMEM};
    if (!f)
        return;
    gather(r);
    for (size_t i = 0; i < r->n; i++)
        put_rows(r, &r->peers[i], f);
    /* Nobody was met: what is there may be better than nothing. */
    if (f->n > 0 && address_file_save(r->path, host_id(r->spec.host), f, &why) < 0)
        log_warn("p2p", "the peers of this time are not kept: %s", why.text);
    free(f);
}

static void on_save(void *arg)
{
    struct recall *r = arg;
    save(r);
    loop_timer_set(&r->save, RECALL_SAVE_MS);
}

/* ---- dialling them -------------------------------------------------------------------------- */

static void go_on(struct recall *r);

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct host_peer *peer)
{
    struct call *call = arg;
    (void)peer; /* that it serves the DHT still is for identify to say */
    call->connect = NULL;
    if (err < 0)
        log_debug("p2p", "a peer of last time: %s", log_scrub(why->text));
    go_on(call->recall);
}

static bool begin(struct recall *r, struct call *call)
{
    const struct connect_spec spec = {.peer = &r->peers[r->next++], .origin = PERMIT_LEARNED};
    return connect_start(r->spec.host, &spec, on_connected, call, &call->connect) == 0;
}

/* How many are there: of those in the table nobody, where nobody at all is reached. */
static size_t there(const struct recall *r)
{
    return host_peers(r->spec.host) == 0 ? 0 : kad_table_count(kad_table(r->spec.kad));
}

static void go_on(struct recall *r)
{
    for (size_t i = 0; i < RECALL_AT_ONCE; i++)
        while (!r->calls[i].connect && r->next < r->n && there(r) < RECALL_ENOUGH &&
               !begin(r, &r->calls[i]))
            ;
}

/* In another order each time, so that no one of them is whom we always begin with. */
static void begin_round(struct recall *r)
{
    for (size_t i = r->n; i > 1; i--) {
        size_t other = rng_below(r->spec.rng, (uint32_t)i);
        struct peer_id moved = r->peers[i - 1];
        r->peers[i - 1] = r->peers[other];
        r->peers[other] = moved;
    }
    r->next = 0;
    go_on(r);
}

static bool is_busy(const struct recall *r)
{
    for (size_t i = 0; i < RECALL_AT_ONCE; i++)
        if (r->calls[i].connect)
            return true;
    return false;
}

static void on_tick(void *arg)
{
    struct recall *r = arg;
    uint64_t pause = TICK_MS;
    if (there(r) > 0) {
        r->rounds = 0;
    } else if (r->n > 0 && !is_busy(r)) {
        begin_round(r);
        pause = backoff_pause(r->rounds++, RETRY_MS, RETRY_MAX_MS);
    }
    loop_timer_set(&r->tick, pause);
}

/* ---- the whole ------------------------------------------------------------------------------ */

int recall_new(const struct recall_spec *spec, struct recall **out)
{
    struct recall *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    r->spec = *spec;
    for (size_t i = 0; i < RECALL_AT_ONCE; i++)
        r->calls[i].recall = r;
    loop_timer_init(spec->loop, &r->tick, on_tick, r);
    loop_timer_init(spec->loop, &r->save, on_save, r);
    r->path = recall_path(spec->dir, host_id(spec->host));
    if (!r->path) {
        free(r);
        return BEAM_ENOMEM;
    }
    load(r);
    loop_timer_set(&r->tick, 0);
    loop_timer_set(&r->save, FIRST_SAVE_MS);
    *out = r;
    return 0;
}

void recall_free(struct recall *r)
{
    if (!r)
        return;
    loop_timer_clear(&r->tick);
    loop_timer_clear(&r->save);
    for (size_t i = 0; i < RECALL_AT_ONCE; i++)
        connect_cancel(r->calls[i].connect);
    save(r);
    free(r->path);
    free(r);
}
