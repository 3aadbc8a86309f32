/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onions.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/map.h"
#include "base/text.h"
#include "tor/add_onion.h"
#include "tor/circuit_line.h"
#include "tor/evict.h"
#include "tor/service_dir.h"

enum {
    WINDOW = 8,       /* services under way */
    PATIENCE = 15000, /* ms; one that is not up by then stands in nobody's way any more */
    COLLISIONS = 3    /* times in a row that room is made for one on this connection */
};

TAILQ_HEAD(onion_queue, onion);

struct onions {
    struct loop *loop;
    struct onions_hooks hooks;
    uint64_t late; /* onions_patience */
    struct map *by_address;
    struct onion_queue queue, under_way; /* in order of coming */
    size_t under_way_count;
    /* Later, so that those taken away together make no room for each other. */
    struct loop_task pump;
    struct loop_timer patience;   /* with the first under way */
    struct control *control;      /* NULL: none */
    struct onion *adding[WINDOW]; /* not answered yet, in order; NULL: withdrawn meanwhile */
    size_t first, count;
    struct evict evict; /* for those whose visitors need keys, one at a time */
    struct configured configured;
    struct onion *doubted; /* tor is asked for its circuits; NULL: none, or withdrawn meanwhile */
};

static void pump(void *arg);
static void pump_soon(void *arg);
static void break_link(void *arg);
static void on_patience(void *arg);
static void on_cleared(void *arg, int err);

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
    TAILQ_INIT(&all->under_way);
    loop_task_init(&all->pump, pump, all);
    loop_timer_init(l, &all->patience, on_patience, all);
    evict_init(&all->evict, l, on_cleared, all);
    const struct configured_hooks configured = {
        .ready = pump_soon, .broken = break_link, .arg = all};
    configured_init(&all->configured, &configured);
    *out = all;
    return 0;
}

void onions_free(struct onions *all)
{
    if (!all)
        return;
    loop_task_cancel(all->loop, &all->pump);
    loop_timer_clear(&all->patience);
    evict_stop(&all->evict);
    configured_down(&all->configured);
    map_free(all->by_address);
    free(all);
}

void onions_reach(struct onions *all, uint64_t patience)
{
    struct onion *o;
    all->late = patience;
    for (size_t at = 0; (o = map_next(all->by_address, &at));)
        if (o->state == ONION_PUBLISHING)
            onion_expect(o);
}

uint64_t onions_patience(const struct onions *all)
{
    return all->late;
}

static void arm(struct onions *all)
{
    const struct onion *o = TAILQ_FIRST(&all->under_way);
    uint64_t now = loop_now(all->loop);
    if (!o)
        loop_timer_clear(&all->patience);
    else
        loop_timer_set(&all->patience, o->since + PATIENCE > now ? o->since + PATIENCE - now : 0);
}

static void place(struct onions *all, struct onion *o, enum onion_place to)
{
    if (o->place == to)
        return;
    if (o->place == ONION_QUEUED) {
        TAILQ_REMOVE(&all->queue, o, link);
    } else if (o->place == ONION_UNDER_WAY) {
        TAILQ_REMOVE(&all->under_way, o, link);
        all->under_way_count--;
    }
    o->place = to;
    if (to == ONION_QUEUED) {
        TAILQ_INSERT_TAIL(&all->queue, o, link);
    } else if (to == ONION_UNDER_WAY) {
        o->since = loop_now(all->loop);
        TAILQ_INSERT_TAIL(&all->under_way, o, link);
        all->under_way_count++;
    }
    arm(all);
}

static void ignore(void *arg, const struct control_reply *r)
{
    (void)arg;
    (void)r;
}

/* Takes `address` from tor; what tor answers does not matter. */
static void take_down(struct onions *all, const char *address)
{
    if (control_send(all->control, ignore, NULL, "DEL_ONION %s", address) < 0)
        all->hooks.broken(all->hooks.arg);
}

