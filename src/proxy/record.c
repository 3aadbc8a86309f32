/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/record.h"

#include <string.h>

static void copy(char *to, struct http_text text, size_t max)
{
    size_t n = text.len < max ? text.len : max;
    memcpy(to, text.at, n);
    to[n] = '\0';
}

void record_exchange(const struct engine_events *events, const struct exchange *x, uint64_t ms)
{
    char method[HTTP_METHOD_MAX + 1] = "", target[ENGINE_TARGET_MAX + 1] = "";
    if (x->heard) {
        copy(method, x->request.method, HTTP_METHOD_MAX);
        copy(target, x->request.target, ENGINE_TARGET_MAX);
    }
    const struct engine_record r = {.method = method,
                                    .target = target,
                                    .status = x->status,
                                    .ms = ms,
                                    .in = x->in,
                                    .out = x->out};
    if (events->record)
        events->record(events->arg, &r);
}

void record_switched(const struct engine_events *events, const struct switched *s, uint64_t ms)
{
    const struct engine_record r = {
        .method = "", .target = "", .ms = ms, .in = switched_in(s), .out = switched_out(s)};
    if (events->record && (r.in > 0 || r.out > 0))
        events->record(events->arg, &r);
}
