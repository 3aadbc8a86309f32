/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "circuit/hop_message.h"
#include "daemon/operator_tickets.h"
#include "p2p/autonat2_message.h"
#include "p2p/crew_message.h"
#include "p2p/kad.h"
#include "relay/reservation.h"

enum { TICK_MS = 500, PEERS_MORE = 4096 };

/* What is told (docs/protocol/crew.md). */
enum topic {
    TOPIC_LEASE = 1, /* a lease was changed, or dropped */
    TOPIC_BANS,      /* are to be read again */
    TOPIC_FILES,     /* all of them */
    TOPIC_USED,      /* the month, and rows: what was used of it in all */
    TOPIC_REPORT,    /* a report, and rows: which visitors are there */
    TOPIC_TICKETS,   /* to the first: a key; from it: the keys of TLS tickets, sealed to that one */
    TOPIC_SPENT      /* the month, and rows: what was used there since the last */
};

/* In memory's own form: both ends are one program. */
struct report {
    struct counts counts;
    struct counts_now now;
};
struct row {
    uint8_t id[RESERVATION_ID_SIZE];
    uint64_t bytes, visitors;
    uint64_t all; /* 1: of all tunnels together; the id is of none */
};

struct change {
    uint8_t id[RESERVATION_ID_SIZE];
    uint64_t number; /* of this one among all */
};

struct mate {
    struct report report;
    struct row *rows; /* with visitors */
    size_t row_count;
};

struct operator_crew {
    struct operator_crew_spec spec;
    char *place;
    struct crew *crew;
    struct loop_timer tick;
    struct mate mates[CREW_MAX]; /* of the first */
    struct counts past;          /* what those counted that are gone */
    uint64_t reported;           /* when all was told last; what was used is told more often */
    struct operator_tickets *tickets;
    bool used, ready; /* it knows what was used; it has said that it is ready */
};

/* ---- rows ----------------------------------------------------------------------------------- */

/* Bytes to be told: a head of some size, and rows behind it. */
struct sheet {
    uint8_t *bytes;
    size_t len, size;
};

/* False: it does not fit, or finds no memory, and is left for the next time. */
static bool add(struct sheet *s, const void *data, size_t len)
{
    if (s->len + len > s->size) {
        size_t size = 2 * s->size + len + 4096;
        uint8_t *more = size <= CREW_DATA_MAX ? realloc(s->bytes, size) : NULL;
        if (!more)
            return false;
        s->bytes = more;
        s->size = size;
    }
    memcpy(s->bytes + s->len, data, len);
    s->len += len;
    return true;
}

/* The month, which comes before rows of what was used in it. */
static bool add_month(const struct operator_crew *c, struct sheet *s)
{
    uint64_t month = traffic_month(c->spec.rules->traffic);
    return add(s, &month, sizeof(month));
}

/* Where the rows begin. NULL: there is no month, or it is over. */
static const uint8_t *take_month(const struct operator_crew *c, const uint8_t *data, size_t *len)
{
    uint64_t month;
    if (*len < sizeof(month))
        return NULL;
    memcpy(&month, data, sizeof(month));
    *len -= sizeof(month);
    return traffic_follow(c->spec.rules->traffic, (unsigned)month) ? data + sizeof(month) : NULL;
}

static bool add_use(void *arg, const uint8_t id[RESERVATION_ID_SIZE], uint64_t bytes)
{
    struct row row = {.bytes = bytes, .all = id == NULL};
    if (id)
        memcpy(row.id, id, sizeof(row.id));
    return add(arg, &row, sizeof(row));
}

/* Row number i of those in `data`; false: there is none. */
static bool row_at(const uint8_t *data, size_t len, size_t i, struct row *out)
{
    if ((i + 1) * sizeof(*out) > len)
        return false;
    memcpy(out, data + i * sizeof(*out), sizeof(*out));
    return true;
}

/* ---- of the first --------------------------------------------------------------------------- */

