/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "daemon/message.h"

/* What came of it: reservations and visitors that ended. */
struct outcome {
    size_t reservations, visitors;
};

static uint64_t now(const struct operator_acts *a)
{
    return a->clock->wall_ms(a->clock->arg);
}

/* What goes wrong with one keeps none of the others from its end: the first error is told. */
static void note(int *first, int err)
{
    if (*first == 0)
        *first = err;
}

/* ---- what ends ------------------------------------------------------------------------------ */

static size_t close_port(const struct operator_acts *a, const uint8_t id[RESERVATION_ID_SIZE])
{
    return a->ports ? ports_close(a->ports, id) : 0;
}

static int end_lease(const struct operator_acts *a, const struct lease *l, struct outcome *o)
{
    uint8_t id[RESERVATION_ID_SIZE];
    memcpy(id, l->id, sizeof(id));
    o->visitors +=
        front_drop(a->front, id) + close_port(a, id) + operator_crew_visitors(a->crew, id);
    int err = lease_remove(a->store, id);
    o->reservations += err == 0;
    return err;
}

/* All that a key has, and the connection that it has it by. */
static int end_owner(const struct operator_acts *a, const struct peer_id *key, struct outcome *o)
{
    const struct peer_id owner = *key;
    const struct lease *l;
    int err = 0;
    while (err == 0 && (l = lease_by_owner(a->store, &owner)) != NULL)
        err = end_lease(a, l, o);
    host_disconnect(a->host, &owner);
    return err;
}

static bool is_banned(void *arg, const struct net *from)
{
    const struct operator_acts *a = arg;
    return bans_net(a->bans, from);
}

static bool is_from_banned(const struct operator_acts *a, const struct host_peer *peer)
{
    struct net from;
    net_of_multiaddr(peer->addr, &from);
    return bans_net(a->bans, &from);
}

/* The peers whose connections come from banned nets, in fresh memory: all that are here, and of
 * those that another process has those with reservations. */
static int find_banned(const struct operator_acts *a, struct peer_id **out, size_t *count)
{
    const struct conn *here = NULL;
    size_t at = 0, n = 0, most = host_peers(a->host) + lease_count(a->store);
    struct peer_id *all = calloc(most + 1, sizeof(*all));
    const struct lease *l;
    struct host_peer peer;
    if (!all)
        return BEAM_ENOMEM;
    while (n < most && host_next(a->host, &here, &peer))
        if (is_from_banned(a, &peer))
            all[n++] = *peer.id;
    while (n < most && (l = lease_next(a->store, &at)) != NULL)
        if (host_find(a->host, &l->owner, &peer) && is_from_banned(a, &peer))
            all[n++] = *peer.id;
    *out = all;
    *count = n;
    return 0;
}

/* Whoever comes from a banned net, visitors and owners. */
static int end_nets(const struct operator_acts *a, struct outcome *o)
{
    struct operator_acts copy = *a;
    struct peer_id *banned;
    size_t count;
    o->visitors += front_drop_from(a->front, is_banned, &copy);
    if (a->ports)
        o->visitors += ports_drop_from(a->ports, is_banned, &copy);
    int err = find_banned(a, &banned, &count);
    if (err < 0)
        return err;
    for (size_t i = 0; i < count; i++)
        note(&err, end_owner(a, &banned[i], o));
    free(banned);
    return err;
}

static int end_endpoint(const struct operator_acts *a, const uint8_t id[RESERVATION_ID_SIZE],
                        struct outcome *o)
{
    size_t at = 0;
    const struct lease *l;
    while ((l = lease_next(a->store, &at)) != NULL)
        if (memcmp(l->id, id, RESERVATION_ID_SIZE) == 0)
            return end_lease(a, l, o);
    return 0;
}

static int enforce(const struct operator_acts *a, const struct ban *ban, struct outcome *o)
{
    switch (ban->kind) {
    case BAN_KEY:
        return end_owner(a, &ban->key, o);
    case BAN_ENDPOINT:
        return end_endpoint(a, ban->id, o);
    case BAN_NET:
        break;
    }
    return end_nets(a, o);
}

