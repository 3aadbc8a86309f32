/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_message.h"

#include <stdlib.h>

#include "base/err.h"
#include "tests/unit/identity/hex.h"
#include "tests/unit/p2p/kad_kit.h"

static struct kad_message *fresh(void)
{
    struct kad_message *m = calloc(1, sizeof(*m));
    cr_assert_not_null(m);
    return m;
}

/* Bytes that js-libp2p made. */
BEAM_TEST(kad_message, reads_what_others_write)
{
    struct kad_message *m = fresh();
    struct hex put = hex("12082f6265616d2f6b311a0d0a082f6265616d2f6b3112017a");
    cr_assert_eq(kad_message_decode(put.bytes, put.len, m), 0);
    cr_assert_eq(m->type, KAD_PUT_VALUE, "the type that is not there");
    cr_assert_eq(m->key.len, 8u);
    cr_assert_arr_eq(m->key.at, "/beam/k1", 8);
    cr_assert(m->has_record);
    cr_assert_arr_eq(m->record_key.at, "/beam/k1", 8);
    cr_assert_eq(m->value.len, 1u);
    cr_assert_eq(m->value.at[0], 'z');
    struct hex find = hex("0804122600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc"
                          "8664125531b8");
    cr_assert_eq(kad_message_decode(find.bytes, find.len, m), 0);
    cr_assert_eq(m->type, KAD_FIND_NODE);
    cr_assert_eq(m->key.len, 38u);
    cr_assert_not(m->has_record);
    free(m);
}

static void fill(struct kad_contact *c, uint64_t no, const uint8_t *addr)
{
    c->peer = kad_peer_no(no);
    c->connection = KAD_CONNECTED;
    c->n = 2;
    c->addrs[0] = c->addrs[1] = (struct kad_text){.at = addr, .len = 8};
}

BEAM_TEST(kad_message, there_and_back)
{
    static const uint8_t addr[8] = {4, 10, 0, 0, 1, 6, 0x0f, 0xa1};
    static uint8_t bytes[KAD_MESSAGE_MAX];
    struct kad_message *m = fresh(), *got = fresh();
    size_t len = 0;
    m->type = KAD_GET_VALUE;
    m->key = m->record_key = kad_text_of("/pk/x");
    m->has_record = true;
    m->value = kad_text_of("value");
    m->closer_count = KAD_PEERS_MAX;
    m->provider_count = 1;
    for (size_t i = 0; i < KAD_PEERS_MAX; i++)
        fill(&m->closer[i], i, addr);
    fill(&m->providers[0], 77, addr);
    cr_assert_eq(kad_message_encode(m, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(kad_message_decode(bytes, len, got), 0);
    cr_assert_eq(got->type, KAD_GET_VALUE);
    cr_assert_eq(got->value.len, 5u);
    cr_assert_eq(got->closer_count, (size_t)KAD_PEERS_MAX);
    cr_assert_eq(got->provider_count, 1u);
    cr_assert(peer_id_equal(&got->closer[19].peer, &m->closer[19].peer));
    cr_assert_eq(got->closer[3].connection, KAD_CONNECTED);
    cr_assert_eq(got->providers[0].n, 2u);
    cr_assert_arr_eq(got->providers[0].addrs[1].at, addr, sizeof(addr));
    cr_assert_eq(kad_message_encode(m, bytes, len - 1, &len), BEAM_ELIMIT);
    free(m);
    free(got);
}

BEAM_TEST(kad_message, what_is_not_known_is_passed_over)
{
    struct kad_message *m = fresh();
    struct hex more = hex("0805"
                          "500a"
                          "9a060101"
                          "420312010a"
                          "42020801");
    cr_assert_eq(kad_message_decode(more.bytes, more.len, m), 0);
    cr_assert_eq(m->type, KAD_PING);
    cr_assert_eq(m->closer_count, 0u, "peers without an id that is one");
    struct hex type = hex("0806");
    cr_assert_eq(kad_message_decode(type.bytes, type.len, m), BEAM_EINVAL);
    struct hex cut = hex("080412ff");
    cr_assert_eq(kad_message_decode(cut.bytes, cut.len, m), BEAM_EINVAL);
    free(m);
}

BEAM_TEST(kad_message, lengths_have_ceilings)
{
    static uint8_t bytes[KAD_MESSAGE_MAX + 1];
    static uint8_t long_key[KAD_KEY_MAX + 1], long_value[KAD_VALUE_MAX + 1];
    struct kad_message *m = fresh(), *got = fresh();
    size_t len = 0;
    m->type = KAD_GET_VALUE;
    m->key = (struct kad_text){.at = long_key, .len = KAD_KEY_MAX};
    cr_assert_eq(kad_message_encode(m, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(kad_message_decode(bytes, len, got), 0);
    m->key.len++;
    cr_assert_eq(kad_message_encode(m, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(kad_message_decode(bytes, len, got), BEAM_ELIMIT);
    m->key.len = 1;
    m->has_record = true;
    m->record_key = m->key;
    m->value = (struct kad_text){.at = long_value, .len = KAD_VALUE_MAX + 1};
    cr_assert_eq(kad_message_encode(m, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(kad_message_decode(bytes, len, got), BEAM_ELIMIT);
    cr_assert_eq(kad_message_decode(bytes, sizeof(bytes), got), BEAM_ELIMIT);
    free(m);
    free(got);
}
