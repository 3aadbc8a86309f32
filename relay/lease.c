/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/text.h"
#include "relay/lease_db.h"
#include "relay/lease_ports.h"

enum {
    SWEEP_MAX = 64, /* leases that one call forgets, so that none takes long */
    FRESH_PART = 8  /* of a lease, in which a renewal changes nothing */
};

struct lease_list {
    struct lease *first, **last;
};

/* All leases of one key. */
struct lease_holder {
    struct peer_id owner;
    struct lease *first;
    size_t count;
};

struct lease_store {
    struct lease_db *db;
    struct lease_limits limits;
    const struct rng *rng;
    struct map *ids, *names, *holders;
    struct lease_ports ports;
    struct lease_list live, lapsed; /* each in order: that which ran out, or will, first is first */
};

static void hash_token(const uint8_t token[RESERVATION_TOKEN_SIZE],
                       uint8_t out[LEASE_TOKEN_HASH_SIZE])
{
    crypto_generichash(out, LEASE_TOKEN_HASH_SIZE, token, RESERVATION_TOKEN_SIZE, NULL, 0);
}

/* ---- in memory ------------------------------------------------------------------------------ */

static void append(struct lease_store *s, struct lease *l, bool lapsed)
{
    struct lease_list *list = lapsed ? &s->lapsed : &s->live;
    l->lapsed = lapsed;
    l->next = NULL;
    l->link = list->last;
    *list->last = l;
    list->last = &l->next;
}

static void take_out(struct lease_store *s, struct lease *l)
{
    struct lease_list *list = l->lapsed ? &s->lapsed : &s->live;
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    else
        list->last = l->link;
}

static struct lease_holder *holder_of(const struct lease_store *s, const struct peer_id *owner)
{
    return map_get(s->holders, owner->bytes, owner->len);
}

static int hold(struct lease_store *s, struct lease *l)
{
    struct lease_holder *h = holder_of(s, &l->owner);
    if (!h) {
        h = calloc(1, sizeof(*h));
        if (!h)
            return BEAM_ENOMEM;
        h->owner = l->owner;
        int err = map_put(s->holders, h->owner.bytes, h->owner.len, h);
        if (err < 0) {
            free(h);
            return err;
        }
    }
    l->holder = h;
    l->sibling = h->first;
    h->first = l;
    h->count++;
    return 0;
}

static void let_go(struct lease_store *s, struct lease *l)
{
    struct lease_holder *h = l->holder;
    struct lease **at = &h->first;
    while (*at != l)
        at = &(*at)->sibling;
    *at = l->sibling;
    if (--h->count > 0)
        return;
    map_take(s->holders, h->owner.bytes, h->owner.len);
    free(h);
}

/* Takes a copy in, where it can be found by all its ways, or not at all. */
static int admit(struct lease_store *s, const struct lease *lease, struct lease **out)
{
    struct lease *l = malloc(sizeof(*l));
    if (!l)
        return BEAM_ENOMEM;
    *l = *lease;
    int err = map_put(s->ids, l->id, sizeof(l->id), l);
    if (err < 0)
        goto no_id;
    if (l->name[0])
        err = map_put(s->names, l->name, strlen(l->name), l);
    if (err < 0)
        goto no_name;
    err = hold(s, l);
    if (err < 0)
        goto no_holder;
    append(s, l, false);
    *out = l;
    return 0;
no_holder:
    if (l->name[0])
        map_take(s->names, l->name, strlen(l->name));
no_name:
    map_take(s->ids, l->id, sizeof(l->id));
no_id:
    free(l);
    return err;
}

static void dismiss(struct lease_store *s, struct lease *l)
{
    map_take(s->ids, l->id, sizeof(l->id));
    if (l->name[0])
        map_take(s->names, l->name, strlen(l->name));
    lease_ports_give(&s->ports, l->kind, l->port);
    let_go(s, l);
    take_out(s, l);
    free(l);
}

