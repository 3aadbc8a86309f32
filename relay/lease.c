/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "relay/lease_changes.h"
#include "relay/lease_db.h"
#include "relay/lease_index.h"
#include "relay/lease_ports.h"

enum {
    SWEEP_MAX = 64,   /* leases that one call forgets, so that none takes long */
    FRESH_PART = 8,   /* of a lease, in which a renewal changes nothing */
    BEHIND_MAX = 1024 /* leases that a follower may know which have made room for others */
};

struct lease_store {
    struct lease_db *db;
    struct lease_limits limits;
    const struct rng *rng;
    struct lease_index index;
    struct lease_ports ports;
    struct lease_changes changes;
    bool follows;     /* another process makes and ends them */
    uint64_t kept_up; /* of a follower: the changes up to this one are known */
    bool partly;      /* of a follower: there was no room for all */
    lease_changed_fn *changed;
    void *changed_arg;
};

static void hash_token(const uint8_t token[RESERVATION_TOKEN_SIZE],
                       uint8_t out[LEASE_TOKEN_HASH_SIZE])
{
    crypto_generichash(out, LEASE_TOKEN_HASH_SIZE, token, RESERVATION_TOKEN_SIZE, NULL, 0);
}

/* ---- in memory ------------------------------------------------------------------------------ */

static void dismiss(struct lease_store *s, struct lease *l)
{
    if (!s->follows)
        lease_ports_give(&s->ports, l->kind, l->port);
    lease_index_remove(&s->index, l);
}

/* ---- in memory and on disk ------------------------------------------------------------------ */

static void tell(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    if (!s->follows)
        lease_changes_add(&s->changes);
    if (s->changed)
        s->changed(s->changed_arg, id);
}

static int drop(struct lease_store *s, struct lease *l)
{
    uint8_t id[RESERVATION_ID_SIZE];
    int err = s->follows ? 0 : lease_db_drop(s->db, l);
    if (err < 0)
        return err;
    memcpy(id, l->id, sizeof(id));
    dismiss(s, l);
    tell(s, id);
    return 0;
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
    lease_index_move(&s->index, l, lapsed);
    tell(s, l->id);
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
    const struct lease_holder *h = lease_index_holder(&s->index, owner);
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
    for (struct lease *l = s->index.lapsed.first; l; l = l->next)
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
    const struct lease_holder *h = r->port != 0 ? lease_index_holder(&s->index, owner) : NULL;
    struct lease *l = h ? h->first : NULL;
    while (l && (l->port != r->port || l->kind != r->kind))
        l = l->sibling;
    return l;
}

