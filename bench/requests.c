/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/requests.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "stream/negotiate.h"

enum { BYTES = 100, TURNS = 10 };

static const char *const protocol = "/bench/echo/1";

/* ---- who answers ---------------------------------------------------------------------------- */

struct answer {
    struct loop *loop;
    struct stream *stream;
    struct buf bytes;
    struct loop_task start;
};

static void end_answer(struct answer *a)
{
    loop_task_cancel(a->loop, &a->start);
    buf_clear(&a->bytes);
    stream_free(a->stream);
    free(a);
}

static void go_on(void *arg)
{
    struct answer *a = arg;
    ssize_t n;
    while ((n = stream_read(a->stream, &a->bytes, BYTES)) > 0)
        pump_must(stream_write(a->stream, &a->bytes) == n, "an answer");
    if (n != BEAM_EAGAIN)
        end_answer(a);
}

static void on_answer(void *arg, struct stream *s, unsigned ready)
{
    (void)s;
    (void)ready;
    go_on(arg);
}

static void on_agreed(void *arg, int err, const struct beam_why *why, struct stream *s,
                      const char *name)
{
    struct answer *a = calloc(1, sizeof(*a));
    (void)why;
    (void)name;
    pump_must(a && err == 0, "a stream");
    a->loop = arg;
    a->stream = s;
    buf_init(&a->bytes, loop_pool(a->loop), BYTES);
    loop_task_init(&a->start, go_on, a);
    stream_own(s, on_answer, a);
    loop_post(a->loop, &a->start);
}

static bool supports(void *arg, const char *name, size_t len)
{
    (void)arg;
    return len == strlen(protocol) && memcmp(name, protocol, len) == 0;
}

static void on_stream(void *arg, struct stream *s)
{
    struct negotiate *n;
    pump_must(negotiate_answer(arg, s, supports, 0, on_agreed, arg, &n) == 0, "multistream-select");
}

void requests_answer(struct session *s, struct loop *l)
{
    s->on_stream = on_stream;
    s->arg = l;
}

static _Noreturn void answer_all(int fd)
{
    struct session s = {.idle = false};
    struct loop *l;
    pump_must(loop_new(&l) == 0, "a loop");
    requests_answer(&s, l);
    session_over(&s, l, fd, false);
    for (;;) /* until our parent kills us */
        pump_must(loop_run(l) == 0, "the loop");
}

/* ---- who asks ------------------------------------------------------------------------------- */

struct asker;

struct request {
    struct asker *asker;
    struct stream *stream;
    struct buf bytes;
    struct loop_task next;
    double begun;
    size_t number;
};

struct asker {
    struct session *session;
    struct loop *loop;
    size_t count, begun, done;
    double *seconds;
};

static void begin(void *arg);

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct request *r = arg;
    struct asker *a = r->asker;
    ssize_t n;
    (void)ready;
    while ((n = stream_read(s, &r->bytes, BYTES)) > 0)
        ;
    if (n == BEAM_EAGAIN)
        return;
    pump_must((n == BEAM_ECLOSED || n == BEAM_ELIMIT) && buf_len(&r->bytes) == BYTES, "an answer");
    if (a->seconds)
        a->seconds[r->number] = kit_now() - r->begun;
    buf_clear(&r->bytes);
    stream_free(s);
    r->stream = NULL;
    a->done++;
    if (a->done == a->count)
        loop_stop(a->loop);
    else
        loop_post(a->loop, &r->next);
}

static void on_proposed(void *arg, int err, const struct beam_why *why, struct stream *s,
                        const char *name)
{
    static const char question[BYTES];
    struct request *r = arg;
    (void)why;
    (void)name;
    pump_must(err == 0, "a stream");
    r->stream = s;
    stream_own(s, on_ready, r);
    pump_must(buf_add(&r->bytes, question, BYTES) == 0, "memory");
    pump_must(stream_write(s, &r->bytes) == BYTES, "a question");
    pump_must(stream_shut(s) == 0, "its end");
    pump_must(stream_read(s, &r->bytes, BYTES) == BEAM_EAGAIN, "an answer");
}

static void begin(void *arg)
{
    struct request *r = arg;
    struct asker *a = r->asker;
    struct stream *s;
    struct negotiate *n;
    if (a->begun == a->count)
        return;
    r->number = a->begun++;
    r->begun = kit_now();
    pump_must(yamux_open(a->session->y, &s) == 0, "a stream");
    pump_must(negotiate_ask(a->loop, s, &protocol, 1, NEGOTIATE_LAZY, 0, on_proposed, r, &n) == 0,
              "multistream-select");
}

/* All of `count`. Returns the seconds that they took. */
static double ask(struct session *s, struct loop *l, size_t count, size_t at_once, double *seconds)
{
    struct asker a = {.session = s, .loop = l, .count = count, .seconds = seconds};
    struct request *all = calloc(at_once, sizeof(*all));
    pump_must(all != NULL, "memory");
    double started = kit_now();
    for (size_t i = 0; i < at_once; i++) {
        all[i].asker = &a;
        buf_init(&all[i].bytes, loop_pool(l), BYTES);
        loop_task_init(&all[i].next, begin, &all[i]);
        loop_post(l, &all[i].next);
    }
    while (a.done < count)
        pump_must(loop_run(l) == 0, "the loop");
    double took = kit_now() - started;
    for (size_t i = 0; i < at_once; i++)
        loop_task_cancel(l, &all[i].next);
    free(all);
    return took;
}

void requests_ask(struct session *s)
{
    (void)ask(s, s->loop, 1, 1, NULL);
}

double requests_make(size_t count, size_t at_once, double *seconds)
{
    int fds[2];
    struct loop *l;
    struct session s = {.idle = false};
    kit_tcp_pair(fds);
    pid_t answerer = kit_child();
    if (answerer == 0) {
        close(fds[0]);
        answer_all(fds[1]);
    }
    close(fds[1]);
    pump_must(loop_new(&l) == 0, "a loop");
    session_over(&s, l, fds[0], true);
    double took = ask(&s, l, count, at_once, seconds);
    kit_stop(answerer);
    yamux_free(s.y);
    for (int i = 0; i < TURNS; i++)
        (void)loop_turn(l);
    loop_free(l);
    return took;
}