/* ---- in memory and on disk ------------------------------------------------------------------ */

static int drop(struct lease_store *s, struct lease *l)
{
    int err = lease_db_drop(s->db, l);
    if (err == 0)
        dismiss(s, l);
    return err;
}

/* Makes `changed` what l is. Neither its id, name nor owner are changed. */
static int change(struct lease_store *s, struct lease *l, const struct lease *changed, bool lapsed)
{
    int err = lease_db_put(s->db, changed);
    if (err < 0)
        return err;
    memcpy(l->token_hash, changed->token_hash, sizeof(l->token_hash));
    if (l->kind != changed->kind || l->port != changed->port)
        lease_ports_give(&s->ports, l->kind, l->port);
    l->kind = changed->kind;
    l->port = changed->port;
    l->visitor_address = changed->visitor_address;
    l->expires = changed->expires;
    take_out(s, l);
    append(s, l, lapsed);
    return 0;
}

static enum reservation_status end_now(struct lease_store *s, struct lease *l, uint64_t now)
{
    struct lease changed = *l;
    if (changed.expires > now)
        changed.expires = now;
    return change(s, l, &changed, true) < 0 ? RESERVATION_BUSY : RESERVATION_OK;
}

/* Whether it was made to last just now, and nothing else is to change: nothing is written then,
 * however often it is asked for. */
static bool is_fresh(const struct lease_store *s, const struct lease *l,
                     const struct lease *changed)
{
    return !l->lapsed && l->expires <= changed->expires &&
           changed->expires - l->expires < s->limits.lease_ms / FRESH_PART &&
           l->kind == changed->kind && l->port == changed->port &&
           l->visitor_address == changed->visitor_address &&
           sodium_memcmp(l->token_hash, changed->token_hash, sizeof(l->token_hash)) == 0;
}

/* ---- ports ---------------------------------------------------------------------------------- */

/* Of the leases with a port of this key's how many there are, and which of them ran out longest
 * ago. */
static size_t count_ports(const struct lease_store *s, const struct peer_id *owner,
                          const struct lease *except, struct lease **lapsed)
{
    const struct lease_holder *h = holder_of(s, owner);
    size_t n = 0;
    *lapsed = NULL;
    for (struct lease *l = h ? h->first : NULL; l; l = l->sibling) {
        if (l->port == 0 || l == except)
            continue;
        n++;
        if (l->lapsed && (!*lapsed || l->expires < (*lapsed)->expires))
            *lapsed = l;
    }
    return n;
}

/* One of this kind that ran out longest ago and is held with its port, or NULL. */
static struct lease *lapsed_with_port(const struct lease_store *s, uint64_t kind,
                                      const struct lease *except)
{
    for (struct lease *l = s->lapsed.first; l; l = l->next)
        if (l->port != 0 && l->kind == kind && l != except)
            return l;
    return NULL;
}

/* A port for a lease that has none of this kind yet; `except` (NULL allowed) is that lease. */
static enum reservation_status find_port(struct lease_store *s, const struct peer_id *owner,
                                         const struct lease *except, uint64_t kind, uint16_t wanted,
                                         uint16_t *out)
{
    struct lease *old;
    *out = 0;
    if (!lease_ports_needed(kind))
        return RESERVATION_OK;
    if (count_ports(s, owner, except, &old) >= s->limits.each_ports && (!old || drop(s, old) < 0))
        return RESERVATION_LIMIT;
    *out = lease_ports_take(&s->ports, kind, wanted);
    if (*out == 0 && (old = lapsed_with_port(s, kind, except)) != NULL && drop(s, old) == 0)
        *out = lease_ports_take(&s->ports, kind, wanted);
    return *out == 0 ? RESERVATION_NO_PORT : RESERVATION_OK;
}

