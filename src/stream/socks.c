/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/socks.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

enum { VERSION = 5, METHOD_PASSWORD = 2, METHOD_NONE = 0xff };
enum { AUTH_VERSION = 1, AUTH_OK = 0 };
enum { COMMAND_CONNECT = 1, TYPE_IPV4 = 1, TYPE_NAME = 3, TYPE_IPV6 = 4 };
enum { STEP_METHOD, STEP_AUTH, STEP_REPLY, STEP_OPEN };

static const struct {
    uint8_t reply;
    int err;
    const char *text;
} replies[] = {
    {0x00, 0, "succeeded"},
    {0x01, BEAM_EUNREACH, "general failure"},
    {0x02, BEAM_EUNREACH, "not allowed by the proxy's rules"},
    {0x03, BEAM_EUNREACH, "network unreachable"},
    {0x04, BEAM_EUNREACH, "host unreachable"},
    {0x05, BEAM_EREFUSED, "connection refused"},
    {0x06, BEAM_ETIMEOUT, "timed out on the way"},
    {0x07, BEAM_EPROTO, "command not supported"},
    {0x08, BEAM_EPROTO, "address type not supported"},
    {0xf0, BEAM_ENOTFOUND, "the onion service's descriptor was not found"},
    {0xf1, BEAM_EUNREACH, "the onion service's descriptor is invalid"},
    {0xf2, BEAM_EUNREACH, "the onion service could not be introduced to"},
    {0xf3, BEAM_EUNREACH, "the rendezvous with the onion service failed"},
    {0xf4, BEAM_EAUTH, "the onion service asks for a client key, and there is none"},
    {0xf5, BEAM_EAUTH, "the onion service does not take this client key"},
    {0xf6, BEAM_EUNREACH, "not a valid onion address"},
    {0xf7, BEAM_ETIMEOUT, "the introduction to the onion service timed out"},
};

const char *socks_reply_text(uint8_t reply)
{
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        if (replies[i].reply == reply)
            return replies[i].text;
    return "unknown reply";
}

int socks_reply_err(uint8_t reply)
{
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        if (replies[i].reply == reply)
            return replies[i].err;
    return BEAM_EPROTO;
}

/* ---- the pure half ------------------------------------------------------ */

static bool fits(const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);
    return len > 0 && len <= max;
}

static bool valid(const struct socks_target *t)
{
    return t->port != 0 && fits(t->host, SOCKS_HOST_MAX) && fits(t->user, SOCKS_CREDENTIAL_MAX) &&
           fits(t->password, SOCKS_CREDENTIAL_MAX);
}

int socks_start(struct socks_state *st, const struct socks_target *target, struct buf *out)
{
    static const uint8_t greeting[] = {VERSION, 1, METHOD_PASSWORD};
    if (!valid(target))
        return BEAM_EINVAL;
    int err = buf_add(out, greeting, sizeof(greeting));
    if (err < 0)
        return err;
    *st = (struct socks_state){.step = STEP_METHOD, .target = target};
    return 0;
}

static void write_text(struct wire_writer *w, const char *text)
{
    size_t len = strlen(text);
    wire_write_u8(w, (uint8_t)len);
    wire_write_bytes(w, text, len);
}

static int flush(struct wire_writer *w, struct buf *out)
{
    size_t len;
    int err = wire_write_end(w, &len);
    return err < 0 ? err : buf_add(out, w->start, len);
}

/* RFC 1929 section 2. */
static int send_auth(const struct socks_target *t, struct buf *out)
{
    uint8_t message[SOCKS_OUT_MAX];
    struct wire_writer w;
    wire_write_init(&w, message, sizeof(message));
    wire_write_u8(&w, AUTH_VERSION);
    write_text(&w, t->user);
    write_text(&w, t->password);
    return flush(&w, out);
}

static void write_host(struct wire_writer *w, const struct socks_target *t)
{
    struct addr a;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (addr_ip(t->host, strlen(t->host), t->port, &a) < 0) {
        wire_write_u8(w, TYPE_NAME);
        write_text(w, t->host);
    } else if (a.ss.ss_family == AF_INET) {
        memcpy(&v4, &a.ss, sizeof(v4));
        wire_write_u8(w, TYPE_IPV4);
        wire_write_bytes(w, &v4.sin_addr, sizeof(v4.sin_addr));
    } else {
        memcpy(&v6, &a.ss, sizeof(v6));
        wire_write_u8(w, TYPE_IPV6);
        wire_write_bytes(w, &v6.sin6_addr, sizeof(v6.sin6_addr));
    }
}

/* RFC 1928 section 4. */
static int send_request(const struct socks_target *t, struct buf *out)
{
    uint8_t message[SOCKS_OUT_MAX];
    struct wire_writer w;
    wire_write_init(&w, message, sizeof(message));
    wire_write_u8(&w, VERSION);
    wire_write_u8(&w, COMMAND_CONNECT);
    wire_write_u8(&w, 0);
    write_host(&w, t);
    wire_write_be16(&w, t->port);
    return flush(&w, out);
}

/* The length of the message that begins with these bytes, as far as they tell;
 * 0 for an address of no known type. */
static size_t message_len(int step, const uint8_t *in, size_t len)
{
    if (step == STEP_OPEN)
        return 0;
    if (step != STEP_REPLY)
        return 2;
    if (len < 5)
        return 5;
    switch (in[3]) {
    case TYPE_IPV4:
        return 4 + 4 + 2;
    case TYPE_IPV6:
        return 4 + 16 + 2;
    case TYPE_NAME:
        return 5 + (size_t)in[4] + 2;
    default:
        return 0;
    }
}

