/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocols of multiaddrs: one table row each. For identity/multiaddr alone. Pure. */
#ifndef BEAM_IDENTITY_PROTOCOL_H
#define BEAM_IDENTITY_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wire.h"
#include "identity/multiaddr.h"

enum { PROTOCOL_VALUE_MAX = 255, PROTOCOL_VALUE_TEXT_SIZE = 384 };

struct protocol {
    enum multiaddr_code code;
    const char *name;
    int size;         /* bytes of a value, or one of the two below */
    const char *form; /* what a value is, for a person; NULL when there is none */
    /* Writes the value's bytes. 0 or BEAM_EINVAL. */
    int (*parse)(const char *text, size_t len, struct wire_writer *w);
    /* The value, as text into out[PROTOCOL_VALUE_TEXT_SIZE]. */
    void (*print)(const uint8_t *at, size_t len, char *out);
    /* Whether bytes are a value; NULL where all of the size are. */
    bool (*valid)(const uint8_t *at, size_t len);
};

enum { PROTOCOL_NO_VALUE = 0, PROTOCOL_LENGTH_FIRST = -1 };

/* NULL when it is not known. Static storage. */
const struct protocol *protocol_by_name(const char *name, size_t len);
const struct protocol *protocol_by_code(uint64_t code);

#endif
