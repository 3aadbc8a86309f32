/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/launch.h"
#include "conf/home.h"
#include "control/channel.h"
#include "loop/egress.h"
#include "loop/listen.h"
#include "stream/socket.h"

enum {
    DIAL_MS = 5000,
    PAUSE_MS = 50 /* between tries, while another command's daemon starts or an old one ends */
};

enum client_state {
    CLIENT_DIALLING,
    CLIENT_STARTING, /* a daemon */
    CLIENT_PAUSING,
    CLIENT_GREETING, /* connected: its greeting is awaited */
    CLIENT_OPEN,
    CLIENT_CLOSED
};

enum client_event {
    CLIENT_CONNECTED,
    CLIENT_ABSENT,  /* nobody listens, or hung up without a greeting */
    CLIENT_STARTED, /* one that we started serves, or another is about to */
    CLIENT_PAUSED,
    CLIENT_GREETED,
    CLIENT_FAULT, /* for good; `why` is set */
    CLIENT_LOST,  /* after the greeting */
    CLIENT_DEADLINE
};

struct client {
    struct loop *loop;
    struct client_spec spec;
    struct client_events events;
    struct home *home;
    const char *path; /* of the socket; borrowed */
    struct addr socket;
    struct permit *permit;
    enum client_state state;
    bool started; /* a daemon, since the last pause */
    struct egress *dial;
    struct launch *launch;
    struct channel *channel;
    struct loop_timer pause, deadline;
    struct loop_task tell; /* ready or closed, off the caller's stack */
    struct beam_why why;
};

static void client_event(struct client *c, enum client_event ev);

static const char *get_environment(const char *name)
{
    return getenv(name);
}

static void fail(struct client *c, int code, const char *reason)
{
    beam_why(&c->why, code, "daemon: %s: %s", c->path, reason);
    client_event(c, CLIENT_FAULT);
}

/* ---- connecting ---- */

static bool is_ours(int fd)
{
    uid_t uid;
    pid_t pid;
    return listen_peer(fd, &uid, &pid) == 0 && uid == geteuid();
}

static void on_closed(void *arg, int err)
{
    struct client *c = arg;
    (void)err;
    client_event(c, c->state == CLIENT_OPEN ? CLIENT_LOST : CLIENT_ABSENT);
}

static void read_greeting(struct client *c, const cJSON *m)
{
    const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(m, "protocol");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(m, "beam");
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(m, "pid");
    if (cJSON_IsNumber(protocol) && cJSON_IsString(version) && cJSON_IsNumber(pid)) {
        if (protocol->valuedouble == CONTROL_VERSION) {
            client_event(c, CLIENT_GREETED);
            return;
        }
        beam_why(&c->why, BEAM_EPROTO,
                 "daemon: the one that runs (pid %.0f) is beam %.32s and speaks version %.0f of "
                 "the control protocol, not %d (end it with `kill %.0f` and try again)",
                 pid->valuedouble, version->valuestring, protocol->valuedouble, CONTROL_VERSION,
                 pid->valuedouble);
        client_event(c, CLIENT_FAULT);
        return;
    }
    fail(c, BEAM_EPROTO, "what listens there does not greet as a daemon");
}

static void on_message(void *arg, const cJSON *m)
{
    struct client *c = arg;
    if (c->state == CLIENT_GREETING)
        read_greeting(c, m);
    else if (c->state == CLIENT_OPEN)
        c->events.message(c->events.arg, m);
}

static int open_channel(struct client *c, int fd)
{
    const struct channel_events ev = {.message = on_message, .closed = on_closed, .arg = c};
    struct stream *s;
    int err = stream_socket(c->loop, fd, &s);
    return err < 0 ? err : channel_new(c->loop, s, &ev, &c->channel);
}

static void on_dialled(void *arg, int err, int fd)
{
    struct client *c = arg;
    c->dial = NULL;
    if (err == BEAM_ENOTFOUND || err == BEAM_EREFUSED) {
        client_event(c, CLIENT_ABSENT);
        return;
    }
    if (err == 0 && !is_ours(fd)) {
        close(fd);
        fail(c, BEAM_EPERM, "what listens there is another user's");
        return;
    }
    if (err == 0)
        err = open_channel(c, fd);
    if (err < 0)
        fail(c, BEAM_ENODAEMON, beam_err_text(err));
    else
        client_event(c, CLIENT_CONNECTED);
}

static void dial(struct client *c)
{
    int err =
        egress_dial(c->loop, c->permit, &c->socket, PERMIT_TYPED, DIAL_MS, on_dialled, c, &c->dial);
    if (err < 0)
        fail(c, BEAM_ENODAEMON, beam_err_text(err));
}

static void on_launched(void *arg, int err, const struct beam_why *why)
{
    struct client *c = arg;
    c->launch = NULL;
    if (err < 0)
        c->why = *why;
    client_event(c, err < 0 ? CLIENT_FAULT : CLIENT_STARTED);
}

static void launch(struct client *c)
{
    c->started = true;
    if (c->spec.check && c->spec.check(c->spec.arg, &c->why) < 0) {
        client_event(c, CLIENT_FAULT);
        return;
    }
    if (launch_start(c->loop, c->spec.common, on_launched, c, &c->launch, &c->why) < 0) {
        c->why.code = BEAM_ENODAEMON;
        client_event(c, CLIENT_FAULT);
    }
}

