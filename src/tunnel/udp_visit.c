/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/udp_visit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/egress.h"
#include "stream/datagrams.h"

enum { PER_TURN = 64 }; /* datagrams of the target's; then others have their turn */

struct udp_visit {
    struct visit_spec spec;
    struct visit_events events;
    struct datagrams *visitor;
    int at; /* the target's address that is tried, or answers */
    int fd;
    struct loop_watch watch;
    struct loop_timer idle;
    uint64_t began, last;
    uint64_t in, out, dropped;
    bool answered;
};

static uint64_t now(const struct udp_visit *v)
{
    return v->spec.clock->monotonic_ms(v->spec.clock->arg);
}

static void hang_up(struct udp_visit *v)
{
    loop_watch_stop(&v->watch);
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

static void destroy(struct udp_visit *v)
{
    hang_up(v);
    loop_timer_clear(&v->idle);
    datagrams_free(v->visitor);
    free(v);
}

static void finish(struct udp_visit *v)
{
    const struct tap_record r = {
        .method = "", .target = "", .ms = now(v) - v->began, .in = v->in, .out = v->out};
    if (v->dropped > 0)
        log_debug("tunnel", "%llu datagrams were dropped", (unsigned long long)v->dropped);
    v->events.record(v->events.arg, &r);
    v->events.done(v->events.arg);
    destroy(v);
}

/* ---- the target ----------------------------------------------------------------------------- */

static void on_readable(void *arg, unsigned ready);

static int open_socket(struct udp_visit *v)
{
    const struct addr *to = &v->spec.target->addr[v->at];
    int err = egress_datagrams(v->spec.permit, to, PERMIT_TYPED, &v->fd);
    if (err == 0)
        err = loop_watch_start(v->spec.loop, &v->watch, v->fd, LOOP_READ, on_readable, v);
    if (err < 0)
        hang_up(v);
    return err;
}

/* Nobody takes datagrams there: the next address is tried, by the next of them. */
static void refused(struct udp_visit *v, int err)
{
    hang_up(v);
    v->at = (v->at + 1) % v->spec.target->addr_count;
    if (v->at == 0)
        v->events.dialled(v->events.arg, err);
}

static void on_readable(void *arg, unsigned ready)
{
    struct udp_visit *v = arg;
    uint8_t data[DATAGRAM_MAX];
    (void)ready;
    for (int i = 0; i < PER_TURN; i++) {
        ssize_t n = read(v->fd, data, sizeof(data));
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            refused(v, beam_err_errno(errno));
            return;
        }
        if (!v->answered)
            v->events.dialled(v->events.arg, 0);
        v->answered = true;
        v->last = now(v);
        if (datagrams_send(v->visitor, data, (size_t)n) < 0)
            v->dropped++;
        else
            v->out += (uint64_t)n;
    }
}

/* ---- the visitor ---------------------------------------------------------------------------- */

static void on_datagram(void *arg, const uint8_t *data, size_t len)
{
    struct udp_visit *v = arg;
    v->last = now(v);
    if (v->fd < 0 && open_socket(v) < 0) {
        v->dropped++;
        return;
    }
    ssize_t n = write(v->fd, data, len);
    if (n >= 0)
        v->in += (uint64_t)n;
    else
        v->dropped++;
    if (n < 0 && errno == ECONNREFUSED)
        refused(v, BEAM_EREFUSED);
}

static void on_ended(void *arg, int err)
{
    (void)err;
    finish(arg);
}

static void on_idle(void *arg)
{
    struct udp_visit *v = arg;
    uint64_t rested = now(v) - v->last;
    if (rested >= v->spec.patience)
        finish(v);
    else
        loop_timer_set(&v->idle, v->spec.patience - rested);
}

int udp_visit_new(const struct visit_spec *spec, const struct visit_events *events,
                  struct stream *visitor, struct udp_visit **out)
{
    struct udp_visit *v = calloc(1, sizeof(*v));
    if (!v) {
        stream_reset(visitor);
        stream_free(visitor);
        return BEAM_ENOMEM;
    }
    const struct datagrams_events from_visitor = {
        .datagram = on_datagram, .ended = on_ended, .arg = v};
    *v = (struct udp_visit){.spec = *spec, .events = *events, .fd = -1};
    if (!v->spec.patience)
        v->spec.patience = UDP_VISIT_IDLE_MS;
    v->began = v->last = now(v);
    loop_timer_init(spec->loop, &v->idle, on_idle, v);
    int err = datagrams_new(spec->loop, visitor, &from_visitor, &v->visitor);
    if (err < 0) {
        free(v);
        return err;
    }
    loop_timer_set(&v->idle, v->spec.patience);
    *out = v;
    return 0;
}

void udp_visit_bytes(const struct udp_visit *v, uint64_t *in, uint64_t *out)
{
    *in = v->in;
    *out = v->out;
}

void udp_visit_free(struct udp_visit *v)
{
    if (v)
        destroy(v);
}
