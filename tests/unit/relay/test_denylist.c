/* SPDX-License-Identifier: BSD-3-Clause */
/* relay/denylist and relay/denylists. */
#include "relay/denylists.h"

#include "tests/unit/loop/until.h"
#include "tests/unit/relay/owners.h"

enum { ENTRIES = 100000 };

static struct key_pair *pair_of(uint8_t n)
{
    uint8_t seed[KEY_SEED_SIZE] = {n};
    struct key_pair *pair = NULL;
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    return pair;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, DENYLIST_HASH_SIZE);
}

/* Endpoints whose first four bytes are a number below `n`, signed by the key of owner(1). */
static void write_list(const char *path, uint64_t sequence, uint32_t n)
{
    uint8_t(*hashes)[DENYLIST_HASH_SIZE] = calloc(n + 1, sizeof(*hashes));
    struct key_pair *pair = pair_of(1);
    uint8_t *file = NULL;
    size_t len = 0;
    cr_assert_not_null(hashes);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t id[RESERVATION_ID_SIZE] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16),
                                           (uint8_t)(i >> 8), (uint8_t)i};
        denylist_hash(DENYLIST_ENDPOINT, id, sizeof(id), hashes[i]);
    }
    qsort(hashes, n, sizeof(*hashes), by_bytes);
    cr_assert_eq(denylist_make(pair, sequence, 7, (const uint8_t(*)[DENYLIST_HASH_SIZE])hashes, n,
                               &file, &len),
                 0);
    cr_assert_eq(file_write(path, 0644, file, len), 0);
    free(file);
    free(hashes);
    key_pair_free(pair);
}

static int read_all(const char *path, const struct place *p, const struct peer_id *signer,
                    uint64_t least, struct denylist **out, struct beam_why *why)
{
    int err = denylist_open(path, p->dir, signer, least, out, why);
    if (err < 0)
        return err;
    while ((err = denylist_read(*out, why)) == BEAM_EAGAIN)
        continue;
    if (err < 0) {
        denylist_free(*out);
        *out = NULL;
    }
    return err;
}

BEAM_TEST(denylist, has_what_was_put_into_it)
{
    struct place p;
    struct denylist *d = NULL;
    struct beam_why why = {.text = ""};
    struct peer_id alice = owner(1);
    place_make(&p);
    write_list(p.file, 3, ENTRIES);
    cr_assert_eq(read_all(p.file, &p, &alice, 3, &d, &why), 0, "%s", why.text);
    cr_assert_eq(file_write(p.file, 0644, "", 0), 0); /* the copy is ours */
    cr_expect_eq(denylist_head(d)->entries, (uint64_t)ENTRIES);
    for (uint32_t i = 0; i < 2 * ENTRIES; i += 997) {
        uint8_t id[RESERVATION_ID_SIZE] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16),
                                           (uint8_t)(i >> 8), (uint8_t)i};
        cr_expect_eq(denylist_has(d, DENYLIST_ENDPOINT, id, sizeof(id)), i < ENTRIES, "%u", i);
        cr_expect_not(denylist_has(d, DENYLIST_KEY, id, sizeof(id)), "of another kind");
    }
    denylist_free(d);
    write_list(p.file, 4, 0);
    cr_assert_eq(read_all(p.file, &p, &alice, 4, &d, &why), 0, "%s", why.text);
    cr_expect_not(denylist_has(d, DENYLIST_KEY, alice.bytes, alice.len));
    denylist_free(d);
    place_remove(&p);
}

BEAM_TEST(denylist, one_that_is_not_good_is_refused)
{
    struct place p;
    struct denylist *d = NULL;
    struct beam_why why = {.text = ""};
    struct peer_id alice = owner(1), bob = owner(2);
    char *text = NULL;
    size_t len = 0;
    place_make(&p);
    write_list(p.file, 3, 1000);
    cr_expect_eq(read_all(p.file, &p, &bob, 0, &d, &why), BEAM_EAUTH, "signed by another");
    cr_expect_eq(read_all(p.file, &p, &alice, 4, &d, &why), BEAM_EEXIST, "older");
    cr_assert_eq(file_read(p.file, 1 << 20, &text, &len), 0);
    text[len - 1] ^= 1;
    cr_assert_eq(file_write(p.file, 0644, text, len), 0);
    cr_expect_eq(read_all(p.file, &p, &alice, 0, &d, &why), BEAM_EAUTH, "another entry");
    text[len - 1] ^= 1;
    cr_assert_eq(file_write(p.file, 0644, text, len - 16), 0);
    cr_expect_eq(read_all(p.file, &p, &alice, 0, &d, &why), BEAM_EINVAL, "cut");
    memcpy(text + len - 16, text + len - 32, 16);
    cr_assert_eq(file_write(p.file, 0644, text, len), 0);
    cr_expect_eq(read_all(p.file, &p, &alice, 0, &d, &why), BEAM_EINVAL, "twice");
    text[60] ^= 1;
    cr_assert_eq(file_write(p.file, 0644, text, len), 0);
    cr_expect_lt(read_all(p.file, &p, &alice, 0, &d, &why), 0, "another head");
    cr_assert_eq(file_write(p.file, 0644, "nothing", 7), 0);
    cr_expect_eq(read_all(p.file, &p, &alice, 0, &d, &why), BEAM_EINVAL);
    cr_expect_eq(read_all("/nowhere", &p, &alice, 0, &d, &why), BEAM_ENOTFOUND);
    free(text);
    place_remove(&p);
}

static void on_changed(void *arg)
{
    *(bool *)arg = true;
}

