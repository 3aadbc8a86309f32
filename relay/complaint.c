/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/complaint.h"

enum { WHILE_MS = 60000, MOST = 16 /* that are heard in so long */ };

bool complaint_hear(struct complaint *c, const char *relay, const struct visit_head *notice,
                    uint64_t now_ms, struct beam_why *out)
{
    if (now_ms >= c->until) {
        c->until = now_ms + WHILE_MS;
        c->count = 0;
    }
    if (c->count++ >= MOST)
        return false;
    beam_why(out, BEAM_EPOLICY,
             "relay %s: refused %llu request%s of visitors (rule=%s) (its operator decides what "
             "passes)",
             relay, (unsigned long long)notice->count, notice->count == 1 ? "" : "s", notice->rule);
    return true;
}
