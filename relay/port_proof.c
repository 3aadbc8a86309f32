/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/port_proof.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/egress.h"
#include "relay/callers.h"
#include "relay/reservation.h"
#include "stream/datagram.h"

enum {
    WORD = 32,                     /* bytes */
    FRAMED = DATAGRAM_HEAD + WORD, /* of a word as a datagram on a stream */
    AGAIN_MS = 1000                /* a datagram may be lost */
};

struct port_proof {
    struct proof_spec spec;
    struct proof_events events;
    bool udp;
    struct where_url url;
    uint8_t question[WORD], answer[WORD];

    struct url_stream *way; /* of our own visit, while it is sought */
    struct stream *stream;  /* and then the visit */
    struct buf in, out;
    int fd; /* of UDP, in place of that */
    struct loop_watch watch;
    struct loop_timer again, deadline;
    struct beam_why why;
    struct callers callers;
};

/* ---- our own visit -------------------------------------------------------------------------- */

static void hang_up(struct port_proof *p)
{
    loop_timer_clear(&p->deadline);
    loop_timer_clear(&p->again);
    loop_watch_stop(&p->watch);
    url_stream_cancel(p->way);
    stream_free(p->stream);
    if (p->fd >= 0)
        close(p->fd);
    buf_clear(&p->in);
    buf_clear(&p->out);
    p->way = NULL;
    p->stream = NULL;
    p->fd = -1;
}

static void end(struct port_proof *p, int err, const char *reason)
{
    hang_up(p);
    if (err < 0)
        beam_why(&p->why, err, "%s://%s: %s", p->udp ? "udp" : "tcp", p->url.authority, reason);
    p->events.done(p->events.arg, err, err < 0 ? &p->why : NULL);
}

static bool is_answer(const struct port_proof *p, const uint8_t *word, size_t len)
{
    return len == WORD && sodium_memcmp(word, p->answer, WORD) == 0;
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct port_proof *p = arg;
    uint8_t word[WORD];
    ssize_t n = 0;
    if (ready & STREAM_WRITABLE)
        while (buf_len(&p->out) > 0 && n >= 0)
            n = stream_write(s, &p->out);
    do
        n = stream_read(s, &p->in, WORD - buf_len(&p->in));
    while (n > 0);
    size_t len = buf_peek(&p->in, 0, word, sizeof(word));
    if (is_answer(p, word, len))
        end(p, 0, "");
    else if (len == WORD)
        end(p, BEAM_EAUTH, "something else answers there");
    else if (n == BEAM_ECLOSED || n == BEAM_ERESET)
        end(p, BEAM_EUNREACH, "the relay could not bring a visit here");
    else if (n != BEAM_EAGAIN)
        end(p, (int)n, beam_err_text((int)n));
}

static void ask(struct port_proof *p, struct stream *s)
{
    p->stream = s;
    stream_own(s, on_ready, p);
    int err = buf_add(&p->out, p->question, WORD);
    if (err < 0)
        end(p, err, beam_err_text(err));
    else
        on_ready(p, s, STREAM_WRITABLE);
}

static void on_there(void *arg, int err, const struct beam_why *why, struct stream *s)
{
    struct port_proof *p = arg;
    p->way = NULL;
    if (err < 0)
        end(p, err, why->text);
    else
        ask(p, s);
}

/* ---- the same with datagrams ---------------------------------------------------------------- */

static void on_again(void *arg)
{
    struct port_proof *p = arg;
    ssize_t n = write(p->fd, p->question, WORD);
    (void)n; /* it is sent again */
    loop_timer_set(&p->again, AGAIN_MS);
}

/* Anybody can send one in the relay's name: what is no answer says nothing. */
static void on_datagram(void *arg, unsigned ready)
{
    struct port_proof *p = arg;
    uint8_t word[WORD + 1];
    (void)ready;
    ssize_t n = read(p->fd, word, sizeof(word));
    if (n >= 0 && is_answer(p, word, (size_t)n))
        end(p, 0, "");
}

/* The address of the URL, or where that has a name, the relay's own. */
static int find_address(const struct port_proof *p, struct addr *out, struct beam_why *why)
{
    enum multiaddr_code transport;
    if (multiaddr_to_addr(&p->url.addr, out, &transport) == 0)
        return 0;
    if (p->spec.relay.len == 0)
        return beam_why(why, BEAM_EPOLICY,
                        "udp://%s: it cannot be seen whether that leads here: datagrams do not go "
                        "through Tor, and there is no way to it without (add --egress any, or "
                        "publish by --proto tcp)",
                        p->url.authority);
    *out = p->spec.relay;
    addr_set_port(out, p->url.port);
    return 0;
}

