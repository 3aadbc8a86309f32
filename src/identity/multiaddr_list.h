/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of addresses as the configuration has them: one a line. Pure. */
#ifndef BEAM_IDENTITY_MULTIADDR_LIST_H
#define BEAM_IDENTITY_MULTIADDR_LIST_H

#include "identity/multiaddr.h"

enum { MULTIADDR_LIST_MAX = 64 };

/* `a` is NULL for the word that stands where an address would. */
typedef int multiaddr_list_fn(void *arg, const struct multiaddr *a, struct beam_why *why);

/*
 * Calls for each entry of the list that the key has, until one call fails, which is what is
 * returned. An entry may be `word`, too (NULL: none). Empty lines are passed over. BEAM_EINVAL (an
 * entry is no address), BEAM_ELIMIT (more than MULTIADDR_LIST_MAX); words begin with the key.
 */
int multiaddr_list_each(const char *key, const char *list, const char *word, multiaddr_list_fn *fn,
                        void *arg, struct beam_why *why);

#endif
