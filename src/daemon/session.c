/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "control/channel.h"
#include "daemon/events.h"
#include "daemon/message.h"
#include "daemon/setup.h"
#include "daemon/status.h"

enum state { STATE_OPEN, STATE_FINISHING, STATE_ENDED };
enum what { EVENT_FINISH, EVENT_LOST, EVENT_TIMEOUT };

struct session {
    const struct session_world *world;
    struct session_events events;
    struct channel *channel;
    enum state state;
    struct loop_timer timer; /* OPEN: idle too long; FINISHING: the peer takes too long */
    struct loop_task end;
    size_t tunnels;  /* those it hears */
    size_t waiting;  /* questions whose answers take a while */
    uint64_t untold; /* requests left out since the peer last had room */
};

static void session_enter(struct session *s, enum state state)
{
    s->state = state;
    switch (state) {
    case STATE_OPEN:
        loop_timer_set(&s->timer, SESSION_IDLE_MS);
        break;
    case STATE_FINISHING:
        channel_finish(s->channel);
        loop_timer_set(&s->timer, SESSION_FINISH_MS);
        break;
    case STATE_ENDED:
        loop_timer_clear(&s->timer);
        loop_post(s->world->loop, &s->end);
        break;
    }
}

static void session_event(struct session *s, enum what ev)
{
    switch (s->state) {
    case STATE_OPEN:
        session_enter(s, ev == EVENT_FINISH ? STATE_FINISHING : STATE_ENDED);
        break;
    case STATE_FINISHING:
        if (ev != EVENT_FINISH)
            session_enter(s, STATE_ENDED);
        break;
    case STATE_ENDED:
        break;
    }
}

static void on_timer(void *arg)
{
    session_event(arg, EVENT_TIMEOUT);
}

static void on_end(void *arg)
{
    struct session *s = arg;
    s->events.ended(s->events.arg, s);
}

/* The idle time starts anew, or is off while it hears a tunnel or waits for an answer. */
static void touch(struct session *s)
{
    if (s->state != STATE_OPEN)
        return;
    if (s->tunnels > 0 || s->waiting > 0)
        loop_timer_clear(&s->timer);
    else
        loop_timer_set(&s->timer, SESSION_IDLE_MS);
}

static void send_only(struct session *s, const cJSON *message)
{
    if (s->state == STATE_OPEN && channel_send(s->channel, message) < 0)
        session_event(s, EVENT_LOST);
}

/* Sends and deletes. A reply that cannot be made (NULL) ends the session. */
static void answer(struct session *s, cJSON *reply)
{
    if (reply)
        send_only(s, reply);
    else
        session_event(s, EVENT_LOST);
    cJSON_Delete(reply);
}

static void refuse(struct session *s, uint64_t id, const struct beam_why *why)
{
    answer(s, message_error(id, why));
}

/* ---- what a publication tells ---- */

/* A peer that rests (a command stopped by its terminal, say) must not lose its tunnel over requests
 * that it does not hear of: those are left out, and their number is told when it reads again. */
static bool leave_out(struct session *s, const char *name)
{
    if (channel_queued(s->channel) < SESSION_QUEUE_MAX || strcmp(name, "request") != 0)
        return false;
    s->untold++;
    return true;
}

static void tell_untold(struct session *s, const cJSON *publication_event)
{
    const struct clock_source *clock = s->world->clock;
    const cJSON *tunnel = cJSON_GetObjectItemCaseSensitive(publication_event, "tunnel");
    const struct events_head h = {.tunnel = (uint64_t)tunnel->valuedouble,
                                  .wall_ms = clock->wall_ms(clock->arg)};
    char text[96];
    snprintf(text, sizeof(text), "%llu requests went untold: this was not read in time",
             (unsigned long long)s->untold);
    s->untold = 0;
    answer(s, events_warning(&h, text));
}

static void on_publication(void *arg, const cJSON *publication_event)
{
    struct session *s = arg;
    const char *name = cJSON_GetObjectItemCaseSensitive(publication_event, "event")->valuestring;
    if (strcmp(name, "stopped") == 0) {
        s->tunnels--;
        touch(s);
    }
    if (s->state != STATE_OPEN || leave_out(s, name))
        return;
    if (s->untold && channel_queued(s->channel) < SESSION_QUEUE_MAX)
        tell_untold(s, publication_event);
    send_only(s, publication_event);
}

/* ---- requests ---- */

static void publish(struct session *s, const struct message *m)
{
    const struct publication_subscriber to = {.event = on_publication, .arg = s};
    struct beam_why why;
    struct publication *p;
    if (publication_open(s->world->publications, m, &to, &p, &why) < 0) {
        refuse(s, m->id, &why);
        return;
    }
    s->tunnels++;
    const struct tunnel *t = publication_tunnel(p);
    cJSON *reply = message_reply(m->id);
    if (!cJSON_AddNumberToObject(reply, "tunnel", (double)publication_id(p)) ||
        !cJSON_AddStringToObject(reply, "name", tunnel_name(t))) {
        cJSON_Delete(reply);
        reply = NULL;
    }
    answer(s, reply);
}

static void status(struct session *s, const struct message *m)
{
    const struct session_world *w = s->world;
    const struct status_facts facts = {.version = w->version,
                                       .tor = w->tor,
                                       .publications = w->publications,
                                       .keys = w->keys,
                                       .started = w->started};
    answer(s, status_reply(&facts, m->id, m->status.after));
}

/* How many ended: 1, or 0 when there is none such. */
static size_t stop_named(struct publications *ps, const struct message *m)
{
    struct publication *p =
        m->stop.id ? publications_by_id(ps, m->stop.id) : publications_find(ps, m->stop.tunnel);
    if (!p)
        return 0;
    publication_stop(p);
    return 1;
}

