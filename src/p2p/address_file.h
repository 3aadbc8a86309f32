/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The peers of last time: what outlives a program of its address book, in a file of its own, 0600.
 * It says whose it is, and is read by no other: what one persona knows another does not learn.
 * Lines of text (docs/protocol/peers.md):
 *
 *     beam-peers 1 OWNER
 *     PEER WORD UNTIL ADDRESS
 *
 * with peer ids in base58, WORD told, said, signed or proven, UNTIL in milliseconds since 1970, and
 * ADDRESS a multiaddr without /p2p.
 */
#ifndef BEAM_P2P_ADDRESS_FILE_H
#define BEAM_P2P_ADDRESS_FILE_H

#include "p2p/address_book.h"

enum {
    ADDRESS_FILE_ROWS = 256,
    ADDRESS_FILE_LINE = 512, /* longer ones are neither written nor read */
    ADDRESS_FILE_MAX = (ADDRESS_FILE_ROWS + 1) * ADDRESS_FILE_LINE
};

struct address_file {
    size_t n;
    struct address_file_row {
        struct peer_id peer;
        enum address_word word;
        uint64_t until; /* on the wall clock, ms */
        struct multiaddr addr;
    } rows[ADDRESS_FILE_ROWS];
};

/* Pure. Lines that are none are passed over, and what comes after as many as there may be.
 * BEAM_EAUTH (it is another's), BEAM_EINVAL (it is no such file). */
int address_file_read(const char *text, size_t len, const struct peer_id *owner,
                      struct address_file *out);
/* Pure. The bytes written into out[ADDRESS_FILE_MAX]. */
size_t address_file_write(const struct address_file *f, const struct peer_id *owner, char *out);

/* BEAM_ENOTFOUND: there is none yet; BEAM_EPERM (its mode), BEAM_EAUTH, BEAM_EINVAL, BEAM_EIO, …
 * with words. */
int address_file_load(const char *path, const struct peer_id *owner, struct address_file *out,
                      struct beam_why *why);
int address_file_save(const char *path, const struct peer_id *owner, const struct address_file *f,
                      struct beam_why *why);

#endif