static int open_udp(struct port_proof *p, struct beam_why *why)
{
    struct addr to;
    int err = find_address(p, &to, why);
    if (err < 0)
        return err;
    enum permit_origin origin = proof_origin(&p->spec, addr_scope(&to) == ADDR_LOOPBACK);
    err = permit_check(p->spec.permit, &to, origin, why);
    if (err < 0)
        return err;
    err = egress_datagrams(p->spec.permit, &to, origin, &p->fd);
    if (err == 0)
        err = loop_watch_start(p->spec.loop, &p->watch, p->fd, LOOP_READ, on_datagram, p);
    if (err < 0)
        return beam_why(why, err, "udp://%s: %s", p->url.authority, beam_err_text(err));
    loop_timer_set(&p->again, 0);
    return 0;
}

static void on_deadline(void *arg)
{
    end(arg, BEAM_ETIMEOUT, "no visit came through in time");
}

/* ---- visits that come meanwhile ------------------------------------------------------------- */

static void flush_answer(const struct port_proof *p, struct caller *c)
{
    ssize_t n = caller_flush(c);
    if (n >= 0 && !p->udp)
        (void)stream_shut(c->stream);
}

/* A word as it is on a visit stream. */
static size_t write_word(const struct port_proof *p, const uint8_t word[WORD], uint8_t out[FRAMED])
{
    size_t head = p->udp ? DATAGRAM_HEAD : 0;
    out[0] = 0;
    out[1] = WORD;
    memcpy(out + head, word, WORD);
    return head + WORD;
}

/* Once over a connection, and to each datagram that asks. */
static void answer(const struct port_proof *p, struct caller *c)
{
    uint8_t bytes[FRAMED];
    size_t len = write_word(p, p->answer, bytes);
    if (!c->asked || (p->udp && buf_len(&c->out) == 0))
        (void)buf_add(&c->out, bytes, len); /* out of memory, none is sent, and that is seen */
    c->asked = true;
    sodium_memzero(bytes, sizeof(bytes));
    flush_answer(p, c);
}

/* One whose question was answered. The relay is waited for, for an end with bytes unread could cost
 * it the answer; and a datagram that was lost is asked for once more. */
static void linger(const struct port_proof *p, struct caller *c)
{
    ssize_t n = 1;
    flush_answer(p, c);
    while (n > 0) {
        n = stream_read(c->stream, &c->in, buf_room(&c->in));
        if (n > 0 && buf_room(&c->in) == 0) {
            buf_clear(&c->in);
            answer(p, c);
        }
    }
    if (n != BEAM_EAGAIN)
        caller_close(c);
}

static void listen_to(void *arg, struct caller *c)
{
    const struct port_proof *p = arg;
    uint8_t want[FRAMED], is[FRAMED];
    ssize_t n;
    if (c->asked) {
        linger(p, c);
        return;
    }
    size_t all = write_word(p, p->question, want);
    do
        n = stream_read(c->stream, &c->in, all - buf_len(&c->in));
    while (n > 0);
    size_t len = buf_peek(&c->in, 0, is, all);
    if (sodium_memcmp(want, is, len) != 0 || (len < all && n != BEAM_EAGAIN))
        caller_hand_on(c);
    else if (len == all) {
        buf_clear(&c->in);
        answer(p, c);
        linger(p, c);
    }
}

void port_proof_visit(struct port_proof *p, struct stream *s)
{
    callers_add(&p->callers, s, FRAMED, FRAMED);
}

/* ---- the proof ------------------------------------------------------------------------------ */

int port_proof_start(const struct proof_spec *spec, uint64_t kind, const char *url,
                     const struct proof_events *events, struct port_proof **out,
                     struct beam_why *why)
{
    struct port_proof *p = calloc(1, sizeof(*p));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    p->spec = *spec;
    p->events = *events;
    p->udp = kind == RESERVATION_UDP;
    p->fd = -1;
    buf_init(&p->in, loop_pool(spec->loop), WORD);
    buf_init(&p->out, loop_pool(spec->loop), WORD);
    p->callers = (struct callers){.loop = spec->loop,
                                  .ready = listen_to,
                                  .visitor = events->visitor,
                                  .arg = p,
                                  .visitor_arg = events->arg};
    loop_timer_init(spec->loop, &p->deadline, on_deadline, p);
    loop_timer_init(spec->loop, &p->again, on_again, p);
    spec->rng->fill(spec->rng->arg, p->question, WORD);
    spec->rng->fill(spec->rng->arg, p->answer, WORD);
    int err = where_parse_port(url, p->udp ? "udp" : "tcp", &p->url, why);
    if (err == 0)
        err = p->udp ? open_udp(p, why) : proof_dial(&p->spec, &p->url, on_there, p, &p->way, why);
    if (err < 0) {
        port_proof_free(p);
        return err;
    }
    loop_timer_set(&p->deadline, spec->timeout_ms);
    *out = p;
    return 0;
}

void port_proof_free(struct port_proof *p)
{
    if (!p)
        return;
    hang_up(p);
    callers_end(&p->callers);
    sodium_memzero(p->answer, sizeof(p->answer));
    free(p);
}
