/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/tor/onion_bed.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"

static void on_state(void *arg, enum onion_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct service *s = arg;
    cr_assert_eq(onion_state(s->onion), state);
    s->state = state;
    s->heard[state]++;
    s->reason = why != NULL;
    s->retry_ms = retry_ms;
    if (why)
        s->why = *why;
    if (state == ONION_UP && s->withdraw_when_up) {
        onion_withdraw(s->onion);
        s->onion = NULL;
    }
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct service *s = arg;
    s->warnings++;
    s->why = *why;
}

struct service *onion_bed_asked_for(struct onion_bed *b, const char *line)
{
    for (size_t i = 0; i < b->count; i++) {
        char *blob = onion_key_blob(b->s[i].key);
        cr_assert_not_null(blob);
        bool same = strncmp(line + strlen("ADD_ONION "), blob, strlen(blob)) == 0;
        sodium_free(blob);
        if (same)
            return &b->s[i];
    }
    return NULL;
}

bool onion_bed_answer(struct fake *f, const char *line)
{
    struct onion_bed *b = f->arg;
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    char text[128];
    struct service *s = onion_bed_asked_for(b, line);
    cr_assert_not_null(s);
    snprintf(text, sizeof(text), "250-ServiceID=%s\r\n250 OK\r\n", onion_key_address(s->key));
    peer_say(&f->peer, text);
    return true;
}

void onion_bed_open(struct onion_bed *b)
{
    kit_init();
    *b = (struct onion_bed){.count = 0};
    cr_assert_eq(loop_new(&b->loop), 0);
    fake_open(&b->fake, b->loop);
    b->fake.answer = onion_bed_answer;
    b->fake.arg = b;
    ear_open(&b->ear, b->loop, b->fake.binary, b->fake.tor_dir, "");
}

struct service *service_publish_with(struct onion_bed *b, struct onion_spec spec)
{
    struct service *s = &b->s[b->count++];
    const struct onion_events events = {.state = on_state, .warning = on_warning, .arg = s};
    *s = (struct service){.bed = b};
    cr_assert_eq(onion_key_new(rng_system(), &s->key), 0);
    spec.key = s->key;
    spec.port = 80;
    cr_assert_eq(addr_unix("/run/a/1", &spec.target), 0);
    cr_assert_eq(onion_publish(b->ear.tor, &spec, &events, &s->onion), 0);
    cr_assert_eq(onion_state(s->onion), ONION_WAITING);
    cr_assert_eq(s->heard[ONION_WAITING], 0, "the first event comes later");
    return s;
}

struct service *service_publish(struct onion_bed *b)
{
    return service_publish_with(b, (struct onion_spec){.limits = {0}});
}

void onion_bed_close(struct onion_bed *b)
{
    size_t asked = fake_asked(&b->fake, "ADD_ONION ");
    for (size_t i = 0; i < b->count; i++) {
        onion_withdraw(b->s[i].onion);
        onion_key_free(b->s[i].key);
    }
    b->fake.answer = NULL; /* the keys it would look at are gone */
    kit_settle(b->loop);
    cr_assert_eq(fake_asked(&b->fake, "ADD_ONION "), asked, "none is added on the way out");
    ear_close(&b->ear);
    fake_close(&b->fake);
    loop_free(b->loop);
}

bool service_is_publishing(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_PUBLISHING;
}

bool service_is_up(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_UP;
}

bool service_is_failed(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_FAILED;
}

bool service_is_waiting_with_reason(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_WAITING && s->reason;
}

void service_withdraw(struct service *s)
{
    onion_withdraw(s->onion);
    s->onion = NULL;
}

void service_say(struct onion_bed *b, const char *action, const struct service *s, const char *more)
{
    char text[256];
    snprintf(text, sizeof(text), "650 HS_DESC %s %s UNKNOWN %s\r\n", action,
             onion_key_address(s->key), more);
    peer_say(&b->fake.peer, text);
}
