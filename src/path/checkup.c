/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/checkup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "stream/socks.h"

enum {
    NO_PORT = 1,         /* that no service of ours has */
    REPLY_REFUSED = 5,   /* of the service: it has no such port */
    REPLY_NO_KEY = 0xf4, /* of our tor: the descriptor is there, and is for others */
    PATIENCE_MIN = 5000, /* ms, of one try: as long as between two looks, within these bounds */
    PATIENCE_MAX = 45000,
    AGAIN = 2000,     /* ms, after a try that failed */
    TRIES = 3,        /* before it is said */
    TICK = 10 * 1000, /* ms between looks at the clocks */
    HOST_SIZE = 64
};

struct checkup {
    struct checkup_spec spec;
    struct checkup_events events;
    char host[HOST_SIZE];
    struct socks_dial *dial;
    struct loop_timer timer, tick;
    uint64_t number;   /* of tries: each has circuits of its own */
    unsigned failures; /* in a row */
    uint64_t tried;    /* on loop_now's clock, the last */
    uint64_t began;    /* the try that was the first to fail of these */
    bool down;         /* and it was said */
    struct clock_jump jump;
};

static void try_it(void *arg);

static uint64_t patience(const struct checkup *c)
{
    if (c->spec.every < PATIENCE_MIN)
        return PATIENCE_MIN;
    return c->spec.every < PATIENCE_MAX ? c->spec.every : PATIENCE_MAX;
}

static void on_tick(void *arg)
{
    struct checkup *c = arg;
    int64_t jump = clock_jump_look(&c->jump, c->spec.clock);
    loop_timer_set(&c->tick, TICK);
    if (jump == 0)
        return;
    log_info("path", "the clock has jumped by %" PRId64 " s", jump / 1000);
    if (!c->dial)
        loop_timer_set(&c->timer, 0);
}

static void well(struct checkup *c)
{
    bool was_down = c->down;
    c->failures = 0;
    c->down = false;
    loop_timer_set(&c->timer, c->spec.every);
    tor_vouch(c->spec.tor);
    if (was_down)
        c->events.changed(c->events.arg, NULL);
}

static void ill(struct checkup *c, const char *reason)
{
    struct beam_why why;
    if (c->failures == 0)
        c->began = c->tried;
    if (++c->failures < TRIES) {
        loop_timer_set(&c->timer, AGAIN);
        return;
    }
    bool was_down = c->down;
    beam_why(&why, BEAM_EUNREACH,
             "the onion service is published, but cannot be reached: %s (it is tried again; when "
             "it lasts, look whether this machine's network lets tor through, and whether too many "
             "visitors come at once)",
             reason);
    c->failures = 0;
    c->down = true;
    loop_timer_set(&c->timer, c->spec.every);
    if (!was_down)
        c->events.changed(c->events.arg, &why);
    c->events.unreached(c->events.arg);
    tor_doubt(c->spec.tor, c->began);
}

static void on_answer(void *arg, int err, uint8_t reply, struct stream *s)
{
    struct checkup *c = arg;
    c->dial = NULL;
    stream_free(s);
    log_debug("path", "checkup %" PRIu64 ": reply %#x", c->number, (unsigned)reply);
    if (err == 0 || reply == REPLY_REFUSED || reply == REPLY_NO_KEY)
        well(c);
    else
        ill(c, reply ? socks_reply_text(reply) : beam_err_text(err));
}

static void try_it(void *arg)
{
    struct checkup *c = arg;
    char destination[HOST_SIZE + 32], user[ISOLATION_TEXT_SIZE], password[ISOLATION_TEXT_SIZE];
    c->tried = loop_now(c->spec.loop);
    if (tor_socks(c->spec.tor)->len == 0) { /* one that is not ours may have no such port */
        loop_timer_set(&c->timer, c->spec.every);
        return;
    }
    snprintf(destination, sizeof(destination), "%s#%" PRIu64, c->host, ++c->number);
    isolation_for(c->spec.isolation, "checkup", destination, user, password);
    const struct socks_target target = {
        .host = c->host, .port = NO_PORT, .user = user, .password = password};
    int err = stream_socks(c->spec.loop, c->spec.permit, tor_socks(c->spec.tor), &target,
                           patience(c), on_answer, c, &c->dial);
    if (err < 0)
        ill(c, beam_err_text(err));
}

int checkup_new(const struct checkup_spec *spec, const struct checkup_events *events,
                struct checkup **out)
{
    struct checkup *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    c->spec = *spec;
    c->events = *events;
    snprintf(c->host, sizeof(c->host), "%s", spec->host);
    loop_timer_init(spec->loop, &c->timer, try_it, c);
    loop_timer_init(spec->loop, &c->tick, on_tick, c);
    *out = c;
    return 0;
}

void checkup_run(struct checkup *c, bool published)
{
    stream_socks_cancel(c->dial);
    c->dial = NULL;
    c->failures = 0;
    c->down = false;
    if (!published) {
        loop_timer_clear(&c->timer);
        loop_timer_clear(&c->tick);
        return;
    }
    clock_jump_begin(&c->jump, c->spec.clock);
    loop_timer_set(&c->timer, c->spec.every);
    loop_timer_set(&c->tick, TICK);
}

void checkup_free(struct checkup *c)
{
    if (!c)
        return;
    checkup_run(c, false);
    free(c);
}
