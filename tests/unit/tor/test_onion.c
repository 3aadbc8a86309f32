/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/onion.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/onion_bed.h"

BEAM_TEST(onion, published_and_up)
{
    char want[256];
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_assert_eq(s->heard[ONION_WAITING], 1);
    char *blob = onion_key_blob(s->key);
    cr_assert_not_null(blob);
    snprintf(want, sizeof(want), "ADD_ONION %s Flags=DiscardPK Port=80,unix:/run/a/1", blob);
    sodium_free(blob);
    cr_assert_eq(fake_asked(&b.fake, want), 1);
    service_say(&b, "UPLOAD", s, "$01~a id");
    kit_settle(b.loop);
    cr_assert_eq(s->state, ONION_PUBLISHING);
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    service_say(&b, "UPLOADED", s, "$01~a");
    kit_settle(b.loop);
    cr_assert_eq(s->heard[ONION_UP], 1);
    snprintf(want, sizeof(want), "DEL_ONION %s", onion_key_address(s->key));
    service_withdraw(s);
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, want), 1);
    service_say(&b, "UPLOADED", s, "$01~a");
    kit_settle(b.loop);
    onion_bed_close(&b);
}

BEAM_TEST(onion, added_again_when_tor_comes_back)
{
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    kill(tor_pid(b.ear.tor), SIGKILL);
    cr_assert(until(b.loop, service_is_waiting_with_reason, s));
    cr_assert_not_null(strstr(s->why.text, "signal 9"));
    cr_assert_eq(s->retry_ms, 250);
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 0);
    onion_bed_close(&b);
}

BEAM_TEST(onion, twice_the_same_or_a_path_that_will_not_do)
{
    static const char *const paths[] = {"relative",         "/with a space", "/with\"quote",
                                        "/with\\backslash", "/with\nline",   "/with\ttab"};
    struct onion_bed b;
    struct onion *none = NULL;
    const struct onion_events events = {.arg = NULL};
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
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
    onion_bed_close(&b);
}

static bool is_held(void *arg)
{
    const struct onion_bed *b = arg;
    return b->fake.held > 0;
}

static bool answer_and_upload(struct fake *f, const char *line)
{
    if (!onion_bed_answer(f, line))
        return false;
    service_say(f->arg, "UPLOADED", onion_bed_asked_for(f->arg, line), "");
    return true;
}

BEAM_TEST(onion, a_few_at_a_time)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = answer_and_upload;
    b.fake.hold = "ADD_ONION ";
    for (size_t i = 0; i < MANY; i++)
        service_publish(&b);
    cr_assert(until(b.loop, is_held, &b));
    kit_settle(b.loop);
    size_t asked = fake_asked(&b.fake, "ADD_ONION ");
    cr_assert(asked > 1 && asked < MANY / 2, "%zu at once", asked);
    /* One that is under way and one that is not are withdrawn; the answers come after that. */
    struct service *first = onion_bed_asked_for(&b, b.fake.lines[b.fake.held - 1]);
    cr_assert_not_null(first);
    service_withdraw(first);
    service_withdraw(&b.s[MANY - 1]);
    kit_settle(b.loop);
    fake_release(&b.fake);
    for (size_t i = 0; i < MANY - 1; i++)
        if (b.s[i].onion)
            cr_assert(until(b.loop, service_is_up, &b.s[i]));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), MANY - 1);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    onion_bed_close(&b);
}

BEAM_TEST(onion, those_that_are_not_up_yet_hold_back_the_rest)
{
    struct onion_bed b;
    onion_bed_open(&b);
    for (size_t i = 0; i < MANY; i++)
        service_publish(&b);
    struct service *last = &b.s[MANY - 1], *first = &b.s[0];
    cr_assert(until(b.loop, service_is_publishing, first));
    kit_settle(b.loop);
    size_t asked = fake_asked(&b.fake, "ADD_ONION ");
    cr_assert(asked > 1 && asked < MANY / 2, "%zu at once", asked);
    cr_assert_eq(last->state, ONION_WAITING);
    service_say(&b, "UPLOADED", first, "$01~a");
    cr_assert(until(b.loop, service_is_up, first));
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), asked + 1);
    service_withdraw(&b.s[1]);
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), asked + 2);
    onion_bed_close(&b);
}

static const char rejected[] = "$01~a id REASON=UPLOAD_REJECTED",
                  rejected_too[] = "$02~b id REASON=UPLOAD_REJECTED";

static bool was_warned(void *arg)
{
    const struct service *s = arg;
    return s->warnings > 0;
}

/* tor took it, and then nothing is heard of it: it has lost its network. */
BEAM_TEST(onion, nothing_is_heard_of_its_descriptor)
{
    struct onion_bed b;
    onion_bed_open(&b);
    const struct tor_options options = {.binary = b.fake.binary,
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 100,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, was_warned, s));
    cr_assert_eq(s->state, ONION_PUBLISHING);
    cr_assert_not_null(strstr(s->why.text, "no directory has taken"), "%s", s->why.text);
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    cr_assert_eq(s->warnings, 1, "once");
    onion_bed_close(&b);
}

