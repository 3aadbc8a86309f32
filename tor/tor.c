/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/tor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/backoff.h"
#include "base/file.h"
#include "base/log.h"
#include "tor/body.h"
#include "tor/doubt.h"
#include "tor/onions.h"
#include "tor/torrc.h"
#include "tor/watch.h"

enum {                         /* ms */
       START_DEADLINE = 30000, /* until tor is under control */
       LOCK_WAIT = 5000,       /* for a tor before us to leave the data directory */
       LOCK_POLL = 20,
       STOP_GRACE = 2000,
       LOST_GRACE = 1000, /* between the control connection's end and the process's */
       PAUSE_MIN = 250,   /* before the first restart; doubled each time */
       RAN_WELL = 30000   /* ready for so long, it starts from the first pause again */
};

/* Beside those of tor.h: the process is being ended; t->next comes then. */
#define TOR_ENDING ((enum tor_state)(TOR_FAILED + 1))

enum ev {
    EV_START,
    EV_STOP,
    EV_TIMER,        /* of the state */
    EV_CONTROLLED,   /* the link is ready */
    EV_BOOTSTRAPPED, /* 100 % */
    EV_REFUSED,      /* this tor will not do: t->why */
    EV_LOST,         /* the link is gone: t->why */
    EV_ENDED         /* so is the process: t->why, t->status */
};

struct tor {
    struct loop *loop;
    struct audience audience;
    struct onions *onions;
    struct addr socks;
    enum tor_state state, next;
    struct body body;
    struct watch watch;
    struct loop_timer timer;
    struct loop_task start, stop, broken; /* what the owner asked for, and onions_hooks */
    void (*stopped)(void *arg);
    void *stopped_arg;
    struct beam_why why;
    int status;          /* of the process that ended */
    bool was_controlled; /* since the owner started it */
    bool again;          /* started while it was being stopped */
    bool lost;           /* the link went before the process */
    unsigned failures;   /* ends in a row */
    uint64_t ready_at;   /* 0: not yet */
    struct doubt doubt;
    uint64_t wait_until; /* for the lock */
    char version[PROTOCOL_VERSION_SIZE];
};

static void tor_event(struct tor *t, enum ev ev);

bool tor_is_ours(const struct tor *t)
{
    return body_is_ours(&t->body);
}

static void hang_up(struct tor *t)
{
    watch_let_go(&t->watch);
    body_hang_up(&t->body);
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
    if (!watch_event(&t->watch, text))
        onions_event(t->onions, text);
}

