/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/owner.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "p2p/ping.h"
#include "relay/check.h"
#include "relay/complaint.h"
#include "relay/exchange.h"
#include "relay/kept.h"
#include "relay/lease_ports.h"
#include "relay/solve.h"
#include "relay/vigil.h"

enum {
    REST_MIN_MS = 250,
    REST_MAX_MS = 4000,   /* a relay that was restarted is found again within 5 s */
    EARLY_FAILURES = 3,   /* in which another relay has given the same name too, or will not */
    LONG_FAILURES = 100,  /* and after that many, */
    REST_LONG_MS = 60000, /* one that stays away is asked less often */
    PING_MS = 15000,
    RENEW_MIN_S = 10,
    RENEW_MAX_S = 12 * 3600,
    RECONNECT_MS = 30000, /* Tor may hold on to the way to an onion that has moved */
    PROOF_DIRECT_MS = 15000,
    PROOF_TOR_MS = 90000
};

struct owner {
    struct owner_spec spec;
    struct owner_events events;
    enum owner_state state;
    char name[RESERVATION_NAME_SIZE];
    char url[RESERVATION_URL_SIZE];
    struct kept kept;
    bool was_up;

    enum way way;
    struct exchange *exchange;
    struct solve solve; /* work that the relay asks for a new reservation */
    struct check *check;
    struct vigil *vigil; /* of TLS that is not the relay's to open */
    struct reservation_answer answer;

    struct visits_entry visits;
    struct host_watch watch;
    bool held;    /* the host was told to keep the connection */
    bool closing; /* nothing more is called */
    struct ping *ping;
    struct loop_timer rest, renew, again; /* `again`: the next ping */
    struct complaint complaint;
    uint64_t refused; /* the status that its user was told of; 0: none since it was up */
    unsigned failures;
};

static const char *const state_names[] = {
    [OWNER_ASKING] = "asking",   [OWNER_CHECKING] = "checking", [OWNER_UP] = "up",
    [OWNER_RESTING] = "resting", [OWNER_FAILED] = "failed",
};

static void enter(struct owner *o, enum owner_state state, const struct beam_why *why);

/* ---- what is kept --------------------------------------------------------------------------- */

static void warn(struct owner *o, const struct beam_why *why)
{
    log_warn("relay", "%s: %s", log_scrub(o->spec.where.text), log_scrub(why->text));
    if (o->events.warning)
        o->events.warning(o->events.arg, why);
}

/* The relay is who it is from now on, and its user is told when only its address was known. */
static void pin(struct owner *o, const struct peer_id *peer)
{
    struct beam_why why = {.text = ""};
    if (kept_pin(&o->kept, &o->spec.where, peer, &why) != 0)
        warn(o, &why);
}

static void keep_ticket(struct owner *o)
{
    struct beam_why why = {.text = ""};
    if (kept_put(&o->kept, &o->answer, &why) < 0)
        warn(o, &why);
}

static void drop_ticket(struct owner *o, struct beam_why *why)
{
    beam_why(why, BEAM_ENOTFOUND,
             "relay %s: it does not know our reservation of before any more: the URL is another "
             "one now",
             o->spec.where.text);
    warn(o, why);
    kept_drop(&o->kept);
}

/* ---- failures ------------------------------------------------------------------------------- */

/* Where relays share a name its URL may lead to one that has not given it yet: it is asked for at
 * all of them at once. */
static bool may_be_early(const struct owner *o)
{
    return o->state == OWNER_CHECKING && o->name[0] && o->failures < EARLY_FAILURES;
}

/* Whether trying again, with nothing changed, is of no use. */
static bool is_final(const struct owner *o, int err)
{
    switch (err) {
    case BEAM_EPOLICY:
        return true;
    case BEAM_EAUTH:
        return !o->was_up && !may_be_early(o);
    case BEAM_ENOTFOUND:
    case BEAM_EPROTO:
    case BEAM_EINVAL:
    case BEAM_EEXIST:
        return !o->was_up;
    default:
        return false;
    }
}

