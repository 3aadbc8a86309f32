/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/solve.h"

#include <string.h>

enum { TRIES = 4096, PAUSE_MS = 1 }; /* some milliseconds of work, then others have their turn */

static void on_timer(void *arg)
{
    struct solve *s = arg;
    if (!work_try(s->owner, s->seed, s->bits, &s->next, TRIES, s->nonce)) {
        loop_timer_set(&s->timer, PAUSE_MS);
        return;
    }
    s->solved = true;
    s->done(s->arg);
}

void solve_init(struct solve *s, struct loop *l, const struct peer_id *owner,
                void (*done)(void *arg), void *arg)
{
    *s = (struct solve){.owner = owner, .done = done, .arg = arg};
    loop_timer_init(l, &s->timer, on_timer, s);
}

bool solve_begin(struct solve *s, const struct reservation_answer *a)
{
    if (a->status != RESERVATION_WORK || a->bits > WORK_BITS_MAX || s->times == SOLVE_TIMES_MAX)
        return false;
    s->times++;
    s->bits = (unsigned)a->bits;
    s->next = 0;
    s->solved = false;
    memcpy(s->seed, a->seed, sizeof(s->seed));
    loop_timer_set(&s->timer, 0);
    return true;
}

void solve_show(struct solve *s, struct reservation_request *r)
{
    bool solved = s->solved;
    s->solved = false;
    if (!solved || r->has_id || r->verb != RESERVATION_RESERVE)
        return;
    r->has_work = true;
    memcpy(r->seed, s->seed, sizeof(r->seed));
    memcpy(r->nonce, s->nonce, sizeof(r->nonce));
}

void solve_granted(struct solve *s)
{
    s->times = 0;
}

void solve_stop(struct solve *s)
{
    loop_timer_clear(&s->timer);
}
