/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/list_age.h"

#include "tests/unit/loop/until.h"
#include "tests/unit/relay/owners.h"

enum { DAY = 24 * 3600, MADE = 1000 * DAY };

static void write_list(const char *path, uint64_t sequence, uint64_t made)
{
    static const uint8_t seed[KEY_SEED_SIZE] = {1}, hashes[1][DENYLIST_HASH_SIZE] = {{1}};
    struct key_pair *pair = NULL;
    uint8_t *file = NULL;
    size_t len = 0;
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    cr_assert_eq(denylist_make(pair, sequence, made, hashes, 1, &file, &len), 0);
    cr_assert_eq(file_write(path, 0644, file, len), 0);
    free(file);
    key_pair_free(pair);
}

static void on_changed(void *arg)
{
    *(bool *)arg = true;
}

BEAM_TEST(list_age, what_nobody_renews_is_told_once_and_stays)
{
    struct place p;
    struct loop *l = until_loop_new();
    struct denylists *d = NULL;
    struct beam_why why = {.text = ""};
    struct list_age a = {.told = {false}};
    struct peer_id alice = owner(1);
    char list[600], signer[PEER_ID_TEXT_SIZE];
    bool changed = false;
    place_make(&p);
    peer_id_text(&alice, signer);
    snprintf(list, sizeof(list), "%s %s/nothing\n%s %s", signer, p.dir, signer, p.file);
    write_list(p.file, 1, MADE);
    cr_assert_eq(denylists_new(l, p.dir, true, on_changed, &changed, &d, &why), 0, "%s", why.text);
    cr_assert_eq(denylists_set(d, list, &why), 0, "%s", why.text);
    cr_expect_not(list_age_next(&a, d, MADE + 99 * DAY, 30 * DAY, &why), "none is read yet");
    cr_assert(until_flag(l, &changed));
    cr_expect_not(list_age_next(&a, d, MADE + 30 * DAY, 30 * DAY, &why));
    cr_expect_not(list_age_next(&a, d, MADE - DAY, 30 * DAY, &why), "a clock that is behind");
    cr_assert(list_age_next(&a, d, MADE + 31 * DAY, 30 * DAY, &why));
    cr_expect_not_null(strstr(why.text, "31 days"), "%s", why.text);
    cr_expect_not_null(strstr(why.text, p.file), "%s", why.text);
    cr_expect_not(list_age_next(&a, d, MADE + 32 * DAY, 30 * DAY, &why), "once");
    cr_expect_eq(list_age_count(d, MADE + 32 * DAY, 30 * DAY), 1u);
    cr_expect_eq(list_age_count(d, MADE + 32 * DAY, 0), 0u, "any age is fine");
    cr_expect_eq(denylists_entries(d), 1u, "it is in force");
    changed = false;
    write_list(p.file, 2, MADE + 32 * DAY);
    cr_assert_eq(denylists_set(d, list, &why), 0, "%s", why.text);
    cr_assert(until_flag(l, &changed));
    cr_expect_not(list_age_next(&a, d, MADE + 33 * DAY, 30 * DAY, &why));
    cr_expect(list_age_next(&a, d, MADE + 66 * DAY, 30 * DAY, &why), "and once more");
    denylists_free(d);
    loop_free(l);
    place_remove(&p);
}
