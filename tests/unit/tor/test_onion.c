/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onion.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

enum { MANY = 40 };

struct service {
    struct bed *bed;
    struct onion_key *key;
    struct onion *onion;
    enum onion_state state;
    unsigned heard[ONION_FAILED + 1], warnings;
    struct beam_why why;
    bool reason; /* `why` was given with the last state */
    uint64_t retry_ms;
    bool withdraw_when_up;
};

struct bed {
    struct loop *loop;
    struct fake fake;
    struct ear ear;
    struct service s[MANY];
    size_t count;
    bool lost; /* of tor: its introduction circuits */
};

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

/* The service that an ADD_ONION line is for. */
static struct service *asked_for(struct bed *b, const char *line)
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

static bool answer(struct fake *f, const char *line)
{
    struct bed *b = f->arg;
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    char text[128];
    struct service *s = asked_for(b, line);
    cr_assert_not_null(s);
    snprintf(text, sizeof(text), "250-ServiceID=%s\r\n250 OK\r\n", onion_key_address(s->key));
    peer_say(&f->peer, text);
    return true;
}

static void bed_open(struct bed *b)
{
    kit_init();
    *b = (struct bed){.count = 0};
    cr_assert_eq(loop_new(&b->loop), 0);
    fake_open(&b->fake, b->loop);
    b->fake.answer = answer;
    b->fake.arg = b;
    ear_open(&b->ear, b->loop, b->fake.binary, b->fake.tor_dir, "");
}

static struct service *publish_with(struct bed *b, struct onion_spec spec)
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

static struct service *publish(struct bed *b)
{
    return publish_with(b, (struct onion_spec){.limits = {0}});
}

static void bed_close(struct bed *b)
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

static bool is_publishing(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_PUBLISHING;
}
static bool is_up(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_UP;
}
static bool is_failed(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_FAILED;
}
static bool is_waiting_with_reason(void *arg)
{
    const struct service *s = arg;
    return s->state == ONION_WAITING && s->reason;
}

static void withdraw(struct service *s)
{
    onion_withdraw(s->onion);
    s->onion = NULL;
}

static void say_desc(struct bed *b, const char *action, const struct service *s, const char *more)
{
    char text[256];
    snprintf(text, sizeof(text), "650 HS_DESC %s %s UNKNOWN %s\r\n", action,
             onion_key_address(s->key), more);
    peer_say(&b->fake.peer, text);
}

BEAM_TEST(onion, published_and_up, .timeout = 30)
{
    char want[256];
    struct bed b;
    bed_open(&b);
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(s->heard[ONION_WAITING], 1);
    char *blob = onion_key_blob(s->key);
    cr_assert_not_null(blob);
    snprintf(want, sizeof(want), "ADD_ONION %s Flags=DiscardPK Port=80,unix:/run/a/1", blob);
    sodium_free(blob);
    cr_assert_eq(fake_asked(&b.fake, want), 1);
    say_desc(&b, "UPLOAD", s, "$01~a id");
    kit_settle(b.loop);
    cr_assert_eq(s->state, ONION_PUBLISHING);
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    say_desc(&b, "UPLOADED", s, "$01~a");
    kit_settle(b.loop);
    cr_assert_eq(s->heard[ONION_UP], 1);
    snprintf(want, sizeof(want), "DEL_ONION %s", onion_key_address(s->key));
    withdraw(s);
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, want), 1);
    say_desc(&b, "UPLOADED", s, "$01~a");
    kit_settle(b.loop);
    bed_close(&b);
}

BEAM_TEST(onion, added_again_when_tor_comes_back, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    kill(tor_pid(b.ear.tor), SIGKILL);
    cr_assert(kit_until(b.loop, is_waiting_with_reason, s, 5000));
    cr_assert_not_null(strstr(s->why.text, "signal 9"));
    cr_assert_eq(s->retry_ms, 250);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 0);
    bed_close(&b);
}

