/* SPDX-License-Identifier: BSD-3-Clause */
/* A text put together line by line in a buffer of fixed size; an error sticks. Pure. */
#ifndef BEAM_TOR_PAGE_H
#define BEAM_TOR_PAGE_H

#include <stddef.h>

#include "base/err.h"

struct page {
    char *at;
    size_t left;
    int err; /* 0 or the first error */
};

void page_init(struct page *p, char *out, size_t size);
/* BEAM_ELIMIT when it does not fit. */
void page_put(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* `before`, the path "dir/name" (name NULL: dir) quoted for a torrc, `after`, a
 * newline. BEAM_EINVAL: a control character in the path. */
void page_put_path(struct page *p, const char *before, const char *dir, const char *name,
                   const char *after);

#endif
