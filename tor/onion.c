/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "tor/onions.h"

enum { ANEW_WITHIN = 30 * 60 * 1000 }; /* ms, ONION_ANEW_MOST times; see onion_doubt */

/* The owner is told from a task, so that it may do anything, withdraw included. */
static void tell(void *arg)
{
    struct onion *o = arg;
    const struct beam_why why = o->why;
    if (o->events.state)
        o->events.state(o->events.arg, o->state, why.text[0] ? &why : NULL, o->retry_ms);
}

void onion_expect(struct onion *o)
{
    uint64_t patience = onions_patience(o->all);
    if (patience > 0)
        loop_timer_set(&o->late, patience);
}

static void enter(struct onion *o, enum onion_state state, const struct beam_why *why,
                  uint64_t retry_ms)
{
    static const char *const names[] = {"waiting", "publishing", "up", "failed"};
    const struct beam_why none = {.text = ""};
    log_info("tor", "onion %s: %s", log_scrub(onion_key_address(o->spec.key)), names[state]);
    if (state == ONION_PUBLISHING) {
        o->uploads = (struct uploads){.told = o->uploads.told};
        onion_expect(o);
    } else {
        loop_timer_clear(&o->late);
    }
    o->state = state;
    o->why = why ? *why : none;
    o->retry_ms = retry_ms;
    loop_post(o->loop, &o->tell);
    if (state == ONION_UP || state == ONION_FAILED)
        onions_settled(o->all, o);
}

void onion_event(struct onion *o, enum onion_ev ev, const struct beam_why *why, uint64_t retry_ms)
{
    switch (ev) {
    case ONION_EV_ADDED:
        enter(o, ONION_PUBLISHING, NULL, 0);
        return;
    case ONION_EV_UPLOADED: /* of each directory; and once more whenever it is renewed */
        if (o->state == ONION_PUBLISHING)
            enter(o, ONION_UP, NULL, 0);
        return;
    case ONION_EV_DOWN:
        if (o->state != ONION_WAITING)
            enter(o, ONION_WAITING, o->state == ONION_UP ? why : NULL, retry_ms);
        return;
    case ONION_EV_ANEW:
        enter(o, ONION_WAITING, o->state == ONION_UP ? why : NULL, 0);
        return;
    case ONION_EV_REFUSED:
    case ONION_EV_NO_TOR:
        enter(o, ONION_FAILED, why, 0);
        return;
    }
}

void onion_warn(struct onion *o, const struct beam_why *why)
{
    if (o->events.warning)
        o->events.warning(o->events.arg, why);
}

/* Of one tor it is published anew so seldom that little is gained by who brings it about. */
static bool may_be_anew(const struct onion *o)
{
    uint64_t oldest = o->anew_at[o->anews % ONION_ANEW_MOST];
    return o->anews < ONION_ANEW_MOST || loop_now(o->loop) - oldest >= ANEW_WITHIN;
}

/* A directory takes no descriptor that counts less than the one it has, and tor counts by the
 * time. */
static const char *advice_for(const char *reason)
{
    return strcmp(reason, "UPLOAD_REJECTED") == 0
               ? "they may have a newer one: see that this onion is published nowhere else, and "
                 "that this machine's clock, which may have been ahead, is right; "
               : "";
}

static void say_all_failed(struct onion *o, const char *reason)
{
    bool up = o->state == ONION_UP;
    char text[64];
    struct beam_why why;
    text_escape(reason, strlen(reason), text, sizeof(text));
    beam_why(&why, BEAM_EUNREACH,
             "no directory has taken the onion service's %s so far (%zu "
             "tried%s%s): %s (%stor goes on trying)",
             up ? "renewed descriptor" : "descriptor", o->uploads.count, text[0] ? ", " : "", text,
             up ? "visitors have the one from before for three hours at most, and may not get in "
                  "with it"
                : "it cannot be reached yet",
             advice_for(reason));
    onion_warn(o, &why);
}

void onion_upload(struct onion *o, const struct hs_desc *d)
{
    if (o->state != ONION_PUBLISHING && o->state != ONION_UP)
        return;
    switch (uploads_note(&o->uploads, loop_now(o->loop), d)) {
    case UPLOADS_BEGUN:
        if (o->state == ONION_UP)
            onion_expect(o);
        return;
    case UPLOADS_TAKEN:
        loop_timer_clear(&o->late);
        onion_event(o, ONION_EV_UPLOADED, NULL, 0);
        return;
    case UPLOADS_ALL_FAILED:
        say_all_failed(o, d->reason);
        return;
    case UPLOADS_NOTHING:
        return;
    }
}

