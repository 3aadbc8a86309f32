/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/announce.h"

#include <stdio.h>
#include <stdlib.h>

#include "p2p/kad_own.h"

enum { AGAIN_MS = 30 * 60 * 1000 /* nodes come and go, and we fill up */ };

struct announce {
    struct announce_spec spec;
    struct kad_own *info, *listed;
    uint8_t value[INFO_MAX]; /* what was put last */
};

static void fill(const struct announce *a, struct relay_info *info)
{
    const struct announce_spec *s = &a->spec;
    const struct multiaddr *addr;
    *info = (struct relay_info){.made = s->clock->wall_ms(s->clock->arg),
                                .kinds = s->terms->kinds,
                                .reservations = lease_count(s->store),
                                .max_reservations = s->max_reservations};
    for (size_t i = 0; info->addr_count < INFO_ADDRS_MAX && (addr = host_addr(s->host, i)); i++)
        if (way_public(addr, s->allow_private))
            info->addrs[info->addr_count++] = *addr;
    (void)snprintf(info->url, sizeof(info->url), "%s", s->url);
    (void)snprintf(info->version, sizeof(info->version), "%s", s->version);
    (void)snprintf(info->contact, sizeof(info->contact), "%s", s->contact);
}

/* What it says of itself now. Who listens to news is told, too; whom that does not reach asks the
 * DHT. */
static int on_value(void *arg, struct kad_text *out)
{
    struct announce *a = arg;
    struct relay_info *info = malloc(sizeof(*info));
    size_t len = 0;
    if (!info)
        return BEAM_ENOMEM;
    fill(a, info);
    int err = info_seal(a->spec.key, info, a->value, sizeof(a->value), &len);
    free(info);
    if (err < 0)
        return err;
    if (a->spec.news)
        (void)news_tell(a->spec.news, a->value, len);
    *out = (struct kad_text){.at = a->value, .len = len};
    return 0;
}

static int begin(struct announce *a)
{
    uint8_t key[INFO_KEY_MAX];
    struct kad_own_spec own = {.loop = a->spec.loop,
                               .kad = a->spec.kad,
                               .what = "what is known of this relay",
                               .key = {.at = key, .len = info_key(host_id(a->spec.host), key)},
                               .value = on_value,
                               .arg = a,
                               .again_ms = AGAIN_MS};
    int err = kad_store_register(kad_store(a->spec.kad), &info_validator);
    if (err == 0 || err == BEAM_EEXIST)
        err = kad_own_new(&own, &a->info);
    own.what = "the list of relays";
    own.key = info_topic();
    own.value = NULL;
    return err < 0 ? err : kad_own_new(&own, &a->listed);
}

int announce_new(const struct announce_spec *spec, struct announce **out)
{
    struct announce *a = calloc(1, sizeof(*a));
    if (!a)
        return BEAM_ENOMEM;
    a->spec = *spec;
    int err = begin(a);
    if (err < 0)
        announce_free(a);
    else
        *out = a;
    return err;
}

void announce_free(struct announce *a)
{
    if (!a)
        return;
    kad_own_free(a->info);
    kad_own_free(a->listed);
    free(a);
}
