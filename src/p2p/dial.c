/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/dial.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "p2p/core.h"
#include "p2p/upgrade.h"
#include "stream/socket.h"

struct dial;

/* One target that is under way: a dial, then a handshake. */
struct attempt {
    struct dial *dial;
    const struct dial_target *target; /* NULL: not in use */
    struct stream_dial *direct;
    void *tor, *circuit;
    struct way_limit limit;
    struct upgrade *upgrade;
};

struct dial {
    struct dial_spec spec;
    struct peer_id expect;
    struct dial_target *targets;
    size_t n, next, active;
    struct attempt attempts[DIAL_AT_ONCE];
    struct loop_timer head_start, deadline;
    struct loop_task finish; /* when nothing could even begin */
    struct beam_why worst;
    dial_fn *done;
    void *arg;
};

/* ---- its end -------------------------------------------------------------------------------- */

static void attempt_clear(struct attempt *a)
{
    const struct host *h = a->dial->spec.host;
    if (!a->target)
        return;
    stream_dial_cancel(a->direct);
    if (a->tor)
        h->spec.tor.cancel(h->spec.tor.owner, a->tor);
    if (a->circuit)
        h->circuit.cancel(h->circuit.owner, a->circuit);
    upgrade_cancel(a->upgrade);
    a->dial->active--;
    *a = (struct attempt){.dial = a->dial};
}

static void dial_free(struct dial *d)
{
    for (size_t i = 0; i < DIAL_AT_ONCE; i++)
        attempt_clear(&d->attempts[i]);
    loop_timer_clear(&d->head_start);
    loop_timer_clear(&d->deadline);
    loop_task_cancel(d->spec.host->spec.loop, &d->finish);
    free(d->targets);
    free(d);
}

static void fail(struct dial *d)
{
    struct beam_why why = d->worst;
    dial_fn *done = d->done;
    void *arg = d->arg;
    dial_free(d);
    done(arg, why.code, &why, NULL);
}

/* What says most of several failures: that somebody else is there, or something that is no peer;
 * what was refused, then what did not answer. */
static int weight(int code)
{
    switch (code) {
    case BEAM_EAUTH:
        return 4;
    case BEAM_EPROTO:
        return 3;
    case BEAM_EREFUSED:
    case BEAM_ENOTFOUND:
        return 2;
    default:
        return 1;
    }
}

/* Whether nobody was reached for what is the matter here: this machine reaches nobody, or its tor
 * is not there. */
static bool is_ours(const struct host *h, enum way way)
{
    const struct way_tor *tor = &h->spec.tor;
    bool through_tor = way == WAY_ONION || way == WAY_EXIT;
    return host_peers(h) == 0 || (through_tor && !tor->ready(tor->owner));
}

/* Of its address, when others alone had named it. */
static void note_absent(const struct attempt *a)
{
    struct host *h = a->dial->spec.host;
    if (a->target && a->target->hearsay && !is_ours(h, a->target->target.way))
        hearsay_failed(h->hearsay, &a->target->target, loop_now(h->spec.loop));
}

static void on_deadline(void *arg)
{
    struct dial *d = arg;
    for (size_t i = 0; i < DIAL_AT_ONCE; i++)
        note_absent(&d->attempts[i]);
    if (weight(d->worst.code) < weight(BEAM_EPROTO))
        beam_why(&d->worst, BEAM_ETIMEOUT, "no answer in time");
    fail(d);
}

static void on_finish(void *arg)
{
    fail(arg);
}

static void note(struct dial *d, const struct attempt *a, int err, const char *text)
{
    char addr[MULTIADDR_TEXT_SIZE];
    multiaddr_text(&a->target->addr, addr);
    log_debug("p2p", "%s: %s", log_scrub(addr), log_scrub(text)); /* it may name peers */
    if (d->worst.code == 0 || weight(err) > weight(d->worst.code))
        beam_why(&d->worst, err, "%s: %s", addr, text);
}

/* ---- the race ------------------------------------------------------------------------------- */

static void go_on(struct dial *d);

static void lost(struct attempt *a, int err, const char *text)
{
    struct dial *d = a->dial;
    note(d, a, err, text);
    if (err != BEAM_EAUTH && err != BEAM_ENOMEM) /* another peer is there; it is our fault */
        note_absent(a);
    attempt_clear(a);
    loop_timer_clear(&d->head_start);
    go_on(d);
}

static void on_upgraded(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const struct peer_id *peer)
{
    struct attempt *a = arg;
    struct dial *d = a->dial;
    a->upgrade = NULL;
    if (err < 0) {
        lost(a, err, why->text);
        return;
    }
    struct dial_target target = *a->target;
    if (target.hearsay)
        hearsay_met(d->spec.host->hearsay, &target.target);
    const struct dial_result r = {
        .secured = s, .peer = *peer, .target = &target, .limit = a->limit};
    dial_fn *done = d->done;
    void *done_arg = d->arg;
    dial_free(d);
    done(done_arg, 0, NULL, &r);
}