static size_t stop_all(struct publications *ps)
{
    struct publication *p;
    size_t stopped = 0;
    for (; (p = publications_above(ps, 0)); stopped++)
        publication_stop(p);
    return stopped;
}

static void stop(struct session *s, const struct message *m)
{
    bool all = !m->stop.id && !m->stop.tunnel;
    size_t stopped = all ? stop_all(s->world->publications) : stop_named(s->world->publications, m);
    if (stopped == 0 && !all) {
        struct beam_why why;
        beam_why(&why, BEAM_ENOTFOUND,
                 "%s: no tunnel of this name or id runs (`beam status` lists those that do)",
                 m->stop.tunnel ? m->stop.tunnel : "stop");
        refuse(s, m->id, &why);
        return;
    }
    cJSON *reply = message_reply(m->id);
    if (!cJSON_AddNumberToObject(reply, "stopped", (double)stopped)) {
        cJSON_Delete(reply);
        reply = NULL;
    }
    answer(s, reply);
}

static void answer_keys(struct session *s, const struct message *m)
{
    cJSON *reply = message_reply(m->id);
    const char *state = keystore_state_name(keystore_state(s->world->keys));
    if (!cJSON_AddStringToObject(reply, "keys", state)) {
        cJSON_Delete(reply);
        reply = NULL;
    }
    answer(s, reply);
}

static void lock(struct session *s, const struct message *m)
{
    log_info("daemon", "the key store is locked");
    keystore_lock(s->world->keys);
    answer_keys(s, m);
}

static void unlock(struct session *s, const struct message *m)
{
    struct beam_why why;
    uint8_t key[SEAL_KEY_SIZE];
    int err = text_hex_decode(m->unlock.key, MESSAGE_KEY_LEN, key, sizeof(key));
    err = err < 0 ? beam_why(&why, err, "unlock: %s", beam_err_text(err))
                  : keystore_unlock(s->world->keys, key, &why);
    sodium_memzero(key, sizeof(key));
    if (err < 0) {
        refuse(s, m->id, &why);
        return;
    }
    log_info("daemon", "the key store is unlocked");
    inquiries_unlocked(s->world->inquiries);
    answer_keys(s, m);
}

static void on_inquiry(void *arg, cJSON *reply)
{
    struct session *s = arg;
    s->waiting--;
    touch(s);
    answer(s, reply);
}

static void network(struct session *s, const struct message *m)
{
    struct beam_why why;
    if (!s->world->inquiries) {
        beam_why(&why, BEAM_ENOTFOUND, "network: this daemon has none");
        refuse(s, m->id, &why);
        return;
    }
    s->waiting++;
    inquiries_ask(s->world->inquiries, m, on_inquiry, s);
}

/* What the client was told to run with must be what this daemon runs with. */
static int check_options(const struct session *s, const struct message *m, struct beam_why *why)
{
    const cJSON *item;
    if (m->config && strcmp(m->config, s->world->config) != 0)
        return beam_why(why, BEAM_EEXIST,
                        "--config %s: the running daemon (pid %ld) has %s (end it first, or leave "
                        "the option out)",
                        m->config, (long)getpid(), s->world->config);
    cJSON_ArrayForEach(item, m->options)
    {
        int err = setup_check(item->valuestring, why);
        if (err == 0)
            err = conf_match(s->world->conf, item->valuestring, why);
        if (err < 0)
            return err;
    }
    return 0;
}

static void on_message(void *arg, const cJSON *object)
{
    struct session *s = arg;
    struct message m;
    struct beam_why why;
    if (s->state != STATE_OPEN)
        return;
    touch(s);
    if (message_parse(object, &m, &why) < 0) {
        refuse(s, message_id(object), &why);
        return;
    }
    if (check_options(s, &m, &why) < 0) {
        refuse(s, m.id, &why);
        return;
    }
    switch (m.op) {
    case MESSAGE_PUBLISH:
        publish(s, &m);
        break;
    case MESSAGE_STATUS:
        status(s, &m);
        break;
    case MESSAGE_STOP:
        stop(s, &m);
        break;
    case MESSAGE_LOCK:
        lock(s, &m);
        break;
    case MESSAGE_UNLOCK:
        unlock(s, &m);
        break;
    case MESSAGE_NETWORK:
        network(s, &m);
        break;
    }
    touch(s);
}

static void on_closed(void *arg, int err)
{
    struct session *s = arg;
    if (err == BEAM_EPROTO)
        log_warn("daemon", "a control connection was closed: not one JSON object a line");
    session_event(s, EVENT_LOST);
}

int session_new(const struct session_world *world, struct stream *stream,
                const struct session_events *events, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s) {
        stream_free(stream);
        return BEAM_ENOMEM;
    }
    s->world = world;
    s->events = *events;
    loop_timer_init(world->loop, &s->timer, on_timer, s);
    loop_task_init(&s->end, on_end, s);
    const struct channel_events ev = {.message = on_message, .closed = on_closed, .arg = s};
    int err = channel_new(world->loop, stream, &ev, &s->channel);
    if (err < 0) {
        free(s);
        return err;
    }
    session_enter(s, STATE_OPEN);
    answer(s, message_greeting(world->version, (long)getpid()));
    *out = s;
    return 0;
}

void session_finish(struct session *s)
{
    session_event(s, EVENT_FINISH);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    s->state = STATE_ENDED;
    publications_leave(s->world->publications, s);
    inquiries_leave(s->world->inquiries, s);
    loop_timer_clear(&s->timer);
    loop_task_cancel(s->world->loop, &s->end);
    channel_free(s->channel);
    free(s);
}

bool session_publishes(const struct session *s)
{
    return s->tunnels > 0;
}