static void tell_used(struct operator_crew *c, bool anew)
{
    struct sheet s = {.len = 0};
    if (add_month(c, &s))
        traffic_tell(c->spec.rules->traffic, anew, add_use, &s);
    if (s.len > sizeof(uint64_t) || anew)
        crew_tell_all(c->crew, TOPIC_USED, s.bytes, s.len);
    free(s.bytes);
}

static void on_lease(void *arg, const uint8_t id[RESERVATION_ID_SIZE])
{
    struct operator_crew *c = arg;
    struct change change = {.number = lease_changes(c->spec.store)};
    memcpy(change.id, id, sizeof(change.id));
    crew_tell_all(c->crew, TOPIC_LEASE, &change, sizeof(change));
}

static void add_counts(struct counts *to, const struct counts *from)
{
    uint64_t *sums = (uint64_t *)to;
    const uint64_t *more = (const uint64_t *)from;
    _Static_assert(sizeof(*to) % sizeof(*sums) == 0, "they are all numbers");
    for (size_t i = 0; i < sizeof(*to) / sizeof(*sums); i++)
        sums[i] += more[i];
}

static void take_spent(struct operator_crew *c, const uint8_t *data, size_t len)
{
    struct row row;
    data = take_month(c, data, &len);
    for (size_t i = 0; data && row_at(data, len, i, &row); i++)
        traffic_add(c->spec.rules->traffic, row.all ? NULL : row.id, row.bytes);
}

static void take_report(struct mate *m, const uint8_t *data, size_t len)
{
    struct row row, *rows;
    size_t n = 0;
    if (len < sizeof(m->report))
        return;
    memcpy(&m->report, data, sizeof(m->report));
    data += sizeof(m->report);
    len -= sizeof(m->report);
    rows = calloc(len / sizeof(row) + 1, sizeof(row));
    while (rows && row_at(data, len, n, &row))
        rows[n++] = row;
    free(m->rows);
    m->rows = rows;
    m->row_count = n;
}

static void on_gone(void *arg, const struct peer_id *peer)
{
    struct operator_crew *c = arg;
    if (c->spec.registrar)
        registrar_gone(c->spec.registrar, peer);
    if (c->spec.ports)
        ports_gone(c->spec.ports, peer);
}

/* ---- of the others -------------------------------------------------------------------------- */

static void add_visitors(const struct operator_crew *c, struct sheet *s)
{
    const struct lease *l;
    size_t at = 0;
    while ((l = lease_next(c->spec.store, &at)) != NULL) {
        struct row row = {.visitors = front_visitors_of(c->spec.front, l->id)};
        memcpy(row.id, l->id, sizeof(row.id));
        if (row.visitors > 0)
            (void)add(s, &row, sizeof(row));
    }
}

static void report(struct operator_crew *c)
{
    struct report r;
    struct sheet s = {.len = 0};
    memset(&r, 0, sizeof(r));
    r.counts = c->spec.rules->counts;
    r.now.visitors = front_visitors(c->spec.front);
    r.now.owners = host_peers(c->spec.host);
    r.now.blocks = buf_pool_used(loop_pool(c->spec.loop));
    if (!add(&s, &r, sizeof(r)))
        return;
    add_visitors(c, &s);
    crew_tell(c->crew, 0, TOPIC_REPORT, s.bytes, s.len);
    free(s.bytes);
}

static void tell_spent(struct operator_crew *c)
{
    struct sheet s = {.len = 0};
    if (add_month(c, &s))
        traffic_report(c->spec.rules->traffic, add_use, &s);
    if (s.len > sizeof(uint64_t))
        crew_tell(c->crew, 0, TOPIC_SPENT, s.bytes, s.len);
    free(s.bytes);
}

/* One that is no more has no visitors either. */
static void refresh_lease(struct operator_crew *c, const uint8_t id[RESERVATION_ID_SIZE])
{
    if (!lease_refresh(c->spec.store, id))
        (void)front_drop(c->spec.front, id);
}