BEAM_TEST(onion, twice_the_same_or_a_path_that_will_not_do, .timeout = 30)
{
    static const char *const paths[] = {"relative",         "/with a space", "/with\"quote",
                                        "/with\\backslash", "/with\nline",   "/with\ttab"};
    struct bed b;
    struct onion *none = NULL;
    const struct onion_events events = {.arg = NULL};
    bed_open(&b);
    struct service *s = publish(&b);
    struct onion_spec spec = {.key = s->key, .port = 80};
    cr_assert_eq(addr_unix("/run/a/2", &spec.target), 0);
    cr_assert_eq(onion_publish(b.ear.tor, &spec, &events, &none), BEAM_EEXIST);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        cr_assert_eq(addr_unix(paths[i], &spec.target), 0);
        cr_assert_eq(onion_publish(b.ear.tor, &spec, &events, &none), BEAM_EINVAL, "%s", paths[i]);
    }
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &spec.target), 0);
    cr_assert_eq(onion_publish(b.ear.tor, &spec, &events, &none), BEAM_EINVAL, "not this machine");
    cr_assert_null(none);
    bed_close(&b);
}

static bool is_held(void *arg)
{
    const struct bed *b = arg;
    return b->fake.held > 0;
}

static bool answer_and_upload(struct fake *f, const char *line)
{
    if (!answer(f, line))
        return false;
    say_desc(f->arg, "UPLOADED", asked_for(f->arg, line), "");
    return true;
}

BEAM_TEST(onion, a_few_at_a_time, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = answer_and_upload;
    b.fake.hold = "ADD_ONION ";
    for (size_t i = 0; i < MANY; i++)
        publish(&b);
    cr_assert(kit_until(b.loop, is_held, &b, 5000));
    kit_settle(b.loop);
    size_t asked = fake_asked(&b.fake, "ADD_ONION ");
    cr_assert(asked > 1 && asked < MANY / 2, "%zu at once", asked);
    /* One that is under way and one that is not are withdrawn; the answers come after that. */
    struct service *first = asked_for(&b, b.fake.lines[b.fake.held - 1]);
    cr_assert_not_null(first);
    withdraw(first);
    withdraw(&b.s[MANY - 1]);
    kit_settle(b.loop);
    fake_release(&b.fake);
    for (size_t i = 0; i < MANY - 1; i++)
        if (b.s[i].onion)
            cr_assert(kit_until(b.loop, is_up, &b.s[i], 5000));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), MANY - 1);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    bed_close(&b);
}

BEAM_TEST(onion, those_that_are_not_up_yet_hold_back_the_rest, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    for (size_t i = 0; i < MANY; i++)
        publish(&b);
    struct service *last = &b.s[MANY - 1], *first = &b.s[0];
    cr_assert(kit_until(b.loop, is_publishing, first, 5000));
    kit_settle(b.loop);
    size_t asked = fake_asked(&b.fake, "ADD_ONION ");
    cr_assert(asked > 1 && asked < MANY / 2, "%zu at once", asked);
    cr_assert_eq(last->state, ONION_WAITING);
    say_desc(&b, "UPLOADED", first, "$01~a");
    cr_assert(kit_until(b.loop, is_up, first, 5000));
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), asked + 1);
    withdraw(&b.s[1]);
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), asked + 2);
    bed_close(&b);
}

static bool was_warned(void *arg)
{
    const struct service *s = arg;
    return s->warnings > 0;
}

/* tor took it, and then nothing is heard of it: it has lost its network. */
BEAM_TEST(onion, nothing_is_heard_of_its_descriptor, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    const struct tor_options options = {.binary = b.fake.binary,
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 100,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, was_warned, s, 10000));
    cr_assert_eq(s->state, ONION_PUBLISHING);
    cr_assert_not_null(strstr(s->why.text, "no directory has taken"), "%s", s->why.text);
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    cr_assert_eq(s->warnings, 1, "once");
    bed_close(&b);
}

static bool refuse(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    peer_say(&f->peer, "512 Bad arguments to ADD_ONION: \x1b[31m\r\n");
    return true;
}

BEAM_TEST(onion, refused, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = refuse;
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_failed, s, 5000));
    cr_assert_not_null(strstr(s->why.text, "512 Bad arguments"));
    cr_assert_null(strchr(s->why.text, '\x1b'));
    bed_close(&b);
}

static bool another(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    peer_say(&f->peer, "250-ServiceID=25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"
                       "\r\n250 OK\r\n");
    return true;
}

