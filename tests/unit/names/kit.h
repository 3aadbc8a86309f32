/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to try things on. */
#ifndef BEAM_TESTS_UNIT_NAMES_KIT_H
#define BEAM_TESTS_UNIT_NAMES_KIT_H

#include "names/binding.h"
#include "tests/unit/harness.h"

enum { KIT_MADE = 1000000000 };

/* The key of name number `no`. */
struct key_pair *kit_key(uint32_t no);
/* One that is sound, made at KIT_MADE, of this sequence. Freed by the caller. */
struct binding *kit_binding(uint64_t seq);
/* Sealed by name number `no`. */
struct kad_text kit_seal(uint32_t no, const struct binding *b, uint8_t out[BINDING_MAX]);
/* As kit_binding and kit_seal. */
struct kad_text kit_say(uint32_t no, uint64_t seq, uint8_t out[BINDING_MAX]);
/* The key of name number `no` in the DHT. */
struct kad_text kit_place(uint32_t no, uint8_t out[BINDING_KEY_SIZE]);

#endif
