/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/persona.h"

#include <sodium.h>
#include <string.h>

#include "identity/peer_id.h"
#include "tests/unit/harness.h"
#include "tests/unit/tunnel/keys.h"

/* What others see of it. */
struct face {
    char onion[ONION_ADDRESS_SIZE];
    char peer[PEER_ID_TEXT_SIZE];
};

static struct face face_of(struct persona *p)
{
    struct face f = {.onion = ""};
    struct key_public key;
    struct peer_id id = {0};
    snprintf(f.onion, sizeof(f.onion), "%s", onion_key_address(p->onion));
    key_pair_public(p->identity, &key);
    int err = peer_id_from_key(&key, &id);
    persona_clear(p);
    cr_assert_eq(err, 0);
    peer_id_text(&id, f.peer);
    return f;
}

static struct face open_one(struct keys *s, const char *target, const char *name)
{
    struct persona p = {0};
    cr_assert_eq(persona_open(s->keys, target, name, &p, &s->why), 0, "%s", s->why.text);
    return face_of(&p);
}

BEAM_TEST(persona, a_target_and_name_keep_theirs)
{
    struct keys s = keys_begin();
    struct face first = open_one(&s, "127.0.0.1:3000", "a");
    keystore_lock(s.keys);
    struct face again = open_one(&s, "127.0.0.1:3000", "a");
    cr_assert_str_eq(first.onion, again.onion);
    cr_assert_str_eq(first.peer, again.peer);
    cr_assert_eq(onion_address_check(first.onion), 0);
    keys_end(&s);
}

BEAM_TEST(persona, no_two_share_one)
{
    struct keys s = keys_begin();
    const struct face faces[] = {
        open_one(&s, "127.0.0.1:3000", "a"), open_one(&s, "127.0.0.1:3000", "b"),
        open_one(&s, "127.0.0.1:3001", "a"), open_one(&s, "127.0.0.1:300", "0a"),
        open_one(&s, "127.0.0.1:3000a", "")};
    for (size_t i = 0; i < sizeof(faces) / sizeof(faces[0]); i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert_str_neq(faces[i].onion, faces[j].onion);
            cr_assert_str_neq(faces[i].peer, faces[j].peer);
        }
    }
    keys_end(&s);
}

BEAM_TEST(persona, one_for_the_day_leaves_the_disk_alone)
{
    struct keys s = keys_begin();
    struct persona p = {0}, q = {0};
    cr_assert_eq(persona_make(rng_system(), &p, &s.why), 0);
    int err = persona_make(rng_system(), &q, &s.why);
    if (err < 0)
        persona_clear(&p);
    cr_assert_eq(err, 0);
    struct face first = face_of(&p), second = face_of(&q);
    cr_assert_str_neq(first.onion, second.onion);
    cr_assert_str_neq(first.peer, second.peer);
    cr_assert_eq(folder_count(&s.folder), 0);
    keys_end(&s);
}

/* Worked out with Python from the master seed 00 01 … 1f: hashlib.blake2b twice, then SHA-512. */
BEAM_TEST(persona, as_the_document_has_it)
{
    struct keys s = keys_begin();
    static const uint8_t store_key[SEAL_KEY_SIZE] = {1};
    uint8_t plain[DERIVE_SEED_SIZE], file[sizeof(plain) + SEAL_OVERHEAD];
    struct seal seal;
    struct persona none = {0};
    char *path = file_join(s.folder.path, "keystore");
    cr_assert_not_null(path);
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)i;
    seal_init_passphrase(&seal, rng_system());
    int err = seal_close(&seal, store_key, rng_system(), plain, sizeof(plain), file, sizeof(file));
    err = err < 0 ? err : file_write(path, 0600, file, sizeof(file));
    free(path);
    cr_assert_eq(err, 0);
    cr_assert_eq(persona_open(s.keys, "127.0.0.1:3000", "a", &none, &s.why), BEAM_EAUTH);
    cr_assert_null(none.onion);
    cr_assert_eq(keystore_unlock(s.keys, store_key, &s.why), 0);
    struct face f = open_one(&s, "127.0.0.1:3000", "swift-beam-456");
    cr_assert_str_eq(f.onion, "4afudoqdoqzp2mewyej5o2qwubrf3dgljubeepq6wzks6d5xu54c3lqd");
    cr_assert_str_eq(f.peer, "12D3KooWMKS2fjHrjFZM724neB7rJFn88FtNaDGrffH3fQo49NdF");
    keys_end(&s);
}

BEAM_TEST(persona, an_entry_that_is_no_key_is_refused)
{
    struct keys s = keys_begin();
    struct persona p = {0};
    uint8_t context[16];
    crypto_generichash(context, sizeof(context), (const uint8_t *)"127.0.0.1:1\0a", 13, NULL, 0);
    static const char zeros[ONION_SECRET_SIZE];
    cr_assert_eq(
        keystore_add(s.keys, DERIVE_ONION, context, sizeof(context), zeros, sizeof(zeros), &s.why),
        0);
    cr_assert_eq(keystore_commit(s.keys, &s.why), 0);
    cr_assert_eq(persona_open(s.keys, "127.0.0.1:1", "a", &p, &s.why), BEAM_EINVAL);
    cr_assert_not_null(strstr(s.why.text, "no onion key"), "%s", s.why.text);
    cr_assert(!p.onion && !p.identity);
    keys_end(&s);
}
