/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/pipe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"

enum {
    KEEP = 4,                  /* empty ones kept open */
    SIZE_WANTED = 1024 * 1024, /* what an ordinary user may ask for at most, by default */
    SIZE_NEEDED = 64 * 1024    /* past a user's share the system grants a page or two */
};

struct pipe_pool {
    struct pipe *idle;
    int idle_count;
};

int pipe_pool_new(struct pipe_pool **out)
{
    struct pipe_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return BEAM_ENOMEM;
    *out = pool;
    return 0;
}

static void discard(struct pipe *p)
{
    close(p->read_end);
    close(p->write_end);
    free(p);
}

void pipe_pool_free(struct pipe_pool *pool)
{
    if (!pool)
        return;
    while (pool->idle) {
        struct pipe *p = pool->idle;
        pool->idle = p->next;
        discard(p);
    }
    free(pool);
}

static int make(struct pipe **out)
{
    int fds[2];
    struct pipe *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        free(p);
        return BEAM_ELIMIT;
    }
    p->read_end = fds[0];
    p->write_end = fds[1];
    if (fcntl(p->write_end, F_SETPIPE_SZ, SIZE_WANTED) < 0 &&
        fcntl(p->write_end, F_GETPIPE_SZ) < SIZE_NEEDED) {
        discard(p);
        return BEAM_ELIMIT;
    }
    *out = p;
    return 0;
}

int pipe_take(struct pipe_pool *pool, struct pipe **out)
{
    struct pipe *p = pool->idle;
    if (!p)
        return make(out);
    pool->idle = p->next;
    pool->idle_count--;
    p->next = NULL;
    *out = p;
    return 0;
}

void pipe_give(struct pipe_pool *pool, struct pipe *p, bool empty)
{
    if (!empty || pool->idle_count >= KEEP) {
        discard(p);
        return;
    }
    p->next = pool->idle;
    pool->idle = p;
    pool->idle_count++;
}
