/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/session.h"

#include <fcntl.h>
#include <stdlib.h>

#include "bench/pump.h"
#include "loop/tcp.h"
#include "stream/secure.h"
#include "stream/socket.h"

static void on_stream(void *arg, struct stream *stream)
{
    struct session *s = arg;
    if (s->on_stream)
        s->on_stream(s->arg, stream);
    else
        s->opened = stream;
    loop_stop(s->loop); /* for who waits for it */
}

static void on_idle(void *arg)
{
    struct session *s = arg;
    s->idle = true;
    loop_stop(s->loop);
}

/* The peer's process may end before the session here has told of its last stream. */
static void on_closed(void *arg, int err, const struct beam_why *why)
{
    (void)err;
    (void)why;
    on_idle(arg);
}

static void on_secure(void *arg, int err, const struct beam_why *why, struct stream *stream,
                      const struct secure_result *r)
{
    struct session *s = arg;
    (void)why;
    (void)r;
    pump_must(err == 0, "a handshake");
    s->opened = stream;
    loop_stop(s->loop);
}

void session_open(struct session *s, struct loop *l, struct stream *under, bool initiator)
{
    const struct yamux_spec spec = {.initiator = initiator};
    const struct yamux_events events = {
        .stream = on_stream, .closed = on_closed, .idle = on_idle, .arg = s};
    struct secure_spec noise = {.initiator = initiator};
    struct key_pair *identity;
    struct secure *secure;
    pump_must(key_pair_new(rng_system(), &identity) == 0, "a key");
    s->loop = l;
    noise.identity = identity;
    pump_must(secure_start(l, under, &noise, on_secure, s, &secure) == 0, "a handshake");
    while (!s->opened)
        pump_must(loop_run(l) == 0, "the loop");
    under = s->opened;
    s->opened = NULL;
    key_pair_free(identity);
    pump_must(yamux_new(l, under, &spec, &events, &s->y) == 0, "a session");
}

void session_over(struct session *s, struct loop *l, int fd, bool initiator)
{
    struct stream *under;
    pump_must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && tcp_tune(fd) == 0, "a socket");
    pump_must(stream_socket(l, fd, &under) == 0, "a stream");
    session_open(s, l, under, initiator);
}

struct stream *session_stream(struct loop *l, struct stream *under, bool sends)
{
    struct session *s = calloc(1, sizeof(*s));
    struct stream *stream = NULL;
    pump_must(s != NULL, "memory");
    session_open(s, l, under, sends);
    if (sends)
        pump_must(yamux_open(s->y, &stream) == 0, "a stream");
    while (!sends && !s->opened)
        pump_must(loop_run(l) == 0, "the loop");
    return sends ? stream : s->opened;
}
