/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease.h"

#include <signal.h>
#include <sys/wait.h>

#include "relay/lease_db.h"
#include "tests/unit/relay/owners.h"

enum { LEASE = 1000, HOLD = 10000 };

static struct place place;
static struct lease_store *store;
static uint8_t token[RESERVATION_TOKEN_SIZE];
static const struct lease *got;

static const struct lease_limits limits = {.total = 4,
                                           .each_owner = 2,
                                           .lease_ms = LEASE,
                                           .hold_ms = HOLD,
                                           .tcp = {20000, 20001},
                                           .udp = {20000, 20000},
                                           .each_ports = 1};

static void begin(void)
{
    cr_assert_geq(sodium_init(), 0);
    place_make(&place);
    store = NULL;
    int err = lease_store_open(place.file, &limits, rng_system(), 0, &store, NULL);
    if (err < 0)
        place_remove(&place);
    cr_assert_eq(err, 0);
}

static void end(void)
{
    lease_store_close(store);
    place_remove(&place);
}

static void restart(uint64_t now)
{
    lease_store_close(store);
    store = NULL;
    int err = lease_store_open(place.file, &limits, rng_system(), now, &store, NULL);
    cr_assert_eq(err, 0);
}

static enum reservation_status ask(uint8_t who, const struct reservation_request *r, uint64_t now)
{
    struct peer_id id = owner(who);
    got = NULL;
    return lease_ask(store, &id, r, true, now, token, &got);
}

static enum reservation_status reserve(uint8_t who, const char *name, uint64_t now)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    snprintf(r.name, sizeof(r.name), "%s", name);
    return ask(who, &r, now);
}

/* A request about the lease that was granted last. */
static struct reservation_request about(enum reservation_verb verb, const struct lease *l)
{
    struct reservation_request r = {.verb = verb, .kind = RESERVATION_HTTP, .has_id = true};
    cr_assert_not_null(l);
    memcpy(r.id, l->id, sizeof(r.id));
    memcpy(r.token, token, sizeof(r.token));
    return r;
}

BEAM_TEST(lease, serves_until_it_runs_out_and_is_found_both_ways)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    const struct lease *l = got;
    cr_assert_not_null(l);
    cr_expect_eq(lease_by_id(store, l->id, LEASE - 1), l);
    cr_expect_eq(lease_by_name(store, "myapp", LEASE - 1), l);
    cr_expect_null(lease_by_id(store, l->id, LEASE));
    cr_expect_null(lease_by_name(store, "myapp", LEASE));
    cr_expect_null(lease_by_name(store, "other", 0));
    struct reservation_request renew = about(RESERVATION_RENEW, l);
    cr_expect_eq(ask(1, &renew, 500), RESERVATION_OK);
    cr_expect_eq(lease_by_name(store, "myapp", LEASE + 499), l);
    end();
}

BEAM_TEST(lease, is_nobody_elses)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    struct reservation_request r = about(RESERVATION_RENEW, got);
    cr_expect_eq(reserve(2, "myapp", 0), RESERVATION_NAME_TAKEN);
    cr_expect_eq(ask(2, &r, 0), RESERVATION_FORBIDDEN, "renewed by another key");
    r.verb = RESERVATION_FORGET;
    cr_expect_eq(ask(2, &r, 0), RESERVATION_FORBIDDEN, "forgotten by another key");
    r.verb = RESERVATION_RESERVE;
    cr_expect_eq(ask(2, &r, 0), RESERVATION_FORBIDDEN, "taken back by another key");
    r.token[31] ^= 1;
    cr_expect_eq(ask(1, &r, 0), RESERVATION_FORBIDDEN, "a wrong token");
    r.token[31] ^= 1;
    r.id[0] ^= 1;
    cr_expect_eq(ask(1, &r, 0), RESERVATION_FORBIDDEN, "no such id");
    r.verb = 9;
    cr_expect_eq(ask(1, &r, 0), RESERVATION_UNSUPPORTED, "no such verb");
    end();
}

