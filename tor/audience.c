/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/audience.h"

#include <stddef.h>

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

void audience_tell(struct audience *a, enum tor_state state, const struct beam_why *why)
{
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
