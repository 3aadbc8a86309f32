/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The visitors of an onion service who hold a key to it, and those who held
 * one: the file that `beam visitors` keeps and `--client-auth` reads,
 * docs/protocol/visitors.md. Who was revoked stays in it, so that the key is not
 * let in again by mistake.
 */
#ifndef BEAM_GATE_VISITORS_H
#define BEAM_GATE_VISITORS_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/visitor_key.h"

enum {
    VISITORS_MAX = 1024,        /* lines of a file that name one */
    VISITORS_ALLOWED_MAX = 256, /* what a descriptor of 50,000 bytes has room for, and some left */
    VISITORS_NAME_MAX = 63,     /* a label: a-z, 0-9, - */
    VISITORS_FILE_MAX = 256 * 1024 /* bytes */
};

struct visitor_entry {
    char name[VISITORS_NAME_MAX + 1];
    bool revoked;
    uint8_t key[VISITOR_KEY_LEN]; /* public */
};

struct visitors;

/* An empty one. 0 or BEAM_ENOMEM. */
int visitors_new(struct visitors **out);
/* `name` is what the words call it. BEAM_EINVAL, BEAM_ELIMIT, BEAM_ENOMEM, with words. */
int visitors_parse(const char *name, const char *text, size_t len, struct visitors **out,
                   struct beam_why *why);
/* A file that is ours and 0600 or tighter, no symbolic link. As visitors_parse, and
 * BEAM_ENOTFOUND, BEAM_EPERM, BEAM_EIO. */
int visitors_load(const char *path, struct visitors **out, struct beam_why *why);
/* Writes it, 0600, over what was there. BEAM_EIO, BEAM_ENOMEM, with words. */
int visitors_save(const struct visitors *v, const char *path, struct beam_why *why);
/* NULL allowed. */
void visitors_free(struct visitors *v);

/* One more who may enter. BEAM_EINVAL (the name), BEAM_EEXIST (the name or the key is there, or
 * was revoked), BEAM_ELIMIT, BEAM_ENOMEM, with words. */
int visitors_add(struct visitors *v, const char *name, const uint8_t *key, struct beam_why *why);
/* BEAM_ENOTFOUND, BEAM_EEXIST (revoked before), with words. */
int visitors_revoke(struct visitors *v, const char *name, struct beam_why *why);

size_t visitors_count(const struct visitors *v);
/* i below visitors_count; in the file's order. Borrowed until the next change. */
const struct visitor_entry *visitors_at(const struct visitors *v, size_t i);
/* Those not revoked. */
size_t visitors_allowed(const struct visitors *v);

#endif