/* What tor made of an ADD_ONION of o. */
static void added(struct onions *all, struct onion *o, const struct control_reply *r)
{
    static const char collision[] = "Onion address collision";
    const char *address = onion_key_address(o->spec.key);
    struct beam_why why;
    char said[200];
    if (r->code == 250 && o->spec.folder) {
        onion_event(o, ONION_EV_ADDED, NULL, 0);
        return;
    }
    if (r->code == 250 && control_value(r->lines[0].text, "ServiceID", said, sizeof(said)) == 0) {
        if (strcmp(said, address) == 0) {
            o->collisions = 0;
            onion_event(o, ONION_EV_ADDED, NULL, 0);
            return;
        }
        beam_why(&why, BEAM_EPROTO, "tor published another address than that of our key");
        if (onion_address_check(said) == 0)
            take_down(all, said);
    } else if (r->code == 550 && control_after(r->lines[0].text, collision)) {
        if (++o->collisions <= COLLISIONS) {
            /* Left from before on this very tor: make room and ask again. */
            take_down(all, address);
            o->cleared = false;
            place(all, o, ONION_QUEUED);
            return;
        }
        beam_why(&why, BEAM_EEXIST,
                 "tor has this onion service already and does not give it up (take its "
                 "HiddenServiceDir out of the torrc that beam's includes)");
    } else if (o->spec.limits.pow && !o->no_pow && add_onion_lacks_pow(r)) {
        o->no_pow = true;
        beam_why(&why, BEAM_EPROTO,
                 "this tor knows no proof of work: the onion is published without (onion.pow; tor "
                 "0.4.9 or later, built with it, can)");
        onion_warn(o, &why);
        place(all, o, ONION_QUEUED);
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
    loop_post(all->loop, &all->pump);
}

static void warn_of_disk(struct onion *o)
{
    struct beam_why why;
    if (!o->spec.folder || o->told_of_disk || !service_dir_on_disk(o->spec.folder, &why))
        return;
    o->told_of_disk = true;
    onion_warn(o, &why);
}

/* Asks tor for o. 0 or the error of control_send. */
static int add(struct onions *all, struct onion *o)
{
    int err = o->spec.folder ? configured_add(&all->configured, &o->configured, &o->spec,
                                              !o->no_pow, on_added, all)
                             : add_onion_send(all->control, &o->spec, !o->no_pow, on_added, all);
    if (err == 0) {
        o->asked = true;
        place(all, o, ONION_UNDER_WAY);
        all->adding[(all->first + all->count++) % WINDOW] = o;
        warn_of_disk(o);
    }
    return err;
}

static void refuse(struct onion *o, int err, const char *what)
{
    struct beam_why why;
    beam_why(&why, err, "%s: %s", what, beam_err_text(err));
    onion_event(o, ONION_EV_REFUSED, &why, 0);
}

/* It could not even be asked for. */
static void refuse_unasked(struct onion *o, int err)
{
    static const char circuits[] = "the circuits of its visitors cannot be told apart";
    struct beam_why why;
    if (!o->spec.folder)
        beam_why(&why, err, "the onion service could not be asked for: %s", beam_err_text(err));
    else if (err == BEAM_EEXIST)
        beam_why(&why, err,
                 "%s: tor has onion services by the file that tor.torrc names, and would lose them "
                 "(take them out of it, or set tag_circuits = no)",
                 circuits);
    else if (err == BEAM_ELIMIT)
        beam_why(&why, err,
                 "%s: %d tunnels have theirs told apart, which is the most (stop one, or set "
                 "tag_circuits = no)",
                 circuits, CONFIGURED_MAX);
    else
        beam_why(&why, err,
                 "%s: tor could not be given its key in %s: %s (mend that, or set "
                 "tag_circuits = no)",
                 circuits, o->spec.folder, beam_err_text(err));
    onion_event(o, ONION_EV_REFUSED, &why, 0);
}

static void on_cleared(void *arg, int err)
{
    struct onions *all = arg;
    struct onion *o = map_get(all->by_address, all->evict.address, ONION_ADDRESS_LEN);
    loop_post(all->loop, &all->pump);
    if (!o || o->place != ONION_CLEARING)
        return;
    o->cleared = err == 0;
    place(all, o, err == 0 || err == BEAM_ECLOSED ? ONION_QUEUED : ONION_AT_REST);
    if (o->place == ONION_AT_REST)
        refuse(o, err,
               "the circuits of visitors from before could not be closed, and would lead those "
               "without a key in (beam needs GETINFO circuit-status and CLOSECIRCUIT of tor)");
}

/* Whether what comes next for o is to close the circuits that lead to its address, and was begun
 * or has to wait. */
static bool clear_first(struct onions *all, struct onion *o)
{
    if (o->spec.clients.count == 0 || o->cleared)
        return false;
    if (evict_busy(&all->evict))
        return true;
    place(all, o, ONION_CLEARING);
    int err = evict_start(&all->evict, all->control, onion_key_address(o->spec.key));
    if (err < 0)
        on_cleared(all, err);
    return true;
}

static void break_link(void *arg)
{
    struct onions *all = arg;
    all->hooks.broken(all->hooks.arg);
}

static void pump_soon(void *arg)
{
    struct onions *all = arg;
    loop_post(all->loop, &all->pump);
}

/* Whether one that is to be in tor's configuration has to wait; else *err is why it cannot be. */
static bool wait_for_room(struct onions *all, const struct onion *o, int *err)
{
    *err = o->spec.folder ? configured_room(&all->configured) : 0;
    return *err == BEAM_EAGAIN;
}

static void pump(void *arg)
{
    struct onions *all = arg;
    while (all->control && all->count < WINDOW && all->under_way_count < WINDOW &&
           !TAILQ_EMPTY(&all->queue)) {
        struct onion *o = TAILQ_FIRST(&all->queue);
        int err;
        if (clear_first(all, o) || wait_for_room(all, o, &err))
            return;
        place(all, o, ONION_AT_REST);
        if (err == 0)
            err = add(all, o);
        if (err == 0)
            continue;
        if (err == BEAM_ECLOSED) {
            /* tor is gone, and onions_down is on its way: not this service's fault. */
            place(all, o, ONION_QUEUED);
            return;
        }
        refuse_unasked(o, err);
    }
}

static void on_patience(void *arg)
{
    struct onions *all = arg;
    struct onion *o = TAILQ_FIRST(&all->under_way);
    if (o && loop_now(all->loop) >= o->since + PATIENCE)
        place(all, o, ONION_AT_REST);
    arm(all);
    loop_post(all->loop, &all->pump);
}

void onions_settled(struct onions *all, struct onion *o)
{
    if (o->place != ONION_UNDER_WAY)
        return;
    place(all, o, ONION_AT_REST);
    loop_post(all->loop, &all->pump);
}

int onions_put(struct onions *all, struct onion *o)
{
    const char *address = onion_key_address(o->spec.key);
    int err = map_put(all->by_address, address, ONION_ADDRESS_LEN, o);
    if (err < 0)
        return err;
    place(all, o, ONION_QUEUED);
    loop_post(all->loop, &all->pump);
    return 0;
}

/* tor has it no more, and what tor may answer yet does not matter. */
static void remove_from_tor(struct onions *all, struct onion *o)
{
    for (size_t i = 0; i < WINDOW; i++)
        if (all->adding[i] == o)
            all->adding[i] = NULL;
    if (all->doubted == o)
        all->doubted = NULL;
    if (o->spec.folder)
        configured_take(&all->configured, &o->configured);
    else if (all->control && o->asked)
        take_down(all, onion_key_address(o->spec.key));
    o->asked = o->cleared = false;
}

void onions_take(struct onions *all, struct onion *o)
{
    map_take(all->by_address, onion_key_address(o->spec.key), ONION_ADDRESS_LEN);
    place(all, o, ONION_AT_REST);
    remove_from_tor(all, o);
    loop_post(all->loop, &all->pump);
}

static void anew(struct onions *all, struct onion *o, const struct beam_why *why)
{
    remove_from_tor(all, o);
    o->collisions = 0;
    if (o->place != ONION_CLEARING)
        place(all, o, ONION_QUEUED);
    onion_event(o, ONION_EV_ANEW, why, 0);
    loop_post(all->loop, &all->pump);
}

void onions_renew(struct onions *all, struct onion *o)
{
    static const struct beam_why why = {
        .text = "others may enter now: the onion service is published anew for them"};
    anew(all, o, &why);
}

/* Whether tor has one of the service at `address` that stands, or does not say which it has. */
static bool has_introduction(const struct control_reply *r, const char *address)
{
    const char *at = circuit_line_first(r);
    struct circuit_line c;
    if (!at)
        return true;
    while (circuit_line_next(&at, &c))
        if (circuit_line_is_introduction(&c, address))
            return true;
    return false;
}

/* Those inside stay, and have a key. */
static void again(struct onions *all, struct onion *o, const struct beam_why *why)
{
    bool cleared = o->cleared;
    o->anew_at[o->anews++ % ONION_ANEW_MOST] = loop_now(all->loop);
    anew(all, o, why);
    o->cleared = cleared;
}

void onions_again(struct onions *all, struct onion *o)
{
    static const struct beam_why why = {
        .text = "directories have a descriptor of the onion service that counts more than the one "
                "they were given: it is published anew"};
    again(all, o, &why);
}

static void on_introductions(void *arg, const struct control_reply *r)
{
    static const struct beam_why why = {
        .text = "tor has lost all ways in to the onion service: it is published anew"};
    struct onions *all = arg;
    struct onion *o = all->doubted;
    all->doubted = NULL;
    if (!o || o->state != ONION_UP)
        return;
    if (!has_introduction(r, onion_key_address(o->spec.key)))
        again(all, o, &why);
    else if (o->uploads.rejected)
        onions_again(all, o);
}

void onions_doubt(struct onions *all, struct onion *o)
{
    if (all->control && !all->doubted &&
        control_send(all->control, on_introductions, all, CIRCUIT_QUESTION) == 0)
        all->doubted = o;
}

void onions_up(struct onions *all, struct control *control)
{
    all->control = control;
    configured_up(&all->configured, control);
    loop_post(all->loop, &all->pump);
}

void onions_detach(struct onions *all)
{
    struct onion *o;
    all->control = NULL;
    all->late = 0;
    all->doubted = NULL;
    all->first = all->count = 0;
    memset(all->adding, 0, sizeof(all->adding));
    evict_stop(&all->evict);
    configured_down(&all->configured);
    for (size_t at = 0; (o = map_next(all->by_address, &at));) {
        o->asked = o->cleared = o->no_pow = false;
        o->collisions = o->anews = 0;
        place(all, o, ONION_QUEUED);
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

void onions_event(struct onions *all, const struct hs_desc *d)
{
    struct onion *o = map_get(all->by_address, d->address, ONION_ADDRESS_LEN);
    if (o)
        onion_upload(o, d);
}

void onions_reloaded(struct onions *all)
{
    static const struct beam_why why = {
        .text = "tor was told to read its configuration again, which takes the onion service "
                "away: it is published anew"};
    struct onion *o;
    configured_reloaded(&all->configured);
    for (size_t at = 0; (o = map_next(all->by_address, &at));)
        if (o->spec.folder && o->asked)
            anew(all, o, &why);
}
