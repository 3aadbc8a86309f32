/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where nodes know each other to be: each has a real address book (p2p/address_book), used as
 * p2p/kad and its host do, but for its size: a quarter of a host's, so that it is full in a world
 * of a thousand. Worlds that are larger go without: there all addresses are known to all.
 */
#ifndef BEAM_TESTS_SIM_WORLD_BOOK_H
#define BEAM_TESTS_SIM_WORLD_BOOK_H

#include "tests/sim/world_parts.h"

void world_book_open(struct node *n);
void world_book_close(struct node *n);
/* Whether it can be reached. */
bool world_book_has(struct node *n, const struct peer_id *peer);
/* Whether it is dialled for what others say of it: as hearsay_dial. */
int world_book_dials(struct node *n, const struct node *other);
/* Somebody tells of it; whether it can be reached then. */
bool world_book_learn(struct node *n, const struct kad_contact *contact);
/* It was there; or it came, and said where it is. */
void world_book_met(struct node *n, const struct node *other, bool reached);
void world_book_missed(struct node *n, const struct node *other);
/* Those in the table stay, once a minute. */
void world_book_keep(struct node *n);
/* What n says of where node number `index` is. */
void world_book_describe(struct node *n, uint32_t index, struct kad_contact *contact);

#endif
