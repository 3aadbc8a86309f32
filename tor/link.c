/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "stream/socket.h"
#include "tor/port_owner.h"
#include "tor/socks_port.h"
#include "tor/torrc.h"

enum {
    DIAL_TIMEOUT = 5000, /* ms */
    DIAL_AGAIN = 250,    /* ms; mostly link_poke is faster */
    PLACE_TIMEOUT = 8000 /* ms, from dialling one that runs already to `ready` */
};

struct link {
    struct loop *loop;
    struct link_spec spec;
    struct link_events events;
    struct addr at;
    char *cookie; /* of a tor of ours */
    size_t place; /* of spec.places */
    struct stream_dial *dial;
    struct loop_timer again; /* dials */
    struct loop_timer late;  /* at a place */
    struct control *control;
    struct auth auth;
    bool ready;
    size_t step; /* of the setup */
    struct addr socks;
    struct beam_why why; /* of the first place where somebody was; "" until then */
};

/* ---- its end ---- */

static void hang_up(struct link *k)
{
    if (k->dial)
        stream_dial_cancel(k->dial);
    k->dial = NULL;
    control_free(k->control);
    k->control = NULL;
    auth_clear(&k->auth);
    loop_timer_clear(&k->late);
}

/* What is at this place will not do. The next is tried; after the last, the first failure counts
 * that was more than nobody there. */
static void place_failed(struct link *k, int err, const struct beam_why *why)
{
    const struct places *places = k->spec.places;
    hang_up(k);
    if (!k->why.text[0] && (err != BEAM_EREFUSED || !places->usual))
        k->why = *why;
    if (++k->place < places->count) {
        k->step = 0;
        loop_timer_set(&k->again, 0);
        return;
    }
    if (!k->why.text[0])
        (void)places_none(places, &k->why);
    k->events.closed(k->events.arg, k->why.code, &k->why);
}

static void close_down(struct link *k, int err, const struct beam_why *why)
{
    if (!k->spec.places || k->ready) {
        k->events.closed(k->events.arg, err, why);
        return;
    }
    struct beam_why at;
    char place[ADDR_TEXT_SIZE];
    addr_text(&k->at, place);
    beam_why(&at, err, "%s: %s", place, why->text);
    place_failed(k, err, &at);
}

static void on_event(void *arg, const struct control_reply *event)
{
    struct link *k = arg;
    if (k->ready || !k->spec.places)
        k->events.event(k->events.arg, event);
}

static void on_closed(void *arg, int err)
{
    struct link *k = arg;
    struct beam_why why;
    bool garbage = err == BEAM_EPROTO || err == BEAM_ELIMIT;
    if (k->spec.places && !k->ready && garbage)
        beam_why(&why, BEAM_EPROTO,
                 "what answers there is not tor's control port (see tor.control)");
    else
        beam_why(&why, err, "the control connection to tor ended: %s", beam_err_text(err));
    close_down(k, why.code, &why);
}

static void on_late(void *arg)
{
    struct link *k = arg;
    struct beam_why why;
    beam_why(&why, BEAM_ETIMEOUT,
             "what listens there does not answer as tor's control port would, for %d s (see "
             "tor.control)",
             PLACE_TIMEOUT / 1000);
    close_down(k, why.code, &why);
}

/* ---- the setup ---- */

/* "…=0" for both: anything else is not known to be anonymous. */
static int check_anonymous(struct link *k, const struct control_reply *r, struct beam_why *why)
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
                    "its onion services show where this machine is (%s)",
                    k->spec.places ? "take another tor, or none: without tor.control beam starts "
                                     "one of its own"
                                   : "take them out of tor.torrc");
}

static int note_socks(struct link *k, const struct control_reply *r, struct beam_why *why)
{
    (void)why;
    socks_port_note(r, &k->socks);
    return 0;
}

struct step {
    const char *command;
    int (*check)(struct link *k, const struct control_reply *r, struct beam_why *why);
};

#define SUBSCRIBE "SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC"
#define ANONYMOUS "GETCONF HiddenServiceNonAnonymousMode HiddenServiceSingleHopMode"

/* What is asked of a tor that is ours, in order; and of one that is not, which changes nothing of
 * it. docs/protocol/tor-control.md lists them. */
static const struct step own_steps[] = {
    {"TAKEOWNERSHIP", NULL},
    {SUBSCRIBE " SIGNAL", NULL},
    {ANONYMOUS, check_anonymous},
    {NULL, NULL},
};
static const struct step other_steps[] = {
    {ANONYMOUS, check_anonymous},
    {SUBSCRIBE, NULL},
    {SOCKS_PORT_QUESTION, note_socks},
    {NULL, NULL},
};

static const struct step *step_of(const struct link *k)
{
    static const struct step none = {NULL, NULL};
    if (k->spec.places)
        return &other_steps[k->step];
    return k->spec.own ? &own_steps[k->step] : &none;
}

