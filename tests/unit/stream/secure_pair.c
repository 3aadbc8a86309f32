/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/stream/secure_pair.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

void secure_end_open(struct secure_end *e, uint8_t seed, bool initiator)
{
    uint8_t bytes[KEY_SEED_SIZE] = {seed};
    struct key_public key;
    memset(e, 0, sizeof(*e));
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(key_pair_from_seed(bytes, &e->identity), 0);
    key_pair_public(e->identity, &key);
    cr_assert_eq(peer_id_from_key(&key, &e->id), 0);
    e->spec = (struct secure_spec){.identity = e->identity, .initiator = initiator};
}

static void on_secure(void *arg, int err, const struct beam_why *why, struct stream *s,
                      const struct secure_result *r)
{
    struct secure_end *e = arg;
    cr_assert(!e->answered);
    cr_assert((err == 0) == (s != NULL) && (err == 0) == (r != NULL));
    e->answered = true;
    e->secure = NULL;
    e->err = err;
    e->stream = s;
    if (err < 0)
        e->why = *why;
    if (r)
        e->result = *r;
}

void secure_end_start(struct secure_end *e, struct loop *l, struct stream *under)
{
    int err = secure_start(l, under, &e->spec, on_secure, e, &e->secure);
    if (err < 0)
        stream_free(under);
    cr_assert_eq(err, 0);
}

void secure_end_close(struct secure_end *e)
{
    secure_cancel(e->secure);
    stream_free(e->stream);
    key_pair_free(e->identity);
}

struct both {
    struct secure_end near, far;
};

static bool both_answered(void *arg)
{
    struct both *b = arg;
    return b->near.answered && b->far.answered;
}

void secure_pair(struct loop *l, struct stream *a, struct stream *b, struct stream **near,
                 struct stream **far)
{
    struct both both;
    secure_end_open(&both.near, 1, true);
    secure_end_open(&both.far, 2, false);
    secure_end_start(&both.near, l, a);
    secure_end_start(&both.far, l, b);
    cr_assert(until(l, both_answered, &both));
    cr_assert(both.near.err == 0 && both.far.err == 0);
    *near = both.near.stream;
    *far = both.far.stream;
    both.near.stream = both.far.stream = NULL;
    secure_end_close(&both.near);
    secure_end_close(&both.far);
}
