/* SPDX-License-Identifier: BSD-3-Clause */
/* Self-describing text of bytes (multiformats/multibase) and digests (multiformats/multihash). */
#ifndef BEAM_IDENTITY_MULTIBASE_H
#define BEAM_IDENTITY_MULTIBASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MULTIBASE_MAX = 128 }; /* bytes that a text may hold */

/* The first character names the base: f (hex), b (base32) or k (base36), which may be capitals all
 * through, z (base58btc) or u (base64url); none is padded. Sets *out_len. 0; BEAM_EINVAL: another
 * base, or not of its alphabet; BEAM_ELIMIT. */
int multibase_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len);
/* As base64url ("u…"). 0 or BEAM_ELIMIT. */
int multibase_encode(const void *data, size_t len, char *out, size_t size);

/* Whether data is one multihash (code, length, digest) and no more. */
bool multihash_valid(const void *data, size_t len);

#endif
