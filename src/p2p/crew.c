/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "p2p/core.h"
#include "p2p/crew_bridge.h"
#include "p2p/crew_link.h"
#include "p2p/crew_meeting.h"
#include "p2p/crew_table.h"

enum { MEMORY = 1 << 30 /* bytes, where there is to be no limit */ };

/* A connection between two processes; those that came in have no mate until they said who they
 * are. */
struct line {
    struct line *next, **prev;
    struct crew *crew;
    struct mate *mate;
    struct crew_link *link;
    unsigned dialled; /* the mate's index, and one; 0: it came in */
};

struct mate {
    unsigned index;
    struct line *line; /* NULL: it is not there */
};

struct passed {
    struct crew *crew;
    const char *protocol;
};

struct crew {
    struct crew_spec spec;
    struct crew_events events;
    struct crew_meeting *meeting;
    struct mate mates[CREW_MAX];
    struct line *lines;
    struct crew_table *table;
    struct map *kept; /* peers of this process that a mate wants kept: struct peer_id */
    struct crew_bridges bridges;
    struct yamux_budget budget;
    struct passed passed[CREW_PROTOCOLS_MAX];
    size_t passed_count;
    struct host_watch watch;
    bool obeys; /* a mate's word is being carried out: it is not passed on */
};

static void line_end(struct line *n);

/* ---- what is said --------------------------------------------------------------------------- */

static void say(struct line *n, const struct crew_message *m)
{
    if (crew_link_send(n->link, m) < 0) {
        log_warn("p2p", "worker %u does not take what it is told, and is left", n->mate->index);
        line_end(n);
    }
}

static void say_all(struct crew *c, const struct crew_message *m)
{
    for (unsigned i = 0; i < c->spec.count; i++)
        if (c->mates[i].line)
            say(c->mates[i].line, m);
}

static void tell(struct line *n, unsigned topic, const void *data, size_t len)
{
    const struct crew_message m = {.kind = CREW_TELL, .number = topic, .data = data, .len = len};
    say(n, &m);
}

void crew_tell(struct crew *c, unsigned mate, unsigned topic, const void *data, size_t len)
{
    if (mate < c->spec.count && c->mates[mate].line)
        tell(c->mates[mate].line, topic, data, len);
}

void crew_tell_all(struct crew *c, unsigned topic, const void *data, size_t len)
{
    for (unsigned i = 0; i < c->spec.count; i++)
        crew_tell(c, i, topic, data, len);
}

static struct crew_message about(unsigned kind, const struct peer_id *peer)
{
    return (struct crew_message){.kind = kind, .peer = *peer};
}

/* ---- who is here ---------------------------------------------------------------------------- */

static void on_up(void *arg, const struct host_peer *peer)
{
    struct crew_message m = about(CREW_HERE, peer->id);
    m.addr = *peer->addr;
    say_all(arg, &m);
}

static void on_down(void *arg, const struct peer_id *peer)
{
    struct crew *c = arg;
    const struct crew_message m = about(CREW_GONE, peer);
    struct peer_id *kept = map_take(c->kept, peer->bytes, peer->len);
    if (kept)
        (void)pool_keep(&c->spec.host->pool, peer, false);
    free(kept);
    say_all(c, &m);
}

/* Who was here before the mate was. */
static void say_who_is_here(struct line *n)
{
    struct crew *c = n->crew;
    struct mate *mate = n->mate;
    for (const struct conn *x = c->spec.host->pool.oldest; x && mate->line == n; x = x->next) {
        struct crew_message m = about(CREW_HERE, &x->spec.peer);
        m.addr = x->spec.addr;
        say(n, &m);
    }
}

/* ---- what mates say ------------------------------------------------------------------------- */

static void obey_end(struct crew *c, const struct peer_id *peer)
{
    c->obeys = true;
    host_disconnect(c->spec.host, peer);
    c->obeys = false;
}

