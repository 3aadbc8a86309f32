/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes that bytes pass through on their way from descriptor to descriptor
 * without being copied (splice(2)). One is needed only while bytes are in it:
 * whoever has emptied his gives it back, and few are ever open.
 */
#ifndef BEAM_LOOP_PIPE_H
#define BEAM_LOOP_PIPE_H

#include <stdbool.h>

struct pipe_pool;

struct pipe {
    int read_end, write_end; /* non-blocking, close-on-exec */
    struct pipe *next;       /* private */
};

/* 0 or BEAM_ENOMEM. */
int pipe_pool_new(struct pipe_pool **out);
/* Every pipe taken must have been given back. NULL allowed. */
void pipe_pool_free(struct pipe_pool *pool);

/* An empty pipe; BEAM_ENOMEM, or BEAM_ELIMIT when the system grants no more
 * pipes or only ones too small to be of use. */
int pipe_take(struct pipe_pool *pool, struct pipe **out);
/* Gives one back: an empty one may be used again, one with bytes in it is closed. */
void pipe_give(struct pipe_pool *pool, struct pipe *p, bool empty);

#endif
