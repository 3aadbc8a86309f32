/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name that a TLS client asks for, from the first bytes that it sends (RFC 8446, 4.1.2 and 5.1;
 * RFC 6066, 3), however these are cut into records and reads. Bytes are looked at once and kept
 * nowhere. Pure.
 */
#ifndef BEAM_RELAY_SNI_H
#define BEAM_RELAY_SNI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SNI_NAME_SIZE = 256,
    SNI_BYTES_MAX = 96 * 1024 /* before it is known; a hello may have 64 KiB of extensions */
};

enum sni_result {
    SNI_MORE,   /* it cannot be told yet */
    SNI_FOUND,  /* `name` is what it asks for; "": it names nothing, or nothing that is a host */
    SNI_NO_TLS, /* its first byte begins no TLS handshake */
    SNI_BROKEN  /* it begins as one, and goes on as none */
};

/* Zeroed before its first use. Fields but the name are private. */
struct sni {
    char name[SNI_NAME_SIZE]; /* in lower case */
    enum sni_result result;
    size_t seen;
    uint8_t step, head_len;
    uint8_t head[5];               /* of a record */
    size_t record, message, block; /* bytes that are still to come of each */
    size_t extension, list, len;
    size_t want, value;
};

/* The next bytes. Once the result is not SNI_MORE it stays. */
enum sni_result sni_feed(struct sni *s, const void *data, size_t len);

#endif