static void say_late(struct onion *o, uint64_t patience)
{
    struct beam_why why;
    beam_why(&why, BEAM_ETIMEOUT,
             "no directory has taken the onion service's %s for %" PRIu64
             " s: %s (see that this machine is connected and nothing blocks Tor; tor goes on "
             "trying)",
             o->state == ONION_UP ? "renewed descriptor" : "descriptor", patience / 1000,
             o->state == ONION_UP ? "visitors may not find it" : "it cannot be reached yet");
    onion_warn(o, &why);
}

/* tor says nothing when it cannot even begin: it has lost its network since. And where directories
 * have one that counts more it does not try again for an hour or two, when they may take one that
 * is made now. */
static void on_late(void *arg)
{
    struct onion *o = arg;
    uint64_t patience = onions_patience(o->all);
    if (patience > 0 && uploads_late(&o->uploads))
        say_late(o, patience);
    if (o->state != ONION_PUBLISHING)
        return;
    if (o->uploads.rejected && may_be_anew(o))
        onions_again(o->all, o);
    else
        onion_expect(o);
}

/* It becomes one word of a command: nothing that ends or quotes a word, nor any letter beyond
 * ASCII, which tor refuses there. */
static int check_path(const char *path)
{
    if (path[0] != '/')
        return BEAM_EINVAL;
    for (const char *s = path; *s; s++)
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f || *s == '"' || *s == '\\')
            return BEAM_EINVAL;
    return 0;
}

static int check(const struct onion_spec *spec)
{
    const char *path = addr_path(&spec->target);
    if (spec->folder && check_path(spec->folder) < 0)
        return BEAM_EINVAL;
    if (!path)
        return addr_scope(&spec->target) == ADDR_LOOPBACK ? 0 : BEAM_EINVAL;
    return check_path(path);
}

/* A copy of its own in *out. */
static int copy_clients(const struct onion_clients *from, struct onion_clients *out)
{
    uint8_t(*key)[ONION_CLIENT_LEN] = NULL;
    if (from->count > ONION_CLIENTS_MAX)
        return BEAM_ELIMIT;
    if (from->count > 0) {
        key = calloc(from->count, sizeof(*key));
        if (!key)
            return BEAM_ENOMEM;
        memcpy(key, from->key, from->count * sizeof(*key));
    }
    *out = (struct onion_clients){from->count, (const uint8_t(*)[ONION_CLIENT_LEN])key};
    return 0;
}

static void free_clients(struct onion_clients *c)
{
    free((void *)(uintptr_t)c->key);
}

int onion_publish(struct tor *t, const struct onion_spec *spec, const struct onion_events *events,
                  struct onion **out)
{
    int err = check(spec);
    if (err < 0)
        return err;
    struct onion *o = calloc(1, sizeof(*o));
    struct onion_clients clients = {0};
    err = o ? copy_clients(&spec->clients, &clients) : BEAM_ENOMEM;
    if (err < 0)
        goto out;
    o->all = tor_onions(t);
    o->loop = tor_loop(t);
    o->spec = *spec;
    o->spec.clients = clients;
    o->events = *events;
    loop_task_init(&o->tell, tell, o);
    loop_timer_init(o->loop, &o->late, on_late, o);
    err = onions_put(o->all, o);
    if (err < 0)
        goto out;
    loop_post(o->loop, &o->tell);
    tor_start(t);
    *out = o;
    return 0;
out:
    free_clients(&clients);
    free(o);
    return err;
}

int onion_admit(struct onion *o, const struct onion_clients *clients)
{
    struct onion_clients copy;
    int err = copy_clients(clients, &copy);
    if (err < 0)
        return err;
    free_clients(&o->spec.clients);
    o->spec.clients = copy;
    onions_renew(o->all, o);
    return 0;
}

void onion_doubt(struct onion *o)
{
    if (o->state == ONION_UP && may_be_anew(o))
        onions_doubt(o->all, o);
}

void onion_withdraw(struct onion *o)
{
    if (!o)
        return;
    onions_take(o->all, o);
    loop_task_cancel(o->loop, &o->tell);
    loop_timer_clear(&o->late);
    free_clients(&o->spec.clients);
    free(o);
}

enum onion_state onion_state(const struct onion *o)
{
    return o->state;
}
