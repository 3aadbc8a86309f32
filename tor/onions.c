/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onions.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "tor/hs_desc.h"

/* ADD_ONIONs without an answer yet. A few keep tor busy; more would only delay
 * whatever else is asked of it. */
enum { WINDOW = 8 };

TAILQ_HEAD(onion_queue, onion);

struct onions {
    struct loop *loop;
    struct onions_hooks hooks;
    struct map *by_address;
    struct onion_queue queue;
    struct control *control;      /* NULL: none */
    struct onion *adding[WINDOW]; /* in order of asking; NULL: withdrawn meanwhile */
    size_t first, count;
};

int onions_new(struct loop *l, const struct onions_hooks *hooks, struct onions **out)
{
    struct onions *all = calloc(1, sizeof(*all));
    if (!all || map_new(rng_system(), ONIONS_MAX, &all->by_address) < 0) {
        free(all);
        return BEAM_ENOMEM;
    }
    all->loop = l;
    all->hooks = *hooks;
    TAILQ_INIT(&all->queue);
    *out = all;
    return 0;
}

void onions_free(struct onions *all)
{
    if (!all)
        return;
    map_free(all->by_address);
    free(all);
}

static void enqueue(struct onions *all, struct onion *o)
{
    if (o->queued)
        return;
    o->queued = true;
    TAILQ_INSERT_TAIL(&all->queue, o, link);
}

static void dequeue(struct onions *all, struct onion *o)
{
    if (!o->queued)
        return;
    o->queued = false;
    TAILQ_REMOVE(&all->queue, o, link);
}

static void ignore(void *arg, const struct control_reply *r)
{
    (void)arg;
    (void)r;
}

/* Takes `address` from tor; what tor answers does not matter. */
static void delete (struct onions *all, const char *address)
{
    if (control_send(all->control, ignore, NULL, "DEL_ONION %s", address) < 0)
        all->hooks.broken(all->hooks.arg);
}

static void pump(struct onions *all);

/* What tor made of an ADD_ONION of o. */
static void added(struct onions *all, struct onion *o, const struct control_reply *r)
{
    static const char collision[] = "Onion address collision";
    const char *address = onion_key_address(o->spec.key);
    struct beam_why why;
    char said[200];
    if (r->code == 250 && control_value(r->lines[0].text, "ServiceID", said, sizeof(said)) == 0) {
        if (strcmp(said, address) == 0) {
            onion_event(o, ONION_EV_ADDED, NULL, 0);
            return;
        }
        beam_why(&why, BEAM_EPROTO, "tor published another address than that of our key");
        if (onion_address_check(said) == 0)
            delete (all, said);
    } else if (r->code == 550 && control_after(r->lines[0].text, collision)) {
        /* Left from before on this very tor: make room and ask again. */
        delete (all, address);
        enqueue(all, o);
        return;
    } else {
        text_escape(r->lines[0].text, r->lines[0].text_len, said, sizeof(said));
        beam_why(&why, BEAM_EPROTO, "tor refuses the onion service: %u %s", r->code, said);
    }
    onion_event(o, ONION_EV_REFUSED, &why, 0);
}

static void on_added(void *arg, const struct control_reply *r)
{
    struct onions *all = arg;
    struct onion *o = all->adding[all->first];
    all->first = (all->first + 1) % WINDOW;
    all->count--;
    if (o)
        added(all, o, r);
    pump(all);
}

/* Asks tor for o. 0 or the error of control_send. */
static int add(struct onions *all, struct onion *o)
{
    char *blob = onion_key_blob(o->spec.key);
    if (!blob)
        return BEAM_ENOMEM;
    int err =
        control_send(all->control, on_added, all, "ADD_ONION %s Flags=DiscardPK Port=%u,unix:%s",
                     blob, (unsigned)o->spec.port, o->spec.socket);
    sodium_free(blob);
    if (err == 0) {
        o->asked = true;
        all->adding[(all->first + all->count++) % WINDOW] = o;
    }
    return err;
}

static void pump(struct onions *all)
{
    while (all->control && all->count < WINDOW && !TAILQ_EMPTY(&all->queue)) {
        struct onion *o = TAILQ_FIRST(&all->queue);
        dequeue(all, o);
        int err = add(all, o);
        if (err == 0)
            continue;
        struct beam_why why;
        beam_why(&why, err, "the onion service could not be asked for: %s", beam_err_text(err));
        onion_event(o, ONION_EV_REFUSED, &why, 0);
    }
}

int onions_put(struct onions *all, struct onion *o)
{
    const char *address = onion_key_address(o->spec.key);
    int err = map_put(all->by_address, address, ONION_ADDRESS_LEN, o);
    if (err < 0)
        return err;
    enqueue(all, o);
    pump(all);
    return 0;
}

void onions_take(struct onions *all, struct onion *o)
{
    const char *address = onion_key_address(o->spec.key);
    map_take(all->by_address, address, ONION_ADDRESS_LEN);
    dequeue(all, o);
    for (size_t i = 0; i < WINDOW; i++)
        if (all->adding[i] == o)
            all->adding[i] = NULL;
    if (all->control && o->asked)
        delete (all, address);
}

void onions_up(struct onions *all, struct control *control)
{
    all->control = control;
    pump(all);
}

void onions_detach(struct onions *all)
{
    struct onion *o;
    all->control = NULL;
    all->first = all->count = 0;
    memset(all->adding, 0, sizeof(all->adding));
    for (size_t at = 0; (o = map_next(all->by_address, &at));) {
        o->asked = false;
        enqueue(all, o);
    }
}

static void each(struct onions *all, enum onion_ev ev, const struct beam_why *why,
                 uint64_t retry_ms)
{
    struct onion *o;
    for (size_t at = 0; (o = map_next(all->by_address, &at));)
        onion_event(o, ev, why, retry_ms);
}

void onions_down(struct onions *all, const struct beam_why *why, uint64_t retry_ms)
{
    each(all, ONION_EV_DOWN, why, retry_ms);
}

void onions_fail(struct onions *all, const struct beam_why *why)
{
    each(all, ONION_EV_NO_TOR, why, 0);
}

void onions_event(struct onions *all, const char *text)
{
    struct hs_desc d;
    if (hs_desc_parse(text, &d) < 0)
        return;
    struct onion *o = map_get(all->by_address, d.address, ONION_ADDRESS_LEN);
    if (!o)
        return;
    if (d.action == HS_DESC_UPLOADED)
        onion_event(o, ONION_EV_UPLOADED, NULL, 0);
    else if (d.action != HS_DESC_OTHER)
        onion_upload(o, d.action == HS_DESC_FAILED, d.reason);
}