static void on_stream(struct attempt *a, struct stream *s)
{
    const struct dial_spec *spec = &a->dial->spec;
    const struct host_spec *host = &spec->host->spec;
    const struct upgrade_spec upgrade = {
        .loop = host->loop,
        .rng = host->rng,
        .key = spec->key,
        .expect = spec->expect,
        .initiator = true,
        .timeout_ms = way_patience(a->target->target.way, host->limits.handshake_ms)};
    int err = upgrade_start(s, &upgrade, on_upgraded, a, &a->upgrade);
    if (err < 0)
        lost(a, err, beam_err_text(err));
}

static void on_direct(void *arg, int err, struct stream *s)
{
    struct attempt *a = arg;
    a->direct = NULL;
    if (err < 0)
        lost(a, err, beam_err_text(err));
    else
        on_stream(a, s);
}

static void on_circuit(void *arg, int err, const struct beam_why *why, struct stream *s,
                       const struct way_limit *limit)
{
    struct attempt *a = arg;
    a->circuit = NULL;
    if (err < 0) {
        lost(a, err, why ? why->text : beam_err_text(err));
        return;
    }
    a->limit = *limit;
    on_stream(a, s);
}

static void on_tor(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct attempt *a = arg;
    a->tor = NULL;
    if (err < 0)
        lost(a, err, why ? why->text : beam_err_text(err));
    else
        on_stream(a, s);
}

/* Whether it may be dialled for what others say. */
static int heed(const struct attempt *a)
{
    struct host *h = a->dial->spec.host;
    return a->target->hearsay ? hearsay_dial(h->hearsay, &a->target->target, loop_now(h->spec.loop))
                              : 0;
}

static int begin(struct attempt *a)
{
    const struct dial_spec *spec = &a->dial->spec;
    const struct way_target *t = &a->target->target;
    const struct host *h = spec->host;
    const struct way_tor *tor = &h->spec.tor;
    const struct way_circuit *circuit = &h->circuit;
    if (t->way == WAY_DIRECT)
        return stream_dial(h->spec.loop, h->spec.permit, &t->at, t->origin, spec->timeout_ms,
                           on_direct, a, &a->direct);
    if (t->way != WAY_CIRCUIT)
        return tor->dial(tor->owner, t->host, t->port, spec->timeout_ms, on_tor, a, &a->tor);
    struct way_hop hop;
    int err = circuit->dial ? way_hop(&a->target->addr, &hop) : BEAM_ECLOSED;
    return err < 0 ? err
                   : circuit->dial(circuit->owner, &hop, spec->expect, t->origin, spec->timeout_ms,
                                   on_circuit, a, &a->circuit);
}

static struct attempt *free_attempt(struct dial *d)
{
    for (size_t i = 0; i < DIAL_AT_ONCE; i++)
        if (!d->attempts[i].target)
            return &d->attempts[i];
    return NULL;
}

/* Begins with the next that can be begun with. */
static void go_on(struct dial *d)
{
    while (d->next < d->n) {
        struct attempt *a = free_attempt(d);
        if (!a)
            return; /* when one has failed */
        a->target = &d->targets[d->next++];
        d->active++;
        int err = heed(a);
        const char *words = err < 0 ? "only others name it, and it was dialled not long ago" : NULL;
        if (err == 0)
            err = begin(a);
        if (err == 0) {
            if (d->next < d->n)
                loop_timer_set(&d->head_start, DIAL_HEAD_START_MS);
            return;
        }
        note(d, a, err, words ? words : beam_err_text(err));
        attempt_clear(a);
    }
    if (d->active == 0)
        loop_post(d->spec.host->spec.loop, &d->finish);
}

static void on_head_start(void *arg)
{
    go_on(arg);
}

static void sort(struct dial_target *t, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct dial_target moved = t[i];
        size_t at = i;
        for (; at > 0 && way_compare(&moved.target, &t[at - 1].target) < 0; at--)
            t[at] = t[at - 1];
        t[at] = moved;
    }
}

int dial_start(const struct dial_spec *spec, const struct dial_target *targets, size_t n,
               dial_fn *done, void *arg, struct dial **out)
{
    struct dial *d = calloc(1, sizeof(*d));
    if (!d)
        return BEAM_ENOMEM;
    *d = (struct dial){.spec = *spec, .n = n, .done = done, .arg = arg};
    loop_timer_init(spec->host->spec.loop, &d->head_start, on_head_start, d);
    loop_timer_init(spec->host->spec.loop, &d->deadline, on_deadline, d);
    loop_task_init(&d->finish, on_finish, d);
    for (size_t i = 0; i < DIAL_AT_ONCE; i++)
        d->attempts[i].dial = d;
    d->targets = malloc(n * sizeof(*targets));
    if (!d->targets) {
        dial_free(d);
        return BEAM_ENOMEM;
    }
    memcpy(d->targets, targets, n * sizeof(*targets));
    sort(d->targets, n);
    if (spec->expect) {
        d->expect = *spec->expect;
        d->spec.expect = &d->expect;
    }
    loop_timer_set(&d->deadline, spec->timeout_ms);
    go_on(d);
    *out = d;
    return 0;
}

bool dial_covers(const struct dial *d, const struct multiaddr *addr)
{
    for (size_t i = 0; i < d->n; i++)
        if (multiaddr_equal(&d->targets[i].addr, addr))
            return true;
    return false;
}

void dial_cancel(struct dial *d)
{
    if (d)
        dial_free(d);
}
