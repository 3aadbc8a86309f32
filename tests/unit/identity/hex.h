/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors are written in hex; tests want bytes. */
#ifndef BEAM_TESTS_UNIT_IDENTITY_HEX_H
#define BEAM_TESTS_UNIT_IDENTITY_HEX_H

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/harness.h"

struct hex {
    size_t len;
    uint8_t bytes[2048];
};

static inline struct hex hex(const char *text)
{
    struct hex h = {.len = strlen(text) / 2};
    cr_assert_leq(h.len, sizeof(h.bytes));
    cr_assert_eq(text_hex_decode(text, strlen(text), h.bytes, h.len), 0);
    return h;
}

#endif
