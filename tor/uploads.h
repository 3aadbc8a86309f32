/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the directories make of an onion's descriptor, when it is published and each time it is
 * renewed: tor takes it to several of them, and it does not matter when some refuse. When none of
 * them has taken it that is said once, until one does. Pure; time is passed in.
 */
#ifndef BEAM_TOR_UPLOADS_H
#define BEAM_TOR_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tor/hs_desc.h"

enum {
    UPLOADS_MAX = 32, /* that are looked at: two replicas of two descriptors, with room */
    UPLOADS_LOST = 5 * 60 * 1000, /* ms; one that nothing is heard of for so long has failed */
    UPLOADS_NAME_SIZE = 16 /* of a directory: so much of its fingerprint tells it from others */
};

/* Zeroed: none so far. Private to uploads.c. */
struct uploads {
    struct upload {
        char directory[UPLOADS_NAME_SIZE];
        uint64_t at;
        bool failed;
    } list[UPLOADS_MAX]; /* of this round that no directory has taken */
    size_t count;
    bool taken;    /* one was, in this round */
    bool told;     /* that none was */
    bool rejected; /* by a directory, in this round: it has one that counts more */
};

enum uploads_news {
    UPLOADS_NOTHING,
    UPLOADS_BEGUN,     /* the first of a round */
    UPLOADS_TAKEN,     /* by a directory */
    UPLOADS_ALL_FAILED /* so far; told once until one is taken */
};

/* An event of this onion; those of its fetching tell nothing. */
enum uploads_news uploads_note(struct uploads *u, uint64_t now, const struct hs_desc *d);
/* None was taken for long: whether that is to be told, which counts as done. */
bool uploads_late(struct uploads *u);

#endif
