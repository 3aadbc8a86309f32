/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/list_age.h"

enum { DAY_S = 24 * 3600 };

static bool is_old(const struct denylists *d, size_t i, uint64_t now_s, uint64_t most_s)
{
    uint64_t made;
    return most_s > 0 && denylists_made(d, i, &made) && made < now_s && now_s - made > most_s;
}

bool list_age_next(struct list_age *a, const struct denylists *d, uint64_t now_s, uint64_t most_s,
                   struct beam_why *why)
{
    for (size_t i = 0; i < denylists_count(d); i++) {
        uint64_t made = 0;
        bool old = is_old(d, i, now_s, most_s);
        if (!old || a->told[i]) {
            a->told[i] = old;
            continue;
        }
        a->told[i] = true;
        (void)denylists_made(d, i, &made);
        beam_why(why, BEAM_ETIMEOUT,
                 "the denylist at %.200s was made %llu days ago and not renewed since: it stays in "
                 "force (ask who signs it whether there is a later one that does not come here)",
                 denylists_where(d, i), (unsigned long long)((now_s - made) / DAY_S));
        return true;
    }
    return false;
}

size_t list_age_count(const struct denylists *d, uint64_t now_s, uint64_t most_s)
{
    size_t n = 0;
    for (size_t i = 0; i < denylists_count(d); i++)
        n += is_old(d, i, now_s, most_s);
    return n;
}
