/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/farewell.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/exchange.h"
#include "relay/where.h"

struct farewell {
    struct farewells *all;
    struct farewell *next, **link;
    struct exchange *exchange;
    char name[WHERE_TEXT_SIZE];
};

struct farewells {
    struct loop *loop;
    struct host *host;
    struct farewell *first;
    void (*done)(void *arg); /* NULL: nobody waits */
    void *arg;
};

static void free_one(struct farewell *one)
{
    *one->link = one->next;
    if (one->next)
        one->next->link = one->link;
    exchange_cancel(one->exchange);
    free(one);
}

/* Whatever the relay answers, there is nothing more to be done about it. */
static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct reservation_answer *answer, const struct peer_id *peer,
                      enum way way)
{
    struct farewell *one = arg;
    struct farewells *f = one->all;
    (void)peer;
    (void)way;
    if (err < 0)
        log_info("relay", "%s: may not know that we left: %s", log_scrub(one->name),
                 log_scrub(why->text));
    else
        log_info("relay", "%s: knows that we left: %s", log_scrub(one->name),
                 reservation_status_text(answer->status));
    one->exchange = NULL;
    free_one(one);
    if (!f->first && f->done) {
        void (*done)(void *arg) = f->done;
        f->done = NULL;
        done(f->arg);
    }
}

int farewells_new(struct loop *l, struct host *h, struct farewells **out)
{
    struct farewells *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->loop = l;
    f->host = h;
    *out = f;
    return 0;
}

void farewells_say(struct farewells *f, const char *name, const struct ticket *t,
                   enum reservation_verb verb)
{
    const struct connect_spec spec = {.peer = &t->relay, .origin = PERMIT_TYPED};
    struct reservation_request r = {.verb = verb, .has_id = true};
    struct host_peer peer;
    struct farewell *one;
    if (!host_find(f->host, &t->relay, &peer) || !(one = calloc(1, sizeof(*one))))
        return;
    one->all = f;
    snprintf(one->name, sizeof(one->name), "%s", name);
    one->link = &f->first;
    one->next = f->first;
    if (one->next)
        one->next->link = &one->next;
    f->first = one;
    memcpy(r.id, t->id, sizeof(r.id));
    memcpy(r.token, t->token, sizeof(r.token));
    if (exchange_start(f->loop, f->host, &spec, one->name, &r, on_answer, one, &one->exchange) < 0)
        free_one(one);
    sodium_memzero(&r, sizeof(r));
}

bool farewells_pending(const struct farewells *f)
{
    return f->first;
}

void farewells_wait(struct farewells *f, void (*done)(void *arg), void *arg)
{
    f->done = done;
    f->arg = arg;
}

void farewells_free(struct farewells *f)
{
    if (!f)
        return;
    while (f->first)
        free_one(f->first);
    free(f);
}