BEAM_TEST(denylists, are_read_beside_all_else_and_never_go_back)
{
    struct place p;
    struct loop *l = NULL;
    struct denylists *d = NULL;
    struct beam_why why = {.text = ""};
    struct peer_id alice = owner(1);
    const uint8_t id[RESERVATION_ID_SIZE] = {0, 0, 0, 1};
    char list[256], signer[PEER_ID_TEXT_SIZE];
    bool changed = false;
    place_make(&p);
    peer_id_text(&alice, signer);
    snprintf(list, sizeof(list), "%s %s", signer, p.file);
    write_list(p.file, 5, ENTRIES);
    cr_assert_eq(loop_new(&l), 0);
    cr_assert_eq(denylists_new(l, p.dir, true, on_changed, &changed, &d, &why), 0, "%s", why.text);
    cr_assert_eq(denylists_set(d, list, &why), 0, "%s", why.text);
    cr_expect_not(denylists_endpoint(d, id));
    cr_assert(until_flag(l, &changed));
    cr_expect(denylists_endpoint(d, id));
    cr_expect_not(denylists_key(d, &alice));
    cr_expect_eq(denylists_entries(d), (uint64_t)ENTRIES);
    write_list(p.file, 4, 10);
    cr_assert_eq(denylists_set(d, list, &why), 0);
    cr_expect_eq(denylists_entries(d), (uint64_t)ENTRIES, "an older one changes nothing");
    denylists_free(d);
    changed = false;
    cr_assert_eq(denylists_new(l, p.dir, true, on_changed, &changed, &d, &why), 0, "%s", why.text);
    cr_assert_eq(denylists_set(d, list, &why), 0);
    cr_expect_eq(denylists_entries(d), 0u, "nor after a restart");
    write_list(p.file, 6, 10);
    cr_assert_eq(denylists_set(d, list, &why), 0);
    cr_assert(until_flag(l, &changed));
    cr_expect_eq(denylists_entries(d), 10u);
    cr_expect_eq(denylists_set(d, "nobody /x", &why), BEAM_EINVAL);
    cr_expect_eq(denylists_entries(d), 10u, "as they were");
    cr_assert_eq(denylists_set(d, "", &why), 0);
    cr_expect_eq(denylists_entries(d), 0u);
    denylists_free(d);
    loop_free(l);
    place_remove(&p);
}

/* A key of so many others: not that of owner(1). */
static struct peer_id other(unsigned n)
{
    uint8_t seed[KEY_SEED_SIZE] = {(uint8_t)n, (uint8_t)(n >> 8), 1};
    struct key_pair *pair = NULL;
    struct key_public key;
    struct peer_id id = {.len = 0};
    cr_assert_eq(key_pair_from_seed(seed, &pair), 0);
    key_pair_public(pair, &key);
    key_pair_free(pair);
    cr_assert_eq(peer_id_from_key(&key, &id), 0);
    return id;
}

/* The file of sequences, as it is after subscriptions to so many signers, each at 9. */
static void write_sequences(const struct place *p, unsigned n)
{
    enum { LINE = PEER_ID_TEXT_SIZE + 24 };
    char *text = malloc((size_t)n * LINE + 1), signer[PEER_ID_TEXT_SIZE], *path;
    size_t len = 0;
    cr_assert_not_null(text);
    for (unsigned i = 0; i < n; i++) {
        const struct peer_id key = other(i);
        peer_id_text(&key, signer);
        len += (size_t)snprintf(text + len, LINE, "%s 9\n", signer);
    }
    path = file_join(p->dir, "denylists");
    cr_assert_not_null(path);
    cr_assert_eq(file_write(path, 0600, text, len), 0);
    free(path);
    free(text);
}

/* A start with the list at p->file, of owner(1). Returns how many entries the first that is taken
 * has, where another comes at once, `then` of them, with the sequence 6; 0: none comes. */
static uint64_t start_anew(const struct place *p, struct loop *l, bool writes, uint32_t then)
{
    struct denylists *d = NULL;
    struct beam_why why = {.text = ""};
    struct peer_id alice = owner(1);
    char list[256], signer[PEER_ID_TEXT_SIZE];
    bool changed = false;
    peer_id_text(&alice, signer);
    snprintf(list, sizeof(list), "%s %s", signer, p->file);
    cr_assert_eq(denylists_new(l, p->dir, writes, on_changed, &changed, &d, &why), 0, "%s",
                 why.text);
    cr_assert_eq(denylists_set(d, list, &why), 0, "%s", why.text);
    if (then > 0) {
        write_list(p->file, 6, then);
        cr_assert_eq(denylists_set(d, list, &why), 0, "%s", why.text);
    }
    cr_assert(until_flag(l, &changed));
    uint64_t n = denylists_entries(d);
    denylists_free(d);
    return n;
}

BEAM_TEST(denylists, never_go_back_however_many_signers_there_were)
{
    struct place p;
    struct loop *l = NULL;
    struct denylists *d = NULL;
    struct beam_why why = {.text = ""};
    place_make(&p);
    cr_assert_eq(loop_new(&l), 0);
    write_sequences(&p, 256);
    write_list(p.file, 5, 10);
    cr_expect_eq(start_anew(&p, l, false, 0), 10u, "a process that writes nothing");
    write_list(p.file, 4, 20);
    cr_expect_eq(start_anew(&p, l, false, 0), 20u);
    write_list(p.file, 5, 10);
    cr_expect_eq(start_anew(&p, l, true, 0), 10u);
    write_list(p.file, 4, 20);
    cr_expect_eq(start_anew(&p, l, true, 30), 30u, "an older one is not taken");
    write_sequences(&p, 257);
    cr_expect_eq(denylists_new(l, p.dir, true, on_changed, NULL, &d, &why), BEAM_EINVAL,
                 "more than there is room for");
    loop_free(l);
    place_remove(&p);
}
