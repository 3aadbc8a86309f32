/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of /beam/relay/1.0.0 (docs/protocol/relay.md): what an owner asks of a relay for a
 * public endpoint, and what the relay answers. Pure.
 *
 * Bytes are a protobuf message without the varint length that precedes it on the stream.
 */
#ifndef BEAM_RELAY_RESERVATION_H
#define BEAM_RELAY_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "relay/work.h"

#define RESERVATION_PROTOCOL "/beam/relay/1.0.0"
/* Between a name and the relay's domain, for TLS passthrough; nobody's name. */
#define RESERVATION_TLS_LABEL "tls"

enum {
    RESERVATION_ID_SIZE = 16,    /* bytes: 128 bits from the system's generator */
    RESERVATION_ID_TEXT = 27,    /* in lower-case base32, and a NUL */
    RESERVATION_TOKEN_SIZE = 32, /* bytes */
    RESERVATION_NAME_SIZE = 64,  /* a DNS label, and a NUL */
    RESERVATION_URL_SIZE = 512,
    RESERVATION_URLS_MAX = 4,
    RESERVATION_REASON_SIZE = 257,
    RESERVATION_MAX = 4096 /* bytes of a message */
};

enum reservation_verb {
    RESERVATION_RESERVE = 1,
    RESERVATION_RENEW = 2,
    RESERVATION_RELEASE = 3, /* ends it now; it is held for its owner as one that ran out */
    RESERVATION_FORGET = 4   /* ends it, and it is held for nobody */
};
/* What visitors bring to an endpoint. */
enum reservation_kind {
    RESERVATION_HTTP = 1, /* requests, which the relay reads */
    RESERVATION_TCP = 2,  /* connections to a port */
    RESERVATION_UDP = 3,  /* datagrams to a port */
    RESERVATION_TLS = 4,  /* TLS to a name, which only the owner opens */
    RESERVATION_KINDS = RESERVATION_TLS
};

enum reservation_status {
    RESERVATION_OK = 100,
    RESERVATION_MALFORMED = 200,    /* not a message of this protocol */
    RESERVATION_UNSUPPORTED = 201,  /* a verb or a kind that this relay has not */
    RESERVATION_NAME_TAKEN = 202,   /* the wanted name is another's */
    RESERVATION_NAME_REFUSED = 203, /* the wanted name is none, or one that nobody gets */
    RESERVATION_FORBIDDEN = 204,    /* no such reservation, or not this key's, or a wrong token */
    RESERVATION_LIMIT = 205,        /* this key has as many as it may have */
    RESERVATION_BUSY = 206,         /* the relay takes no more now: ask again in `retry` */
    RESERVATION_BARRED = 207,       /* the relay's operator does not serve this key */
    RESERVATION_WORK = 208,         /* a new one costs work now: ask again with it */
    RESERVATION_NO_PORT = 209,      /* all ports of this kind are others' */
    RESERVATION_LAST = RESERVATION_NO_PORT
};

struct reservation_request {
    uint64_t verb;                    /* of RESERVATION_RESERVE … or one that we do not know */
    uint64_t kind;                    /* of a RESERVE: as verb */
    char name[RESERVATION_NAME_SIZE]; /* the wanted one; "" for none */
    bool has_id; /* and the token: of every verb but a RESERVE, and of one that takes back */
    uint8_t id[RESERVATION_ID_SIZE];
    uint8_t token[RESERVATION_TOKEN_SIZE];
    uint16_t port;        /* the wanted one, of TCP or UDP; 0: any */
    bool visitor_address; /* the owner wants to know its visitors' addresses */
    bool has_work;        /* of a RESERVE that was refused with RESERVATION_WORK, and: */
    uint8_t seed[WORK_SEED_SIZE], nonce[WORK_NONCE_SIZE];
};

struct reservation_answer {
    uint64_t status; /* RESERVATION_OK, or a refusal, which may be one that we do not know */
    /* Of a RESERVE and a RENEW that went well: */
    uint8_t id[RESERVATION_ID_SIZE];
    uint8_t token[RESERVATION_TOKEN_SIZE];
    size_t url_count; /* at least 1 */
    char url[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE];
    uint64_t lease; /* seconds from now */
    uint64_t max_body, max_streams;
    bool visitor_address; /* and the owner will be told */
    /* Of a refusal: */
    char reason
        [RESERVATION_REASON_SIZE]; /* for a person, UTF-8; as it came: escape before showing */
    uint64_t retry;                /* seconds; 0: not said */
    /* Of RESERVATION_WORK: */
    uint8_t seed[WORK_SEED_SIZE];
    uint64_t bits;
};

/* 0 or BEAM_ELIMIT. Sets *out_len. */
int reservation_request_encode(const struct reservation_request *r, void *out, size_t size,
                               size_t *out_len);
/* BEAM_EINVAL: not such a message, or a field is missing that its verb needs. Fields and verbs that
 * are not known are passed over. */
int reservation_request_decode(const void *data, size_t len, struct reservation_request *out);
/* As those of a request. What an answer of a relay must have is checked, not whether it is true. */
int reservation_answer_encode(const struct reservation_answer *a, void *out, size_t size,
                              size_t *out_len);
int reservation_answer_decode(const void *data, size_t len, struct reservation_answer *out);

void reservation_id_text(const uint8_t id[RESERVATION_ID_SIZE], char out[RESERVATION_ID_TEXT]);
/* The one text of an id and no other (a base32 that ends in stray bits is refused). 0 or
 * BEAM_EINVAL. */
int reservation_id_parse(const char *text, size_t len, uint8_t out[RESERVATION_ID_SIZE]);
/* "http", "tcp", "udp", "tls-passthrough"; NULL for others. Static storage. */
const char *reservation_kind_text(uint64_t kind);
/* What stands for a kind among several: 1, 2, 4 …; 0 for others. */
unsigned reservation_kind_bit(uint64_t kind);
/* A few plain words for a status ("the name is taken"). Static storage. */
const char *reservation_status_text(uint64_t status);
/* The nearest code for a refusal. */
int reservation_status_err(uint64_t status);

#endif