/* Those that a denylist names, or whose owner it does. Removing one moves others, so that all are
 * found first. In fresh memory. */
static int find_denied(const struct operator_acts *a, uint8_t (**out)[RESERVATION_ID_SIZE],
                       size_t *count)
{
    uint8_t(*all)[RESERVATION_ID_SIZE] = calloc(lease_count(a->store) + 1, sizeof(*all));
    const struct lease *l;
    size_t at = 0, n = 0, most = lease_count(a->store);
    if (!all)
        return BEAM_ENOMEM;
    while (n < most && (l = lease_next(a->store, &at)) != NULL)
        if (denylists_key(a->denylists, &l->owner) || denylists_endpoint(a->denylists, l->id))
            memcpy(all[n++], l->id, sizeof(*all));
    *out = all;
    *count = n;
    return 0;
}

static int end_denied(const struct operator_acts *a, struct outcome *o)
{
    uint8_t(*all)[RESERVATION_ID_SIZE];
    size_t count;
    if (denylists_entries(a->denylists) == 0)
        return 0;
    int err = find_denied(a, &all, &count);
    if (err < 0)
        return err;
    for (size_t i = 0; i < count; i++) {
        const struct lease *l = lease_by_id(a->store, all[i], now(a));
        if (!l) {
            (void)lease_remove(a->store, all[i]); /* run out, but held; if it is there still */
            continue;
        }
        const struct peer_id owner = l->owner;
        bool all_of_it = denylists_key(a->denylists, &owner);
        note(&err, all_of_it ? end_owner(a, &owner, o) : end_lease(a, l, o));
        host_disconnect(a->host, &owner); /* it finds out at once */
    }
    free(all);
    return err;
}

void operator_acts_enforce(const struct operator_acts *a)
{
    struct outcome o = {0};
    const struct bans_row *row;
    size_t at = 0;
    int err = end_nets(a, &o);
    while ((row = bans_next(a->bans, &at)) != NULL)
        if (row->ban.kind != BAN_NET)
            note(&err, enforce(a, &row->ban, &o));
    note(&err, end_denied(a, &o));
    if (err < 0)
        log_error("relay", "not all bans could be made to hold: %s", beam_err_text(err));
    if (o.reservations > 0 || o.visitors > 0)
        log_warn("relay", "bans ended %zu reservations and %zu visitors", o.reservations,
                 o.visitors);
}

/* ---- acts ----------------------------------------------------------------------------------- */

/* What is none is a word of the command's that is wrong. */
static int read_what(const char *what, struct ban *out, struct beam_why *why)
{
    int err = ban_parse(what, out, why);
    return err == BEAM_EINVAL ? why->code = BEAM_EUSAGE : err;
}

static int ban(const struct operator_acts *a, const struct operator_message *m, struct outcome *o,
               struct beam_why *why)
{
    struct bans_row row = {.since = now(a) / 1000};
    int err = read_what(m->what, &row.ban, why);
    if (err < 0)
        return err;
    snprintf(row.why, sizeof(row.why), "%s", m->why);
    err = bans_add(a->bans, &row, why);
    if (err < 0)
        return err;
    err = enforce(a, &row.ban, o);
    return err < 0 ? beam_why(why, err, "%s: banned, but not all of it could be ended: %s", m->what,
                              beam_err_text(err))
                   : 0;
}

static int unban(const struct operator_acts *a, const struct operator_message *m,
                 struct beam_why *why)
{
    struct ban b;
    int err = read_what(m->what, &b, why);
    return err < 0 ? err : bans_remove(a->bans, &b, why);
}

static const struct lease *find_lease(const struct operator_acts *a, const char *what)
{
    uint8_t id[RESERVATION_ID_SIZE];
    bool is_id = reservation_id_parse(what, strlen(what), id) == 0;
    size_t at = 0;
    const struct lease *l;
    while ((l = lease_next(a->store, &at)) != NULL)
        if (is_id ? memcmp(l->id, id, sizeof(id)) == 0 : strcmp(l->name, what) == 0)
            return l;
    return NULL;
}

