/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A key store whose passphrase everybody knows, as docs/protocol/keystore.md shows it: the master
 * seed is the bytes from 0 to 31, and it has one entry.
 */
#ifndef BEAM_TESTS_VECTORS_KEYSTORE_H
#define BEAM_TESTS_VECTORS_KEYSTORE_H

#define KEYSTORE_PASSPHRASE "correct horse"
#define KEYSTORE_PLAIN                                                                             \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f060e3132372e302e"             \
    "302e313a333030300e73776966742d6265616d2d343536"
#define KEYSTORE_FILE                                                                              \
    "4245414d4b455953010200000000000100000008000102030405060708090a0b0c0d0e0f00010203"             \
    "0405060708090a0b0c0d0e0f10111213141516170000004f23d75484547bd791349ee83dd435201b"             \
    "e8b55b9514f3d124acc48577afbc114edc444cd448efcbfc7639c7a4a48a86c64f466bd6f07d13ac"             \
    "dbd8ae9c3bfed89a15f572e9d7ea564aab8fd3125e8773"

#endif