BEAM_TEST(lease, is_of_the_kind_that_was_asked_for_last)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    const struct lease *l = got;
    struct reservation_request r = about(RESERVATION_RESERVE, l);
    r.kind = RESERVATION_TLS;
    cr_expect_eq(ask(1, &r, 1), RESERVATION_OK);
    cr_expect_eq(got, l);
    cr_expect_eq(l->kind, (uint64_t)RESERVATION_TLS);
    r.verb = RESERVATION_RENEW;
    r.kind = RESERVATION_TCP;
    cr_expect_eq(ask(1, &r, LEASE / 2), RESERVATION_OK);
    cr_expect_eq(l->kind, (uint64_t)RESERVATION_TLS, "a renewal says nothing of kinds");
    lease_store_close(store);
    int err = lease_store_open(place.file, &limits, rng_system(), LEASE / 2, &store, NULL);
    cr_assert_eq(err, 0);
    l = lease_by_name(store, "myapp", LEASE / 2);
    cr_assert_not_null(l);
    cr_expect_eq(l->kind, (uint64_t)RESERVATION_TLS, "on disk too");
    cr_expect_eq(reserve(1, "myapp", LEASE / 2), RESERVATION_OK);
    cr_expect_eq(got->kind, (uint64_t)RESERVATION_HTTP, "by its name too");
    r.verb = RESERVATION_RESERVE;
    r.kind = RESERVATION_KINDS + 1;
    cr_expect_eq(ask(1, &r, LEASE / 2), RESERVATION_UNSUPPORTED);
    end();
}

BEAM_TEST(lease, a_thousand_names_of_one_key_are_no_more_than_it_may_have)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_TLS}, last;
    size_t granted = 0;
    begin();
    cr_expect_eq(reserve(2, "other", 0), RESERVATION_OK);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(r.name, sizeof(r.name), "name%u", i);
        if (ask(1, &r, 0) != RESERVATION_OK)
            continue;
        last = about(RESERVATION_RELEASE, got);
        granted++;
    }
    cr_expect_eq(granted, limits.each_owner);
    /* Each that is given up makes room for one, and takes nobody else's. */
    for (unsigned i = 1000; i < 2000; i++) {
        cr_assert_eq(ask(1, &last, 0), RESERVATION_OK);
        snprintf(r.name, sizeof(r.name), "name%u", i);
        cr_assert_eq(ask(1, &r, 0), RESERVATION_OK);
        last = about(RESERVATION_RELEASE, got);
        cr_assert_eq(lease_count(store), limits.each_owner + 1);
    }
    cr_expect_not_null(lease_by_name(store, "other", 0));
    cr_expect_null(lease_by_name(store, "name1000", 0));
    end();
}

BEAM_TEST(lease, is_held_for_its_owner)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    struct reservation_request back = about(RESERVATION_RESERVE, got);
    cr_expect_eq(reserve(2, "myapp", LEASE + HOLD - 1), RESERVATION_NAME_TAKEN);
    back.visitor_address = true;
    cr_expect_eq(ask(1, &back, LEASE + HOLD - 1), RESERVATION_OK);
    cr_assert_not_null(got);
    cr_expect(got->visitor_address);
    cr_expect_eq(memcmp(got->id, back.id, sizeof(back.id)), 0);
    uint64_t end_of_hold = LEASE + HOLD - 1 + LEASE + HOLD;
    cr_expect_eq(ask(1, &back, end_of_hold), RESERVATION_FORBIDDEN);
    cr_expect_eq(reserve(2, "myapp", end_of_hold), RESERVATION_OK);
    end();
}

BEAM_TEST(lease, a_name_comes_back_to_its_key_with_a_new_token)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    struct reservation_request old = about(RESERVATION_RENEW, got);
    cr_expect_eq(reserve(1, "myapp", 5), RESERVATION_OK);
    cr_assert_not_null(got);
    cr_expect_eq(memcmp(got->id, old.id, sizeof(old.id)), 0);
    cr_expect_eq(ask(1, &old, 6), RESERVATION_FORBIDDEN, "the token of before");
    cr_expect_eq(lease_count(store), 1u);
    end();
}

