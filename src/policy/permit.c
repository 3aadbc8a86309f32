/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/permit.h"

#include <stdlib.h>
#include <string.h>

/* Scopes are kept as bits, one for each enum addr_scope. */
#define SCOPE(s) (1u << (s))

struct permit {
    unsigned typed, nearby, learned; /* the scopes that may be dialled, by who named the address */
    bool tor;
    const char *egress;
    char policy[POLICY_NAME_SIZE];
};

static int make(const struct permit *scopes, const char *egress, const char *policy,
                struct permit **out)
{
    struct permit *p = calloc(1, sizeof(*p));
    if (!p)
        return BEAM_ENOMEM;
    *p = *scopes;
    p->egress = egress;
    size_t len = strnlen(policy, sizeof(p->policy) - 1);
    memcpy(p->policy, policy, len);
    *out = p;
    return 0;
}

int permit_new(const struct policy *policy, struct permit **out)
{
    unsigned typed = SCOPE(ADDR_UNIX) | SCOPE(ADDR_LOOPBACK), nearby = 0, learned = 0;
    if (policy->egress == POLICY_EGRESS_LAN)
        typed |= SCOPE(ADDR_LAN);
    if (policy->egress == POLICY_EGRESS_ANY) {
        typed |= SCOPE(ADDR_LAN) | SCOPE(ADDR_GLOBAL);
        learned = SCOPE(ADDR_GLOBAL);
    }
    if (policy->discovery & POLICY_DISCOVERY_LAN && policy->egress != POLICY_EGRESS_TOR)
        nearby = SCOPE(ADDR_LAN);
    if (policy->allow_private) {
        learned |= typed & (SCOPE(ADDR_LOOPBACK) | SCOPE(ADDR_LAN));
        nearby |= nearby ? SCOPE(ADDR_LOOPBACK) : 0;
    }
    const struct permit scopes = {
        .typed = typed, .nearby = nearby, .learned = learned, .tor = true};
    return make(&scopes, policy_egress_name(policy->egress), policy->name, out);
}

int permit_new_local(struct permit **out)
{
    const struct permit scopes = {.typed = SCOPE(ADDR_UNIX) | SCOPE(ADDR_LOOPBACK)};
    return make(&scopes, "none", "local", out);
}

void permit_free(struct permit *p)
{
    free(p);
}

static const char *const scope_names[] = {
    [ADDR_UNIX] = "a unix socket",
    [ADDR_LOOPBACK] = "a loopback address",
    [ADDR_LAN] = "a private address",
    [ADDR_GLOBAL] = "an address beyond this network",
};

static unsigned scopes_of(const struct permit *p, enum permit_origin origin)
{
    switch (origin) {
    case PERMIT_TYPED:
        return p->typed;
    case PERMIT_NEARBY:
        return p->nearby;
    case PERMIT_LEARNED:
        return p->learned;
    }
    return 0;
}

int permit_check(const struct permit *p, const struct addr *to, enum permit_origin origin,
                 struct beam_why *why)
{
    enum addr_scope scope = addr_scope(to);
    unsigned scopes = scopes_of(p, origin);
    /* To the kernel the unspecified address is this machine. */
    bool here = scope != ADDR_GLOBAL || addr_unspecified(to);
    if (origin != PERMIT_TYPED && here && (scope == ADDR_GLOBAL || (scopes & SCOPE(scope)) == 0))
        return beam_why(why, BEAM_EPOLICY,
                        "policy %s: %s that the network named is never dialled (only one that you "
                        "type or configure is)",
                        p->policy,
                        scope == ADDR_GLOBAL ? "an unspecified address" : scope_names[scope]);
    if ((scopes & SCOPE(scope)) == 0)
        return beam_why(why, BEAM_EPOLICY,
                        "policy %s: its egress is `%s`, which does not reach %s (choose a policy "
                        "whose egress does)",
                        p->policy, p->egress, scope_names[scope]);
    return 0;
}

int permit_check_listen(const struct permit *p, const struct addr *at, struct beam_why *why)
{
    if ((p->typed & SCOPE(addr_scope(at))) != 0)
        return 0;
    return beam_why(
        why, BEAM_EPOLICY,
        "policy %s: its egress is `%s`, under which nothing is taken at %s (listen at a "
        "loopback address, or as an onion service, or choose a policy whose egress "
        "reaches there)",
        p->policy, p->egress, scope_names[addr_scope(at)]);
}

int permit_check_nearby(const struct permit *p, const struct addr *at, struct beam_why *why)
{
    if ((p->nearby & SCOPE(addr_scope(at))) != 0)
        return 0;
    return beam_why(why, BEAM_EPOLICY, "policy %s: nobody is looked for at %s", p->policy,
                    scope_names[addr_scope(at)]);
}

int permit_check_tor(const struct permit *p, struct beam_why *why)
{
    if (!p->tor)
        return beam_why(why, BEAM_EPOLICY, "policy %s: nothing of it goes through Tor", p->policy);
    return 0;
}