/* What the first told while there was no line to it was not heard, and all of that is in files. */
static void refresh_leases(struct operator_crew *c)
{
    uint64_t changes = lease_changes(c->spec.store);
    size_t at = 0, n = 0, most = lease_count(c->spec.store);
    uint8_t(*all)[RESERVATION_ID_SIZE] = calloc(most + 1, sizeof(*all));
    const struct lease *l;
    if (!all) {
        log_error("relay", "out of memory for the leases to be read again");
        c->spec.lost(c->spec.arg); /* rather than serve what was dropped */
        return;
    }
    while (n < most && (l = lease_next(c->spec.store, &at)) != NULL)
        memcpy(all[n++], l->id, sizeof(*all));
    for (size_t i = 0; i < n; i++)
        refresh_lease(c, all[i]);
    free(all);
    if (lease_catch_up(c->spec.store, changes) < 0)
        log_error("relay", "the leases cannot be read again: each is sought when it is asked for");
}

static void take_change(struct operator_crew *c, const uint8_t *data, size_t len)
{
    struct change change;
    if (len != sizeof(change))
        return;
    memcpy(&change, data, sizeof(change));
    refresh_lease(c, change.id);
    if (!lease_keep_up(c->spec.store, change.number))
        refresh_leases(c);
}

/* Visitors may come: what was used, and the keys of tickets, come with the line, behind all whom
 * the first has. */
static void look_ready(struct operator_crew *c)
{
    if (c->ready || !c->used || !operator_tickets_ready(c->tickets))
        return;
    c->ready = true;
    c->spec.ready(c->spec.arg);
}

static void take_used(struct operator_crew *c, const uint8_t *data, size_t len)
{
    struct row row;
    data = take_month(c, data, &len);
    for (size_t i = 0; data && row_at(data, len, i, &row); i++)
        traffic_set(c->spec.rules->traffic, row.all ? NULL : row.id, row.bytes);
    c->used = true;
    look_ready(c);
}

/* ---- the crew ------------------------------------------------------------------------------- */

static void on_told(void *arg, unsigned mate, unsigned topic, const uint8_t *data, size_t len)
{
    struct operator_crew *c = arg;
    if (topic == TOPIC_TICKETS) {
        operator_tickets_told(c->tickets, mate, data, len);
        look_ready(c);
    } else if (c->spec.index == 0) {
        if (topic == TOPIC_REPORT)
            take_report(&c->mates[mate], data, len);
        else if (topic == TOPIC_SPENT)
            take_spent(c, data, len);
    } else if (mate == 0) {
        if (topic == TOPIC_LEASE)
            take_change(c, data, len);
        else if (topic == TOPIC_USED)
            take_used(c, data, len);
        else if (topic == TOPIC_BANS || topic == TOPIC_FILES)
            c->spec.again(c->spec.arg, topic == TOPIC_FILES);
    }
}

/* With this, each change from now on is told. */
static void on_joined(void *arg, unsigned mate)
{
    struct operator_crew *c = arg;
    if (c->spec.index == 0) {
        crew_tell(c->crew, mate, TOPIC_FILES, NULL, 0);
        tell_used(c, true);
    } else if (mate == 0) {
        refresh_leases(c);
        operator_tickets_joined(c->tickets, mate);
    }
}

static void on_left(void *arg, unsigned mate)
{
    struct operator_crew *c = arg;
    struct mate *m = &c->mates[mate];
    add_counts(&c->past, &m->report.counts);
    free(m->rows);
    *m = (struct mate){.rows = NULL};
    operator_tickets_left(c->tickets, mate);
    if (c->spec.index > 0 && mate == 0)
        c->spec.lost(c->spec.arg);
}

static void tell_tickets(void *arg, unsigned mate, const void *data, size_t len)
{
    const struct operator_crew *c = arg;
    crew_tell(c->crew, mate, TOPIC_TICKETS, data, len);
}

static void on_tick(void *arg)
{
    struct operator_crew *c = arg;
    uint64_t now = loop_now(c->spec.loop);
    operator_tickets_tick(c->tickets);
    if (c->spec.index == 0) {
        tell_used(c, false);
    } else {
        tell_spent(c);
        if (now - c->reported >= TICK_MS) {
            report(c);
            c->reported = now;
        }
    }
    loop_timer_set(&c->tick,
                   traffic_paced(c->spec.rules->traffic) ? (uint64_t)TRAFFIC_SHARE_MS : TICK_MS);
}

