/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/legacy.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/tunnel/keys.h"
#include "tunnel/names.h"
#include "tunnel/persona.h"

/* The example of docs/protocol/onion-key.md, as an older beam kept it for 127.0.0.1:3000 and the
 * name `a`. */
static const char address[] = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid";
static const char key_text[] =
    "beam-onion-key 1 25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid\n"
    "MHyDhk8oM8tCei7xwAoBPP3/J2jZgMCjpSDwBpBN6U+bTwr+KAt0aneGhOdUQlAg"
    "V7dHOgPwj5b1o46Sh+Afjw==\n";
static const char key_name[] = "onions/dafd0c938ab0d6e06563954e449b1380.key";
static const char other_name[] = "onions/00000000000000000000000000000000.key";

static void put(struct keys *s, const char *name, mode_t mode, const char *text, size_t len)
{
    (void)mkdir(keys_at(s, "onions"), 0700);
    cr_assert_eq(file_write(keys_at(s, name), mode, text, len), 0);
}

static bool there(struct keys *s, const char *name)
{
    return access(keys_at(s, name), F_OK) == 0;
}

/* The persona of 127.0.0.1:3000 and `a`: what opening it gives, and whether it is the older one. */
static int open_it(struct keys *s, bool *older)
{
    struct persona p = {0};
    int err = persona_open(s->keys, "127.0.0.1:3000", "a", &p, &s->why);
    *older = err == 0 && strcmp(onion_key_address(p.onion), address) == 0;
    persona_clear(&p);
    return err;
}

BEAM_TEST(legacy, nothing_is_done_where_there_is_nothing)
{
    struct keys s = keys_begin();
    cr_assert_eq(legacy_move(s.keys, &s.why), 0);
    cr_assert_eq(folder_count(&s.folder), 0);
    keys_end(&s);
}

BEAM_TEST(legacy, an_onion_key_is_moved_and_its_address_stays)
{
    struct keys s = keys_begin();
    bool older = false;
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(open_it(&s, &older), 0, "%s", s.why.text);
    cr_assert(older);
    cr_assert(!there(&s, "onions"), "the folder is empty, and gone");
    keystore_lock(s.keys);
    cr_assert_eq(open_it(&s, &older), 0);
    cr_assert(older, "from the store on disk");
    cr_assert_eq(keystore_entries(s.keys), 1);
    keys_end(&s);
}

/* The machine stopped after the store was written and before the file was removed. */
BEAM_TEST(legacy, a_file_that_was_moved_before_is_removed)
{
    struct keys s = keys_begin();
    bool older = false;
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(legacy_move(s.keys, &s.why), 0, "%s", s.why.text);
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(open_it(&s, &older), 0, "%s", s.why.text);
    cr_assert(older);
    cr_assert(!there(&s, key_name));
    cr_assert_eq(keystore_entries(s.keys), 1);
    keys_end(&s);
}

BEAM_TEST(legacy, a_store_that_cannot_be_written_leaves_the_file)
{
    struct keys s = keys_begin();
    bool older = false;
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(file_write(keys_at(&s, "keystore"), 0600, "spoilt", 6), 0);
    cr_assert_eq(open_it(&s, &older), BEAM_EINVAL);
    cr_assert(there(&s, key_name));
    cr_assert_eq(unlink(keys_at(&s, "keystore")), 0);
    cr_assert_eq(open_it(&s, &older), 0);
    cr_assert(older);
    keys_end(&s);
}

BEAM_TEST(legacy, another_key_in_the_store_is_not_replaced)
{
    struct keys s = keys_begin();
    bool older = false;
    uint8_t context[LEGACY_CONTEXT_SIZE];
    static const uint8_t seed[ONION_SEED_SIZE] = {1};
    struct onion_key *key = NULL;
    put(&s, key_name, 0600, key_text, strlen(key_text));
    crypto_generichash(context, sizeof(context), (const uint8_t *)"127.0.0.1:3000\0a", 16, NULL, 0);
    cr_assert_eq(onion_key_from_seed(seed, &key), 0);
    int err = keystore_add(s.keys, DERIVE_ONION, context, sizeof(context), onion_key_secret(key),
                           ONION_SECRET_SIZE, &s.why);
    onion_key_free(key);
    cr_assert_eq(err, 0);
    cr_assert_eq(keystore_commit(s.keys, &s.why), 0);
    cr_assert_eq(open_it(&s, &older), BEAM_EEXIST);
    cr_assert_not_null(strstr(s.why.text, "has another key for this tunnel"), "%s", s.why.text);
    cr_assert(there(&s, key_name));
    keys_end(&s);
}