static bool was_added_anew(void *arg)
{
    const struct onion_bed *b = arg;
    return fake_asked(&b->fake, "ADD_ONION ") > fake_asked(&b->fake, "DEL_ONION ") &&
           fake_asked(&b->fake, "DEL_ONION ") == b->anew;
}

/* tor would try again in an hour or two. */
BEAM_TEST(onion, with_directories_that_have_another_it_is_published_anew)
{
    struct onion_bed b;
    onion_bed_open(&b);
    const struct tor_options options = {.binary = b.fake.binary,
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 100,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    struct service *s = service_publish(&b);
    for (b.anew = 0; b.anew <= ONION_ANEW_MOST; b.anew++) {
        cr_assert(until(b.loop, was_added_anew, &b));
        cr_assert(until(b.loop, service_is_publishing, s));
        service_say(&b, "UPLOAD", s, "$01~a id");
        service_say(&b, "FAILED", s, rejected);
    }
    cr_assert(until(b.loop, was_warned, s));
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    cr_expect_eq(fake_asked(&b.fake, "DEL_ONION "), ONION_ANEW_MOST);
    cr_expect_eq(s->warnings, 1, "once");
    onion_bed_close(&b);
}

static bool refuse(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    peer_say(&f->peer, "512 Bad arguments to ADD_ONION: \x1b[31m\r\n");
    return true;
}

BEAM_TEST(onion, refused)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = refuse;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_failed, s));
    cr_assert_not_null(strstr(s->why.text, "512 Bad arguments"));
    cr_assert_null(strchr(s->why.text, '\x1b'));
    onion_bed_close(&b);
}

static bool another(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    peer_say(&f->peer, "250-ServiceID=25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"
                       "\r\n250 OK\r\n");
    return true;
}

BEAM_TEST(onion, another_address_than_ours)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = another;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_failed, s));
    kit_settle(b.loop);
    cr_assert_eq(
        fake_asked(&b.fake, "DEL_ONION 25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"),
        1);
    onion_bed_close(&b);
}

static bool collide_once(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0 || fake_asked(f, "DEL_ONION ") > 0)
        return onion_bed_answer(f, line);
    peer_say(&f->peer, "550 Onion address collision\r\n");
    return true;
}

BEAM_TEST(onion, a_collision_is_cleared)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = collide_once;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    onion_bed_close(&b);
}

static bool collide_always(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return onion_bed_answer(f, line);
    peer_say(&f->peer, "550 Onion address collision\r\n");
    return true;
}

BEAM_TEST(onion, a_collision_that_stays_is_a_failure)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = collide_always;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_failed, s));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 4);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 3);
    onion_bed_close(&b);
}

BEAM_TEST(onion, withdrawn_from_within_its_own_event)
{
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
    s->withdraw_when_up = true;
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    cr_assert_null(s->onion);
    onion_bed_close(&b);
}

BEAM_TEST(onion, no_tor_to_be_had)
{
    struct onion_bed b;
    onion_bed_open(&b);
    tor_free(b.ear.tor);
    ear_open(&b.ear, b.loop, "/nonexistent/tor", b.fake.tor_dir, "");
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_failed, s));
    cr_assert_eq(s->why.code, BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(s->why.text, "/nonexistent/tor"));
    onion_bed_close(&b);
}

BEAM_TEST(onion, all_uploads_fail)
{
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOAD", s, "$01~a id");
    service_say(&b, "UPLOAD", s, "$02~b id");
    service_say(&b, "FAILED", s, rejected);
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 0);
    service_say(&b, "FAILED", s, rejected_too);
    service_say(&b, "FAILED", s, rejected_too);
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 1, "said once");
    cr_assert_not_null(strstr(s->why.text, "UPLOAD_REJECTED"));
    cr_assert_not_null(strstr(s->why.text, "published nowhere else"), "%s", s->why.text);
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    onion_bed_close(&b);
}

BEAM_TEST(onion, a_renewal_that_fails_is_told_while_it_is_up)
{
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOAD", s, "$01~a id");
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    for (unsigned i = 1; i <= 2; i++) {
        service_say(&b, "UPLOAD", s, "$01~a id");
        service_say(&b, "FAILED", s, rejected);
        service_say(&b, "UPLOAD", s, "$01~a id");
        service_say(&b, "FAILED", s, rejected);
        kit_settle(b.loop);
        cr_assert_eq(s->warnings, i, "once, until one is taken");
        cr_assert_not_null(strstr(s->why.text, "renewed descriptor"), "%s", s->why.text);
        cr_assert_eq(s->state, ONION_UP);
        service_say(&b, "UPLOAD", s, "$01~a id");
        service_say(&b, "UPLOADED", s, "$01~a");
    }
    kit_settle(b.loop);
    cr_assert_eq(s->warnings, 2);
    cr_assert_eq(s->heard[ONION_UP], 1);
    onion_bed_close(&b);
}