BEAM_TEST(lease, released_it_is_gone_and_held_and_forgotten_it_is_gone)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    struct reservation_request r = about(RESERVATION_RELEASE, got);
    cr_expect_eq(ask(1, &r, 10), RESERVATION_OK);
    cr_expect_null(lease_by_name(store, "myapp", 10));
    cr_expect_eq(reserve(2, "myapp", 10), RESERVATION_NAME_TAKEN);
    r.verb = RESERVATION_RESERVE;
    cr_expect_eq(ask(1, &r, 20), RESERVATION_OK);
    cr_expect_not_null(lease_by_name(store, "myapp", 20));
    r.verb = RESERVATION_FORGET;
    cr_expect_eq(ask(1, &r, 20), RESERVATION_OK);
    cr_expect_eq(reserve(2, "myapp", 20), RESERVATION_OK);
    end();
}

BEAM_TEST(lease, names_are_labels_and_no_ids)
{
    begin();
    cr_expect_eq(reserve(1, "No", 0), RESERVATION_NAME_REFUSED);
    cr_expect_eq(reserve(1, "a.b", 0), RESERVATION_NAME_REFUSED);
    cr_expect_eq(reserve(1, "tls", 0), RESERVATION_NAME_REFUSED);
    cr_expect_eq(reserve(1, "aaaaaaaaaaaaaaaaaaaaaaaaaa", 0), RESERVATION_NAME_REFUSED);
    cr_expect_eq(reserve(1, "aaaaaaaaaaaaaaaaaaaaaaaaa", 0), RESERVATION_OK);
    struct peer_id id = owner(2);
    struct reservation_request r = {
        .verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP, .name = "No"};
    cr_expect_eq(lease_ask(store, &id, &r, false, 0, token, &got), RESERVATION_OK);
    cr_assert_not_null(got);
    cr_expect_str_eq(got->name, "");
    r.kind = 77;
    cr_expect_eq(lease_ask(store, &id, &r, false, 0, token, &got), RESERVATION_UNSUPPORTED);
    end();
}

BEAM_TEST(lease, their_number_is_bounded)
{
    begin();
    cr_assert_eq(reserve(1, "", 0), RESERVATION_OK);
    struct lease first = *got;
    cr_expect_eq(reserve(1, "", 100), RESERVATION_OK);
    cr_expect_eq(reserve(1, "", 100), RESERVATION_LIMIT);
    cr_expect_eq(reserve(2, "", 100), RESERVATION_OK);
    cr_expect_eq(reserve(3, "", 100), RESERVATION_OK);
    cr_expect_eq(reserve(4, "", 100), RESERVATION_BUSY);
    /* The first has run out: its room goes to whoever asks. */
    cr_expect_eq(reserve(4, "", LEASE), RESERVATION_OK);
    struct reservation_request r = about(RESERVATION_RESERVE, &first);
    cr_expect_eq(ask(1, &r, LEASE), RESERVATION_FORBIDDEN);
    cr_expect_eq(lease_count(store), 4u);
    /* And that of the same key to the key. */
    cr_expect_eq(reserve(1, "", 2 * LEASE), RESERVATION_OK);
    cr_expect_eq(lease_count(store), 4u);
    end();
}

BEAM_TEST(lease, survives_a_restart)
{
    begin();
    cr_expect_eq(reserve(1, "myapp", 0), RESERVATION_OK);
    struct reservation_request r = about(RESERVATION_RENEW, got);
    cr_expect_eq(reserve(2, "", 1), RESERVATION_OK);
    restart(LEASE / 2);
    cr_expect_eq(lease_count(store), 2u);
    cr_expect_not_null(lease_by_id(store, r.id, LEASE / 2));
    cr_expect_not_null(lease_by_name(store, "myapp", LEASE / 2));
    cr_expect_eq(ask(1, &r, LEASE / 2), RESERVATION_OK);
    restart(LEASE * 3 / 2 + HOLD);
    cr_expect_eq(lease_count(store), 0u, "what nobody holds is forgotten");
    end();
}