/* The port that l has stays its own, unless it becomes one of another kind. */
static enum reservation_status keep_port(struct lease_store *s, const struct lease *l,
                                         struct lease *changed, uint16_t wanted)
{
    if (changed->kind == l->kind && (l->port != 0 || !lease_ports_needed(l->kind)))
        return RESERVATION_OK;
    return find_port(s, &l->owner, l, changed->kind, wanted, &changed->port);
}

/* The lease of this key that has this port already, or NULL. */
static struct lease *own_port(const struct lease_store *s, const struct peer_id *owner,
                              const struct reservation_request *r)
{
    const struct lease_holder *h = r->port != 0 ? holder_of(s, owner) : NULL;
    struct lease *l = h ? h->first : NULL;
    while (l && (l->port != r->port || l->kind != r->kind))
        l = l->sibling;
    return l;
}

int lease_move_port(struct lease_store *s, const struct lease *lease)
{
    struct lease *l = map_get(s->ids, lease->id, sizeof(lease->id)), changed = *lease;
    changed.port = l ? lease_ports_take(&s->ports, l->kind, 0) : 0;
    if (changed.port == 0)
        return BEAM_ELIMIT;
    int err = change(s, l, &changed, l->lapsed);
    if (err < 0)
        lease_ports_give(&s->ports, changed.kind, changed.port);
    return err;
}

/* ---- what may be had ------------------------------------------------------------------------ */

/* A RESERVE says anew what it is to be; it may be of another kind than it was. */
static enum reservation_status extend(struct lease_store *s, struct lease *l,
                                      const struct reservation_request *r,
                                      const uint8_t token[RESERVATION_TOKEN_SIZE], uint64_t now,
                                      const struct lease **out)
{
    struct lease changed = *l;
    if (r->verb == RESERVATION_RESERVE) {
        changed.kind = r->kind;
        changed.visitor_address = r->visitor_address;
    }
    enum reservation_status status = keep_port(s, l, &changed, r->port);
    if (status != RESERVATION_OK)
        return status;
    changed.expires = now + s->limits.lease_ms;
    hash_token(token, changed.token_hash);
    if (is_fresh(s, l, &changed)) {
        *out = l;
        return RESERVATION_OK;
    }
    if (change(s, l, &changed, false) < 0) {
        if (changed.port != l->port || changed.kind != l->kind)
            lease_ports_give(&s->ports, changed.kind, changed.port);
        return RESERVATION_BUSY;
    }
    *out = l;
    return RESERVATION_OK;
}

/* The one with this id, if it is the owner's and the token is right. That none is there, that it is
 * another's and that the token is wrong are not told apart. */
static struct lease *own(const struct lease_store *s, const struct peer_id *owner,
                         const struct reservation_request *r)
{
    uint8_t hash[LEASE_TOKEN_HASH_SIZE];
    struct lease *l = map_get(s->ids, r->id, sizeof(r->id));
    hash_token(r->token, hash);
    if (!l || !peer_id_equal(&l->owner, owner) ||
        sodium_memcmp(hash, l->token_hash, sizeof(hash)) != 0)
        return NULL;
    return l;
}

/* That of this key which ran out longest ago, or NULL. */
static struct lease *lapsed_of(const struct lease_holder *h)
{
    struct lease *found = NULL;
    for (struct lease *l = h->first; l; l = l->sibling)
        if (l->lapsed && (!found || l->expires < found->expires))
            found = l;
    return found;
}

static enum reservation_status make_room(struct lease_store *s, const struct peer_id *owner)
{
    struct lease_holder *h = holder_of(s, owner);
    struct lease *l;
    if (h && h->count >= s->limits.each_owner) {
        l = lapsed_of(h);
        if (!l)
            return RESERVATION_LIMIT;
    } else if (map_count(s->ids) >= s->limits.total) {
        l = s->lapsed.first;
        if (!l)
            return RESERVATION_BUSY;
    } else {
        return RESERVATION_OK;
    }
    return drop(s, l) < 0 ? RESERVATION_BUSY : RESERVATION_OK;
}

