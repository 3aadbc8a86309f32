/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_control.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "control/channel.h"
#include "daemon/message.h"
#include "loop/listen.h"
#include "stream/socket.h"

struct seat {
    struct operator_control *control;
    struct seat *next, **link; /* the oldest first */
    struct channel *channel;
    struct loop_timer idle;
};

struct operator_control {
    struct loop *loop;
    const char *version;
    const struct operator_acts *acts;
    struct listener *listener;
    struct seat *first, **last;
    size_t count;
};

static void seat_free(struct seat *s)
{
    struct operator_control *c = s->control;
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    else
        c->last = s->link;
    c->count--;
    loop_timer_clear(&s->idle);
    channel_free(s->channel);
    free(s);
}

/* Sends and deletes. False: the seat is gone. */
static bool answer(struct seat *s, cJSON *reply)
{
    bool sent = reply && channel_send(s->channel, reply) == 0;
    cJSON_Delete(reply);
    if (!sent)
        seat_free(s);
    return sent;
}

static void on_message(void *arg, const cJSON *object)
{
    struct seat *s = arg;
    struct operator_message m;
    struct beam_why why = {.text = ""};
    loop_timer_set(&s->idle, OPERATOR_CONTROL_IDLE_MS);
    if (operator_message_parse(object, &m, &why) < 0)
        (void)answer(s, message_error(message_id(object), &why));
    else
        (void)answer(s, operator_acts_do(s->control->acts, &m));
}

static void on_closed(void *arg, int err)
{
    (void)err;
    seat_free(arg);
}

static void on_idle(void *arg)
{
    seat_free(arg);
}

static bool is_ours(int fd)
{
    uid_t uid;
    pid_t pid;
    return listen_peer(fd, &uid, &pid) == 0 && uid == geteuid();
}

/* Takes the stream over, always. */
static int seat_new(struct operator_control *c, struct stream *stream)
{
    struct seat *s = calloc(1, sizeof(*s));
    if (!s) {
        stream_free(stream);
        return BEAM_ENOMEM;
    }
    const struct channel_events ev = {.message = on_message, .closed = on_closed, .arg = s};
    s->control = c;
    loop_timer_init(c->loop, &s->idle, on_idle, s);
    int err = channel_new(c->loop, stream, &ev, &s->channel);
    if (err < 0) {
        free(s);
        return err;
    }
    if (c->count == OPERATOR_CONTROL_MAX)
        seat_free(c->first);
    s->link = c->last;
    *c->last = s;
    c->last = &s->next;
    c->count++;
    loop_timer_set(&s->idle, OPERATOR_CONTROL_IDLE_MS);
    (void)answer(s, message_greeting(c->version, (long)getpid()));
    return 0;
}

static void on_connection(void *arg, int fd)
{
    struct operator_control *c = arg;
    struct stream *stream;
    if (!is_ours(fd)) {
        log_warn("relay", "a control connection of another user was refused");
        close(fd);
        return;
    }
    int err = stream_socket(c->loop, fd, &stream);
    if (err == 0)
        err = seat_new(c, stream);
    if (err < 0)
        log_error("relay", "a control connection was dropped: %s", beam_err_text(err));
}

int operator_control_new(struct loop *l, const char *path, const char *version,
                         const struct operator_acts *acts, struct operator_control **out,
                         struct beam_why *why)
{
    struct operator_control *c = calloc(1, sizeof(*c));
    struct addr at;
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    c->loop = l;
    c->version = version;
    c->acts = acts;
    c->last = &c->first;
    int err = addr_unix(path, &at);
    if (err == 0)
        err = listen_open(l, &at, on_connection, c, &c->listener);
    if (err < 0) {
        free(c);
        return beam_why(why, err, "%s: no listening there: %s", path, beam_err_text(err));
    }
    *out = c;
    return 0;
}

void operator_control_free(struct operator_control *c)
{
    if (!c)
        return;
    while (c->first)
        seat_free(c->first);
    listen_close(c->listener);
    free(c);
}