BEAM_TEST(onion, another_address_than_ours, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = another;
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_failed, s, 5000));
    kit_settle(b.loop);
    cr_assert_eq(
        fake_asked(&b.fake, "DEL_ONION 25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"),
        1);
    bed_close(&b);
}

static bool collide_once(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0 || fake_asked(f, "DEL_ONION ") > 0)
        return answer(f, line);
    peer_say(&f->peer, "550 Onion address collision\r\n");
    return true;
}

BEAM_TEST(onion, a_collision_is_cleared, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = collide_once;
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    bed_close(&b);
}

static bool collide_always(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return answer(f, line);
    peer_say(&f->peer, "550 Onion address collision\r\n");
    return true;
}

BEAM_TEST(onion, a_collision_that_stays_is_a_failure, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = collide_always;
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_failed, s, 5000));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 4);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 3);
    bed_close(&b);
}

static const char rejected[] = "$01~a id REASON=UPLOAD_REJECTED",
                  rejected_too[] = "$02~b id REASON=UPLOAD_REJECTED";

BEAM_TEST(onion, all_uploads_fail, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    say_desc(&b, "UPLOAD", s, "$01~a id");
    say_desc(&b, "UPLOAD", s, "$02~b id");
    say_desc(&b, "FAILED", s, rejected);
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 0);
    say_desc(&b, "FAILED", s, rejected_too);
    say_desc(&b, "FAILED", s, rejected_too);
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 1, "said once");
    cr_assert_not_null(strstr(s->why.text, "UPLOAD_REJECTED"));
    cr_assert_not_null(strstr(s->why.text, "published nowhere else"), "%s", s->why.text);
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    bed_close(&b);
}

BEAM_TEST(onion, a_renewal_that_fails_is_told_while_it_is_up, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    say_desc(&b, "UPLOAD", s, "$01~a id");
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    for (unsigned i = 1; i <= 2; i++) {
        say_desc(&b, "UPLOAD", s, "$01~a id");
        say_desc(&b, "FAILED", s, rejected);
        say_desc(&b, "UPLOAD", s, "$01~a id");
        say_desc(&b, "FAILED", s, rejected);
        kit_settle(b.loop);
        cr_assert_eq(s->warnings, i, "once, until one is taken");
        cr_assert_not_null(strstr(s->why.text, "renewed descriptor"), "%s", s->why.text);
        cr_assert_eq(s->state, ONION_UP);
        say_desc(&b, "UPLOAD", s, "$01~a id");
        say_desc(&b, "UPLOADED", s, "$01~a");
    }
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 2);
    cr_assert_eq(s->heard[ONION_UP], 1);
    bed_close(&b);
}

BEAM_TEST(onion, withdrawn_from_within_its_own_event, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    struct service *s = publish(&b);
    s->withdraw_when_up = true;
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    cr_assert_null(s->onion);
    bed_close(&b);
}

BEAM_TEST(onion, no_tor_to_be_had, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    tor_free(b.ear.tor);
    ear_open(&b.ear, b.loop, "/nonexistent/tor", b.fake.tor_dir, "");
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_failed, s, 5000));
    cr_assert_eq(s->why.code, BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(s->why.text, "/nonexistent/tor"));
    bed_close(&b);
}

/* ---- those with keys ------------------------------------------------------------------------- */

static const uint8_t guests[2][ONION_CLIENT_LEN] = {{1}, {2}};

/* A visitor's circuit to the first service, until it is closed. */
static bool answer_with_circuit(struct fake *f, const char *line)
{
    struct bed *b = f->arg;
    char text[256];
    if (strcmp(line, "GETINFO circuit-status") != 0)
        return answer(f, line);
    bool closed = fake_asked(f, "CLOSECIRCUIT 5") > 0;
    snprintf(text, sizeof(text),
             "250-circuit-status=%d BUILT PURPOSE=HS_SERVICE_REND REND_QUERY=%s\r\n250 OK\r\n",
             closed ? 6 : 5, closed ? "-" : onion_key_address(b->s[0].key));
    peer_say(&f->peer, text);
    return true;
}

/* The number of the first line that begins so, from 1; 0: none. */
static size_t asked_at(const struct fake *f, const char *start)
{
    for (size_t i = 0; i < f->count; i++)
        if (strncmp(f->lines[i], start, strlen(start)) == 0)
            return i + 1;
    return 0;
}