static int drop(const struct operator_acts *a, const struct operator_message *m, struct outcome *o,
                struct beam_why *why)
{
    struct peer_id key;
    const struct lease *l = find_lease(a, m->what);
    int err = BEAM_ENOTFOUND;
    if (l) {
        key = l->owner;
        err = end_lease(a, l, o);
        host_disconnect(a->host, &key); /* its owner finds out at once */
    } else if (peer_id_parse(m->what, strlen(m->what), &key, NULL) == 0) {
        err = lease_by_owner(a->store, &key) ? end_owner(a, &key, o) : BEAM_ENOTFOUND;
    }
    if (err == BEAM_ENOTFOUND)
        return beam_why(why, err,
                        "%s: no such reservation (give its id, its name or its owner's peer id, "
                        "from `beam relay list`)",
                        m->what);
    return err < 0 ? beam_why(why, err, "%s: %s", m->what, beam_err_text(err)) : 0;
}

/* ---- for others ----------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, DENYLIST_HASH_SIZE);
}

/* The hashes of keys and endpoints that are banned, in order; nets are for this relay alone. */
static size_t hash_bans(const struct operator_acts *a, uint8_t (*out)[DENYLIST_HASH_SIZE])
{
    const struct bans_row *row;
    size_t at = 0, n = 0;
    while ((row = bans_next(a->bans, &at)) != NULL) {
        const struct ban *b = &row->ban;
        if (b->kind == BAN_KEY)
            denylist_hash(DENYLIST_KEY, b->key.bytes, b->key.len, out[n++]);
        else if (b->kind == BAN_ENDPOINT)
            denylist_hash(DENYLIST_ENDPOINT, b->id, sizeof(b->id), out[n++]);
    }
    qsort(out, n, sizeof(out[0]), by_bytes);
    return n;
}