static void lose(struct owner *o, int err, const struct beam_why *why)
{
    struct beam_why words = {.text = ""};
    if (why)
        words = *why;
    words.code = err;
    if (err == BEAM_EAUTH && o->state == OWNER_ASKING && o->spec.where.peer.len == 0)
        kept_explain(&o->kept, &o->spec.where, &words); /* somebody else than the pin says */
    enter(o, is_final(o, err) ? OWNER_FAILED : OWNER_RESTING, &words);
}

static uint64_t rest_ms(const struct owner *o)
{
    uint64_t most = o->failures < LONG_FAILURES ? REST_MAX_MS : REST_LONG_MS;
    uint64_t ms = backoff_pause(o->failures, REST_MIN_MS, most);
    /* Owners whose relay went away do not all come back in one moment. */
    return ms - rng_below(o->spec.rng, (uint32_t)(ms / 2));
}

/* ---- asking --------------------------------------------------------------------------------- */

static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct reservation_answer *answer, const struct peer_id *peer,
                      enum way way);

static void ask(struct owner *o, enum reservation_verb verb)
{
    const struct connect_spec spec = {.peer = o->kept.peer.len > 0 ? &o->kept.peer : NULL,
                                      .addrs = &o->spec.where.addr,
                                      .n = o->spec.where.addr.len > 0,
                                      .origin = PERMIT_TYPED,
                                      .timeout_ms = o->was_up ? RECONNECT_MS : 0};
    struct reservation_request r = {.verb = verb,
                                    .kind = verb == RESERVATION_RESERVE ? o->spec.kind : 0,
                                    .port = verb == RESERVATION_RESERVE ? o->spec.port : 0,
                                    .has_id = o->kept.has_ticket,
                                    .visitor_address =
                                        verb == RESERVATION_RESERVE && o->spec.visitor_address};
    if (o->kept.has_ticket) {
        memcpy(r.id, o->kept.ticket.id, sizeof(r.id));
        memcpy(r.token, o->kept.ticket.token, sizeof(r.token));
    } else {
        snprintf(r.name, sizeof(r.name), "%s", o->name);
    }
    solve_show(&o->solve, &r);
    int err = exchange_start(o->spec.loop, o->spec.host, &spec, o->spec.where.text, &r, on_answer,
                             o, &o->exchange);
    sodium_memzero(&r, sizeof(r));
    if (err < 0) {
        struct beam_why why;
        beam_why(&why, err, "relay %s: %s", o->spec.where.text, beam_err_text(err));
        lose(o, err, &why);
    }
}

static void on_solved(void *arg)
{
    ask(arg, RESERVATION_RESERVE);
}

static void refused(struct owner *o, const struct reservation_answer *a)
{
    struct beam_why why;
    if (solve_begin(&o->solve, a))
        return;
    char reason[RESERVATION_REASON_SIZE];
    int err = reservation_status_err(a->status);
    if (a->status == RESERVATION_FORBIDDEN && o->kept.has_ticket) {
        drop_ticket(o, &why);
        enter(o, OWNER_ASKING, &why);
        return;
    }
    text_escape(a->reason, strlen(a->reason), reason, sizeof(reason));
    beam_why(&why, err, "relay %s: refuses: %s%s%s%s", o->spec.where.text,
             reservation_status_text(a->status), reason[0] ? " (it says: " : "", reason,
             reason[0] ? ")" : "");
    if (o->was_up && a->status != o->refused)
        warn(o, &why); /* it has lost what it had, and may not get it again */
    o->refused = a->status;
    lose(o, err == BEAM_EREFUSED && !o->was_up ? BEAM_EINVAL : err, &why);
}

static void set_renewal(struct owner *o)
{
    uint64_t s = o->answer.lease / 2;
    if (s < RENEW_MIN_S)
        s = RENEW_MIN_S;
    if (s > RENEW_MAX_S)
        s = RENEW_MAX_S;
    loop_timer_set(&o->renew, s * 1000);
}

