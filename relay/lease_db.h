/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The leases on disk: one SQLite database (WAL), a row a lease. What was put is there after the
 * process was killed; a power cut may take the last few changes, and never leaves half of one.
 */
#ifndef BEAM_RELAY_LEASE_DB_H
#define BEAM_RELAY_LEASE_DB_H

#include "base/err.h"
#include "relay/lease.h"

struct lease_db;

/* Makes the file (0600) when there is none. 0; BEAM_EINVAL (damaged, or not ours, or a later
 * beam's), BEAM_EPERM, BEAM_EIO, BEAM_ENOMEM with words. */
int lease_db_open(const char *path, struct lease_db **out, struct beam_why *why);
/* NULL allowed. */
void lease_db_close(struct lease_db *db);
/* The words for one that is damaged: BEAM_EINVAL. */
int lease_db_damaged(const char *path, struct beam_why *why);
/* Every lease, those that expire first first, until `each` gives an error, which is given back.
 * Rows that cannot be leases are passed over. BEAM_EINVAL (damaged), BEAM_EIO, BEAM_ENOMEM. */
int lease_db_load(struct lease_db *db, int (*each)(void *arg, const struct lease *lease),
                  void *arg);
/* The one with an id, or with a name. 0, BEAM_ENOTFOUND, BEAM_EIO. */
int lease_db_by_id(struct lease_db *db, const uint8_t id[RESERVATION_ID_SIZE], struct lease *out);
int lease_db_by_name(struct lease_db *db, const char *name, struct lease *out);
/* Writes or writes over. 0 or BEAM_EIO, and then the row is as it was. */
int lease_db_put(struct lease_db *db, const struct lease *lease);
int lease_db_drop(struct lease_db *db, const struct lease *lease);

#endif
