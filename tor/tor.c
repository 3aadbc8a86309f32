/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/tor_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tor/torrc.h"

bool tor_is_ours(const struct tor *t)
{
    return body_is_ours(&t->body);
}

/* ---- what is heard of the process and over the link ------------------------------------------ */

static void on_bootstrapped(void *arg)
{
    struct tor *t = arg;
    if (t->state == TOR_BOOTSTRAPPING)
        tor_event(t, EV_BOOTSTRAPPED);
}

static void on_hung(void *arg)
{
    struct tor *t = arg;
    beam_why(&t->why, BEAM_ETIMEOUT, "tor has not answered for %llu s: it hangs",
             (unsigned long long)t->body.options.answer_timeout / 1000);
    tor_event(t, EV_LOST);
}

static void on_log(void *arg, const struct logline *l)
{
    struct tor *t = arg;
    if (t->state != TOR_ENDING)
        watch_log(&t->watch, l);
}

static void on_ended(void *arg, int status, const struct beam_why *why)
{
    struct tor *t = arg;
    t->status = status;
    /* Where it is we who end it, the reason is known; a link that was lost has it here. */
    if (t->state != TOR_ENDING || (t->lost && status != 0))
        t->why = *why;
    tor_event(t, EV_ENDED);
}

static void on_link_ready(void *arg)
{
    tor_event(arg, EV_CONTROLLED);
}

static void on_link_event(void *arg, const struct control_reply *event)
{
    struct tor *t = arg;
    const char *text = event->lines[0].text;
    struct hs_desc d;
    if (strcmp(text, "SIGNAL RELOAD") == 0)
        onions_reloaded(t->onions);
    if (watch_event(&t->watch, text) || hs_desc_parse(text, &d) < 0)
        return;
    fetches_event(&t->fetches, &d);
    onions_event(t->onions, &d);
}

static void on_link_closed(void *arg, int err, const struct beam_why *why)
{
    struct tor *t = arg;
    t->why = *why;
    tor_hang_up(t);
    if (!tor_is_ours(t) && t->state == TOR_STARTING) {
        tor_event(t, EV_REFUSED);
        return;
    }
    switch (err) {
    case BEAM_EAUTH:
    case BEAM_EPERM:
    case BEAM_EPROTO:
    case BEAM_EINVAL:
    case BEAM_EPOLICY:
        tor_event(t, EV_REFUSED);
        return;
    default:
        t->lost = true;
        tor_event(t, EV_LOST);
    }
}

static void on_jumped(void *arg)
{
    tor_begin_anew(arg, "the clock was set, or this machine was asleep");
}

/* ---- what the owner does --------------------------------------------------------------------- */

static void on_timer(void *arg)
{
    tor_event(arg, EV_TIMER);
}

static void on_start(void *arg)
{
    tor_event(arg, EV_START);
}

static void on_stop(void *arg)
{
    tor_event(arg, EV_STOP);
}

/* A service could not be taken down: the connection goes, and tor with it. */
static void on_broken(void *arg)
{
    struct tor *t = arg;
    if (!t->body.link)
        return;
    beam_why(&t->why, BEAM_ELIMIT, "tor does not take commands any more");
    tor_event(t, EV_LOST);
}

static void break_link(void *arg)
{
    struct tor *t = arg;
    loop_post(t->loop, &t->broken);
}

void tor_listen(struct tor *t, struct audience_member *m)
{
    audience_add(&t->audience, m);
}

