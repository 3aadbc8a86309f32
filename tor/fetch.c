/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where tor has asked each directory a short while ago it takes the command, and does nothing, in
 * silence. So it is asked something else after that: when there was no event by then, there is
 * none.
 */
enum owed { OWES_TAKEN, OWES_ANYTHING, OWES_NOTHING };

struct fetch {
    struct fetches *all;
    TAILQ_ENTRY(fetch) link;
    char address[ONION_ADDRESS_SIZE];
    char directory[HS_DESC_DIRECTORY_SIZE]; /* that is asked; "": none so far */
    enum owed owed;                         /* the answer that comes next */
    fetch_fn *fn;                           /* NULL: told, or cancelled */
    void *arg;
};

/* It is freed once tor owes nothing for it any more: answers are told apart by their order. */
static void leave(struct fetch *f)
{
    if (f->fn || f->owed != OWES_NOTHING)
        return;
    TAILQ_REMOVE(&f->all->list, f, link);
    free(f);
}

static void tell(struct fetch *f, enum fetch_result result, const char *reason)
{
    fetch_fn *fn = f->fn;
    void *arg = f->arg;
    f->fn = NULL;
    leave(f);
    if (fn)
        fn(arg, result, reason);
}

static struct fetch *next_of(struct fetches *all, enum owed owed)
{
    struct fetch *f;
    TAILQ_FOREACH(f, &all->list, link)
    if (f->owed == owed)
        return f;
    return NULL;
}

static void on_anything(void *arg, const struct control_reply *r)
{
    struct fetch *f = next_of(arg, OWES_ANYTHING);
    (void)r;
    if (!f)
        return;
    f->owed = OWES_NOTHING;
    if (f->directory[0] || !f->fn)
        leave(f);
    else
        tell(f, FETCH_NOT_DONE, "");
}

static void on_taken(void *arg, const struct control_reply *r)
{
    struct fetches *all = arg;
    struct fetch *f = next_of(all, OWES_TAKEN);
    if (!f)
        return;
    f->owed = OWES_ANYTHING;
    /* A question that every filter is bound to allow. */
    if (r->code == 250 &&
        control_send(all->control, on_anything, all, "GETINFO status/bootstrap-phase") == 0)
        return;
    f->owed = OWES_NOTHING;
    tell(f, FETCH_NOT_DONE, "");
}

void fetches_init(struct fetches *all)
{
    all->control = NULL;
    TAILQ_INIT(&all->list);
}

void fetches_up(struct fetches *all, struct control *control)
{
    all->control = control;
}

void fetches_down(struct fetches *all)
{
    struct fetch *f;
    all->control = NULL;
    TAILQ_FOREACH(f, &all->list, link)
    f->owed = OWES_NOTHING;
    while ((f = TAILQ_FIRST(&all->list)) != NULL)
        tell(f, FETCH_NOT_DONE, "");
}

/* Another's end may be told where no directory is named: until one was asked it is not f's. */
static bool ends(const struct fetch *f, const struct hs_desc *d)
{
    return d->action == HS_DESC_FAILED && f->directory[0] &&
           strcmp(f->directory, d->directory) == 0 && strcmp(d->reason, "UPLOAD_REJECTED") != 0;
}

/* What d says of f. */
static void note(struct fetch *f, const struct hs_desc *d)
{
    if (d->action == HS_DESC_REQUESTED)
        memcpy(f->directory, d->directory, sizeof(f->directory));
    else if (d->action == HS_DESC_RECEIVED)
        tell(f, FETCH_RECEIVED, "");
    else if (ends(f, d))
        tell(f, FETCH_FAILED, d->reason);
}

void fetches_event(struct fetches *all, const struct hs_desc *d)
{
    struct fetch *f;
    TAILQ_FOREACH(f, &all->list, link)
    if (f->fn && strcmp(f->address, d->address) == 0) {
        note(f, d);
        return;
    }
}

int fetch_start(struct fetches *all, const char *address, fetch_fn *fn, void *arg,
                struct fetch **out)
{
    if (!all->control)
        return BEAM_ECLOSED;
    struct fetch *f = calloc(1, sizeof(*f));
    if (!f)
        return BEAM_ENOMEM;
    f->all = all;
    f->fn = fn;
    f->arg = arg;
    snprintf(f->address, sizeof(f->address), "%s", address);
    int err = control_send(all->control, on_taken, all, "HSFETCH %s", f->address);
    if (err < 0) {
        free(f);
        return err;
    }
    TAILQ_INSERT_TAIL(&all->list, f, link);
    *out = f;
    return 0;
}

void fetch_cancel(struct fetch *f)
{
    if (!f)
        return;
    f->fn = NULL;
    leave(f);
}
