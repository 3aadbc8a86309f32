/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whom a relay's operator has shut out: owners' keys, endpoints, and the addresses of visitors and
 * owners. In memory, found in constant time, and in a file with a line each, which is written
 * before a change holds:
 *
 * WHAT <TAB> SINCE <TAB> WHY
 *
 * WHAT is a peer id, an endpoint's id, an address or a prefix; SINCE is in seconds since 1970;
 * WHY is for people. Both may be empty. Empty lines and those that begin with # are passed over.
 */
#ifndef BEAM_RELAY_BANS_H
#define BEAM_RELAY_BANS_H

#include "base/err.h"
#include "base/rng.h"
#include "identity/peer_id.h"
#include "relay/net.h"
#include "relay/reservation.h"

enum {
    BANS_MAX = 16384,
    BANS_FILE_MAX = 4 * 1024 * 1024, /* bytes */
    BANS_WHY_SIZE = 128,
    BANS_WHAT_SIZE = 96
};

enum ban_kind { BAN_KEY, BAN_ENDPOINT, BAN_NET };

/* What is shut out, for whatever reason. */
struct ban {
    enum ban_kind kind;
    struct peer_id key;
    uint8_t id[RESERVATION_ID_SIZE];
    struct net net;
};

struct bans_row {
    struct ban ban;
    uint64_t since;          /* seconds since 1970; 0: not known */
    char why[BANS_WHY_SIZE]; /* "" for none */
};

/* What `text` names: 0, or BEAM_EINVAL with words. Pure. */
int ban_parse(const char *text, struct ban *out, struct beam_why *why);
void ban_text(const struct ban *b, char out[BANS_WHAT_SIZE]);

struct bans;

/* `path` is copied; a file that is not there is an empty one. BEAM_EPERM (a loose one), BEAM_EINVAL
 * (its line), BEAM_ELIMIT, BEAM_EIO, BEAM_ENOMEM with words. */
int bans_open(const char *path, const struct rng *rng, struct bans **out, struct beam_why *why);
/* NULL allowed. */
void bans_free(struct bans *b);
/* What its file says now. On failure they stay as they are. As bans_open. */
int bans_reread(struct bans *b, struct beam_why *why);
/* Its file from memory. Pure; what the fuzzer calls. As bans_open. */
int bans_parse(const struct rng *rng, const char *name, const char *text, size_t len,
               struct bans **out, struct beam_why *why);

/* 0; BEAM_EEXIST, BEAM_ELIMIT, BEAM_ENOMEM, BEAM_EIO with words. */
int bans_add(struct bans *b, const struct bans_row *row, struct beam_why *why);
/* 0; BEAM_ENOTFOUND, BEAM_EIO with words. */
int bans_remove(struct bans *b, const struct ban *ban, struct beam_why *why);

bool bans_key(const struct bans *b, const struct peer_id *key);
bool bans_endpoint(const struct bans *b, const uint8_t id[RESERVATION_ID_SIZE]);
/* An address, or any prefix of it. */
bool bans_net(const struct bans *b, const struct net *from);
size_t bans_count(const struct bans *b);
/* Walks them in no order: start with *at = 0; NULL at the end. */
const struct bans_row *bans_next(const struct bans *b, size_t *at);

#endif
