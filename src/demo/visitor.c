/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/visitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/permit.h"
#include "stream/socks.h"
#include "tor/isolation.h"
#include "tor/tor.h"

enum {
    BOOTSTRAP_MS = 60 * 1000,
    ANSWER_MS = 30 * 1000,
    RESTART_MS = 10 * 1000,
    READ_MAX = 64 * 1024
};

struct visitor {
    struct loop *loop;
    struct visitor_events events;
    struct tor *tor;
    struct permit *permit;
    struct isolation isolation;
    unsigned fetches;
    struct socks_dial *dial;
    struct stream *stream;
    struct buf request, answer;
    struct loop_timer deadline;
    struct loop_task told; /* a fetch is over */
    uint64_t began;
    struct beam_why why; /* of a fetch that failed */
    int err;
};

/* ---- its tor ---- */

static void on_state(void *arg, enum tor_state state, const struct beam_why *why, uint64_t retry_ms)
{
    struct visitor *v = arg;
    (void)retry_ms;
    if (state == TOR_READY)
        v->events.ready(v->events.arg);
    else if (state == TOR_FAILED)
        v->events.failed(v->events.arg, why);
}

static void on_progress(void *arg, int percent, const char *summary)
{
    struct visitor *v = arg;
    v->events.progress(v->events.arg, percent, summary);
}

static int start_tor(struct visitor *v, const struct visitor_spec *spec)
{
    const struct tor_options options = {.binary = spec->binary,
                                        .dir = spec->dir,
                                        .torrc = spec->torrc,
                                        .bootstrap_timeout = BOOTSTRAP_MS,
                                        .answer_timeout = ANSWER_MS,
                                        .restart_max = RESTART_MS};
    const struct tor_events ev = {.state = on_state, .progress = on_progress, .arg = v};
    int err = tor_new(v->loop, &options, &ev, &v->tor);
    if (err == 0)
        tor_start(v->tor);
    return err;
}

/* ---- a fetch ---- */

static void drop(struct visitor *v)
{
    if (v->dial)
        stream_socks_cancel(v->dial);
    v->dial = NULL;
    stream_free(v->stream);
    v->stream = NULL;
    loop_timer_clear(&v->deadline);
}

/* Over: with why->text set when err is not 0. */
static void finish(struct visitor *v, int err)
{
    drop(v);
    v->err = err;
    loop_post(v->loop, &v->told);
}

static void fail(struct visitor *v, int err, const char *words)
{
    finish(v, beam_why(&v->why, err, "fetching through Tor: %s", words));
}

static void on_told(void *arg)
{
    struct visitor *v = arg;
    v->events.fetched(v->events.arg, v->err, v->err < 0 ? &v->why : NULL,
                      v->err < 0 ? NULL : &v->answer, loop_now(v->loop) - v->began);
}

static void on_deadline(void *arg)
{
    fail(arg, BEAM_ETIMEOUT, "no end within the time allowed");
}

static void push_request(struct visitor *v)
{
    ssize_t n = buf_len(&v->request) > 0 ? stream_write(v->stream, &v->request) : 0;
    if (n < 0 && n != BEAM_EAGAIN)
        fail(v, (int)n, beam_err_text((int)n));
}

static void pull_answer(struct visitor *v)
{
    ssize_t n;
    while ((n = stream_read(v->stream, &v->answer, READ_MAX)) > 0)
        continue;
    if (n == BEAM_ECLOSED)
        finish(v, 0);
    else if (n != BEAM_EAGAIN)
        fail(v, (int)n, beam_err_text((int)n));
}

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct visitor *v = arg;
    (void)s;
    if (ready & STREAM_WRITABLE)
        push_request(v);
    if (v->stream && (ready & STREAM_READABLE))
        pull_answer(v);
}

static void on_dialled(void *arg, int err, uint8_t reply, struct stream *s)
{
    struct visitor *v = arg;
    v->dial = NULL;
    if (err < 0) {
        fail(v, err, reply ? socks_reply_text(reply) : beam_err_text(err));
        return;
    }
    v->stream = s;
    stream_own(s, on_ready, v);
    on_ready(v, s, STREAM_READABLE | STREAM_WRITABLE);
}

static int dial(struct visitor *v, const char *host)
{
    char destination[SOCKS_HOST_MAX + 16], user[ISOLATION_TEXT_SIZE], password[ISOLATION_TEXT_SIZE];
    snprintf(destination, sizeof(destination), "%u %s", v->fetches++, host);
    isolation_for(&v->isolation, "visitor", destination, user, password);
    const struct socks_target target = {
        .host = host, .port = 80, .user = user, .password = password};
    return stream_socks(v->loop, v->permit, tor_socks(v->tor), &target, VISITOR_FETCH_MS,
                        on_dialled, v, &v->dial);
}

void visitor_fetch(struct visitor *v, const char *host, const char *request)
{
    v->began = loop_now(v->loop);
    buf_clear(&v->request);
    buf_clear(&v->answer);
    loop_timer_set(&v->deadline, VISITOR_FETCH_MS);
    int err = buf_add(&v->request, request, strlen(request));
    if (err == 0)
        err = dial(v, host);
    if (err < 0)
        fail(v, err, beam_err_text(err));
}

/* ---- its life ---- */

static int make_permit(struct visitor *v)
{
    struct policy policy;
    int err = policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy);
    return err < 0 ? err : permit_new(&policy, &v->permit);
}

int visitor_start(struct loop *l, const struct visitor_spec *spec,
                  const struct visitor_events *events, struct visitor **out, struct beam_why *why)
{
    struct visitor *v = calloc(1, sizeof(*v));
    if (!v)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    v->loop = l;
    v->events = *events;
    buf_init(&v->request, loop_pool(l), VISITOR_ANSWER_MAX);
    buf_init(&v->answer, loop_pool(l), VISITOR_ANSWER_MAX);
    loop_timer_init(l, &v->deadline, on_deadline, v);
    loop_task_init(&v->told, on_told, v);
    isolation_init(&v->isolation, rng_system());
    int err = make_permit(v);
    if (err == 0)
        err = start_tor(v, spec);
    if (err < 0) {
        visitor_free(v);
        return beam_why(why, err, "the visitor's tor: %s", beam_err_text(err));
    }
    *out = v;
    return 0;
}

void visitor_stop(struct visitor *v, void (*done)(void *arg), void *arg)
{
    drop(v);
    loop_task_cancel(v->loop, &v->told);
    tor_stop(v->tor, done, arg);
}

void visitor_free(struct visitor *v)
{
    if (!v)
        return;
    drop(v);
    loop_task_cancel(v->loop, &v->told);
    buf_clear(&v->request);
    buf_clear(&v->answer);
    tor_free(v->tor);
    permit_free(v->permit);
    free(v);
}
