/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/ask.h"

#include "cli/client.h"

struct asking {
    const struct ask *ask;
    struct request_common common;
    struct loop *loop;
    struct client *client;
    struct loop_timer deadline;
    uint64_t id;
    int result;
    struct beam_why *why;
};

static void finish(struct asking *a, int result)
{
    a->result = result;
    loop_stop(a->loop);
}

static uint64_t deadline_ms(const struct asking *a)
{
    return a->ask->deadline_ms ? a->ask->deadline_ms : ASK_DEADLINE_MS;
}

static void ask_next(struct asking *a)
{
    a->id++;
    int err = client_send(a->client, a->ask->request(a->ask->arg, a->id, &a->common));
    if (err < 0)
        finish(a, beam_why(a->why, err, "daemon: the request could not be sent: %s",
                           beam_err_text(err)));
    else
        loop_timer_set(&a->deadline, deadline_ms(a));
}

static void on_ready(void *arg)
{
    ask_next(arg);
}

static void on_message(void *arg, const cJSON *message)
{
    struct asking *a = arg;
    int err = request_outcome(message, a->id, a->why);
    if (err == BEAM_EAGAIN)
        return;
    if (err == 0 && a->ask->reply(a->ask->arg, message))
        ask_next(a);
    else
        finish(a, err);
}

static void on_closed(void *arg, const struct beam_why *why)
{
    struct asking *a = arg;
    *a->why = *why;
    finish(a, why->code);
}

static void on_deadline(void *arg)
{
    struct asking *a = arg;
    finish(a, beam_why(a->why, BEAM_ETIMEOUT, "daemon: no reply within %llu s",
                       (unsigned long long)deadline_ms(a) / 1000));
}

static int run(struct asking *a)
{
    const struct client_spec spec = {
        .common = &a->common, .relay = a->ask->relay, .start = a->ask->start};
    const struct client_events ev = {
        .ready = on_ready, .message = on_message, .closed = on_closed, .arg = a};
    int err = loop_new(&a->loop);
    if (err < 0)
        return beam_why(a->why, err, "no event loop: %s", beam_err_text(err));
    loop_timer_init(a->loop, &a->deadline, on_deadline, a);
    err = client_new(a->loop, &spec, &ev, &a->client, a->why);
    if (err == 0 && (err = loop_run(a->loop)) < 0)
        beam_why(a->why, err, "the event loop failed: %s", beam_err_text(err));
    client_free(a->client);
    loop_timer_clear(&a->deadline);
    loop_free(a->loop);
    return err < 0 ? err : a->result;
}

int ask_daemon(const struct options *o, const struct ask *ask, struct beam_why *why)
{
    struct asking a = {.ask = ask, .why = why};
    int err = request_common(o, &a.common, why);
    if (err < 0)
        return err;
    err = run(&a);
    request_common_clear(&a.common);
    return err;
}
