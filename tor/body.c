/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/body.h"

static void on_log(void *arg, const struct logline *l)
{
    struct body *b = arg;
    if (b->link)
        link_poke(b->link);
    b->events.log(b->events.arg, l);
}

static void on_ended(void *arg, int status, const struct beam_why *why)
{
    struct body *b = arg;
    b->spawn = NULL;
    b->events.ended(b->events.arg, status, why);
}

static void on_ready(void *arg)
{
    struct body *b = arg;
    b->events.ready(b->events.arg);
}

static void on_event(void *arg, const struct control_reply *event)
{
    struct body *b = arg;
    b->events.event(b->events.arg, event);
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct body *b = arg;
    const struct beam_why kept = *why; /* it may be the link's */
    body_hang_up(b);
    b->events.closed(b->events.arg, err, &kept);
}

int body_init(struct loop *l, struct body *b, const struct tor_options *options,
              const struct body_events *events)
{
    *b = (struct body){.loop = l, .events = *events};
    int err = tor_options_copy(options, &b->options);
    return err < 0 ? err : permit_new_local(&b->permit);
}

void body_hang_up(struct body *b)
{
    link_free(b->link);
    b->link = NULL;
}

void body_clear(struct body *b)
{
    body_hang_up(b);
    if (b->spawn) {
        spawn_free(b->spawn);
        body_clean(b);
    }
    permit_free(b->permit);
    tor_options_clear(&b->options);
    tor_options_clear(&b->next);
}

int body_set_options(struct body *b, const struct tor_options *options)
{
    struct tor_options copy;
    int err = tor_options_copy(options, &copy);
    if (err < 0)
        return err;
    tor_options_clear(&b->next);
    b->next = copy;
    b->renewed = true;
    return 0;
}

void body_renew(struct body *b)
{
    if (!b->renewed)
        return;
    tor_options_clear(&b->options);
    b->options = b->next;
    b->next = (struct tor_options){.binary = NULL};
    b->places.count = 0;
    b->renewed = false;
}

bool body_is_ours(const struct body *b)
{
    return !b->options.control || !b->options.control[0];
}

bool body_locked(const struct body *b)
{
    return body_is_ours(b) && spawn_locked(b->options.dir);
}

void body_clean(const struct body *b)
{
    if (body_is_ours(b))
        spawn_clean(b->options.dir);
}

static int start_process(struct body *b, struct beam_why *why)
{
    const struct spawn_spec spec = {.binary = b->options.binary,
                                    .dir = b->options.dir,
                                    .torrc = b->options.torrc,
                                    .bridges = b->options.bridges};
    const struct spawn_events events = {.log = on_log, .ended = on_ended, .arg = b};
    return spawn_start(b->loop, &spec, &events, &b->spawn, why);
}

/* Once only: how they let us in before is remembered with them. */
static int find_places(struct body *b, struct beam_why *why)
{
    return b->places.count > 0 ? 0 : places_parse(b->options.control, &b->places, why);
}

int body_start(struct body *b, struct beam_why *why)
{
    const bool ours = body_is_ours(b);
    const struct link_spec link = {.dir = b->options.dir,
                                   .places = ours ? NULL : &b->places,
                                   .password_file = b->options.control_password_file,
                                   .permit = b->permit,
                                   .own = ours};
    const struct link_events events = {
        .ready = on_ready, .event = on_event, .closed = on_closed, .arg = b};
    int err = ours ? start_process(b, why) : find_places(b, why);
    if (err < 0)
        return err;
    err = link_open(b->loop, &link, &events, &b->link);
    return err < 0 ? beam_why(why, err, "tor: its control socket: %s", beam_err_text(err)) : 0;
}
