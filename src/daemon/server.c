/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/listen.h"
#include "stream/socket.h"

struct seat {
    struct server *server;
    struct session *session;
    struct seat *next, **link; /* the oldest first */
};

struct server {
    const struct session_world *world;
    struct server_events events;
    struct listener *listener;
    struct seat *first, **end;
    size_t count;
    struct loop_task stopped;
    bool stopping;
};

static void seat_free(struct seat *seat)
{
    struct server *s = seat->server;
    *seat->link = seat->next;
    if (seat->next)
        seat->next->link = seat->link;
    else
        s->end = seat->link;
    s->count--;
    session_free(seat->session);
    free(seat);
}

static void on_ended(void *arg, struct session *session)
{
    struct seat *seat = arg;
    struct server *s = seat->server;
    (void)session;
    seat_free(seat);
    if (s->stopping && s->count == 0)
        loop_post(s->world->loop, &s->stopped);
    s->events.changed(s->events.arg);
}

/* With too many that publish nothing, the oldest of them makes room. */
static void make_room(struct server *s)
{
    struct seat *oldest = NULL;
    size_t idle = 0;
    for (struct seat *seat = s->first; seat; seat = seat->next) {
        if (session_publishes(seat->session))
            continue;
        if (!oldest)
            oldest = seat;
        idle++;
    }
    if (idle < SERVER_IDLE_MAX)
        return;
    log_warn("daemon", "%zu control connections are idle: the oldest is closed", idle);
    seat_free(oldest);
}

static bool is_ours(int fd)
{
    uid_t uid;
    pid_t pid;
    if (listen_peer(fd, &uid, &pid) < 0)
        return false;
    if (uid == geteuid())
        return true;
    log_warn("daemon", "a control connection of user %ld (pid %ld) was refused", (long)uid,
             (long)pid);
    return false;
}

static int seat_new(struct server *s, struct stream *stream)
{
    struct seat *seat = calloc(1, sizeof(*seat));
    if (!seat) {
        stream_free(stream);
        return BEAM_ENOMEM;
    }
    seat->server = s;
    const struct session_events ev = {.ended = on_ended, .arg = seat};
    int err = session_new(s->world, stream, &ev, &seat->session);
    if (err < 0) {
        free(seat);
        return err;
    }
    seat->link = s->end;
    *s->end = seat;
    s->end = &seat->next;
    s->count++;
    return 0;
}

static void on_connection(void *arg, int fd)
{
    struct server *s = arg;
    struct stream *stream;
    if (!is_ours(fd)) {
        close(fd);
        return;
    }
    make_room(s);
    int err = stream_socket(s->world->loop, fd, &stream);
    if (err == 0)
        err = seat_new(s, stream);
    if (err < 0)
        log_error("daemon", "a control connection was dropped: %s", beam_err_text(err));
    s->events.changed(s->events.arg);
}

static void on_stopped(void *arg)
{
    struct server *s = arg;
    s->events.stopped(s->events.arg);
}

static int open_listener(struct server *s, const char *path, struct beam_why *why)
{
    struct addr at;
    int err = addr_unix(path, &at);
    if (err == 0)
        err = listen_open(s->world->loop, &at, on_connection, s, &s->listener);
    if (err < 0)
        beam_why(why, err, "%s: no listening there: %s", path, beam_err_text(err));
    return err;
}

int server_new(const struct session_world *world, const char *path,
               const struct server_events *events, struct server **out, struct beam_why *why)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    s->world = world;
    s->events = *events;
    s->end = &s->first;
    loop_task_init(&s->stopped, on_stopped, s);
    int err = open_listener(s, path, why);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void server_stop(struct server *s)
{
    s->stopping = true;
    listen_close(s->listener);
    s->listener = NULL;
    for (struct seat *seat = s->first; seat; seat = seat->next)
        session_finish(seat->session);
    if (s->count == 0)
        loop_post(s->world->loop, &s->stopped);
}

void server_free(struct server *s)
{
    if (!s)
        return;
    struct seat *seat = s->first, *next;
    for (; seat; seat = next) {
        next = seat->next;
        seat_free(seat);
    }
    listen_close(s->listener);
    loop_task_cancel(s->world->loop, &s->stopped);
    free(s);
}

size_t server_sessions(const struct server *s)
{
    return s->count;
}
