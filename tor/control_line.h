/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tor's control protocol as bytes (control-spec section 2.3): replies put
 * together line by line, and the words, keywords and quoted strings inside a
 * line. Pure; every length is bounded.
 */
#ifndef BEAM_TOR_CONTROL_LINE_H
#define BEAM_TOR_CONTROL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum {
    CONTROL_TEXT_MAX = 64 * 1024, /* bytes in a line, CRLF included; tor's longest are a few KiB */
    CONTROL_REPLY_MAX = 4 * 1024 * 1024, /* bytes of text and data in a reply */
    CONTROL_LINES_MAX = 4096             /* status lines in a reply */
};

/* One status line: what follows "250-", and the block that follows "250+…". */
struct control_line {
    const char *text; /* no NUL inside */
    const char *data; /* "" when it is no data line; lines end in \n, dots unstuffed */
    size_t text_len, data_len;
};

struct control_reply {
    unsigned code; /* 200–699 */
    bool event;    /* 6yz: not an answer to a command */
    size_t count;  /* lines, at least 1; the last is the one that ended the reply */
    const struct control_line *lines;
};

struct control_reader;

/* 0 or BEAM_ENOMEM. */
int control_reader_new(struct control_reader **out);
/* Wipes what it held. NULL allowed. */
void control_reader_free(struct control_reader *r);

/*
 * Eats from `in` up to the end of the next reply. 0: *out is that reply, good
 * until the next call. BEAM_EAGAIN: all was eaten but for a piece of a line;
 * call again with more. BEAM_EPROTO, BEAM_ELIMIT or BEAM_ENOMEM: the
 * connection is of no more use, and later calls say the same.
 */
int control_reader_next(struct control_reader *r, struct buf *in, const struct control_reply **out);

/* The rest of `text` behind its first word and a space, or ""; NULL when that word is not
 * `word`. */
const char *control_after(const char *text, const char *word);

/*
 * Takes the next space-separated word of *at into out and moves *at behind it.
 * 0, BEAM_ENOTFOUND (no more words), BEAM_ELIMIT (longer than out).
 */
int control_word(const char **at, char *out, size_t size);

/*
 * The value of KEY=value or KEY="quoted value" among the arguments in `text`,
 * unescaped as control-spec 2.1.1 advises (C escapes, else the character
 * itself). Keys inside of quoted values are not keys. 0, BEAM_ENOTFOUND,
 * BEAM_EINVAL (a quote left open, an escaped NUL), BEAM_ELIMIT (longer than out).
 */
int control_value(const char *text, const char *key, char *out, size_t size);

#endif