/* The child says by a byte each time that a lease was granted, and is killed amid its work. */
static void reserve_for_ever(int say)
{
    for (uint8_t i = 0;; i++) {
        if (reserve((uint8_t)(i % 4), "", i) == RESERVATION_OK &&
            write(say, got->id, sizeof(got->id)) < 0)
            _exit(1);
    }
}

BEAM_TEST(lease, survives_kill_9)
{
    uint8_t id[RESERVATION_ID_SIZE];
    int ends[2];
    begin();
    cr_assert_eq(pipe(ends), 0);
    lease_store_close(store);
    store = NULL;
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        if (lease_store_open(place.file, &limits, rng_system(), 0, &store, NULL) < 0)
            _exit(1);
        reserve_for_ever(ends[1]);
    }
    close(ends[1]);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(read(ends[0], id, sizeof(id)), (ssize_t)sizeof(id));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[0]);
    int err = lease_store_open(place.file, &limits, rng_system(), 0, &store, NULL);
    cr_assert_eq(err, 0);
    cr_expect_not_null(lease_by_id(store, id, 1), "what was granted is there");
    cr_expect_eq(lease_count(store), 4u);
    end();
}

/* ---- ports ---------------------------------------------------------------------------------- */

static enum reservation_status reserve_port(uint8_t who, uint64_t kind, uint16_t port, uint64_t now)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = kind, .port = port};
    return ask(who, &r, now);
}

BEAM_TEST(lease, a_port_is_one_owners_and_stays_so)
{
    begin();
    cr_assert_eq(reserve_port(1, RESERVATION_TCP, 20001, 0), RESERVATION_OK);
    cr_expect_eq(got->port, 20001);
    struct reservation_request back = about(RESERVATION_RESERVE, got);
    back.kind = RESERVATION_TCP;
    cr_assert_eq(reserve_port(2, RESERVATION_TCP, 20001, 0), RESERVATION_OK);
    cr_expect_eq(got->port, 20000, "the wanted one is another's");
    cr_expect_eq(reserve_port(3, RESERVATION_TCP, 0, 0), RESERVATION_NO_PORT);
    cr_assert_eq(reserve_port(3, RESERVATION_UDP, 0, 0), RESERVATION_OK);
    cr_expect_eq(got->port, 20000, "of UDP they are others");
    restart(1);
    cr_assert_eq(ask(1, &back, 1), RESERVATION_OK);
    cr_expect_eq(got->port, 20001);
    cr_assert_eq(reserve_port(1, RESERVATION_TCP, 20001, 2), RESERVATION_OK);
    cr_expect_eq(memcmp(got->id, back.id, sizeof(back.id)), 0, "it is this key's already");
    cr_expect_eq(ask(1, &back, 3), RESERVATION_FORBIDDEN, "and has another token now");
    end();
}

BEAM_TEST(lease, a_key_has_so_many_ports_and_no_more)
{
    begin();
    cr_expect_eq(reserve_port(1, RESERVATION_TCP, 20000, 0), RESERVATION_OK);
    cr_expect_eq(reserve_port(1, RESERVATION_TCP, 0, 0), RESERVATION_LIMIT);
    cr_expect_eq(reserve_port(1, RESERVATION_UDP, 0, 0), RESERVATION_LIMIT);
    cr_expect_eq(reserve(1, "", 0), RESERVATION_OK, "of HTTP it may");
    /* What it left behind makes room. */
    cr_expect_eq(reserve_port(1, RESERVATION_UDP, 0, LEASE), RESERVATION_OK);
    cr_assert_eq(reserve_port(2, RESERVATION_TCP, 20000, LEASE), RESERVATION_OK);
    cr_expect_eq(got->port, 20000, "which is free again");
    end();
}

BEAM_TEST(lease, a_port_that_is_held_makes_room_for_one_that_is_needed)
{
    begin();
    cr_assert_eq(reserve_port(1, RESERVATION_UDP, 0, 0), RESERVATION_OK);
    struct reservation_request back = about(RESERVATION_RESERVE, got);
    back.kind = RESERVATION_UDP;
    cr_expect_eq(reserve_port(2, RESERVATION_UDP, 0, LEASE - 1), RESERVATION_NO_PORT);
    cr_expect_eq(reserve_port(2, RESERVATION_UDP, 0, LEASE), RESERVATION_OK);
    cr_expect_eq(ask(1, &back, LEASE), RESERVATION_FORBIDDEN);
    end();
}