void operator_crew_again(struct operator_crew *c, bool all)
{
    if (c)
        crew_tell_all(c->crew, all ? TOPIC_FILES : TOPIC_BANS, NULL, 0);
}

void operator_crew_sum(const struct operator_crew *c, struct counts *counts, struct counts_now *now)
{
    if (!c)
        return;
    add_counts(counts, &c->past);
    for (unsigned i = 0; i < c->spec.count; i++) {
        const struct report *r = &c->mates[i].report;
        add_counts(counts, &r->counts);
        now->visitors += r->now.visitors;
        now->owners += r->now.owners;
        now->blocks += r->now.blocks;
    }
    now->workers = 1 + crew_mates(c->crew);
}

size_t operator_crew_visitors(const struct operator_crew *c, const uint8_t id[RESERVATION_ID_SIZE])
{
    size_t n = 0;
    for (unsigned i = 0; c && i < c->spec.count; i++)
        for (size_t k = 0; k < c->mates[i].row_count; k++)
            if (memcmp(c->mates[i].rows[k].id, id, RESERVATION_ID_SIZE) == 0)
                n += (size_t)c->mates[i].rows[k].visitors;
    return n;
}

/* What is there before the crew is. */
static int open_own(struct operator_crew *c)
{
    const struct operator_tickets_spec tickets = {.rng = rng_system(),
                                                  .clock = clock_system(),
                                                  .tickets = c->spec.tickets,
                                                  .index = c->spec.index,
                                                  .count = c->spec.count,
                                                  .tell = tell_tickets,
                                                  .arg = c};
    c->place = file_join(c->spec.dir, "relay-worker");
    return c->place ? operator_tickets_new(&tickets, &c->tickets) : BEAM_ENOMEM;
}

static void free_own(struct operator_crew *c)
{
    operator_tickets_free(c->tickets);
    free(c->place);
    free(c);
}

int operator_crew_new(const struct operator_crew_spec *spec, struct operator_crew **out,
                      struct beam_why *why)
{
    const struct conf *conf = spec->conf;
    struct operator_crew *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    c->spec = *spec;
    loop_timer_init(spec->loop, &c->tick, on_tick, c);
    int err = open_own(c);
    if (err < 0) {
        free_own(c);
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    }
    const struct crew_spec crew = {.loop = spec->loop,
                                   .rng = rng_system(),
                                   .host = spec->host,
                                   .place = c->place,
                                   .version = spec->version,
                                   .index = spec->index,
                                   .count = spec->count,
                                   .passed = {RESERVATION_PROTOCOL, KAD_PROTOCOL, AUTONAT_PROTOCOL,
                                              AUTONAT2_REQUEST_PROTOCOL, AUTONAT2_BACK_PROTOCOL,
                                              conf->relay_circuits ? HOP_PROTOCOL : NULL},
                                   .peers = conf->relay_max_connections + PEERS_MORE,
                                   .streams = 2 * conf->relay_max_visitors + PEERS_MORE,
                                   .memory = conf->relay_max_memory};
    const struct crew_events events = {
        .joined = on_joined, .left = on_left, .gone = on_gone, .told = on_told, .arg = c};
    err = crew_new(&crew, &events, &c->crew, why);
    if (err < 0) {
        free_own(c);
        return err;
    }
    if (spec->index == 0)
        lease_on_change(spec->store, on_lease, c);
    loop_timer_set(&c->tick, TICK_MS);
    *out = c;
    return 0;
}

void operator_crew_free(struct operator_crew *c)
{
    if (!c)
        return;
    lease_on_change(c->spec.store, NULL, NULL);
    loop_timer_clear(&c->tick);
    crew_free(c->crew);
    for (unsigned i = 0; i < CREW_MAX; i++)
        free(c->mates[i].rows);
    free_own(c);
}
