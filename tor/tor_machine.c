/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/tor_parts.h"

#include <string.h>
#include <sys/wait.h>

#include "base/backoff.h"
#include "base/log.h"

enum {                         /* ms */
       START_DEADLINE = 30000, /* until tor is under control */
       LOCK_WAIT = 5000,       /* for a tor before us to leave the data directory */
       LOCK_POLL = 20,
       STOP_GRACE = 2000,
       LOST_GRACE = 1000, /* between the control connection's end and the process's */
       PAUSE_MIN = 250,   /* before the first restart; doubled each time */
       RAN_WELL = 30000   /* ready for so long, it starts from the first pause again */
};

void tor_hang_up(struct tor *t)
{
    watch_let_go(&t->watch);
    socks_port_stop(&t->socks_port);
    body_hang_up(&t->body);
}

/* ---- what is done on the way into a state ---------------------------------------------------- */

/* Who waits for it has heard of none of its ends. Once is as it goes: the next may do well. */
static void warn_of_failures(struct tor *t)
{
    struct beam_why why;
    if (t->failures < 2 || t->warned)
        return;
    t->warned = true;
    beam_why(&why, t->why.code, "%s: it is tried again after a pause (run `beam doctor`)",
             t->why.text);
    audience_warn(&t->audience, &why);
}

static void enter_resting(struct tor *t)
{
    if (t->ready_at && loop_now(t->loop) - t->ready_at >= RAN_WELL)
        t->failures = 0;
    uint64_t pause = backoff_pause(t->failures, PAUSE_MIN, t->body.options.restart_max);
    if (++t->failures >= 2)
        beam_why(&t->why, t->why.code, "%s (%u times in a row now)", t->why.text, t->failures);
    loop_timer_set(&t->timer, pause);
    onions_down(t->onions, &t->why, pause);
    audience_tell(&t->audience, t->state, &t->why, pause);
    warn_of_failures(t);
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
    if (!tor_is_ours(t)) {
        t->socks = *link_socks(t->body.link);
        socks_port_start(t->loop, &t->socks_port, control, t->body.options.answer_timeout / 2,
                         &t->socks);
    }
    onions_up(t->onions, control);
    fetches_up(&t->fetches, control);
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
        t->warned = false;
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
    fetches_down(&t->fetches);
    tor_hang_up(t);
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

void tor_begin_anew(struct tor *t, const char *reason)
{
    if ((t->state != TOR_STARTING && t->state != TOR_BOOTSTRAPPING) || !t->body.spawn)
        return;
    beam_why(&t->why, BEAM_ECANCELED, "%s: tor, which was not ready yet, begins anew", reason);
    t->failures = 0;
    t->warned = false;
    end(t, TOR_RESTING, LOST_GRACE);
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
    tor_hang_up(t);
    bool by_itself = WIFEXITED(t->status) && WEXITSTATUS(t->status) != 0;
    bool for_good = t->why.code == BEAM_EPOLICY || (by_itself && !t->was_controlled);
    tor_enter(t, for_good ? TOR_FAILED : TOR_RESTING);
}

/* ---- what is decided ------------------------------------------------------------------------- */

static bool in_off(struct tor *t, enum tor_ev ev)
{
    t->again = false;
    if (ev == EV_START) {
        t->was_controlled = false;
        t->failures = 0;
        t->warned = false;
        tor_enter(t, TOR_STARTING);
    } else if (ev == EV_STOP) {
        tor_enter(t, TOR_OFF);
    } else {
        return false;
    }
    return true;
}

static bool in_starting(struct tor *t, enum tor_ev ev)
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
static bool in_control(struct tor *t, enum tor_ev ev)
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

static bool in_resting(struct tor *t, enum tor_ev ev)
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

static bool in_ending(struct tor *t, enum tor_ev ev)
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

void tor_event(struct tor *t, enum tor_ev ev)
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