BEAM_TEST(legacy, loose_and_spoilt_files_stay_and_are_in_nobody_elses_way)
{
    struct keys s = keys_begin();
    struct persona p = {0};
    bool older;
    put(&s, key_name, 0644, key_text, strlen(key_text));
    put(&s, other_name, 0600, key_text, 7);
    put(&s, "onions/note", 0600, "a note", 6);
    cr_assert_eq(open_it(&s, &older), BEAM_EPERM, "no other address in its place");
    cr_assert_not_null(strstr(s.why.text, key_name), "%s", s.why.text);
    cr_assert_eq(persona_open(s.keys, "127.0.0.1:3001", "a", &p, &s.why), 0, "%s", s.why.text);
    persona_clear(&p);
    cr_assert(there(&s, key_name) && there(&s, other_name) && there(&s, "onions/note"));
    cr_assert_eq(chmod(keys_at(&s, key_name), 0600), 0);
    cr_assert_eq(truncate(keys_at(&s, key_name), 7), 0);
    cr_assert_eq(open_it(&s, &older), BEAM_EINVAL);
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(open_it(&s, &older), 0);
    cr_assert(older);
    cr_assert(there(&s, other_name));
    keys_end(&s);
}

BEAM_TEST(legacy, a_loose_folder_is_refused)
{
    struct keys s = keys_begin();
    bool older;
    put(&s, key_name, 0600, key_text, strlen(key_text));
    cr_assert_eq(chmod(keys_at(&s, "onions"), 0755), 0);
    cr_assert_eq(open_it(&s, &older), BEAM_EPERM);
    cr_assert_not_null(strstr(s.why.text, s.path), "%s", s.why.text);
    keys_end(&s);
}

BEAM_TEST(legacy, names_are_moved)
{
    struct keys s = keys_begin();
    static const char text[] = "{ \"127.0.0.1:1\":\n\t\"my-app\" }\n\n";
    char name[NAMES_SIZE] = "";
    cr_assert_eq(file_write(keys_at(&s, "names.json"), 0600, text, strlen(text)), 0);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:1", name, &s.why), 0, "%s", s.why.text);
    cr_assert_str_eq(name, "my-app");
    cr_assert(!there(&s, "names.json"));
    keystore_lock(s.keys);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:1", name, &s.why), 0);
    cr_assert_str_eq(name, "my-app");
    keys_end(&s);
}

static void refuses_names(const char *text, size_t len)
{
    struct keys s = keys_begin();
    char name[NAMES_SIZE] = "untouched", *kept = NULL;
    size_t kept_len = 0;
    cr_assert_eq(file_write(keys_at(&s, "names.json"), 0600, text, len), 0);
    cr_assert_eq(names_for(s.keys, "127.0.0.1:1", name, &s.why), BEAM_EINVAL, "%s", text);
    cr_assert_not_null(strstr(s.why.text, s.path), "%s", s.why.text);
    cr_assert_not_null(strstr(s.why.text, "mend it, or move it away"));
    cr_assert_str_eq(name, "untouched");
    cr_assert_eq(file_read(s.path, 1000, &kept, &kept_len), 0);
    bool same = kept_len == len && memcmp(kept, text, len) == 0;
    free(kept);
    cr_assert(same);
    keys_end(&s);
}

#define REFUSES(text) refuses_names(text, sizeof(text) - 1)

BEAM_TEST(legacy, spoilt_names_are_told_of_and_left_as_they_are)
{
    REFUSES("");
    REFUSES("{");
    REFUSES("[]");
    REFUSES("{} x");
    REFUSES("{}\0{}");
    REFUSES("{\"127.0.0.1:1\": 7}");
    REFUSES("{\"127.0.0.1:1\": \"Not A Label\"}");
    REFUSES("{\"127.0.0.1:1\": \"a\"");
}