BEAM_TEST(lease, of_another_kind_it_has_another_port_or_none)
{
    begin();
    cr_assert_eq(reserve_port(1, RESERVATION_TCP, 20000, 0), RESERVATION_OK);
    struct reservation_request r = about(RESERVATION_RESERVE, got);
    r.kind = RESERVATION_UDP;
    cr_assert_eq(ask(1, &r, 1), RESERVATION_OK);
    cr_expect_eq(got->port, 20000);
    cr_assert_eq(reserve_port(2, RESERVATION_TCP, 20000, 1), RESERVATION_OK);
    cr_expect_eq(got->port, 20000, "that of TCP was given back");
    cr_expect_eq(reserve_port(3, RESERVATION_UDP, 0, 1), RESERVATION_NO_PORT);
    r.kind = RESERVATION_HTTP;
    cr_assert_eq(ask(1, &r, 2), RESERVATION_OK);
    cr_expect_eq(got->port, 0);
    cr_expect_eq(reserve_port(3, RESERVATION_UDP, 0, 2), RESERVATION_OK);
    r.kind = RESERVATION_UDP;
    cr_expect_eq(ask(1, &r, 3), RESERVATION_NO_PORT);
    cr_assert_not_null(lease_by_id(store, r.id, 3));
    cr_expect_eq(lease_by_id(store, r.id, 3)->kind, (uint64_t)RESERVATION_HTTP, "it is as it was");
    end();
}

BEAM_TEST(lease, one_whose_port_cannot_be_had_moves)
{
    begin();
    cr_assert_eq(reserve_port(1, RESERVATION_TCP, 20000, 0), RESERVATION_OK);
    const struct lease *l = got;
    cr_expect_eq(lease_move_port(store, l), 0);
    cr_expect_eq(l->port, 20001);
    cr_expect_eq(reserve_port(2, RESERVATION_TCP, 20000, 0), RESERVATION_OK);
    cr_expect_eq(lease_move_port(store, l), BEAM_ELIMIT);
    cr_expect_eq(l->port, 20001);
    end();
}

BEAM_TEST(lease, the_operator_may_set_other_ports_aside)
{
    struct lease_limits other = limits;
    begin();
    cr_assert_eq(reserve_port(1, RESERVATION_TCP, 20000, 0), RESERVATION_OK);
    struct reservation_request back = about(RESERVATION_RESERVE, got);
    back.kind = RESERVATION_TCP;
    lease_store_close(store);
    other.tcp = (struct port_range){30000, 30000};
    cr_assert_eq(lease_store_open(place.file, &other, rng_system(), 1, &store, NULL), 0);
    cr_assert_eq(ask(1, &back, 1), RESERVATION_OK);
    cr_expect_eq(got->port, 30000);
    end();
}

static size_t changes;
static uint8_t changed_id[RESERVATION_ID_SIZE];

static void on_change(void *arg, const uint8_t id[RESERVATION_ID_SIZE])
{
    (void)arg;
    changes++;
    memcpy(changed_id, id, sizeof(changed_id));
}

