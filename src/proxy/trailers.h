/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fields behind a body in chunks (RFC 9110, 6.5, 9112, 7.1.2), gathered as they come and
 * written anew where that body's last chunk goes on. Pure.
 *
 * A reader may put them to the fields of the head. So those do not go on that would say there how
 * the message is framed, where it goes, who sends it, whether and how it is answered, or how its
 * content is to be read (RFC 9110, 6.5.1), nor what a proxy has to say itself, also spelt with _;
 * and a message that has framing or a host among them is refused.
 */
#ifndef BEAM_PROXY_TRAILERS_H
#define BEAM_PROXY_TRAILERS_H

#include "base/buf.h"
#include "http/body.h"

struct trailers { /* private; zeroed before its first use */
    char *text;
    size_t len, room; /* at most HTTP_TRAILERS_MAX */
    char *barred;     /* what the head's Connection names; NULL: nothing */
    size_t barred_len;
};

/* Those that this head's Connection fields name are for its receiver alone (RFC 9110, 7.6.1), and
 * do not go on. Before any is added. 0 or BEAM_ENOMEM. */
int trailers_bar(struct trailers *t, const struct http_head *head);

/* Lets them go. */
void trailers_clear(struct trailers *t);
/* More bytes of their lines. 0, BEAM_ENOMEM, BEAM_ELIMIT. */
int trailers_add(struct trailers *t, const void *bytes, size_t len);
/* Hands over the lines, which are whole, as they came; free() them. NULL: there are none. */
char *trailers_take(struct trailers *t, size_t *len);
/* Room that trailers_write may want. */
enum { TRAILERS_ROOM = HTTP_TRAILERS_MAX + 64 };
/* Appends the last chunk, the fields that go on, and the empty line: all or nothing. 0;
 * BEAM_EPROTO: they make no sense, or are an attack; BEAM_ENOMEM, BEAM_ELIMIT. */
int trailers_write(const struct trailers *t, struct buf *out);

#endif
