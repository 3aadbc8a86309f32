/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/solve.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { TRIES = 4096, PAUSE_MS = 1 }; /* some milliseconds of work, then others have their turn */

struct solve {
    struct peer_id owner;
    uint8_t seed[WORK_SEED_SIZE];
    unsigned bits;
    uint64_t next;
    struct loop_timer timer;
    solve_fn *done;
    void *arg;
};

void solve_cancel(struct solve *s)
{
    if (!s)
        return;
    loop_timer_clear(&s->timer);
    free(s);
}

static void on_timer(void *arg)
{
    struct solve *s = arg;
    uint8_t nonce[WORK_NONCE_SIZE];
    if (!work_try(&s->owner, s->seed, s->bits, &s->next, TRIES, nonce)) {
        loop_timer_set(&s->timer, PAUSE_MS);
        return;
    }
    solve_fn *done = s->done;
    void *to = s->arg;
    solve_cancel(s);
    done(to, nonce);
}

int solve_start(struct loop *l, const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE],
                unsigned bits, solve_fn *done, void *arg, struct solve **out)
{
    struct solve *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->owner = *owner;
    s->bits = bits;
    s->done = done;
    s->arg = arg;
    memcpy(s->seed, seed, sizeof(s->seed));
    loop_timer_init(l, &s->timer, on_timer, s);
    loop_timer_set(&s->timer, 0);
    *out = s;
    return 0;
}
