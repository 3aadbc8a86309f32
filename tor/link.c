/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "stream/socket.h"
#include "tor/torrc.h"

enum {
    DIAL_TIMEOUT = 5000, /* ms */
    DIAL_AGAIN = 250     /* ms; mostly link_poke is faster */
};

struct link {
    struct loop *loop;
    const struct permit *permit;
    struct link_events events;
    struct addr at;
    char *cookie;
    bool own;
    struct stream_dial *dial;
    struct loop_timer again;
    struct control *control;
    struct auth auth;
    char version[AUTH_VERSION_SIZE];
    size_t step; /* of the setup */
};

static void close_down(struct link *k, int err, const struct beam_why *why)
{
    k->events.closed(k->events.arg, err, why);
}

static void on_event(void *arg, const struct control_reply *event)
{
    struct link *k = arg;
    k->events.event(k->events.arg, event);
}

static void on_closed(void *arg, int err)
{
    struct beam_why why;
    beam_why(&why, err, "the control connection to tor ended: %s", beam_err_text(err));
    close_down(arg, err, &why);
}

/* "…=0" for both: anything else is not known to be anonymous. */
static int check_anonymous(const struct control_reply *r, struct beam_why *why)
{
    static const char *const options[] = {"HiddenServiceNonAnonymousMode",
                                          "HiddenServiceSingleHopMode"};
    size_t zero = 0;
    for (size_t o = 0; o < sizeof(options) / sizeof(options[0]); o++)
        for (size_t i = 0; i < r->count; i++) {
            char value[8] = "";
            if (control_value(r->lines[i].text, options[o], value, sizeof(value)) == 0 &&
                strcmp(value, "0") == 0)
                zero++;
        }
    if (zero == sizeof(options) / sizeof(options[0]))
        return 0;
    return beam_why(why, BEAM_EPOLICY,
                    "tor runs with HiddenServiceNonAnonymousMode or HiddenServiceSingleHopMode: "
                    "its onion services show where this machine is (take them out of tor.torrc)");
}

/* What is asked of a tor that is ours, in order. */
static const struct step {
    const char *command;
    int (*check)(const struct control_reply *r, struct beam_why *why);
} steps[] = {
    {"TAKEOWNERSHIP", NULL},
    {"SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC", NULL},
    {"GETCONF HiddenServiceNonAnonymousMode HiddenServiceSingleHopMode", check_anonymous},
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

static void on_step(void *arg, const struct control_reply *r);

static void next_step(struct link *k)
{
    if (!k->own || k->step == STEPS) {
        k->events.ready(k->events.arg);
        return;
    }
    int err = control_send(k->control, on_step, k, "%s", steps[k->step].command);
    if (err < 0)
        on_closed(k, err);
}

static void on_step(void *arg, const struct control_reply *r)
{
    struct link *k = arg;
    const struct step *step = &steps[k->step++];
    struct beam_why why;
    int err = 0;
    if (r->code != 250) {
        char said[200];
        text_escape(r->lines[0].text, r->lines[0].text_len, said, sizeof(said));
        err = beam_why(&why, BEAM_EPROTO, "tor refuses %.*s: %u %s",
                       (int)strcspn(step->command, " "), step->command, r->code, said);
    } else if (step->check) {
        err = step->check(r, &why);
    }
    if (err < 0)
        close_down(k, err, &why);
    else
        next_step(k);
}

static void on_authenticated(void *arg, int err, const struct beam_why *why)
{
    struct link *k = arg;
    memcpy(k->version, k->auth.version, sizeof(k->version));
    if (err < 0)
        close_down(k, err, why);
    else
        next_step(k);
}

static void begin(struct link *k, struct stream *s)
{
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = k};
    int err = control_new(k->loop, s, &events, &k->control);
    if (err == 0)
        err = auth_start(&k->auth, k->control, rng_system(), k->cookie, on_authenticated, k);
    if (err < 0)
        on_closed(k, err);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct link *k = arg;
    k->dial = NULL;
    if (err == 0)
        begin(k, s);
    else
        loop_timer_set(&k->again, DIAL_AGAIN);
}

void link_poke(struct link *k)
{
    if (k->dial || k->control)
        return;
    loop_timer_clear(&k->again);
    int err = stream_dial(k->loop, k->permit, &k->at, PERMIT_TYPED, DIAL_TIMEOUT, on_dialled, k,
                          &k->dial);
    if (err < 0)
        loop_timer_set(&k->again, DIAL_AGAIN);
}

static void on_again(void *arg)
{
    link_poke(arg);
}

int link_open(struct loop *l, const struct link_spec *spec, const struct link_events *events,
              struct link **out)
{
    int err = BEAM_ENOMEM;
    struct link *k = calloc(1, sizeof(*k));
    char *socket = file_join(spec->dir, TORRC_CONTROL);
    if (!k || !socket)
        goto out;
    k->loop = l;
    k->permit = spec->permit;
    k->own = spec->own;
    k->events = *events;
    k->cookie = file_join(spec->dir, TORRC_COOKIE);
    if (!k->cookie)
        goto out;
    err = addr_unix(socket, &k->at);
    if (err < 0)
        goto out;
    loop_timer_init(l, &k->again, on_again, k);
    loop_timer_set(&k->again, DIAL_AGAIN);
    *out = k;
    k = NULL;
out:
    if (k)
        free(k->cookie);
    free(k);
    free(socket);
    return err;
}

void link_free(struct link *k)
{
    if (!k)
        return;
    if (k->dial)
        stream_dial_cancel(k->dial);
    loop_timer_clear(&k->again);
    control_free(k->control);
    auth_clear(&k->auth);
    free(k->cookie);
    free(k);
}

struct control *link_control(const struct link *k)
{
    return k->control;
}

const char *link_version(const struct link *k)
{
    return k->version;
}