static void obey_keep(struct crew *c, const struct peer_id *peer, bool on)
{
    struct pool *pool = &c->spec.host->pool;
    struct peer_id *kept = map_get(c->kept, peer->bytes, peer->len);
    if (on == (kept != NULL) || (on && !host_connected(c->spec.host, peer)))
        return;
    if (!on) {
        free(map_take(c->kept, peer->bytes, peer->len));
        (void)pool_keep(pool, peer, false);
        return;
    }
    kept = malloc(sizeof(*kept));
    if (!kept)
        return;
    *kept = *peer;
    if (map_put(c->kept, peer->bytes, peer->len, kept) < 0)
        free(kept);
    else if (pool_keep(pool, peer, true) < 0)
        free(map_take(c->kept, peer->bytes, peer->len));
}

static void gone(struct crew *c, const struct peer_id *peer)
{
    if (c->events.gone && !host_connected(c->spec.host, peer))
        c->events.gone(c->events.arg, peer);
}

/* Where there was no memory it is said again with the next line; where there is no room, only those
 * who have the peer can open a stream to it. */
static bool hear_here(struct line *n, const struct crew_message *m)
{
    int err = crew_table_put(n->crew->table, n->mate->index, &m->peer, &m->addr);
    if (err == 0)
        return true;
    log_warn("p2p", "a peer of worker %u cannot be kept in mind: %s", n->mate->index,
             beam_err_text(err));
    if (err == BEAM_ENOMEM)
        line_end(n);
    return err != BEAM_ENOMEM;
}

