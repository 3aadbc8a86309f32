/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "p2p/autonat2_ask.h"
#include "p2p/autonat2_message.h"
#include "p2p/core.h"
#include "p2p/open.h"
#include "stream/frame.h"

enum {
    BREATH_MS = 200,           /* between two questions while the state is not known */
    PAUSE_MS = 30 * 1000,      /* until somebody new may be there to be asked */
    KNOWN_MS = 15 * 60 * 1000, /* between two questions once the state is known */
    ANSWER_MS = 45 * 1000,
    OWN_MAX = AUTONAT2_ASK_ADDRS /* addresses of one question */
};

static const char *const answers[] = {
    [AUTONAT_REACHED] = "reached", [AUTONAT_FAILED] = "not reached", [AUTONAT_SILENT] = "nothing"};

struct autonat {
    struct autonat_spec spec;
    struct host_watch watch;
    struct autonat_votes votes;
    enum autonat_state state;
    struct multiaddr announced; /* empty: none */
    struct loop_timer next;
    /* The question that is open: of the first version of the protocol, or the second. */
    struct autonat2_ask *second;
    struct open *open;
    struct frame *frame;
    struct loop_task end;
    struct autonat_vote vote; /* what comes of it */
    size_t n;
    struct multiaddr own[OWN_MAX];
};

/* ---- what is known -------------------------------------------------------------------------- */

static bool is_place(const struct autonat *a, const struct multiaddr *addr)
{
    const struct multiaddr *at;
    for (size_t i = 0; (at = host_addr(a->spec.host, i)); i++)
        if (multiaddr_equal(at, addr))
            return true;
    return false;
}

static void announce(struct autonat *a, const struct multiaddr *addr)
{
    if (multiaddr_equal(&a->announced, addr))
        return;
    if (a->announced.len > 0)
        (void)host_announce(a->spec.host, &a->announced, false);
    a->announced.len = 0;
    if (addr->len > 0 && host_announce(a->spec.host, addr, true) == 0)
        a->announced = *addr;
}

static void judge(struct autonat *a)
{
    struct multiaddr at = {.len = 0};
    enum autonat_state state = autonat_votes_verdict(&a->votes, loop_now(a->spec.loop), &at);
    if (is_place(a, &at) && !multiaddr_equal(&a->announced, &at))
        at.len = 0; /* it listens there, which needs no saying */
    announce(a, &at);
    if (state == a->state)
        return;
    log_info("p2p", "whether this node is reached from elsewhere: %s", autonat_state_name(state));
    a->state = state;
    if (a->spec.changed)
        a->spec.changed(a->spec.arg, state);
}

/* ---- a question ----------------------------------------------------------------------------- */

static void on_end(void *arg)
{
    struct autonat *a = arg;
    open_cancel(a->open);
    frame_free(a->frame);
    a->open = NULL;
    a->frame = NULL;
    log_debug("p2p", "autonat: who was asked says: %s", answers[a->vote.answer]);
    a->vote.at = loop_now(a->spec.loop);
    autonat_votes_add(&a->votes, &a->vote);
    judge(a);
    loop_timer_set(&a->next, a->state == AUTONAT_UNKNOWN ? BREATH_MS : KNOWN_MS);
}

static void end(struct autonat *a)
{
    loop_post(a->spec.loop, &a->end);
}

/* What was reached is one of those that were asked for; who names none means the first. */
static void on_message(void *arg, const uint8_t *data, size_t len)
{
    struct autonat *a = arg;
    struct autonat_message m;
    struct multiaddr at;
    if (autonat_message_read(data, len, &m) == 0 && m.type == AUTONAT_DIAL_RESPONSE &&
        (m.status == AUTONAT_OK || m.status == AUTONAT_DIAL_ERROR)) {
        a->vote.answer = m.status == AUTONAT_OK ? AUTONAT_REACHED : AUTONAT_FAILED;
        a->vote.addr = a->own[0];
        if (m.addr.at && multiaddr_decode(m.addr.at, m.addr.len, &at, NULL) == 0) {
            multiaddr_without_peer(&at, &at);
            for (size_t i = 0; i < a->n; i++)
                if (multiaddr_equal(&a->own[i], &at))
                    a->vote.addr = at;
        }
    }
    end(a);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    end(arg);
}

static int send_question(struct autonat *a)
{
    const struct peer_id *self = host_id(a->spec.host);
    struct autonat_message m = {.type = AUTONAT_DIAL, .peer = {self->bytes, self->len}};
    uint8_t bytes[AUTONAT_MESSAGE_MAX];
    size_t len;
    for (size_t i = 0; i < a->n; i++)
        m.addrs[m.n++] = (struct autonat_view){a->own[i].bytes, a->own[i].len};
    int err = autonat_message_write(&m, bytes, &len);
    return err < 0 ? err : frame_send(a->frame, bytes, len);
}

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct autonat *a = arg;
    const struct frame_events events = {.message = on_message, .ended = on_ended, .arg = a};
    (void)why;
    (void)protocol;
    (void)peer;
    a->open = NULL;
    if (err == 0)
        err = frame_new(a->spec.loop, s, AUTONAT_MESSAGE_MAX, &events, &a->frame);
    if (err == 0)
        err = send_question(a);
    if (err < 0)
        end(a);
    else
        frame_read(a->frame, ANSWER_MS);
}