static int export(const struct operator_acts *a, const struct operator_message *m,
                  struct beam_why *why)
{
    uint8_t(*hashes)[DENYLIST_HASH_SIZE] = calloc(bans_count(a->bans) + 1, sizeof(*hashes));
    uint8_t *file = NULL;
    size_t len = 0;
    uint64_t seconds = now(a) / 1000;
    if (m->what[0] != '/') {
        free(hashes);
        return beam_why(why, BEAM_EUSAGE, "%.200s: not an absolute path", m->what);
    }
    int err = hashes ? 0 : BEAM_ENOMEM;
    if (err == 0)
        err = denylist_make(a->key, seconds, seconds, (const uint8_t(*)[DENYLIST_HASH_SIZE])hashes,
                            hash_bans(a, hashes), &file, &len);
    if (err == 0)
        err = file_write(m->what, 0644, file, len);
    free(hashes);
    free(file);
    return err < 0 ? beam_why(why, err, "%.200s: cannot be written: %s", m->what, file_fault(err))
                   : 0;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static bool fill_lease(const struct operator_acts *a, const struct lease *l, cJSON *o)
{
    char id[RESERVATION_ID_TEXT], peer[PEER_ID_TEXT_SIZE];
    char url[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE];
    struct host_peer owner;
    reservation_id_text(l->id, id);
    peer_id_text(&l->owner, peer);
    (void)endpoint_urls(a->base, l, url);
    return cJSON_AddStringToObject(o, "id", id) && cJSON_AddStringToObject(o, "owner", peer) &&
           (!l->name[0] || cJSON_AddStringToObject(o, "name", l->name)) &&
           cJSON_AddStringToObject(o, "url", url[0]) && json_add_time(o, "expires", l->expires) &&
           cJSON_AddBoolToObject(o, "live", l->expires > now(a)) &&
           cJSON_AddBoolToObject(o, "connected", host_find(a->host, &l->owner, &owner)) &&
           cJSON_AddNumberToObject(o, "visitors",
                                   (double)(front_visitors_of(a->front, l->id) +
                                            ports_sources_of(a->ports, l->id) +
                                            operator_crew_visitors(a->crew, l->id)));
}

static bool fill_ban(const struct bans_row *row, cJSON *o)
{
    static const char *const kinds[] = {"key", "endpoint", "net"};
    char what[BANS_WHAT_SIZE];
    ban_text(&row->ban, what);
    return cJSON_AddStringToObject(o, "what", what) &&
           cJSON_AddStringToObject(o, "kind", kinds[row->ban.kind]) &&
           json_add_time(o, "since", row->since * 1000) &&
           cJSON_AddStringToObject(o, "why", row->why);
}

/* A page, and how many rows were passed over and shown so far, if there are more. */
static bool list_leases(const struct operator_acts *a, uint64_t after, cJSON *reply)
{
    cJSON *array = cJSON_AddArrayToObject(reply, "reservations");
    const struct lease *l;
    size_t at = 0;
    uint64_t n = 0;
    while (array && (l = lease_next(a->store, &at)) != NULL) {
        if (n++ < after)
            continue;
        if (n > after + OPERATOR_PAGE)
            return cJSON_AddNumberToObject(reply, "more", (double)(n - 1)) != NULL;
        cJSON *row = json_append(array);
        if (!row || !fill_lease(a, l, row))
            return false;
    }
    return array != NULL;
}

static bool list_bans(const struct operator_acts *a, uint64_t after, cJSON *reply)
{
    cJSON *array = cJSON_AddArrayToObject(reply, "bans");
    const struct bans_row *b;
    size_t at = 0;
    uint64_t n = 0;
    while (array && (b = bans_next(a->bans, &at)) != NULL) {
        if (n++ < after)
            continue;
        if (n > after + OPERATOR_PAGE)
            return cJSON_AddNumberToObject(reply, "more", (double)(n - 1)) != NULL;
        cJSON *row = json_append(array);
        if (!row || !fill_ban(b, row))
            return false;
    }
    return array != NULL;
}

static bool fill_denylist(const struct operator_acts *a, size_t i, cJSON *o)
{
    uint64_t made, seconds = now(a) / 1000;
    if (!cJSON_AddStringToObject(o, "where", denylists_where(a->denylists, i)))
        return false;
    return !denylists_made(a->denylists, i, &made) ||
           (json_add_time(o, "made", made * 1000) &&
            cJSON_AddNumberToObject(o, "age", made < seconds ? (double)(seconds - made) : 0));
}

static bool list_denylists(const struct operator_acts *a, cJSON *reply)
{
    cJSON *array = cJSON_AddArrayToObject(reply, "denylists");
    for (size_t i = 0; array && i < denylists_count(a->denylists); i++) {
        cJSON *row = json_append(array);
        if (!row || !fill_denylist(a, i, row))
            return false;
    }
    return array != NULL;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static cJSON *reply_with(const struct operator_acts *a, const struct operator_message *m,
                         const struct outcome *o)
{
    cJSON *reply = message_reply(m->id);
    bool whole = reply != NULL;
    if (m->op == OPERATOR_LIST)
        whole = whole && list_leases(a, m->after, reply);
    else if (m->op == OPERATOR_BANS)
        whole = whole && list_bans(a, m->after, reply);
    else if (m->op == OPERATOR_DENYLISTS)
        whole = whole && list_denylists(a, reply);
    else
        whole = whole && cJSON_AddNumberToObject(reply, "reservations", (double)o->reservations) &&
                cJSON_AddNumberToObject(reply, "visitors", (double)o->visitors);
    if (whole)
        return reply;
    cJSON_Delete(reply);
    return NULL;
}

cJSON *operator_acts_do(const struct operator_acts *a, const struct operator_message *m)
{
    struct outcome o = {0};
    struct beam_why why = {.text = ""};
    int err = 0;
    if (m->op == OPERATOR_BAN)
        err = ban(a, m, &o, &why);
    else if (m->op == OPERATOR_UNBAN)
        err = unban(a, m, &why);
    else if (m->op == OPERATOR_DROP)
        err = drop(a, m, &o, &why);
    else if (m->op == OPERATOR_EXPORT)
        err = export(a, m, &why);
    if (m->op == OPERATOR_BAN || m->op == OPERATOR_UNBAN)
        operator_crew_again(a->crew, false);
    return err < 0 ? message_error(m->id, &why) : reply_with(a, m, &o);
}
