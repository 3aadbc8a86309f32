/* SPDX-License-Identifier: BSD-3-Clause */
/* By way of the services that are published so. */
#include "tor/configured.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/onion_bed.h"

struct place {
    struct onion_bed bed;
    char *folders[3];
    bool refuse; /* the next SETCONF */
    bool others; /* tor has services of somebody else's */
};

static struct place place;

static bool answer(struct fake *f, const char *line)
{
    const char *said = NULL;
    if (strncmp(line, "SETCONF ", 8) == 0 && place.refuse)
        said = "553 Unable to set option\r\n";
    else if (strncmp(line, "SETCONF ", 8) == 0 || strncmp(line, "RESETCONF ", 10) == 0)
        said = "250 OK\r\n";
    else if (strcmp(line, "GETCONF HiddenServiceOptions") == 0)
        said = place.others ? "250-HiddenServiceDir=/a\r\n250 HiddenServicePort=80\r\n"
                            : "250 HiddenServiceOptions\r\n";
    if (!said)
        return onion_bed_answer(f, line);
    if (strncmp(line, "SETCONF ", 8) == 0)
        place.refuse = false;
    peer_say(&f->peer, said);
    return true;
}

static void set_up(void)
{
    place.refuse = place.others = false;
    onion_bed_open(&place.bed);
    place.bed.fake.answer = answer;
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof(name), "services/%d", i);
        place.folders[i] = file_join(place.bed.fake.dir, name);
        cr_assert_not_null(place.folders[i]);
    }
}

static void tear_down(void)
{
    struct fake *f = &place.bed.fake;
    for (size_t i = 0; i < place.bed.count; i++)
        service_withdraw(&place.bed.s[i]);
    kit_settle(place.bed.loop);
    for (int i = 0; i < 3; i++) {
        cr_expect_neq(access(place.folders[i], F_OK), 0, "its folder is left");
        free(place.folders[i]);
    }
    cr_expect_eq(fake_asked(f, "ADD_ONION "), 0);
    cr_expect_eq(fake_asked(f, "DEL_ONION "), 0);
    onion_bed_close(&place.bed);
}

static struct service *publish(int i)
{
    const struct onion_spec spec = {.folder = place.folders[i], .limits = {.max_streams = 9}};
    return service_publish_with(&place.bed, spec);
}

static bool is_connected_twice(void *arg)
{
    const struct fake *f = arg;
    return f->connections == 2;
}

static const char *last_of(const char *start)
{
    const struct fake *f = &place.bed.fake;
    for (size_t i = f->count; i-- > 0;)
        if (strncmp(f->lines[i], start, strlen(start)) == 0)
            return f->lines[i];
    return "";
}

BEAM_TEST(configured, all_are_said_each_time)
{
    char want[512];
    set_up();
    struct service *one = publish(0), *two = publish(1);
    cr_assert(until(place.bed.loop, service_is_publishing, one));
    cr_assert(until(place.bed.loop, service_is_publishing, two));
    cr_expect_eq(fake_asked(&place.bed.fake, "GETCONF HiddenServiceOptions"), 1);
    cr_expect_eq(fake_asked(&place.bed.fake, "SETCONF "), 2);
    snprintf(want, sizeof(want),
             "SETCONF HiddenServiceDir=\"%s\" HiddenServicePort=\"80 unix:/run/a/1\" "
             "HiddenServiceExportCircuitID=haproxy HiddenServiceMaxStreams=9 "
             "HiddenServiceDir=\"%s\" ",
             place.folders[0], place.folders[1]);
    cr_expect_eq(strncmp(last_of("SETCONF "), want, strlen(want)), 0, "%s", last_of("SETCONF "));
    cr_expect_eq(access(place.folders[0], F_OK), 0);
    cr_expect_eq(one->warnings, file_in_memory(place.folders[0]) ? 0 : 1);
    service_say(&place.bed, "UPLOADED", one, "$01~a");
    cr_assert(until(place.bed.loop, service_is_up, one));
    service_withdraw(one);
    kit_settle(place.bed.loop);
    cr_expect_null(strstr(last_of("SETCONF "), place.folders[0]));
    cr_expect_not_null(strstr(last_of("SETCONF "), place.folders[1]));
    cr_expect_neq(access(place.folders[0], F_OK), 0, "its key is left");
    service_withdraw(two);
    kit_settle(place.bed.loop);
    cr_expect_str_eq(last_of("RESETCONF "), "RESETCONF HiddenServiceDir");
    tear_down();
}

BEAM_TEST(configured, one_that_is_refused_harms_no_other)
{
    set_up();
    struct service *one = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, one));
    place.refuse = true;
    struct service *two = publish(1);
    cr_assert(until(place.bed.loop, service_is_failed, two));
    kit_settle(place.bed.loop);
    cr_expect_eq(one->state, ONION_PUBLISHING);
    cr_expect_null(strstr(last_of("SETCONF "), place.folders[1]));
    cr_expect_not_null(strstr(last_of("SETCONF "), place.folders[0]));
    cr_expect_neq(access(place.folders[1], F_OK), 0, "its key is left");
    tear_down();
}

BEAM_TEST(configured, who_is_published_anew_keeps_its_folder)
{
    const struct onion_clients nobody = {0};
    set_up();
    struct service *s = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    cr_assert_eq(onion_admit(s->onion, &nobody), 0);
    s->state = ONION_UP;
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    kit_settle(place.bed.loop);
    cr_expect_eq(access(place.folders[0], F_OK), 0);
    cr_expect_not_null(strstr(last_of("SETCONF "), place.folders[0]));
    tear_down();
}

