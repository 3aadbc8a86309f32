/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether an HTTP/2 client asks for work that is no use to it: frames that carry nothing (RFC 9113,
 * 10.5), requests that it takes back as soon as they are made. Each kind may come in a burst and at
 * a rate, and useful work earns more. Pure.
 */
#ifndef BEAM_HTTP_H2_GUARD_H
#define BEAM_HTTP_H2_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    H2_GUARD_FRAMES = 1000,           /* frames at once that carry no request and no content */
    H2_GUARD_FRAMES_RATE = 100,       /* a second */
    H2_GUARD_RESETS = 200,            /* requests taken back, or that had to be refused */
    H2_GUARD_RESETS_RATE = 20,        /* a second */
    H2_GUARD_BYTES = 8 * 1024 * 1024, /* that were of no use, whatever frames they came in */
    H2_GUARD_BYTES_RATE = 64 * 1024,  /* a second */
    H2_GUARD_BYTES_EARNED = 8,        /* for each that was of use, in either direction */
    H2_GUARD_HEADER_FACTOR = 4        /* a section of so many times what is read is one too many */
};

struct h2_guard { /* private */
    uint64_t at;
    uint64_t frames, resets, bytes; /* left, in thousandths */
};

void h2_guard_init(struct h2_guard *g, uint64_t now);
/* One came: false when it is one too many. `now` in milliseconds. */
bool h2_guard_frame(struct h2_guard *g, uint64_t now);
bool h2_guard_reset(struct h2_guard *g, uint64_t now);
/* So many bytes came. */
bool h2_guard_bytes(struct h2_guard *g, size_t n, uint64_t now);
/* So many were fields or content, or content that was sent. */
void h2_guard_earn_bytes(struct h2_guard *g, size_t n);
/* A frame of content was sent, or a request came: its windows and priorities are due. */
void h2_guard_earn_frames(struct h2_guard *g);
/* A request was answered to its end. */
void h2_guard_earn_reset(struct h2_guard *g);

#endif
