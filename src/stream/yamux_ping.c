/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "stream/yamux_parts.h"

enum {
    PINGS_MAX = 16,              /* under way */
    PROBE_US = 10 * 1000 * 1000, /* a round trip that is older is asked for again */
    OLD_PARTS = 7                /* of 8, of what is known of the round trip */
};

struct yamux_ping {
    TAILQ_ENTRY(yamux_ping) next;
    yamux_ping_fn *fn; /* NULL: ours */
    void *arg;
    uint32_t value;
    uint64_t sent_us;
    uint64_t took_us;
};

int yamux_ping(struct yamux *y, yamux_ping_fn *fn, void *arg)
{
    if (y->failed)
        return BEAM_ECLOSED;
    if (y->ping_count >= PINGS_MAX)
        return BEAM_ELIMIT;
    struct yamux_ping *p = malloc(sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = (struct yamux_ping){
        .fn = fn, .arg = arg, .value = ++y->ping_value, .sent_us = loop_now_us(y->loop)};
    TAILQ_INSERT_TAIL(&y->pings, p, next);
    y->ping_count++;
    yamux_send_control(y, YAMUX_PING, YAMUX_SYN, 0, p->value);
    return 0;
}

/* What stands in queues is no part of the way there and back: a shorter one is nearer the truth. */
static uint64_t smoothed(uint64_t old, uint64_t took)
{
    if (took == 0)
        took = 1;
    return old == 0 || took < old ? took : (old * OLD_PARTS + took) / (OLD_PARTS + 1);
}

void yamux_ping_answered(struct yamux *y, uint32_t value)
{
    struct yamux_ping *p;
    TAILQ_FOREACH(p, &y->pings, next)
    {
        if (p->value == value)
            break;
    }
    if (!p)
        return; /* an answer to nothing harms nobody */
    p->took_us = loop_now_us(y->loop) - p->sent_us;
    y->rtt_us = smoothed(y->rtt_us, p->took_us);
    TAILQ_REMOVE(&y->pings, p, next);
    TAILQ_INSERT_TAIL(&y->pongs, p, next);
    yamux_tell(y);
}

void yamux_ping_probe(struct yamux *y)
{
    uint64_t now = loop_now_us(y->loop);
    if (y->probed_us && now - y->probed_us < PROBE_US)
        return;
    if (yamux_ping(y, NULL, NULL) == 0)
        y->probed_us = now;
}

bool yamux_ping_tell(struct yamux *y)
{
    struct yamux_ping *p = TAILQ_FIRST(&y->pongs);
    int err = 0;
    if (p) {
        TAILQ_REMOVE(&y->pongs, p, next);
    } else if (y->failed && (p = TAILQ_FIRST(&y->pings))) {
        TAILQ_REMOVE(&y->pings, p, next);
        err = y->failed;
    } else {
        return false;
    }
    struct yamux_ping told = *p;
    free(p);
    y->ping_count--;
    if (told.fn)
        told.fn(told.arg, err, told.took_us);
    return true;
}

static void drop(struct yamux_pings *list)
{
    struct yamux_ping *p;
    while ((p = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, p, next);
        free(p);
    }
}

void yamux_ping_drop(struct yamux *y)
{
    drop(&y->pings);
    drop(&y->pongs);
}
