/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_answer.h"

#include "base/err.h"
#include "tests/unit/p2p/kad_kit.h"
#include "tests/unit/seed.h"

/* A value is a digit, or it is late, or it is none. */
static int check(void *arg, struct kad_text key, struct kad_text value, uint64_t wall_ms)
{
    (void)arg;
    (void)key;
    (void)wall_ms;
    return value.len == 1 ? 0 : value.len == 4 ? BEAM_ETIMEOUT : BEAM_EAUTH;
}

static int compare(void *arg, struct kad_text key, struct kad_text a, struct kad_text b)
{
    (void)arg;
    (void)key;
    return b.at[0] - a.at[0];
}

static const struct kad_validator validator = {.name = "t", .check = check, .compare = compare};

struct scene {
    struct kad_answerer a;
    struct kad_table *table;
    struct kad_message question, reply;
    struct peer_id from;
    size_t blamed, learned;
    enum repute_offence last;
};

static void on_describe(void *arg, struct kad_contact *contact)
{
    (void)arg;
    (void)contact;
}

static void on_learn(void *arg, const struct kad_contact *contact)
{
    struct scene *sc = arg;
    (void)contact;
    sc->learned++;
}

static kad_group on_whence(void *arg, const struct peer_id *peer)
{
    struct scene *sc = arg;
    cr_expect(peer_id_equal(peer, &sc->from));
    return 7;
}

static void on_blame(void *arg, const struct peer_id *peer, enum repute_offence what)
{
    struct scene *sc = arg;
    cr_expect(peer_id_equal(peer, &sc->from));
    sc->blamed++;
    sc->last = what;
}

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static void set_up(struct scene *sc)
{
    static struct seed seed = {9};
    static const struct rng rng = {.fill = fill, .arg = &seed};
    static const struct kad_store_limits limits = {.values = 9, .providers = 9, .each = 9};
    const struct peer_id self = kad_peer_no(0);
    memset(sc, 0, sizeof(*sc));
    sc->from = kad_peer_no(1);
    cr_assert_eq(kad_table_new(&self, &sc->table), 0);
    sc->a = (struct kad_answerer){.table = sc->table,
                                  .describe = on_describe,
                                  .learn = on_learn,
                                  .whence = on_whence,
                                  .blame = on_blame,
                                  .arg = sc};
    cr_assert_eq(kad_store_new(&rng, kad_table_self(sc->table), &limits, &sc->a.store), 0);
    cr_assert_eq(kad_store_register(sc->a.store, &validator), 0);
}

static void tear_down(struct scene *sc)
{
    kad_store_free(sc->a.store);
    kad_table_free(sc->table);
}

static int ask(struct scene *sc)
{
    return kad_answer(&sc->a, &sc->from, &sc->question, (struct kad_now){.ms = 1}, &sc->reply);
}

static int put(struct scene *sc, const char *key, const char *record_key, const char *value)
{
    sc->blamed = 0;
    sc->question = (struct kad_message){.type = KAD_PUT_VALUE,
                                        .key = kad_text_of(key),
                                        .has_record = true,
                                        .record_key = kad_text_of(record_key),
                                        .value = kad_text_of(value)};
    return ask(sc);
}

static void expect_blame(const struct scene *sc, enum repute_offence what)
{
    cr_expect_eq(sc->blamed, 1u);
    cr_expect_eq(sc->last, what);
}

BEAM_TEST(kad_answer, bad_values_are_not_kept_and_cost)
{
    struct scene sc;
    set_up(&sc);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", "5"), 1);
    cr_expect_eq(sc.blamed, 0u);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", "5"), 1, "the same once more");
    cr_expect_eq(sc.blamed, 0u);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", "forged"), BEAM_EINVAL);
    expect_blame(&sc, REPUTE_BAD_VALUE);
    cr_expect_eq(put(&sc, "/t/key", "/t/other", "6"), BEAM_EINVAL, "another's record");
    expect_blame(&sc, REPUTE_BAD_VALUE);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", "3"), BEAM_EEXIST, "a stale one");
    expect_blame(&sc, REPUTE_UNWANTED);
    cr_expect_eq(put(&sc, "/new/key", "/new/key", "3"), BEAM_EINVAL, "of a newer program, perhaps");
    expect_blame(&sc, REPUTE_UNWANTED);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", "late"), BEAM_ETIMEOUT, "clocks differ");
    cr_expect_eq(sc.blamed, 0u);
    cr_expect_eq(kad_store_values(sc.a.store), 1u);
    tear_down(&sc);
}

BEAM_TEST(kad_answer, a_value_that_is_too_long_costs)
{
    static char value[KAD_VALUE_MAX + 2];
    struct scene sc;
    set_up(&sc);
    memset(value, 'x', sizeof(value) - 1);
    cr_expect_eq(put(&sc, "/t/key", "/t/key", value), BEAM_EINVAL);
    expect_blame(&sc, REPUTE_BAD_VALUE);
    cr_expect_eq(kad_store_values(sc.a.store), 0u);
    tear_down(&sc);
}

BEAM_TEST(kad_answer, nobody_provides_for_another)
{
    static const uint8_t key[] = {0x12, 2, 1, 2};
    struct scene sc;
    set_up(&sc);
    sc.question = (struct kad_message){
        .type = KAD_ADD_PROVIDER, .key = {.at = key, .len = sizeof(key)}, .provider_count = 1};
    sc.question.providers[0].peer = kad_peer_no(2);
    cr_expect_eq(ask(&sc), BEAM_EINVAL);
    expect_blame(&sc, REPUTE_FALSE_NAME);
    cr_expect_eq(sc.learned, 0u);
    sc.question.providers[0].peer = sc.from;
    cr_expect_eq(ask(&sc), 0);
    cr_expect_eq(sc.blamed, 1u);
    cr_expect_eq(sc.learned, 1u);
    tear_down(&sc);
}

BEAM_TEST(kad_answer, a_question_for_nothing_costs)
{
    struct scene sc;
    set_up(&sc);
    sc.question = (struct kad_message){.type = KAD_FIND_NODE};
    cr_expect_eq(ask(&sc), BEAM_EINVAL);
    expect_blame(&sc, REPUTE_GARBLED);
    sc.question.type = KAD_PING;
    cr_expect_eq(ask(&sc), 1);
    cr_expect_eq(sc.blamed, 1u);
    tear_down(&sc);
}