/* ---- states ---- */

static void drop_connection(struct client *c)
{
    channel_free(c->channel);
    c->channel = NULL;
}

static void client_enter(struct client *c, enum client_state state)
{
    c->state = state;
    switch (state) {
    case CLIENT_DIALLING:
        dial(c);
        break;
    case CLIENT_STARTING:
        launch(c);
        break;
    case CLIENT_PAUSING:
        drop_connection(c);
        c->started = false;
        loop_timer_set(&c->pause, PAUSE_MS);
        break;
    case CLIENT_GREETING:
        break;
    case CLIENT_OPEN:
        loop_timer_clear(&c->deadline);
        loop_post(c->loop, &c->tell);
        break;
    case CLIENT_CLOSED:
        loop_timer_clear(&c->deadline);
        loop_timer_clear(&c->pause);
        loop_post(c->loop, &c->tell);
        break;
    }
}

/* Nobody is there: one is started, unless we may not, or just did. */
static void do_without(struct client *c)
{
    if (c->spec.relay) {
        beam_why(&c->why, BEAM_ENODAEMON,
                 "relay: none of this user's runs (`beam relay` runs one; with another home or "
                 "user, say BEAM_HOME or use sudo -u)");
        client_enter(c, CLIENT_CLOSED);
    } else if (!c->spec.start) {
        beam_why(&c->why, BEAM_ENODAEMON,
                 "daemon: none runs, so nothing is published or connected (`beam TARGET` or "
                 "`beam daemon` starts it)");
        client_enter(c, CLIENT_CLOSED);
    } else if (c->started || c->state == CLIENT_GREETING) {
        client_enter(c, CLIENT_PAUSING);
    } else {
        client_enter(c, CLIENT_STARTING);
    }
}

static void client_event(struct client *c, enum client_event ev)
{
    if (c->state == CLIENT_CLOSED)
        return;
    if (ev == CLIENT_FAULT) {
        client_enter(c, CLIENT_CLOSED);
    } else if (ev == CLIENT_DEADLINE) {
        beam_why(&c->why, BEAM_ENODAEMON, "daemon: no answer on %s within %d s", c->path,
                 CLIENT_DEADLINE_MS / 1000);
        client_enter(c, CLIENT_CLOSED);
    } else if (c->state == CLIENT_DIALLING && ev == CLIENT_CONNECTED) {
        client_enter(c, CLIENT_GREETING);
    } else if ((c->state == CLIENT_DIALLING || c->state == CLIENT_GREETING) &&
               ev == CLIENT_ABSENT) {
        do_without(c);
    } else if ((c->state == CLIENT_STARTING && ev == CLIENT_STARTED) ||
               (c->state == CLIENT_PAUSING && ev == CLIENT_PAUSED)) {
        client_enter(c, CLIENT_DIALLING);
    } else if (c->state == CLIENT_GREETING && ev == CLIENT_GREETED) {
        client_enter(c, CLIENT_OPEN);
    } else {
        beam_why(&c->why, BEAM_ECLOSED,
                 c->spec.relay ? "relay: it has gone"
                               : "daemon: it has gone, and its tunnels with it");
        client_enter(c, CLIENT_CLOSED);
    }
}

static void on_tell(void *arg)
{
    struct client *c = arg;
    if (c->state == CLIENT_OPEN)
        c->events.ready(c->events.arg);
    else
        c->events.closed(c->events.arg, &c->why);
}

static void on_pause(void *arg)
{
    client_event(arg, CLIENT_PAUSED);
}

static void on_deadline(void *arg)
{
    client_event(arg, CLIENT_DEADLINE);
}

static int find_socket(struct client *c, struct beam_why *why)
{
    int err = home_find(get_environment, &c->home, why);
    if (err < 0)
        return err;
    c->path = c->spec.relay ? c->home->operator: c->home->control;
    err = addr_unix(c->path, &c->socket);
    if (err == 0)
        err = permit_new_local(&c->permit);
    return err < 0 ? beam_why(why, err, "%s: %s", c->path, beam_err_text(err)) : 0;
}

int client_new(struct loop *l, const struct client_spec *spec, const struct client_events *events,
               struct client **out, struct beam_why *why)
{
    struct client *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "daemon: out of memory");
    c->loop = l;
    c->spec = *spec;
    c->events = *events;
    loop_timer_init(l, &c->pause, on_pause, c);
    loop_timer_init(l, &c->deadline, on_deadline, c);
    loop_task_init(&c->tell, on_tell, c);
    int err = find_socket(c, why);
    if (err < 0) {
        client_free(c);
        return err;
    }
    loop_timer_set(&c->deadline, CLIENT_DEADLINE_MS);
    client_enter(c, CLIENT_DIALLING);
    *out = c;
    return 0;
}

int client_send(struct client *c, cJSON *request)
{
    int err = BEAM_ENOMEM;
    if (request)
        err = c->state == CLIENT_OPEN ? channel_send(c->channel, request) : BEAM_ECLOSED;
    cJSON_Delete(request);
    return err;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    loop_timer_clear(&c->pause);
    loop_timer_clear(&c->deadline);
    loop_task_cancel(c->loop, &c->tell);
    if (c->dial)
        egress_cancel(c->dial);
    launch_free(c->launch);
    channel_free(c->channel);
    permit_free(c->permit);
    home_free(c->home);
    free(c);
}
