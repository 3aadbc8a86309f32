/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/publish.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/view.h"

enum {
    PUBLISH_ID = 1,
    STOP_ID = 2,
    STOP_MS = 1800, /* from Ctrl-C to the end */
    DRAIN_MS = 150
};

enum publish_state {
    PUBLISH_CONNECTING,
    PUBLISH_ASKING,   /* the request is on its way */
    PUBLISH_OPEN,     /* the daemon has taken it */
    PUBLISH_STOPPING, /* we asked for its end, or will as soon as it has an id */
    PUBLISH_DONE
};

enum publish_event {
    PUBLISH_CONNECTED,
    PUBLISH_TAKEN,
    PUBLISH_REFUSED, /* `why` is set */
    PUBLISH_READY,   /* a path is up */
    PUBLISH_STOPPED,
    PUBLISH_LOST,    /* the daemon has gone, or never was: `why` is set */
    PUBLISH_UNHEARD, /* nobody reads what we print */
    PUBLISH_SIGNAL,  /* told to end */
    PUBLISH_DEADLINE
};

struct publish {
    const struct options *options;
    const struct publish_checks *checks;
    struct loop *loop;
    struct request_common common;
    struct client *client;
    struct view *view;
    enum publish_state state;
    struct loop_timer deadline;
    struct loop_signal signals[3];
    uint64_t tunnel; /* its id, once taken */
    bool told;       /* an event told of the error that it ends with */
    int result;      /* 0, or what the command ends with; its words are in `why` */
    struct beam_why *why;
};

static void publish_event(struct publish *p, enum publish_event ev);

static void transmit(struct publish *p, cJSON *request)
{
    int err = client_send(p->client, request);
    if (err < 0) {
        beam_why(p->why, err, "daemon: the request could not be sent: %s", beam_err_text(err));
        publish_event(p, PUBLISH_LOST);
    }
}

static void publish_enter(struct publish *p, enum publish_state state)
{
    p->state = state;
    switch (state) {
    case PUBLISH_CONNECTING:
    case PUBLISH_OPEN:
        break;
    case PUBLISH_ASKING:
        transmit(p, request_publish(PUBLISH_ID, &p->common, p->options));
        break;
    case PUBLISH_STOPPING:
        if (!loop_timer_pending(&p->deadline)) /* entered again once the tunnel is known */
            loop_timer_set(&p->deadline, STOP_MS);
        if (p->tunnel)
            transmit(p, request_stop_id(STOP_ID, p->tunnel));
        break;
    case PUBLISH_DONE:
        loop_stop(p->loop);
        break;
    }
}

/* Ends with the code in `why`. */
static void fail(struct publish *p)
{
    p->result = p->why->code;
    publish_enter(p, PUBLISH_DONE);
}

static void on_signal_event(struct publish *p)
{
    if (p->state == PUBLISH_CONNECTING)
        publish_enter(p, PUBLISH_DONE);
    else if (p->state != PUBLISH_STOPPING)
        publish_enter(p, PUBLISH_STOPPING);
}

static void on_lost_event(struct publish *p)
{
    if (p->state == PUBLISH_STOPPING)
        publish_enter(p, PUBLISH_DONE); /* its end was what we asked for */
    else
        fail(p);
}

static void publish_event(struct publish *p, enum publish_event ev)
{
    if (p->state == PUBLISH_DONE)
        return;
    switch (ev) {
    case PUBLISH_CONNECTED:
        publish_enter(p, PUBLISH_ASKING);
        break;
    case PUBLISH_TAKEN:
        publish_enter(p, p->state == PUBLISH_STOPPING ? PUBLISH_STOPPING : PUBLISH_OPEN);
        break;
    case PUBLISH_REFUSED:
        fail(p);
        break;
    case PUBLISH_READY:
        if (p->options->detach && p->state == PUBLISH_OPEN)
            publish_enter(p, PUBLISH_DONE);
        break;
    case PUBLISH_STOPPED:
        publish_enter(p, PUBLISH_DONE);
        break;
    case PUBLISH_LOST:
        on_lost_event(p);
        break;
    case PUBLISH_UNHEARD:
        beam_why(p->why, BEAM_EIO,
                 "standard output: it takes no more (its reader has gone, or its disk is full)");
        p->result = BEAM_EIO;
        on_signal_event(p);
        break;
    case PUBLISH_SIGNAL:
        on_signal_event(p);
        break;
    case PUBLISH_DEADLINE:
        beam_why(p->why, BEAM_ETIMEOUT, "daemon: it did not confirm the end of the tunnel in time");
        fail(p);
        break;
    }
}