static enum reservation_status make(struct lease_store *s, const struct peer_id *owner,
                                    const struct reservation_request *r, const char *name,
                                    uint64_t now, const uint8_t token[RESERVATION_TOKEN_SIZE],
                                    const struct lease **out)
{
    struct lease fresh = {.owner = *owner,
                          .kind = r->kind,
                          .visitor_address = r->visitor_address,
                          .expires = now + s->limits.lease_ms};
    struct lease *l;
    enum reservation_status status = make_room(s, owner);
    if (status != RESERVATION_OK)
        return status;
    status = find_port(s, owner, NULL, r->kind, r->port, &fresh.port);
    if (status != RESERVATION_OK)
        return status;
    s->rng->fill(s->rng->arg, fresh.id, sizeof(fresh.id));
    hash_token(token, fresh.token_hash);
    snprintf(fresh.name, sizeof(fresh.name), "%s", name);
    if (admit(s, &fresh, &l) < 0) {
        lease_ports_give(&s->ports, fresh.kind, fresh.port);
        return RESERVATION_BUSY;
    }
    if (lease_db_put(s->db, l) < 0) {
        dismiss(s, l);
        return RESERVATION_BUSY;
    }
    *out = l;
    return RESERVATION_OK;
}

/* A name is a label that is not the text of an id, for a host's first label may be either. */
static bool name_is_given(const char *name)
{
    uint8_t id[RESERVATION_ID_SIZE];
    return text_label_valid(name) && reservation_id_parse(name, strlen(name), id) < 0;
}

static enum reservation_status reserve(struct lease_store *s, const struct peer_id *owner,
                                       const struct reservation_request *r, bool named,
                                       uint64_t now, uint8_t token[RESERVATION_TOKEN_SIZE],
                                       const struct lease **out)
{
    const char *name = named && !lease_ports_needed(r->kind) ? r->name : "";
    struct lease *l;
    if (r->kind == 0 || r->kind > RESERVATION_KINDS)
        return RESERVATION_UNSUPPORTED;
    if (r->has_id) {
        memcpy(token, r->token, RESERVATION_TOKEN_SIZE);
        l = own(s, owner, r);
        return l ? extend(s, l, r, token, now, out) : RESERVATION_FORBIDDEN;
    }
    s->rng->fill(s->rng->arg, token, RESERVATION_TOKEN_SIZE);
    if (!name[0]) {
        l = own_port(s, owner, r);
        return l ? extend(s, l, r, token, now, out) : make(s, owner, r, "", now, token, out);
    }
    if (!name_is_given(name))
        return RESERVATION_NAME_REFUSED;
    l = map_get(s->names, name, strlen(name));
    if (!l)
        return make(s, owner, r, name, now, token, out);
    if (!peer_id_equal(&l->owner, owner))
        return RESERVATION_NAME_TAKEN;
    return extend(s, l, r, token, now, out);
}

/* A verb on one that is there. */
static enum reservation_status ask_own(struct lease_store *s, const struct peer_id *owner,
                                       const struct reservation_request *r, uint64_t now,
                                       uint8_t token[RESERVATION_TOKEN_SIZE],
                                       const struct lease **out)
{
    struct lease *l = own(s, owner, r);
    if (!l)
        return RESERVATION_FORBIDDEN;
    switch (r->verb) {
    case RESERVATION_RENEW:
        memcpy(token, r->token, RESERVATION_TOKEN_SIZE);
        return extend(s, l, r, token, now, out);
    case RESERVATION_RELEASE:
        return end_now(s, l, now);
    default:
        return drop(s, l) < 0 ? RESERVATION_BUSY : RESERVATION_OK;
    }
}

