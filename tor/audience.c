/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/audience.h"

#include <stddef.h>

#include "base/log.h"

const char *tor_state_name(enum tor_state state)
{
    static const char *const names[] = {
        "off",     "starting", "bootstrapping", "ready",
        "resting", "failed",   "ending"}; /* the last of tor.c's own */
    return names[state];
}

void audience_add(struct audience *a, struct audience_member *m)
{
    audience_remove(m);
    m->next = a->first;
    m->link = &a->first;
    if (m->next)
        m->next->link = &m->next;
    a->first = m;
}

void audience_remove(struct audience_member *m)
{
    if (!m->link)
        return;
    *m->link = m->next;
    if (m->next)
        m->next->link = m->link;
    m->link = NULL;
}

void audience_tell(struct audience *a, enum tor_state state, const struct beam_why *why,
                   uint64_t retry_ms)
{
    log_info("tor", "%s%s%s", tor_state_name(state), why ? ": " : "", why ? why->text : "");
    if (a->owner.state)
        a->owner.state(a->owner.arg, state, why, retry_ms);
    struct audience rest = *a;
    struct audience_member *m;
    a->first = NULL;
    if (rest.first)
        rest.first->link = &rest.first;
    /* Whoever has heard is in the audience again, so that any of both may go meanwhile. */
    while ((m = rest.first) != NULL) {
        audience_add(a, m);
        m->state(m->arg, state, why);
    }
}

void audience_progress(const struct audience *a, int percent, const char *summary)
{
    if (a->owner.progress)
        a->owner.progress(a->owner.arg, percent, summary);
}

void audience_warn(const struct audience *a, const struct beam_why *why)
{
    if (a->owner.warning)
        a->owner.warning(a->owner.arg, why);
}