static void on_link_closed(void *arg, int err, const struct beam_why *why)
{
    struct tor *t = arg;
    t->why = *why;
    hang_up(t);
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

/* ---- what is done on the way into a state ---------------------------------------------------- */

void tor_listen(struct tor *t, struct audience_member *m)
{
    audience_add(&t->audience, m);
}

static void enter_resting(struct tor *t)
{
    if (t->ready_at && loop_now(t->loop) - t->ready_at >= RAN_WELL)
        t->failures = 0;
    uint64_t pause = backoff_pause(t->failures, PAUSE_MIN, t->body.options.restart_max);
    if (++t->failures > 2)
        beam_why(&t->why, t->why.code, "%s (%u times in a row now)", t->why.text, t->failures);
    loop_timer_set(&t->timer, pause);
    onions_down(t->onions, &t->why, pause);
    audience_tell(&t->audience, t->state, &t->why, pause);
}

static void enter_off(struct tor *t)
{
    void (*stopped)(void *arg) = t->stopped;
    beam_why(&t->why, BEAM_ECANCELED, "tor was stopped");
    onions_down(t->onions, &t->why, 0);
    body_clean(&t->body);
    t->stopped = NULL;
    if (t->again)
        loop_post(t->loop, &t->start);
    t->again = false;
    audience_tell(&t->audience, t->state, NULL, 0);
    if (stopped)
        stopped(t->stopped_arg);
}

static void enter_bootstrapping(struct tor *t)
{
    struct control *control = link_control(t->body.link);
    t->was_controlled = true;
    memcpy(t->version, link_version(t->body.link), sizeof(t->version));
    if (!tor_is_ours(t))
        t->socks = *link_socks(t->body.link);
    onions_up(t->onions, control);
    audience_tell(&t->audience, t->state, NULL, 0);
    if (watch_take(&t->watch, control, t->body.options.answer_timeout) < 0)
        loop_post(t->loop, &t->broken);
}

static void tor_enter(struct tor *t, enum tor_state state)
{
    t->state = state;
    loop_timer_clear(&t->timer);
    if (state != TOR_BOOTSTRAPPING && state != TOR_READY && state != TOR_STARTING)
        watch_end(&t->watch);
    switch (state) {
    case TOR_OFF:
        enter_off(t);
        return;
    case TOR_STARTING:
        t->ready_at = 0;
        t->wait_until = loop_now(t->loop) + LOCK_WAIT;
        loop_timer_set(&t->timer, 0);
        audience_tell(&t->audience, t->state, NULL, 0);
        return;
    case TOR_BOOTSTRAPPING:
        enter_bootstrapping(t);
        return;
    case TOR_READY:
        t->ready_at = loop_now(t->loop);
        doubt_anew(&t->doubt);
        onions_reach(t->onions, t->body.options.bootstrap_timeout);
        audience_tell(&t->audience, t->state, NULL, 0);
        return;
    case TOR_RESTING:
        enter_resting(t);
        return;
    case TOR_FAILED:
        body_clean(&t->body);
        onions_fail(t->onions, &t->why);
        if (t->again)
            loop_post(t->loop, &t->start);
        t->again = false;
        audience_tell(&t->audience, t->state, &t->why, 0);
        return;
    }
}

/* Ends what runs, then enters `next`. */
static void end(struct tor *t, enum tor_state next, uint64_t grace)
{
    onions_detach(t->onions);
    hang_up(t);
    if (!t->body.spawn) {
        tor_enter(t, next);
        return;
    }
    t->next = next;
    t->state = TOR_ENDING;
    loop_timer_clear(&t->timer);
    watch_end(&t->watch);
    spawn_stop(t->body.spawn, grace);
}

/* One of ours that is not ready yet begins anew, for a reason that is no failure of its own. */
static void begin_anew(struct tor *t, const char *reason)
{
    if ((t->state != TOR_STARTING && t->state != TOR_BOOTSTRAPPING) || !t->body.spawn)
        return;
    beam_why(&t->why, BEAM_ECANCELED, "%s: tor, which was not ready yet, begins anew", reason);
    t->failures = 0;
    end(t, TOR_RESTING, LOST_GRACE);
}

static void on_jumped(void *arg)
{
    begin_anew(arg, "the clock was set, or this machine was asleep");
}

/* Starts the process, once no other holds its data directory; or looks for one that runs. */
static void launch(struct tor *t)
{
    if (body_locked(&t->body) && loop_now(t->loop) < t->wait_until) {
        loop_timer_set(&t->timer, LOCK_POLL);
        return;
    }
    body_renew(&t->body);
    t->lost = false;
    watch_begin(&t->watch, t->body.options.bootstrap_timeout,
                t->body.options.clock ? t->body.options.clock : clock_system());
    if (body_start(&t->body, &t->why) < 0)
        end(t, t->was_controlled ? TOR_RESTING : TOR_FAILED, 0);
    else
        loop_timer_set(&t->timer, START_DEADLINE);
}

/* It ended before control of it was had. If one did well before, or it was killed: once more. */
static void ended_early(struct tor *t)
{
    hang_up(t);
    bool by_itself = WIFEXITED(t->status) && WEXITSTATUS(t->status) != 0;
    bool for_good = t->why.code == BEAM_EPOLICY || (by_itself && !t->was_controlled);
    tor_enter(t, for_good ? TOR_FAILED : TOR_RESTING);
}

/* ---- what is decided ------------------------------------------------------------------------- */

static bool in_off(struct tor *t, enum ev ev)
{
    t->again = false;
    if (ev == EV_START) {
        t->was_controlled = false;
        t->failures = 0;
        tor_enter(t, TOR_STARTING);
    } else if (ev == EV_STOP) {
        tor_enter(t, TOR_OFF);
    } else {
        return false;
    }
    return true;
}

static bool in_starting(struct tor *t, enum ev ev)
{
    bool again;
    switch (ev) {
    case EV_START:
    case EV_BOOTSTRAPPED: /* asked for again once the link is ready */
        return true;
    case EV_STOP:
        end(t, TOR_OFF, STOP_GRACE);
        return true;
    case EV_TIMER:
        if (!t->body.spawn && !t->body.link) {
            launch(t);
            return true;
        }
        if (t->body.link)
            beam_why(&t->why, BEAM_ETIMEOUT, "tor could not be taken under control within %d s",
                     START_DEADLINE / 1000);
        end(t, TOR_RESTING, 0);
        return true;
    case EV_CONTROLLED:
        tor_enter(t, TOR_BOOTSTRAPPING);
        return true;
    case EV_REFUSED: /* one of another's that did well before may come back as it was */
        again = !tor_is_ours(t) && t->was_controlled && t->why.code != BEAM_EPOLICY;
        end(t, again ? TOR_RESTING : TOR_FAILED, 0);
        return true;
    case EV_LOST: /* its last words may be on their way */
        loop_timer_set(&t->timer, LOST_GRACE);
        return true;
    case EV_ENDED:
        ended_early(t);
        return true;
    }
    return false;
}

/* Bootstrapping and ready. */
static bool in_control(struct tor *t, enum ev ev)
{
    switch (ev) {
    case EV_START:
        return true;
    case EV_STOP:
        end(t, TOR_OFF, STOP_GRACE);
        return true;
    case EV_BOOTSTRAPPED:
        tor_enter(t, TOR_READY);
        return true;
    case EV_REFUSED:
    case EV_LOST:
        end(t, TOR_RESTING, LOST_GRACE);
        return true;
    case EV_ENDED:
        end(t, TOR_RESTING, 0);
        return true;
    case EV_TIMER:
    case EV_CONTROLLED:
        break;
    }
    return false;
}

static bool in_resting(struct tor *t, enum ev ev)
{
    if (ev == EV_START)
        return true;
    if (ev == EV_TIMER)
        tor_enter(t, TOR_STARTING);
    else if (ev == EV_STOP)
        tor_enter(t, TOR_OFF);
    else
        return false;
    return true;
}

static bool in_ending(struct tor *t, enum ev ev)
{
    if (ev == EV_START) {
        t->again = t->next == TOR_OFF || t->next == TOR_FAILED;
    } else if (ev == EV_STOP) {
        t->next = TOR_OFF;
        t->again = false;
    } else if (ev == EV_ENDED) {
        tor_enter(t, t->next);
    } else {
        return false;
    }
    return true;
}

static void tor_event(struct tor *t, enum ev ev)
{
    bool known = false;
    switch (t->state) {
    case TOR_OFF:
    case TOR_FAILED:
        known = in_off(t, ev);
        break;
    case TOR_STARTING:
        known = in_starting(t, ev);
        break;
    case TOR_BOOTSTRAPPING:
    case TOR_READY:
        known = in_control(t, ev);
        break;
    case TOR_RESTING:
        known = in_resting(t, ev);
        break;
    default: /* TOR_ENDING, which is no member of the enum */
        known = in_ending(t, ev);
    }
    if (known)
        return;
    beam_why(&t->why, BEAM_EPROTO, "tor: event %d has no place in state %s", (int)ev,
             tor_state_name(t->state));
    log_error("tor", "%s", t->why.text);
    end(t, TOR_FAILED, 0);
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
        begin_anew(t, "what it is told has changed");
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

struct onions *tor_onions(struct tor *t)
{
    return t->onions;
}

struct loop *tor_loop(const struct tor *t)
{
    return t->loop;
}
