/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_contact.h"

#include "p2p/way.h"

void kad_contact_tell(struct kad_contact *contact, const struct permit *permit,
                      const struct multiaddr *a)
{
    struct way_target way;
    if (contact->n < KAD_ADDRS_MAX &&
        way_find(a, permit, PERMIT_LEARNED, WAY_BY_TOR | WAY_BY_CIRCUIT, &way, NULL) == 0)
        contact->addrs[contact->n++] = (struct kad_text){.at = a->bytes, .len = a->len};
}

/* Somebody may speak protocols that are not known here, but not at a place that is none. */
static bool may_be_elsewhere(const struct kad_text *t)
{
    struct multiaddr start;
    return multiaddr_decode_start(t->at, t->len, &start) == 0 && way_public(&start, false);
}

enum kad_heed kad_contact_read(const struct kad_contact *contact, const struct permit *permit,
                               unsigned means, struct multiaddr addrs[KAD_ADDRS_MAX], size_t *n)
{
    struct way_target way;
    size_t kept = 0, elsewhere = 0;
    for (size_t i = 0; i < contact->n; i++) {
        const struct kad_text *t = &contact->addrs[i];
        if (multiaddr_decode(t->at, t->len, &addrs[kept], NULL) == 0 &&
            way_find(&addrs[kept], permit, PERMIT_LEARNED, means, &way, NULL) == 0)
            kept++;
        else
            elsewhere += may_be_elsewhere(t);
    }
    *n = kept;
    if (kept > 0)
        return KAD_FOLLOWED;
    return contact->n > 0 && elsewhere == 0 ? KAD_BOGUS : KAD_PASSED_OVER;
}

kad_group kad_contact_group(const struct multiaddr *a)
{
    enum multiaddr_code transport;
    struct addr addr;
    size_t pos = 0;
    struct multiaddr_part part;
    if (!a || multiaddr_to_addr(a, &addr, &transport) < 0 || addr_scope(&addr) != ADDR_GLOBAL ||
        multiaddr_has(a, MULTIADDR_P2P_CIRCUIT) || !multiaddr_next(a, &pos, &part))
        return KAD_NOWHERE;
    if (part.code == MULTIADDR_IP4)
        return 0x01000000u | (kad_group)part.at[0] << 8 | part.at[1];
    return (kad_group)part.at[0] << 24 | (kad_group)part.at[1] << 16 | (kad_group)part.at[2] << 8 |
           part.at[3];
}
