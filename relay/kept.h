/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an owner keeps of a relay: whom it turned out to be (relay/pins), and the reservation that
 * it has there (relay/ticket).
 */
#ifndef BEAM_RELAY_KEPT_H
#define BEAM_RELAY_KEPT_H

#include "relay/ticket.h"
#include "relay/where.h"

struct kept {            /* read by whom it is embedded in, changed by the functions below */
    struct peer_id peer; /* whom the relay must be; len 0: not known yet */
    char peer_text[PEER_ID_TEXT_SIZE];
    bool has_ticket;
    struct ticket ticket;

    bool pinned; /* private, and all below: or typed */
    bool keep;   /* the ticket outlives this program */
    char *ticket_file, *pins_file;
};

/* For a persona and a relay as it was typed. 0; BEAM_EPERM (a loose file), BEAM_EINVAL, … with
 * words; kept_close in either case. */
int kept_open(struct kept *k, const char *dir, const struct peer_id *persona,
              const struct where *where, bool keep, struct beam_why *why);
/* Wipes the secret in it. */
void kept_close(struct kept *k);

/* The relay is who it is from now on. 0: that was known; 1: only its address was, and `why` has
 * words for its user; BEAM_E… with words: it could not be written down. */
int kept_pin(struct kept *k, const struct where *where, const struct peer_id *peer,
             struct beam_why *why);
/* The reservation that the relay gave. 0, or BEAM_E… with words: it is not on disk. */
int kept_put(struct kept *k, const struct reservation_answer *a, struct beam_why *why);
/* It is no more. */
void kept_drop(struct kept *k);
/* Adds to the words of a BEAM_EAUTH what is to be done about it. */
void kept_explain(const struct kept *k, const struct where *where, struct beam_why *why);

#endif