static bool hear(struct line *n, const struct crew_message *m)
{
    struct crew *c = n->crew;
    unsigned from = n->mate->index;
    switch (m->kind) {
    case CREW_HERE:
        return hear_here(n, m);
    case CREW_GONE:
        if (crew_table_take(c->table, from, &m->peer))
            gone(c, &m->peer);
        break;
    case CREW_END:
        obey_end(c, &m->peer);
        break;
    case CREW_KEEP:
        obey_keep(c, &m->peer, m->number == 1);
        break;
    case CREW_TELL:
        if (c->events.told)
            c->events.told(c->events.arg, from, (unsigned)m->number, m->data, m->len);
        break;
    default:
        line_end(n);
        return false;
    }
    return c->mates[from].line == n;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* False: the line has ended. */
static bool hello(struct line *n)
{
    const struct crew *c = n->crew;
    struct crew_message m = {.kind = CREW_HELLO, .number = c->spec.index};
    snprintf(m.text, sizeof(m.text), "%s", c->spec.version);
    if (crew_link_send(n->link, &m) == 0)
        return true;
    log_warn("p2p", "a worker could not be greeted");
    line_end(n);
    return false;
}

/* Whether a mate is who may be at the other end. */
static bool is_expected(const struct line *n, const struct crew_message *m)
{
    const struct crew_spec *s = &n->crew->spec;
    if (m->kind != CREW_HELLO || strcmp(m->text, s->version) != 0)
        return false;
    return n->dialled ? m->number == n->dialled - 1 : m->number > s->index && m->number < s->count;
}

static bool greet(struct line *n, const struct crew_message *m)
{
    struct crew *c = n->crew;
    if (!is_expected(n, m)) {
        log_warn("p2p", "somebody who is no worker of this relay was turned away");
        line_end(n);
        return false;
    }
    struct mate *mate = &c->mates[m->number];
    if (mate->line)
        line_end(mate->line); /* it has begun anew, and its end was not heard so far */
    n->mate = mate;
    mate->line = n;
    crew_meeting_well(c->meeting, mate->index);
    log_info("p2p", "worker %u is there", mate->index);
    if (!n->dialled && !hello(n))
        return false;
    say_who_is_here(n);
    if (mate->line == n && c->events.joined)
        c->events.joined(c->events.arg, mate->index);
    return mate->line == n;
}

static bool on_message(void *arg, const struct crew_message *m)
{
    struct line *n = arg;
    return n->mate ? hear(n, m) : greet(n, m);
}

/* A mate that dialled opens none before it was greeted; one that was dialled may have done so in
 * the same breath, and its greeting is heard after the stream. */
static void on_stream(void *arg, struct stream *s)
{
    struct line *n = arg;
    if (!n->mate && !n->dialled) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    crew_bridge_begin(&n->crew->bridges, s);
}

static void on_ended(void *arg)
{
    line_end(arg);
}

static void forget_all(struct crew *c, unsigned mate)
{
    struct peer_id peer;
    while (crew_table_any(c->table, mate, &peer))
        if (crew_table_take(c->table, mate, &peer))
            gone(c, &peer);
}

static void line_free(struct line *n)
{
    crew_link_free(n->link);
    *n->prev = n->next;
    if (n->next)
        n->next->prev = n->prev;
    free(n);
}

static void line_end(struct line *n)
{
    struct crew *c = n->crew;
    struct mate *mate = n->mate;
    unsigned dialled = n->dialled;
    line_free(n);
    if (mate) {
        mate->line = NULL;
        log_info("p2p", "worker %u is not there any more", mate->index);
        forget_all(c, mate->index);
        if (c->events.left)
            c->events.left(c->events.arg, mate->index);
    }
    if (dialled > 0)
        crew_meeting_again(c->meeting, dialled - 1);
}

/* Takes the stream over. NULL: out of memory. */
static struct line *line_new(struct crew *c, struct stream *s, unsigned dialled)
{
    struct line *n = calloc(1, sizeof(*n));
    if (!n) {
        stream_free(s);
        return NULL;
    }
    const struct crew_link_spec spec = {.loop = c->spec.loop,
                                        .dialled = dialled > 0,
                                        .streams = c->spec.streams,
                                        .budget = &c->budget};
    const struct crew_link_events events = {
        .message = on_message, .stream = on_stream, .ended = on_ended, .arg = n};
    *n = (struct line){.crew = c, .dialled = dialled};
    if (crew_link_new(s, &spec, &events, &n->link) < 0) {
        free(n);
        return NULL;
    }
    n->next = c->lines;
    n->prev = &c->lines;
    if (n->next)
        n->next->prev = &n->next;
    c->lines = n;
    return n;
}

static void on_met(void *arg, struct stream *s, unsigned dialled)
{
    struct crew *c = arg;
    struct line *n = line_new(c, s, dialled);
    if (n && dialled > 0)
        (void)hello(n);
    else if (dialled > 0)
        crew_meeting_again(c->meeting, dialled - 1);
}

/* ---- for the host --------------------------------------------------------------------------- */

static bool find(void *arg, const struct peer_id *peer, struct host_peer *out)
{
    const struct crew *c = arg;
    struct crew_place place;
    if (!crew_table_find(c->table, peer, &place))
        return false;
    *out = (struct host_peer){
        .id = place.peer, .addr = place.addr, .way = WAY_DIRECT, .inbound = true, .agent = ""};
    return true;
}

static struct line *line_to(const struct crew *c, const struct peer_id *peer)
{
    struct crew_place place;
    return crew_table_find(c->table, peer, &place) ? c->mates[place.mate].line : NULL;
}

static int open_there(void *arg, const struct peer_id *peer, const char *protocol,
                      struct stream **out)
{
    struct line *n = line_to(arg, peer);
    struct crew_message m = about(CREW_OPEN, peer);
    snprintf(m.text, sizeof(m.text), "%s", protocol);
    return n ? crew_link_open(n->link, &m, out) : BEAM_ENOTFOUND;
}

static void disconnect(void *arg, const struct peer_id *peer)
{
    struct crew *c = arg;
    const struct crew_message m = about(CREW_END, peer);
    struct crew_place place;
    if (!c->obeys && crew_table_find(c->table, peer, &place))
        say_all(c, &m);
}

static void keep(void *arg, const struct peer_id *peer, bool on)
{
    struct line *n = line_to(arg, peer);
    struct crew_message m = about(CREW_KEEP, peer);
    m.number = on;
    if (n)
        say(n, &m);
}

static void on_passed(void *arg, struct stream *s, const struct host_peer *peer)
{
    const struct passed *p = arg;
    struct crew *c = p->crew;
    struct line *first = c->mates[0].line;
    struct crew_message m = about(CREW_PASS, peer->id);
    struct stream *far;
    m.addr = *peer->addr;
    snprintf(m.text, sizeof(m.text), "%s", p->protocol);
    if (first && crew_link_open(first->link, &m, &far) == 0) {
        crew_bridge_join(&c->bridges, s, far);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

/* ---- its life ------------------------------------------------------------------------------- */

static int pass_protocols(struct crew *c)
{
    for (size_t i = 0; c->spec.index > 0 && i < CREW_PROTOCOLS_MAX && c->spec.passed[i]; i++) {
        c->passed[i] = (struct passed){.crew = c, .protocol = c->spec.passed[i]};
        int err = host_handle(c->spec.host, c->passed[i].protocol, on_passed, &c->passed[i]);
        if (err < 0)
            return err;
        c->passed_count++;
    }
    return 0;
}

static int open_all(struct crew *c)
{
    const struct crew_meeting_spec meeting = {.loop = c->spec.loop,
                                              .place = c->spec.place,
                                              .index = c->spec.index,
                                              .met = on_met,
                                              .arg = c};
    int err = crew_table_new(c->spec.rng, c->spec.peers, &c->table);
    if (err == 0)
        err = map_new(c->spec.rng, c->spec.peers, &c->kept);
    if (err == 0)
        err = crew_meeting_new(&meeting, &c->meeting);
    return err < 0 ? err : pass_protocols(c);
}

static void join_others(struct crew *c)
{
    const struct host_elsewhere elsewhere = {
        .find = find, .open = open_there, .disconnect = disconnect, .keep = keep, .arg = c};
    core_elsewhere(c->spec.host, &elsewhere);
    c->watch = (struct host_watch){.up = on_up, .down = on_down, .arg = c};
    host_watch(c->spec.host, &c->watch);
}

int crew_new(const struct crew_spec *spec, const struct crew_events *events, struct crew **out,
             struct beam_why *why)
{
    struct crew *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "workers: out of memory");
    c->spec = *spec;
    c->events = *events;
    c->bridges = (struct crew_bridges){.loop = spec->loop, .host = spec->host};
    c->budget.total = spec->memory > 0 ? spec->memory : MEMORY;
    for (unsigned i = 0; i < CREW_MAX; i++)
        c->mates[i].index = i;
    int err = open_all(c);
    if (err < 0) {
        crew_free(c);
        return beam_why(why, err, "%s.%u: the workers cannot meet there: %s", spec->place,
                        spec->index, beam_err_text(err));
    }
    join_others(c);
    *out = c;
    return 0;
}

static void free_kept(struct crew *c)
{
    struct peer_id *kept;
    size_t at = 0;
    while (c->kept && (kept = map_next(c->kept, &at)) != NULL) {
        (void)pool_keep(&c->spec.host->pool, kept, false);
        free(kept);
    }
    map_free(c->kept);
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    core_elsewhere(c->spec.host, NULL);
    host_unwatch(&c->watch);
    for (size_t i = 0; i < c->passed_count; i++)
        host_unhandle(c->spec.host, c->passed[i].protocol);
    crew_meeting_free(c->meeting);
    crew_bridges_clear(&c->bridges);
    while (c->lines)
        line_free(c->lines);
    crew_table_free(c->table);
    free_kept(c);
    free(c);
}

size_t crew_mates(const struct crew *c)
{
    size_t n = 0;
    for (unsigned i = 0; i < c->spec.count; i++)
        n += c->mates[i].line != NULL;
    return n;
}
