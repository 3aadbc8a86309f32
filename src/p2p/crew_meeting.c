/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/crew_meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/backoff.h"
#include "loop/listen.h"
#include "p2p/crew.h"
#include "stream/socket.h"

enum {
    DIAL_MS = 5000,
    AGAIN_MS = 50, /* between two tries to reach another, at first and at most */
    AGAIN_MAX_MS = 1000,
    PLACE_MAX = 200 /* bytes; a unix socket's path is shorter yet */
};

struct other {
    struct crew_meeting *meeting;
    unsigned index;
    struct stream_dial *dial;
    struct loop_timer again;
    unsigned failures;
};

struct crew_meeting {
    struct crew_meeting_spec spec;
    struct permit *permit; /* for its sockets */
    struct listener *listener;
    struct other others[CREW_MAX]; /* those with smaller numbers are dialled */
};

static int place_of(const struct crew_meeting *m, unsigned index, struct addr *out)
{
    char path[PLACE_MAX + 16];
    snprintf(path, sizeof(path), "%.*s.%u", PLACE_MAX, m->spec.place, index);
    return addr_unix(path, out);
}

static void dial_again(struct other *o)
{
    loop_timer_set(&o->again, backoff_pause(o->failures++, AGAIN_MS, AGAIN_MAX_MS));
}

static void on_dialled(void *arg, int err, struct stream *s)
{
    struct other *o = arg;
    o->dial = NULL;
    if (err < 0)
        dial_again(o);
    else
        o->meeting->spec.met(o->meeting->spec.arg, s, o->index + 1);
}

static void on_again(void *arg)
{
    struct other *o = arg;
    struct crew_meeting *m = o->meeting;
    struct addr at;
    int err = place_of(m, o->index, &at);
    if (err == 0)
        err = stream_dial(m->spec.loop, m->permit, &at, PERMIT_TYPED, DIAL_MS, on_dialled, o,
                          &o->dial);
    if (err < 0)
        dial_again(o);
}

static void on_accept(void *arg, int fd)
{
    struct crew_meeting *m = arg;
    struct stream *s;
    uid_t uid;
    pid_t pid;
    if (listen_peer(fd, &uid, &pid) < 0 || uid != geteuid()) {
        close(fd);
        return;
    }
    if (stream_socket(m->spec.loop, fd, &s) == 0)
        m->spec.met(m->spec.arg, s, 0);
}

int crew_meeting_new(const struct crew_meeting_spec *spec, struct crew_meeting **out)
{
    struct crew_meeting *m = calloc(1, sizeof(*m));
    struct addr at;
    if (!m)
        return BEAM_ENOMEM;
    m->spec = *spec;
    for (unsigned i = 0; i < CREW_MAX; i++) {
        m->others[i] = (struct other){.meeting = m, .index = i};
        loop_timer_init(spec->loop, &m->others[i].again, on_again, &m->others[i]);
    }
    int err = permit_new_local(&m->permit);
    if (err == 0)
        err = place_of(m, spec->index, &at);
    if (err == 0)
        err = listen_open(spec->loop, &at, on_accept, m, &m->listener);
    if (err < 0) {
        crew_meeting_free(m);
        return err;
    }
    for (unsigned i = 0; i < spec->index; i++)
        on_again(&m->others[i]);
    *out = m;
    return 0;
}

void crew_meeting_again(struct crew_meeting *m, unsigned index)
{
    dial_again(&m->others[index]);
}

void crew_meeting_well(struct crew_meeting *m, unsigned index)
{
    m->others[index].failures = 0;
}

void crew_meeting_free(struct crew_meeting *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < CREW_MAX; i++) {
        loop_timer_clear(&m->others[i].again);
        stream_dial_cancel(m->others[i].dial);
    }
    listen_close(m->listener);
    permit_free(m->permit);
    free(m);
}