BEAM_TEST(configured, none_beside_those_of_a_torrc)
{
    set_up();
    place.others = true;
    struct service *s = publish(0);
    cr_assert(until(place.bed.loop, service_is_failed, s));
    cr_expect_not_null(strstr(s->why.text, "tor.torrc"), "%s", s->why.text);
    cr_expect_eq(fake_asked(&place.bed.fake, "SETCONF "), 0);
    tear_down();
}

BEAM_TEST(configured, no_more_than_one_command_can_name)
{
    char *folders[CONFIGURED_MAX + 1];
    set_up();
    for (int i = 0; i <= CONFIGURED_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "services/n%d", i);
        folders[i] = file_join(place.bed.fake.dir, name);
        cr_assert_not_null(folders[i]);
        const struct onion_spec spec = {.folder = folders[i]};
        struct service *s = service_publish_with(&place.bed, spec);
        bool last = i == CONFIGURED_MAX;
        cr_assert(until(place.bed.loop, last ? service_is_failed : service_is_publishing, s));
        if (last)
            cr_expect_not_null(strstr(s->why.text, "24 tunnels"), "%s", s->why.text);
        else
            service_say(&place.bed, "UPLOADED", s, "$01~a"); /* so that the next has its turn */
    }
    tear_down();
    for (int i = 0; i <= CONFIGURED_MAX; i++)
        free(folders[i]);
}

/* Its folder cannot be made where a file is. */
BEAM_TEST(configured, a_folder_that_cannot_be_made_is_named)
{
    set_up();
    char *services = file_join(place.bed.fake.dir, "services");
    cr_assert_not_null(services);
    cr_assert_eq(file_write(services, 0600, "x", 1), 0);
    struct service *s = publish(0);
    cr_assert(until(place.bed.loop, service_is_failed, s));
    cr_expect_not_null(strstr(s->why.text, place.folders[0]), "%s", s->why.text);
    cr_expect_eq(fake_asked(&place.bed.fake, "SETCONF "), 0);
    free(services);
    tear_down();
}

BEAM_TEST(configured, added_again_when_tor_comes_back)
{
    set_up();
    struct service *s = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    service_say(&place.bed, "UPLOADED", s, "$01~a");
    cr_assert(until(place.bed.loop, service_is_up, s));
    fake_hang_up(&place.bed.fake);
    cr_assert(until(place.bed.loop, service_is_waiting_with_reason, s));
    cr_expect_neq(access(place.folders[0], F_OK), 0, "its key is left while there is no tor");
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    cr_expect_eq(access(place.folders[0], F_OK), 0);
    cr_expect_leq(s->warnings, 1, "the same is said again");
    tear_down();
}

/* tor reads its torrc again, where it is not. */
BEAM_TEST(configured, published_anew_when_tor_has_read_its_torrc)
{
    set_up();
    struct service *s = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    service_say(&place.bed, "UPLOADED", s, "$01~a");
    cr_assert(until(place.bed.loop, service_is_up, s));
    peer_say(&place.bed.fake.peer, "650 SIGNAL RELOAD\r\n");
    cr_assert(until(place.bed.loop, service_is_publishing, s));
    kit_settle(place.bed.loop);
    cr_expect_eq(fake_asked(&place.bed.fake, "GETCONF HiddenServiceOptions"), 2);
    cr_expect_eq(fake_asked(&place.bed.fake, "SETCONF "), 2);
    cr_expect_eq(place.bed.fake.connections, 1, "tor was not ended for it");
    cr_expect_eq(access(place.folders[0], F_OK), 0);
    place.others = true;
    peer_say(&place.bed.fake.peer, "650 SIGNAL RELOAD\r\n");
    cr_assert(until(place.bed.loop, service_is_failed, s));
    cr_expect_eq(fake_asked(&place.bed.fake, "SETCONF "), 2, "those of the torrc are not touched");
    tear_down();
}

/* Or tor would make another key, and publish that. */
BEAM_TEST(configured, a_key_that_was_lost_is_written_again)
{
    set_up();
    struct service *one = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, one));
    cr_assert_eq(file_remove_tree(place.folders[0]), 0);
    struct service *two = publish(1);
    cr_assert(until(place.bed.loop, service_is_publishing, two));
    char *secret = file_join(place.folders[0], "hs_ed25519_secret_key");
    cr_assert_not_null(secret);
    cr_expect_eq(access(secret, F_OK), 0);
    free(secret);
    tear_down();
}

BEAM_TEST(configured, another_onion_than_was_asked_for_is_not_kept)
{
    set_up();
    struct service *one = publish(0);
    cr_assert(until(place.bed.loop, service_is_publishing, one));
    char *name = file_join(place.folders[0], "hostname");
    cr_assert_not_null(name);
    cr_assert_eq(file_write(name, 0600, "another.onion\n", 14), 0);
    free(name);
    struct service *two = publish(1);
    cr_assert(until(place.bed.loop, is_connected_twice, &place.bed.fake));
    cr_assert(until(place.bed.loop, service_is_publishing, two));
    kit_settle(place.bed.loop);
    cr_expect_eq(access(place.folders[0], F_OK), 0);
    tear_down();
}

BEAM_TEST(configured, a_path_that_will_not_do)
{
    static const char *const wrong[] = {"relative", "/with space", "/with\"quote", "/with\\escape"};
    struct onion *o = NULL;
    struct onion_key *key;
    set_up();
    cr_assert_eq(onion_key_new(rng_system(), &key), 0);
    const struct onion_events events = {.state = NULL};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct onion_spec spec = {.key = key, .port = 80, .folder = wrong[i]};
        cr_assert_eq(addr_unix("/run/a/1", &spec.target), 0);
        cr_expect_eq(onion_publish(place.bed.ear.tor, &spec, &events, &o), BEAM_EINVAL);
    }
    onion_key_free(key);
    tear_down();
}
