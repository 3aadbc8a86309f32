/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/configured.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tor/page.h"
#include "tor/service_dir.h"

struct configured_leaver {
    STAILQ_ENTRY(configured_leaver) link;
    char folder[];
};

void configured_init(struct configured *c, const struct configured_hooks *hooks)
{
    *c = (struct configured){.hooks = *hooks};
    TAILQ_INIT(&c->list);
    STAILQ_INIT(&c->leavers);
}

void configured_up(struct configured *c, struct control *control)
{
    c->control = control;
    c->others = CONFIGURED_UNASKED;
}

static void forget(struct configured *c, struct configured_service *s)
{
    TAILQ_REMOVE(&c->list, s, link);
    c->count--;
    s->spec = NULL;
    if (c->adding == s)
        c->adding = NULL;
}

/* Unless it came back, for then it is in use. */
static void let_go(struct configured *c, const char *folder)
{
    const struct configured_service *s;
    TAILQ_FOREACH(s, &c->list, link)
    if (strcmp(s->spec->folder, folder) == 0)
        return;
    service_dir_wipe(folder);
}

static void let_first_go(struct configured *c)
{
    struct configured_leaver *l = STAILQ_FIRST(&c->leavers);
    STAILQ_REMOVE_HEAD(&c->leavers, link);
    let_go(c, l->folder);
    free(l);
}

static void forget_all(struct configured *c)
{
    struct configured_service *s;
    while ((s = TAILQ_FIRST(&c->list)) != NULL) {
        const char *folder = s->spec->folder;
        forget(c, s);
        service_dir_wipe(folder);
    }
}

void configured_down(struct configured *c)
{
    c->control = NULL;
    c->busy = false;
    while (!STAILQ_EMPTY(&c->leavers))
        let_first_go(c);
    forget_all(c);
}

void configured_reloaded(struct configured *c)
{
    /* Whether tor did what it was told before or after that cannot be known. */
    bool unsure = c->busy || !STAILQ_EMPTY(&c->leavers) || c->others == CONFIGURED_ASKED;
    if (!c->control)
        return;
    forget_all(c);
    c->others = CONFIGURED_UNASKED;
    if (unsure)
        c->hooks.broken(c->hooks.arg);
}

/* ---- what tor is told ------------------------------------------------------------------------ */

static void put_service(struct page *p, const struct configured_service *s)
{
    const struct onion_spec *spec = s->spec;
    const struct onion_limits *l = &spec->limits;
    char target[ADDR_TEXT_SIZE];
    addr_text(&spec->target, target);
    page_put(p,
             " HiddenServiceDir=\"%s\" HiddenServicePort=\"%u %s\" "
             "HiddenServiceExportCircuitID=haproxy",
             spec->folder, (unsigned)spec->port, target);
    if (l->max_streams)
        page_put(p, " HiddenServiceMaxStreams=%u", l->max_streams);
    if (l->pow && s->pow)
        page_put(p,
                 " HiddenServicePoWDefensesEnabled=1 HiddenServicePoWQueueRate=%u "
                 "HiddenServicePoWQueueBurst=%u",
                 l->pow_rate, l->pow_burst);
}

/* For one whose key is not there tor makes another, and so another onion. */
static int mend_folders(const struct configured *c)
{
    const struct configured_service *s;
    int err = 0;
    TAILQ_FOREACH(s, &c->list, link)
    if (err == 0 && !service_dir_has_key(s->spec->folder))
        err = service_dir_write(s->spec->folder, s->spec);
    return err;
}

/* What tor has made of them, now that it has said that it is done. */
static void look(struct configured *c)
{
    const struct configured_service *s;
    TAILQ_FOREACH(s, &c->list, link)
    if (service_dir_is_another(s->spec->folder, onion_key_address(s->spec->key))) {
        log_error("tor",
                  "tor has another onion service than it was told in %s: it is started again",
                  log_scrub(s->spec->folder)); /* it is named after its address */
        c->hooks.broken(c->hooks.arg);
        return;
    }
}