int tor_new(struct loop *l, const struct tor_options *options, const struct tor_events *events,
            struct tor **out)
{
    struct tor *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->loop = l;
    t->audience.owner = *events;
    loop_task_init(&t->start, on_start, t);
    loop_task_init(&t->stop, on_stop, t);
    loop_task_init(&t->broken, on_broken, t);
    loop_timer_init(l, &t->timer, on_timer, t);
    const struct watch_events watch = {.audience = &t->audience,
                                       .done = on_bootstrapped,
                                       .jumped = on_jumped,
                                       .hung = on_hung,
                                       .arg = t};
    const struct body_events body = {.log = on_log,
                                     .ended = on_ended,
                                     .ready = on_link_ready,
                                     .event = on_link_event,
                                     .closed = on_link_closed,
                                     .arg = t};
    fetches_init(&t->fetches);
    watch_init(l, &t->watch, &watch);
    const struct onions_hooks hooks = {.broken = break_link, .arg = t};
    char *socks = file_join(options->dir, TORRC_SOCKS);
    int err = socks ? body_init(l, &t->body, options, &body) : BEAM_ENOMEM;
    if (err == 0)
        err = onions_new(l, &hooks, &t->onions);
    if (err < 0) {
        tor_free(t);
    } else {
        if (tor_is_ours(t))
            (void)addr_unix(socks, &t->socks); /* too long: said when it is started */
        *out = t;
    }
    free(socks);
    return err;
}

int tor_set_options(struct tor *t, const struct tor_options *options)
{
    int err = body_set_options(&t->body, options);
    if (err == 0)
        tor_begin_anew(t, "what it is told has changed");
    return err;
}

void tor_start(struct tor *t)
{
    loop_post(t->loop, &t->start);
}

void tor_stop(struct tor *t, void (*done)(void *arg), void *arg)
{
    t->stopped = done;
    t->stopped_arg = arg;
    loop_task_cancel(t->loop, &t->start);
    loop_post(t->loop, &t->stop);
}

void tor_free(struct tor *t)
{
    if (!t)
        return;
    loop_task_cancel(t->loop, &t->start);
    loop_task_cancel(t->loop, &t->stop);
    loop_task_cancel(t->loop, &t->broken);
    loop_timer_clear(&t->timer);
    watch_end(&t->watch);
    socks_port_stop(&t->socks_port);
    fetches_down(&t->fetches);
    body_clear(&t->body);
    onions_free(t->onions);
    free(t);
}

void tor_vouch(struct tor *t)
{
    doubt_reached(&t->doubt, loop_now(t->loop));
}

static void on_doubt(void *arg, const struct control_reply *r)
{
    struct tor *t = arg;
    if (t->state != TOR_READY || !doubt_answer(&t->doubt, loop_now(t->loop), r))
        return;
    beam_why(&t->why, BEAM_EUNREACH,
             "no onion can be reached, and tor itself says that it has no way into its network");
    tor_event(t, EV_LOST);
}

void tor_doubt(struct tor *t, uint64_t since)
{
    if (t->state == TOR_READY && tor_is_ours(t) && doubt_unreached(&t->doubt, since))
        (void)control_send(link_control(t->body.link), on_doubt, t, DOUBT_QUESTION);
}

enum tor_state tor_state(const struct tor *t)
{
    return t->state == TOR_ENDING ? t->next : t->state;
}

const char *tor_trouble(const struct tor *t)
{
    bool well = t->state == TOR_OFF || t->state == TOR_READY || t->failures == 0;
    return t->state == TOR_FAILED || !well ? t->why.text : "";
}

pid_t tor_pid(const struct tor *t)
{
    return t->body.spawn ? spawn_pid(t->body.spawn) : 0;
}

const char *tor_version(const struct tor *t)
{
    return t->version;
}

int tor_percent(const struct tor *t)
{
    return t->state == TOR_BOOTSTRAPPING || t->state == TOR_READY ? watch_percent(&t->watch) : 0;
}

bool tor_way(const struct tor *t, struct addr *at, const char **method)
{
    if (tor_is_ours(t) || (t->state != TOR_BOOTSTRAPPING && t->state != TOR_READY))
        return false;
    *at = *link_at(t->body.link);
    *method = protocol_method_name(link_method(t->body.link));
    return true;
}

const struct addr *tor_socks(const struct tor *t)
{
    return &t->socks;
}

struct fetches *tor_fetches(struct tor *t)
{
    return &t->fetches;
}

struct onions *tor_onions(struct tor *t)
{
    return t->onions;
}

struct loop *tor_loop(const struct tor *t)
{
    return t->loop;
}
