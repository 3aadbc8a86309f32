/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/subscriber.h"

#include "tests/unit/loop/until.h"
#include "tests/unit/relay/mirror.h"
#include "tests/unit/relay/owners.h"

static const char head[] = "HTTP/1.1 200 OK\r\nETag: \"one\"\r\n";
static const uint8_t id[RESERVATION_ID_SIZE] = {7};

struct scene {
    struct loop *loop;
    struct permit *permit;
    struct place place;
    struct mirror mirror;
    struct denylists *lists;
    struct subscriber *subscriber;
    bool changed, warned;
    char text[512];
    char line[256];
    uint8_t *file; /* what is at the URL */
    size_t len;
};

static void on_changed(void *arg)
{
    struct scene *s = arg;
    s->changed = true;
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct scene *s = arg;
    s->warned = true;
    snprintf(s->text, sizeof(s->text), "%s", why->text);
}

/* A list with that endpoint, or with nothing, signed by owner(1). */
static void offer(struct scene *s, uint64_t sequence, bool full)
{
    uint8_t seed[KEY_SEED_SIZE] = {1}, hashes[1][DENYLIST_HASH_SIZE];
    struct key_pair *pair = NULL;
    free(s->file);
    s->file = NULL;
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    denylist_hash(DENYLIST_ENDPOINT, id, sizeof(id), hashes[0]);
    cr_assert_eq(denylist_make(pair, sequence, 7, (const uint8_t(*)[DENYLIST_HASH_SIZE])hashes,
                               full, &s->file, &s->len),
                 0);
    key_pair_free(pair);
    s->mirror.head = head;
    s->mirror.body = s->file;
    s->mirror.len = s->len;
}

static void subscribe(struct scene *s)
{
    struct beam_why why = {.text = ""};
    const struct subscriber_spec spec = {
        .way = {.loop = s->loop, .permit = s->permit, .origin = PERMIT_TYPED, .timeout_ms = 5000},
        .rng = rng_system(),
        .lists = s->lists,
        .every_ms = 20,
        .warning = on_warning,
        .arg = s};
    cr_assert_eq(denylists_set(s->lists, s->line, &why), 0, "%s", why.text);
    cr_assert_eq(subscriber_new(&spec, &s->subscriber), 0);
}

static void open_lists(struct scene *s)
{
    struct beam_why why = {.text = ""};
    s->changed = false;
    cr_assert_eq(denylists_new(s->loop, s->place.dir, true, on_changed, s, &s->lists, &why), 0,
                 "%s", why.text);
}

static void begin(struct scene *s)
{
    struct peer_id alice = owner(1);
    char signer[PEER_ID_TEXT_SIZE];
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    place_make(&s->place);
    cr_assert_eq(permit_new_local(&s->permit), 0);
    mirror_open(&s->mirror, s->loop);
    peer_id_text(&alice, signer);
    snprintf(s->line, sizeof(s->line), "%s %s", signer, s->mirror.url);
    open_lists(s);
}

static void close_lists(struct scene *s)
{
    subscriber_free(s->subscriber);
    denylists_free(s->lists);
    s->subscriber = NULL;
    s->lists = NULL;
}

static void end(struct scene *s)
{
    close_lists(s);
    mirror_close(&s->mirror);
    permit_free(s->permit);
    place_remove(&s->place);
    loop_free(s->loop);
    free(s->file);
}

static bool asked_thrice(void *arg)
{
    struct scene *s = arg;
    return s->mirror.asked >= 3;
}

BEAM_TEST(subscriber, fetches_what_is_new_and_keeps_it)
{
    static struct scene s;
    begin(&s);
    offer(&s, 5, true);
    subscribe(&s);
    cr_assert(until_flag(s.loop, &s.changed));
    cr_expect(denylists_endpoint(s.lists, id));
    cr_expect_eq(denylists_sequence(s.lists, 0), 5u);
    s.mirror.head = "HTTP/1.1 304 Not Modified\r\n";
    s.mirror.len = 0;
    s.mirror.asked = 0;
    cr_assert(until(s.loop, asked_thrice, &s));
    cr_expect_not_null(strstr(s.mirror.heard, "If-None-Match: \"one\""), "%s", s.mirror.heard);
    cr_expect(denylists_endpoint(s.lists, id));
    s.changed = false;
    offer(&s, 6, false);
    cr_assert(until_flag(s.loop, &s.changed));
    cr_expect_not(denylists_endpoint(s.lists, id));
    cr_expect_not(s.warned, "%s", s.text);
    end(&s);
}

BEAM_TEST(subscriber, what_was_taken_is_there_at_the_next_start)
{
    static struct scene s;
    struct beam_why why = {.text = ""};
    begin(&s);
    offer(&s, 5, true);
    subscribe(&s);
    cr_assert(until_flag(s.loop, &s.changed));
    close_lists(&s);
    open_lists(&s);
    cr_assert_eq(denylists_set(s.lists, s.line, &why), 0);
    cr_assert(until_flag(s.loop, &s.changed), "with nobody to fetch it from");
    cr_expect(denylists_endpoint(s.lists, id));
    cr_assert_eq(denylists_set(s.lists, "", &why), 0);
    close_lists(&s);
    open_lists(&s);
    cr_assert_eq(denylists_set(s.lists, s.line, &why), 0);
    cr_expect_eq(denylists_entries(s.lists), 0u, "who subscribes no longer keeps nothing");
    end(&s);
}

BEAM_TEST(subscriber, what_is_older_or_not_good_changes_nothing)
{
    static struct scene s;
    begin(&s);
    offer(&s, 5, true);
    subscribe(&s);
    cr_assert(until_flag(s.loop, &s.changed));
    offer(&s, 4, false);
    cr_assert(until_flag(s.loop, &s.warned));
    cr_expect_not_null(strstr(s.text, "it is older (4) than what we had (5)"), "%s", s.text);
    offer(&s, 5, true);
    s.mirror.asked = 0;
    cr_assert(until(s.loop, asked_thrice, &s));
    offer(&s, 6, true);
    s.file[s.len - 1] ^= 1;
    s.mirror.asked = 0;
    cr_assert(until(s.loop, asked_thrice, &s), "what is bad at its end is fetched again");
    cr_expect_eq(denylists_sequence(s.lists, 0), 5u);
    s.warned = false;
    s.file[40] ^= 1;
    cr_assert(until_flag(s.loop, &s.warned), "what is bad at its start");
    cr_expect_eq(denylists_sequence(s.lists, 0), 5u);
    cr_expect(denylists_endpoint(s.lists, id));
    s.changed = false;
    offer(&s, 6, true);
    cr_assert(until_flag(s.loop, &s.changed));
    cr_expect_eq(denylists_sequence(s.lists, 0), 6u);
    end(&s);
}

BEAM_TEST(subscriber, comes_again_when_nobody_answers)
{
    static struct scene s;
    begin(&s);
    s.mirror.head = "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n";
    subscribe(&s);
    cr_assert(until_flag(s.loop, &s.warned));
    cr_expect_not_null(strstr(s.text, "503"), "%s", s.text);
    s.warned = false;
    s.mirror.asked = 0;
    cr_assert(until(s.loop, asked_thrice, &s));
    cr_expect_not(s.warned, "it is said once");
    offer(&s, 5, true);
    cr_assert(until_flag(s.loop, &s.changed));
    subscriber_stop(s.subscriber);
    cr_assert_eq(denylists_set(s.lists, "", NULL), 0);
    subscriber_start(s.subscriber, 20);
    cr_expect_eq(denylists_count(s.lists), 0u);
    end(&s);
}
