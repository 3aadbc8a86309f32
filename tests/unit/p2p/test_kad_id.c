/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_id.h"

#include "tests/unit/identity/hex.h"
#include "tests/unit/p2p/kad_kit.h"

BEAM_TEST(kad_id, is_the_hash_of_a_key)
{
    struct kad_id id;
    struct hex abc = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    kad_id_of("abc", 3, &id); /* FIPS 180-2, B.1 */
    cr_assert_arr_eq(id.bytes, abc.bytes, KAD_ID_SIZE);
}

BEAM_TEST(kad_id, shared_bits)
{
    struct kad_id a = {{0}}, b = {{0}};
    cr_assert_eq(kad_id_shared(&a, &b), 256u);
    b.bytes[0] = 0x80;
    cr_assert_eq(kad_id_shared(&a, &b), 0u);
    b.bytes[0] = 0x01;
    cr_assert_eq(kad_id_shared(&a, &b), 7u);
    b.bytes[0] = 0;
    b.bytes[31] = 1;
    cr_assert_eq(kad_id_shared(&a, &b), 255u);
}

BEAM_TEST(kad_id, nearer_goes_by_xor)
{
    struct kad_id target = {{0x0f}}, a = {{0x0e}}, b = {{0x1f}}, same = {{0x0e}};
    cr_assert_lt(kad_id_nearer(&target, &a, &b), 0);
    cr_assert_gt(kad_id_nearer(&target, &b, &a), 0);
    cr_assert_eq(kad_id_nearer(&target, &a, &same), 0);
    cr_assert_lt(kad_id_nearer(&target, &target, &a), 0);
    cr_assert_eq(kad_id_distance(&target, &a), UINT64_C(0x01) << 56);
}
