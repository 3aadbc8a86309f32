/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A libp2p node of beam's that does what it is told, a line at a time, and answers each with one:
 * one side of the tests with other implementations, whose side understands the same lines.
 *
 *     listen [MULTIADDR]      ok MULTIADDR; without one, on loopback
 *     connect MULTIADDR       ok PEER
 *     identify PEER           ok AGENT
 *     ping PEER               ok MICROSECONDS
 *     echo PEER BYTES         ok: sent, and read again to the peer's end
 *     streams PEER COUNT      ok: as many echoes of a few bytes, all at once
 *     half PEER               ok: asked, shut, and was answered after that
 *     reset PEER              ok: the peer reset the stream
 *     none PEER               ok: the peer refused a protocol that nobody speaks
 *     disconnect PEER         ok
 *     gone PEER               ok: no connection to it is left
 *     reserve MULTIADDR       ok MULTIADDR: it is reached so, by way of that circuit relay
 *     way PEER                ok direct|circuit
 *
 * With "relay" among its words it is a circuit relay itself, and with "any" it dials and listens at
 * any address, not on loopback alone.
 *
 * and, when it was started as "peer gossip", of one topic:
 *
 *     meshed COUNT            ok: so many peers are in its mesh
 *     publish TEXT            ok
 *     heard TEXT              ok: it was heard
 *     count TEXT              ok TIMES
 *
 * or "error NAME WORDS". It ends with its standard input.
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "p2p/connect.h"
#include "p2p/open.h"
#include "p2p/ping.h"
#include "tests/interop/gossiper.h"
#include "tests/interop/meeting.h"

#define ECHO     "/interop/echo/1"
#define HALF     "/interop/half/1"
#define RESET    "/interop/reset/1"
#define NOBODYS  "/interop/none/1"
#define QUESTION "question"
#define ANSWER   "answer to question"

enum {
    LINE_MAX_SIZE = 1024,
    PIECE = 256 * 1024,
    PERIOD = 65521, /* of the bytes that are echoed: a prime, so that nothing can stand in for it */
    FEW = 100,      /* bytes of each of many echoes */
    STREAMS_MAX = 5000
};

struct node {
    struct loop *loop;
    struct host *host;
    struct loop_watch input;
    struct host_watch watch;
    char line[LINE_MAX_SIZE];
    size_t len;
    struct multiaddr addr;  /* of the connect at hand */
    struct peer_id awaited; /* whose identify, or end, is waited for */
    enum { NOTHING, IDENTITY, END } awaits;
    size_t left;               /* talks of the command at hand */
    bool failed;               /* one of them did, and that was said */
    struct gossiper *gossiper; /* NULL: it does not */
    struct meeting *meeting;
    uint8_t pattern[PERIOD + PIECE];
};

/* One stream: what we do on it. */
enum role { ECHOES, ANSWERS, RESETS, IS_ECHOED, ASKS, IS_RESET, IS_REFUSED };
struct talk {
    struct node *node;
    enum role role;
    struct stream *stream;
    struct buf in, out;
    uint64_t to_send, sent, got;
    bool shut;
};

static void must(int err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "peer: %s: %s\n", what, beam_err_text(err));
        exit(1);
    }
}