BEAM_TEST(lease, another_process_follows)
{
    struct lease_store *follower = NULL;
    uint8_t id[RESERVATION_ID_SIZE];
    begin();
    changes = 0;
    lease_on_change(store, on_change, NULL);
    cr_assert_eq(reserve(1, "first", 0), RESERVATION_OK);
    int err = lease_store_follow(place.file, &limits, rng_system(), 0, &follower, NULL);
    cr_assert_eq(err, 0);
    cr_expect_not_null(lease_by_name(follower, "first", 1), "it was there before");
    cr_assert_eq(reserve(1, "second", 0), RESERVATION_OK);
    memcpy(id, got->id, sizeof(id));
    cr_expect_eq(changes, 2u);
    cr_expect_arr_eq(changed_id, id, sizeof(id));
    cr_expect_not_null(lease_by_name(follower, "second", 1), "nobody had to tell it");
    cr_expect_not_null(lease_by_id(follower, id, 1));
    cr_expect_null(lease_by_name(follower, "third", 1));
    struct reservation_request r = about(RESERVATION_FORGET, got);
    cr_assert_eq(ask(1, &r, 1), RESERVATION_OK);
    cr_expect_eq(changes, 3u);
    cr_expect_not_null(lease_by_id(follower, id, 1), "until it is told");
    cr_expect_not(lease_refresh(follower, id));
    cr_expect_null(lease_by_id(follower, id, 1));
    cr_expect_eq(lease_count(follower), 1u);
    lease_store_close(follower);
    end();
}

/* Puts a lease into the file so that nobody hears of it. */
static void plant(const char *name, uint8_t n)
{
    struct lease_db *db = NULL;
    struct lease l = {
        .id = {n}, .owner = owner(9), .kind = RESERVATION_HTTP, .expires = 100 * LEASE};
    snprintf(l.name, sizeof(l.name), "%s", name);
    cr_assert_eq(lease_db_open(place.file, &db, NULL), 0);
    cr_assert_eq(lease_db_put(db, &l), 0);
    lease_db_close(db);
}

BEAM_TEST(lease, a_follower_that_has_heard_all_asks_the_file_nothing)
{
    struct lease_store *follower = NULL;
    begin();
    cr_assert_eq(reserve(1, "first", 0), RESERVATION_OK);
    int err = lease_store_follow(place.file, &limits, rng_system(), 0, &follower, NULL);
    cr_assert_eq(err, 0);
    plant("planted", 7);
    cr_expect_null(lease_by_name(follower, "planted", 1), "it does not look");
    cr_assert_eq(reserve(1, "second", 0), RESERVATION_OK);
    uint64_t change = lease_changes(store);
    cr_expect_eq(lease_changes(follower), change);
    cr_expect_not_null(lease_by_name(follower, "planted", 1), "it looks: there was a change");
    cr_expect(lease_refresh(follower, got->id));
    cr_expect(lease_keep_up(follower, change));
    plant("other", 8);
    cr_expect_null(lease_by_name(follower, "other", 1), "of which it has heard now");
    cr_expect_not(lease_keep_up(follower, change + 2), "one was missed");
    cr_expect(lease_keep_up(follower, change), "it has heard of that already");
    cr_expect_eq(lease_catch_up(follower, lease_changes(follower)), 0);
    cr_expect_not_null(lease_by_name(follower, "other", 1));
    cr_expect_eq(lease_count(follower), 4u);
    lease_store_close(follower);
    end();
}

BEAM_TEST(lease, a_follower_learns_of_a_renewal_and_an_end)
{
    struct lease_store *follower = NULL;
    uint8_t id[RESERVATION_ID_SIZE];
    begin();
    cr_assert_eq(reserve(1, "first", 0), RESERVATION_OK);
    memcpy(id, got->id, sizeof(id));
    int err = lease_store_follow(place.file, &limits, rng_system(), 0, &follower, NULL);
    cr_assert_eq(err, 0);
    struct reservation_request r = about(RESERVATION_RENEW, got);
    cr_assert_eq(ask(1, &r, LEASE / 2), RESERVATION_OK);
    cr_expect_null(lease_by_id(follower, id, LEASE + 1));
    cr_expect(lease_refresh(follower, id));
    cr_expect_not_null(lease_by_id(follower, id, LEASE + 1));
    r = about(RESERVATION_RELEASE, got);
    cr_assert_eq(ask(1, &r, LEASE), RESERVATION_OK);
    cr_expect(lease_refresh(follower, id), "it is held for its owner");
    cr_expect_null(lease_by_id(follower, id, LEASE + 1));
    lease_sweep(follower, LEASE + HOLD + 2);
    cr_expect_eq(lease_count(follower), 0u);
    cr_expect_eq(lease_count(store), 1u, "what a follower forgets is in the file still");
    lease_store_close(follower);
    end();
}