int lease_move_port(struct lease_store *s, const struct lease *lease)
{
    struct lease *l = lease_index_id(&s->index, lease->id), changed = *lease;
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
    struct lease *l = lease_index_id(&s->index, r->id);
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
    struct lease_holder *h = lease_index_holder(&s->index, owner);
    struct lease *l;
    if (h && h->count >= s->limits.each_owner) {
        l = lapsed_of(h);
        if (!l)
            return RESERVATION_LIMIT;
    } else if (lease_index_count(&s->index) >= s->limits.total) {
        l = s->index.lapsed.first;
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
    if (lease_index_add(&s->index, &fresh, &l) < 0) {
        lease_ports_give(&s->ports, fresh.kind, fresh.port);
        return RESERVATION_BUSY;
    }
    if (lease_db_put(s->db, l) < 0) {
        dismiss(s, l);
        return RESERVATION_BUSY;
    }
    tell(s, l->id);
    *out = l;
    return RESERVATION_OK;
}

/* A name is a label that is not the text of an id, for a host's first label may be either, nor what
 * stands between a name and the domain. */
static bool name_is_given(const char *name)
{
    uint8_t id[RESERVATION_ID_SIZE];
    return text_label_valid(name) && reservation_id_parse(name, strlen(name), id) < 0 &&
           strcmp(name, RESERVATION_TLS_LABEL) != 0;
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
    l = lease_index_name(&s->index, name);
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
    int err = lease_index_add(&s->index, lease, &l);
    s->partly |= err < 0;
    if (err == 0 && !s->follows &&
        (!lease_ports_needed(l->kind) || !lease_ports_claim(&s->ports, l->kind, l->port)))
        l->port = 0; /* the operator has set others aside since: it gets one of those */
    return err == BEAM_ENOMEM ? err : 0; /* one too many, or a name twice, is left out */
}

static int open_store(const char *path, const struct lease_limits *limits, const struct rng *rng,
                      bool follows, struct lease_store **out, struct beam_why *why)
{
    struct lease_store *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    s->limits = *limits;
    s->changes.fd = -1;
    s->rng = rng;
    s->follows = follows;
    size_t most = limits->total + (follows ? BEHIND_MAX : 0);
    int err = lease_index_init(&s->index, rng, most);
    if (err == 0)
        err = lease_ports_init(&s->ports, &limits->tcp, &limits->udp, rng);
    if (err < 0) {
        beam_why(why, err, "%s: out of memory", path);
        goto out;
    }
    err = lease_db_open(path, &s->db, why);
    if (err == 0)
        err = lease_changes_open(&s->changes, path, why);
    if (err < 0)
        goto out;
    s->kept_up = lease_changes(s); /* before they are read */
    err = lease_db_load(s->db, on_loaded, s);
    if (err == BEAM_EINVAL)
        err = lease_db_damaged(path, why);
    else if (err < 0)
        beam_why(why, err, "%s: the leases cannot be read: %s", path, beam_err_text(err));
out:
    if (err < 0)
        lease_store_close(s);
    else
        *out = s;
    return err;
}

int lease_store_open(const char *path, const struct lease_limits *limits, const struct rng *rng,
                     uint64_t now, struct lease_store **out, struct beam_why *why)
{
    int err = open_store(path, limits, rng, false, out, why);
    if (err == 0)
        lease_sweep(*out, now);
    return err;
}

int lease_store_follow(const char *path, const struct lease_limits *limits, const struct rng *rng,
                       uint64_t now, struct lease_store **out, struct beam_why *why)
{
    int err = open_store(path, limits, rng, true, out, why);
    if (err == 0)
        lease_sweep(*out, now);
    return err;
}

void lease_on_change(struct lease_store *s, lease_changed_fn *fn, void *arg)
{
    s->changed = fn;
    s->changed_arg = arg;
}

void lease_store_close(struct lease_store *s)
{
    if (!s)
        return;
    lease_index_clear(&s->index);
    lease_ports_clear(&s->ports);
    lease_db_close(s->db);
    lease_changes_close(&s->changes);
    free(s);
}

static const struct lease *serving(const struct lease *l, uint64_t now)
{
    return l && l->expires > now ? l : NULL;
}

/* As the file has it: in place of what was known of the same id or name, which is not any more. */
static struct lease *take_in(struct lease_store *s, const struct lease *lease)
{
    struct lease *l = lease_index_id(&s->index, lease->id), *fresh;
    if (l)
        dismiss(s, l);
    l = lease->name[0] ? lease_index_name(&s->index, lease->name) : NULL;
    if (l)
        dismiss(s, l);
    if (lease_index_add(&s->index, lease, &fresh) == 0)
        return fresh;
    s->partly = true;
    return NULL;
}

bool lease_refresh(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct lease *l = lease_index_id(&s->index, id), found;
    if (lease_db_by_id(s->db, id, &found) == 0)
        return take_in(s, &found) != NULL;
    if (l)
        dismiss(s, l);
    return false;
}

uint64_t lease_changes(const struct lease_store *s)
{
    uint64_t n = s->changes.made;
    return !s->follows || lease_changes_count(&s->changes, &n) ? n : 0;
}

bool lease_keep_up(struct lease_store *s, uint64_t change)
{
    if (change == s->kept_up + 1)
        s->kept_up = change;
    return change <= s->kept_up;
}

static int on_row(void *arg, const struct lease *lease)
{
    struct lease_store *s = arg;
    if (!lease_index_id(&s->index, lease->id))
        (void)take_in(s, lease);
    return 0;
}

int lease_catch_up(struct lease_store *s, uint64_t changes)
{
    s->partly = false;
    int err = lease_db_load(s->db, on_row, s);
    s->partly |= err < 0;
    if (err == 0)
        s->kept_up = changes;
    return err;
}

/* Whether the file may have what is not known here. */
static bool is_behind(const struct lease_store *s)
{
    uint64_t n;
    return s->follows && (s->partly || !lease_changes_count(&s->changes, &n) || n != s->kept_up);
}

const struct lease *lease_by_id(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE],
                                uint64_t now)
{
    struct lease found, *l = lease_index_id(&s->index, id);
    if (!l && is_behind(s) && lease_db_by_id(s->db, id, &found) == 0)
        l = take_in(s, &found);
    return serving(l, now);
}

const struct lease *lease_by_name(struct lease_store *s, const char *name, uint64_t now)
{
    struct lease found, *l = lease_index_name(&s->index, name);
    if (!l && is_behind(s) && lease_db_by_name(s->db, name, &found) == 0)
        l = take_in(s, &found);
    return serving(l, now);
}

const struct lease *lease_next(const struct lease_store *s, size_t *at)
{
    return map_next(s->index.ids, at);
}

const struct lease *lease_by_owner(const struct lease_store *s, const struct peer_id *owner)
{
    const struct lease_holder *h = lease_index_holder(&s->index, owner);
    return h ? h->first : NULL;
}

int lease_remove(struct lease_store *s, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct lease *l = lease_index_id(&s->index, id);
    return l ? drop(s, l) : BEAM_ENOTFOUND;
}

size_t lease_count(const struct lease_store *s)
{
    return lease_index_count(&s->index);
}

void lease_sweep(struct lease_store *s, uint64_t now)
{
    struct lease *l;
    while ((l = s->index.live.first) && l->expires <= now) {
        lease_index_move(&s->index, l, true);
    }
    for (int i = 0; i < SWEEP_MAX && (l = s->index.lapsed.first); i++)
        if (l->expires + s->limits.hold_ms > now || drop(s, l) < 0)
            return;
}