static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct reservation_answer *answer, const struct peer_id *peer,
                      enum way way)
{
    struct owner *o = arg;
    o->exchange = NULL;
    if (err < 0) {
        /* An onion that is not found may be on its way up. */
        bool on_the_way = err == BEAM_ENOTFOUND && !peer && o->spec.where.addr.len > 0;
        lose(o, on_the_way ? BEAM_EUNREACH : err, why);
        return;
    }
    pin(o, peer);
    o->way = way;
    if (answer->status != RESERVATION_OK) {
        refused(o, answer);
        return;
    }
    o->answer = *answer;
    o->refused = 0;
    solve_granted(&o->solve);
    keep_ticket(o);
    if (o->state == OWNER_UP)
        set_renewal(o);
    else
        enter(o, OWNER_CHECKING, NULL);
}

/* ---- checking ------------------------------------------------------------------------------- */

static void say_not_here(struct owner *o, int err, const struct beam_why *first)
{
    struct beam_why why;
    beam_why(&why, err, "relay %s: its URL does not lead here: %s", o->spec.where.text,
             first->text);
    lose(o, err, &why);
}

/* Somebody opens what was to be opened here alone. That is not tried again, and whoever is there
 * now goes too: what they say is read along. */
static void accuse(struct owner *o, const struct beam_why *why)
{
    struct beam_why words;
    beam_why(
        &words, BEAM_EAUTH,
        "SOMEBODY SITS IN THE MIDDLE: relay %s, or whoever is before it, opens the TLS that is "
        "ours: %s (this path is down and stays down: what visitors say there is read along; "
        "publish through another relay)",
        o->spec.where.text, why->text);
    warn(o, &words);
    enter(o, OWNER_FAILED, &words);
    host_disconnect(o->spec.host, &o->kept.peer);
}

static void on_checked(void *arg, int err, const struct beam_why *why, const char *url)
{
    struct owner *o = arg;
    struct beam_why words = {.text = ""};
    if (why)
        words = *why; /* it goes with the check, and so does the URL */
    if (err == 0)
        snprintf(o->url, sizeof(o->url), "%s", url);
    check_free(o->check);
    o->check = NULL;
    if (err == 0)
        enter(o, OWNER_UP, NULL);
    else if (err == BEAM_EAUTH && o->spec.seal)
        accuse(o, &words);
    else
        say_not_here(o, err, &words);
}

static void on_other_visitor(void *arg, struct stream *s)
{
    struct owner *o = arg;
    struct visit_head head = {.via = o->spec.kind};
    if (o->closing) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    memcpy(head.id, o->visits.id, sizeof(head.id));
    o->events.visitor(o->events.arg, s, &head);
}

/* Where the relay was reached, if directly. */
static struct addr address_of(const struct owner *o)
{
    struct addr at = {.len = 0};
    enum multiaddr_code transport;
    struct host_peer peer;
    if (o->way == WAY_DIRECT && host_find(o->spec.host, &o->kept.peer, &peer))
        (void)multiaddr_to_addr(peer.addr, &at, &transport);
    return at;
}

static struct proof_spec proof_spec(const struct owner *o)
{
    return (struct proof_spec){.loop = o->spec.loop,
                               .rng = o->spec.rng,
                               .permit = o->spec.permit,
                               .tor = o->spec.tor,
                               .trust_loopback = o->spec.where.loopback,
                               .ca_file = o->spec.ca_file,
                               .others = visits_proofs(o->spec.visits),
                               .relay = address_of(o),
                               .timeout_ms = o->way == WAY_DIRECT ? PROOF_DIRECT_MS : PROOF_TOR_MS};
}

