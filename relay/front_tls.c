/* SPDX-License-Identifier: BSD-3-Clause */
/* Visitors at the front whose TLS is for an owner to open: which those are, and what they are told
 * when they cannot be brought there. */
#include <string.h>

#include "relay/front_parts.h"

/* Of RFC 8446, 6, unencrypted, as to a hello that no server takes. */
enum { ALERT_INTERNAL = 80, ALERT_UNRECOGNIZED_NAME = 112, ALERT_LEN = 7 };

static const struct lease *find(const struct front *f, const char *host)
{
    struct endpoint e;
    uint64_t now = f->spec.clock->wall_ms(f->spec.clock->arg);
    if (!terms_offers(f->spec.terms, RESERVATION_TLS) ||
        !endpoint_find_host(f->spec.base, (struct http_text){host, strlen(host)}, &e) || !e.sealed)
        return NULL;
    const struct lease *l = e.name[0] ? lease_by_name(f->spec.store, e.name, now)
                                      : lease_by_id(f->spec.store, e.id, now);
    return l && l->kind == RESERVATION_TLS ? l : NULL;
}

bool front_passes_tls(const struct front *f, const char *host)
{
    return endpoint_is_sealed(f->spec.base, (struct http_text){host, strlen(host)});
}

/* What it asked for cannot be had, or not now: the relay has no certificate for it to say more
 * with. */
static void refuse(struct front *f, struct stream *s, uint8_t because)
{
    const uint8_t alert[ALERT_LEN] = {21, 3, 3, 0, 2, 2, because};
    struct buf out;
    buf_init(&out, loop_pool(f->spec.loop), sizeof(alert));
    if (buf_add(&out, alert, sizeof(alert)) < 0 || stream_write(s, &out) != ALERT_LEN)
        stream_reset(s);
    buf_clear(&out);
    stream_free(s);
}

void front_visitor_unopened(struct front *f, struct stream *s, const struct addr *from,
                            const char *host)
{
    char visitor[VISIT_HEAD_VISITOR_SIZE];
    const struct lease *lease = find(f, host);
    struct net at;
    net_of(from, &at);
    visit_head_visitor(from, visitor);
    f->spec.counts->visitors++;
    if (lease && front_bytes_begin(f, s, &at, visitor, lease, VISIT_HEAD_TLS, 0))
        f->spec.counts->unopened++;
    else
        refuse(f, s, lease ? ALERT_INTERNAL : ALERT_UNRECOGNIZED_NAME);
}
