/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of yamux share; nobody else includes this.
 *
 *     yamux.c          the session: its birth, its news to the owner, its end
 *     yamux_stream.c   one stream, as its owner sees it, and its end
 *     yamux_receive.c  frames that arrive
 *     yamux_send.c     whose turn it is to send
 *     yamux_ping.c     round trips
 *
 * Everything arrives and leaves in the session's own calls from the loop; the
 * owners of streams are called by a task of each stream, and the session's by
 * one of its own. So no code here has to expect that a call it makes comes back.
 */
#ifndef BEAM_STREAM_YAMUX_PARTS_H
#define BEAM_STREAM_YAMUX_PARTS_H

#include <sys/queue.h>

#include "base/map.h"
#include "stream/yamux.h"
#include "stream/yamux_frame.h"
#include "stream/yamux_ids.h"
#include "stream/yamux_share.h"
#include "stream/yamux_window.h"

enum {
    YAMUX_UNACKED_MAX = 256,        /* streams of ours that the peer has not acknowledged */
    YAMUX_QUEUE_MAX = 256 * 1024,   /* bytes that wait for their turn, of a stream */
    YAMUX_QUEUED_MAX = 1024 * 1024, /* of all streams; then a stream may have YAMUX_TURN */
    YAMUX_READ_MAX = 256 * 1024,    /* a call */
    YAMUX_TURN = 16 * 1024          /* bytes a turn where others wait */
};

struct yamux_stream {
    struct stream stream; /* first */
    struct yamux *y;      /* NULL: the session is gone */
    struct loop *loop;
    struct loop_task call;
    uint32_t id;
    bool ours : 1;
    bool live : 1;    /* known by its id: not over */
    bool syn_due : 1; /* it waits for its turn to be announced */
    bool acked : 1;   /* ours: the peer knows it; the peer's: we have said so */
    bool fresh : 1;   /* opened by the peer, and our owner was not told yet */
    bool ended : 1;   /* the peer sends no more */
    bool shut : 1;    /* the owner sends no more */
    bool fin_sent : 1;
    bool orphan : 1; /* freed by its owner, not over yet */
    bool rude : 1;   /* the peer sends to an orphan: a reset follows the end */
    bool noted : 1, ready : 1;
    unsigned owed, due; /* STREAM_… calls that the owner waits for, that are on their way */
    int failed;
    struct buf in, queue; /* arrived and not read; written and not framed */
    struct yamux_window window;
    uint32_t grant_due;              /* of `window`, and the peer was not told yet */
    uint32_t credit;                 /* bytes that the peer lets us send, beyond those in `queue` */
    size_t charged;                  /* to the session's share */
    uint64_t late_at;                /* of an orphan: when it is reset */
    TAILQ_ENTRY(yamux_stream) all;   /* on `streams` or `orphans` */
    TAILQ_ENTRY(yamux_stream) note;  /* on `waiting` or `notes` */
    TAILQ_ENTRY(yamux_stream) turns; /* on `arrivals` or `turns` */
};

struct yamux_ping;
TAILQ_HEAD(yamux_list, yamux_stream);

struct yamux {
    struct loop *loop;
    struct stream *under; /* NULL once over */
    struct yamux_spec spec;
    struct yamux_events events;
    struct yamux_budget private_budget;
    struct yamux_share share;
    struct map *ids; /* live streams */
    struct yamux_ids theirs;
    uint32_t next_id;
    size_t opened[2]; /* streams there are: the peer's, ours */
    size_t unacked, refused;
    struct yamux_list streams, orphans;
    struct yamux_list arrivals; /* to be told to our owner */
    /* receiving */
    struct buf in;
    uint8_t head[YAMUX_HEAD];
    size_t head_len;
    struct yamux_stream *into; /* whose data come now; NULL: nobody's */
    uint32_t left;             /* bytes of the frame that are still to come */
    bool fin_follows;          /* when they have */
    /* sending */
    struct buf control, out;
    struct yamux_list waiting, notes, turns; /* to be announced, with a word to say, with data */
    size_t queued;
    bool blocked, opening; /* `under` takes no more; who is announced got more to say */
    int choked, delayed;   /* why no more can be said; turns that an announcement has waited */
    /* pings: sent, and answered but not told */
    TAILQ_HEAD(yamux_pings, yamux_ping) pings, pongs;
    size_t ping_count;
    uint32_t ping_value;
    uint64_t rtt_us, probed_us;
    uint64_t heard, taken, given; /* when bytes came last; how many came, and went, by `under` */
    /* calls */
    struct loop_task receive, send, news;
    struct loop_timer stall, late;
    bool away_sent, away_got, away_told, idle_due, closed_due;
    bool telling, freed;
    int failed;
    struct beam_why why;
};

/* The session is over, for this reason; the first counts. Streams are told. */
void yamux_fail(struct yamux *y, int err, const struct beam_why *why);
/* Its owner has something to hear. */
void yamux_tell(struct yamux *y);

/* A live stream. 0, BEAM_ENOMEM. */
int yamux_stream_new(struct yamux *y, uint32_t id, bool ours, struct yamux_stream **out);
/* Calls its owner for what of `what` is owed. */
void yamux_stream_wake(struct yamux_stream *s, unsigned what);
/* Ends it, without a word to the peer. An orphan is gone afterwards; so is one that nobody was
 * told of. Else its owner is called, if err is not 0. */
void yamux_stream_end(struct yamux_stream *s, int err);
void yamux_stream_refuse(struct yamux_stream *s, int err); /* says RST, and ends it */
void yamux_stream_drop(struct yamux_stream *s);            /* and takes back what is unread */
void yamux_stream_settle(struct yamux_stream *s);          /* ends it if both ends have ended */
void yamux_stream_charge(struct yamux_stream *s);          /* reckons up what it holds */
bool yamux_stream_writable(const struct yamux_stream *s);  /* enough to be worth a call */

void yamux_receive(struct yamux *y); /* what there is */

void yamux_send_init(struct yamux *y);
/* A frame of the session, or the last of a stream. Fails the session when there are too many. */
void yamux_send_control(struct yamux *y, enum yamux_type type, unsigned flags, uint32_t stream,
                        uint32_t length);
/* s has a word to say (window, acknowledgement, end), or data. */
void yamux_send_note(struct yamux_stream *s);
void yamux_send_data(struct yamux_stream *s);
void yamux_send_announce(struct yamux_stream *s); /* of ours: the peer is to be told of it */
void yamux_send_forget(struct yamux_stream *s);   /* out of all lists */
void yamux_send_soon(struct yamux *y);
void yamux_send(struct yamux *y); /* what there is, as far as it is taken */

void yamux_ping_answered(struct yamux *y, uint32_t value);
/* Wants the round trip to be known, and not to be old. */
void yamux_ping_probe(struct yamux *y);
/* Tells of one that is answered, or over; false: there is none. */
bool yamux_ping_tell(struct yamux *y);
void yamux_ping_drop(struct yamux *y);

#endif
