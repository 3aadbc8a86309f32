/* SPDX-License-Identifier: BSD-3-Clause */
/* What has to be done with tor before a service is published, or because it cannot be reached. */
#include "tor/onions.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/onion_bed.h"

/* ---- those with keys ------------------------------------------------------------------------- */

static const uint8_t guests[2][ONION_CLIENT_LEN] = {{1}, {2}};

/* A visitor's circuit to the first service, until it is closed. */
static bool answer_with_circuit(struct fake *f, const char *line)
{
    struct onion_bed *b = f->arg;
    char text[256];
    if (strcmp(line, "GETINFO circuit-status") != 0)
        return onion_bed_answer(f, line);
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

BEAM_TEST(onions, for_guests_alone_once_old_circuits_are_closed)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = answer_with_circuit;
    struct onion_clients clients = {1, guests};
    struct service *s = service_publish_with(&b, (struct onion_spec){.clients = clients});
    cr_assert(until(b.loop, service_is_publishing, s));
    size_t closed = asked_at(&b.fake, "CLOSECIRCUIT 5"), added = asked_at(&b.fake, "ADD_ONION ");
    cr_assert(closed > 0 && added > closed, "closed at %zu, added at %zu", closed, added);
    cr_assert_not_null(strstr(b.fake.lines[added - 1], "Flags=DiscardPK,V3Auth "));
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));

    size_t looks = fake_asked(&b.fake, "GETINFO circuit-status");
    clients.count = 2;
    cr_assert_eq(onion_admit(s->onion, &clients), 0);
    s->state = ONION_UP;
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_assert_eq(s->heard[ONION_WAITING], 2, "it was said to be down");
    cr_assert_not_null(strstr(s->why.text, "published anew"), "%s", s->why.text);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    cr_assert_gt(fake_asked(&b.fake, "GETINFO circuit-status"), looks);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 2);
    onion_bed_close(&b);
}

/* ---- those that nobody reaches --------------------------------------------------------------- */

/* One introduction circuit of the first service: it stands unless it is lost. */
static bool answer_introductions(struct fake *f, const char *line)
{
    struct onion_bed *b = f->arg;
    char text[256];
    if (strcmp(line, "GETINFO circuit-status") != 0)
        return onion_bed_answer(f, line);
    snprintf(text, sizeof(text),
             "250-circuit-status=5 BUILT PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_%s REND_QUERY=%s"
             "\r\n250 OK\r\n",
             b->lost ? "CONNECTING" : "ESTABLISHED", onion_key_address(b->s[0].key));
    peer_say(&f->peer, text);
    return true;
}

BEAM_TEST(onions, without_a_way_in_it_is_published_anew_and_seldom)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = answer_introductions;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    onion_doubt(s->onion); /* it is not up: its time has not come */
    service_say(&b, "UPLOADED", s, "");
    cr_assert(until(b.loop, service_is_up, s));
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 0);

    onion_doubt(s->onion); /* tor has a way in */
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 1);
    cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), 0);

    b.lost = true;
    for (size_t i = 1; i <= ONION_ANEW_MOST; i++) {
        onion_doubt(s->onion);
        cr_assert(until(b.loop, service_is_publishing, s));
        cr_assert_eq(fake_asked(&b.fake, "DEL_ONION "), i);
        cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 1 + i);
        cr_assert_eq(fake_asked(&b.fake, "CLOSECIRCUIT "), 0);
        service_say(&b, "UPLOADED", s, "");
        cr_assert(until(b.loop, service_is_up, s));
    }

    onion_doubt(s->onion); /* so soon it is left to tor */
    kit_settle(b.loop);
    cr_assert_eq(fake_asked(&b.fake, "GETINFO circuit-status"), 1 + ONION_ANEW_MOST);

    fake_hang_up(&b.fake); /* another tor has lost none yet */
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOADED", s, "");
    cr_assert(until(b.loop, service_is_up, s));
    onion_doubt(s->onion);
    cr_assert(until(b.loop, service_is_publishing, s));
    onion_bed_close(&b);
}

/* Visitors whom that directory tells of the onion find nobody where it leads. */
BEAM_TEST(onions, where_a_directory_has_another_descriptor_it_is_published_anew)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = answer_introductions;
    struct service *s = service_publish(&b);
    cr_assert(until(b.loop, service_is_publishing, s));
    service_say(&b, "UPLOAD", s, "$01~a id");
    service_say(&b, "UPLOAD", s, "$02~b id");
    service_say(&b, "FAILED", s, "$02~b id REASON=UPLOAD_REJECTED");
    service_say(&b, "UPLOADED", s, "$01~a");
    cr_assert(until(b.loop, service_is_up, s));
    onion_doubt(s->onion);
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_expect_eq(fake_asked(&b.fake, "DEL_ONION "), 1);
    cr_expect_eq(s->heard[ONION_WAITING], 2, "it was said to be down");
    onion_bed_close(&b);
}

BEAM_TEST(onions, for_nobody_when_tor_does_not_tell_of_its_circuits)
{
    struct onion_bed b;
    onion_bed_open(&b);
    struct service *s = service_publish_with(
        &b, (struct onion_spec){.clients = {1, guests}}); /* GETINFO says else */
    struct service *open = service_publish(&b);
    cr_assert(until(b.loop, service_is_failed, s));
    cr_assert_not_null(strstr(s->why.text, "CLOSECIRCUIT"), "%s", s->why.text);
    cr_assert(until(b.loop, service_is_publishing, open));
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION "), 1);
    onion_bed_close(&b);
}

static bool answer_without_pow(struct fake *f, const char *line)
{
    if (strncmp(line, "ADD_ONION ", 10) != 0 || !strstr(line, "PoWDefensesEnabled"))
        return onion_bed_answer(f, line);
    peer_say(&f->peer, "512 Unrecognized argument \"PoWDefensesEnabled\"\r\n");
    return true;
}

BEAM_TEST(onions, without_proof_of_work_where_tor_knows_none)
{
    struct onion_bed b;
    onion_bed_open(&b);
    b.fake.answer = answer_without_pow;
    struct service *s = service_publish_with(
        &b, (struct onion_spec){.limits = {.pow = true, .pow_rate = 1, .pow_burst = 1}});
    cr_assert(until(b.loop, service_is_publishing, s));
    cr_assert_eq(s->warnings, 1);
    cr_assert_not_null(strstr(s->why.text, "no proof of work"), "%s", s->why.text);
    onion_bed_close(&b);
}