BEAM_TEST(onion, for_guests_alone_once_old_circuits_are_closed, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = answer_with_circuit;
    struct onion_clients clients = {1, guests};
    struct service *s = publish_with(&b, (struct onion_spec){.clients = clients});
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    size_t closed = asked_at(&b.fake, "CLOSECIRCUIT 5"), added = asked_at(&b.fake, "ADD_ONION ");
    cr_assert(closed > 0 && added > closed, "closed at %zu, added at %zu", closed, added);
    cr_assert_not_null(strstr(b.fake.lines[added - 1], "Flags=DiscardPK,V3Auth "));
    say_desc(&b, "UPLOADED", s, "$01~a");
    cr_assert(kit_until(b.loop, is_up, s, 5000));

    size_t looks = fake_asked(&b.fake, "GETINFO circuit-status");
    clients.count = 2;
    cr_assert_eq(onion_admit(s->onion, &clients), 0);
    s->state = ONION_UP;
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(s->heard[ONION_WAITING], 2, "it was said to be down");
    cr_assert_not_null(strstr(s->why.text, "published anew"), "%s", s->why.text);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    cr_assert_gt(fake_asked(&b.fake, "GETINFO circuit-status"), looks);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    bed_close(&b);
}

/* ---- those that nobody reaches --------------------------------------------------------------- */

/* One introduction circuit of the first service: it stands unless it is lost. */
static bool answer_introductions(struct fake *f, const char *line)
{
    struct bed *b = f->arg;
    char text[256];
    if (strcmp(line, "GETINFO circuit-status") != 0)
        return answer(f, line);
    snprintf(text, sizeof(text),
             "250-circuit-status=5 BUILT PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_%s REND_QUERY=%s"
             "\r\n250 OK\r\n",
             b->lost ? "CONNECTING" : "ESTABLISHED", onion_key_address(b->s[0].key));
    peer_say(&f->peer, text);
    return true;
}

BEAM_TEST(onion, without_a_way_in_it_is_published_anew_and_seldom, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = answer_introductions;
    struct service *s = publish(&b);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    onion_doubt(s->onion); /* it is not up: its time has not come */
    say_desc(&b, "UPLOADED", s, "");
    cr_assert(kit_until(b.loop, is_up, s, 5000));
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 0);

    onion_doubt(s->onion); /* tor has a way in */
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 1);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 0);

    b.lost = true;
    onion_doubt(s->onion);
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    cr_assert_eq(fake_asked(&b.fake, "CLOSECIRCUIT "), 0);
    say_desc(&b, "UPLOADED", s, "");
    cr_assert(kit_until(b.loop, is_up, s, 5000));

    onion_doubt(s->onion); /* so soon it is left to tor */
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 2);
    bed_close(&b);
}

BEAM_TEST(onion, for_nobody_when_tor_does_not_tell_of_its_circuits, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    struct service *s =
        publish_with(&b, (struct onion_spec){.clients = {1, guests}}); /* GETINFO says else */
    struct service *open = publish(&b);
    cr_assert(kit_until(b.loop, is_failed, s, 5000));
    cr_assert_not_null(strstr(s->why.text, "CLOSECIRCUIT"), "%s", s->why.text);
    cr_assert(kit_until(b.loop, is_publishing, open, 5000));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 1);
    bed_close(&b);
}

static bool answer_without_pow(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0 || !strstr(line, "PoWDefensesEnabled"))
        return answer(f, line);
    peer_say(&f->peer, "512 Unrecognized argument \"PoWDefensesEnabled\"\r\n");
    return true;
}

BEAM_TEST(onion, without_proof_of_work_where_tor_knows_none, .timeout = 30)
{
    struct bed b;
    bed_open(&b);
    b.fake.answer = answer_without_pow;
    struct service *s = publish_with(
        &b, (struct onion_spec){.limits = {.pow = true, .pow_rate = 1, .pow_burst = 1}});
    cr_assert(kit_until(b.loop, is_publishing, s, 5000));
    cr_assert_eq(s->warnings, 1);
    cr_assert_not_null(strstr(s->why.text, "no proof of work"), "%s", s->why.text);
    bed_close(&b);
}
