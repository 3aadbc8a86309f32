/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_tickets.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(tls_tickets, keys_turn_and_old_ones_go)
{
    const uint64_t turn = TLS_TICKETS_TURN_MS, start = 5000;
    struct tls_tickets *t = NULL;
    uint8_t name[TLS_TICKETS_NAME_SIZE], key[TLS_TICKETS_KEY_SIZE];
    bool old = true;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(tls_tickets_new(rng_system(), start, &t), 0);
    const struct tls_ticket_key *k = tls_tickets_newest(t, start + turn - 1);
    memcpy(name, k->name, sizeof(name));
    memcpy(key, k->cipher, sizeof(key));
    cr_assert_eq(tls_tickets_find(t, name, start + turn - 1, &old), k);
    cr_assert(!old);

    for (unsigned i = 1; i < TLS_TICKETS_KEPT; i++) {
        k = tls_tickets_newest(t, start + i * turn);
        cr_assert(memcmp(k->name, name, sizeof(name)) != 0);
        k = tls_tickets_find(t, name, start + i * turn, &old);
        cr_assert_not_null(k);
        cr_assert(old && memcmp(k->cipher, key, sizeof(key)) == 0);
    }
    cr_assert_null(tls_tickets_find(t, name, start + TLS_TICKETS_KEPT * turn, &old));
    tls_tickets_free(t);
}

BEAM_TEST(tls_tickets, a_long_rest_leaves_no_old_key)
{
    const uint64_t turn = TLS_TICKETS_TURN_MS;
    struct tls_tickets *t = NULL;
    uint8_t names[2][TLS_TICKETS_NAME_SIZE];
    bool old;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(tls_tickets_new(rng_system(), 0, &t), 0);
    memcpy(names[0], tls_tickets_newest(t, 0)->name, sizeof(names[0]));
    memcpy(names[1], tls_tickets_newest(t, turn)->name, sizeof(names[1]));
    cr_assert_null(tls_tickets_find(t, names[0], 50 * turn, &old));
    cr_assert_null(tls_tickets_find(t, names[1], 50 * turn, &old));
    tls_tickets_free(t);
    tls_tickets_free(NULL);
}