/* The first of the URLs that leads here is the one that is shown. */
static void check(struct owner *o)
{
    const struct check_spec spec = {
        .proof = proof_spec(o), .kind = o->spec.kind, .seal = o->spec.seal, .answer = &o->answer};
    const struct check_events events = {.done = on_checked, .visitor = on_other_visitor, .arg = o};
    struct beam_why why = {.text = ""};
    int err = check_start(&spec, &events, &o->check, &why);
    if (err < 0)
        say_not_here(o, err, &why);
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct owner *o = arg;
    struct proof *other = *visits_proofs(o->spec.visits);
    if (head->via != o->spec.kind) {
        stream_reset(s);
        stream_free(s);
        return;
    }
    if (o->check)
        check_visit(o->check, s);
    else if (other && head->via == VISIT_HEAD_HTTP)
        proof_visit(other, s);
    else
        o->events.visitor(o->events.arg, s, head);
}

/* ---- keeping it up -------------------------------------------------------------------------- */

static void on_watched(void *arg, int err, const struct beam_why *why)
{
    struct owner *o = arg;
    struct beam_why words;
    if (err == 0) {
        o->events.sealed(o->events.arg);
    } else if (err == BEAM_EAUTH) {
        words = *why; /* it goes with the vigil */
        accuse(o, &words);
    } else {
        beam_why(&words, BEAM_EUNREACH, "relay %s: nobody gets to its URL any more: %s",
                 o->spec.where.text, why->text);
        lose(o, BEAM_EUNREACH, &words);
    }
}

/* Without a watch it is not up. False: it is down. */
static bool watch_seal(struct owner *o)
{
    const struct vigil_spec spec = {.proof = proof_spec(o),
                                    .source = o->spec.seal,
                                    .url = o->url,
                                    .every_ms = o->spec.seal_every};
    struct beam_why why;
    if (!o->spec.seal)
        return true;
    int err = vigil_start(&spec, on_watched, o, &o->vigil);
    if (err < 0) {
        beam_why(&why, err, "relay %s: %s", o->spec.where.text, beam_err_text(err));
        lose(o, err, &why);
        return false;
    }
    o->events.sealed(o->events.arg);
    return true;
}

static void on_ping(void *arg, int err, const struct beam_why *why, uint64_t us,
                    const struct host_peer *peer)
{
    struct owner *o = arg;
    struct beam_why words;
    (void)why;
    (void)us;
    (void)peer;
    if (err == 0) {
        loop_timer_set(&o->again, PING_MS);
        return;
    }
    o->ping = NULL;
    beam_why(&words, err, "relay %s: does not answer any more", o->spec.where.text);
    host_disconnect(o->spec.host, &o->kept.peer);
    lose(o, err, &words);
}

static void on_again(void *arg)
{
    struct owner *o = arg;
    ping_again(o->ping);
}

static void watch_health(struct owner *o)
{
    const struct connect_spec spec = {.peer = &o->kept.peer, .origin = PERMIT_TYPED};
    if (ping_start(o->spec.host, &spec, on_ping, o, &o->ping) < 0)
        o->ping = NULL; /* its connection's end is seen all the same */
    set_renewal(o);
}

static void on_renew(void *arg)
{
    struct owner *o = arg;
    ask(o, RESERVATION_RENEW);
}

static void on_notice(void *arg, const struct visit_head *head)
{
    struct owner *o = arg;
    struct beam_why why;
    if (complaint_hear(&o->complaint, o->spec.where.text, head, loop_now(o->spec.loop), &why))
        warn(o, &why);
}

static void on_down(void *arg, const struct peer_id *peer)
{
    struct owner *o = arg;
    struct beam_why why;
    if (o->kept.peer.len == 0 || !peer_id_equal(peer, &o->kept.peer))
        return;
    /* While one is asked or connected to, that tells by itself how it went. */
    if (o->state != OWNER_UP && o->state != OWNER_CHECKING)
        return;
    beam_why(&why, BEAM_ERESET, "relay %s: the connection ended", o->spec.where.text);
    lose(o, BEAM_ERESET, &why);
}

/* ---- states --------------------------------------------------------------------------------- */

static void on_rested(void *arg)
{
    enter(arg, OWNER_ASKING, NULL);
}