static void on_answer(void *arg, enum autonat_answer answer, const struct multiaddr *at)
{
    struct autonat *a = arg;
    a->vote.answer = answer;
    if (at)
        a->vote.addr = *at;
    end(a);
}

/* By the second version where the peer speaks it: there, what it says is proved. */
static int ask(struct autonat *a, const struct peer_id *peer)
{
    static const char *const protocols[] = {AUTONAT_PROTOCOL};
    const struct connect_spec to = {.peer = peer, .origin = PERMIT_LEARNED};
    if (host_speaks(a->spec.host, peer, AUTONAT2_REQUEST_PROTOCOL))
        return autonat2_ask_start(a->second, peer, a->own, a->n, on_answer, a);
    return open_start(a->spec.host, &to, protocols, 1, on_open, a, &a->open);
}

/* ---- whom to ask ---------------------------------------------------------------------------- */

static void set_port(struct addr *a, uint16_t port)
{
    if (a->ss.ss_family == AF_INET)
        ((struct sockaddr_in *)&a->ss)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&a->ss)->sin6_port = htons(port);
}

/* Where a peer that sees us at `seen` could reach a listener of ours: there, at its port. One that
 * says by itself where others reach it is asked about as it is, or not at all: such a peer dials no
 * other address than the one it sees. */
static bool own_address(const struct host *h, const struct multiaddr *at, const struct addr *seen,
                        struct multiaddr *out)
{
    struct addr listens, here = *seen;
    enum multiaddr_code transport;
    if (multiaddr_has(at, MULTIADDR_P2P_CIRCUIT) ||
        multiaddr_to_addr(at, &listens, &transport) < 0 || transport != MULTIADDR_TCP ||
        listens.ss.ss_family != seen->ss.ss_family)
        return false;
    set_port(&here, addr_port(&listens));
    return multiaddr_from_addr(&here, MULTIADDR_TCP, out) == 0 && core_may_learn(h, out) &&
           (multiaddr_equal(out, at) || !core_may_learn(h, at));
}

static size_t own_addresses(struct autonat *a, const struct addr *seen)
{
    const struct multiaddr *at;
    a->n = 0;
    for (size_t i = 0; a->n < OWN_MAX && (at = host_addr(a->spec.host, i)); i++) {
        struct multiaddr *own = &a->own[a->n];
        size_t same = 0;
        if (!own_address(a->spec.host, at, seen, own))
            continue;
        while (!multiaddr_equal(&a->own[same], own))
            same++;
        a->n += same == a->n;
    }
    return a->n;
}

/* One that we chose ourselves, who is reached without anybody between, and was not asked lately. */
static bool may_ask(struct autonat *a, const struct host_peer *peer, uint64_t *network)
{
    const struct peer *known = pool_peer(&a->spec.host->pool, peer->id);
    struct addr at;
    enum multiaddr_code transport;
    if (peer->inbound || peer->way != WAY_DIRECT || !known || known->observed.len == 0 ||
        multiaddr_to_addr(peer->addr, &at, &transport) < 0 ||
        (!host_speaks(a->spec.host, peer->id, AUTONAT_PROTOCOL) &&
         !host_speaks(a->spec.host, peer->id, AUTONAT2_REQUEST_PROTOCOL)))
        return false;
    *network = autonat_network(&at);
    return !autonat_votes_asked(&a->votes, *network, loop_now(a->spec.loop)) &&
           own_addresses(a, &known->observed) > 0;
}

static bool is_busy(const struct autonat *a)
{
    return a->open || a->frame || a->end.link || autonat2_ask_busy(a->second);
}

static void on_next(void *arg)
{
    struct autonat *a = arg;
    struct host_peer peer;
    uint64_t network;
    const struct conn *at = NULL;
    judge(a); /* votes grow old */
    while (host_next(a->spec.host, &at, &peer)) {
        if (!may_ask(a, &peer, &network))
            continue;
        a->vote = (struct autonat_vote){.network = network, .answer = AUTONAT_SILENT};
        if (ask(a, peer.id) < 0)
            end(a);
        return;
    }
    loop_timer_set(&a->next, PAUSE_MS);
}

/* Whoever is new may be asked, when it is not known yet; of those who came by themselves, of whom a
 * relay has thousands, there is nothing to look at. */
static void on_identified(void *arg, const struct host_peer *peer)
{
    struct autonat *a = arg;
    if (a->state == AUTONAT_UNKNOWN && !peer->inbound && !is_busy(a))
        loop_timer_set(&a->next, 0);
}

/* ---- the whole ------------------------------------------------------------------------------ */

int autonat_new(const struct autonat_spec *spec, struct autonat **out)
{
    struct autonat *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->spec = *spec;
    int err = autonat2_ask_new(spec->loop, spec->host, &a->second);
    if (err < 0) {
        free(a);
        return err;
    }
    loop_timer_init(spec->loop, &a->next, on_next, a);
    loop_task_init(&a->end, on_end, a);
    a->watch = (struct host_watch){.identified = on_identified, .arg = a};
    host_watch(spec->host, &a->watch);
    *out = a;
    return 0;
}

void autonat_free(struct autonat *a)
{
    if (!a)
        return;
    host_unwatch(&a->watch);
    loop_timer_clear(&a->next);
    loop_task_cancel(a->spec.loop, &a->end);
    autonat2_ask_free(a->second);
    open_cancel(a->open);
    frame_free(a->frame);
    free(a);
}

enum autonat_state autonat_state(const struct autonat *a)
{
    return a->state;
}