/* What all of them are now. */
static int tell_tor(struct configured *c, control_fn *fn)
{
    char text[CONTROL_COMMAND_MAX];
    struct page p;
    const struct configured_service *s;
    int err = mend_folders(c);
    if (err < 0)
        return err;
    if (TAILQ_EMPTY(&c->list))
        return control_send(c->control, fn, c, "RESETCONF HiddenServiceDir");
    page_init(&p, text, sizeof(text));
    TAILQ_FOREACH(s, &c->list, link)
    put_service(&p, s);
    return p.err < 0 ? p.err : control_send(c->control, fn, c, "SETCONF%s", text);
}

static void on_taken(void *arg, const struct control_reply *r)
{
    struct configured *c = arg;
    bool last = STAILQ_NEXT(STAILQ_FIRST(&c->leavers), link) == NULL;
    /* It may have named one that tor refused meanwhile; then it is said again, without that. */
    if (r->code != 250 && last)
        c->hooks.broken(c->hooks.arg);
    else
        let_first_go(c);
    if (r->code == 250)
        look(c);
}

/* Tells tor that `folder`, of one that is in the list no more, is none of its. */
static void take_away(struct configured *c, const char *folder)
{
    struct configured_leaver *l = malloc(sizeof(*l) + strlen(folder) + 1);
    if (l) {
        memcpy(l->folder, folder, strlen(folder) + 1);
        STAILQ_INSERT_TAIL(&c->leavers, l, link);
    }
    if (!l)
        service_dir_wipe(folder); /* the connection goes, and tor with it */
    if (!l || tell_tor(c, on_taken) < 0)
        c->hooks.broken(c->hooks.arg);
}

void configured_take(struct configured *c, struct configured_service *s)
{
    if (!s->spec)
        return;
    const char *folder = s->spec->folder;
    forget(c, s);
    if (c->control)
        take_away(c, folder);
    else
        service_dir_wipe(folder);
}

/* ---- what is asked first --------------------------------------------------------------------- */

static void on_others(void *arg, const struct control_reply *r)
{
    struct configured *c = arg;
    bool none =
        r->code == 250 && r->count == 1 && strcmp(r->lines[0].text, "HiddenServiceOptions") == 0;
    c->others = none ? CONFIGURED_NONE : CONFIGURED_SOME;
    c->hooks.ready(c->hooks.arg);
}

int configured_room(struct configured *c)
{
    switch (c->others) {
    case CONFIGURED_UNASKED: {
        int err = control_send(c->control, on_others, c, "GETCONF HiddenServiceOptions");
        if (err < 0)
            return err;
        c->others = CONFIGURED_ASKED;
        return BEAM_EAGAIN;
    }
    case CONFIGURED_ASKED:
        return BEAM_EAGAIN;
    case CONFIGURED_SOME:
        return BEAM_EEXIST;
    case CONFIGURED_NONE:
        break;
    }
    if (c->busy)
        return BEAM_EAGAIN;
    return c->count < CONFIGURED_MAX ? 0 : BEAM_ELIMIT;
}

static void on_added(void *arg, const struct control_reply *r)
{
    struct configured *c = arg;
    struct configured_service *s = c->adding;
    c->adding = NULL;
    c->busy = false;
    if (s && r->code != 250) {
        const char *folder = s->spec->folder;
        forget(c, s);
        /* What was taken from tor while this was under way was refused with it. */
        take_away(c, folder);
    } else if (r->code == 250) {
        look(c);
    }
    c->fn(c->arg, r);
    c->hooks.ready(c->hooks.arg);
}

int configured_add(struct configured *c, struct configured_service *s,
                   const struct onion_spec *spec, bool pow, control_fn *fn, void *arg)
{
    int err = service_dir_write(spec->folder, spec);
    if (err < 0)
        return err;
    s->spec = spec;
    s->pow = pow;
    TAILQ_INSERT_TAIL(&c->list, s, link);
    c->count++;
    err = tell_tor(c, on_added);
    if (err < 0) {
        forget(c, s);
        service_dir_wipe(spec->folder);
        return err;
    }
    c->adding = s;
    c->busy = true;
    c->fn = fn;
    c->arg = arg;
    return 0;
}