/* Whatever a state had under way. */
static void leave(struct owner *o)
{
    loop_timer_clear(&o->rest);
    loop_timer_clear(&o->renew);
    loop_timer_clear(&o->again);
    exchange_cancel(o->exchange);
    o->exchange = NULL;
    solve_stop(&o->solve);
    ping_stop(o->ping);
    o->ping = NULL;
    vigil_free(o->vigil);
    o->vigil = NULL;
}

static void hold_connection(struct owner *o, bool on)
{
    if (o->held == on)
        return;
    if (host_keep(o->spec.host, &o->kept.peer, on) == 0 || !on)
        o->held = on;
}

static void unplug(struct owner *o)
{
    check_free(o->check);
    o->check = NULL;
    visits_remove(&o->visits);
    hold_connection(o, false);
}

static void plug_in(struct owner *o)
{
    o->visits.relay = o->kept.peer;
    memcpy(o->visits.id, o->answer.id, sizeof(o->visits.id));
    visits_add(o->spec.visits, &o->visits);
    hold_connection(o, true);
    check(o);
}

static void enter(struct owner *o, enum owner_state state, const struct beam_why *why)
{
    uint64_t retry_ms = 0;
    leave(o);
    if (state != OWNER_UP)
        unplug(o);
    if (state == OWNER_RESTING) {
        retry_ms = rest_ms(o);
        o->failures++;
        loop_timer_set(&o->rest, retry_ms);
    }
    log_info("relay", "%s: %s%s%s", log_scrub(o->spec.where.text), state_names[state],
             why ? ": " : "", why ? log_scrub(why->text) : "");
    o->state = state;
    o->events.state(o->events.arg, state, why, retry_ms);
    if (state == OWNER_ASKING)
        ask(o, RESERVATION_RESERVE);
    else if (state == OWNER_CHECKING)
        plug_in(o);
    else if (state == OWNER_UP) {
        o->failures = 0;
        o->was_up = true;
        if (watch_seal(o))
            watch_health(o);
    }
}

/* ---- the owner ------------------------------------------------------------------------------ */

int owner_start(const struct owner_spec *spec, const struct owner_events *events,
                struct owner **out, struct beam_why *why)
{
    struct owner *o = calloc(1, sizeof(*o));
    if (!o)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    o->spec = *spec;
    o->spec.name = NULL;
    o->events = *events;
    snprintf(o->name, sizeof(o->name), "%s",
             spec->name && !lease_ports_needed(o->spec.kind) ? spec->name : "");
    o->visits = (struct visits_entry){.visitor = on_visitor, .notice = on_notice, .arg = o};
    o->watch = (struct host_watch){.down = on_down, .arg = o};
    solve_init(&o->solve, spec->loop, host_id(spec->host), on_solved, o);
    loop_timer_init(spec->loop, &o->rest, on_rested, o);
    loop_timer_init(spec->loop, &o->renew, on_renew, o);
    loop_timer_init(spec->loop, &o->again, on_again, o);
    host_watch(spec->host, &o->watch);
    int err = kept_open(&o->kept, spec->dir, host_id(spec->host), &spec->where, spec->keep, why);
    if (err < 0) {
        owner_free(o);
        return err;
    }
    loop_timer_set(&o->rest, 0);
    *out = o;
    return 0;
}

void owner_free(struct owner *o)
{
    if (!o)
        return;
    o->closing = true;
    if (o->spec.farewells && o->kept.has_ticket)
        farewells_say(o->spec.farewells, o->spec.where.text, &o->kept.ticket,
                      o->spec.keep ? RESERVATION_RELEASE : RESERVATION_FORGET);
    leave(o);
    unplug(o);
    host_unwatch(&o->watch);
    kept_close(&o->kept);
    sodium_memzero(o, sizeof(*o));
    free(o);
}

const char *owner_url(const struct owner *o)
{
    return o->url;
}

const char *owner_peer(const struct owner *o)
{
    return o->kept.peer_text;
}
