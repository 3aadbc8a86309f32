/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/flow.h"

void flow_begin(struct flow *f, uint64_t now_ms)
{
    *f = (struct flow){.last = now_ms};
}

void flow_hear(struct flow *f, size_t len, uint64_t now_ms)
{
    f->heard += len + FLOW_HEADERS;
    f->last = now_ms;
    if (f->answered && f->rounds < FLOW_ROUNDS)
        f->rounds++;
    f->answered = false;
}

bool flow_is_mutual(const struct flow *f)
{
    return f->rounds >= FLOW_ROUNDS;
}

bool flow_say(struct flow *f, size_t len)
{
    uint64_t after = f->said + len + FLOW_HEADERS;
    if (!flow_is_mutual(f) && after > FLOW_RATIO * f->heard)
        return false;
    f->said = after;
    f->answered = true;
    f->ever = true;
    return true;
}

uint64_t flow_ends(const struct flow *f, uint64_t idle_ms)
{
    uint64_t ms = f->ever || idle_ms < FLOW_SILENT_MS ? idle_ms : FLOW_SILENT_MS;
    return f->last + ms;
}