static void on_step(void *arg, const struct control_reply *r);

static void next_step(struct link *k)
{
    const struct step *step = step_of(k);
    if (!step->command) {
        loop_timer_clear(&k->late);
        k->ready = true;
        k->events.ready(k->events.arg);
        return;
    }
    int err = control_send(k->control, on_step, k, "%s", step->command);
    if (err < 0)
        on_closed(k, err);
}

static void on_step(void *arg, const struct control_reply *r)
{
    struct link *k = arg;
    const struct step *step = step_of(k);
    struct beam_why why;
    int err = 0;
    k->step++;
    if (r->code != 250) {
        char said[200];
        text_escape(r->lines[0].text, r->lines[0].text_len, said, sizeof(said));
        err =
            beam_why(&why, BEAM_EPROTO, "tor refuses %.*s: %u %s%s",
                     (int)strcspn(step->command, " "), step->command, r->code, said,
                     k->spec.places ? " (a filter before its control port must allow the commands "
                                      "that beam needs; see beam.conf(5))"
                                    : "");
    } else if (step->check) {
        err = step->check(k, r, &why);
    }
    if (err < 0)
        close_down(k, err, &why);
    else
        next_step(k);
}

static void on_authenticated(void *arg, int err, const struct beam_why *why)
{
    struct link *k = arg;
    if (err < 0) {
        close_down(k, err, why);
        return;
    }
    if (k->spec.places)
        k->spec.places->list[k->place].known = k->auth.method;
    next_step(k);
}

static void begin(struct link *k, struct stream *s)
{
    const struct place *place = k->spec.places ? &k->spec.places->list[k->place] : NULL;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = k};
    const struct auth_spec auth = {
        .rng = rng_system(),
        .cookie = k->cookie,
        .password_file = k->spec.password_file,
        .proof = place && place->proof,
        .listener = place && place->proof ? port_owner(&place->at) : PORT_OWNER_NOBODY,
        .known = place ? place->known : 0,
        .tcp = place && addr_path(&place->at) == NULL,
    };
    int err = control_new(k->loop, s, &events, &k->control);
    if (err == 0)
        err = auth_start(&k->auth, k->control, &auth, on_authenticated, k);
    if (err < 0)
        on_closed(k, err);
}

/* ---- the way there ---- */

static void not_reached(struct link *k, int err)
{
    struct beam_why why;
    if (!k->spec.places) {
        loop_timer_set(&k->again, DIAL_AGAIN);
        return;
    }
    err = places_unreached(&k->spec.places->list[k->place], err, &why);
    place_failed(k, err, &why);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct link *k = arg;
    k->dial = NULL;
    if (err == 0)
        begin(k, s);
    else
        not_reached(k, err);
}

void link_poke(struct link *k)
{
    if (k->dial || k->control)
        return;
    loop_timer_clear(&k->again);
    if (k->spec.places) {
        k->at = k->spec.places->list[k->place].at;
        loop_timer_set(&k->late, PLACE_TIMEOUT);
    }
    int err = stream_dial(k->loop, k->spec.permit, &k->at, PERMIT_TYPED, DIAL_TIMEOUT, on_dialled,
                          k, &k->dial);
    if (err < 0)
        not_reached(k, err);
}

static void on_again(void *arg)
{
    link_poke(arg);
}

/* Where the socket and the cookie of a tor of ours are. */
static int find_own(struct link *k)
{
    char *socket = file_join(k->spec.dir, TORRC_CONTROL);
    k->cookie = file_join(k->spec.dir, TORRC_COOKIE);
    int err = socket && k->cookie ? addr_unix(socket, &k->at) : BEAM_ENOMEM;
    free(socket);
    return err;
}

int link_open(struct loop *l, const struct link_spec *spec, const struct link_events *events,
              struct link **out)
{
    struct link *k = calloc(1, sizeof(*k));
    if (!k)
        return BEAM_ENOMEM;
    k->loop = l;
    k->spec = *spec;
    k->events = *events;
    loop_timer_init(l, &k->again, on_again, k);
    loop_timer_init(l, &k->late, on_late, k);
    int err = spec->places ? 0 : find_own(k);
    if (err < 0) {
        link_free(k);
        return err;
    }
    loop_timer_set(&k->again, spec->places ? 0 : DIAL_AGAIN);
    *out = k;
    return 0;
}

void link_free(struct link *k)
{
    if (!k)
        return;
    loop_timer_clear(&k->again);
    hang_up(k);
    free(k->cookie);
    free(k);
}

struct control *link_control(const struct link *k)
{
    return k->control;
}

const char *link_version(const struct link *k)
{
    return k->auth.info.version;
}

const struct addr *link_at(const struct link *k)
{
    return &k->at;
}

enum protocol_method link_method(const struct link *k)
{
    return k->auth.method;
}

const struct addr *link_socks(const struct link *k)
{
    return &k->socks;
}