static void reply(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static void reply_error(int err, const char *words)
{
    printf("error %s %s\n", beam_err_name(err), words);
    fflush(stdout);
}

/* ---- talks ---------------------------------------------------------------------------------- */

static void talk_free(struct talk *t)
{
    stream_free(t->stream);
    buf_clear(&t->in);
    buf_clear(&t->out);
    free(t);
}

static bool is_client(const struct talk *t)
{
    return t->role >= IS_ECHOED;
}

/* A talk of the command at hand is over. */
static void finished(struct talk *t, int err, const char *words)
{
    struct node *n = t->node;
    bool counts = is_client(t);
    talk_free(t);
    if (!counts)
        return;
    if (err < 0 && !n->failed)
        reply_error(err, words);
    n->failed |= err < 0;
    if (--n->left == 0 && !n->failed)
        reply("ok");
}

static void refill(struct talk *t)
{
    uint64_t left = t->to_send - t->sent;
    size_t len = left < PIECE ? (size_t)left : PIECE;
    must(buf_add(&t->out, t->node->pattern + t->sent % PERIOD, len), "bytes");
    t->sent += len;
}

/* Returns whether all that there is to write, and the end, were taken. */
static int write_some(struct talk *t)
{
    for (;;) {
        if (buf_len(&t->out) == 0 && t->role == IS_ECHOED && t->sent < t->to_send)
            refill(t);
        if (buf_len(&t->out) == 0)
            return 0;
        ssize_t n = stream_write(t->stream, &t->out);
        if (n < 0)
            return (int)n;
        if (buf_len(&t->out) > 0)
            return BEAM_EAGAIN;
    }
}

/* Returns whether what came is what was sent. */
static bool check(struct talk *t)
{
    struct iovec iov[16];
    int n;
    while ((n = buf_iov(&t->in, iov, 16)) > 0) {
        for (int i = 0; i < n; i++) {
            size_t len = iov[i].iov_len < PIECE ? iov[i].iov_len : PIECE;
            if (t->got + len > t->to_send ||
                memcmp(iov[i].iov_base, t->node->pattern + t->got % PERIOD, len) != 0)
                return false;
            t->got += len;
            buf_drain(&t->in, len);
            if (len < iov[i].iov_len)
                break;
        }
    }
    return true;
}

static int shut(struct talk *t)
{
    if (t->shut || buf_len(&t->out) > 0)
        return 0;
    t->shut = true;
    return stream_shut(t->stream);
}

/* What is done with what was read. 0 or why the talk has failed. */
static int take(struct talk *t)
{
    switch (t->role) {
    case ECHOES:
        must(buf_move(&t->out, &t->in, buf_len(&t->in)), "an echo");
        return 0;
    case IS_ECHOED:
        return check(t) ? 0 : BEAM_EPROTO;
    case RESETS:
        return BEAM_ERESET;
    default:
        return buf_len(&t->in) < PIECE ? 0 : BEAM_ELIMIT;
    }
}

static bool holds(struct talk *t, const char *text)
{
    char got[64];
    size_t len = buf_peek(&t->in, 0, got, sizeof(got));
    return len == strlen(text) && memcmp(got, text, len) == 0;
}

/* The peer has ended its side. */
static int on_end(struct talk *t)
{
    switch (t->role) {
    case ECHOES:
        return 0;
    case ANSWERS:
        if (!holds(t, QUESTION))
            return BEAM_EPROTO;
        buf_clear(&t->in);
        return buf_add(&t->out, ANSWER, strlen(ANSWER));
    case IS_ECHOED:
        return t->got == t->to_send ? 0 : BEAM_EPROTO;
    case ASKS:
        return holds(t, ANSWER) ? 0 : BEAM_EPROTO;
    default:
        return BEAM_EPROTO; /* a reset or a refusal was due */
    }
}

/* 0: it is over; BEAM_EAGAIN: it goes on; or why it failed. */
static int go_on(struct talk *t)
{
    for (;;) {
        int err = write_some(t);
        if (err < 0 && err != BEAM_EAGAIN)
            return err;
        if (err == 0 && (t->role == IS_ECHOED || t->role == ASKS)) {
            err = shut(t);
            if (err < 0)
                return err;
        }
        if (buf_room(&t->out) < PIECE)
            return BEAM_EAGAIN; /* an echo that is not taken */
        ssize_t n = stream_read(t->stream, &t->in, PIECE);
        if (n == BEAM_ECLOSED)
            return 0;
        err = n < 0 ? (int)n : take(t);
        if (err < 0)
            return err;
    }
}

/* After the peer's end: what is left to write, and our end. */
static int wind_up(struct talk *t)
{
    int err = write_some(t);
    return err < 0 ? err : shut(t);
}

static const char *words_of(const struct talk *t)
{
    static const char *const words[] = {[IS_ECHOED] = "the echo",
                                        [ASKS] = "the answer",
                                        [IS_RESET] = "no reset",
                                        [IS_REFUSED] = "no refusal"};
    return is_client(t) ? words[t->role] : "";
}

static void on_over(struct talk *t, int err)
{
    if (t->role == RESETS)
        stream_reset(t->stream);
    if ((t->role == IS_RESET && err == BEAM_ERESET) ||
        (t->role == IS_REFUSED && (err == BEAM_ENOTFOUND || err == BEAM_ERESET)))
        err = 0;
    finished(t, err, words_of(t));
}

static void on_last_words(void *arg, struct stream *s, unsigned ready)
{
    int err = wind_up(arg);
    (void)s;
    (void)ready;
    if (err != BEAM_EAGAIN)
        on_over(arg, err);
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct talk *t = arg;
    int err = go_on(t);
    (void)ready;
    if (err == BEAM_EAGAIN)
        return;
    if (err == 0)
        err = on_end(t);
    if (err < 0) {
        on_over(t, err);
        return;
    }
    stream_own(s, on_last_words, t);
    on_last_words(t, s, 0);
}

static struct talk *talk_new(struct node *n, enum role role, struct stream *s)
{
    struct talk *t = calloc(1, sizeof(*t));
    must(t ? 0 : BEAM_ENOMEM, "a talk");
    t->node = n;
    t->role = role;
    t->stream = s;
    buf_init(&t->in, loop_pool(n->loop), PIECE);
    buf_init(&t->out, loop_pool(n->loop), 2 * PIECE);
    stream_own(s, on_ready, t);
    return t;
}

static void serve_echo(void *arg, struct stream *s, const struct host_peer *peer)
{
    (void)peer;
    on_ready(talk_new(arg, ECHOES, s), s, 0);
}

static void serve_half(void *arg, struct stream *s, const struct host_peer *peer)
{
    (void)peer;
    on_ready(talk_new(arg, ANSWERS, s), s, 0);
}

static void serve_reset(void *arg, struct stream *s, const struct host_peer *peer)
{
    (void)peer;
    on_ready(talk_new(arg, RESETS, s), s, 0);
}

/* A stream that was asked for, and what it is for. */
struct wish {
    struct node *node;
    enum role role;
    uint64_t bytes;
};

static void on_open(void *arg, int err, const struct beam_why *why, struct stream *s,
                    const char *protocol, const struct host_peer *peer)
{
    struct wish *w = arg;
    struct node *n = w->node;
    (void)protocol;
    (void)peer;
    if (err < 0) {
        if (!n->failed)
            reply_error(err, why->text);
        n->failed = true;
        n->left--;
        free(w);
        return;
    }
    struct talk *t = talk_new(n, w->role, s);
    t->to_send = w->bytes;
    if (w->role == ASKS || w->role == IS_RESET)
        must(buf_add(&t->out, QUESTION, strlen(QUESTION)), "a question");
    free(w);
    on_ready(t, s, 0);
}

static void talk_with(struct node *n, const struct peer_id *peer, const char *protocol,
                      enum role role, uint64_t count, uint64_t bytes)
{
    const struct connect_spec spec = {.peer = peer};
    n->left = (size_t)count;
    n->failed = false;
    for (uint64_t i = 0; i < count; i++) {
        struct open *o;
        struct wish *w = malloc(sizeof(*w));
        must(w ? 0 : BEAM_ENOMEM, "a wish");
        *w = (struct wish){n, role, bytes};
        must(open_start(n->host, &spec, &protocol, 1, on_open, w, &o), "open_start");
    }
}

static void on_connected(void *arg, int err, const struct beam_why *why,
                         const struct host_peer *peer)
{
    char id[PEER_ID_TEXT_SIZE];
    (void)arg;
    if (err < 0) {
        reply_error(err, why->text);
        return;
    }
    peer_id_text(peer->id, id);
    printf("ok %s\n", id);
    fflush(stdout);
}

static void do_connect(struct node *n, const char *text)
{
    struct beam_why why = {0};
    struct connect *c;
    int err = multiaddr_parse(text, strlen(text), &n->addr, &why);
    const struct connect_spec spec = {.addrs = &n->addr, .n = 1, .origin = PERMIT_TYPED};
    if (err == 0)
        err = connect_start(n->host, &spec, on_connected, n, &c);
    if (err < 0)
        reply_error(err, why.text);
}

static void do_listen(struct node *n, const char *at)
{
    struct multiaddr addr;
    struct beam_why why = {0};
    char text[MULTIADDR_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    int err = multiaddr_parse(at, strlen(at), &addr, &why);
    if (err == 0)
        err = host_listen(n->host, &addr, &why);
    if (err < 0) {
        reply_error(err, why.text);
        return;
    }
    multiaddr_text(host_addr(n->host, 0), text);
    peer_id_text(host_id(n->host), id);
    printf("ok %s/p2p/%s\n", text, id);
    fflush(stdout);
}

static void on_pong(void *arg, int err, const struct beam_why *why, uint64_t us,
                    const struct host_peer *peer)
{
    struct ping **p = arg;
    (void)peer;
    if (err < 0) {
        reply_error(err, why->text);
        return;
    }
    ping_stop(*p);
    printf("ok %llu\n", (unsigned long long)us);
    fflush(stdout);
}

/* What is waited for may have come before. */
static void look(struct node *n)
{
    struct host_peer p;
    bool is_there = host_find(n->host, &n->awaited, &p);
    if (n->awaits == END && !is_there)
        reply("ok");
    else if (n->awaits == IDENTITY && is_there && p.agent[0])
        printf("ok %s\n", p.agent);
    else
        return;
    n->awaits = NOTHING;
    fflush(stdout);
}

static void on_identified(void *arg, const struct host_peer *peer)
{
    (void)peer;
    look(arg);
}

static void on_down(void *arg, const struct peer_id *peer)
{
    (void)peer;
    look(arg);
}

static void await(struct node *n, const struct peer_id *peer, int what)
{
    n->awaited = *peer;
    n->awaits = what ? END : IDENTITY;
    look(n);
}

/* ---- what it is told ------------------------------------------------------------------------ */

static void about_peer(struct node *n, const char *word, const struct peer_id *peer, uint64_t count)
{
    static struct ping *ping;
    const struct connect_spec spec = {.peer = peer};
    if (strcmp(word, "identify") == 0)
        await(n, peer, false);
    else if (strcmp(word, "gone") == 0)
        await(n, peer, true);
    else if (strcmp(word, "way") == 0)
        meeting_way(n->meeting, peer);
    else if (strcmp(word, "ping") == 0)
        must(ping_start(n->host, &spec, on_pong, &ping, &ping), "ping_start");
    else if (strcmp(word, "echo") == 0)
        talk_with(n, peer, ECHO, IS_ECHOED, 1, count);
    else if (strcmp(word, "streams") == 0)
        talk_with(n, peer, ECHO, IS_ECHOED, count, FEW);
    else if (strcmp(word, "half") == 0)
        talk_with(n, peer, HALF, ASKS, 1, 0);
    else if (strcmp(word, "reset") == 0)
        talk_with(n, peer, RESET, IS_RESET, 1, 0);
    else if (strcmp(word, "none") == 0)
        talk_with(n, peer, NOBODYS, IS_REFUSED, 1, 0);
    else if (strcmp(word, "disconnect") == 0) {
        host_disconnect(n->host, peer);
        reply("ok");
    } else
        reply_error(BEAM_EUSAGE, word);
}

static void obey(struct node *n, char *line)
{
    struct peer_id peer;
    uint64_t count = 0;
    char *rest = line;
    const char *word = strsep(&rest, " "), *whom = strsep(&rest, " "), *number = rest;
    if (strcmp(word, "listen") == 0)
        do_listen(n, whom ? whom : "/ip4/127.0.0.1/tcp/0");
    else if (strcmp(word, "connect") == 0 && whom)
        do_connect(n, whom);
    else if (strcmp(word, "reserve") == 0 && whom)
        meeting_reserve(n->meeting, whom);
    else if (n->gossiper && whom && !number && peer_id_parse(whom, strlen(whom), &peer, NULL) < 0)
        gossiper_obey(n->gossiper, word, whom);
    else if (!whom || peer_id_parse(whom, strlen(whom), &peer, NULL) < 0 ||
             (number && text_number(number, strlen(number), UINT64_MAX, &count) < 0))
        reply_error(BEAM_EUSAGE, line);
    else
        about_peer(n, word, &peer, count);
}

static void on_input(void *arg, unsigned ready)
{
    struct node *n = arg;
    char *end;
    (void)ready;
    ssize_t got = read(STDIN_FILENO, n->line + n->len, sizeof(n->line) - 1 - n->len);
    if (got <= 0) {
        loop_stop(n->loop);
        return;
    }
    n->len += (size_t)got;
    n->line[n->len] = '\0';
    while ((end = strchr(n->line, '\n'))) {
        *end++ = '\0';
        obey(n, n->line);
        n->len -= (size_t)(end - n->line);
        memmove(n->line, end, n->len + 1);
    }
}

/* ---- main ----------------------------------------------------------------------------------- */

static void fill_pattern(struct node *n)
{
    for (uint32_t i = 0; i < sizeof(n->pattern); i++)
        n->pattern[i] = (uint8_t)((i % PERIOD) * UINT32_C(2654435761) >> 24);
}

int main(int argc, char **argv)
{
    static struct node n;
    struct key_pair *key;
    struct permit *permit;
    must(sodium_init(), "libsodium");
    must(loop_new(&n.loop), "a loop");
    must(key_pair_new(rng_system(), &key), "a key");
    must(meeting_permit(argc, argv, &permit), "a permit");
    const struct host_spec spec = {
        .loop = n.loop,
        .rng = rng_system(),
        .clock = clock_system(),
        .key = key,
        .permit = permit,
        .kind = HOST_OPEN,
        .agent = "beam-interop",
        .limits = {.streams = STREAMS_MAX, .streams_per_peer = STREAMS_MAX}};
    must(host_new(&spec, &n.host), "a host");
    must(host_handle(n.host, ECHO, serve_echo, &n), ECHO);
    must(host_handle(n.host, HALF, serve_half, &n), HALF);
    must(host_handle(n.host, RESET, serve_reset, &n), RESET);
    n.meeting = meeting_new(n.loop, n.host, key, argc, argv);
    if (argc > 1 && strcmp(argv[1], "gossip") == 0)
        n.gossiper = gossiper_new(n.loop, n.host, key);
    fill_pattern(&n);
    n.watch = (struct host_watch){.identified = on_identified, .down = on_down, .arg = &n};
    host_watch(n.host, &n.watch);
    must(loop_watch_start(n.loop, &n.input, STDIN_FILENO, LOOP_READ, on_input, &n), "input");
    must(loop_run(n.loop), "the loop");
    loop_watch_stop(&n.input);
    host_unwatch(&n.watch);
    gossiper_free(n.gossiper);
    meeting_free(n.meeting);
    host_free(n.host);
    permit_free(permit);
    key_pair_free(key);
    return 0;
}