/* ---- what the daemon says ---- */

static void on_ready(void *arg)
{
    publish_event(arg, PUBLISH_CONNECTED);
}

static void on_event(struct publish *p, const cJSON *m, const char *name)
{
    view_event(p->view, m);
    if (strcmp(name, "ready") == 0) {
        publish_event(p, PUBLISH_READY);
    } else if (strcmp(name, "error") == 0) {
        p->told = true;
        p->result = request_error(m, p->why);
    } else if (strcmp(name, "stopped") == 0) {
        publish_event(p, PUBLISH_STOPPED);
    }
}

static void on_reply(struct publish *p, const cJSON *m)
{
    const cJSON *tunnel = cJSON_GetObjectItemCaseSensitive(m, "tunnel");
    int err = request_outcome(m, PUBLISH_ID, p->why);
    if (p->tunnel || err == BEAM_EAGAIN)
        return; /* the answer to our `stop`: what counts is the event */
    if (err == 0 && cJSON_IsNumber(tunnel)) {
        p->tunnel = (uint64_t)tunnel->valuedouble;
        publish_event(p, PUBLISH_TAKEN);
    } else {
        if (err == 0)
            beam_why(p->why, BEAM_EPROTO, "daemon: its reply names no tunnel");
        publish_event(p, PUBLISH_REFUSED);
    }
}

static void on_message(void *arg, const cJSON *m)
{
    struct publish *p = arg;
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(m, "event"));
    if (name)
        on_event(p, m, name);
    else
        on_reply(p, m);
}

static void on_closed(void *arg, const struct beam_why *why)
{
    struct publish *p = arg;
    if (p->state != PUBLISH_STOPPING)
        *p->why = *why;
    publish_event(p, PUBLISH_LOST);
}

/* ---- the rest of the world ---- */

static void on_unheard(void *arg)
{
    publish_event(arg, PUBLISH_UNHEARD);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    publish_event(arg, PUBLISH_SIGNAL);
}

static void on_deadline(void *arg)
{
    publish_event(arg, PUBLISH_DEADLINE);
}

static int watch_signals(struct publish *p)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int err = loop_signal_start(p->loop, &p->signals[i], numbers[i], on_signal, p);
        if (err < 0)
            return beam_why(p->why, err, "signal %d cannot be watched", numbers[i]);
    }
    return 0;
}

static void unwatch_signals(struct publish *p)
{
    for (size_t i = 0; i < sizeof(p->signals) / sizeof(p->signals[0]); i++)
        loop_signal_stop(&p->signals[i]);
}

static int check_start(void *arg, struct beam_why *why)
{
    const struct publish *p = arg;
    return p->checks->start(p->options, why);
}

static int run(struct publish *p, const char *version)
{
    const struct client_spec spec = {
        .common = &p->common, .start = true, .check = check_start, .arg = p};
    const struct client_events ev = {
        .ready = on_ready, .message = on_message, .closed = on_closed, .arg = p};
    int err = loop_new(&p->loop);
    if (err < 0)
        return beam_why(p->why, err, "no event loop: %s", beam_err_text(err));
    loop_timer_init(p->loop, &p->deadline, on_deadline, p);
    err = watch_signals(p);
    if (err == 0)
        err = view_new(p->loop, p->options, version, on_unheard, p, &p->view, p->why);
    if (err == 0)
        err = client_new(p->loop, &spec, &ev, &p->client, p->why);
    if (err == 0 && (err = loop_run(p->loop)) < 0)
        beam_why(p->why, err, "the event loop failed: %s", beam_err_text(err));
    client_free(p->client);
    view_free(p->view, DRAIN_MS);
    unwatch_signals(p);
    loop_timer_clear(&p->deadline);
    loop_free(p->loop);
    return err;
}

static int publish(struct publish *p, const char *version)
{
    int err = p->checks->wish(p->options, p->why);
    if (err == 0)
        err = request_common(p->options, &p->common, p->why);
    if (err < 0)
        return err;
    err = run(p, version);
    request_common_clear(&p->common);
    return err < 0 ? err : p->result;
}

int publish_command(const struct options *o, const char *version,
                    const struct publish_checks *checks, struct beam_why *why)
{
    struct publish p = {.options = o, .checks = checks, .why = why};
    int err = publish(&p, version);
    if (err < 0 && o->json && !p.told)
        view_print_error(why);
    return err;
}
