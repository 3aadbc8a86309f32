/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/checkup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "path/verdict.h"
#include "stream/socks.h"
#include "tor/fetch.h"
#include "tor/onion_key.h"

enum {
    NO_PORT = 1,         /* that no service of ours has */
    REPLY_REFUSED = 5,   /* of the service: it has no such port */
    REPLY_NO_KEY = 0xf4, /* of our tor: the descriptor is there, and is for others */
    REPLY_NO_INTRO = 0xf2,
    REPLY_LATE_INTRO = 0xf7, /* no introduction point would do */
    PATIENCE_MIN = 5000,     /* ms, of one try: as long as between two looks, within these bounds */
    PATIENCE_MAX = 45000,
    FETCHES =
        3, /* in the first try: the way to one directory may fail, which tor keeps to itself */
    TICK = 10 * 1000, /* ms between looks at the clocks */
    HOST_SIZE = 64
};

struct checkup {
    struct checkup_spec spec;
    struct checkup_events events;
    char host[HOST_SIZE];
    struct fetch *fetch; /* one of these two is there during a try */
    unsigned fetches;    /* of this try */
    struct socks_dial *dial;
    struct loop_timer timer, tick;
    uint64_t number; /* of tries: each has circuits of its own */
    uint64_t tried;  /* on loop_now's clock, the last */
    struct verdict verdict;
    struct clock_jump jump;
};

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
    if (!c->dial && !c->fetch)
        loop_timer_set(&c->timer, 0);
}

/* From half of the time to half as much again, lest a guard and a directory tell the watch by its
 * beat. */
static uint64_t rest(const struct checkup *c)
{
    return c->spec.every / 2 + rng_below(c->spec.rng, (uint32_t)c->spec.every + 1);
}

static void well(struct checkup *c)
{
    bool news = verdict_well(&c->verdict);
    loop_timer_set(&c->timer, rest(c));
    tor_vouch(c->spec.tor);
    if (news)
        c->events.changed(c->events.arg, NULL);
}

static void ill(struct checkup *c, bool intro, const char *reason)
{
    struct beam_why why;
    uint64_t wait;
    bool was_down = c->verdict.down;
    bool sure = verdict_ill(&c->verdict, c->tried, intro, c->spec.every, &wait);
    log_debug("path", "checkup %" PRIu64 " failed: %s", c->number, reason);
    loop_timer_set(&c->timer, wait);
    beam_why(&why, BEAM_EUNREACH,
             "the onion service is published, but cannot be reached: %s (it is tried again; when "
             "it lasts, look whether this machine's network lets tor through, and whether too many "
             "visitors come at once)",
             reason);
    if (sure && !was_down)
        c->events.changed(c->events.arg, &why);
    if (!sure && c->verdict.failures < VERDICT_TRIES)
        return;
    /* These ask tor what it knows of it, and so may come before it is sure. */
    c->events.unreached(c->events.arg);
    tor_doubt(c->spec.tor, c->verdict.began);
}

static void on_answer(void *arg, int err, uint8_t reply, struct stream *s)
{
    struct checkup *c = arg;
    bool intro = reply == REPLY_NO_INTRO || reply == REPLY_LATE_INTRO;
    c->dial = NULL;
    stream_free(s);
    log_debug("path", "checkup %" PRIu64 ": reply %#x", c->number, (unsigned)reply);
    if (err == 0 || reply == REPLY_REFUSED || reply == REPLY_NO_KEY)
        well(c);
    else
        ill(c, intro, reply ? socks_reply_text(reply) : beam_err_text(err));
}

/* One that is not ours may have no SOCKS port; then no more is known than that a directory has the
 * descriptor. */
static void visit(struct checkup *c, bool received)
{
    char destination[HOST_SIZE + 32], user[ISOLATION_TEXT_SIZE], password[ISOLATION_TEXT_SIZE];
    if (tor_socks(c->spec.tor)->len == 0) {
        if (received)
            well(c);
        else
            loop_timer_set(&c->timer, c->spec.every);
        return;
    }
    snprintf(destination, sizeof(destination), "%s#%" PRIu64, c->host, c->number);
    isolation_for(c->spec.isolation, "checkup", destination, user, password);
    const struct socks_target target = {
        .host = c->host, .port = NO_PORT, .user = user, .password = password};
    int err = stream_socks(c->spec.loop, c->spec.permit, tor_socks(c->spec.tor), &target,
                           patience(c), on_answer, c, &c->dial);
    if (err < 0)
        ill(c, false, beam_err_text(err));
}

static void on_fetched(void *arg, enum fetch_result result, const char *reason)
{
    struct checkup *c = arg;
    char said[64], text[128];
    c->fetch = NULL;
    loop_timer_clear(&c->timer);
    log_debug("path", "checkup %" PRIu64 ": descriptor %s", c->number,
              result == FETCH_RECEIVED ? "received" : "not received");
    if (result != FETCH_FAILED) {
        visit(c, result == FETCH_RECEIVED);
        return;
    }
    text_escape(reason, strlen(reason), said, sizeof(said));
    snprintf(text, sizeof(text), "a directory that should have its descriptor has not (%s)", said);
    ill(c, false, text);
}

static void fetch(struct checkup *c)
{
    char address[ONION_ADDRESS_SIZE];
    uint64_t ms = patience(c) / FETCHES;
    snprintf(address, sizeof(address), "%.*s", ONION_ADDRESS_LEN, c->host);
    c->fetches++;
    if (fetch_start(tor_fetches(c->spec.tor), address, on_fetched, c, &c->fetch) == 0)
        loop_timer_set(&c->timer, ms > PATIENCE_MIN ? ms : PATIENCE_MIN);
    else
        visit(c, false);
}

static void try_it(struct checkup *c)
{
    c->tried = loop_now(c->spec.loop);
    c->number++;
    c->fetches = 0;
    fetch(c);
}

static void on_timer(void *arg)
{
    struct checkup *c = arg;
    if (!c->fetch) {
        try_it(c);
        return;
    }
    fetch_cancel(c->fetch);
    c->fetch = NULL;
    if (c->fetches < FETCHES && c->verdict.failures == 0)
        fetch(c);
    else
        ill(c, false, "no directory has answered what its descriptor is");
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
    loop_timer_init(spec->loop, &c->timer, on_timer, c);
    loop_timer_init(spec->loop, &c->tick, on_tick, c);
    *out = c;
    return 0;
}

void checkup_run(struct checkup *c, bool published)
{
    fetch_cancel(c->fetch);
    stream_socks_cancel(c->dial);
    c->fetch = NULL;
    c->dial = NULL;
    c->verdict = (struct verdict){0};
    if (!published) {
        loop_timer_clear(&c->timer);
        loop_timer_clear(&c->tick);
        return;
    }
    clock_jump_begin(&c->jump, c->spec.clock);
    loop_timer_set(&c->timer, rest(c));
    loop_timer_set(&c->tick, TICK);
}

void checkup_free(struct checkup *c)
{
    if (!c)
        return;
    checkup_run(c, false);
    free(c);
}
