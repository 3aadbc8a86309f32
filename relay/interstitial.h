/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A page that browsers see before they see a tunnel's, once in a while: that whoever runs the relay
 * has not made what follows, and whom to tell of abuse. Publishers cannot switch it off, and who is
 * no browser never meets it. Pure.
 *
 * Its button sends a POST to a path of the relay's own, which gives the browser a cookie: a time
 * and a code over that and the endpoint, under a key of the relay's. It is for one endpoint, and no
 * script can read it. Only a page of the same origin may send that POST, so that a link from
 * elsewhere leads to this page and not past it.
 */
#ifndef BEAM_RELAY_INTERSTITIAL_H
#define BEAM_RELAY_INTERSTITIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/head.h"
#include "relay/reservation.h"

enum {
    INTERSTITIAL_KEY_SIZE = 32,
    INTERSTITIAL_DAYS = 7,          /* that a browser is remembered */
    INTERSTITIAL_TARGET_MAX = 2048, /* bytes of a target that it leads on to; else to "/" */
    INTERSTITIAL_PAGE_MAX = 10 * 1024,
    INTERSTITIAL_ENTRY_MAX = 4 * 1024
};

struct interstitial;

/* `key` is copied into locked memory. 0 or BEAM_ENOMEM. */
int interstitial_new(const uint8_t key[INTERSTITIAL_KEY_SIZE], struct interstitial **out);
/* NULL allowed. */
void interstitial_free(struct interstitial *i);

struct interstitial_place { /* where a request leads; all borrowed */
    const uint8_t *id;      /* of the endpoint, RESERVATION_ID_SIZE */
    const char *prefix;     /* "/t/ID", or "": it has a host of its own */
    const char *scheme;     /* by which its visitor came */
};

/* The name of the cookie there. Static storage. */
const char *interstitial_cookie(const struct interstitial_place *at);
/* Whether this browser has seen the page. */
bool interstitial_seen(const struct interstitial *i, const struct interstitial_place *at,
                       const struct http_head *request, uint64_t wall_ms);
/* The page, as HTML: returns its length. `contact`: to report abuse, or "". */
size_t interstitial_page(const struct interstitial_place *at, const struct http_head *request,
                         const char *contact, char out[INTERSTITIAL_PAGE_MAX]);
/* The fields of the page's answer. Static storage. */
const char *interstitial_fields(void);

/* Whether a request is what the page's button sends. */
bool interstitial_enters(const struct interstitial_place *at, const struct http_head *request);
/* Whether the page itself sent that. Writes the fields of the answer that leads on, a 303. False:
 * it did not. */
bool interstitial_entry(const struct interstitial *i, const struct interstitial_place *at,
                        const struct http_head *request, uint64_t wall_ms,
                        char out[INTERSTITIAL_ENTRY_MAX]);

#endif
