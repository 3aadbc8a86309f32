/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay lets pass between visitors and owners. Pure. Closed: a method or a content type that
 * its operator did not name does not pass.
 *
 * A class says what endpoints are for. `webhook` is for machines: no pages, so that nobody can be
 * shown a false one. It is the only class of endpoints that share the relay's own host, for in a
 * browser all of these are one origin, unless only this machine can visit them. `open` is for
 * anything, on a host of each endpoint's own; `friends` is that, for the keys that are listed.
 */
#ifndef BEAM_RELAY_TERMS_H
#define BEAM_RELAY_TERMS_H

#include <stdbool.h>

#include "base/err.h"
#include "http/head.h"
#include "identity/peer_id.h"
#include "relay/reservation.h"

enum {
    TERMS_FRIENDS_MAX = 256,
    TERMS_WORDS_MAX = 64, /* methods, or content types */
    TERMS_WORD_SIZE = 80
};

/* What this program can serve, as bits of kinds. */
enum {
    TERMS_SERVED = 1u << (RESERVATION_HTTP - 1) | 1u << (RESERVATION_TCP - 1) |
                   1u << (RESERVATION_UDP - 1) | 1u << (RESERVATION_TLS - 1)
};

enum terms_class { TERMS_WEBHOOK, TERMS_OPEN, TERMS_FRIENDS };

/* Why something does not pass. */
enum terms_rule {
    TERMS_PASS,
    TERMS_METHOD,       /* it is none that the operator named */
    TERMS_NAVIGATION,   /* a browser asks for a page */
    TERMS_UPGRADE,      /* to another protocol */
    TERMS_CONTENT_TYPE, /* of the answer: it is none that the operator named */
    TERMS_TRAFFIC,      /* what the relay or the tunnel may carry this month is used up */
    TERMS_RULES
};

struct terms_words {
    size_t count;
    char word[TERMS_WORDS_MAX][TERMS_WORD_SIZE];
};

/* Only terms_init fills it. */
struct terms {
    enum terms_class class;
    bool local;        /* only this machine can visit: a shared host is nobody else's */
    bool https;        /* visitors come over TLS that it takes itself */
    bool interstitial; /* browsers see a page of the relay's first, but in the class webhook */
    unsigned kinds;    /* that owners may have: bits of reservation_kind_bit */
    struct terms_words methods, types;
    struct peer_id friend[TERMS_FRIENDS_MAX];
    size_t friends;
};

struct terms_spec {
    const char *class;   /* "webhook", "open", "friends"; "": open where local, else webhook */
    const char *kinds;   /* as reservation_kind_text has them, words as methods; "": http */
    const char *methods; /* words with commas or blanks between them */
    const char *content_types; /* the same; a word may have one '*' for any letters */
    const char *friends;       /* peer ids, one a line */
    bool interstitial;
    bool local;
    bool hosts;    /* endpoints have hosts of their own */
    bool https;    /* visitors come over TLS that it takes itself */
    bool tcp, udp; /* ports are set aside for these kinds */
};

/* 0, or BEAM_EINVAL, BEAM_ELIMIT with words. */
int terms_init(const struct terms_spec *spec, struct terms *out, struct beam_why *why);

/* Whether a key may have reservations at all. */
bool terms_serves(const struct terms *t, const struct peer_id *owner);
/* Whether endpoints of this kind are to be had. */
bool terms_offers(const struct terms *t, uint64_t kind);
/* The class of an endpoint that is reached on the relay's own host, or on one of its own. */
enum terms_class terms_class(const struct terms *t, bool shared);
enum terms_rule terms_request(const struct terms *t, enum terms_class class,
                              const struct http_head *request);
/* Whether a browser asks for a page to show, and not for a part of one. */
bool terms_navigates(const struct http_head *request);
enum terms_rule terms_response(const struct terms *t, enum terms_class class,
                               const struct http_head *response);

/* "navigation": how owners are told of a rule. Static storage. */
const char *terms_rule_name(enum terms_rule rule);

#endif