enum reservation_status lease_ask(struct lease_store *s, const struct peer_id *owner,
                                  const struct reservation_request *r, bool named, uint64_t now,
                                  uint8_t token[RESERVATION_TOKEN_SIZE], const struct lease **out)
{
    lease_sweep(s, now);
    if (r->verb == RESERVATION_RESERVE)
        return reserve(s, owner, r, named, now, token, out);
    if (r->verb <= RESERVATION_FORGET)
        return ask_own(s, owner, r, now, token, out);
    return RESERVATION_UNSUPPORTED;
}

/* ---- the store ------------------------------------------------------------------------------ */

static int on_loaded(void *arg, const struct lease *lease)
{
    struct lease_store *s = arg;
    struct lease *l;
    int err = admit(s, lease, &l);
    if (err == 0 &&
        (!lease_ports_needed(l->kind) || !lease_ports_claim(&s->ports, l->kind, l->port)))
        l->port = 0; /* the operator has set others aside since: it gets one of those */
    return err == BEAM_ENOMEM ? err : 0; /* one too many, or a name twice, is left out */
}

int lease_store_open(const char *path, const struct lease_limits *limits, const struct rng *rng,
                     uint64_t now, struct lease_store **out, struct beam_why *why)
{
    struct lease_store *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    s->limits = *limits;
    s->rng = rng;
    s->live.last = &s->live.first;
    s->lapsed.last = &s->lapsed.first;
    int err = lease_db_open(path, &s->db, why);
    if (err < 0)
        goto out;
    err = BEAM_ENOMEM;
    if (lease_ports_init(&s->ports, &limits->tcp, &limits->udp, rng) == 0 &&
        map_new(rng, limits->total, &s->ids) == 0 && map_new(rng, limits->total, &s->names) == 0 &&
        map_new(rng, limits->total, &s->holders) == 0)
        err = lease_db_load(s->db, on_loaded, s);
    if (err < 0)
        beam_why(why, err, "%s: the leases cannot be read: %s", path, beam_err_text(err));
out:
    if (err < 0) {
        lease_store_close(s);
        return err;
    }
    lease_sweep(s, now);
    *out = s;
    return 0;
}

void lease_store_close(struct lease_store *s)
{
    if (!s)
        return;
    while (s->live.first)
        dismiss(s, s->live.first);
    while (s->lapsed.first)
        dismiss(s, s->lapsed.first);
    map_free(s->ids);
    map_free(s->names);
    map_free(s->holders);
    lease_ports_clear(&s->ports);
    lease_db_close(s->db);
    free(s);
}

static const struct lease *serving(const struct lease *l, uint64_t now)
{
    return l && l->expires > now ? l : NULL;
}

const struct lease *lease_by_id(const struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE],
                                uint64_t now)
{
    return serving(map_get(s->ids, id, RESERVATION_ID_SIZE), now);
}

const struct lease *lease_by_name(const struct lease_store *s, const char *name, uint64_t now)
{
    return serving(map_get(s->names, name, strlen(name)), now);
}

const struct lease *lease_next(const struct lease_store *s, size_t *at)
{
    return map_next(s->ids, at);
}

const struct lease *lease_by_owner(const struct lease_store *s, const struct peer_id *owner)
{
    const struct lease_holder *h = holder_of(s, owner);
    return h ? h->first : NULL;
}

int lease_remove(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct lease *l = map_get(s->ids, id, RESERVATION_ID_SIZE);
    return l ? drop(s, l) : BEAM_ENOTFOUND;
}

size_t lease_count(const struct lease_store *s)
{
    return map_count(s->ids);
}

void lease_sweep(struct lease_store *s, uint64_t now)
{
    struct lease *l;
    while ((l = s->live.first) && l->expires <= now) {
        take_out(s, l);
        append(s, l, true);
    }
    for (int i = 0; i < SWEEP_MAX && (l = s->lapsed.first); i++)
        if (l->expires + s->limits.hold_ms > now || drop(s, l) < 0)
            return;
}
