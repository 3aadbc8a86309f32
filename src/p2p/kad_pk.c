/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/err.h"
#include "p2p/kad.h"

static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    enum { PREFIX = 4 };
    struct peer_id id;
    struct key_public public;
    (void)arg;
    (void)wall_ms;
    if (key.len < PREFIX || memcmp(key.at, "/pk/", PREFIX) != 0)
        return BEAM_EINVAL;
    int err = peer_id_decode(key.at + PREFIX, key.len - PREFIX, &id, NULL);
    if (err == 0)
        err = key_public_decode(value.at, value.len, &public);
    return err == 0 && !peer_id_is_of(&id, &public) ? BEAM_EAUTH : err;
}

/* A key has one encoding. */
static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    (void)a;
    (void)b;
    return 0;
}

const struct kad_validator kad_pk = {.name = "pk", .check = check, .compare = compare};
