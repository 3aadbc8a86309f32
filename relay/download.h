/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is at a URL, into a file (HTTP/1.1, RFC 9110 and 9112), a little at a time beside all else.
 * It may be that what was there before still is: by its entity tag, or by how it begins. Redirects
 * are not followed.
 */
#ifndef BEAM_RELAY_DOWNLOAD_H
#define BEAM_RELAY_DOWNLOAD_H

#include "relay/url_stream.h"

enum { DOWNLOAD_TAG_SIZE = 128, DOWNLOAD_UNCHANGED = 1 };

struct download;

struct download_spec { /* what is pointed to is borrowed while it lasts */
    struct url_stream_spec way;
    struct where_url url;
    const char *path; /* of the file, 0600; what is there goes */
    const char *tag;  /* what came with the one that there is already, or "" */
    uint64_t max;     /* bytes */
    size_t first;     /* bytes that `begins` wants to see */
    uint64_t idle_ms; /* without a byte */
    uint64_t most_ms; /* for all of it */
};

struct download_events {
    /* The first bytes, as many as are wanted or there are. 0: it goes on; DOWNLOAD_UNCHANGED: no
     * need for the rest; below 0: it ends with that. */
    int (*begins)(void *arg, const void *data, size_t len, struct beam_why *why);
    /* Once, from the loop: 0: all is in the file, and its tag; DOWNLOAD_UNCHANGED; or why not, and
     * there is no file then. The handle is gone. */
    void (*done)(void *arg, int err, const struct beam_why *why, const char *tag);
    void *arg;
};

/* 0; as url_stream_open, and what opening the file gives, with words. */
int download_start(const struct download_spec *spec, const struct download_events *events,
                   struct download **out, struct beam_why *why);
/* `done` is not called, and there is no file. NULL allowed. */
void download_cancel(struct download *d);

#endif