size_t socks_need(const struct socks_state *st, const struct buf *in)
{
    uint8_t head[5];
    size_t have = buf_len(in);
    size_t all = message_len(st->step, head, buf_peek(in, 0, head, sizeof(head)));
    return all > have ? all - have : 0;
}

static int on_method(struct socks_state *st, uint8_t method, struct buf *out)
{
    if (method != METHOD_PASSWORD)
        return method == METHOD_NONE ? BEAM_EAUTH : BEAM_EPROTO;
    st->step = STEP_AUTH;
    return send_auth(st->target, out);
}

static int on_auth(struct socks_state *st, uint8_t status, struct buf *out)
{
    if (status != AUTH_OK)
        return BEAM_EAUTH;
    st->step = STEP_REPLY;
    return send_request(st->target, out);
}

static int on_reply(struct socks_state *st, uint8_t reply)
{
    st->reply = reply;
    if (reply == 0)
        st->step = STEP_OPEN;
    return socks_reply_err(reply);
}

int socks_input(struct socks_state *st, struct buf *in, struct buf *out)
{
    int err = 0;
    while (err == 0 && st->step != STEP_OPEN) {
        uint8_t head[5] = {0};
        size_t len = buf_peek(in, 0, head, sizeof(head));
        size_t all = message_len(st->step, head, len);
        if (len > 0 && head[0] != (st->step == STEP_AUTH ? AUTH_VERSION : VERSION))
            return BEAM_EPROTO;
        if (buf_len(in) < all)
            return BEAM_EAGAIN;
        if (all == 0 && head[1] == 0)
            return BEAM_EPROTO;
        buf_drain(in, all);
        if (st->step == STEP_METHOD)
            err = on_method(st, head[1], out);
        else if (st->step == STEP_AUTH)
            err = on_auth(st, head[1], out);
        else
            err = on_reply(st, head[1]);
    }
    return err;
}

/* ---- the shell ---------------------------------------------------------- */

struct socks_dial {
    struct stream_dial *dial; /* until it is answered */
    struct stream *stream;
    struct socks_state state;
    struct socks_target target;
    char host[SOCKS_HOST_MAX + 1];
    char user[SOCKS_CREDENTIAL_MAX + 1], password[SOCKS_CREDENTIAL_MAX + 1];
    struct buf in, out;
    struct loop_timer deadline;
    socks_fn *done;
    void *arg;
};

static void socks_dial_free(struct socks_dial *d)
{
    stream_dial_cancel(d->dial);
    stream_free(d->stream);
    loop_timer_clear(&d->deadline);
    buf_clear(&d->in);
    buf_clear(&d->out);
    free(d);
}

static void answer(struct socks_dial *d, int err)
{
    socks_fn *done = d->done;
    void *arg = d->arg;
    uint8_t reply = d->state.reply;
    struct stream *s = NULL;
    if (err == 0) {
        s = d->stream;
        stream_own(s, NULL, NULL);
        d->stream = NULL;
    }
    socks_dial_free(d);
    done(arg, err, reply, s);
}

/* Sends what is to be sent and reads what is due. 0: open; BEAM_EAGAIN; or why not. */
static int shake_hands(struct socks_dial *d)
{
    for (;;) {
        ssize_t n = stream_write(d->stream, &d->out);
        if (n < 0 && n != BEAM_EAGAIN)
            return (int)n;
        n = stream_read(d->stream, &d->in, socks_need(&d->state, &d->in));
        if (n < 0)
            return n == BEAM_ECLOSED ? BEAM_EPROTO : (int)n;
        int err = socks_input(&d->state, &d->in, &d->out);
        if (err != BEAM_EAGAIN)
            return err;
    }
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    int err = shake_hands(arg);
    if (err != BEAM_EAGAIN)
        answer(arg, err);
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct socks_dial *d = arg;
    d->dial = NULL;
    if (err < 0) {
        answer(d, err);
        return;
    }
    d->stream = s;
    stream_own(s, on_ready, d);
    on_ready(d, s, STREAM_READABLE | STREAM_WRITABLE);
}

static void on_deadline(void *arg)
{
    answer(arg, BEAM_ETIMEOUT);
}

static void copy_target(struct socks_dial *d, const struct socks_target *t)
{
    memcpy(d->host, t->host, strlen(t->host) + 1);
    memcpy(d->user, t->user, strlen(t->user) + 1);
    memcpy(d->password, t->password, strlen(t->password) + 1);
    d->target = (struct socks_target){
        .host = d->host, .port = t->port, .user = d->user, .password = d->password};
}

int stream_socks(struct loop *l, const struct permit *permit, const struct addr *port,
                 const struct socks_target *target, uint64_t timeout_ms, socks_fn *done, void *arg,
                 struct socks_dial **out)
{
    if (!valid(target))
        return BEAM_EINVAL;
    int err = permit_check_tor(permit, NULL);
    if (err < 0)
        return err;
    struct socks_dial *d = calloc(1, sizeof(*d));
    if (!d)
        return BEAM_ENOMEM;
    d->done = done;
    d->arg = arg;
    copy_target(d, target);
    buf_init(&d->in, loop_pool(l), SOCKS_IN_MAX);
    buf_init(&d->out, loop_pool(l), SOCKS_OUT_MAX);
    loop_timer_init(l, &d->deadline, on_deadline, d);
    loop_timer_set(&d->deadline, timeout_ms);
    err = socks_start(&d->state, &d->target, &d->out);
    if (err == 0)
        err = stream_dial(l, permit, port, PERMIT_TYPED, timeout_ms, on_dialled, d, &d->dial);
    if (err < 0) {
        socks_dial_free(d);
        return err;
    }
    *out = d;
    return 0;
}

void stream_socks_cancel(struct socks_dial *d)
{
    if (d)
        socks_dial_free(d);
}
